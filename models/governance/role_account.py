# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models

from ...engine.errors import MissingReferenceError

ROLES = [
    ("UNID", "Unidentified receipts"),
    ("FEE", "Payment fees"),
    ("TRANSIT", "Payouts on their way to the bank"),
    ("AR-DISP", "Disputed receivables"),
    ("FEE-D", "Dispute fees"),
    ("PSP-RES", "Funds held back by the provider"),
    ("AP-PSP", "Payable to the provider (fees against its invoice)"),
    ("OPEN", "Open items brought forward at go-live"),
    ("WO", "Small differences written off"),
    ("DEF", "Deferred revenue"),
    ("FXC", "Cost of currency conversions at the provider"),
    ("BAD", "Bad debt and lost disputes"),
    ("ALLOW", "Allowance for expected losses"),
    ("SHIP", "Shipping charged to customers"),
    ("RET", "Returns and allowances"),
    ("CUSTDEP", "Deposits of customers with an advance invoice"),
    ("GIFT", "Gift cards not redeemed yet"),
    ("BREAKAGE", "Gift cards that will never be used"),
    ("STCR", "Store credit of customers"),
    ("TIPS", "Tips received"),
    ("DUTY", "Import duties charged to customers"),
    ("RND", "Rounding"),
]
NEEDED = ("UNID", "FEE", "TRANSIT")


class IntegrationRoleAccount(models.Model):
    """Which account plays a role of the accounting policy, for a company or for one connection."""

    _name = "integration.role.account"
    _description = "Account of a posting role"
    _order = "company_id, connection_id, role"
    _check_company_auto = True
    _rec_name = "role"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    connection_id = fields.Many2one(
        "integration.connection",
        ondelete="cascade",
        check_company=True,
        help="Empty = for all connections of the company.",
    )
    role = fields.Selection(ROLES, required=True)
    account_id = fields.Many2one("account.account", required=True, check_company=True)

    _role_unique = models.UniqueIndex("(company_id, COALESCE(connection_id, 0), role)")

    @api.model
    def _accounts_by_role(self, connection):
        """Return {role: account id}; the connection's own choice goes before the company's."""
        rows = self.sudo().search(
            [("company_id", "=", connection.company_id.id), ("connection_id", "in", (False, connection.id))]
        )
        return {row.role: row.account_id.id for row in rows.sorted(lambda row: bool(row.connection_id))}

    @api.model
    def _account_of_company(self, company, role):
        """Return the account that plays a role in the whole of a company, empty where none was chosen."""
        row = self.sudo().search(
            [("company_id", "=", company.id), ("connection_id", "=", False), ("role", "=", role)], limit=1
        )
        return row.account_id.with_env(self.env)

    @api.model
    def _missing_labels(self, connection):
        """Return the labels of the roles without which balance movements cannot be booked."""
        table = self._accounts_by_role(connection)
        needed = [
            ("AP-PSP" if role == "FEE" and connection.fee_mode == "vendor" else role) for role in NEEDED
        ]
        labels = dict(self._fields["role"]._description_selection(self.env))
        return [labels[role] for role in needed if role not in table]

    @api.model
    def _resolver(self, connection):
        """Return a function role → account id that raises ``role_account_missing``."""
        table = self._accounts_by_role(connection)
        labels = dict(self._fields["role"]._description_selection(self.env))

        def resolve(role):
            if role not in table:
                raise MissingReferenceError("role_account_missing", role, params={"role": labels[role]})
            return table[role]

        return resolve
