# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import audit_leaf
from . import integration_exception
from . import company_exception
from . import exception_fix
from . import exception_order
from . import sweep_holds
from . import waiting_display
from . import display
from . import batch_exception
from . import correlation
from . import change_request
from . import error_resolution
from . import stopped_event
from . import replay_words
from . import delivery_display
from . import coverage
from . import rebooking
