# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Each row of the accounting policy for orders of a shop, to the cent (S3, O4, O22, F10, F26)."""

from decimal import Decimal

from odoo.exceptions import UserError
from odoo.tests import tagged

from .shop_common import ShopCommon, item, shipping, tax


@tagged("post_install", "-at_install")
class TestShopifyOrders(ShopCommon):
    # -- before anything is handed over --------------------------------------------------------------------

    def test_an_order_alone_books_nothing(self):
        before = self.entries()
        order = self.cups(financial_status="pending")
        messages = self.send("orders/create", order)
        messages |= self.send("orders/updated", self.again(order, note="wrap it"))
        cancelled = self.again(order, cancelled_at="2026-03-03T10:00:00-05:00", financial_status="voided")
        messages |= self.send("orders/cancelled", cancelled)
        self.assert_done(messages)
        self.assertEqual(self.entries(), before)
        kept = self.shop_order()
        self.assertEqual((kept.number, kept.state, kept.amount_total), ("#1001", "cancelled", 126.0))
        self.assertEqual(kept.partner_id.email, "jo@buyer.example")

    def test_what_is_paid_before_is_a_deposit_and_asks_nobody(self):
        self.send("orders/paid", self.cups())
        paid = self.balance_line("CHARGE", "126.00", "3.95")
        self.assertEqual((paid.application, paid.partner_id), ("deposit", self.shop_order().partner_id))
        self.assertEqual(paid.counterpart_id.account_id.account_type, "asset_receivable")
        self.assertEqual(self.receivable(), Decimal("-126.00"))
        self.assertEqual(self.balance(self.cash), Decimal("122.05"))
        self.assertFalse(self.exceptions())

    def test_money_before_its_order_is_booked_at_once_and_finds_it_later(self):
        paid = self.balance_line("CHARGE", "126.00")
        self.assertEqual(paid.application, "unidentified")
        self.assertEqual(self.exceptions().mapped("code"), ["payment_party_unknown"])
        self.send("orders/paid", self.cups())
        self.assertEqual(paid.application, "deposit")
        self.assertFalse(self.exceptions())
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        self.assertEqual(paid.application, "applied")
        self.assertEqual(self.receivable(), Decimal("0.00"))

    # -- handing over --------------------------------------------------------------------------------------

    def test_a_fulfilment_is_revenue_on_its_day_and_takes_the_deposit(self):
        self.send("orders/paid", self.cups())
        paid = self.balance_line("CHARGE", "126.00")
        messages = self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        self.assert_done(messages)
        self.assertEqual(self.booked(), [("out_invoice", "#1001.1", "2026-03-04", 105.0, 21.0, 0.0)])
        self.assertEqual(paid.application, "applied")
        self.assertEqual(paid.invoice_ids, self.documents())
        self.assertEqual(self.balance(self.income), Decimal("-100.00"))
        self.assertEqual(self.balance(self.role("SHIP")), Decimal("-5.00"))
        self.assertEqual(self.receivable(), Decimal("0.00"))
        self.assertFalse(self.exceptions())

    def test_several_fulfilments_are_several_invoices(self):
        self.send("orders/paid", self.cups(3, total_tip_received="2.00"))
        paid = self.balance_line("CHARGE", "188.00")
        self.send("fulfillments/create", self.fulfilment(1, {1: 1}))
        self.assertEqual(paid.application, "deposit")
        self.send("fulfillments/create", self.fulfilment(2, {1: 2}, day=8))
        self.assertEqual(
            self.booked(),
            [
                ("out_invoice", "#1001.1", "2026-03-04", 57.0, 11.0, 0.0),
                ("out_invoice", "#1001.2", "2026-03-08", 100.0, 20.0, 0.0),
            ],
        )
        self.assertEqual(paid.application, "applied")
        self.assertEqual(self.balance(self.role("TIPS")), Decimal("-2.00"))
        self.assertFalse(self.shop_order().to_deliver)
        self.assertFalse(self.exceptions())

    def test_two_fulfilments_in_one_batch_divide_the_order(self):
        self.send("orders/paid", self.cups(3))
        self.send("fulfillments/create", self.fulfilment(1, {1: 1}), self.fulfilment(2, {1: 2}))
        self.assertEqual([row[3:5] for row in self.booked()], [(55.0, 11.0), (100.0, 20.0)])

    def test_the_same_told_twice_is_booked_once(self):
        order, fulfilment = self.cups(), self.fulfilment(1, {1: 2})
        for _time in range(2):
            self.send("orders/paid", order)
            self.send("fulfillments/create", fulfilment)
        later = {**fulfilment, "updated_at": self.at(4), "tracking_number": "1Z"}
        messages = self.send("fulfillments/update", later)
        messages |= self.send("orders/updated", order)
        self.assert_done(messages)
        self.assertEqual(len(self.documents()), 1)

    def test_a_fulfilment_before_its_order_waits_for_it(self):
        order = self.cups()
        early = self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        self.assertEqual((early.status, early.hold_reason, early.waits_kind), ("held", "parent", "order"))
        self.send("orders/paid", order)
        self.assertEqual(early.status, "done")
        self.assertEqual(len(self.documents()), 1)

    def test_a_fulfilment_of_what_an_edit_adds_waits_for_the_edit(self):
        order = self.cups()
        self.send("orders/paid", order)
        early = self.send("fulfillments/create", self.fulfilment(1, {1: 2, 5: 1}))
        self.assertEqual((early.status, early.waits_kind), ("held", "order_line"))
        self.assertFalse(self.documents())
        edited = self.again(order, line_items=[*order["line_items"], item(5, "10.00", 1, [tax("2.00")])])
        self.send("orders/updated", edited)
        self.assertEqual(early.status, "done")
        self.assertEqual([row[3:5] for row in self.booked()], [(115.0, 23.0)])

    def test_discounts_are_net_and_uneven_parts_keep_the_cent(self):
        items = [
            item(1, "33.35", 3, [tax("18.01")], discount_allocations=[{"amount": "7.00"}, {"amount": "3.00"}])
        ]
        self.send("orders/paid", self.order(items, total_price="108.06"))
        for number in (1, 2, 3):
            self.send("fulfillments/create", self.fulfilment(number, {1: 1}))
        documents = self.documents()
        self.assertEqual(round(sum(documents.mapped("amount_untaxed")), 2), 90.05)
        self.assertEqual(round(sum(documents.mapped("amount_tax")), 2), 18.01)
        self.assertEqual(sorted(documents.mapped("amount_untaxed")), [30.01, 30.02, 30.02])

    def test_included_taxes_come_out_of_the_price(self):
        items = [item(1, "60.00", 2, [tax("20.00")])]
        self.send("orders/paid", self.order(items, taxes_included=True, total_price="120.00"))
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        self.assertEqual([row[3:5] for row in self.booked()], [(100.0, 20.0)])
        self.send("refunds/create", self.refund(3, {1: (1, "60.00", "10.00", "return")}, "60.00"))
        self.assertEqual([row[3:5] for row in self.booked()], [(100.0, 20.0), (50.0, 10.0)])

    def test_a_refund_without_the_included_tax_books_nothing_and_asks(self):
        items = [item(1, "60.00", 2, [tax("20.00")])]
        self.send("orders/paid", self.order(items, taxes_included=True, total_price="120.00"))
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        told = self.send("refunds/create", self.refund(3, {1: (1, "50.00", "10.00", "return")}, "60.00"))
        self.assertEqual((told.status, told.error_code), ("parked", "refund_tax_unclear"))
        self.assertEqual(len(self.documents()), 1)

    def test_given_back_shipping_of_newer_versions_is_credited(self):
        self.send("orders/paid", self.cups())
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        shipped = {
            "id": 31,
            "subtotal_amount_set": {"shop_money": {"amount": "5.00", "currency_code": "USD"}},
            "tax_amount_set": {"shop_money": {"amount": "1.00", "currency_code": "USD"}},
        }
        refund = self.refund(3, {1: (1, "50.00", "10.00", "return")}, "66.00")
        self.assert_done(self.send("refunds/create", {**refund, "refund_shipping_lines": [shipped]}))
        self.assertEqual([row[3:5] for row in self.booked()], [(105.0, 21.0), (55.0, 11.0)])

    def test_tax_of_the_channel_is_none_of_ours(self):
        items = [item(1, "100.00", 1, [tax("20.00"), tax("4.00", "State", "0.04", channel_liable=True)])]
        self.send("orders/paid", self.order(items))
        self.send("fulfillments/create", self.fulfilment(1, {1: 1}))
        [invoice] = self.documents()
        self.assertEqual((invoice.amount_untaxed, invoice.amount_tax), (100.0, 20.0))
        self.assertIn("4.00 USD", invoice.narration)

    def test_duties_pass_through_and_cash_is_rounded(self):
        duty = {"id": "1", "harmonized_system_code": "69", "price_set": {"shop_money": {"amount": "3.50"}}}
        rounding = {"shop_money": {"amount": "-0.02", "currency_code": "USD"}}
        items = [item(1, "10.00", 2, [tax("4.00")], duties=[duty])]
        self.send("orders/paid", self.order(items, total_cash_rounding_payment_adjustment_set=rounding))
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        self.assertEqual(self.documents().amount_total, 27.48)
        self.assertEqual(self.balance(self.role("DUTY")), Decimal("-3.50"))
        self.assertEqual(self.balance(self.role("RND")), Decimal("0.02"))

    def test_currencies_without_and_with_three_decimals(self):
        for code, price, taxed, total in (("JPY", "1200", "240", 1440.0), ("KWD", "1.235", "0.247", 1.482)):
            self.env["res.currency"].with_context(active_test=False).search(
                [("name", "=", code)]
            ).active = True
            number = 2000 if code == "JPY" else 2001
            self.send(
                "orders/paid", self.order([item(number, price, 1, [tax(taxed)])], number, currency=code)
            )
            self.send("fulfillments/create", self.fulfilment(number, {number: 1}, number))
            invoice = self.documents()[-1]
            self.assertEqual((invoice.currency_id.name, invoice.amount_total), (code, total))

    # -- vouchers and gateways -----------------------------------------------------------------------------

    def test_a_gift_card_is_owed_when_sold_and_pays_when_used(self):
        self.send("orders/paid", self.order([item(1, "50.00", gift_card=True)]))
        self.send("fulfillments/create", self.fulfilment(1, {1: 1}))
        self.assertEqual(self.balance(self.role("GIFT")), Decimal("-50.00"))
        self.assertEqual(self.balance(self.income), Decimal("0.00"))
        self.send("orders/paid", self.order([item(2, "100.00", 1, [tax("20.00")])], 1002))
        used = self.transaction(8, "30.00", "gift_card", order_id=1002)
        messages = self.send("order_transactions/create", used, used)
        self.assert_done(messages)
        self.assertEqual(self.balance(self.role("GIFT")), Decimal("-20.00"))
        self.send("fulfillments/create", self.fulfilment(2, {2: 1}, 1002))
        self.assertEqual(self.booked()[-1][3:], (100.0, 20.0, 90.0))
        self.assertEqual(self.balance(self.cash), Decimal("0.00"))

    def test_a_refund_to_store_credit_is_owed_again(self):
        self.send("orders/paid", self.cups())
        self.balance_line("CHARGE", "126.00")
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        lines = {1: (1, "50.00", "10.00", "return")}
        self.send("refunds/create", self.refund(3, lines, "60.00", gateway="shopify_store_credit"))
        given = self.transaction(30, "60.00", "shopify_store_credit", "refund", day=6)
        self.assert_done(self.send("order_transactions/create", given))
        self.assertEqual(self.balance(self.role("STCR")), Decimal("-60.00"))
        self.assertEqual(self.booked()[-1][3:], (50.0, 10.0, 0.0))
        self.assertEqual(self.receivable(), Decimal("0.00"))

    def test_cash_on_delivery_leaves_the_invoice_open(self):
        self.send("orders/create", self.cups(financial_status="pending"))
        self.send("order_transactions/create", self.transaction(1, "126.00", "Cash on Delivery (COD)"))
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        self.assertEqual(self.booked()[0][5], 126.0)
        self.assertFalse(self.env["integration.movement"].search([("connection_id", "=", self.shop.id)]))
        self.assertFalse(self.exceptions())

    def test_an_unknown_gateway_is_named_once_and_books_no_money(self):
        self.send("orders/paid", self.cups())
        before = self.entries()
        messages = self.send(
            "order_transactions/create",
            self.transaction(1, "100.00", "Bitpay"),
            self.transaction(2, "26.00", "Bitpay"),
        )
        self.assert_done(messages)
        self.assertEqual(self.entries(), before)
        [exception] = self.exceptions("gateway_not_covered")
        self.assertIn("Bitpay", exception.what)

    def test_what_is_said_of_a_gateway_counts_for_all_of_its_orders(self):
        self.send("orders/paid", self.cups())
        self.send("orders/paid", self.cups(order_id=1002))
        self.send("order_transactions/create", self.transaction(1, "126.00", "Bitpay"))
        self.send("order_transactions/create", self.transaction(2, "126.00", "bit pay", order_id=1002))
        self.send("order_transactions/create", self.transaction(3, "126.00", "BITPAY", order_id=1002))
        [exception, other] = self.exceptions("gateway_not_covered").sorted("id")
        self.assertEqual((exception.fix, other.fix), ("gateway", "gateway"))
        with self.assertRaisesRegex(UserError, "Say first"):
            exception.action_mark_resolved()
        gateway = self.env["integration.shop.gateway"].browse(exception.action_open_gateway()["res_id"])
        self.assertEqual(
            (gateway.name, gateway.order_count, gateway.amount_text), ("Bitpay", 2, "$\xa0252.00")
        )
        self.assertEqual(set(gateway.order_ids.mapped("number")), {"#1001", "#1002"})
        before = self.entries()
        gateway.way = "bank"
        self.assertEqual((exception.state, other.state), ("resolved", "open"))
        self.send("order_transactions/create", self.transaction(4, "1.00", "Bitpay"))
        self.assertEqual((exception.state, exception.returned_count, self.entries()), ("resolved", 0, before))
        with self.assertRaises(UserError):
            gateway.way = "unknown"

    def test_a_gateway_that_is_connected_later_asks_no_more(self):
        self.stripe_connection.sudo().state = "paused"
        self.send("orders/paid", self.cups())
        self.send("order_transactions/create", self.transaction(1, "126.00", "stripe"))
        [exception] = self.exceptions("gateway_not_covered")
        self.stripe_connection.action_activate()
        self.assertEqual(exception.state, "resolved")

    def test_a_payment_of_a_connected_processor_is_booked_by_its_ledger_alone(self):
        charge = self.stripe.charge(12600, "usd")
        self.send("orders/paid", self.cups())
        link = self.transaction(1, "126.00", "stripe", authorization=charge["id"])
        self.send("order_transactions/create", link)
        self.assertFalse(self.exceptions())
        self.send_stripe()
        paid = self.movement("payment", charge["id"])
        self.assertEqual((paid.application, paid.partner_id), ("deposit", self.shop_order().partner_id))
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        self.assertEqual((paid.application, self.booked()[0][5]), ("applied", 0.0))
        self.assertEqual(self.balance(self.cash), Decimal("0.00"))
        self.assertEqual(self.receivable(), Decimal("0.00"))

    # -- edits after invoicing -----------------------------------------------------------------------------

    def test_an_edit_that_adds_is_a_further_invoice_and_one_that_takes_away_a_credit_note(self):
        order = self.cups()
        self.send("orders/paid", order)
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        dearer = self.again(order, 10, shipping_lines=[shipping("8.00", [tax("1.60")])])
        self.assert_done(self.send("orders/updated", dearer))
        cheaper = self.again(
            dearer,
            11,
            line_items=[item(1, "50.00", 2, [tax("18.00")], discount_allocations=[{"amount": "10.00"}])],
        )
        self.assert_done(self.send("orders/updated", cheaper))
        self.assertEqual(
            [row[:5] for row in self.booked()],
            [
                ("out_invoice", "#1001.1", "2026-03-04", 105.0, 21.0),
                ("out_invoice", "#1001.E1", "2026-03-10", 3.0, 0.6),
                ("out_refund", "#1001.E2C", "2026-03-11", 10.0, 2.0),
            ],
        )
        self.assertEqual(self.receivable(), Decimal("117.60"))
        self.send("orders/updated", self.again(cheaper, 12, note="nothing new"))
        self.assertEqual(len(self.documents()), 3)

    def test_a_cancelled_fulfilment_takes_its_invoice_back_and_a_new_one_is_paid_by_it(self):
        self.send("orders/paid", self.cups())
        self.balance_line("CHARGE", "126.00")
        first = self.fulfilment(1, {1: 2})
        self.send("fulfillments/create", first)
        gone = {**first, "status": "cancelled", "updated_at": self.at(5)}
        self.assert_done(self.send("fulfillments/update", gone))
        self.assertEqual(self.balance(self.income), Decimal("0.00"))
        self.assertTrue(self.shop_order().to_deliver)
        self.send("fulfillments/update", first)  # late: it is history
        self.assertEqual(len(self.documents()), 2)
        self.send("fulfillments/create", self.fulfilment(2, {1: 2}, day=8))
        self.assertEqual(self.booked()[-1], ("out_invoice", "#1001.2", "2026-03-08", 105.0, 21.0, 0.0))
        self.assertEqual(self.receivable(), Decimal("0.00"))

    # -- refunds -------------------------------------------------------------------------------------------

    def test_a_refund_with_restock_is_a_credit_note_that_the_money_pays(self):
        self.send("orders/paid", self.cups())
        self.balance_line("CHARGE", "126.00")
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        told = self.refund(
            3, {1: (1, "50.00", "10.00", "return")}, "64.00", adjustments=[
                ("shipping_refund", "-5.00", "-1.00"), ("refund_discrepancy", "2.00", "0.00")
            ]
        )  # fmt: skip
        self.assert_done(self.send("refunds/create", told, told))
        sent = self.balance_line("REFUND", "-64.00", day=7)
        self.assertEqual(self.booked()[-1], ("out_refund", "#1001-R3", "2026-03-06", 53.0, 11.0, 0.0))
        self.assertEqual(self.documents()[-1].reversed_entry_id, self.documents()[0])
        self.assertEqual(sent.application, "applied")
        self.assertEqual(self.balance(self.role("RET")), Decimal("48.00"))
        self.assertEqual(self.balance(self.role("SHIP")), Decimal("0.00"))
        self.assertEqual(self.receivable(), Decimal("0.00"))
        self.assertFalse(self.exceptions())

    def test_money_of_a_refund_that_is_told_later_waits_for_its_credit_note(self):
        self.send("orders/paid", self.cups())
        self.balance_line("CHARGE", "126.00")
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        sent = self.balance_line("REFUND", "-60.00", transaction="30")
        self.assertEqual(self.exceptions().mapped("code"), ["refund_without_credit_note"])
        self.send("refunds/create", self.refund(3, {1: (1, "50.00", "10.00", "return")}, "60.00"))
        self.assertEqual(sent.application, "applied")
        self.assertFalse(self.exceptions())

    def test_a_refund_of_what_was_never_handed_over_gives_the_deposit_back(self):
        order = self.cups()
        self.send("orders/paid", order)
        paid = self.balance_line("CHARGE", "126.00")
        cancelled = self.again(order, 3, cancelled_at="2026-03-03T10:00:00-05:00")
        self.send("orders/cancelled", cancelled)
        told = self.refund(
            3, {1: (2, "100.00", "20.00", "cancel")}, "126.00", adjustments=[("shipping_refund", "-5.00", "-1.00")]
        )  # fmt: skip
        self.assert_done(self.send("refunds/create", told))
        sent = self.balance_line("REFUND", "-126.00", day=7)
        self.assertFalse(self.documents())
        self.assertEqual((paid.application, sent.application), ("applied", "applied"))
        self.assertEqual(self.receivable(), Decimal("0.00"))
        self.assertFalse(self.exceptions())

    def test_a_part_that_was_never_handed_over_is_no_credit_note(self):
        self.send("orders/paid", self.cups())
        paid = self.balance_line("CHARGE", "126.00")
        self.send("fulfillments/create", self.fulfilment(1, {1: 1}))
        self.send("refunds/create", self.refund(3, {1: (1, "50.00", "10.00", "cancel")}, "60.00"))
        self.assertFalse(self.exceptions())
        sent = self.balance_line("REFUND", "-60.00", day=7)
        self.assertEqual([row[:2] for row in self.booked()], [("out_invoice", "#1001.1")])
        self.assertEqual((sent.application, paid.application), ("applied", "applied"))
        self.assertEqual(self.receivable(), Decimal("0.00"))
        self.assertFalse(self.exceptions())

    def test_a_refund_above_the_sale_is_in_the_books_as_money_and_asks_a_person(self):
        self.send("orders/paid", self.cups())
        self.balance_line("CHARGE", "126.00")
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        told = self.send("refunds/create", self.refund(3, {1: (2, "150.00", "30.00", "return")}, "180.00"))
        self.assertEqual((told.status, told.error_code), ("parked", "refund_exceeds_order"))
        sent = self.balance_line("REFUND", "-180.00", day=7)
        self.assertEqual((sent.application, self.balance(self.cash)), ("credit_note", Decimal("-54.00")))
        self.assertEqual(len(self.documents()), 1)

    def test_a_refund_before_its_fulfilment_waits_for_it(self):
        self.send("orders/paid", self.cups())
        told = self.send("refunds/create", self.refund(3, {1: (1, "50.00", "10.00", "return")}, "60.00"))
        self.assertEqual((told.status, told.waits_kind), ("held", "fulfilment"))
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        self.assertEqual(told.status, "done")
        self.assertEqual([row[0] for row in self.booked()], ["out_invoice", "out_refund"])

    def test_an_exchange_is_a_credit_note_and_a_new_sale(self):
        order = self.cups()
        self.send("orders/paid", order)
        self.balance_line("CHARGE", "126.00")
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        self.send("refunds/create", self.refund(3, {1: (1, "50.00", "10.00", "return")}))
        first = {**order["line_items"][0], "current_quantity": 1}
        edited = self.again(order, 7, line_items=[first, item(6, "50.00", 1, [tax("10.00")])])
        self.send("orders/updated", edited)
        self.send("fulfillments/create", self.fulfilment(2, {6: 1}, day=8))
        self.assertEqual(
            [(row[0], row[5]) for row in self.booked()],
            [("out_invoice", 0.0), ("out_refund", 0.0), ("out_invoice", 0.0)],
        )
        self.assertEqual(self.receivable(), Decimal("0.00"))
