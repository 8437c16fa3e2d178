# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What another company collected was disputed and is lost: bad debt that two agree to, or a credit note (F17)."""

from odoo import api, fields, models
from odoo.exceptions import UserError

CODE = "collected_dispute_lost"
MAX_OPEN = 1000


class IntegrationCollection(models.Model):
    _inherit = "integration.collection"

    lost_on = fields.Date(readonly=True, string="Lost on", help="The day on which the provider said so.")
    payee_currency_id = fields.Many2one(related="payee_id.currency_id", string="Currency of its books")
    disputed_open = fields.Monetary(
        compute="_compute_disputed_open",
        currency_field="payee_currency_id",
        string="Open in its disputed receivables",
        help="Of the company that was collected for, in the currency of its books.",
    )
    loss_move_id = fields.Many2one(
        "account.move", readonly=True, ondelete="restrict", index="btree_not_null", string="Booked as lost"
    )

    @api.depends("kind", "payee_move_id.line_ids.amount_residual")
    @api.depends_context("uid")
    def _compute_disputed_open(self):
        for row in self:
            # What stands in a company's books is shown to its own people.
            inside = self.env.su or row.payee_id in self.env.user.company_ids
            row.disputed_open = row._loss_open() if inside else 0.0

    def _loss_open(self):
        """Return what of a disputed amount is open in the other company's books, whoever asks."""
        if self.kind != "disputed":
            return 0.0
        return self.sudo().payee_move_id.line_ids.sorted("id")[1:2].amount_residual

    # -- asking the other company ------------------------------------------------------------------------------

    def _ask_about_loss(self, day):
        """Tell the other company what is lost, and let go of it where that is over.

        :param day: on which the provider said that the dispute is lost; None = it does not say so.
        """
        for row in self:
            # What the provider takes back (lost, then won after all) is no loss any more, whoever is asked about it.
            if row.lost_on != (day or False):
                row.sudo().lost_on = day
            if day and row._loss_open():
                row.env["integration.exception"]._raise_company_cause(
                    row.payee_id.sudo(), "collected_dispute_lost", row._loss_words(), row._loss_cause()
                )
            else:
                row._let_go_of_loss()

    def _loss_words(self):
        whole = self.sudo()
        return {
            "company": whole.company_id.name,
            "number": self.invoice_number,
            "amount": f"{self.amount:.{self.currency_id.decimal_places}f} {self.currency_id.name}",
        }

    def _loss_cause(self):
        return f"collection {self.id}"

    def _let_go_of_loss(self):
        self.env["integration.exception"]._settle_company_cause(
            self.payee_id,
            CODE,
            self._loss_cause(),
            self.env._("Nothing of it is open in disputed receivables any more."),
        )

    @api.model
    def _look_at_losses(self):
        """Hourly: let go of what somebody has booked with Odoo's own tools."""
        asked = (
            self.env["integration.exception"]
            .sudo()
            .search([("code", "=", CODE), ("state", "=", "open")], limit=MAX_OPEN)
        )
        for row in asked._disputed_collections():
            if not row._loss_open():
                row._let_go_of_loss()

    # -- deciding ----------------------------------------------------------------------------------------------

    def _check_loss(self):
        """Refuse who does not work in the other company or may not resolve there, and what is not lost or not open.

        What was collected is written by service users alone, so that access to the record says nothing about who may
        have it booked: the right does.

        :raises AccessError: it is somebody who may only look.
        :raises UserError: it is not lost, not open, or not this person's company.
        """
        self.ensure_one()
        self.env["integration.right"]._require("resolve", self)
        if self.payee_id not in self.env.user.company_ids:
            raise UserError(
                self.env._("What %s has lost is decided there, by its own people.", self.sudo().payee_id.name)
            )
        if not self.lost_on or self.payee_currency_id.is_zero(self._loss_open()) or self.loss_move_id:
            raise UserError(self.env._("There is no lost money of this dispute that is open."))

    def action_book_loss(self, reason=None):
        """Button: ask another person of the other company to agree; then it is booked there as bad debt.

        :raises UserError: it is not lost, nothing of it is open, or this person does not work there.
        """
        self._check_loss()
        self._loss_side()
        self.env["integration.change.request"]._ask(
            self,
            self.env._("Book as lost: %s", self.reference),
            {"amount": self._loss_text()},
            reason or self.env._("The provider says that the dispute is lost."),
            kind="write_off",
            amount=self._loss_open(),
            currency=self.payee_currency_id,
            company=self.payee_id,
        )
        return True

    def action_set_off(self):
        """Button: the customer got a credit note for what was lost; set it off, so that nothing is paid twice.

        :raises UserError: no open credit note names the invoice, or see ``action_book_loss``.
        """
        self._check_loss()
        posting, row = self._loss_side()
        notes = posting.env["account.move"].search(
            [
                ("move_type", "=", "out_refund"),
                ("state", "=", "posted"),
                ("payment_state", "in", ("not_paid", "partial")),
                ("reversed_entry_id", "=", self.invoice_id.id),
                ("currency_id", "=", self.currency_id.id),
            ]
        )
        claims = posting._open_lines(notes, row.currency_id)
        if not claims:
            raise UserError(
                self.env._(
                    "No open credit note of the disputed invoice: issue and post it first, then set it off."
                )
            )
        account = claims[:1].account_id
        claims = claims.filtered(lambda line: line.account_id == account)
        item = posting._disputed_item(row)
        amount = min(item.amount_residual_currency, -sum(claims.mapped("amount_residual_currency")))
        day = max([self.lost_on, *claims.move_id.mapped("date")])
        entry = posting._leave_disputed(row, account, claims[:1].partner_id, amount, day)
        posting._reconcile([claims | entry.line_ids.sorted("id")[:1]])
        self.env["integration.audit.leaf"]._record_change(self, "dispute.set_off", entry.name)
        self.env.invalidate_all()
        self._ask_about_loss(self.lost_on)
        return True

    def _loss_side(self):
        """Return (posting rules as the other company's user, this row there).

        :raises UserError: no agreement is in force by which somebody may book there.
        """
        rules = self.env["integration.posting.application"].sudo()
        agreement = rules._agreement_now(self.sudo())
        if agreement.state != "active":
            raise UserError(
                self.env._(
                    "No agreement of the two companies is in force: make one, or book it in %s by hand.",
                    self.sudo().payee_id.name,
                )
            )
        payee = agreement._as_payee()
        return payee.env["integration.posting.application"], self.with_env(payee.env)

    def _loss_text(self):
        return f"{self._loss_open():.{self.payee_currency_id.decimal_places}f}"

    def _approval_preview(self, values):
        rows = [{"field": "disputed_open", "before": self._loss_text(), "after": "0"}]
        return {"rows": rows, "digest": str(values)}

    def _carry_out(self, request):
        """Book what was approved as lost; called by integration.change.request.

        :raises UserError: it was not approved by a second person, it is not lost any more, something else is open now,
            or there is no account.
        """
        self.ensure_one()
        same = (request.values or {}).get("amount") == self._loss_text()
        if not (request._approves(self) and same) or self.loss_move_id:
            raise UserError(self.env._("This approval is not one of this dispute."))
        if not self.lost_on:
            raise UserError(self.env._("The provider does not say any more that this dispute is lost."))
        account = self.env["integration.role.account"]._account_of_company(self.payee_id, "BAD")
        if not account:
            raise UserError(
                self.env._(
                    "%s has no account for bad debt: choose one under Accounts of roles, for all connections.",
                    self.payee_id.name,
                )
            )
        posting, row = self._loss_side()
        item = posting._disputed_item(row)
        entry = posting._leave_disputed(
            row, account.with_env(posting.env), item.partner_id, item.amount_residual_currency, self.lost_on
        )
        self.loss_move_id = entry.id
        self.env.invalidate_all()
        self._ask_about_loss(self.lost_on)


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def _disputed_collections(self):
        """Return what these exceptions of lost disputes are about."""
        ids = [
            int(row.cause.rpartition(" ")[2])
            for row in self
            if row.code == CODE and row.cause[-1:].isdecimal()
        ]
        return self.env["integration.collection"].browse(ids).exists()

    def action_open_disputed(self):
        """Button: open what was collected and disputed, where it is booked as lost or set off."""
        self.ensure_one()
        self.check_access("read")
        row = self._disputed_collections()
        if not row:
            raise UserError(self.env._("What this is about is not there any more."))
        return {
            "type": "ir.actions.act_window",
            "res_model": row._name,
            "res_id": row.id,
            "views": [(False, "form")],
        }


class IntegrationCollectionAgreement(models.Model):
    _inherit = "integration.collection.agreement"

    @api.model
    def _compare_all(self):
        result = super()._compare_all()
        self.env["integration.collection"]._look_at_losses()
        return result
