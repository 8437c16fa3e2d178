# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What was collected for another company goes back: mirrored in both companies, to the cent (C5, policy F19)."""

from datetime import date
from decimal import Decimal

from .intercompany_common import IntercompanyCommon

ZERO = Decimal("0")


class TestReturned(IntercompanyCommon):
    def collected(self, cents=11500):
        """Return (invoice, charge) of money that was collected."""
        invoice = self.bill(amount=cents / 100)
        charge = self.stripe.charge(cents, "usd", metadata={"invoice_number": "B-1"}, settled=True)
        self.send_stripe()
        self.assertEqual(len(self.collections()), 1, self.stopped())
        return invoice, charge

    def owing(self):
        """Return what stands between the companies: (owed here, due there)."""
        return self.balance(self.owed), self.balance(self.due)

    def receivable(self, invoice):
        return invoice.line_ids.filtered(lambda line: line.display_type == "payment_term").account_id

    def theirs_asked(self):
        return self.root["integration.exception"].search(
            [("company_id", "=", self.other.id), ("state", "=", "open")]
        )

    def test_a_refund_is_mirrored_and_asks_there_for_the_credit_note(self):
        invoice, charge = self.collected()
        self.clock.advance(days=2)
        refund = self.stripe.refund(charge["id"])
        self.assert_done(self.send_stripe())
        movement = self.movement("refund", refund["id"])
        first, back = self.collections()
        self.assertEqual((back.kind, back.amount, back.undoes_id), ("refunded", 115.0, first))
        self.assertEqual((first.rest, back.rest), (0.0, 115.0))
        self.assertEqual(back.move_id.ref, back.payee_move_id.ref)
        self.assertEqual({back.move_id.date, back.payee_move_id.date}, {date(2026, 3, 4)})
        self.assertEqual(self.owing(), (ZERO, ZERO))
        self.assertTrue(all(line.reconciled for line in (first | back).move_id.line_ids))
        due = (first | back).payee_move_id.line_ids.filtered(lambda line: line.account_id == self.due)
        self.assertTrue(all(line.reconciled for line in due))
        self.assertEqual((movement.application, self.balance(self.role("UNID"))), ("applied", ZERO))
        self.assertFalse(self.exceptions("refund_without_credit_note"))
        # The invoice stays paid, the customer's account there shows what was sent back, and revenue stands.
        self.assertEqual(
            (invoice.amount_residual, self.balance(self.receivable(invoice))), (0.0, Decimal("115.00"))
        )
        asked = self.theirs_asked()
        self.assertEqual(asked.mapped("code"), ["collected_credit_missing"])
        self.assertIn(self.company.name, asked.what)
        note = self.credit(invoice, 115.0, date(2026, 3, 4))
        self.root["integration.waiting"]._apply(note.ids)
        self.env.invalidate_all()
        self.assertEqual((note.amount_residual, self.balance(self.receivable(invoice))), (0.0, ZERO))
        self.assertEqual(asked.state, "resolved")

    def test_a_credit_note_that_is_there_is_matched_at_once(self):
        invoice, charge = self.collected()
        note = self.credit(invoice, 30.0)
        self.stripe.refund(charge["id"], 3000)
        self.send_stripe()
        self.assertEqual(note.amount_residual, 0.0)
        self.assertFalse(self.theirs_asked())
        self.assertEqual(self.owing(), (Decimal("-85.00"), Decimal("85.00")))

    def test_parts_come_back_one_after_the_other_and_no_more_than_all(self):
        _invoice, charge = self.collected()
        for cents, rest in ((3000, 85.0), (2500, 60.0)):
            events = self.stripe.refund(charge["id"], cents) and self.stripe_events()
            self.send_stripe(events)
            self.send_stripe(events)
            self.assertEqual(self.collections()[0].rest, rest)
        self.assertEqual(self.owing(), (Decimal("-60.00"), Decimal("60.00")))
        self.assertEqual(self.between(), (3, 3))

    def test_a_refund_that_came_back_is_owed_again(self):
        invoice, charge = self.collected()
        refund = self.stripe.refund(charge["id"])
        self.send_stripe()
        self.assertEqual(self.owing(), (ZERO, ZERO))
        self.stripe.fail_refund(refund["id"])
        self.send_stripe()
        self.pull_stripe()
        rows = self.collections()
        self.assertEqual(rows.mapped("kind"), ["collected", "refunded", "refund_returned"])
        self.assertEqual(rows.mapped("rest"), [115.0, 0.0, 115.0])
        self.assertEqual(self.owing(), (Decimal("-115.00"), Decimal("115.00")))
        self.assertEqual(self.balance(self.receivable(invoice)), ZERO)
        self.assertEqual(self.movement("refund_return", refund["id"]).application, "applied")

    def test_a_refund_before_its_payment_is_mirrored_when_that_is_known(self):
        self.bill()
        charge = self.stripe.charge(11500, "usd", metadata={"invoice_number": "B-1"}, settled=True)
        paid = self.stripe_events()
        refund = self.stripe.refund(charge["id"])
        self.send_stripe()
        self.assertEqual((self.between(), len(self.exceptions())), ((0, 0), 1))
        self.send_stripe(paid)
        self.assertEqual(self.collections().mapped("kind"), ["collected", "refunded"])
        self.assertEqual((self.owing(), self.balance(self.role("UNID"))), ((ZERO, ZERO), ZERO))
        self.assertEqual(self.movement("refund", refund["id"]).application, "applied")
        self.assertFalse(self.exceptions())

    def test_a_debit_that_was_taken_back_opens_the_invoice_there_again(self):
        invoice = self.bill()
        charge = self.stripe.start_debit(11500, "usd", metadata={"invoice_number": "B-1"})
        self.send_stripe()
        self.stripe.complete_debit(charge["id"])
        self.send_stripe()
        self.assertEqual(invoice.amount_residual, 0.0, self.stopped())
        self.clock.advance(days=3)
        self.stripe.fail_debit(charge["id"])
        self.send_stripe()
        self.pull_stripe()
        self.assertEqual(self.collections().mapped("kind"), ["collected", "taken_back"], self.stopped())
        self.assertEqual((invoice.amount_residual, invoice.payment_state), (115.0, "not_paid"))
        self.assertEqual(self.owing(), (ZERO, ZERO))
        self.assertEqual(self.balance(self.receivable(invoice)), Decimal("115.00"))
        self.assertEqual(self.balance(self.role("UNID")), ZERO)
        # Paid once more, it is collected once more.
        self.paid(11500)
        self.assertEqual((invoice.amount_residual, self.owing()[0]), (0.0, Decimal("-115.00")))

    def test_on_a_locked_day_neither_side_goes_back_until_somebody_decides(self):
        _invoice, charge = self.collected()
        self.other.sudo().fiscalyear_lock_date = date(2026, 3, 31)
        refund = self.stripe.refund(charge["id"])
        self.send_stripe()
        movement = self.movement("refund", refund["id"])
        exception = self.exceptions("collect_locked")
        self.assertEqual((self.between(), self.owing()[0]), ((1, 1), Decimal("-115.00")))
        self.assertEqual(movement.move_id.state, "posted")
        self.ask(exception.with_user(self.operator).action_collect())
        self.assertEqual(self.between(), (1, 1))
        self.decide(exception)
        self.assertEqual((self.between(), self.owing()), ((2, 2), (ZERO, ZERO)))
        self.assertEqual(self.collections()[-1].date, date(2026, 4, 1))
        self.assertEqual((movement.application, exception.state), ("applied", "resolved"))

    def test_what_does_not_tell_its_part_is_for_a_person(self):
        invoice, charge = self.collected()
        row = self.collections()
        self.stripe.refund(charge["id"], 3000)
        # A part of the same payment was applied to an invoice of its own company.
        own = self.issue("P-1", amount="100.00")
        row.movement_id.sudo().invoice_ids = [(4, own.id)]
        self.send_stripe()
        self.assertEqual(self.exceptions().mapped("code"), ["collect_refund_unclear"])
        self.assertEqual((self.between(), invoice.amount_residual), ((1, 1), 0.0))
