# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The simulated shop: its ledger adds up, its API keeps to its budget, its webhooks say what happened."""

import json
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.engine.signatures import Secret, SignedRequest, get_scheme
from odoo.addons.finance_integration.simulators.clock import SimulatedClock
from odoo.addons.finance_integration.simulators.shopify.api import ShopifyApi
from odoo.addons.finance_integration.simulators.shopify.demo import MISSED, play_month
from odoo.addons.finance_integration.simulators.shopify.signing import ShopifySigner
from odoo.addons.finance_integration.simulators.shopify.state import RefusedError, ShopifyShop
from odoo.addons.finance_integration.simulators.stripe.faults import BROKEN, TOO_MANY, FaultPlan

START = datetime(2026, 3, 2, 15, 0, tzinfo=timezone.utc)
PATH = "/admin/api/2026-01/graphql.json"
SMALL = "query($n: Int!) { orders(first: $n, sortKey: UPDATED_AT) { nodes { id name } } }"


@pytest.fixture
def shop():
    return ShopifyShop("unit", SimulatedClock(START))


def ask(api, query, variables=None, token="shpat_1", path=PATH):
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    status, headers, raw = api.handle("POST", path, {"X-Shopify-Access-Token": token}, body)
    return status, headers, json.loads(raw)


def test_the_same_seed_tells_the_same(shop):
    other = ShopifyShop("unit", SimulatedClock(START))
    for each in (shop, other):
        order = each.place([("Cup", 2, "50.00")], shipping="5.00")
        each.pay(order)
        each.fulfil(order)
    assert shop.events == other.events


def test_an_order_comes_to_what_is_paid_and_the_balance_adds_up(shop):
    order = shop.place([("Cup", 2, "50.00")], shipping="5.00", discount="10.00", tip="2.00")
    assert order.total == Decimal("116.00")
    shop.pay(order)
    assert shop.balance() == Decimal("116.00") - Decimal("3.66")
    shop.fulfil(order)
    made = shop.refund(order, {order.items[0].id: 1}, shipping="5.00", kept="1.00")
    assert made["transactions"][0]["amount"] == Decimal("59.00")
    assert shop.balance() == Decimal("53.34")
    shop.pay_out()
    assert shop.balance() == 0


def test_what_shopify_would_refuse_is_refused(shop):
    order = shop.place([("Cup", 1, "50.00")])
    shop.pay(order)
    for wrong in (
        lambda: shop.pay(order),
        lambda: shop.fulfil(order, {order.items[0].id: 2}),
        lambda: shop.refund(order, {order.items[0].id: 2}),
    ):
        with pytest.raises(RefusedError):
            wrong()
    made = shop.fulfil(order)
    with pytest.raises(RefusedError):
        shop.cancel(order)
    shop.cancel_fulfilment(order, made)
    shop.cancel(order)


def test_webhooks_say_what_happened_in_order(shop):
    order = shop.place([("Cup", 1, "50.00")])
    shop.pay(order)
    shop.fulfil(order)
    shop.refund(order, {order.items[0].id: 1})
    assert [event.type for event in shop.events] == [
        "orders/create",
        "order_transactions/create",
        "orders/paid",
        "fulfillments/create",
        "orders/updated",
        "refunds/create",
        "order_transactions/create",
        "orders/updated",
    ]
    assert json.loads(shop.events[-1].body)["financial_status"] == "refunded"


@pytest.mark.parametrize("family", ["X-Shopify-", "Shopify-"])
def test_the_hub_verifies_what_is_signed_also_after_the_secret_was_rotated(shop, family):
    shop.place([("Cup", 1, "50.00")])
    event, scheme = shop.events[0], get_scheme("shopify")
    signer = ShopifySigner("shpss_old", shop.shop, family=family)
    secrets, found = [Secret("old", "shpss_old"), Secret("new", "shpss_new")], []
    for _turn in range(2):
        headers = list(signer.headers(event, int(START.timestamp())).items())
        request = SignedRequest("POST", "", headers, event.body)
        found.append(scheme.verify(request, secrets, START, 300).secret_id)
        signer.roll("shpss_new")
    assert found == ["old", "new"]


