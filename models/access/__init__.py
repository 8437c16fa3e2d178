# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import right
from . import policy
from . import policy_change
from . import second_factor
from . import segregation
from . import protected
from . import protected_odoo
from . import credential
from . import bank_duties
from . import lock_watch
from . import cash_duties
from . import access_review
from . import access_review_line
from . import duty_exception
from . import access_review_lines
from . import service_activity
