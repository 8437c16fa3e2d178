# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
# First: models of several folders are built on it.
from . import approved_amount
from . import messaging
from . import archive
from . import governance
from . import control
from . import approval
from . import credentials
from . import shop
from . import posting
from . import reconciliation
from . import query
from . import rules
from . import monitoring
from . import replay
from . import odoo
from . import intercompany
from . import workbench
from . import preflight
from . import promotion
from . import guide
from . import reports
from . import explain
from . import audit
from . import access