def test_the_api_wants_its_token_and_its_address(shop):
    api = ShopifyApi(shop, "shpat_1")
    assert ask(api, SMALL, {"n": 1}, token="other")[0] == 401
    assert ask(api, SMALL, {"n": 1}, path="/admin/api/graphql.json")[0] == 404
    assert ask(api, SMALL, {"n": 1})[1]["X-Shopify-API-Version"] == "2026-01"
    assert (
        ask(api, SMALL, {"n": 1}, path="/admin/api/2020-01/graphql.json")[1]["X-Shopify-API-Version"]
        == "2025-04"
    )
    api.roll("shpat_2")
    assert ask(api, SMALL, {"n": 1})[0] == 401
    assert ask(api, SMALL, {"n": 1}, token="shpat_2")[0] == 200


def test_questions_cost_and_the_budget_fills_up(shop):
    api = ShopifyApi(shop, "shpat_1", budget=60)
    assert ask(api, SMALL, {"n": 50})[2]["data"] == {"orders": {"nodes": []}}
    told = ask(api, SMALL, {"n": 50})[2]
    assert told["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert told["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 10
    shop.clock.advance(seconds=1)
    assert "data" in ask(api, SMALL, {"n": 50})[2]


def test_unknown_fields_and_too_dear_questions_are_refused(shop):
    shop.place([("Cup", 1, "50.00")])
    api = ShopifyApi(shop, "shpat_1")
    for query, code in (
        ("{ orders(first: 1, sortKey: UPDATED_AT) { nodes { nothing } } }", "undefinedField"),
        ("{ orders(first: 1, sortKey: UPDATED_AT) { nodes { totalPriceSet } } }", "selectionMismatch"),
        ("{ orders(first: 251, sortKey: UPDATED_AT) { nodes { id } } }", "argumentLiteralsIncompatible"),
        ("{ orders(first: 1", "parse_error"),
        (
            "{ orders(first: 50, sortKey: UPDATED_AT) { nodes { lineItems(first: 50) { nodes { id } } } } }",
            "MAX_COST_EXCEEDED",
        ),
    ):
        assert ask(api, query)[2]["errors"][0]["extensions"]["code"] == code


def test_faults_come_when_they_are_planned(shop):
    api = ShopifyApi(shop, "shpat_1", FaultPlan({1: TOO_MANY, 2: BROKEN}))
    assert [ask(api, SMALL, {"n": 1})[0] for _time in range(3)] == [429, 500, 200]


def test_webhooks_are_subscribed_to_an_address_that_is_safe(shop):
    api = ShopifyApi(shop, "shpat_1")
    query = (
        "mutation($t: WebhookSubscriptionTopic!, $u: URL!) { webhookSubscriptionCreate(topic: $t,"
        " webhookSubscription: { callbackUrl: $u, format: JSON }) { userErrors { message } } }"
    )
    told = ask(api, query, {"t": "ORDERS_CREATE", "u": "http://odoo.example"})[2]
    assert told["data"]["webhookSubscriptionCreate"]["userErrors"]
    ask(api, query, {"t": "ORDERS_CREATE", "u": "https://odoo.example/in"})
    assert shop.subscriptions == {"ORDERS_CREATE": "https://odoo.example/in"}


def test_the_demo_s_month_has_one_order_that_no_webhook_tells():
    shop = play_month("1", date(2026, 10, 1))
    assert [order.name for order in shop.orders.values()][-2] == MISSED
    assert shop.balance() == 0
    told = [event for event in shop.events if MISSED.encode() in event.body]
    assert told
    assert play_month("1", date(2026, 10, 1)).events == shop.events
