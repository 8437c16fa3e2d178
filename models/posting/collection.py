# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money that reached one company and pays another one's invoice: both entries or none (policy F19, ADR 0051).

The collecting company A books, as the user of the connection that the money came through, what it now owes the other
company B against what the money was booked on. B books, as the user of the agreement, what it is owed against its
customer's invoice. Both in one savepoint of one transaction: where either side refuses, neither has happened, and the
money stands in A as it was booked when it came.
"""

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from ...engine.collection import Candidate, Step, decide, share
from ...engine.errors import BusinessError
from ..messaging import isolation
from .references import named_by

# What comes from a customer; what goes back to one is in collection_return.py.
COLLECTED_TYPES = ("payment",)


@dataclasses.dataclass(frozen=True)
class Pair:
    """What is booked in both companies.

    ``movement`` and ``agreement`` as the collecting company's service user sees them, ``invoice`` as the agreement's.
    ``amount`` is exact and positive, in the currency of the money. ``sign``: 1 = the collecting company owes more,
    -1 = it owes less. ``undoes``: the collection that is undone. ``person_id``: who decided, None = by rule.
    """

    movement: Any
    agreement: Any
    invoice: Any
    amount: Decimal
    day: date
    kind: str
    basis: str
    sign: int = 1
    undoes: Any = None
    person_id: int | None = None


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    # -- what the money names --------------------------------------------------------------------------------

    def _judge_payment(self, work, movement, invoices, unknown):
        """Money that pays nothing of its own company may pay an invoice of another one."""
        said = None
        if not invoices and not self._applied_invoices(movement):
            said = self._collect_named(work, movement)
        line = movement.counterpart_id
        if not movement.collection_ids and not said:
            return super()._judge_payment(work, movement, invoices, unknown)
        if line.currency_id.is_zero(line.amount_residual_currency):
            return self._settled(movement, "applied")
        application = "open" if movement.partner_id else "unidentified"
        if not said:
            if self._applied_invoices(movement) or invoices:
                return super()._judge_payment(work, movement, invoices, unknown)
            application = "partly" if movement.partner_id else "unidentified"
            said = "payment_excess", self._excess_in_words(movement)
        code, params = said
        return self._wait(work, movement, application, code, self._facts(movement) | params)

    def _excess_in_words(self, movement):
        line = movement.counterpart_id
        left = f"{abs(line.amount_residual_currency):.{line.currency_id.decimal_places}f} {line.currency_id.name}"
        return {"excess": left, "number": ", ".join(movement.collection_ids.mapped("invoice_number"))}

    def _collect_named(self, work, movement):
        """Book in both companies what is certain.

        :returns: (code, parameters of its sentence) of what a person has to decide, None = nothing.
        """
        if movement.type not in COLLECTED_TYPES or not movement.counterpart_id.account_id.reconcile:
            return None
        found = self._collectable(movement)
        if not found:
            return None
        named = work.row.get("collects_for") if work else None
        decision = decide(
            self._left_of(movement), movement.currency_id.name, [row for row, _invoice in found], named
        )
        if decision.step is Step.NONE:
            return None
        invoices = {row.invoice_id: (agreement, invoice) for row, (agreement, invoice) in found}
        if decision.step is not Step.BOOK:
            shown = [invoices[row.invoice_id] for row in decision.shown]
            return _code_of(decision.step), self._named_in_words(shown)
        for candidate, amount in decision.parts:
            agreement, invoice = invoices[candidate.invoice_id]
            basis = "entity" if named else "customer" if candidate.same_customer else "amount"
            wanted = max(movement.event_date, invoice.date)
            if error := self._collect(movement, agreement, invoice, amount, wanted, basis):
                return error.code, dict(error.params)
        return None

    def _collectable(self, movement):
        """Return [(Candidate, (agreement, invoice as its own company sees it))] of what a payment names elsewhere.

        Looked up as the user of each agreement, who sees that company alone. What was collected before is left out.
        """
        values = named_by(movement.reference_ids)
        agreements = self.env["integration.collection.agreement"]._of(movement.company_id) if values else ()
        before = set(movement.collection_ids.invoice_id.ids)
        found = []
        for agreement in agreements:
            payee = agreement._as_payee()
            posting = payee.env[self._name]
            named, _unknown = posting._pick(posting._invoices_of(payee.payee_id, values), values)
            posted = named.filtered(lambda move: move.state == "posted" and move.id not in before)
            found += [
                (self._candidate(movement, agreement, posting, invoice), (agreement, invoice))
                for invoice in posted
            ]
        return found

    def _candidate(self, movement, agreement, posting, invoice):
        residual = sum(posting._open_lines(invoice, None).mapped("amount_residual_currency"))
        partner = movement.partner_id.commercial_partner_id
        return Candidate(
            company_id=invoice.company_id.id,
            invoice_id=invoice.id,
            residual=_exact(residual),
            currency=invoice.currency_id.name,
            due=invoice.invoice_date_due or invoice.date,
            same_customer=bool(partner) and partner.id == invoice.commercial_partner_id.id,
            at_once=agreement.at_once == "certain",
        )

    def _named_in_words(self, pairs):
        """Return the parameters that name invoices of other companies, and the companies."""
        return {
            "number": ", ".join(invoice._integration_number() for _agreement, invoice in pairs),
            "company": ", ".join(sorted({invoice.company_id.name for _agreement, invoice in pairs})),
            "currency": ", ".join(sorted({invoice.currency_id.name for _agreement, invoice in pairs})),
        }

    def _left_of(self, movement):
        """Return what is left of booked money, exact and positive, in its own currency."""
        return _exact(abs(movement.counterpart_id.amount_residual_currency))

    @api.model
    def _declassify(self, movement, placed, date):
        """What was collected for another company rests on what was said of the money."""
        if movement.collection_ids:
            raise UserError(
                self.env._(
                    "This money was collected for another company: correct that in both companies first."
                )
            )
        return super()._declassify(movement, placed, date)

    @api.model
    def _apply_again(self, movement):
        """What came into the books of another company may be what the money has waited for."""
        result = super()._apply_again(movement)
        if movement.application not in ("open", "unidentified", "partly") or movement.invoice_ids:
            return result
        invoices, unknown = self._named_by_movement(movement)
        if movement.type in COLLECTED_TYPES and not invoices and self._collectable(movement):
            self._judge_payment(None, movement, invoices, unknown)
        return result

    # -- booking both ----------------------------------------------------------------------------------------

    @api.model
    def _collect(self, movement, agreement, invoice, amount, day, basis, person_id=None):
        """Book in both companies that money of one pays an invoice of the other.

        :param invoice: as its own company sees it.
        :param amount: exact, in the currency of both.
        :param basis: why it is so, see ``integration.collection``.
        :returns: the IntegrationError that kept both from being booked, None = both are.
        """
        pair = Pair(movement, agreement, invoice, amount, day, "collected", basis, person_id=person_id)
        return self._book_pair(pair)

    def _book_pair(self, pair):
        """Book both entries or none; returns the error that kept them from it, None = both are booked.

        Errors of the database itself are raised: they concern the whole transaction, which is repeated.
        """
        with isolation.one_event() as errors, self.env.cr.savepoint():
            self._hold(pair.movement)
            self._check_pair(pair)
            reference = self._pair_reference(pair)
            own = self._own_side(pair, reference)
            theirs = self._other_side(pair, reference)
            self._keep_pair(pair, reference, own, theirs)
            self.env.flush_all()
        if not errors:
            return None
        error = errors[0]
        if error.code in ("collect_locked", "collect_refused"):
            return error
        params = self._pair_words(pair) | {"reason": _reason(error)}
        return BusinessError("collect_refused", error.detail or error.code, params=params)

    def _pair_words(self, pair):
        """Return the parameters of a sentence about both entries."""
        return self._facts(pair.movement) | self._named_in_words([(pair.agreement, pair.invoice)])

    def _hold(self, movement):
        """Let nobody else decide about the same money at the same moment."""
        self.env.cr.execute(SQL("SELECT id FROM integration_movement WHERE id = %s FOR UPDATE", movement.id))

    def _check_pair(self, pair):
        """Refuse what must not be booked.

        :raises BusinessError: ``collect_locked``, ``collect_refused``.
        """
        agreement = pair.agreement
        payee = agreement._as_payee()
        if fault := self._pair_fault(pair):
            raise BusinessError(
                "collect_refused",
                f"agreement {agreement.id}, movement {pair.movement.id}, invoice {pair.invoice.id}",
                params=self._pair_words(pair) | {"reason": fault},
            )
        sides = ((agreement.company_id, agreement.journal_id), (payee.payee_id, payee.payee_journal_id))
        locked = [
            company.name
            for company, journal in sides
            if self._first_open_day(company, journal, pair.day) != pair.day
        ]
        if locked:
            raise BusinessError(
                "collect_locked",
                f"{pair.day} in {locked}",
                params=self._pair_words(pair) | {"date": str(pair.day), "locked": ", ".join(locked)},
            )

    def _pair_fault(self, pair):
        """Return in words why this pair must not be booked, None = it may."""
        _ = self.env._
        movement, invoice = pair.movement, pair.invoice
        if not pair.agreement._holds_on(pair.day):
            return _("the agreement does not hold on %s", pair.day)
        if not movement.counterpart_id.account_id.reconcile:
            return _("the account on which the money is booked cannot be reconciled")
        if movement.currency_id != invoice.currency_id:
            return _("the invoice is in another currency than the money")
        if any(row.kind == pair.kind and row.invoice_id.id == invoice.id for row in movement.collection_ids):
            return _("this money was booked for this invoice already")
        if pair.amount > self._left_of(movement):
            return _("more would be booked than is left of the money")
        return None

    def _pair_reference(self, pair):
        """Return the reference of both entries: the money and the invoice."""
        return f"{pair.movement.movement_id} / {pair.invoice._integration_number()}"

    def _own_side(self, pair, reference):
        """Book the collecting company's entry and match it with the money; returns its item towards the other."""
        movement, agreement = pair.movement, pair.agreement
        line = movement.counterpart_id
        company = movement.company_id
        whole = _exact(abs(line.amount_residual_currency))
        in_books = _exact(abs(line.amount_residual))
        books = share(pair.amount, whole, in_books, company.currency_id.decimal_places)
        entry = self._pair_entry(
            pair,
            reference,
            agreement.journal_id,
            [
                (line.account_id, line.partner_id, pair.sign * books, pair.sign * pair.amount),
                (
                    agreement.payable_account_id,
                    agreement.payee_partner_id,
                    -pair.sign * books,
                    -pair.sign * pair.amount,
                ),
            ],
            {"integration_connection_id": movement.connection_id.id},
        )
        own, owed = entry.line_ids.sorted("id")
        self._reconcile([line | own])
        return owed

    def _other_side(self, pair, reference):
        """Book the other company's entry as its own user there; returns its item towards the collecting company."""
        payee = pair.agreement._as_payee()
        posting = payee.env[self._name]
        invoice = pair.invoice.with_env(payee.env)
        company = payee.payee_id
        account = posting._customer_account(pair, invoice)
        books = pair.movement.currency_id.with_env(payee.env)._convert(
            float(pair.amount), company.currency_id, company, pair.day
        )
        sign = pair.sign
        entry = posting._pair_entry(
            pair,
            reference,
            payee.payee_journal_id,
            [
                (payee.receivable_account_id, payee.collector_partner_id, sign * books, sign * pair.amount),
                (account, invoice.commercial_partner_id, -sign * books, -sign * pair.amount),
            ],
        )
        owed, customer = entry.line_ids.sorted("id")
        posting._match_customer(pair, invoice, customer)
        return owed

    def _customer_account(self, pair, invoice):
        """Return the account on which the other company books what it says of its customer; acts as its user."""
        terms = invoice.line_ids.filtered(lambda row: row.display_type == "payment_term")
        return terms[:1].account_id

    def _match_customer(self, pair, invoice, item):
        """Match the customer's item of the other company with the invoice that was paid."""
        self._reconcile([item | self._open_lines(invoice, pair.invoice.currency_id)])

    def _pair_entry(self, pair, reference, journal, lines, more=None):
        """Post one side.

        :param lines: list of (account, partner, balance in the books' currency, amount in the document's).
        :raises BusinessError: ``core_changed``: Odoo has put it on another day.
        """
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "date": pair.day,
                "ref": reference,
                "integration_source_id": pair.movement.movement_id,
                "integration_event_date": pair.day,
                "integration_correlation_id": pair.movement.message_id.correlation_id,
                **(more or {}),
                "line_ids": [
                    Command.create(
                        {
                            "name": reference,
                            "account_id": account.id,
                            "partner_id": partner.id,
                            "currency_id": pair.movement.currency_id.id,
                            "balance": float(balance),
                            "amount_currency": float(amount),
                        }
                    )
                    for account, partner, balance, amount in lines
                ],
            }
        )
        entry._post(soft=False)
        self._check_kept(entry, {entry.id: pair.day})
        return entry

    def _keep_pair(self, pair, reference, own, theirs):
        """Write down that the two entries belong together, and match what they undo."""
        if pair.undoes:
            self._match_undone(pair, own, theirs)
        return self.env["integration.collection"].create(
            {
                "agreement_id": pair.agreement.id,
                "kind": pair.kind,
                "basis": pair.basis,
                "decided_by_id": pair.person_id,
                "movement_id": pair.movement.id,
                "invoice_id": pair.invoice.id,
                "invoice_number": pair.invoice._integration_number(),
                "reference": reference,
                "date": pair.day,
                "currency_id": pair.movement.currency_id.id,
                "amount": float(pair.amount),
                "move_id": own.move_id.id,
                "payee_move_id": theirs.move_id.id,
                "undoes_id": pair.undoes.id if pair.undoes else False,
            }
        )


def _code_of(step):
    """Return the code of what a person has to decide."""
    if step is Step.CURRENCY:
        return "collect_currency_differs"
    return "collect_invoice_closed" if step is Step.CLOSED else "collect_to_confirm"


def _exact(amount):
    return Decimal(str(round(amount, 6)))


def _reason(error):
    """Return in words why a side refused: what Odoo said, else what the catalogue says of it."""
    reason = error.params.get("reason") or error.info.title
    return str(reason)[:300]
