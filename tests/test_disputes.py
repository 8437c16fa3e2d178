# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A dispute through its life: evidence, money, outcome (R18, O6, policy F17)."""

from datetime import date, datetime
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.tests import new_test_user

from .common import ANNA, IntegrationCommon


class TestDisputes(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self.issue("P-1001")  # 1,150.00
        self.charge = self.stripe.charge(
            115000, "usd", settled=True, metadata={"invoice_number": "P-1001"}, name=ANNA.name
        )
        self.send()
        self.clock.advance(days=1)

    def send(self, pull=True):
        self.send_stripe()
        if pull:
            self.pull_stripe()

    def dispute(self, dispute_id):
        found = self.env["integration.dispute"].search([("dispute_id", "=", dispute_id)])
        self.assertEqual(len(found), 1, self.stopped())
        return found

    def open(self, **facts):
        told = self.stripe.open_dispute(self.charge["id"], **facts)
        self.send()
        return self.dispute(told["id"])

    def test_opened_it_has_its_payment_its_money_and_a_day(self):
        dispute = self.open()
        self.assertEqual((dispute.state, dispute.amount), ("needs_response", 1150.0))
        self.assertEqual(dispute.opened_on, date(2026, 3, 3))
        self.assertEqual(dispute.evidence_due, datetime(2026, 3, 12, 15, 0))  # noqa: DTZ001 - as Odoo keeps it
        self.assertEqual(dispute.payment_id.movement_id, self.charge["id"])
        self.assertEqual((dispute.invoice_ids, dispute.partner_id), (self.invoice, self.invoice.partner_id))
        self.assertEqual((dispute.withdrawn, dispute.given_back, dispute.fees), (1150.0, 0.0, 15.0))
        self.assertEqual(
            (dispute.open_amount, self.balance(self.role("AR-DISP"))), (1150.0, Decimal("1150.00"))
        )
        self.assertEqual(self.balance(self.role("FEE-D")), Decimal("15.00"))
        self.assertEqual(self.invoice.payment_state, "paid")  # else dunning would run
        exception = self.exceptions("dispute_opened")
        self.assertEqual((len(exception), exception.deadline), (1, dispute.evidence_due))
        self.assertIn(dispute.dispute_id, exception.what)

    def test_won_the_money_is_back(self):
        dispute = self.open()
        exception = self.exceptions("dispute_opened")
        self.clock.advance(days=5)
        self.stripe.close_dispute(dispute.dispute_id, won=True)
        self.send()
        self.assertEqual((dispute.state, dispute.decided_on), ("won", date(2026, 3, 8)))
        self.assertEqual((dispute.withdrawn, dispute.given_back, dispute.fees), (1150.0, 1150.0, 15.0))
        self.assertEqual(self.balance(self.role("AR-DISP")), Decimal("0.00"))
        self.assertEqual(exception.state, "resolved")
        self.assertFalse(self.exceptions("dispute_lost"))

    def test_lost_it_is_booked_with_a_second_person(self):
        dispute = self.open()
        with self.assertRaises(UserError):
            dispute.action_book_loss()
        self.clock.advance(days=5)
        self.stripe.close_dispute(dispute.dispute_id, won=False)
        self.send()
        exception = self.exceptions("dispute_lost")
        self.assertEqual((dispute.state, len(exception)), ("lost", 1))
        self.assertEqual(self.balance(self.role("BAD")), Decimal("0"))
        dispute.action_book_loss()
        request = self.env["integration.change.request"].search([("res_model", "=", "integration.dispute")])
        self.assertEqual((request.kind, request.amount), ("write_off", 1150.0))
        with self.assertRaises(UserError):
            request.action_approve()
        self.assertEqual(self.balance(self.role("BAD")), Decimal("0"))
        controller = new_test_user(  # who decides about write-offs of 500 and more
            self.env,
            "dispute_controller",
            groups="account.group_account_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        request.with_user(controller).action_approve()
        self.env.invalidate_all()
        self.assertEqual(self.balance(self.role("BAD")), Decimal("1150.00"))
        self.assertEqual(self.balance(self.role("AR-DISP")), Decimal("0.00"))
        self.assertEqual((dispute.loss_move_id.date, dispute.open_amount), (date(2026, 3, 8), 0.0))
        self.assertEqual(exception.state, "resolved")
        with self.assertRaises(UserError):
            dispute.action_book_loss()

    def test_won_after_all_an_approval_that_waits_books_nothing(self):
        dispute = self.open(amount=40000)
        self.clock.advance(days=5)
        self.stripe.close_dispute(dispute.dispute_id, won=False)
        self.send()
        dispute.action_book_loss()
        request = self.env["integration.change.request"].search([("res_model", "=", "integration.dispute")])
        self.clock.advance(days=1)
        told = self.stripe._held(self.stripe.disputes, dispute.dispute_id)
        told["status"] = "won"  # the money is not there yet
        self.stripe._tell("charge.dispute.closed", told, {"status": "lost"})
        self.send_stripe()
        self.assertEqual((dispute.state, dispute.open_amount), ("won", 400.0))
        decider = new_test_user(
            self.env,
            "dispute_decider",
            groups="finance_integration.group_approver",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.assertRaisesRegex(UserError, "not one of this dispute"), self.env.cr.savepoint():
            request.with_user(decider).action_approve()
        self.env.invalidate_all()
        self.assertEqual((request.state, dispute.loss_move_id.id), ("asked", False))
        self.assertEqual(self.balance(self.role("BAD")), Decimal("0"))
        self.assertEqual(self.balance(self.role("AR-DISP")), Decimal("400.00"))

    def test_lost_for_goods_that_came_back_a_credit_note_is_set_off(self):
        dispute = self.open(amount=40000)
        self.clock.advance(days=5)
        self.stripe.close_dispute(dispute.dispute_id, won=False)
        self.send()
        with self.assertRaisesRegex(UserError, "No open credit note"):
            dispute.action_set_off()
        note = self.invoice._reverse_moves([{"date": date(2026, 3, 9), "invoice_date": date(2026, 3, 9)}])
        note.action_post()  # 1,150.00
        dispute.action_set_off()
        self.assertEqual((dispute.open_amount, self.balance(self.role("AR-DISP"))), (0.0, Decimal("0.00")))
        self.assertEqual(note.amount_residual, 750.0)
        self.assertEqual(self.balance(self.role("BAD")), Decimal("0"))
        self.assertFalse(self.exceptions("dispute_lost"))
        with self.assertRaises(UserError):
            dispute.action_set_off()

    def test_a_part_of_a_payment(self):
        dispute = self.open(amount=40000)
        self.assertEqual((dispute.amount, dispute.withdrawn), (400.0, 400.0))
        self.assertEqual(self.balance(self.role("AR-DISP")), Decimal("400.00"))

    def test_an_inquiry_moves_nothing_and_may_end_without_a_dispute(self):
        told = self.stripe.open_inquiry(self.charge["id"])
        self.send()
        dispute = self.dispute(told["id"])
        self.assertEqual((dispute.state, dispute.withdrawn, dispute.open_amount), ("inquiry", 0.0, 0.0))
        self.assertEqual(len(self.exceptions("dispute_opened")), 1)
        self.stripe.close_inquiry(told["id"])
        self.clock.advance(hours=1)
        self.send()
        self.assertEqual(dispute.state, "closed")
        self.assertFalse(self.exceptions("dispute_opened"))

    def test_an_inquiry_becomes_a_dispute(self):
        told = self.stripe.open_inquiry(self.charge["id"])
        self.send()
        self.clock.advance(days=1)
        self.stripe.escalate(told["id"])
        self.send()
        dispute = self.dispute(told["id"])
        self.assertEqual((dispute.state, dispute.withdrawn), ("needs_response", 1150.0))

    def test_events_in_any_order_end_the_same(self):
        told = self.stripe.open_dispute(self.charge["id"])
        self.clock.advance(days=5)
        self.stripe.close_dispute(told["id"], won=False)
        events = self.stripe_events()
        self.pull_stripe()
        self.assertEqual(self.dispute(told["id"]).state, "not_told")
        self.send_stripe(list(reversed(events)))
        self.assertEqual(self.dispute(told["id"]).state, "lost")
        self.send_stripe(events)
        self.assertEqual(self.dispute(told["id"]).state, "lost")
        self.assertEqual(self.balance(self.role("AR-DISP")), Decimal("1150.00"))

    def test_a_dispute_of_a_refunded_payment(self):
        self.stripe.refund(self.charge["id"])
        self.send()
        told = self.stripe.open_inquiry(self.charge["id"])
        self.send()
        dispute = self.dispute(told["id"])
        self.assertEqual((dispute.refunded, dispute.after_refund), (1150.0, True))
        self.assertEqual(len(self.exceptions("dispute_after_refund")), 1)
        self.assertEqual(self.balance(self.role("AR-DISP")), Decimal("0"))

    def test_a_dispute_before_its_payment_is_tied_later(self):
        other = self.stripe.charge(10000, "usd", settled=True)
        late = self.stripe_events()
        told = self.stripe.open_dispute(other["id"])
        self.send_stripe()
        dispute = self.dispute(told["id"])
        self.assertFalse(dispute.payment_id)
        self.send_stripe(late)
        self.assertEqual(dispute.payment_id.movement_id, other["id"])

    def test_what_was_lost_so_far_adds_no_currencies_up(self):
        """100 USD won, and 10,000 JPY lost, which are 100 USD here: half, and not 99 %."""
        yen = self.env.ref("base.JPY")
        yen.active = True
        rates = self.env["res.currency.rate"]
        rates.search([("currency_id", "=", yen.id)]).unlink()
        rates.create(
            {"currency_id": yen.id, "company_id": self.company.id, "name": "2026-03-01", "rate": 100.0}
        )
        decided = [("won", 100.0, self.company.currency_id), ("lost", 10000.0, yen)]
        for state, amount, currency in decided:
            self.env["integration.dispute"].sudo().create(
                {
                    "connection_id": self.stripe_connection.id,
                    "dispute_id": f"du_{state}",
                    "state": state,
                    "amount": amount,
                    "withdrawn": amount,
                    "currency_id": currency.id,
                    "money_currency_id": currency.id,
                    "opened_on": date(2026, 3, 2),
                }
            )
        allowance = self.env["integration.dispute.allowance"].create(
            {"connection_id": self.stripe_connection.id, "date": date(2026, 3, 31), "rate": 80.0}
        )
        allowance.action_take_rate()
        self.assertEqual(allowance.rate, 50.0)

    def test_what_open_disputes_will_cost_is_booked_at_the_month_end_and_taken_back(self):
        self.open(amount=40000)
        allowance = self.env["integration.dispute.allowance"].create(
            {"connection_id": self.stripe_connection.id, "date": date(2026, 3, 31), "rate": 50.0}
        )
        self.assertEqual((allowance.exposure, allowance.amount), (400.0, 200.0))
        with self.assertRaisesRegex(UserError, "No dispute was decided"):
            allowance.action_take_rate()
        allowance.action_ask()
        request = self.env["integration.change.request"].search([("res_model", "=", allowance._name)])
        self.assertEqual((request.kind, request.amount), ("entry", 200.0))
        with self.assertRaises(UserError):
            request.action_approve()
        self.assertEqual(self.balance(self.role("BAD")), Decimal("0"))
        ann = new_test_user(
            self.env,
            "allowance_ann",
            groups="finance_integration.group_approver",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        request.with_user(ann).action_approve()
        self.env.invalidate_all()
        self.assertEqual(allowance.state, "booked")
        self.assertEqual(
            (allowance.move_id.date, allowance.reversal_id.date), (date(2026, 3, 31), date(2026, 4, 1))
        )
        [line] = allowance.move_id.line_ids.filtered(lambda row: row.account_id == self.role("ALLOW"))
        self.assertEqual(line.balance, -200.0)
        self.assertEqual(self.balance(self.role("ALLOW")), Decimal("0.00"))
        self.assertEqual(allowance.reversal_id.reversed_entry_id, allowance.move_id)
        with self.assertRaises(UserError):
            allowance.rate = 60.0
