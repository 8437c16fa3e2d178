# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Gift cards that will never be used (policy F26): proposed for a period, agreed by another person, then booked."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ...engine import breakage
from ...engine.errors import IntegrationError
from ..messaging.error_words import in_words


class IntegrationGiftBreakage(models.Model):
    """A proposal to make a part of what is owed for gift cards revenue. Nothing is ever booked without approval."""

    _name = "integration.gift.breakage"
    _description = "Breakage of gift cards"
    _inherit = ["integration.approved.amount"]
    _order = "date desc, id desc"
    _check_company_auto = True

    connection_id = fields.Many2one(
        "integration.connection",
        required=True,
        ondelete="restrict",
        index=True,
        domain="[('flow_ids.kind', '=', 'order')]",
        string="Shop",
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    company_currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(required=True, string="At the end of", help="Booked on this day.")
    rate = fields.Float(
        string="Never used (%)",
        digits=(5, 2),
        required=True,
        help="How much of what is sold will never be used, by your own experience. Without experience there is no "
        "breakage. Where the law gives unused balances to the state, nothing of them is yours: leave it.",
    )
    reason = fields.Char(
        required=True, help="From what the rate follows: the person who agrees decides on it."
    )
    sold = fields.Monetary(
        compute="_compute_amount", currency_field="company_currency_id", string="Gift cards sold"
    )
    redeemed = fields.Monetary(
        compute="_compute_amount", currency_field="company_currency_id", string="Of them used"
    )
    booked_before = fields.Monetary(
        compute="_compute_amount", currency_field="company_currency_id", string="Booked before"
    )
    owed = fields.Monetary(
        compute="_compute_amount", currency_field="company_currency_id", string="Still owed before it"
    )
    amount = fields.Monetary(
        compute="_compute_amount",
        currency_field="company_currency_id",
        string="Becomes revenue",
        help="What is earned in proportion to what was used, less what was booked before. Never more than is still "
        "owed.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("asked", "Waits for approval"), ("booked", "Booked")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
    )
    approved_amount = fields.Monetary(
        readonly=True, copy=False, currency_field="company_currency_id", string="Booked"
    )
    move_id = fields.Many2one("account.move", readonly=True, copy=False, ondelete="restrict", string="Entry")

    _rate_range = models.Constraint(
        "CHECK(rate > 0 AND rate < 100)", "The part that is never used is above 0 and below 100 %."
    )

    def _rate_problem(self, rate):
        if 0 < rate < 100:
            return None
        return self.env._("The part that is never used is above 0 and below 100 %.")

    @api.depends("connection_id.name", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for proposal in self:
            day = format_date(self.env, proposal.date)
            proposal.display_name = f"{proposal.connection_id.name or ''} {day}"

    @api.depends("connection_id", "date", "rate", "state")
    def _compute_amount(self):
        for proposal in self:
            currency = proposal.company_currency_id
            if not (currency and proposal.connection_id and proposal.date and 0 < proposal.rate < 100):
                proposal.update(dict.fromkeys(("sold", "redeemed", "booked_before", "owed", "amount"), 0.0))
                continue
            exact = currency._integration_exact
            sold, redeemed = (exact(each) for each in proposal._in_the_books())
            before = exact(sum(proposal._booked_others().mapped("approved_amount")))
            total = breakage.earned(sold, redeemed, Decimal(str(proposal.rate)), currency.name)
            proposal.sold, proposal.redeemed = float(sold), float(redeemed)
            proposal.booked_before = float(before)
            proposal.owed = float(sold - redeemed - before)
            proposal.amount = float(total - before)

    def _in_the_books(self):
        """Return (sold, redeemed) until the day, in the currency of the books, as the shop's entries have them."""
        account_id = self.env["integration.role.account"]._accounts_by_role(self.connection_id).get("GIFT")
        common = [
            ("account_id", "=", account_id),
            ("company_id", "=", self.company_id.id),
            ("parent_state", "=", "posted"),
            ("date", "<=", self.date),
            ("move_id.integration_connection_id", "=", self.connection_id.id),
            ("move_id", "not in", self._all_booked().move_id.ids),
        ]
        sums = [
            self.env["account.move.line"]._read_group(
                [*common, ("move_id.move_type", operator, "entry")], [], ["balance:sum"]
            )[0][0]
            or 0.0
            for operator in ("!=", "=")
        ]
        return -sums[0], sums[1]

    def _all_booked(self):
        return self.search([("connection_id", "=", self.connection_id.id), ("state", "=", "booked")])

    def _booked_others(self):
        return (self._all_booked() - self._origin).filtered(lambda row: row.date <= self.date)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if self.filtered(lambda proposal: proposal.state != "draft"):
            raise UserError(self.env._("What was asked for is evidence and cannot be deleted."))

    def write(self, vals):
        own = {"connection_id", "date", "rate", "reason"} & vals.keys()
        if own and self.filtered(lambda proposal: proposal.state != "draft"):
            raise UserError(self.env._("What was asked for does not change any more."))
        return super().write(vals)

    def action_ask(self):
        """Button: ask another person to agree; then it is booked.

        :raises UserError: there is nothing to book, a later period is booked already, or the day is locked.
        """
        self.ensure_one()
        self.check_access("write")
        if self.state != "draft" or self.company_currency_id.is_zero(self.amount):
            raise UserError(self.env._("There is nothing to book, or it was asked for already."))
        if any(row.date >= self.date for row in self._all_booked()):
            raise UserError(self.env._("This or a later period of the shop is booked already."))
        self._check_open()
        self.sudo().state = "asked"
        self.env["integration.change.request"]._ask(
            self,
            self.env._("Breakage of gift cards of %s", self.display_name),
            {"amount": self._amount_text()},
            self.reason,
            kind="entry",
            amount=abs(self.amount),
            currency=self.company_currency_id,
            company=self.company_id,
        )
        return True

    def _check_open(self):
        """Refuse a day that is locked: breakage belongs to its period or to none, so it is never moved.

        :raises UserError: it is locked.
        """
        connection = self.connection_id.sudo()
        journal = connection.entry_journal_id
        if not journal:
            return  # said when it is booked
        service = connection._as_service()
        posting, company = service.env["integration.posting.breakage"], service.company_id
        if posting._first_open_day(company, journal.with_env(service.env), self.date) != self.date:
            raise UserError(
                self.env._(
                    "%(day)s is in a locked period of %(company)s: nothing is booked on it, and on no other day "
                    "instead. Propose it for a period that is open, or have the period reopened.",
                    day=format_date(self.env, self.date),
                    company=self.company_id.name,
                )
            )

    def _carry_out(self, request):
        """Book what was approved; called by integration.change.request.

        :raises UserError: it was not approved by a second person, comes to something else now, its day was locked
            meanwhile, or a journal or account is missing; then nothing is booked and the request waits.
        """
        self.ensure_one()
        if not self._is_approved(request):
            raise UserError(self.env._("This approval is not one of this proposal."))
        self._check_open()
        amount = self.amount
        service = self.connection_id._as_service()
        try:
            entry = service.env["integration.posting.breakage"]._book(
                self.connection_id.with_env(service.env), amount, self.date
            )
        except IntegrationError as error:
            raise UserError(in_words(self.env, error)) from error
        self.write({"state": "booked", "move_id": entry.id, "approved_amount": amount})
