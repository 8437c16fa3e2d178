# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import messaging
from . import archive
from . import governance
from . import control
from . import approval
from . import credentials
from . import posting
from . import reconciliation
from . import query
from . import rules
from . import monitoring
from . import replay
from . import odoo
from . import workbench
from . import reports
from . import explain
