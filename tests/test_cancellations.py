# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is posted is taken back by reversals that name it, never deleted and never changed (E4, policy P4 and F2)."""

from datetime import date

from odoo.tests import new_test_user, tagged

from ..engine.canonical_json import canonical_bytes
from ..simulators.partner import documents
from ..simulators.sending import Event
from .common import ANNA, IntegrationCommon

DAY = "2026-03-02"


class CancellationsCommon(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.sent = 0
        self.debit = self.company_data["default_account_expense"]
        self.credit = self.company_data["default_account_payable"]
        for account in (self.debit, self.credit):
            self.env["integration.mapping"].create(
                {
                    "connection_id": self.partner_connection.id,
                    "mapping": "account",
                    "outside_value": account.code,
                    "account_id": account.id,
                }
            )

    def approver(self, group="finance_integration.group_approver"):
        found = self.env["res.users"].search([("login", "=", group)])
        return found or new_test_user(
            self.env,
            login=group,
            groups=f"{group},finance_integration.group_operator",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def end_mapping(self, account):
        """Let the code of an account mean nothing any more: proposed by one person, approved by another."""
        line = {"mapping": "account", "outside_value": account.code, "action": "end"}
        change = self.env["integration.mapping.change"].create(
            {
                "connection_id": self.partner_connection.id,
                "reason": "No longer used",
                "line_ids": [(0, 0, line)],
            }
        )
        change.action_ask()
        change.request_id.with_user(self.approver()).action_approve()
        self.env.invalidate_all()
        self.assertEqual(change.state, "done")

    def send(self, event_type, document, drain=True):
        """Bring in an event of the partner with a content of its own; returns its message."""
        self.sent += 1
        body = {"type": event_type, "timestamp": f"{DAY}T12:00:00Z", "data": document}
        event = Event(f"evt-{self.sent}", event_type, canonical_bytes(body))
        _verdict, message = self.accept(self.partner_connection, event.body, {"webhook-id": event.id})
        if drain:
            self.drain(self.partner_connection)
        return message

    def entry(self, amount="100.00", version=1, day=DAY, object_id="E-1", **options):
        source = {"system": "payroll", "object_id": object_id}
        document = {
            "kind": "entry",
            "schema_version": "1",
            "source": source | ({"version": version} if version else {}),
            "occurred_at": f"{day}T12:00:00Z",
            "reference": f"PAY {object_id}",
            "date": day,
            "currency": "USD",
            "lines": [
                {"account": self.debit.code, "debit": amount},
                {"account": self.credit.code, "credit": amount},
            ],
        }
        return self.send("entry.reported", document, **options)

    def cancel(self, cancels="entry", object_id="E-1", version=2, **options):
        source = {"system": "payroll", "object_id": object_id}
        document = {
            "kind": "cancellation",
            "schema_version": "1",
            "source": source | ({"version": version} if version else {}),
            "occurred_at": f"{DAY}T12:00:00Z",
            "cancels": cancels,
            "date": "2026-03-10",
            "reason": "Entered twice",
        }
        return self.send(f"{cancels}.cancelled", document, **options)

    def entries(self, object_id="E-1"):
        return self.env["account.move"].search(
            [("integration_source_id", "=", object_id), ("state", "=", "posted")], order="id"
        )

    def assert_nothing_is_left(self, moves):
        for account in moves.line_ids.account_id:
            lines = moves.line_ids.filtered(lambda line, account=account: line.account_id == account)
            self.assertAlmostEqual(sum(lines.mapped("balance")), 0.0)


@tagged("post_install", "-at_install")
class TestCancelledEntries(CancellationsCommon):
    def test_a_cancelled_entry_is_reversed_on_its_own_day_and_both_name_each_other(self):
        self.entry()
        message = self.cancel()
        self.assert_done(message)
        origin, reversal = self.entries()
        self.assertEqual(
            (origin.state, origin.date, reversal.date), ("posted", date(2026, 3, 2), date(2026, 3, 2))
        )
        self.assertEqual((reversal.reversed_entry_id, origin.reversal_move_ids), (origin, reversal))
        self.assertEqual(reversal.ref, "Reversal of PAY E-1")
        self.assertEqual(self.became(message, "account.move"), reversal)
        self.assertTrue(
            all(line.reconciled for line in (origin | reversal).line_ids if line.account_id == self.credit)
        )
        self.assert_nothing_is_left(origin | reversal)
        for move in (origin, reversal):
            self.assertIn("Entered twice", " ".join(move.message_ids.mapped("body")))
        self.assertEqual(message.about, "Cancellation of a document")
        self.assertEqual(
            message.flow_id.kind, "entry", "it is paused, and runs in shadow, with what it cancels"
        )

    def test_the_same_cancellation_again_reverses_nothing_again(self):
        self.entry()
        self.cancel()
        again = self.cancel(version=3)
        self.assertEqual((again.status, again.stage), ("done", "transformed"))
        self.assertEqual(len(self.entries()), 2)

    def test_in_a_locked_period_it_is_reversed_on_the_first_open_day_with_its_reference(self):
        self.entry()
        self.company.sudo().fiscalyear_lock_date = date(2026, 3, 31)
        self.cancel()
        origin, reversal = self.entries()
        self.assertEqual((origin.date, reversal.date), (date(2026, 3, 2), date(2026, 4, 1)))
        self.assertEqual(reversal.ref, "Reversal of PAY E-1")
        self.assertTrue(self.exceptions("late_document"))

    def test_a_cancellation_that_comes_before_its_entry_keeps_that_from_being_booked(self):
        early = self.cancel()
        late = self.entry()
        self.assertEqual((early.status, late.status), ("done", "superseded"))
        self.assertFalse(self.entries())

    def test_without_versions_a_person_is_asked(self):
        message = self.cancel(version=None)
        self.assertEqual((message.status, message.error_code), ("parked", "cancellation_unknown"))
        self.assertTrue(self.exceptions("cancellation_unknown"))

    def test_a_cancellation_overtakes_an_entry_that_could_not_be_booked(self):
        self.end_mapping(self.debit)
        stopped = self.entry()
        self.assertEqual(stopped.status, "parked")
        cancelled = self.cancel()
        self.env.invalidate_all()
        self.assertEqual((cancelled.status, stopped.status), ("done", "superseded"))
        self.assertFalse(self.entries())

    def test_an_entry_that_a_person_reversed_in_part_or_reset_is_for_a_person(self):
        self.entry()
        origin = self.entries()
        origin.with_user(self.env.user).button_draft()
        message = self.cancel()
        self.assertEqual((message.status, message.error_code), ("parked", "cancellation_impossible"))
        self.assertIn("not posted", message.error_text)

    def test_what_a_person_reversed_already_is_not_reversed_again(self):
        self.entry()
        self.entries()._reverse_moves([{"date": date(2026, 3, 5)}], cancel=True)
        message = self.cancel()
        self.assertEqual((message.status, message.stage), ("done", "transformed"))
        self.assertFalse(message.effect_ids)

    def test_after_a_cancellation_the_same_content_is_not_taken_for_booked(self):
        self.entry()
        self.cancel()
        again = self.entry(version=3)
        self.assertEqual((again.status, again.error_code), ("parked", "document_changed"))

    def test_an_entry_and_its_cancellation_in_one_batch(self):
        first = self.entry(drain=False)
        second = self.cancel(drain=False)
        self.drain(self.partner_connection)
        self.assert_done(first | second)
        self.assertEqual(len(self.entries()), 2)
        self.assert_nothing_is_left(self.entries())


@tagged("post_install", "-at_install")
class TestCancelledInvoices(CancellationsCommon):
    def test_an_open_invoice_is_credited_and_matched(self):
        invoice = self.issue("P-1")
        message = self.cancel("invoice", invoice.integration_source_id)
        self.assert_done(message)
        note = self.became(message, "account.move")
        self.assertEqual(
            (note.move_type, note.reversed_entry_id, note.state), ("out_refund", invoice, "posted")
        )
        self.assertEqual(
            (invoice.payment_state, invoice.amount_residual, note.amount_residual), ("reversed", 0, 0)
        )
        self.assertEqual((note.date, note.amount_tax), (invoice.date, invoice.amount_tax))
        self.assertTrue(note.integration_issued_elsewhere, "Odoo must not send a second legal document")
        self.assert_nothing_is_left(invoice | note)
        self.assertFalse(self.exceptions())

    def test_a_paid_invoice_stays_paid_and_a_person_is_told_of_the_credit(self):
        invoice = self.issue("P-2")
        self.stripe.charge(115000, "usd", settled=True, metadata={"invoice_number": "P-2"})
        self.send_stripe()
        self.assertEqual(invoice.amount_residual, 0)
        partials = invoice.line_ids.matched_credit_ids
        message = self.cancel("invoice", invoice.integration_source_id)
        self.assert_done(message)
        note = self.became(message, "account.move")
        self.assertTrue(partials.exists(), "the payment was taken off its invoice")
        self.assertEqual((invoice.amount_residual, note.amount_residual), (0, 1150.0))
        exception = self.exceptions("cancelled_after_payment")
        self.assertIn("$\xa01,150.00", exception.what)

    def test_a_cancelled_credit_note_gives_the_invoice_back_to_the_customer(self):
        invoice = self.issue("P-5")
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("1000.00"), ("STD",))
        today = self.clock.now.date()
        credit = documents.invoice("P-5-C", ANNA, [line], self.clock.now, due_date=today, credit_of="P-5")
        note = self.became(self.send_partner("credit_note.issued", credit), "account.move")
        self.assertEqual((note.move_type, invoice.amount_residual), ("out_refund", 0))
        message = self.cancel("invoice", note.integration_source_id)
        self.assert_done(message)
        reversal = self.became(message, "account.move")
        self.assertEqual(reversal.reversed_entry_id, note)
        self.assert_nothing_is_left(note | reversal)

    def test_an_invoice_that_is_credited_in_part_is_for_a_person(self):
        invoice = self.issue("P-3")
        note = invoice._reverse_moves([{"date": date(2026, 3, 3), "invoice_date": date(2026, 3, 3)}])
        note.invoice_line_ids.price_unit = 10
        note.action_post()
        message = self.cancel("invoice", invoice.integration_source_id)
        self.assertEqual((message.status, message.error_code), ("parked", "cancellation_impossible"))
        self.assertIn(note.name, message.error_text)
        self.assertEqual(len(invoice.reversal_move_ids), 1)


@tagged("post_install", "-at_install")
class TestCorrections(CancellationsCommon):
    def test_a_changed_legal_document_offers_no_correction(self):
        invoice = self.issue("P-9")
        message = invoice._integration_messages()
        message.with_env(self.root)
        binding = self.env["integration.binding"].search([("outside_id", "=", invoice.integration_source_id)])
        binding.sudo().content_digest = "another"
        changed = self.send(
            "invoice.cancelled",
            {
                "kind": "cancellation",
                "schema_version": "1",
                "source": {"system": "x", "object_id": "none"},
                "occurred_at": f"{DAY}T12:00:00Z",
                "cancels": "invoice",
                "date": DAY,
                "reason": "x",
            },
        )
        self.assertEqual(changed.error_code, "cancellation_unknown")
        self.assertFalse(self.exceptions("cancellation_unknown").fix)
