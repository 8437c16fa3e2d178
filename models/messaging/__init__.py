# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import balance_account
from . import connection
from . import credential
from . import endpoint
from . import flow
from . import lane
from . import payload
from . import payload_view
from . import message
from . import attempt
from . import effect
from . import ingest
from . import drain
from . import drain_outcome
from . import event
from . import delivery
from . import pull
