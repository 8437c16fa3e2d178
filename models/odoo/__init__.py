# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import account_bank_statement_line
from . import account_move
from . import account_move_line
from . import account_move_send
from . import ir_http
from . import res_company
from . import res_partner
from . import res_partner_hold
from . import res_partner_approval
from . import res_partner_source
from . import res_users
from . import res_users_rights
from . import res_groups_bank
from . import told_records
