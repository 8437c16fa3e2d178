# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Expected loss of open disputes at a month end (policy F17, R18): computed, approved, booked, taken back next day."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from .dispute import MONEY_TYPES, OVER

MAX_DISPUTES = 2000
DECIDED = ("won", "lost")


class IntegrationDisputeAllowance(models.Model):
    _name = "integration.dispute.allowance"
    _description = "Allowance for open disputes"
    _inherit = ["integration.approved.amount"]
    _order = "date desc, id desc"
    _check_company_auto = True

    connection_id = fields.Many2one("integration.connection", ondelete="restrict", index=True)
    company_id = fields.Many2one("res.company", compute="_compute_company_id", store=True, index=True)
    company_currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(
        required=True, string="At the end of", help="Booked on this day, taken back on the next one."
    )
    rate = fields.Float(
        string="Expected loss (%)",
        digits=(5, 2),
        required=True,
        default=lambda self: 100.0,
        help="How much of what is disputed will be lost. “Take from the past” puts in what was lost so far.",
    )
    exposure = fields.Monetary(
        compute="_compute_exposure", currency_field="company_currency_id", string="Disputed and not decided"
    )
    amount = fields.Monetary(
        compute="_compute_exposure", currency_field="company_currency_id", string="Allowance"
    )
    dispute_ids = fields.Many2many("integration.dispute", compute="_compute_exposure", string="Open disputes")
    state = fields.Selection(
        [("draft", "Draft"), ("asked", "Waits for approval"), ("booked", "Booked")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
    )
    move_id = fields.Many2one("account.move", readonly=True, copy=False, ondelete="restrict", string="Entry")
    reversal_id = fields.Many2one(
        "account.move", readonly=True, copy=False, ondelete="restrict", string="Taken back"
    )

    _rate_range = models.Constraint(
        "CHECK(rate > 0 AND rate <= 100)", "The expected loss is above 0 and at most 100 %."
    )

    @api.depends("connection_id.company_id")
    def _compute_company_id(self):
        for allowance in self:
            allowance.company_id = allowance.connection_id.company_id

    def _rate_problem(self, rate):
        if 0 < rate <= 100:
            return None
        return self.env._("The expected loss is above 0 and at most 100 %.")

    @api.depends("connection_id.name", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for allowance in self:
            day = format_date(self.env, allowance.date)
            allowance.display_name = f"{allowance.connection_id.name or ''} {day}"

    @api.depends("connection_id", "date", "rate", "state")
    def _compute_exposure(self):
        for allowance in self:
            currency = allowance.company_currency_id
            allowance.dispute_ids = allowance._open_disputes()
            exposure = allowance._exposed()
            allowance.exposure = exposure
            allowance.amount = currency.round(exposure * allowance.rate / 100) if currency else 0.0

    def _open_disputes(self):
        """Return the disputes that were opened by the day and not decided on it."""
        if not self.connection_id or not self.date:
            return self.env["integration.dispute"]
        return self.env["integration.dispute"].search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("opened_on", "<=", self.date),
                "|",
                ("state", "not in", OVER),
                ("decided_on", ">", self.date),
            ],
            limit=MAX_DISPUTES,
        )

    def _exposed(self):
        """Return what stood in disputed receivables on the day and was not decided, in the currency of the books."""
        return self._exposure_of(self.dispute_ids)

    def _exposure_of(self, disputes):
        """Return what stood in disputed receivables of these on the day, in the currency of the books."""
        items = disputes.movement_ids.filtered(
            lambda row: row.type in MONEY_TYPES and row.move_id.date and row.move_id.date <= self.date
        ).statement_line_id.move_id.line_ids
        journals = disputes.movement_ids.statement_line_id.journal_id.default_account_id
        return sum(items.filtered(lambda line: line.account_id not in journals).mapped("balance"))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if self.filtered(lambda allowance: allowance.state != "draft"):
            raise UserError(self.env._("An allowance that was asked for is evidence and cannot be deleted."))

    def write(self, vals):
        own = {"connection_id", "agreement_id", "date", "rate"} & vals.keys()
        if own and self.filtered(lambda allowance: allowance.state != "draft"):
            raise UserError(self.env._("An allowance that was asked for does not change any more."))
        return super().write(vals)

    def action_take_rate(self):
        """Button: what part of the disputes that are decided was lost, by amount."""
        self.ensure_one()
        self.check_access("write")
        rows = self._decided()
        decided = sum(rows.values())
        if not decided:
            raise UserError(self.env._("No dispute was decided yet: say yourself what you expect."))
        self.rate = round(100 * rows.get("lost", 0.0) / decided, 2) or 0.01
        return True

    def _decided(self):
        """Return {state: amount in the currency of the books} of the disputes that were won or lost so far."""
        return self._in_books(
            self.env["integration.dispute"]._read_group(
                [("connection_id", "=", self.connection_id.id), ("state", "in", DECIDED)],
                ["state", "money_currency_id"],
                ["withdrawn:sum"],
            )
        )

    def _in_books(self, rows):
        """Return {state: amount}, each currency at the rate of the day of the allowance.

        :param rows: (state, currency, amount).
        """
        day = self.date or fields.Date.context_today(self)
        sums = dict.fromkeys(DECIDED, 0.0)
        for state, currency, amount in rows:
            sums[state] += currency._convert(amount, self.company_currency_id, self.company_id, day)
        return sums

    def _count_open(self):
        return len(self.dispute_ids)

    def action_ask(self):
        """Button: ask another person to agree; then both entries are booked."""
        self.ensure_one()
        self.check_access("write")
        if self.state != "draft" or self.company_currency_id.is_zero(self.amount):
            raise UserError(self.env._("There is nothing to book, or it was asked for already."))
        if self._count_open() >= MAX_DISPUTES:
            raise UserError(
                self.env._(
                    "%s disputes or more are open, and so many are not summed up here: what came after them would be "
                    "left out. Compute this allowance by hand.",
                    MAX_DISPUTES,
                )
            )
        self.sudo().state = "asked"
        self.env["integration.change.request"]._ask(
            self,
            self.env._("Allowance for open disputes of %s", self.display_name),
            {"amount": self._amount_text()},
            self.env._("%(rate)s %% of %(count)s open disputes", rate=self.rate, count=self._count_open()),
            kind="entry",
            amount=self.amount,
            currency=self.company_currency_id,
            company=self.company_id,
        )
        return True

    def _carry_out(self, request):
        """Book what was approved; called by integration.change.request.

        :raises UserError: it was not approved by a second person, or something else is open now.
        """
        self.ensure_one()
        if not self._is_approved(request):
            raise UserError(self.env._("This approval is not one of this allowance."))
        entry, back = self._book()
        self.write({"state": "booked", "move_id": entry.id, "reversal_id": back.id})

    def _book(self):
        """Book it and take it back on the next day, as the connection's service user; returns both entries."""
        connection = self.connection_id._as_service()
        role = connection.env["integration.role.account"]._resolver(connection)
        return connection.env["integration.posting.dispute"]._book_allowance(
            connection.entry_journal_id, (role("BAD"), role("ALLOW")), self.amount, self.date, connection
        )
