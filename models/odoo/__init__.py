# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from . import account_bank_statement_line
from . import account_move
from . import account_move_line
from . import account_move_send
from . import ir_http
from . import released_documents
from . import res_company
from . import res_company_payee
from . import res_partner
from . import res_partner_hold
from . import res_partner_approval
from . import res_partner_activation
from . import res_partner_bank
from . import res_partner_phone
from . import res_users
from . import told_records
