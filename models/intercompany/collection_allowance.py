# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Expected loss of disputes whose money another company collected: it stands where the receivable stands (F17, F19).

What a customer disputes of money that company A has collected for B stands in B's disputed receivables (ADR 0061). So
the allowance for it is B's, too, booked by the user of the agreement (ADR 0067).
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..reconciliation.dispute import OVER
from ..reconciliation.dispute_allowance import DECIDED, MAX_DISPUTES


class IntegrationDisputeAllowance(models.Model):
    _inherit = "integration.dispute.allowance"

    agreement_id = fields.Many2one(
        "integration.collection.agreement",
        ondelete="restrict",
        index="btree_not_null",
        string="Collected for us under",
        domain="[('payee_id', 'in', allowed_company_ids), ('state', '=', 'active')]",
        help="What is disputed of money that another company has collected stands in the books of this company.",
    )
    collection_ids = fields.Many2many(
        "integration.collection", compute="_compute_collection_ids", string="Disputed with the other company"
    )

    _one_source = models.Constraint(
        "CHECK ((connection_id IS NULL) <> (agreement_id IS NULL))",
        "An allowance is about the disputes of a connection, or of money that another company has collected.",
    )

    @api.depends("agreement_id.payee_id")
    def _compute_company_id(self):
        collected = self.filtered("agreement_id")
        for allowance in collected:
            allowance.company_id = allowance.agreement_id.payee_id
        return super(IntegrationDisputeAllowance, self - collected)._compute_company_id()

    @api.depends("agreement_id.display_name")
    def _compute_display_name(self):
        collected = self.filtered("agreement_id")
        for allowance in collected:
            allowance.display_name = f"{allowance.agreement_id.display_name} {allowance.date or ''}"
        return super(IntegrationDisputeAllowance, self - collected)._compute_display_name()

    @api.depends("agreement_id", "date", "state")
    def _compute_collection_ids(self):
        for allowance in self:
            open_ = [("date", "<=", allowance.date), *allowance._not_decided()] if allowance.date else None
            allowance.collection_ids = open_ and allowance._disputed(open_)

    @api.depends("agreement_id")
    def _compute_exposure(self):
        return super()._compute_exposure()

    def _not_decided(self):
        """Return the domain of what was not decided on the day."""
        dispute = "movement_id.dispute_record_id"
        return ["|", (f"{dispute}.state", "not in", OVER), (f"{dispute}.decided_on", ">", self.date)]

    def _disputed(self, domain):
        """Return what was disputed of the money that the two companies' agreements are about, also those before.

        The dispute itself is the collecting company's: this company's people see what was mirrored of it.
        """
        agreement = self.agreement_id
        if not agreement:
            return self.env["integration.collection"]
        pair = [("company_id", "=", agreement.company_id.id), ("payee_id", "=", agreement.payee_id.id)]
        rows = self.env["integration.collection"].sudo()
        return rows.search([*pair, ("kind", "=", "disputed"), *domain], limit=MAX_DISPUTES).with_env(self.env)

    def _exposed(self):
        if not self.agreement_id:
            return super()._exposed()
        total = 0.0
        for row in self.collection_ids.sudo():
            undone = row.undone_by_ids.filtered(lambda one: one.date <= self.date)
            account = row.payee_move_id.line_ids.sorted("id")[1:2].account_id
            items = (row | undone).payee_move_id.line_ids.filtered(
                lambda line, account=account: line.account_id == account
            )
            total += sum(items.mapped("balance"))
        return total

    def _count_open(self):
        return len(self.collection_ids) if self.agreement_id else super()._count_open()

    def _decided(self):
        if not self.agreement_id:
            return super()._decided()
        state = "movement_id.dispute_record_id.state"
        return self._in_books(
            (name, row.currency_id, row.amount)
            for name in DECIDED
            for row in self._disputed([(state, "=", name)])
        )

    def _book(self):
        """Book it as the user of the agreement, in this company alone.

        :raises UserError: the agreement has ended, or the company lacks an account.
        """
        agreement = self.agreement_id
        if not agreement:
            return super()._book()
        if agreement.state != "active":
            raise UserError(self.env._("The agreement is not in force: choose the one that is."))
        roles = self.env["integration.role.account"]
        labels = dict(roles._fields["role"]._description_selection(self.env))
        accounts = []
        for role in ("BAD", "ALLOW"):
            account = roles._account_of_company(self.company_id, role)
            if not account:
                raise UserError(
                    self.env._(
                        "%(company)s has no account for “%(role)s”: choose one under Accounts of roles, for all "
                        "connections.",
                        company=self.company_id.name,
                        role=labels[role],
                    )
                )
            accounts.append(account.id)
        payee = agreement._as_payee()
        return payee.env["integration.posting.dispute"]._book_allowance(
            payee.payee_journal_id, accounts, self.amount, self.date
        )
