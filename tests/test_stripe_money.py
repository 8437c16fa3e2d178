# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Stripe's balance movements become posted, reconciled lines: policy F1-F4, F14, requirement S1."""

import copy
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import UserError

from ..models.reconciliation import waiting
from ..simulators.stripe.webhook import as_event
from .common import ANNA, IntegrationCommon


class TestStripeMoney(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.journal = self.stripe_connection.balance_account_ids.journal_id
        self.cash = self.journal.default_account_id
        self.invoice = self.issue("P-1001")  # 1,000.00 + 15 % = 1,150.00

    def pay(self, cents, number="P-1001", **facts):
        metadata = {"invoice_number": number} if number else {}
        return self.stripe.charge(cents, "usd", metadata=metadata, **facts)

    def test_full_payment_pays_the_invoice_on_its_own_date(self):
        charge = self.pay(115000)
        messages = self.send_stripe()
        self.assert_done(messages)
        movement = self.movement("payment", charge["id"])
        self.assertEqual(movement.application, "applied")
        self.assertEqual(movement.move_id.date, date(2026, 3, 2))
        self.assertEqual(movement.move_id.journal_id, self.journal)
        self.assertEqual(movement.invoice_ids, self.invoice)
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertEqual(self.balance(self.cash), Decimal("1150.00"))
        self.assertFalse(self.exceptions())

    def test_the_day_is_the_company_day(self):
        self.clock.advance(hours=12, minutes=30)  # 03:30 UTC on 3 March is 22:30 on 2 March in New York
        charge = self.pay(115000)
        self.send_stripe()
        self.assertEqual(self.movement("payment", charge["id"]).move_id.date, date(2026, 3, 2))

    def test_partial_payments(self):
        self.pay(40000)
        self.send_stripe()
        self.assertEqual(self.invoice.payment_state, "partial")
        self.assertEqual(self.invoice.amount_residual, 750.00)
        self.clock.advance(days=1)
        self.pay(75000)
        self.send_stripe()
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertFalse(self.exceptions())

    def test_two_payments_in_one_batch_share_one_invoice(self):
        first, second = self.pay(40000), self.pay(80000)
        self.send_stripe()
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertEqual(self.movement("payment", first["id"]).application, "applied")
        self.assertEqual(self.movement("payment", second["id"]).application, "partly")
        exception = self.exceptions("payment_excess")
        self.assertEqual(len(exception), 1)
        self.assertIn("$\xa050.00", exception.what)
        self.assertEqual(exception.at_stake.replace("\xa0", " "), "$ 50.00")

    def test_repeated_delivery_has_one_effect(self):
        self.pay(115000)
        events = self.stripe_events()
        self.send_stripe(events)
        self.send_stripe(events)
        self.assertEqual(self.env["integration.movement"].search_count([("type", "=", "payment")]), 1)
        self.assertEqual(self.balance(self.cash), Decimal("1150.00"))

    def test_a_redelivery_with_another_counter_is_the_same_event(self):
        self.pay(115000)
        [told] = self.stripe_events()
        self.send_stripe([told])
        verdict, _message = self.accept(
            self.stripe_connection, as_event({**told, "pending_webhooks": 3}).body
        )
        self.assertEqual(verdict, "duplicate")

    def test_the_same_id_with_another_amount_is_kept_for_a_person_and_books_nothing(self):
        self.pay(115000)
        [told] = self.stripe_events()
        self.send_stripe([told])
        forged = copy.deepcopy(told)
        forged["data"]["object"]["amount"] = 1
        for _delivery in range(2):
            verdict, message = self.accept(self.stripe_connection, as_event(forged).body)
            self.assertEqual((verdict, message.status), ("conflict", "parked"))
        self.assertEqual(self.drain(self.stripe_connection), 0)
        self.assertEqual(self.exceptions().mapped("code"), ["event_id_conflict"])
        self.assertEqual(self.env["integration.message"].search_count([("status", "=", "parked")]), 1)
        self.assertEqual(self.balance(self.cash), Decimal("1150.00"))

    def test_unknown_reference_is_an_open_credit(self):
        customer = self.stripe.create_customer(ANNA.name, ANNA.email)
        charge = self.pay(5000, "NOPE-1", customer_id=customer["id"])
        messages = self.send_stripe()
        self.assert_done(messages)
        movement = self.movement("payment", charge["id"])
        self.assertEqual(movement.application, "open")
        self.assertEqual(movement.partner_id, self.invoice.partner_id)
        self.assertEqual(movement.counterpart_id.account_id.account_type, "asset_receivable")
        exception = self.exceptions()
        self.assertEqual(exception.code, "payment_reference_unknown")
        self.assertEqual(
            exception.what,
            f"$\xa050.00 of {ANNA.name} is booked, but its reference “NOPE-1” is no invoice here.",
        )
        self.assertEqual(exception.at_stake.replace("\xa0", " "), "$ 50.00")
        self.assertEqual(self.balance(self.cash), Decimal("50.00"))

    def test_unknown_party_is_unidentified(self):
        charge = self.pay(5000, None)
        self.send_stripe()
        movement = self.movement("payment", charge["id"])
        self.assertEqual(movement.application, "unidentified")
        self.assertEqual(self.balance(self.role("UNID")), Decimal("-50.00"))
        self.assertEqual(self.exceptions().mapped("code"), ["payment_party_unknown"])

    def test_closed_invoice_gets_no_second_payment(self):
        self.pay(115000)
        self.send_stripe()
        second = self.pay(115000)
        self.send_stripe()
        self.assertEqual(self.movement("payment", second["id"]).application, "open")
        self.assertEqual(self.exceptions().mapped("code"), ["payment_invoice_closed"])
        self.assertEqual(self.balance(self.cash), Decimal("2300.00"))

    def test_payment_before_its_invoice_is_applied_when_the_invoice_comes(self):
        charge = self.pay(23000, "P-2002")
        self.send_stripe()
        movement = self.movement("payment", charge["id"])
        self.assertEqual(movement.application, "unidentified")
        self.clock.advance(days=1)
        invoice = self.issue("P-2002", amount="200.00")
        self.assertEqual(movement.application, "applied")
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(self.balance(self.role("UNID")), Decimal("0"))
        self.assertFalse(self.exceptions())

    def test_failed_payment_books_nothing(self):
        charge = self.stripe.failed_charge(115000, "usd", metadata={"invoice_number": "P-1001"})
        self.assert_done(self.send_stripe())
        movement = self.movement("payment", charge["id"])
        self.assertFalse(movement.changes_balance)
        self.assertFalse(movement.statement_line_id)
        self.assertEqual(self.invoice.payment_state, "not_paid")
        self.assertEqual(self.balance(self.cash), Decimal("0"))

    def test_fee_comes_with_the_ledger_line(self):
        charge = self.pay(115000)
        self.send_stripe()
        self.stripe.settle(charge["id"])
        self.send_stripe()
        self.pull_stripe()
        movement = self.movement("payment", charge["id"])
        self.assertTrue(movement.balance_transaction)
        fee = self.movement("fee", movement.balance_transaction)
        self.assertEqual(fee.amount, -33.65)  # 2.9 % of 1,150.00 + 0.30
        self.assertEqual(self.balance(self.role("FEE")), Decimal("33.65"))
        self.assertEqual(self.balance(self.cash), Decimal("1116.35"))

    def test_the_list_alone_books_everything(self):
        """Webhooks may be lost: what was fetched books the payment too, and a late webhook changes nothing."""
        charge = self.pay(115000, settled=True)
        late = self.stripe_events()
        self.pull_stripe()
        self.assertEqual(self.invoice.payment_state, "paid")
        self.send_stripe(late)
        self.assertEqual(
            self.env["integration.movement"].search_count([("movement_id", "=", charge["id"])]), 1
        )
        self.assertEqual(self.balance(self.cash), Decimal("1116.35"))

    def test_full_refund_asks_for_its_credit_note_and_is_matched_with_it(self):
        charge = self.pay(115000, settled=True)
        self.send_stripe()
        refund = self.stripe.refund(charge["id"])
        self.assert_done(self.send_stripe())
        movement = self.movement("refund", refund["id"])
        self.assertEqual(movement.amount, -1150.00)
        self.assertEqual(movement.application, "credit_note")
        self.assertEqual(self.invoice.payment_state, "paid")  # revenue and the payment still stand
        exception = self.exceptions("refund_without_credit_note")
        action = exception.action_create_credit_note()
        note = self.env["account.move"].browse(action["res_id"])
        self.assertEqual((note.state, note.amount_total), ("draft", 1150.00))
        note.action_post()
        self.env["integration.waiting"]._apply(note.ids)
        self.assertEqual(movement.application, "applied")
        self.assertEqual(exception.state, "resolved")
        self.assertTrue(note.line_ids.filtered(lambda line: line.display_type == "payment_term").reconciled)

    def test_partial_refund_gives_a_credit_note_to_the_cent(self):
        charge = self.pay(115000, settled=True)
        self.send_stripe()
        self.stripe.refund(charge["id"], 33333)
        self.send_stripe()
        action = self.exceptions("refund_without_credit_note").action_create_credit_note()
        self.assertEqual(self.env["account.move"].browse(action["res_id"]).amount_total, 333.33)

    def test_refund_before_its_charge(self):
        charge = self.pay(115000, settled=True)
        paid = self.stripe_events()
        refund = self.stripe.refund(charge["id"])
        self.send_stripe()
        movement = self.movement("refund", refund["id"])
        self.assertEqual(movement.application, "unidentified")
        self.assertEqual(self.balance(self.role("UNID")), Decimal("1150.00"))
        self.send_stripe(paid)
        self.assertEqual(movement.application, "credit_note")
        self.assertEqual(self.balance(self.role("UNID")), Decimal("0"))
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertEqual(self.exceptions().mapped("code"), ["refund_without_credit_note"])

    def test_debit_taken_back_opens_the_invoice_again(self):
        charge = self.stripe.start_debit(115000, "usd", metadata={"invoice_number": "P-1001"})
        self.send_stripe()
        self.stripe.complete_debit(charge["id"])
        self.send_stripe()
        self.assertEqual(self.invoice.payment_state, "paid")
        self.clock.advance(days=3)
        self.stripe.fail_debit(charge["id"])
        self.send_stripe()
        self.pull_stripe()
        self.assertEqual(self.invoice.payment_state, "not_paid")
        self.assertEqual(self.invoice.amount_residual, 1150.00)
        receivable = self.invoice.partner_id.property_account_receivable_id
        self.assertEqual(self.balance(receivable), Decimal("1150.00"))

    def test_payout_goes_to_transit_and_back(self):
        self.pay(115000, settled=True)
        self.send_stripe()
        self.pull_stripe()
        self.clock.advance(days=3)
        payout = self.stripe.pay_out("usd")
        self.send_stripe()
        self.assertEqual(self.balance(self.role("TRANSIT")), Decimal("1116.35"))
        self.assertEqual(self.balance(self.cash), Decimal("0"))
        self.stripe.fail_payout(payout["id"])
        self.send_stripe()
        self.pull_stripe()
        self.assertEqual(self.balance(self.role("TRANSIT")), Decimal("0"))
        self.assertEqual(self.balance(self.cash), Decimal("1116.35"))

    def test_charge_in_a_currency_without_balance_waits_for_the_settled_amount(self):
        self.env.ref("base.EUR").active = True
        self.stripe.conversions["eur"] = ("usd", Decimal("1.085"))
        charge = self.stripe.charge(40000, "eur", metadata={"invoice_number": "P-1001"})
        [message] = self.send_stripe()
        self.assertEqual((message.status, message.error_code), ("waiting", "settlement_amount_unknown"))
        self.assertEqual(self.balance(self.cash), Decimal("0"))
        self.stripe.settle(charge["id"])
        self.send_stripe()
        self.pull_stripe()
        self.drain(self.stripe_connection)
        movement = self.movement("payment", charge["id"])
        self.assertEqual((movement.settled_amount, movement.settled_currency_id.name), (434.00, "USD"))
        self.assertEqual((movement.amount, movement.currency_id.name), (400.00, "EUR"))
        self.assertEqual(self.balance(self.cash), Decimal("421.11"))  # 434.00 less 2.9 % and 0.30
        self.assertEqual(message.status, "done")
        self.assertEqual(movement.statement_line_id.foreign_currency_id.name, "EUR")
        exception = self.exceptions()
        self.assertEqual(exception.code, "payment_currency_differs")
        exception.fix_invoice_ids = self.invoice
        exception.action_apply()
        self.assertEqual((movement.application, exception.state), ("applied", "resolved"))
        self.assertEqual(self.invoice.amount_residual, 716.00)  # 1,150.00 less the 434.00 that arrived

    def test_the_processor_statement_agrees_with_the_provider_day_by_day(self):
        self.stripe_connection.fetch_from = date(2026, 3, 2)
        charge = self.pay(115000, settled=True)
        self.clock.advance(days=2)
        self.stripe.refund(charge["id"], 5000)
        self.stripe.pay_out("usd", 20000)
        self.send_stripe()
        self.clock.advance(days=1)
        self.pull_stripe()
        self.pull_stripe("balances")
        first, _quiet, second = self.env["integration.processor.statement"].search([], order="date")
        self.assertEqual(
            (first.opening, first.charges, first.fees, first.closing), (0, 1150.00, -33.65, 1116.35)
        )
        self.assertEqual(
            (second.opening, second.refunds, second.payouts, second.closing), (1116.35, -50, -200, 866.35)
        )
        self.assertEqual((first.state, second.state), ("agrees", "agrees"))
        self.assertTrue(
            all(row.statement_id.is_complete and row.statement_id.is_valid for row in first | second)
        )
        self.assertEqual(second.statement_id.balance_end_real, 866.35)
        self.assertFalse(self.exceptions("balance_differs"))

    def test_a_missing_movement_shows_as_a_difference_and_settles_itself(self):
        self.stripe_connection.fetch_from = date(2026, 3, 2)
        self.pay(115000, settled=True)
        self.clock.advance(days=3)
        self.pull_stripe("balances")
        statement, *later = self.env["integration.processor.statement"].search([], order="date")
        self.assertEqual((statement.state, statement.difference), ("differs", 1116.35))
        self.assertEqual([row.difference for row in later], [1116.35, 1116.35])  # carried over: one exception
        exception = self.exceptions("balance_differs")
        self.assertIn("1,116.35", exception.what)
        self.assertEqual(len(exception), 1)
        self.pull_stripe()
        self.assertEqual({(row.state, row.difference) for row in (statement, *later)}, {("agrees", 0.0)})
        self.assertEqual(exception.state, "resolved")

    def test_money_of_a_locked_period_is_booked_on_the_first_open_day(self):
        self.company.fiscalyear_lock_date = date(2026, 3, 31)
        charge = self.pay(115000)
        self.assert_done(self.send_stripe())
        movement = self.movement("payment", charge["id"])
        self.assertEqual((movement.event_date, movement.move_id.date), (date(2026, 3, 2), date(2026, 4, 1)))
        self.assertEqual(movement.move_id.integration_event_date, date(2026, 3, 2))
        self.assertEqual(self.exceptions().mapped("code"), ["late_movement"])

    def test_buttons_apply_and_identify_money(self):
        charge = self.pay(115000, None)
        self.send_stripe()
        exception = self.exceptions("payment_party_unknown")
        exception.fix_partner_id = self.invoice.partner_id
        exception.action_identify()
        movement = self.movement("payment", charge["id"])
        self.assertEqual((movement.application, exception.state), ("open", "resolved"))
        self.assertEqual(self.balance(self.role("UNID")), Decimal("0"))
        follow = self.exceptions("payment_without_reference")
        follow.fix_invoice_ids = self.invoice
        follow.action_apply()
        self.assertEqual((movement.application, follow.state), ("applied", "resolved"))
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertFalse(self.exceptions())

    def test_an_invoice_posted_by_hand_takes_the_money_that_waits_for_it(self):
        draft = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner_a.id,
                "invoice_date": date(2026, 3, 1),
                "payment_reference": "ORDER-7",
                "invoice_line_ids": [
                    (0, 0, {"name": "Advice", "quantity": 1, "price_unit": 80.0, "tax_ids": False})
                ],
            }
        )
        charge = self.pay(8000, "ORDER-7")
        self.send_stripe()
        draft.action_post()
        self.env["integration.waiting"]._apply(draft.ids)
        self.assertEqual(self.movement("payment", charge["id"]).application, "applied")
        self.assertEqual(draft.payment_state, "paid")

    def test_money_that_waits_for_ever_keeps_no_other_from_a_second_look(self):
        for number in ("ORDER-7", "ORDER-8"):
            self.pay(8000, number)
            self.send_stripe()
            draft = self.env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_a.id,
                    "invoice_date": date(2026, 3, 1),
                    "payment_reference": number,
                    "invoice_line_ids": [
                        (0, 0, {"name": "Advice", "quantity": 1, "price_unit": 80.0, "tax_ids": False})
                    ],
                }
            )
            draft.action_post()
        self.env.flush_all()
        waits = self.root["integration.waiting"]
        both = waits._unmatched_payments()
        self.assertEqual(len(both), 2)
        with patch.object(waiting, "MAX_WAITING", 1):
            looked_at = {tuple(waits._unmatched_payments()) for _time in range(100)}
        self.assertEqual(looked_at, {(movement_id,) for movement_id in both})

    def test_a_person_may_leave_money_as_it_is_booked(self):
        customer = self.stripe.create_customer(ANNA.name, ANNA.email)
        charge = self.pay(5000, None, customer_id=customer["id"])
        stranger = self.pay(700, None)
        self.send_stripe()
        exception = self.exceptions("payment_without_reference")
        exception.action_leave_open()
        movement = self.movement("payment", charge["id"])
        self.assertEqual((exception.state, movement.application), ("resolved", "open"))
        self.assertFalse(movement.exception_id)
        with self.assertRaises(UserError):  # nobody's money cannot be left to nobody
            self.exceptions("payment_party_unknown").action_leave_open()
        self.assertEqual(self.movement("payment", stranger["id"]).application, "unidentified")

    def test_a_match_made_with_odoos_own_tools_is_noticed(self):
        customer = self.stripe.create_customer(ANNA.name, ANNA.email)
        charge = self.pay(115000, None, customer_id=customer["id"])
        self.send_stripe()
        movement = self.movement("payment", charge["id"])
        exception = self.exceptions("payment_without_reference")
        receivable = self.invoice.line_ids.filtered(lambda line: line.display_type == "payment_term")
        (movement.counterpart_id | receivable).reconcile()
        self.root["integration.waiting"]._cron_notice()
        self.env.invalidate_all()
        self.assertEqual((movement.application, exception.state), ("applied", "resolved"))

    def test_fees_against_the_providers_invoice(self):
        provider = self.env["res.partner"].create({"name": "Stripe Payments Europe"})
        self.stripe_connection.write({"fee_mode": "vendor", "fee_partner_id": provider.id})
        self.pay(115000, settled=True)
        self.send_stripe()
        self.pull_stripe()
        self.assertEqual(self.balance(self.role("AP-PSP")), Decimal("33.65"))
        self.assertEqual(self.balance(self.role("FEE")), Decimal("0"))
        line = self.env["account.move.line"].search([("account_id", "=", self.role("AP-PSP").id)])
        self.assertEqual(line.partner_id, provider)
