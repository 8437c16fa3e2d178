# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import approval_ask
from . import company_pause
from . import flow_step
from . import test_box
from . import limit_change
from . import exception_step
from . import apply_cash
from . import choose_party
from . import correct_event
from . import compare
from . import assign_exceptions
from . import secret_roll
