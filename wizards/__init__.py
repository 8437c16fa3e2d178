# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import approval_ask
from . import company_pause
from . import flow_step
from . import test_box
