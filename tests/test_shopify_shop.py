# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A simulated shop and the hub: whatever comes twice, late, out of order or not at all, the books are the same (S3)."""

from decimal import Decimal
from urllib.parse import urlsplit

from odoo.tests import tagged

from ..connectors.base import HttpAnswer
from ..connectors.registry import get_connector
from ..engine.errors import TransientError
from ..simulators.shopify.api import ShopifyApi
from ..simulators.shopify.state import ShopifyShop
from ..simulators.stripe.faults import BROKEN, TOO_MANY, FaultPlan
from .shop_common import SHOP, ShopCommon, item, shipping, tax


@tagged("post_install", "-at_install")
class TestShopifyShop(ShopCommon):
    def setUp(self):
        super().setUp()
        self.map_tax("US VAT 20%")
        self.sim = ShopifyShop("odoo", self.clock, SHOP)

    def live(self):
        """Let a shop's week happen; returns the order that was sent in two parts and partly given back."""
        sim = self.sim
        whole = sim.place([("Cup", 3, "33.35")], shipping="5.00", discount="10.00", tip="2.00")
        sim.pay(whole)
        self.clock.advance(days=1)
        sim.fulfil(whole, {whole.items[0].id: 1})
        self.clock.advance(days=1)
        sim.fulfil(whole)
        sim.refund(whole, {whole.items[0].id: 1}, shipping="5.00", kept="1.00")
        gone = sim.place([("Tray", 1, "80.00")])
        sim.pay(gone)
        sim.cancel(gone)
        sim.refund(gone, {gone.items[0].id: 1}, restock="cancel")
        self.clock.advance(days=1)
        return whole

    def tell(self, events):
        """Bring webhooks in, in this order, and work them off."""
        for event in events:
            headers = {"x-shopify-topic": event.type, "x-shopify-shop-domain": SHOP}
            self.accept(self.shop, event.body, headers)
        self.drain(self.shop)

    def fetch(self, pull, api=None):
        """Fetch a list page by page, without a socket; goes on where the shop asked to wait."""
        api = api or ShopifyApi(self.sim, "shpat_1")
        connection = self.shop.with_env(self.root)
        connector = get_connector("shopify")
        for _time in range(500):
            cursor = connection.pull_cursor_ids.filtered(lambda row: row.pull == pull)
            position, settings = cursor.position or {}, connection._settings()
            request = connector.pull_request(pull, position, settings, "shpat_1")
            status, headers, body = api.handle(
                request.method, urlsplit(request.url).path, request.headers, request.body
            )
            answer = HttpAnswer(status, {name.lower(): value for name, value in headers.items()}, body)
            try:
                page = connector.pull_page(pull, position, answer, settings)
            except TransientError as error:
                self.clock.advance(seconds=error.retry_after_seconds or 1)
                continue
            connection._store_page(pull, page)
            connection.invalidate_recordset()
            if not page.more:
                break
        return self.drain(self.shop)

    def figures(self):
        """Return what the books show, without the order in which it came about."""
        return sorted(row[:5] for row in self.booked()), self.receivable(), self.balance(self.cash)

    def assert_the_week(self, whole):
        documents = self.documents()
        total = sum(move.amount_total * (1 if move.move_type == "out_invoice" else -1) for move in documents)
        self.assertEqual(Decimal(f"{total:.2f}"), whole.paid())
        self.assertEqual(
            [(row[0], row[1].partition("-")[0]) for row in sorted(self.booked())],
            [("out_invoice", "#1001.1"), ("out_invoice", "#1001.2"), ("out_refund", "#1001")],
        )
        self.assertEqual({row[5] for row in self.booked()}, {0.0})
        self.assertEqual(self.balance(self.cash), self.sim.balance())
        self.assertEqual(self.receivable(), Decimal("0.00"))
        self.assertFalse(self.exceptions(), self.exceptions().mapped("what"))
        movements = self.env["integration.movement"].search(
            [("connection_id", "=", self.shop.id), ("type", "in", ("payment", "refund"))]
        )
        self.assertEqual(movements.mapped("application"), ["applied"] * 4)

    def test_what_no_webhook_brought_is_fetched(self):
        whole = self.live()
        self.fetch("orders")
        self.fetch("balance_transactions")
        self.assert_the_week(whole)

    def test_money_first_and_orders_afterwards(self):
        whole = self.live()
        self.fetch("balance_transactions")
        self.assertEqual(self.balance(self.cash), self.sim.balance())
        self.assertTrue(self.exceptions())
        self.fetch("orders")
        self.assert_the_week(whole)

    def test_webhooks_backwards_and_twice_and_the_list_again(self):
        whole = self.live()
        self.tell([*reversed(self.sim.events), *self.sim.events])
        self.fetch("balance_transactions")
        self.assert_the_week(whole)
        before = self.figures()
        self.fetch("orders")
        self.fetch("orders")
        self.assertEqual(self.figures(), before)

    def test_every_second_webhook_is_lost(self):
        whole = self.live()
        self.tell(self.sim.events[::2])
        self.fetch("balance_transactions")
        self.fetch("orders")
        self.assert_the_week(whole)

    def test_a_shop_that_is_slow_and_broken_is_read_to_its_end(self):
        whole = self.live()
        faults = FaultPlan({2: TOO_MANY, 4: BROKEN, 6: TOO_MANY})
        self.fetch("orders", ShopifyApi(self.sim, "shpat_1", faults, budget=900))
        self.fetch("balance_transactions")
        self.assert_the_week(whole)

    def test_a_later_fetch_reaches_back_and_brings_what_is_new(self):
        whole = self.live()
        self.fetch("orders")
        self.sim.pay(order := self.sim.place([("Jug", 1, "40.00")]))
        self.sim.fulfil(order)
        self.fetch("orders")
        self.assertEqual(self.documents()[-1].ref, f"{order.name}.1")
        self.assertEqual(len(self.documents()), 4)
        self.assertEqual(len(whole.refunds), 1)


