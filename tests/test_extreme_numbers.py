# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Numbers and days at the end of what can be written: refused by name or kept, never an error of the database."""

from decimal import Decimal

from ..engine.errors import ContractError
from ..simulators.partner import documents
from .common import ANNA
from .shop_common import ShopCommon, item, tax

HUGE = Decimal("9" * 29)


class TestExtremeNumbers(ShopCommon):
    def assert_named(self, message, *codes):
        """The event waits with a person, under a code of ours; nothing of it is in the books."""
        self.assertEqual(message.status, "parked", message.error_detail)
        self.assertIn(message.error_code, codes)
        self.assertEqual(message.exception_id.code, message.error_code)
        self.assertFalse(message.effect_ids)
        self.assertTrue(message.payload_text)

    def request(self, quantity, price):
        line = documents.Line("Advice", quantity, price)
        return documents.invoice_request(f"R-{quantity}-{price}", ANNA, [line], self.clock.now)

    def code(self, code, rate):
        return {
            "kind": "reference_code",
            "schema_version": "1",
            "source": {"system": "erp", "object_id": code, "version": 1},
            "occurred_at": self.clock.now.isoformat(),
            "catalogue": "tax",
            "code": code,
            "label": code,
            "rate_percent": rate,
        }

    def test_quantities_and_prices_whose_product_the_books_cannot_hold(self):
        moves = self.env["account.move"].search_count([])
        with self.assertNoLogs("odoo.sql_db", level="ERROR"):
            for quantity, price in ((HUGE, Decimal(1)), (Decimal(1), HUGE), (HUGE, HUGE)):
                with self.subTest(quantity=quantity, price=price):
                    message = self.send_partner("invoice.requested", self.request(quantity, price))
                    self.assert_named(message, "amount_too_large", "schema_violation")
            after = self.send_partner("invoice.requested", self.request(Decimal(2), Decimal("50.00")))
        self.assert_done(after)
        self.assertEqual(self.became(after, "account.move").amount_untaxed, 100.0)
        self.assertEqual(self.env["account.move"].search_count([]), moves + 1)

    def test_rates_above_a_hundred_percent(self):
        with self.assertNoLogs("odoo.sql_db", level="ERROR"):
            for number, rate in enumerate(("100.01", "150", "9" * 29)):
                with self.subTest(rate=rate):
                    code = self.code(f"T-{number}", rate)
                    self.assert_named(self.send_partner("reference.updated", code), "schema_violation")
            for number, rate in enumerate(("1.5", "99999999999999")):
                with self.subTest(shop_rate=rate):
                    lines = [item(number + 1, "100.00", 1, [tax("150.00", "Duty", rate)])]
                    message = self.send("orders/paid", self.order(lines, 3000 + number))
                    self.assertFalse(
                        message.filtered(lambda row: row.status not in ("done", "parked", "held"))
                    )
        self.assertFalse(self.env["integration.outside.code"].search([("code", "=like", "T-%")]))

    def test_days_at_the_ends_of_the_calendar(self):
        with self.assertNoLogs("odoo.sql_db", level="ERROR"):
            stored = self.env["integration.message"].search_count([])
            for instant in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
                # There is no such instant in UTC: its sender is told at once.
                document = self.request(Decimal(1), Decimal("1.00")) | {"occurred_at": instant}
                with self.subTest(instant=instant), self.assertRaises(ContractError) as refused:
                    self.send_partner("invoice.requested", document)
                self.assertEqual(refused.exception.code, "date_invalid")
            self.assertEqual(self.env["integration.message"].search_count([]), stored)
            document = self.request(Decimal(1), Decimal("2.00")) | {"occurred_at": "0001-01-01T00:00:00Z"}
            message = self.send_partner("invoice.requested", document)
            self.assertIn(message.status, ("parked", "done"), message.error_detail)
            for day in ("0001-01-01", "9999-12-31"):
                with self.subTest(day=day):
                    document = self.request(Decimal(1), Decimal("7.00")) | {"issue_date": day}
                    document["source"]["object_id"] = f"R-{day}"
                    message = self.send_partner("invoice.requested", document)
                    self.assertIn(message.status, ("parked", "done"), message.error_detail)
