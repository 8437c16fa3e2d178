# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Differences of a document and locked periods: within limits at once, else proposed to an approver (F5, F8, F11).

The issuer's amounts are facts: accepting a difference books the issuer's amounts instead of refusing them. No button
changes a period or a date: reopening is asked of the controller, who does it in Odoo.
"""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ...engine.errors import ContractError
from ...engine.money import parse_decimal
from ...engine.preview_words import told as said
from ..messaging.error_words import kept_words
from .fix_anew import shown_entry

# Which amounts of a document may differ, and what they are called on a request.
DIFFERENCES = {"tax_difference": ("amount_tax", "tax"), "total_difference": ("amount_total", "total")}
LATE_CODES = ("late_movement", "late_document", "period_locked")


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    late_policy = fields.Selection(
        [
            ("open_day", "Book on the first open day"),
            ("stop", "Stop, the controller decides"),
        ],
        required=True,
        default="open_day",
        string="Documents of a locked period",
        help="Their own date is kept in both cases. Money that moved is always booked on the first open day.",
    )


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    granted_tolerance = fields.Monetary(
        readonly=True,
        string="Difference accepted",
        help="By how much the issuer's tax may differ from what is computed here: accepted for this event alone.",
    )
    granted_total = fields.Monetary(
        readonly=True,
        string="Difference of the total accepted",
        help="What is missing to the issuer's total: booked to rounding differences, for this event alone.",
    )
    late_allowed = fields.Boolean(
        readonly=True, string="May be booked late", help="Approved: it is booked on the first open day."
    )


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _row_columns(self, behind=None):
        return SQL("%s, m.granted_tolerance, m.granted_total, m.late_allowed", super()._row_columns(behind))


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    # -- the tax or the total differs ------------------------------------------------------------------------

    def action_accept_difference(self):
        """Button: the issuer is right; accept the difference, at once within the limits, else ask an approver."""
        self.ensure_one()
        self.check_access("write")
        message, difference = self._difference()
        amount = self._in_company_currency_of(message, difference)
        total = self._in_company_currency_of(message, message.amount)
        partner = self._partner_of(message)
        verdict = self.env["integration.limit.use"]._judge_difference(self.company_id, partner, amount, total)
        if not verdict.at_once:
            return self._open_step("accept_difference", {}, self._say_why(verdict))
        name, _summary = self._say_difference({})
        self.env["integration.limit.use"]._record("difference", self, partner, amount, name)
        self._accept_now()
        return self._told(self.env._("Accepted. The document is posted with the issuer's amounts."))

    def _difference(self):
        """Return (event, amount by which its tax or total differs, in its currency, never negative).

        :raises UserError: there is no such event, or its difference is not known.
        """
        message, difference = self._signed_difference()
        return message, abs(difference)

    def _signed_difference(self):
        """Return (event, what is missing to the amount that the issuer states)."""
        message = self.sudo().message_ids_held.filtered(lambda row: row.status in ("parked", "dead"))
        params = self.params or {}
        if self.code not in DIFFERENCES or len(message) != 1:
            raise UserError(
                self.env._("There is no single document here whose difference could be accepted.")
            )
        try:
            stated, computed = (parse_decimal(str(params.get(name))) for name in ("stated", "computed"))
        except ContractError as error:
            raise UserError(self.env._("The difference is not known. Press “Try again” first.")) from error
        return message, float(stated - computed)

    def _in_company_currency_of(self, message, amount):
        company, currency = self.company_id, message.currency_id or self.company_id.currency_id
        day = message.economic_date or fields.Date.context_today(self)
        return abs(currency._convert(amount, company.currency_id, company, day))

    def _partner_of(self, message):
        """Return the customer of a waiting document, as far as it is known here; else nobody."""
        outside = self._outside_customers()
        bindings = self.env["integration.binding"]._find(self.connection_id, "customer", outside)
        return self.env["res.partner"].browse([row.res_id for row in bindings.values()][:1]).exists()

    def _accept_now(self):
        message, signed = self._signed_difference()
        difference = abs(signed)
        if self.code == "total_difference":
            message.write({"granted_total": signed})
        else:
            message.write({"granted_tolerance": difference})
        self.env["integration.audit.leaf"]._record_messages(
            message, "exception.accept_difference", f"{difference:.2f}"
        )
        message._requeue("message.difference_accepted")

    def _say_difference(self, values):
        message, difference = self._difference()
        amount = formatLang(self.env, difference, currency_obj=message.currency_id)
        document = (self.params or {}).get("number") or message.object_key
        if self.code == "total_difference":
            self._rehearse_total()
            name = self.env._(
                "Accept a difference of %(amount)s to the total of %(document)s",
                amount=amount,
                document=document,
            )
            return name, "\n".join(
                [
                    self.what,
                    self.env._("The issuer's total is booked; the difference goes to rounding differences."),
                ]
            )
        name = self.env._(
            "Accept a tax difference of %(amount)s for %(document)s", amount=amount, document=document
        )
        return name, self.what

    def _rows_difference(self, values):
        message, difference = self._difference()
        stated = str((self.params or {}).get("stated"))
        computed = str((self.params or {}).get("computed"))
        named = {"currency": message.currency_id.name}
        return [
            said(
                {"field": DIFFERENCES[self.code][0], "before": computed, "after": stated, **named},
                label=DIFFERENCES[self.code][1],
            ),
            said(
                {"field": message.object_key, "before": "", "after": f"{difference:.2f}", **named},
                label="difference",
            ),
        ]

    def _rehearse_total(self):
        """Return the entries that accepting the total would book, computed by the drain's own steps.

        :raises UserError: it would not be booked even so, with the reason and what to do.
        """
        message, signed = self._signed_difference()
        message._bring_back()
        told = self.env["integration.rehearsal"]._rehearse(message.ids, {"granted_total": signed})[0]
        if told["outcome"] != "post":
            reason = " ".join(
                kept_words(self.env, told["error_code"], text, self.connection_id)
                for text in (told["error_text"], told["next_step"])
                if text
            )
            raise UserError(self.env._("Accepting the difference would not be enough. %s", reason))
        return told["entries"]

    def _preview_of_step(self, step, values):
        preview = super()._preview_of_step(step, values)
        if step == "accept_difference" and self.code == "total_difference":
            places = self.company_currency_id.decimal_places
            preview["entries"] = [shown_entry("added", entry, places) for entry in self._rehearse_total()]
        return preview

    def _approval_glance(self, request):
        if self.code != "total_difference" or (request.values or {}).get("step") != "accept_difference":
            return super()._approval_glance(request)
        try:
            rows = self._rows_difference({})
        except UserError:
            return True
        return self.state != "open" or rows != (request.preview or {}).get("rows")

    def _do_difference(self, values, request):
        self._accept_now()

    # -- a locked period -------------------------------------------------------------------------------------

    def action_ask_reopening(self):
        """Button: ask the controller to reopen the period; no lock date is ever changed from here."""
        self.ensure_one()
        self.check_access("write")
        return self._open_step("reopen", {})

    def _say_reopen(self, values):
        if self.code not in LATE_CODES:
            raise UserError(self.env._("No locked period is concerned."))
        day = self._spoken_params().get("date")
        name = self.env._("Reopen the period of %s", day)
        return name, "\n".join(
            [
                self.what,
                self.env._(
                    "Agreeing changes no lock date. Whoever agrees reopens the period in Accounting → Lock Dates and "
                    "locks it again."
                ),
            ]
        )

    def _rows_reopen(self, values):
        day = str((self.params or {}).get("date"))
        return [said({"field": "date", "before": day}, label="period_of", after="reopened")]

    def _do_reopen(self, values, request):
        """Agreed: the task of reopening goes to who agreed; what was booked late stays until somebody moves it."""
        theirs = self._for_reader(request.approver_id)
        self.sudo().activity_schedule(
            "mail.mail_activity_data_todo",
            summary=theirs.env._("Reopen the period of %s, as agreed", theirs._spoken_params().get("date")),
            note=theirs.env._("Lock it again afterwards. Then whoever asked for it goes on here."),
            user_id=request.approver_id.id,
        )

    def action_book_open_period(self):
        """Button: propose to book on the first open day; its own date is kept, an approver decides."""
        self.ensure_one()
        self.check_access("write")
        return self._open_step("book_open_period", {})

    def _say_open_period(self, values):
        if self.code != "period_locked" or not self.held_count:
            raise UserError(self.env._("No document waits here for a locked period."))
        day = self._spoken_params().get("date")
        name = self.env._("Book documents of %s in the first open period", day)
        return name, self.what

    def _rows_open_period(self, values):
        params = self.params or {}
        return [
            said(
                {"field": "date", "before": str(params.get("date"))},
                label="accounting_date",
                after=("first_open_day", {"day": str(params.get("lock_date"))}),
            ),
            {"field": "held_count", "before": "", "after": str(self.held_count)},
        ]

    def _do_open_period(self, values, request):
        messages = self.sudo().message_ids_held
        messages.write({"late_allowed": True})
        self.env["integration.audit.leaf"]._record_messages(
            messages, "exception.book_open_period", request.reason[:200]
        )
        messages._requeue("message.late_allowed")
