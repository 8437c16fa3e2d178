# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.messaging.proposal import ACCOUNTS, SHOP_ACCOUNTS
from .books_proposal import HOWS


class IntegrationBooksProposalLine(models.TransientModel):
    """One account or journal: what is proposed, why, and what the person wants instead."""

    _name = "integration.books.proposal.line"
    _description = "Proposed account or journal"
    _order = "id"

    proposal_id = fields.Many2one("integration.books.proposal", required=True, ondelete="cascade")
    connection_id = fields.Many2one(related="proposal_id.connection_id")
    company_id = fields.Many2one(related="proposal_id.company_id")
    subject = fields.Selection(
        [("role", "Account"), ("journal", "Journal"), ("balance", "Balance")], required=True, readonly=True
    )
    key = fields.Char(required=True, readonly=True)
    label = fields.Char(string="For", readonly=True)
    is_needed = fields.Boolean(
        string="Needed", readonly=True, help="Without it the connection cannot be switched on."
    )
    is_journal = fields.Boolean(readonly=True)
    journal_type = fields.Char(readonly=True)
    how = fields.Selection(HOWS, required=True, string="What to do")
    account_id = fields.Many2one("account.account", domain="[('company_ids', 'parent_of', company_id)]")
    journal_id = fields.Many2one(
        "account.journal",
        domain="[('company_id', 'parent_of', company_id), ('type', '=', journal_type)]",
    )
    new_code = fields.Char(string="New code")
    new_name = fields.Char(string="New name")
    why = fields.Char(readonly=True)

    @api.onchange("account_id", "journal_id")
    def _onchange_chosen(self):
        if self.account_id or self.journal_id:
            self.how = "use"

    def _carry_out(self):
        """Choose or make what the line says, unless it was chosen meanwhile.

        :raises UserError: nothing is named.
        """
        if self.how == "leave" or self._is_chosen():
            return
        if self.how == "use" and not (self.journal_id if self.is_journal else self.account_id):
            raise UserError(self.env._("Choose what is used for “%s”, or have it made.", self.label))
        if self.how == "make" and not (self.new_code and self.new_name):
            raise UserError(self.env._("Give code and name of what is made for “%s”.", self.label))
        getattr(self, f"_carry_out_{self.subject}")()

    def _is_chosen(self):
        connection = self.connection_id
        if self.subject == "role":
            return self.key in self.env["integration.role.account"]._accounts_by_role(connection)
        if self.subject == "journal":
            return bool(connection[self.key])
        return self.key in connection.balance_account_ids.currency_id.mapped("name")

    def _carry_out_role(self):
        company = self.company_id
        account = self.account_id if self.how == "use" else self._made_account()
        self.env["integration.role.account"].create(
            {"company_id": company.id, "role": self.key, "account_id": account.id}
        )

    def _made_account(self):
        _code, _name, account_type, reconcile = (ACCOUNTS | SHOP_ACCOUNTS)[self.key]
        return (
            self.env["account.account"]
            .with_company(self.company_id)
            .create(
                {
                    "name": self.new_name,
                    "code": self.new_code,
                    "account_type": account_type,
                    "reconcile": reconcile,
                    "company_ids": [(6, 0, self.company_id.ids)],
                }
            )
        )

    def _carry_out_journal(self):
        self.connection_id[self.key] = self.journal_id if self.how == "use" else self._made_journal()

    def _carry_out_balance(self):
        currency = self.env["res.currency"].search([("name", "=", self.key)], limit=1)
        company = self.company_id
        journal = (
            self.journal_id
            if self.how == "use"
            else self._made_journal(currency_id=currency.id if currency != company.currency_id else False)
        )
        self.env["integration.balance.account"].create(
            {"connection_id": self.connection_id.id, "currency_id": currency.id, "journal_id": journal.id}
        )

    def _made_journal(self, **values):
        if self.key == "issued_journal_id":
            values["default_account_id"] = self.connection_id.sales_journal_id.default_account_id.id
        return self.env["account.journal"].create(
            {
                "name": self.new_name,
                "code": self.new_code,
                "type": self.journal_type,
                "company_id": self.company_id.id,
                **values,
            }
        )
