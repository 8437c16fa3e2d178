# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import account_bank_statement_line
from . import account_move
from . import account_move_line
from . import account_move_send
from . import ir_config_parameter
from . import ir_http
from . import res_company
from . import res_partner
from . import res_partner_hold
from . import res_partner_approval
from . import res_users
from . import told_records
