# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""PayPal's movements become posted lines once, from whichever channel, as PayPal itself says (S2, F1-F4)."""

import os
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..engine.error_catalogue import CODES
from ..models.posting import conversion
from ..simulators.paypal.report import settlement_csv
from ..simulators.paypal.state import as_event
from ..simulators.stripe.faults import BROKEN, FaultPlan
from .paypal_common import PayPalCommon


@tagged("post_install", "-at_install")
class TestPayPalMoney(PayPalCommon):
    # -- asked before it is booked -------------------------------------------------------------------------

    def test_a_capture_is_asked_for_kept_and_booked_gross_with_its_fee(self):
        invoice = self.issue("P-2001")  # 1,150.00
        capture = self.account.capture("1150.00", invoice="P-2001")
        [message] = self.send()
        self.assertEqual((message.status, self.fetches), ("done", 1))
        self.assertEqual(self.api.asked, [f"/v2/payments/captures/{capture['id']}"])
        self.assertEqual(self.movements(), [("payment", 1150.00, True), ("fee", -40.63, True)])
        self.assertEqual(self.movement("payment", capture["id"]).move_id.date, date(2026, 3, 2))
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(self.psp(), Decimal("1109.37"))
        self.assertEqual(self.counterpart("fee", capture["id"]), "FEE")
        kept = self.env["integration.message"].search([("event_type", "=", "resource.capture")])
        self.assertEqual(
            (kept.origin, kept.status, kept.correlation_id), ("pull", "done", message.correlation_id)
        )
        self.assertIn(str(kept.id), message.error_text)
        self.assertFalse(self.exceptions())

    def test_a_forged_amount_never_becomes_money(self):
        capture = self.account.capture("20.00")
        forged = as_event(self.account.events[0]).body.replace(b'"20.00"', b'"99.00"')
        self.told = 1
        [message] = self.send([forged])
        self.assertEqual(message.status, "done")
        self.assertEqual(self.movements(), [("payment", 20.00, True), ("fee", -1.19, True)])
        self.assertEqual(self.psp(), Decimal("18.81"))
        [exception] = self.exceptions("refetch_differs")
        self.assertEqual(exception.severity, "critical")
        self.assertIn("$\xa099.00", exception.what)
        self.assertIn(capture["id"], exception.what)

    def test_an_invented_event_books_nothing(self):
        self.account.capture("20.00")
        body = as_event(self.account.events[0]).body
        self.account.captures.clear()
        [message] = self.send([body])
        self.assertEqual((message.status, message.error_code), ("parked", "refetch_unknown"))
        self.assertEqual((self.movements(), self.psp()), ([], Decimal("0.00")))

    def test_a_source_that_is_down_is_asked_again_and_nothing_is_booked_meanwhile(self):
        self.account.capture("20.00")
        self.account.capture("30.00")
        self.api.faults = FaultPlan(at={1: BROKEN})
        messages = self.send()
        self.assertEqual(set(messages.mapped("status")), {"waiting"})
        self.assertEqual(messages.mapped("error_code"), ["source_unavailable"] * 2)
        self.assertEqual((self.movements(), len(self.exceptions()), len(self.api.asked)), ([], 0, 1))
        self.env.flush_all()
        self.env.cr.execute("UPDATE integration_message SET due_at = '2020-01-01' WHERE status = 'waiting'")
        self.env.invalidate_all()
        self.drain(self.paypal)
        self.assertEqual(set(messages.mapped("status")), {"done"})
        self.assertEqual(self.psp(), Decimal("47.27"))

    def test_many_events_are_asked_for_in_one_pause(self):
        for _time in range(7):
            self.account.capture("10.00")
        self.send()
        self.assertEqual((self.fetches, len(self.api.asked)), (1, 7))
        self.assertEqual(self.psp(), Decimal("64.12"))

    def test_without_access_the_event_stops_and_the_connection_does_not_start(self):
        self.account.capture("20.00")
        self.access.valid_until = "2020-01-01 00:00:00"
        [message] = self.send()
        self.assertEqual((message.status, message.error_code), ("parked", "api_access_missing"))
        self.assertEqual(self.movements(), [])
        self.paypal.action_pause()
        with self.assertRaises(UserError):
            self.paypal.action_activate()

    def test_small_money_is_believed_where_somebody_said_so(self):
        self.paypal.trusted_amount = 25
        self.account.capture("25.00")
        self.account.capture("25.01")
        self.send()
        self.assertEqual(len(self.api.asked), 1)
        self.assertEqual(
            [row[:2] for row in self.movements() if row[0] == "payment"],
            [("payment", 25.0), ("payment", 25.01)],
        )

    # -- once, whichever channel ---------------------------------------------------------------------------

    def test_duplicates_disorder_and_all_three_channels_are_one_movement(self):
        capture = self.account.capture("119.00")
        refund = self.account.refund(capture["id"], "19.00")
        bodies = [as_event(told).body for told in self.account.events]
        self.send([bodies[1], bodies[0], bodies[1], bodies[0]])
        before = self.movements()
        self.assertEqual(len(before), 3)
        self.pull()
        self.assertEqual(self.movements(), before)
        self.read_report()
        self.assertEqual(self.movements(), before)
        self.assertEqual(self.psp(), self.account.balance("USD"))
        self.assertEqual(self.movement("refund", refund["id"]).related_id, capture["id"])
        self.assertFalse(self.exceptions("movement_amount_differs"))

    def test_the_report_first_then_the_webhook(self):
        self.account.capture("50.00")
        self.read_report()
        self.assertEqual(len(self.movements()), 2)
        self.send()
        self.assertEqual(len(self.movements()), 2)
        self.assertEqual(self.psp(), Decimal("47.76"))

    def test_an_echeck_is_booked_when_it_arrives(self):
        capture = self.account.capture("80.00", pending=True)
        self.send()
        self.assertEqual((self.movements(), self.psp()), ([("payment", 80.0, False)], Decimal("0.00")))
        self.clock.advance(days=3)
        self.account.clear(capture["id"])
        self.send()
        payment = self.movement("payment", capture["id"])
        self.assertTrue(payment.changes_balance)
        self.assertEqual((payment.move_id.date, self.psp()), (date(2026, 3, 5), Decimal("76.72")))
        denied = self.account.capture("80.00", pending=True)
        self.account.clear(denied["id"], success=False)
        self.send()
        self.assertFalse(self.movement("payment", denied["id"]).changes_balance)
        self.assertEqual(self.psp(), Decimal("76.72"))

    # -- rows of the accounting policy ---------------------------------------------------------------------

    def test_each_line_of_the_ledger_stands_against_its_account(self):
        capture = self.account.capture("300.00")
        refund = self.account.refund(capture["id"], "50.00")
        won = self.account.dispute(self.account.capture("40.00")["id"])
        self.account.resolve(won["dispute_id"], won=True)
        lost = self.account.dispute(self.account.capture("60.00")["id"])
        self.account.resolve(lost["dispute_id"], won=False)
        self.account.reserve("25.00")
        self.account.reserve("25.00", release=True)
        withdrawal = self.account.withdraw("100.00")
        returned = self.account.return_withdrawal(withdrawal)
        strange = self.account.strange("7.00")
        self.pull()
        by_code = {line.code: line for line in self.account.lines}
        expected = {
            ("fee", capture["id"]): "FEE",
            ("reserve", by_code["T1110"].id): "PSP-RES",
            ("reserve_release", by_code["T1111"].id): "PSP-RES",
            ("reserve", by_code["T2103"].id): "PSP-RES",
            ("reserve_release", by_code["T2104"].id): "PSP-RES",
            ("dispute", by_code["T1201"].id): "AR-DISP",
            ("fee", by_code["T1201"].id): "FEE-D",
            ("payout", withdrawal.id): "TRANSIT",
            ("payout_return", returned.id): "TRANSIT",
            ("payment", capture["id"]): "UNID",
            ("refund", refund["id"]): "UNID",
        }
        self.assertEqual({key: self.counterpart(*key) for key in expected}, expected)
        unknown = self.movement("unknown", strange.id)
        self.assertEqual(unknown.counterpart_id.account_id, self.journal.suspense_account_id)
        self.assertEqual(self.psp(), self.account.balance("USD"))

    def test_a_reversal_leaves_the_invoice_paid(self):
        invoice = self.issue("P-2002")
        capture = self.account.capture("1150.00", invoice="P-2002")
        self.send()
        reversal = self.account.reverse(capture["id"])
        self.send()
        self.assertEqual(self.counterpart("dispute", reversal["id"]), "AR-DISP")
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(self.psp(), Decimal("-40.63"))

    def euro_account(self):
        """Give the connection a balance in euros, worth 1.08 dollars each; returns its journal."""
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "company_id": self.company.id,
                "name": date(2026, 3, 1),
                "inverse_company_rate": 1.08,
            }
        )
        self.paypal._propose_balance_account(euro)
        return self.paypal.balance_account_ids.filtered(lambda row: row.currency_id == euro).journal_id

    def test_a_conversion_is_joined_and_costs_what_the_rates_leave(self):
        self.euro_account()
        self.account.capture("100.00", "EUR")  # less 3.98
        given, received = self.account.convert("90.00", "EUR", "95.00", "USD")  # 90.00 EUR are 97.20 USD
        self.pull()
        legs = self.movement("conversion", given.id) | self.movement("conversion", received.id)
        self.assertEqual(legs.mapped("settled_amount"), [-90.0, 95.0])
        self.assertEqual(set(legs.mapped("application")), {"applied"})
        self.assertEqual(set(legs.mapped("move_id.date")), {date(2026, 3, 2)})
        self.assertEqual(self.balance(self.role("FXC")), Decimal("2.20"))
        self.assertEqual(self.balance(self.role("TRANSIT")), Decimal("0.00"))
        self.assertEqual(self.psp(), self.account.balance("USD"))
        self.assertFalse(self.exceptions("conversion_leg_missing") | self.exceptions("movement_unclassified"))

    def test_a_leg_without_the_other_stays_in_suspense_until_it_comes(self):
        self.euro_account()
        self.account.capture("100.00", "EUR")
        given, received = self.account.convert("90.00", "EUR", "95.00", "USD")
        self.account.lines.remove(received)
        self.pull()
        leg = self.movement("conversion", given.id)
        self.assertEqual((leg.application, self.balance(self.role("FXC"))), ("suspense", Decimal("0")))
        exception = self.exceptions("conversion_leg_missing")
        self.assertEqual(len(exception), 1)
        self.assertIn(received.id, exception.what)
        self.account.lines.append(received)
        self.clock.advance(hours=1)
        self.pull()
        self.assertEqual((leg.application, exception.state), ("applied", "resolved"))
        self.assertEqual(self.balance(self.role("FXC")), Decimal("2.20"))
        self.assertEqual(self.balance(self.role("TRANSIT")), Decimal("0.00"))

    def test_legs_that_wait_for_ever_keep_no_others_from_being_joined(self):
        self.euro_account()
        self.account.capture("300.00", "EUR")
        lonely, never = self.account.convert("90.00", "EUR", "95.00", "USD")
        self.account.lines.remove(never)
        self.pull()
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM integration_role_account WHERE role = 'FXC' AND company_id = %s", [self.company.id]
        )
        account = self.company_data["default_account_expense"]
        self.env.invalidate_all()
        self.env.registry.clear_all_caches()
        given, received = self.account.convert("90.00", "EUR", "95.00", "USD")
        self.clock.advance(hours=1)
        self.pull()
        legs = self.movement("conversion", given.id) | self.movement("conversion", received.id)
        alone = self.movement("conversion", lonely.id)
        self.assertEqual(set((legs | alone).mapped("application")), {"suspense"})
        rules = self.root["integration.posting.application"]
        self.assertEqual(sorted(rules._legs_to_join()), sorted(legs.ids))
        self.root["integration.role.account"].create(
            {"company_id": self.company.id, "role": "FXC", "account_id": account.id}
        )
        with patch.object(conversion, "MAX_WAITING", 1):
            rules._join_again()
        self.env.invalidate_all()
        self.assertEqual(legs.mapped("application"), ["applied", "applied"])
        self.assertEqual((alone.application, rules._legs_to_join()), ("suspense", []))

    def test_a_leg_that_comes_when_the_day_of_the_other_is_locked_is_booked_and_joined(self):
        self.euro_account()
        self.account.capture("100.00", "EUR")
        given, received = self.account.convert("90.00", "EUR", "95.00", "USD")
        self.account.lines.remove(received)
        self.pull()
        leg = self.movement("conversion", given.id)
        booked = [(line.account_id, line.balance) for line in leg.move_id.line_ids]
        # Odoo itself asks for every line to be matched first.
        self.env.cr.execute(
            "UPDATE res_company SET fiscalyear_lock_date = '2026-03-02' WHERE id = %s", [self.company.id]
        )
        self.env.invalidate_all()
        self.account.lines.append(received)
        self.clock.advance(hours=1)
        self.pull()
        other = self.movement("conversion", received.id)
        self.assertEqual((other.settled_amount, other.move_id.date), (95.0, date(2026, 3, 3)))
        self.assertEqual((leg.application, other.application), ("applied", "applied"))
        self.assertEqual([(line.account_id, line.balance) for line in leg.move_id.line_ids], booked)
        self.assertEqual(leg.counterpart_id.move_id.date, date(2026, 3, 3))
        self.assertEqual(self.balance(self.role("FXC")), Decimal("2.20"))
        self.assertEqual(self.balance(self.role("TRANSIT")), Decimal("0.00"))
        suspense = (leg | other).move_id.journal_id.suspense_account_id
        self.assertEqual({self.balance(account) for account in suspense}, {Decimal("0.00")})
        # Its suspense account allows no matching: that is asked about, and a button does it.
        exception = self.exceptions("match_refused")
        self.assertEqual((len(exception), leg.statement_line_id.is_reconciled), (1, False))
        exception.action_match_now()
        self.env.invalidate_all()
        self.assertEqual((exception.state, leg.statement_line_id.is_reconciled), ("resolved", True))

    def test_the_balance_of_each_day_agrees_with_what_is_available(self):
        self.paypal.fetch_from = date(2026, 3, 2)
        self.euro_account()
        self.account.capture("500.00")
        self.account.capture("100.00", "EUR")
        self.account.reserve("25.00")
        self.clock.advance(days=2)
        self.account.withdraw("200.00")
        self.account.reserve("25.00", release=True)
        self.clock.advance(days=1)
        self.pull()
        self.pull("balances")
        found = self.env["integration.processor.statement"].search(
            [("connection_id", "=", self.paypal.id)], order="currency_id, date"
        )
        said = [(row.currency_id.name, str(row.date), row.provider_closing, row.state) for row in found]
        # 500.00 less 17.94 fee, less 25.00 held back; then 200.00 out and 25.00 back
        dollars = [("2026-03-02", 457.06), ("2026-03-03", 457.06), ("2026-03-04", 282.06)]
        self.assertEqual(
            sorted(said),
            sorted(
                [("USD", day, amount, "agrees") for day, amount in dollars]
                + [("EUR", f"2026-03-0{day}", 96.02, "agrees") for day in (2, 3, 4)]
            ),
        )
        self.assertFalse(self.exceptions("balance_differs"))

    # -- the report ----------------------------------------------------------------------------------------

    def read_report(self, change=None):
        """Let the account's report be read from a folder; returns its batch."""
        if not self.in_test_mode:
            self.registry_enter_test_mode()
            self.in_test_mode = True
        with tempfile.TemporaryDirectory() as folder:
            inbox = Path(folder).resolve() / "in"
            inbox.mkdir()
            raw = settlement_csv(self.account.lines, "MERCH1", self.clock.now)
            (inbox / "STL-20260302.01.009.CSV").write_bytes(change(raw) if change else raw)
            with patch.dict(os.environ, {"FINANCE_INTEGRATION_DROP_ROOTS": f"paypal={inbox.parent}"}):
                drop = self.env["integration.drop"].create(
                    {
                        "name": f"Settlement reports {len(self.env['integration.drop'].search([]))}",
                        "connection_id": self.paypal.id,
                        "protocol": "local",
                        "root": "paypal",
                        "folder": "in",
                        "name_pattern": "STL-*.CSV",
                        "file_format": "settlement_csv",
                        "stable_seconds": 0,
                    }
                )
                self.env.flush_all()
                drop.with_env(self.root)._look()
        self.fetches = 0
        self.drain(self.paypal)
        return self.env["integration.batch"].search([("drop_id", "=", drop.id)])

    def test_a_report_is_complete_or_visibly_not(self):
        self.account.capture("119.00")
        self.account.capture("60.00")
        batch = self.read_report()
        self.assertEqual((batch.state, len(self.movements())), ("complete", 4))
        self.account.capture("70.00")
        lost = self.read_report(
            lambda raw: b"".join(line for line in raw.splitlines(keepends=True) if b",7000," not in line)
        )
        self.assertEqual(lost.state, "incomplete")
        self.assertEqual(len(self.movements()), 4)
        self.assertTrue(self.exceptions("control_total_differs"))

    def test_the_words_of_the_new_codes_are_there(self):
        for code in ("refetch_differs", "refetch_unknown", "refetch_later", "api_access_missing"):
            self.assertTrue(CODES[code].title)
