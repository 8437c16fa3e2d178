# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Cash to apply, and small rests to write off: proposed with reasons, within limits at once, above them approved."""

from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang
from odoo.tools.translate import LazyTranslate

from ...engine.cash_candidates import OpenDocument, suggest
from ...engine.errors import ContractError, IntegrationError
from ...engine.money import parse_decimal
from ...engine.preview_words import told as said

_lt = LazyTranslate(__name__)

MAX_DOCUMENTS = 200
WHY = {
    "difference_above_limit": _lt("One person accepts differences up to %s for this document."),
    "user_day_cap": _lt("With this one you would come to more than %s today."),
    "partner_month_cap": _lt("With this one it would be more than %s for this customer this month."),
    "application_above_limit": _lt("The money does not name these invoices itself, and is more than %s."),
    "write_off_above_limit": _lt("It is more than %s: the controller decides."),
    "classification_cap": _lt("With this one you would have placed more than %s today."),
    "classification_other": _lt("Another person decides about this, whatever the amount."),
    "credited_by_same_person": _lt(
        "You have issued a credit note or ordered a refund for this customer lately: another person decides about its "
        "money."
    ),
    "identification_above_limit": _lt("One person says whose money it is up to %s. This is more."),
}


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    # -- applying --------------------------------------------------------------------------------------------

    def action_apply(self):
        """Button: apply the money to the chosen invoices, or ask for it where it does not name them and is too much."""
        self.ensure_one()
        self.check_access("write")
        invoices = self.fix_invoice_ids
        if invoices and self.movement_ids:
            self._check_invoices(invoices)
            share = self._share_of(invoices)
            verdict = self._judge_apply(invoices, share)
            if not verdict.at_once:
                parts = [[invoice.id, None] for invoice in invoices]
                return self._open_step("apply", {"parts": parts}, self._say_why(verdict))
            self._record_application(invoices, share)
        return super().action_apply()

    def action_suggest(self):
        """Button: what this money could pay, with likelihood and reasons; amounts can be changed there."""
        self.ensure_one()
        self.check_access("write")
        self._only_movement()
        wizard = self.env["integration.apply.cash"].create({"exception_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Apply the money"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _only_movement(self):
        movement = self.sudo().movement_ids
        known = movement.type in ("payment", "refund_return")
        # Money of which a person has said whose it is.
        placed = movement.type == "unknown" and movement.application in ("open", "partly")
        if len(movement) != 1 or not (known or (placed and movement.amount > 0)):
            raise UserError(self.env._("There is no single payment here that could be applied."))
        return movement

    def _money_left(self, movement):
        """Return what is left of a movement in its own currency, exact and positive."""
        line = movement.counterpart_id
        if not line.account_id.reconcile:
            return _exact(abs(line.amount_currency))
        return _exact(abs(line.amount_residual_currency))

    def _suggestions(self):
        """Return (what is left, suggestions, {id: invoice}) for the money of this exception."""
        movement = self._only_movement()
        partner = movement.partner_id.commercial_partner_id
        domain = [
            ("company_id", "=", self.company_id.id),
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("currency_id", "=", movement.currency_id.id),
            ("payment_state", "in", ("not_paid", "partial")),
        ]
        Move = self.env["account.move"]
        left = self._money_left(movement)
        if partner:
            invoices = Move.search(
                [*domain, ("commercial_partner_id", "=", partner.id)],
                limit=MAX_DOCUMENTS,
                order="invoice_date_due, id",
            )
        else:
            invoices = Move.search([*domain, ("amount_residual", "=", float(left))], limit=MAX_DOCUMENTS)
        references = [*movement.reference_ids.mapped("value"), movement.description or ""]
        documents = [
            OpenDocument(
                invoice.id,
                tuple(filter(None, (invoice.name, invoice.ref, invoice.payment_reference))),
                _exact(invoice.amount_residual),
                invoice.invoice_date_due or invoice.date,
                invoice.commercial_partner_id == partner,
            )
            for invoice in invoices
        ]
        return left, suggest(left, references, documents), {invoice.id: invoice for invoice in invoices}

    def _apply_amounts(self, parts):
        """Apply so much to each invoice, at once or by asking an approver; returns an action.

        :param parts: list of (invoice, amount as float, positive).
        """
        self.ensure_one()
        self.check_access("write")
        movement = self._only_movement()
        invoices = self.env["account.move"].union(*(invoice for invoice, _amount in parts))
        self._check_invoices(invoices)
        share = sum(_exact(amount) for _invoice, amount in parts) / (self._money_left(movement) or 1)
        verdict = self._judge_apply(invoices, share)
        if not verdict.at_once:
            values = {"parts": [[invoice.id, str(_exact(amount))] for invoice, amount in parts]}
            return self._open_step("apply", values, self._say_why(verdict))
        self._record_application(invoices, share)
        self._apply_parts_now(parts)
        return self._told(self.env._("Applied to %s.", ", ".join(invoices.mapped("name"))))

    def _apply_parts_now(self, parts):
        invoices = self.env["account.move"].union(*(invoice for invoice, _amount in parts))

        def apply(service, movement, date):
            own = [(invoice.with_env(service.env), amount) for invoice, amount in parts]
            service._apply_parts(movement, own, date)

        try:
            self._as_posting(apply)
        except IntegrationError as error:
            raise self._in_words(error) from error
        self._audit_application(invoices)

    def _check_invoices(self, invoices):
        """Refuse what is no open customer invoice of this company, whoever names it.

        :raises UserError: one of them is not.
        """
        invoices.check_access("read")
        for invoice in invoices:
            if (
                invoice.company_id != self.company_id
                or invoice.move_type != "out_invoice"
                or invoice.state != "posted"
            ):
                raise UserError(
                    self.env._("%s is no posted customer invoice of this company.", invoice.display_name)
                )

    def _judge_apply(self, invoices, share=1):
        movement = self.sudo().movement_ids[:1]
        named = {_plain(value) for value in movement.reference_ids.mapped("value")} - {""}
        exact = all(
            {
                _plain(number)
                for number in (row.name, row.ref, row.payment_reference, row.integration_source_id)
            }
            & named
            for row in invoices
        )
        return self.env["integration.limit.use"]._judge_application(
            self.company_id, self._in_books(movement) * Decimal(share), exact, invoices.partner_id
        )

    def _share_of(self, invoices):
        """Return which part of the money these invoices take, 1 where it cannot be told."""
        movement = self.sudo().movement_ids[:1]
        left = self._money_left(movement)
        if not left or invoices.currency_id != movement.currency_id:
            return Decimal(1)
        return min(Decimal(1), _exact(sum(invoices.mapped("amount_residual"))) / left)

    def _in_books(self, movement):
        """Return what is left of a movement in the currency of the books, exact and positive."""
        line = movement.counterpart_id
        return _exact(abs(line.amount_residual if line.account_id.reconcile else line.balance))

    def _record_application(self, invoices, share=1):
        """Money that did not name its invoices is listed for somebody else to look at."""
        movement = self.sudo().movement_ids[:1]
        named = {_plain(value) for value in movement.reference_ids.mapped("value")} - {""}
        numbers = {
            _plain(number) for row in invoices for number in (row.name, row.ref, row.payment_reference)
        }
        if named & numbers:
            return
        detail = self.env._(
            "%(money)s applied to %(invoices)s",
            money=movement.movement_id,
            invoices=", ".join(invoices.mapped("name")),
        )
        amount = float(self._in_books(movement) * Decimal(share))
        self.env["integration.limit.use"]._record(
            "application", self, invoices[:1].commercial_partner_id, amount, detail
        )

    def _say_why(self, verdict):
        limit = formatLang(self.env, float(verdict.limit), currency_obj=self.company_currency_id)
        text = self.env._(WHY[verdict.reason])  # pylint: disable=translation-not-lazy
        return text % limit if "%s" in text else text

    def _parts_of(self, values):
        """Return [(invoice, exact amount or None)] of a step, whoever has put it together.

        :raises UserError: it is not made of invoices of this company and amounts.
        """
        parts = []
        for part in values.get("parts") or []:
            if not (isinstance(part, list) and len(part) == 2 and type(part[0]) is int):
                raise UserError(self.env._("Choose the invoices that this money pays."))
            invoice = self.env["account.move"].browse(part[0]).exists()
            if not invoice:
                raise UserError(self.env._("Choose the invoices that this money pays."))
            self._check_invoices(invoice)
            try:
                amount = parse_decimal(part[1]) if part[1] is not None else None
            except ContractError as error:
                raise self._in_words(error) from error
            parts.append((invoice, amount))
        return parts

    def _say_apply(self, values):
        movement = self.sudo().movement_ids[:1]
        rows = []
        for invoice, amount in self._parts_of(values):
            told = self.env._("as much as is open")
            if amount:
                told = formatLang(self.env, float(amount), currency_obj=movement.currency_id)
            rows.append(f"{invoice.name} · {invoice.partner_id.name}: {told}")
        if not rows or not movement:
            raise UserError(self.env._("Choose the invoices that this money pays."))
        money = formatLang(self.env, abs(movement.amount), currency_obj=movement.currency_id)
        name = self.env._("Apply %(money)s of %(id)s", money=money, id=movement.movement_id)
        return name, "\n".join([self.env._("The money pays:"), *rows])

    def _rows_apply(self, values):
        parts = self._parts_of(values)
        money = self.movement_ids[:1]
        left = self._money_left(money) if money else Decimal(0)
        paid_in = money.currency_id.name
        rows = [{"field": "movement_ids", "before": f"{left:.2f}", "after": "", "currency": paid_in}]
        for invoice, amount in parts:
            row = {
                "field": invoice.name,
                "label": f"{invoice.name} · {invoice.partner_id.name}",
                "before": f"{invoice.amount_residual:.2f}",
                "currency": invoice.currency_id.name,
            }
            rows.append(
                row | {"after": f"− {amount:.2f}"} if amount else said(row, after="as_far_as_it_goes")
            )
        return rows

    def _do_apply(self, values, request):
        parts = self._parts_of(values)
        invoices = self.env["account.move"].union(*(invoice for invoice, _amount in parts))
        if all(amount for _invoice, amount in parts):
            self._apply_parts_now([(invoice, float(amount)) for invoice, amount in parts])
            return
        self._as_posting(
            lambda service, movement, date: service._apply_to(
                movement, invoices.with_env(service.env), date, any_currency=True
            )
        )
        self._audit_application(invoices)

    # -- small rests -----------------------------------------------------------------------------------------

    def action_write_off(self):
        """Button: write off what is left, at once within the limits, else by asking an approver."""
        self.ensure_one()
        self.check_access("write")
        movement, line = self._rest()
        amount, total = abs(line.amount_residual), self._rest_document_total(movement, line)
        partner = line.partner_id.commercial_partner_id
        verdict = self.env["integration.limit.use"]._judge_difference(self.company_id, partner, amount, total)
        if not verdict.at_once:
            return self._open_step("write_off", {}, self._say_why(verdict))
        entry = self._write_off_now()
        detail = self.env._("Rest of %s written off", line.move_id.name)
        self.env["integration.limit.use"]._record("write_off", self, partner, amount, detail, entry)
        return self._told(self.env._("Written off with %s.", entry.name))

    def _rest(self):
        """Return (movement, receivable line whose rest is written off).

        :raises UserError: nothing is left.
        """
        movement = self.sudo().movement_ids[:1]
        line = movement.counterpart_id if self.code == "payment_excess" else self.env["account.move.line"]
        if self.code == "payment_short":
            movement = self.env["integration.movement"].sudo().browse((self.params or {}).get("movement_id"))
            line = self.sudo().subject_move_id.line_ids.filtered(
                lambda row: row.display_type == "payment_term" and not row.reconciled
            )[:1]
        if not movement.exists() or not line or line.currency_id.is_zero(line.amount_residual_currency):
            raise UserError(self.env._("Nothing is left that could be written off."))
        return movement, line

    def _rest_document_total(self, movement, line):
        """Return the amount of the document whose rest it is, in the currency of the books."""
        invoices = movement.invoice_ids if line == movement.counterpart_id else line.move_id
        return abs(sum(invoices.mapped("amount_total_signed"))) or abs(line.balance)

    def _write_off_now(self):
        movement, line = self._rest()
        service = movement.connection_id._as_service()
        posting = service.env["integration.posting.application"]
        date = max(posting._today(service), line.date)
        try:
            entry = posting._write_off(movement.with_env(service.env), line.with_env(service.env), date)
        except IntegrationError as error:
            raise self._in_words(error) from error
        self.env["integration.audit.leaf"]._record_change(
            self, "exception.write_off", f"{entry._name},{entry.id}"
        )
        exception = self.sudo()
        exception.movement_ids.filtered(lambda row: row.application == "applied").exception_id = False
        exception._resolve_if_empty()
        return self.env["account.move"].browse(entry.id)

    def _say_write_off(self, values):
        _movement, line = self._rest()
        amount = formatLang(self.env, abs(line.amount_residual_currency), currency_obj=line.currency_id)
        name = self.env._("Write off %(amount)s of %(document)s", amount=amount, document=line.move_id.name)
        return name, self.env._(
            "%(amount)s on the account of %(customer)s goes to small differences. Tax stays as it is.",
            amount=amount,
            customer=line.partner_id.name,
        )

    def _rows_write_off(self, values):
        _movement, line = self._rest()
        amount = f"{abs(line.amount_residual_currency):.2f} {line.currency_id.name}"
        row = {"field": line.move_id.name, "label": line.move_id.name, "before": amount, "after": "0.00"}
        return [{**row, "currency": line.currency_id.name}]

    def _do_write_off(self, values, request):
        self._write_off_now()

    def _resolve_if_empty(self):
        """A small rest is asked about as long as it is left."""
        left = self.sudo().filtered(
            lambda row: (
                row.code == "payment_short"
                and not row.subject_move_id.currency_id.is_zero(row.subject_move_id.amount_residual)
            )
        )
        return super(IntegrationException, self - left)._resolve_if_empty()

    def action_leave_open(self):
        """A rest that is left open for the customer to pay is no exception any more."""
        short = self.filtered(lambda row: row.code == "payment_short" and row.state == "open")
        short.check_access("write")
        if short:
            short._resolve(
                self.env._("Left open for the customer to pay, decided by %s.", self.env.user.name)
            )
        if others := self - short:
            return super(IntegrationException, others).action_leave_open()
        return None

    @api.model
    def _settle_paid_rests(self):
        """Hourly: close what asked about a rest that has been paid in the meantime."""
        self.search([("code", "=", "payment_short"), ("state", "=", "open")], limit=500)._resolve_if_empty()


def _exact(amount):
    return Decimal(str(round(amount, 6)))


def _plain(number):
    return "".join(letter for letter in (number or "").casefold() if letter.isalnum())
