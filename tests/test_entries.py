# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Journal entries, movements and balances that a partner reports through the generic connection (O10, S17)."""

from datetime import date

from ..simulators import wire
from .common import IntegrationCommon


class TestEntries(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_currency = cls.setup_other_currency("EUR")
        for value, account in (
            ("wages", cls.company_data["default_account_expense"]),
            ("net", cls.company_data["default_account_assets"]),
        ):
            cls.env["integration.mapping"].create(
                {
                    "connection_id": cls.partner_connection.id,
                    "mapping": "account",
                    "outside_value": value,
                    "account_id": account.id,
                }
            )

    def report(self, event_type, kind, object_id, **facts):
        document = {
            "kind": kind,
            "schema_version": "1",
            "source": {"system": "partner", "object_id": object_id},
            "occurred_at": self.clock.now.isoformat(),
            **facts,
        }
        body = wire.compact({"type": event_type, "timestamp": self.clock.now.isoformat(), "data": document})
        _verdict, message = self.accept(self.partner_connection, body, {"webhook-id": f"msg_{object_id}"})
        self.drain(self.partner_connection)
        return message

    def entry(self, object_id="E-1", **facts):
        lines = [{"account": "wages", "debit": "100.10"}, {"account": "net", "credit": "100.10"}]
        return self.report(
            "entry.reported",
            "entry",
            object_id,
            **{
                "reference": object_id,
                "date": "2026-03-02",
                "currency": "USD",
                "lines": lines,
                "total_debit": "100.10",
                **facts,
            },
        )

    def test_a_balanced_entry_is_posted_to_the_cent(self):
        message = self.entry()
        move = self.became(message, "account.move")
        self.assertEqual((move.state, move.ref, move.date), ("posted", "E-1", date(2026, 3, 2)))
        self.assertEqual(move.journal_id, self.partner_connection.entry_journal_id)
        self.assertEqual(sorted(move.line_ids.mapped("balance")), [-100.10, 100.10])
        self.assertEqual(message.amount, 100.10)

    def test_an_entry_in_another_currency_balances_in_both(self):
        lines = [
            {"account": "wages", "debit": "33.33"},
            {"account": "wages", "debit": "33.33"},
            {"account": "net", "credit": "66.66"},
        ]
        currency = self.other_currency
        move = self.became(
            self.entry("E-2", currency=currency.name, lines=lines, total_debit="66.66"), "account.move"
        )
        self.assertEqual(move.state, "posted")
        self.assertEqual(round(sum(move.line_ids.mapped("balance")), 2), 0)
        self.assertEqual(sorted(move.line_ids.mapped("amount_currency")), [-66.66, 33.33, 33.33])

    def test_an_entry_that_does_not_balance_books_nothing(self):
        lines = [{"account": "wages", "debit": "100.10"}, {"account": "net", "credit": "100.00"}]
        message = self.entry("E-3", lines=lines)
        self.assertEqual((message.status, message.error_code), ("parked", "unbalanced_entry"))
        self.assertFalse(self.env["account.move"].search_count([("ref", "=", "E-3")]))

    def test_a_wrong_control_total_books_nothing(self):
        message = self.entry("E-4", total_debit="100.20")
        self.assertEqual(message.status, "parked")
        self.assertFalse(self.env["account.move"].search_count([("ref", "=", "E-4")]))

    def test_movement_without_a_balance_account_waits_for_its_journal(self):
        message = self.report(
            "movement.reported",
            "movement",
            "M-1",
            movement_id="M-1",
            type="payment",
            amount={"value": "10.00", "currency": self.other_currency.name},
        )
        self.assertEqual(
            message.status, "waiting" if message.error_code == "settlement_amount_unknown" else "parked"
        )
        self.assertFalse(self.env["integration.movement"].search_count([]))

    def test_unknown_currency_zero_and_wrong_sign_are_named_errors(self):
        for object_id, amount, code in (
            ("M-2", {"value": "10.00", "currency": "QQQ"}, "unknown_currency"),
            ("M-3", {"value": "0.00", "currency": "USD"}, "amount_zero"),
            ("M-4", {"value": "-10.00", "currency": "USD"}, "amount_sign"),
            ("M-5", {"value": "10.001", "currency": "USD"}, "amount_not_exact"),
        ):
            message = self.report(
                "movement.reported",
                "movement",
                object_id,
                movement_id=object_id,
                type="payment",
                amount=amount,
            )
            self.assertEqual((message.status, message.error_code), ("parked", code))
        self.assertFalse(self.env["integration.movement"].search_count([]))
