# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Advance invoices where VAT falls due when it is paid (policy F10, row “paid, unfulfilled”), to the cent."""

from decimal import Decimal

from odoo.tests import tagged

from .shop_common import ShopCommon, item, tax


@tagged("post_install", "-at_install")
class TestShopifyAdvance(ShopCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shop.prepayment_vat_country_ids = cls.env.ref("base.de")
        cls.map_tax("DE VAT 20 %")
        cls.output_tax = cls.company_data["default_account_tax_sale"]

    def germany(self, quantity=3, **facts):
        """Three cups at 50.00 and shipping of 5.00 to Germany: 155.00 and 31.00 of tax."""
        return self.cups(quantity, shipping_address={"country_code": "DE", "company": None}, **facts)

    def pay(self, amount="186.00", transaction_id=8, gateway="shopify_payments", **facts):
        return self.send(
            "order_transactions/create", self.transaction(transaction_id, amount, gateway, **facts)
        )

    def books(self):
        """Return what stands on deposits, income, output tax, and what Jo owes."""
        return (
            self.balance(self.role("CUSTDEP")),
            self.balance(self.income),
            self.balance(self.output_tax),
            self.receivable(),
        )

    def test_all_is_paid_before_and_handed_over_in_two_parts(self):
        self.send("orders/paid", self.germany())
        self.assert_done(self.pay())
        self.assertEqual(self.booked(), [("out_invoice", "#1001-A8", "2026-03-02", 155.0, 31.0, 186.0)])
        paid = self.balance_line("CHARGE", "186.00")
        self.assertEqual(paid.application, "applied")
        zero = Decimal("0.00")
        self.assertEqual(self.books(), (Decimal("-155.00"), zero, Decimal("-31.00"), zero))
        self.assert_done(self.send("fulfillments/create", self.fulfilment(1, {1: 1})))
        self.assertEqual(self.books(), (Decimal("-100.00"), Decimal("-50.00"), Decimal("-31.00"), zero))
        self.assert_done(self.send("fulfillments/create", self.fulfilment(2, {1: 2}, day=8)))
        self.assertEqual(self.books(), (zero, Decimal("-150.00"), Decimal("-31.00"), zero))
        self.assertEqual(self.balance(self.role("SHIP")), Decimal("-5.00"))
        self.assertEqual(
            self.booked()[1:],
            [
                ("out_invoice", "#1001.1", "2026-03-04", 0.0, 0.0, 0.0),
                ("out_invoice", "#1001.2", "2026-03-08", 0.0, 0.0, 0.0),
            ],
        )
        self.assertEqual(
            self.documents()[1].invoice_line_ids.mapped("price_subtotal"), [50.0, 5.0, -50.0, -5.0]
        )
        self.assertFalse(self.exceptions())

    def test_the_money_after_the_goods_pays_the_advance_invoice(self):
        self.send("orders/paid", self.germany())
        self.pay()
        self.send("fulfillments/create", self.fulfilment(1, {1: 3}))
        self.assertEqual(self.receivable(), Decimal("186.00"))
        paid = self.balance_line("CHARGE", "186.00")
        self.assertEqual((paid.application, self.receivable()), ("applied", Decimal("0.00")))
        self.assertEqual([row[5] for row in self.booked()], [0.0, 0.0])

    def test_a_part_is_paid_before(self):
        self.send("orders/paid", self.germany())
        self.pay("93.00")
        self.assertEqual([row[3:5] for row in self.booked()], [(77.5, 15.5)])
        self.send("fulfillments/create", self.fulfilment(1, {1: 3}))
        self.assertEqual(self.booked()[1][3:], (77.5, 15.5, 93.0))
        self.assertEqual(self.books()[:3], (Decimal("0.00"), Decimal("-150.00"), Decimal("-31.00")))

    def test_cancelled_before_it_is_handed_over(self):
        self.send("orders/paid", self.germany())
        self.pay()
        self.balance_line("CHARGE", "186.00")
        lines = {1: (3, "150.00", "30.00", "cancel")}
        refund = self.refund(3, lines, "186.00", adjustments=[("shipping_refund", "-5.00", "-1.00")])
        self.assert_done(self.send("refunds/create", refund))
        self.assertEqual(self.booked()[1][:5], ("out_refund", "#1001-R3A", "2026-03-06", 155.0, 31.0))
        self.assertEqual(self.documents()[1].reversed_entry_id, self.documents()[0])
        sent = self.balance_line("REFUND", "-186.00", day=6)
        self.assertEqual(sent.application, "applied")
        self.assertEqual(self.books(), (Decimal("0.00"),) * 4)
        self.assertEqual([row[5] for row in self.booked()], [0.0, 0.0])
        self.assertFalse(self.exceptions())

    def test_cancelled_in_part_the_rest_is_still_in_advance(self):
        self.send("orders/paid", self.germany())
        self.pay()
        self.balance_line("CHARGE", "186.00")
        self.send("refunds/create", self.refund(3, {1: (1, "50.00", "10.00", "cancel")}, "60.00"))
        self.balance_line("REFUND", "-60.00", day=6)
        self.assertEqual(self.books()[0], Decimal("-105.00"))
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}, day=8))
        zero = Decimal("0.00")
        self.assertEqual(self.books(), (zero, Decimal("-100.00"), Decimal("-21.00"), zero))

    def test_a_return_is_credited_as_revenue_not_as_advance(self):
        self.send("orders/paid", self.germany())
        self.pay()
        self.balance_line("CHARGE", "186.00")
        self.send("fulfillments/create", self.fulfilment(1, {1: 3}))
        self.send("refunds/create", self.refund(3, {1: (1, "50.00", "10.00", "return")}, "60.00"))
        self.assertEqual(self.booked()[-1][:5], ("out_refund", "#1001-R3", "2026-03-06", 50.0, 10.0))
        self.assertEqual(self.documents()[-1].reversed_entry_id.ref, "#1001.1")
        self.balance_line("REFUND", "-60.00", day=6)
        zero = Decimal("0.00")
        self.assertEqual(self.books(), (zero, Decimal("-150.00"), Decimal("-21.00"), zero))
        self.assertEqual(self.balance(self.role("RET")), Decimal("50.00"))

    def test_a_cancelled_fulfilment_is_in_advance_again(self):
        self.send("orders/paid", self.germany())
        self.pay()
        handed = self.fulfilment(1, {1: 3})
        self.send("fulfillments/create", handed)
        cancelled = {**handed, "status": "cancelled", "updated_at": self.at(5)}
        self.assert_done(self.send("fulfillments/update", cancelled))
        self.assertEqual(self.books()[:3], (Decimal("-155.00"), Decimal("0.00"), Decimal("-31.00")))
        self.send("fulfillments/create", self.fulfilment(2, {1: 3}, day=6))
        self.assertEqual(self.books()[:3], (Decimal("0.00"), Decimal("-150.00"), Decimal("-31.00")))

    def test_a_lower_price_before_it_is_handed_over_takes_back_of_the_advance(self):
        order = self.germany()
        self.send("orders/paid", order)
        self.pay()
        cheaper = item(1, "40.00", 3, [tax("24.00")])
        self.assert_done(self.send("orders/updated", self.again(order, line_items=[cheaper], day=3)))
        self.assertEqual(self.booked()[1][:5], ("out_refund", "#1001.E1A", "2026-03-03", 30.0, 6.0))
        self.send("fulfillments/create", self.fulfilment(1, {1: 3}))
        self.assertEqual(self.books()[:3], (Decimal("0.00"), Decimal("-120.00"), Decimal("-25.00")))

    def test_told_twice_it_is_advanced_once(self):
        self.send("orders/paid", self.germany())
        body = self.transaction(8, "186.00", "shopify_payments")
        self.send("order_transactions/create", body, body)
        later = self.transaction(8, "186.00", "shopify_payments")
        self.assert_done(self.send("order_transactions/create", later))
        self.assertEqual(len(self.documents()), 1)

    def test_two_payments_in_one_batch_are_two_advances(self):
        self.send("orders/paid", self.germany())
        bodies = [self.transaction(number, "93.00", "shopify_payments") for number in (8, 9)]
        self.assert_done(self.send("order_transactions/create", *bodies))
        self.assertEqual([row[3:5] for row in self.booked()], [(77.5, 15.5), (77.5, 15.5)])

    def test_nothing_falls_due_elsewhere_with_a_voucher_or_after_the_goods(self):
        self.send("orders/paid", self.cups(3))
        self.pay()
        self.assertFalse(self.documents())
        self.send("orders/paid", self.germany(order_id=1002))
        self.pay("186.00", 9, "gift_card", order_id=1002)
        self.assertFalse(self.documents())
        self.send("orders/paid", self.germany(order_id=1003))
        self.send("fulfillments/create", self.fulfilment(3, {1: 3}, 1003))
        self.pay("186.00", 10, order_id=1003)
        self.assertEqual([row[1] for row in self.booked()], ["#1003.3"])

    def test_only_what_succeeded_falls_due(self):
        self.send("orders/paid", self.germany())
        self.pay(status="pending")
        self.pay(transaction_id=9, kind="authorization")
        self.assertFalse(self.documents())
        self.pay()
        self.assertEqual(len(self.documents()), 1)

    def test_such_orders_keep_an_invoice_each(self):
        guest = self.env["res.partner"].create({"name": "Walk-in customers"})
        self.shop.write({"shop_booking": "daily", "shop_guest_id": guest.id})
        self.send("orders/paid", self.germany())
        self.assertEqual(self.shop_order().booking, "each")
