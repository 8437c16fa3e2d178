# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Command

from ..reconciliation.movement import WAITING
from .work import Finding

MAX_WAITING = 500


class IntegrationPostingApplication(models.AbstractModel):
    """To what booked money belongs (policy F1): matched at once where it is certain, later where it is not."""

    _name = "integration.posting.application"
    _inherit = "integration.posting"
    _description = "Posting rules: application of booked money"

    # -- applying what was just booked ---------------------------------------------------------------------

    @api.model
    def _apply_new(self, pairs):
        """Match movements that have just been booked; leave a finding where a person must decide.

        :param pairs: list of (work, plan) with plan['movement'].
        """
        by_type = defaultdict(list)
        for work, plan in pairs:
            by_type[plan["document"].type].append((work, plan))
        self._apply_payments(by_type["payment"])
        self._apply_refunds(by_type["refund"])
        self._apply_refund_returns(by_type["refund_return"])
        self._apply_payment_returns(by_type["payment_return"])
        for work, plan in by_type["unknown"]:
            self._wait(work, plan["movement"], "suspense", *self._suspense_question(plan["movement"]))
        self._follow_up(by_type["payment"])

    def _apply_payments(self, pairs):
        matches = []
        for _work, plan in pairs:
            targets = self._open_lines(plan["invoices"], plan["movement"].currency_id)
            if plan["partner"] and targets:
                matches.append(plan["movement"].counterpart_id | targets)
        self._reconcile(matches)
        self._keep_applied([plan["movement"] for _work, plan in pairs])
        for work, plan in pairs:
            self._judge_payment(work, plan["movement"], plan["invoices"], plan["unknown"])

    def _keep_applied(self, movements):
        """Write down to which invoices payments are applied, of all of them at once, and tell of those that are new."""
        commands, news = [], []
        for movement in movements:
            applied = self._applied_invoices(movement)
            if applied and applied != movement.invoice_ids:
                news.append((movement, applied - movement.invoice_ids))
                commands.append((movement, [Command.set(applied.ids)]))
        if not commands:
            return
        Movement = self.env["integration.movement"]
        changed = Movement.union(*(movement for movement, _invoices in news))
        changed.check_access("write")
        Movement._fields["invoice_ids"].write_batch(commands)
        changed.modified(["invoice_ids"])
        for movement, invoices in news:
            self._publish(movement, invoices)

    def _judge_payment(self, work, movement, invoices, unknown):
        """Say how far a payment is applied, and what a person must decide about the rest."""
        applied = self._applied_invoices(movement)
        self._keep_applied([movement])
        line = movement.counterpart_id
        params = self._facts(movement) | {"reference": ", ".join(unknown)}
        if not movement.partner_id:
            return self._wait(work, movement, "unidentified", "payment_party_unknown", params)
        if line.currency_id.is_zero(line.amount_residual_currency):
            return self._settled(movement, "applied")
        if applied:
            excess = f"{abs(line.amount_residual_currency):.{line.currency_id.decimal_places}f} {line.currency_id.name}"
            params |= {"excess": excess, "number": ", ".join(move._integration_number() for move in applied)}
            return self._wait(work, movement, "partly", "payment_excess", params)
        code, more = self._why_open(movement, invoices, unknown)
        return self._wait(work, movement, "open", code, params | more)

    def _why_open(self, movement, invoices, unknown):
        """Return (code, parameters of its sentence): why a payment of a known customer pays nothing yet."""
        if not invoices:
            return ("payment_reference_unknown" if unknown else "payment_without_reference"), {}
        more = {"number": ", ".join(move._integration_number() for move in invoices)}
        if other := invoices.filtered(lambda move: move.currency_id != movement.currency_id):
            return "payment_currency_differs", more | {"currency": other[0].currency_id.name}
        return "payment_invoice_closed", more

    def _apply_refunds(self, pairs):
        for work, plan in pairs:
            movement, payment = plan["movement"], plan["related"]
            self._match_refund(work, movement, payment or self.env["integration.movement"])

    def _match_refund(self, work, movement, payment):
        """Match a refund with its credit note, or with the deposit that was never invoiced; else ask for the note."""
        if not movement.partner_id:
            return self._wait(work, movement, "unidentified", "refund_party_unknown", self._facts(movement))
        invoices = payment.invoice_ids
        target = self._credit_note_lines(movement, invoices)
        deposit = payment.counterpart_id if payment and not invoices else self.env["account.move.line"]
        if (
            not target
            and deposit
            and not deposit.reconciled
            and deposit.account_id == movement.counterpart_id.account_id
        ):
            target = deposit
        if target:
            self._reconcile([movement.counterpart_id | target])
            if payment:
                payment._refresh_application()
        if movement.counterpart_id.reconciled:
            return self._settled(movement, "applied")
        return self._wait(work, movement, "credit_note", "refund_without_credit_note", self._facts(movement))

    def _credit_note_lines(self, movement, invoices):
        """Return the open receivable line of the credit note that this refund pays, where there is exactly one."""
        notes = self.env["account.move"].search(
            [
                ("move_type", "=", "out_refund"),
                ("state", "=", "posted"),
                ("company_id", "=", movement.company_id.id),
                ("commercial_partner_id", "=", movement.partner_id.commercial_partner_id.id),
                ("reversed_entry_id", "in", invoices.ids),
                ("currency_id", "=", movement.currency_id.id),
                ("payment_state", "in", ("not_paid", "partial")),
            ]
        )
        lines = self._open_lines(notes, movement.currency_id)
        exact = lines.filtered(
            lambda line: (
                not movement.currency_id.compare_amounts(-line.amount_residual_currency, -movement.amount)
            )
        )
        return exact[:1] or (lines if len(lines) == 1 else lines.browse())

    def _apply_refund_returns(self, pairs):
        """A refund failed: the money is back. Undo what is still open of it; a credit note stays open."""
        known = self._movements_by_id(
            "refund", [(work, plan["movement"].movement_id) for work, plan in pairs]
        )
        for work, plan in pairs:
            movement = plan["movement"]
            refund = known.get((movement.connection_id.id, movement.movement_id))
            opposite = refund.counterpart_id if refund else self.env["account.move.line"]
            if opposite.account_id == movement.counterpart_id.account_id and not opposite.reconciled:
                self._reconcile([opposite | movement.counterpart_id])
                refund._settle_application("applied")
            if movement.counterpart_id.reconciled:
                self._settled(movement, "applied")
            else:
                application = "open" if movement.partner_id else "unidentified"
                self._wait(work, movement, application, "refund_returned", self._facts(movement))

    def _apply_payment_returns(self, pairs):
        """A payment was taken back: take its matching apart, pair it with its return, open the invoice again."""
        for work, plan in pairs:
            movement, payment = plan["movement"], plan["related"]
            if not payment or payment.counterpart_id.account_id != movement.counterpart_id.account_id:
                params = {"amount": _amount(movement), "related": plan["document"].related or "?"}
                application = "open" if movement.partner_id else "unidentified"
                self._wait(work, movement, application, "return_unmatched", params)
                continue
            invoices = payment.invoice_ids
            payment.counterpart_id.with_context(skip_invoice_sync=True).remove_move_reconcile()
            self._reconcile([payment.counterpart_id | movement.counterpart_id])
            payment.write({"invoice_ids": [Command.clear()], "subject_to_return": False})
            payment._settle_application("applied")
            movement.write({"invoice_ids": [Command.set(invoices.ids)]})
            self._settled(movement, "applied")
            self.env["integration.event"]._publish_payment_failed(movement, invoices)

    # -- what arrives later --------------------------------------------------------------------------------

    def _follow_up(self, pairs):
        """Payments that have just been booked may explain refunds and returns that came before them."""
        if not pairs:
            return
        waiting = self.env["integration.movement"].search(
            [
                (
                    "connection_id",
                    "=",
                    pairs[0][0].connection.id,
                ),  # what is booked together is of one connection
                ("related_id", "in", [plan["movement"].movement_id for _work, plan in pairs]),
                ("application", "in", WAITING),
            ],
            limit=MAX_WAITING * len(pairs),
        )
        by_payment = waiting.grouped("related_id")
        for work, plan in pairs:
            payment = plan["movement"]
            for movement in by_payment.get(payment.movement_id, ()):
                self._explain(work, movement, payment)

    def _explain(self, work, movement, payment):
        """Apply an earlier refund or return now that its payment is known."""
        if payment.partner_id and movement.application == "unidentified":
            self._identify(movement, payment.partner_id, max(payment.event_date, movement.event_date))
        if movement.application == "unidentified":
            return
        if movement.type == "refund":
            self._match_refund(work, movement, payment)
        elif movement.type == "payment_return":
            self._apply_payment_returns(
                [
                    (
                        work,
                        {"movement": movement, "related": payment, "document": _Related(movement.related_id)},
                    )
                ]
            )

    @api.model
    def _documents_posted(self, moves):
        """Invoices and credit notes came into the books: apply money that has waited for them."""
        invoices = moves.filtered(lambda move: move.move_type == "out_invoice")
        values = {
            value
            for move in invoices
            for value in (move.name, move.ref, move.payment_reference, move.integration_source_id)
        } - {False}
        movements = (
            self.env["integration.movement"].search(
                [
                    ("company_id", "in", moves.company_id.ids),
                    ("application", "in", ("open", "unidentified", "partly")),
                    ("type", "=", "payment"),
                    ("reference_ids.value", "in", list(values)),
                ],
                limit=MAX_WAITING,
            )
            if values
            else self.env["integration.movement"]
        )
        for movement in movements:
            self._apply_again(movement)
        self._credit_notes_posted(
            moves.filtered(lambda move: move.move_type == "out_refund" and move.reversed_entry_id)
        )

    def _credit_notes_posted(self, notes):
        """Match refunds that have asked for these credit notes: those of the payments of what a note credits.

        One customer may stand for all of a shop's, whose refunds wait for other notes.
        """
        Movement = self.env["integration.movement"]
        for note in notes:
            paid = Movement.search(
                [
                    ("company_id", "=", note.company_id.id),
                    ("type", "=", "payment"),
                    ("changes_balance", "=", True),
                    ("invoice_ids", "in", note.reversed_entry_id.ids),
                ]
            )
            payments = {(payment.connection_id, payment.movement_id): payment for payment in paid}
            refunds = Movement.search(
                [
                    ("connection_id", "in", paid.connection_id.ids),
                    ("application", "=", "credit_note"),
                    ("partner_id", "=", note.commercial_partner_id.id),
                    ("currency_id", "=", note.currency_id.id),
                    ("related_id", "in", paid.mapped("movement_id")),
                ],
                limit=MAX_WAITING,
            )
            for refund in refunds:
                if payment := payments.get((refund.connection_id, refund.related_id)):
                    self._match_refund(None, refund, payment)

    @api.model
    def _apply_again(self, movement):
        """Try once more to apply a payment by the references that it carries."""
        invoices, unknown = self._named_by_movement(movement)
        posted = invoices.filtered(lambda move: move.state == "posted")
        if posted:
            self._apply_to(movement, posted, max([movement.event_date, *posted.mapped("date")]), unknown)

    @api.model
    def _apply_to(self, movement, invoices, date, unknown=(), any_currency=False):
        """Apply a payment to invoices; an unidentified one moves to the invoices' customer first.

        :param any_currency: a person has said that it pays these; core then books the exchange difference.
        """
        if movement.application == "unidentified":
            self._identify(movement, invoices[:1].commercial_partner_id, date)
        targets = self._open_lines(invoices, None if any_currency else movement.currency_id)
        if targets:
            self._reconcile([movement.counterpart_id | targets])
        self._judge_payment(None, movement, invoices, list(unknown))

    @api.model
    def _judge_again(self, movement):
        """Say anew how far a movement is applied, after a person has said whose it is."""
        if movement.type == "refund":
            payments = self._movements_by_id("payment", [(None, movement.related_id)], movement.connection_id)
            payment = payments.get((movement.connection_id.id, movement.related_id), movement.browse())
            self._match_refund(None, movement, payment)
            return
        invoices, unknown = self._named_by_movement(movement)
        if targets := self._open_lines(invoices, movement.currency_id):
            self._reconcile([movement.counterpart_id | targets])
        self._judge_payment(None, movement, invoices, unknown)

    @api.model
    def _identify(self, movement, partner, date):
        """Move unidentified money to a customer: an entry on the day of identification (policy, table of events)."""
        line = movement.counterpart_id
        balance, amount = self._left_to_place(line)
        connection = movement.connection_id
        journal = connection.entry_journal_id
        partner = partner.commercial_partner_id
        receivable = partner.property_account_receivable_id
        common = {
            "currency_id": line.currency_id.id,
            "name": self.env._("Identified: %s", movement.movement_id),
        }
        date = self._first_open_day(connection.company_id, journal, date)
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": journal.id,
                "date": date,
                "ref": movement.movement_id,
                "integration_connection_id": connection.id,
                "integration_source_id": movement.movement_id,
                "integration_event_date": date,
                "integration_correlation_id": movement.message_id.correlation_id,
                "line_ids": [
                    Command.create(
                        {
                            **common,
                            "account_id": line.account_id.id,
                            "balance": -balance,
                            "amount_currency": -amount,
                        }
                    ),
                    Command.create(
                        {
                            **common,
                            "account_id": receivable.id,
                            "partner_id": partner.id,
                            "balance": balance,
                            "amount_currency": amount,
                        }
                    ),
                ],
            }
        )
        entry._post(soft=False)
        self._check_kept(entry, {entry.id: date})
        if line.account_id.reconcile:
            self._reconcile([line | entry.line_ids.filtered(lambda item: item.account_id == line.account_id)])
        movement.write(
            {
                "partner_id": partner.id,
                "counterpart_id": entry.line_ids.filtered(lambda item: item.account_id == receivable).id,
                "application": "open",
            }
        )

    def _left_to_place(self, line):
        """Return what is left of booked money: (in the currency of the books, in its own), signed as its item is."""
        if line.account_id.reconcile:
            return line.amount_residual, line.amount_residual_currency
        return line.balance, line.amount_currency

    def _facts(self, movement):
        """Return what every sentence about booked money says: how much, and whose."""
        known_as = movement.partner_id.name or movement.customer_name or movement.outside_customer
        # Not translated here: the words of an exception are made in its reader's language.
        return {"amount": _amount(movement), "customer": known_as or "somebody unknown"}

    # -- shared --------------------------------------------------------------------------------------------

    def _open_lines(self, moves, currency):
        """Return the receivable lines of posted documents (in one currency, or any) that are not fully matched."""
        posted = moves.filtered(lambda move: move.state == "posted" and currency in (None, move.currency_id))
        return posted.line_ids.filtered(
            lambda line: line.display_type == "payment_term" and not line.reconciled
        )

    def _reconcile(self, matches):
        """Match lines, one list entry after the other.

        Matching never changes the lines of posted invoices; without the context core would write to the invoices'
        own journals to say so, where a connection that only brings money has no right to write.
        """
        if matches:
            self.env["account.move.line"].with_context(skip_invoice_sync=True)._reconcile_plan(matches)

    def _applied_invoices(self, movement):
        line = movement.counterpart_id
        matched = line.matched_debit_ids.debit_move_id | line.matched_credit_ids.credit_move_id
        return matched.move_id.filtered(lambda move: move.is_invoice(include_receipts=True))

    def _movements_by_id(self, movement_type, pairs, connection=None):
        ids = [movement_id for _work, movement_id in pairs if movement_id]
        domain = [("type", "=", movement_type), ("movement_id", "in", ids), ("changes_balance", "=", True)]
        if connection:
            domain.append(("connection_id", "=", connection.id))
        found = self.env["integration.movement"].search(domain) if ids else self.env["integration.movement"]
        return {(movement.connection_id.id, movement.movement_id): movement for movement in found}

    def _settled(self, movement, application):
        movement._settle_application(application)

    def _wait(self, work, movement, application, code, params):
        """Leave the movement open for a person, with a finding (in the drain) or an exception (from a button)."""
        cause = f"{movement.type} {movement.movement_id}"
        if work is None:
            exception = self.env["integration.exception"]._raise_cause(
                movement.connection_id, code, params, cause
            )
            movement._settle_application(application, exception)
            return
        movement.write({"application": application})
        work.findings.append(Finding(code, params, cause, record=movement))

    def _publish(self, movement, invoices):
        self.env["integration.event"]._publish_payment_settled(movement, invoices)

    @api.model
    def _today(self, connection):
        return fields.Date.context_today(self.with_context(tz=connection.time_zone))


class _Related:
    """The one thing that a return's judgement reads of a document: what it belongs to."""

    def __init__(self, related):
        self.related = related


def _amount(movement):
    return f"{abs(movement.amount):.{movement.currency_id.decimal_places}f} {movement.currency_id.name}"
