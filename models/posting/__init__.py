# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import posting
from . import customer
from . import complete_lines
from . import invoice
from . import invoice_activation
from . import invoice_writer
from . import movement
from . import application
from . import invoice_finder
from . import application_parts
from . import entry
from . import reversal
from . import rebooking
from . import cancellation
from . import provider_balance
from . import reference
from . import reference_code
