# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money here that pays an invoice of another company: shown with both entries, then booked in both (policy F19)."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date, formatLang
from odoo.tools.translate import LazyTranslate

from ...engine.collection import common_open_day
from ...engine.preview_words import told as said
from ..posting.collection_return import BACK

_lt = LazyTranslate(__name__)
COLLECTABLE_FIXES = ("collect", "apply", "identify")
OTHER_DAY = _lt(
    "The day on which it was collected is locked: on which day both companies book it, another person decides."
)


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    may_collect = fields.Boolean(
        compute="_compute_may_collect",
        help="The company collects for others, and this is money of a customer.",
    )

    @api.depends("code", "state", "movement_ids")
    def _compute_may_collect(self):
        agreements = self.env["integration.collection.agreement"].sudo()
        for exception in self:
            movements = exception.sudo().movement_ids
            kinds = ("payment", *BACK) if exception.fix == "collect" else ("payment",)
            exception.may_collect = (
                exception.fix in COLLECTABLE_FIXES
                and len(movements) == 1
                and movements.type in kinds
                and bool(agreements._of(exception.company_id))
            )

    def action_collect(self):
        """Button: show what it pays in another company, and both entries; nothing is booked before it is confirmed."""
        self.ensure_one()
        self.check_access("write")
        if self.sudo().movement_ids.type in BACK:
            return self._mirror_confirmed()
        self._collected_money()
        agreements = self.env["integration.collection.agreement"].sudo()._of(self.company_id)
        own = agreements.filtered(lambda row: row.payee_id in self.env.user.company_ids)
        if not own:
            raise UserError(
                self.env._(
                    "The invoices of %s are decided about by somebody who works in both companies.",
                    ", ".join(agreements.payee_id.mapped("name")) or self.env._("the other company"),
                )
            )
        companies = [self.company_id.id, *own.payee_id.ids]
        context = {"allowed_company_ids": companies}
        wizard = self.env["integration.collect"].with_context(**context).create({"exception_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Collected for another company"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
            "context": context,
        }

    def _collected_money(self):
        """Return the one payment that this exception is about.

        :raises UserError: there is none.
        """
        movement = self.sudo().movement_ids
        if len(movement) != 1 or movement.type != "payment":
            raise UserError(
                self.env._("There is no single payment here that could be collected for another company.")
            )
        return movement

    def _collect_side(self, agreement):
        """Return (posting rules as the connection's service user, money, agreement) in that environment."""
        movement = self._collected_money()
        service = movement.connection_id._as_service()
        posting = service.env["integration.posting.application"]
        return posting, movement.with_env(service.env), agreement.with_env(service.env)

    def _collect_found(self):
        """Return [(agreement, invoice)] of what the money itself names in other companies."""
        movement = self._collected_money()
        service = movement.connection_id._as_service()
        posting = service.env["integration.posting.application"]
        return [pair for _candidate, pair in posting._collectable(movement.with_env(service.env))]

    def _collect_amount(self, agreement, invoice):
        """Return how much of the money pays the invoice, exact: all that is left or all that is open."""
        posting, movement, agreement = self._collect_side(agreement)
        payee = agreement._as_payee()
        own = invoice.with_env(payee.env)
        candidate = posting._candidate(movement, agreement, payee.env[posting._name], own)
        return max(Decimal(0), min(posting._left_of(movement), candidate.residual))

    def _collect_day(self, agreement, invoice):
        """Return (the day on which it was collected, that day or the first after it that is open in both companies)."""
        posting, movement, agreement = self._collect_side(agreement)
        payee = agreement._as_payee()
        theirs = payee.env[posting._name]
        wanted = max(movement.event_date, invoice.sudo().date)
        day = common_open_day(
            wanted,
            lambda day: posting._first_open_day(agreement.company_id, agreement.journal_id, day),
            lambda day: theirs._first_open_day(payee.payee_id, payee.payee_journal_id, day),
        )
        return wanted, day

    def _check_collected(self, agreement, invoice):
        """Refuse what this person may not decide, or what is no open invoice of the other company.

        :raises UserError: it is so.
        """
        agreement._require_both()
        both = self.env.user.company_ids.ids
        invoice.with_context(allowed_company_ids=both).check_access("read")
        whole, terms = invoice.sudo(), agreement.sudo()
        if terms.company_id != self.company_id or terms.state != "active":
            raise UserError(self.env._("Choose for which company it was collected."))
        if (whole.company_id, whole.move_type, whole.state) != (terms.payee_id, "out_invoice", "posted"):
            raise UserError(
                self.env._(
                    "%(invoice)s is no posted customer invoice of %(company)s.",
                    invoice=whole.display_name,
                    company=terms.payee_id.name,
                )
            )

    def _collect_confirmed(self, agreement, invoice):
        """Book it in both companies, or ask an approver; returns an action."""
        self.ensure_one()
        self.check_access("write")
        self._check_collected(agreement, invoice)
        wanted, day = self._collect_day(agreement, invoice)
        values = {"agreement": agreement.id, "invoice": invoice.id, "day": str(day)}
        if day != wanted:
            return self._open_step("collect", values, self.env._(OTHER_DAY))  # pylint: disable=translation-not-lazy
        exact = invoice.id in [found.id for _agreement, found in self._collect_found()]
        amount = self._in_books(self._collected_money())
        verdict = self.env["integration.limit.use"]._judge_application(
            self.company_id, amount, exact, invoice.sudo().partner_id
        )
        if not verdict.at_once:
            return self._open_step("collect", values, self._say_why(verdict))
        self._collect_now(agreement, invoice, day, self.env.uid)
        if not exact:
            detail = self.env._("Collected for another company: %s", invoice.sudo().name)
            self.env["integration.limit.use"]._record(
                "application", self, self.env["res.partner"], float(amount), detail
            )
        return self._told(self.env._("Booked in both companies."))

    def _collect_now(self, agreement, invoice, day, person_id):
        """Book both entries.

        :raises UserError: one of the two companies refuses; then neither is booked.
        """
        posting, movement, agreement = self._collect_side(agreement)
        own = invoice.with_env(agreement._as_payee().env)
        amount = self._collect_amount(agreement, invoice)
        if not amount:
            raise UserError(self.env._("Nothing is left of the money, or nothing is open of the invoice."))
        if error := posting._collect(movement, agreement, own, amount, day, "person", person_id=person_id):
            raise self._in_words(error) from error
        posting._judge_payment(None, movement, posting.env["account.move"], [])
        self._audit_application(self.env["account.move"].browse(invoice.id).sudo())

    # -- what goes back --------------------------------------------------------------------------------------

    def _mirror_confirmed(self):
        """Mirror once more what was sent or taken back, or ask an approver for another day; returns an action."""
        wanted, day, agreements = self._mirror_day()
        for agreement in agreements:
            agreement.with_env(self.env)._require_both()
        if day != wanted:
            values = {"day": str(day)}
            return self._open_step("collect", values, self.env._(OTHER_DAY))  # pylint: disable=translation-not-lazy
        self._mirror_now(None)
        return self._told(self.env._("Booked in both companies."))

    def _mirror_side(self):
        """Return (posting rules as the connection's service user, money that went back, what it undoes).

        :raises UserError: nothing that was collected is undone by it.
        """
        movement = self.sudo().movement_ids
        if len(movement) != 1 or movement.type not in BACK:
            raise UserError(
                self.env._("There is no single payment here that could be collected for another company.")
            )
        service = movement.connection_id._as_service()
        posting = service.env["integration.posting.application"]
        movement = movement.with_env(service.env)
        origin = posting._origin_of(movement)
        if not posting._collected_with(origin, BACK[movement.type][0]):
            raise UserError(self.env._("Nothing is left of what was collected with this money."))
        return posting, movement, origin

    def _mirror_day(self):
        """Return (day on which it went back, that day or the first one open in all companies, agreements)."""
        posting, movement, origin = self._mirror_side()
        wanted, agreements = posting._day_back(movement, origin)
        asked = [
            lambda day, row=row: posting._first_open_day(row.company_id, row.journal_id, day)
            for row in agreements
        ]
        for row in agreements:
            payee = row._as_payee()
            asked.append(
                lambda day, payee=payee: payee.env[posting._name]._first_open_day(
                    payee.payee_id, payee.payee_journal_id, day
                )
            )
        return wanted, common_open_day(wanted, *asked), agreements

    def _mirror_now(self, day):
        """Book what went back in both companies, on ``day`` or on its own.

        :raises UserError: it cannot be booked; then neither side is.
        """
        posting, movement, origin = self._mirror_side()
        if not posting._mirror(None, movement, origin, day):
            raise UserError(self.env._("It was not booked: the exception says why."))
        self._audit_application(self.env["integration.movement"].browse(movement.id).sudo())

    # -- asked of an approver --------------------------------------------------------------------------------

    def _collect_parts(self, values):
        """Return (agreement, invoice, day) of a step, whoever has put it together.

        :raises UserError: it is not made of an agreement, an invoice of its other company and a day.
        """
        agreement, invoice, day = (values.get(name) for name in ("agreement", "invoice", "day"))
        if type(agreement) is not int or type(invoice) is not int or not isinstance(day, str):
            raise UserError(self.env._("Choose for which company it was collected."))
        agreement = self.env["integration.collection.agreement"].browse(agreement).exists()
        invoice = self.env["account.move"].browse(invoice).exists()
        if not agreement or not invoice:
            raise UserError(self.env._("Choose for which company it was collected."))
        self._check_collected(agreement, invoice)
        return agreement, invoice, fields.Date.to_date(day)

    def _say_collect(self, values):
        if "agreement" not in values:
            return self._say_mirror(values)
        agreement, invoice, day = self._collect_parts(values)
        return agreement.display_name, self._collect_preview(agreement, invoice, day)

    def _say_mirror(self, values):
        _wanted, day, agreements = self._mirror_day()
        movement = self.sudo().movement_ids
        amount = formatLang(self.env, abs(movement.amount), currency_obj=movement.currency_id)
        name = self.env._(" and ").join(agreements.with_env(self.env).mapped("display_name"))
        text = self.env._(
            "%(amount)s of %(id)s goes back: on %(day)s in both companies or in neither.",
            amount=amount,
            id=movement.movement_id,
            day=format_date(self.env, day),
        )
        return name, text

    def _collect_preview(self, agreement, invoice, day):
        """Return both entries in words."""
        _ = self.env._
        movement = self._collected_money()
        terms, whole = agreement.sudo(), invoice.sudo()
        amount = self._collect_amount(agreement, invoice)
        told = formatLang(self.env, float(amount), currency_obj=movement.currency_id)
        line = movement.counterpart_id
        accounts = (line.account_id, terms.payable_account_id, terms.receivable_account_id)
        booked, owed, due = (_called(account) for account in accounts)
        number, shown_day = whole._integration_number(), format_date(self.env, day)
        return "\n".join(
            (
                _("On %(day)s, %(amount)s, in both companies or in neither:", day=shown_day, amount=told),
                _(
                    "• %(company)s: from “%(account)s” to “%(owed)s”, owed to %(other)s",
                    company=terms.company_id.name, account=booked, owed=owed, other=terms.payee_id.name,
                ),
                _(
                    "• %(company)s: on “%(due)s”, owed by %(other)s, against the invoice %(number)s of %(customer)s",
                    company=terms.payee_id.name, due=due, other=terms.company_id.name, number=number,
                    customer=whole.commercial_partner_id.name,
                ),
            )
        )  # fmt: skip

    def _rows_collect(self, values):
        if "agreement" not in values:
            _wanted, day, _agreements = self._mirror_day()
            return [said({"field": "day", "before": "", "after": str(day)}, label="day")]
        agreement, invoice, day = self._collect_parts(values)
        amount = self._collect_amount(agreement, invoice)
        number = invoice.sudo()._integration_number()
        return [
            said({"field": "agreement_id", "before": "", "after": agreement.display_name}, label="agreement"),
            said({"field": "day", "before": "", "after": str(day)}, label="day"),
            {
                "field": number,
                "label": number,
                "before": f"{invoice.sudo().amount_residual:.2f}",
                "after": f"− {amount:.2f}",
                "currency": invoice.sudo().currency_id.name,
            },
        ]

    def _do_collect(self, values, request):
        if "agreement" not in values:
            _wanted, day, agreements = self._mirror_day()
            for agreement in agreements:
                agreement.with_env(self.env)._require_both(self.env.user)
            return self._mirror_now(day)
        agreement, invoice, day = self._collect_parts(values)
        agreement._require_both(self.env.user)
        return self._collect_now(agreement, invoice, day, request.requester_id.id)


def _called(account):
    company = account.company_ids[:1]
    return f"{account.with_company(company).code or ''} {account.name}".strip()
