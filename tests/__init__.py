# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import test_access
from . import test_batches
from . import test_complete_lines
from . import test_correlation
from . import test_drain
from . import test_entries
from . import test_fast_intake
from . import test_inbox_connection
from . import test_outbox
from . import test_partner_documents
from . import test_partner_hold
from . import test_rehearsal
from . import test_pull
from . import test_stripe_money
from . import test_views
from . import test_webhook