@tagged("post_install", "-at_install")
class TestMoneyBeforeItsOrder(ShopCommon):
    """The ledger of a gateway is often faster than the shop."""

    def test_a_refund_that_names_its_payment_alone_finds_the_order_that_comes_later(self):
        for told, reference in ((True, "the shop names the charge"), (False, "the charge names the order")):
            with self.subTest(reference):
                number = 1001 if told else 1002
                facts = {} if told else {"metadata": {"order_id": f"#{number}"}}
                charge = self.stripe.charge(12600, "usd", settled=True, **facts)
                self.stripe.refund(charge["id"], 6000)
                self.send_stripe()
                self.pull_stripe()
                refund = self.env["integration.movement"].search(
                    [("type", "=", "refund"), ("related_id", "=", charge["id"])]
                )
                self.assertEqual((len(refund), refund.application), (1, "unidentified"))
                items = [item(number * 10, "50.00", 2, [tax("20.00")])]
                lines = [{**shipping("5.00", [tax("1.00")]), "id": number * 10 + 1}]
                order = self.order(items, number, lines, payment_gateway_names=["stripe"])
                paid = self.transaction(number * 100, "126.00", "stripe", order_id=number)
                self.send("orders/paid", order)
                self.send(
                    "order_transactions/create", {**paid, "authorization": charge["id"] if told else None}
                )
                self.send("fulfillments/create", self.fulfilment(number, {number * 10: 2}, order_id=number))
                back = {number * 10: (1, "50.00", "10.00", "return")}
                self.send(
                    "refunds/create", self.refund(number, back, "60.00", order_id=number, gateway="stripe")
                )
                self.assertEqual(refund.application, "applied", self.exceptions().mapped("what"))
                self.assertEqual(self.receivable(), Decimal("0.00"))
                self.assertFalse(self.exceptions(), self.exceptions().mapped("what"))

    def test_two_providers_that_number_alike_are_told_apart(self):
        charge = self.stripe.charge(12600, "usd", settled=True)
        self.stripe.refund(charge["id"], 6000)
        self.send_stripe()
        self.pull_stripe()
        movements = self.root["integration.movement"]
        own = movements.search([("type", "=", "refund"), ("related_id", "=", charge["id"])])
        foreign = movements.create(
            {
                "connection_id": self.partner_connection.id,
                "type": "refund",
                "movement_id": "R-1",
                "related_id": charge["id"],
                "changes_balance": True,
                "status": "succeeded",
                "occurred_at": own.occurred_at,
                "event_date": own.event_date,
                "currency_id": own.currency_id.id,
                "amount": -60.0,
                "application": "unidentified",
            }
        )
        order = self.order([item(1, "50.00", 2, [tax("20.00")])], lines=[shipping("5.00", [tax("1.00")])])
        self.send("orders/paid", {**order, "payment_gateway_names": ["stripe"]})
        paid = self.transaction(100, "126.00", "stripe")
        self.assert_done(self.send("order_transactions/create", {**paid, "authorization": charge["id"]}))
        self.send("fulfillments/create", self.fulfilment(1, {1: 2}))
        back = {1: (1, "50.00", "10.00", "return")}
        self.send("refunds/create", self.refund(3, back, "60.00", gateway="stripe"))
        posting = self.shop.with_env(self.root)._as_service().env["integration.posting.application"]
        order = self.shop_order().with_env(posting.env)
        self.assertEqual(posting._movements_of(order, ("refund",)).ids, own.ids)
        self.assertEqual(posting._order_of(own.with_env(posting.env)), order)
        self.assertFalse(posting._order_of(foreign.with_env(posting.env)))
        self.assertEqual((own.application, foreign.application), ("applied", "unidentified"))
        self.assertEqual(self.receivable(), Decimal("0.00"))
