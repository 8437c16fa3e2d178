# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The processor statement: ledger = provider's balance per account, currency and day (R17)."""

from datetime import date
from decimal import Decimal

from .test_payouts import PayoutCommon


class TestProcessorStatement(PayoutCommon):
    def setUp(self):
        super().setUp()
        self.stripe_connection.fetch_from = date(2026, 3, 2)
        self.account = self.stripe_connection.balance_account_ids

    def statements(self):
        return self.env["integration.processor.statement"].search([], order="date")

    def test_every_part_of_a_day_and_its_balance_to_the_cent(self):
        charge = self.stripe.charge(115000, "usd", settled=True)
        lost = self.stripe.charge(10000, "usd", settled=True)
        self.clock.advance(days=3)
        self.stripe.refund(charge["id"], 5000)
        self.stripe.open_dispute(lost["id"])
        self.stripe.account_fee(250, "usd", "Radar")
        self.stripe.pay_out("usd")
        self.clock.advance(days=1)
        self.send_stripe()
        self.pull_stripe()
        self.pull_stripe("balances")
        first, *_quiet, last = self.statements()
        # 1,150.00 and 100.00; fees of 2.9 % and 0.30 each: 33.65 and 3.20
        self.assertEqual((first.opening, first.charges, first.fees), (0.0, 1250.00, -36.85))
        self.assertEqual((first.closing, first.provider_closing, first.state), (1213.15, 1213.15, "agrees"))
        self.assertEqual((last.opening, last.charges, last.refunds), (1213.15, 0.0, -50.00))
        self.assertEqual((last.disputes, last.fees), (-100.00, -17.50))  # dispute fee 15.00, Radar 2.50
        self.assertEqual((last.payouts, last.closing, last.difference), (-1045.65, 0.0, 0.0))
        self.assertEqual((last.provider_count, last.booked_count, last.missing_count), (4, 4, 0))
        self.assertEqual(self.balance(self.account.journal_id.default_account_id), Decimal("0.00"))

    def test_a_missing_movement_is_the_difference_and_is_named(self):
        self.stripe.charge(115000, "usd", settled=True)
        self.clock.advance(days=1)
        self.stripe_events()  # nobody tells of it
        self.pull_stripe("balances")
        [statement] = self.statements()
        [line] = self.stripe.ledger
        self.assertEqual((statement.state, statement.difference), ("differs", 1116.35))
        self.assertEqual((statement.missing_count, statement.missing_total), (1, 1116.35))
        self.assertEqual(statement.missing_text, f"{line.id} (not received)")
        self.assertEqual((statement.provider_count, statement.received_count), (1, 0))
        self.pull_stripe()
        self.assertEqual((statement.state, statement.difference), ("agrees", 0.0))
        self.assertEqual((statement.missing_count, statement.missing_text), (0, ""))

    def test_a_movement_that_was_received_and_waits_is_told_apart(self):
        self.env.ref("base.EUR").active = True
        self.stripe.charge(115000, "usd", settled=True)
        self.clock.advance(days=1)
        self.stripe_events()
        self.stripe_connection.sudo().state = "paused"
        self.pull_stripe()
        self.stripe_connection.sudo().state = "active"
        message = self.env["integration.message"].search([("event_type", "=", "balance_transaction")])
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE integration_message SET status = 'parked' WHERE id IN %s", [tuple(message.ids)]
        )
        self.env.invalidate_all()
        self.pull_stripe("balances")
        [statement] = self.statements()
        self.assertEqual((statement.missing_count, statement.received_count), (1, 1))
        self.assertIn("received", statement.missing_text)

    def test_one_click_fetches_the_day_again(self):
        self._secret(self.stripe_connection, "api", "sk_test_key")
        self.stripe.charge(115000, "usd", settled=True)
        self.clock.advance(days=1)
        self.stripe_events()
        self.pull_stripe("balances")
        [statement] = self.statements()
        statement.action_fetch_missing()
        cursors = self.stripe_connection.pull_cursor_ids
        self.assertEqual(
            {row.pull for row in cursors if row.restart_at},
            {"balance_transactions", "balances", "payouts", "invoices", "credit_notes", "billing_events"},
        )
        # midnight of 2 March in New York
        self.assertEqual(set(cursors.mapped("restart_at")), {cursors[0].restart_at})
        self.assertEqual(str(cursors[0].restart_at), "2026-03-02 05:00:00")
        self.assertTrue(statement.fetched_again_at)

    def test_what_is_open_is_the_closing_balance_and_says_why(self):
        payout = self.pay_out()
        waits = self.stripe.charge(10000, "usd", settled=True)
        self.clock.advance(days=1)
        self.send_stripe()
        self.pull_stripe()
        self.pull_stripe("balances")
        last = self.statements()[-1]
        self.assertEqual((last.closing, last.open_total), (96.80, 96.80))
        self.assertEqual(
            set(last.open_movement_ids.mapped("movement_id")),
            {waits["id"], waits["id"] and self.stripe.charges[waits["id"]]["balance_transaction"]},
        )
        items = last._open_items()
        self.assertEqual((items["total"], len(items["rows"]), items["left_out"]), (96.80, 2, 0))
        self.assertEqual(
            items["ages"],
            [("Up to 7 days", 96.80), ("Up to 30 days", 0.0), ("Up to 90 days", 0.0), ("Older", 0.0)],
        )
        self.assertTrue(all(row["why"].startswith("Not paid out yet") for row in items["rows"]))
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "finance_integration.report_processor_statement", last.ids
        )
        self.assertIn("96.80", html.decode())
        self.assertNotIn(payout.payout_id, html.decode())
