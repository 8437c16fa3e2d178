# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Orders of a shop of which something is missing, wrong, locked or somebody else's (S3, F1, F11)."""

from datetime import date
from decimal import Decimal

from odoo.tests import tagged

from .shop_common import ShopCommon, item, tax


@tagged("post_install", "-at_install")
class TestShopifyRefused(ShopCommon):
    def test_an_unknown_tax_is_asked_for_once_and_goes_on_by_itself(self):
        self.send("orders/paid", self.order([item(1, "50.00", 1, [tax("3.50", "VAT 7 %", "0.07")])]))
        paid = self.balance_line("CHARGE", "53.50")
        told = self.send("fulfillments/create", self.fulfilment(1, {1: 1}))
        self.assertEqual((told.status, told.error_code), ("parked", "mapping_missing"))
        self.assertEqual(paid.application, "deposit")
        seven = self.env["account.tax"].create(
            {"name": "7 %", "amount": 7.0, "type_tax_use": "sale", "company_id": self.company.id}
        )
        self.map_tax("VAT 7 %", seven)
        self.drain(self.shop)
        self.assertEqual((told.status, self.booked()[0][3:]), ("done", (50.0, 3.5, 0.0)))
        self.assertFalse(self.exceptions())

    def test_a_missing_account_is_asked_for(self):
        self.env["integration.role.account"].search(
            [("company_id", "=", self.company.id), ("role", "=", "SHIP")]
        ).unlink()
        self.send("orders/paid", self.cups())
        told = self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        self.assertEqual((told.status, told.error_code), ("parked", "role_account_missing"))
        self.assertFalse(self.documents())

    def test_an_unknown_currency_stops_the_order_and_nothing_of_it_is_booked(self):
        told = self.send("orders/paid", self.cups(currency="XXQ"))
        self.assertEqual((told.status, told.error_code), ("parked", "unknown_currency"))
        later = self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        self.assertEqual(later.status, "held")
        self.assertFalse(self.documents())

    def test_amounts_that_do_not_add_up_are_refused(self):
        told = self.send("orders/paid", self.cups(total_price="126.01"))
        self.assertEqual((told.status, told.error_code), ("parked", "totals_do_not_add_up"))
        self.assertFalse(self.shop_order())

    def test_a_locked_day_moves_the_booking_and_keeps_the_day(self):
        self.company.sale_lock_date = date(2026, 3, 31)
        self.send("orders/paid", self.cups())
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        [invoice] = self.documents()
        self.assertEqual((invoice.invoice_date, invoice.date), (date(2026, 3, 4), date(2026, 4, 1)))
        self.assertEqual(self.exceptions().mapped("code"), ["late_document"])

    def test_a_test_order_and_another_shop_book_nothing(self):
        self.env.flush_all()
        # As it is on real books; going there takes approvals, which are tested elsewhere.
        change = "UPDATE integration_connection SET environment = %s WHERE id = %s"
        self.env.cr.execute(change, ["production", self.shop.id])
        self.env.invalidate_all()
        told = self.send("orders/paid", self.cups(test=True))
        self.assertEqual((told.status, told.error_code), ("parked", "wrong_environment"))
        self.env.cr.execute(change, ["test", self.shop.id])
        self.env.invalidate_all()
        other = self.send("orders/paid", self.cups(order_id=5), shop="evil.myshopify.com")
        self.assertEqual((other.status, other.error_code), ("parked", "wrong_account"))
        self.assertFalse(self.env["integration.shop.order"].search([("connection_id", "=", self.shop.id)]))

    def test_a_sale_without_a_name_belongs_to_the_customer_of_nameless_sales(self):
        nameless = {"customer": None, "email": None}
        told = self.send("orders/paid", self.cups(**nameless))
        self.assertEqual((told.status, told.error_code), ("parked", "partner_unknown"))
        self.shop.shop_guest_id = self.env["res.partner"].create({"name": "Walk-in customers"})
        self.send("orders/paid", self.cups(order_id=1002, **nameless))
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}, 1002))
        self.assertEqual(self.documents().partner_id, self.shop.shop_guest_id)

    def test_a_changed_fulfilment_that_is_invoiced_is_for_a_person(self):
        self.send("orders/paid", self.cups())
        told = self.fulfilment(1, {1: 1})
        self.send("fulfillments/create", told)
        changed = {**told, "updated_at": self.at(5), "line_items": [{"id": 1, "quantity": 2}]}
        message = self.send("fulfillments/update", changed)
        self.assertEqual((message.status, message.error_code), ("parked", "fulfilment_changed"))
        self.assertEqual(len(self.documents()), 1)

    def test_legal_numbers_of_a_shop_have_no_gaps(self):
        for number in (1001, 1005):
            self.send("orders/paid", self.order([item(number, "10.00")], number))
            self.send("fulfillments/create", self.fulfilment(number, {number: 1}, number, counter=1))
        today = date(2026, 3, 31)
        series = self.env["integration.legal.series"]._check(self.shop, date(2026, 3, 1), today)
        self.assertFalse(series)

    def begin(self, day, *kinds):
        """Let flows of these kinds begin to book on a day of March."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE integration_flow SET start_date = %s WHERE connection_id = %s AND kind IN %s",
            [date(2026, 3, day), self.shop.id, kinds],
        )
        self.env.invalidate_all()

    def test_what_happens_to_an_order_of_before_the_start_is_told_and_booked_by_hand(self):
        self.begin(4, "order", "fulfilment", "order_refund", "order_payment")
        order = self.send("orders/paid", self.cups())
        self.assertEqual(
            (order.status, order.kept_as, bool(self.shop_order())), ("done", "before_start", False)
        )
        handed = self.send("fulfillments/create", self.fulfilment(1, {1: 2}, day=5))
        given = self.send("refunds/create", self.refund(3, {1: (1, "50.00", "10.00", "return")}, "60.00"))
        linked = self.send(
            "order_transactions/create", self.transaction(30, "60.00", "stripe", "refund", day=6)
        )
        used = self.send("order_transactions/create", self.transaction(31, "5.00", "gift_card", day=6))
        for told in (handed, given, used):
            self.assertEqual((told.status, told.error_code), ("parked", "order_before_start"))
        self.assertEqual((linked.status, linked.kept_as), ("done", "before_start"))
        sent = self.balance_line("REFUND", "-60.00", day=6)
        self.assertEqual((sent.application, self.balance(self.cash)), ("unidentified", Decimal("-60.00")))
        self.assertFalse(self.documents())
        self.assertEqual(self.balance(self.role("GIFT")), Decimal("0"))
        self.assertIn("book", self.exceptions("order_before_start")[:1].next_step.lower())

    def test_what_comes_before_such_an_order_is_told_waits_and_then_asks(self):
        self.begin(4, "order", "fulfilment")
        handed = self.send("fulfillments/create", self.fulfilment(1, {1: 2}, day=5))
        self.assertEqual((handed.status, handed.waits_kind), ("held", "order"))
        self.send("orders/updated", self.cups())
        self.assertEqual((handed.status, handed.error_code), ("parked", "order_before_start"))
        self.assertFalse(self.documents())
