# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import movement
from . import payout
from . import payout_line
from . import payout_proposal
from . import payout_bank
from . import payout_look
from . import processor_statement
from . import statement_missing
from . import payout_print
from . import dispute
from . import dispute_allowance
from . import dispute_evidence
from . import refund_order
from . import waiting
from . import waiting_parents
from . import waiting_orders
from . import waiting_collections
