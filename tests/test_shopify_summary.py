# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Sales to consumers booked once a day: each order in one summary, traceable, never twice (S3, F10)."""

from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .shop_common import ShopCommon, item, tax


@tagged("post_install", "-at_install")
class TestShopifySummary(ShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.guest = cls.env["res.partner"].create({"name": "Customers of the shop"})
        cls.shop.write({"shop_booking": "daily", "shop_guest_id": cls.guest.id})

    def cup(self, order_id, **facts):
        items = [item(order_id, "50.00", 1, [tax("10.00")])]
        return self.order(items, order_id, source_name="web", **facts)

    def hand_over(self, order_id, day=4):
        return self.send("fulfillments/create", self.fulfilment(order_id, {order_id: 1}, order_id, day))

    def summarise(self):
        count = self.shop.with_env(self.root)._summarise()
        self.env.invalidate_all()
        return count

    def summaries(self):
        found = self.env["integration.shop.summary"].search(
            [("connection_id", "=", self.shop.id)], order="day, id"
        )
        return [(str(row.day), row.state, row.amount_net, row.amount_tax) for row in found]

    def test_a_day_is_one_document_and_each_order_is_found_in_it(self):
        for number in (1001, 1002, 1003):
            self.send("orders/paid", self.cup(number))
            self.hand_over(number, 5 if number == 1003 else 4)
        self.assertFalse(self.documents())
        self.assertEqual(self.summarise(), 2)
        self.assertEqual(
            [row[:5] for row in self.booked()],
            [
                ("out_invoice", "2026-03-04 web USD", "2026-03-04", 100.0, 20.0),
                ("out_invoice", "2026-03-05 web USD", "2026-03-05", 50.0, 10.0),
            ],
        )
        self.assertEqual(self.documents().partner_id, self.guest)
        step = self.shop_order(1002).step_ids
        line = self.env["integration.shop.summary.line"].search([("step_ids", "in", step.ids)])
        self.assertEqual((line.summary_id.day, line.amount_net), (date(2026, 3, 4), 100.0))
        self.assertEqual(step.move_ids, self.documents()[0])
        self.assertEqual(self.summarise(), 0)
        self.assertEqual(len(self.documents()), 2)

    def test_what_comes_late_goes_into_the_first_open_day(self):
        self.send("orders/paid", self.cup(1001), self.cup(1002))
        self.hand_over(1001)
        self.summarise()
        self.hand_over(1002)
        self.summarise()
        self.assertEqual(
            self.summaries(), [("2026-03-04", "posted", 50.0, 10.0), ("2026-03-05", "posted", 50.0, 10.0)]
        )

    def test_money_is_a_deposit_until_the_day_is_booked(self):
        self.send("orders/paid", self.cup(1001), self.cup(1002))
        paid = self.balance_line("CHARGE", "60.00")
        self.hand_over(1001)
        self.assertEqual((paid.application, paid.partner_id), ("deposit", self.guest))
        self.hand_over(1002)
        self.summarise()
        self.assertEqual((paid.application, self.booked()[0][5]), ("applied", 60.0))
        self.balance_line("CHARGE", "60.00", order="#1002")
        self.assertEqual(self.booked()[0][5], 0.0)
        self.assertFalse(self.exceptions())

    def test_refunds_are_a_credit_note_of_their_day(self):
        self.send("orders/paid", self.cup(1001))
        self.balance_line("CHARGE", "60.00")
        self.hand_over(1001)
        self.summarise()
        self.send("refunds/create", self.refund(3, {1001: (1, "50.00", "10.00", "return")}, "60.00"))
        sent = self.balance_line("REFUND", "-60.00", day=7)
        self.summarise()
        self.assertEqual(
            self.booked()[-1][:5], ("out_refund", "2026-03-06 web USD R", "2026-03-06", 50.0, 10.0)
        )
        self.assertEqual(sent.application, "applied")
        self.assertEqual(self.balance(self.role("RET")), Decimal("50.00"))
        self.assertEqual(self.summaries()[-1], ("2026-03-06", "posted", -50.0, -10.0))
        self.assertFalse(self.exceptions())

    def test_a_cancelled_fulfilment_is_taken_out_again(self):
        self.send("orders/paid", self.cup(1001))
        told = self.fulfilment(1, {1001: 1})
        self.send("fulfillments/create", told)
        self.send("fulfillments/update", {**told, "status": "cancelled", "updated_at": self.at(5)})
        self.summarise()
        self.assertEqual(self.summaries(), [("2026-03-04", "posted", 0.0, 0.0)])
        self.assertTrue(self.shop_order().to_deliver)

    def test_sales_to_companies_keep_an_invoice_each(self):
        self.map_tax("US VAT 20 %")
        business = {"billing_address": {"country_code": "US", "company": "Buyer Inc."}}
        self.send("orders/paid", self.cup(1001, **business))
        self.hand_over(1001)
        self.assertEqual([row[1] for row in self.booked()], ["#1001.1001"])
        self.assertNotEqual(self.documents().partner_id, self.guest)

    def test_other_countries_of_the_union_keep_an_invoice_each(self):
        self.company.country_id = self.env.ref("base.de")
        self.map_tax("FR VAT 20 %")
        self.send("orders/paid", self.cup(1001, shipping_address={"country_code": "FR"}))
        self.assertEqual(self.shop_order().booking, "each")
        self.send("orders/paid", self.cup(1002, shipping_address={"country_code": "DE"}))
        self.assertEqual(self.shop_order(1002).booking, "daily")

    def test_currencies_channels_and_countries_are_apart(self):
        self.map_tax("US VAT 20 %")
        self.send("orders/paid", self.cup(1001), self.cup(1002, shipping_address={"country_code": "US"}))
        pos = self.order([item(1003, "50.00", 1, [tax("10.00")])], 1003, source_name="pos")
        self.send("orders/paid", pos)
        for number in (1001, 1002, 1003):
            self.hand_over(number)
        self.assertEqual(self.summarise(), 3)
        self.assertEqual(
            sorted(row[1] for row in self.booked()),
            ["2026-03-04 pos USD", "2026-03-04 web US USD", "2026-03-04 web USD"],
        )

    def test_what_is_missing_is_asked_for_and_the_day_is_booked_afterwards(self):
        items = [item(1, "50.00", 1, [tax("3.50", "VAT 7 %", "0.07")])]
        self.send("orders/paid", self.order(items))
        self.send("fulfillments/create", self.fulfilment(1, {1: 1}))
        self.assertEqual(self.summarise(), 0)
        self.assertEqual(self.exceptions().mapped("code"), ["mapping_missing"])
        seven = self.env["account.tax"].create(
            {"name": "7 %", "amount": 7.0, "type_tax_use": "sale", "company_id": self.company.id}
        )
        self.map_tax("VAT 7 %", seven)
        self.assertEqual(self.summarise(), 1)
        self.assertEqual(self.booked()[0][3:5], (50.0, 3.5))
        self.assertFalse(self.exceptions())

    def test_what_odoo_refuses_stops_one_day_and_no_other(self):
        for number in (1001, 1002):
            self.send("orders/paid", self.cup(number))
            self.hand_over(number, number - 997)
        poster = type(self.env["integration.posting.order_summary"])
        post = poster._post

        def refuse_the_first(this, connection, summary):
            if summary.day == date(2026, 3, 4):
                raise UserError(this.env._("An addon refuses this."))
            return post(this, connection, summary)

        with patch.object(poster, "_post", refuse_the_first):
            self.assertEqual(self.summarise(), 1)
        self.assertEqual(
            self.summaries(), [("2026-03-04", "open", 0.0, 0.0), ("2026-03-05", "posted", 50.0, 10.0)]
        )
        exception = self.env["integration.shop.summary"].search([("state", "=", "open")]).exception_id
        self.assertEqual(exception.state, "open")
        self.assertEqual((self.summarise(), exception.state), (1, "resolved"))

    def test_late_ones_and_a_day_that_was_never_closed_stand_together_on_the_first_open_day(self):
        self.send("orders/paid", self.cup(1001), self.cup(1002), self.cup(1003))
        self.hand_over(1001, 4)
        self.summarise()
        self.hand_over(1002, 4)
        self.hand_over(1003, 5)
        self.assertEqual(self.summarise(), 1)
        self.assertEqual(
            self.summaries(), [("2026-03-04", "posted", 50.0, 10.0), ("2026-03-05", "posted", 100.0, 20.0)]
        )

    def test_rounding_of_many_orders_stays_the_shop_s(self):
        for number in range(1001, 1031):
            self.send("orders/paid", self.order([item(number, "0.13", 1, [tax("0.03")])], number))
            self.send("fulfillments/create", self.fulfilment(number, {number: 1}, number))
        self.assertEqual(self.summarise(), 1)
        self.assertEqual(self.booked()[0][3:5], (3.9, 0.9))

    def test_without_a_customer_for_it_orders_wait(self):
        self.shop.shop_guest_id = False
        told = self.send("orders/paid", self.cup(1001))
        self.assertEqual((told.status, told.error_code), ("parked", "partner_unknown"))
