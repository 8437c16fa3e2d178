# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Shopify: what is not signed decides nothing, the budget of questions, webhooks that repair themselves (S3)."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer, InboundEvent
from odoo.addons.finance_integration.connectors.shopify import client, const
from odoo.addons.finance_integration.connectors.shopify.connector import CONNECTOR
from odoo.addons.finance_integration.engine.canonical import rules
from odoo.addons.finance_integration.engine.canonical.base import Source
from odoo.addons.finance_integration.engine.canonical.order import (
    Order,
    OrderLine,
    OrderRefund,
    OrderTax,
    RefundedLine,
)
from odoo.addons.finance_integration.engine.errors import AuthorizationError, ContractError, TransientError
from odoo.addons.finance_integration.engine.instants import parse_instant
from odoo.addons.finance_integration.engine.json_guard import parse_json

FIXTURES = Path(client.__file__).parent / "fixtures"
SETTINGS = {
    "outside_account": "anna.myshopify.com",
    "endpoint_url": "https://odoo.example.com/integration/v1/in/k",
}
AT = parse_instant("2026-03-02T12:00:00Z")


def fixture(name):
    return parse_json((FIXTURES / name / "request.json").read_bytes())


def headers(topic="orders/paid", family="x-shopify-", **changes):
    told = {
        "topic": topic,
        "shop-domain": "anna.myshopify.com",
        "event-id": "e-1",
        "triggered-at": "2026-03-02T15:00:00Z",
    }
    return {family + name: value for name, value in {**told, **changes}.items()}


def documents(topic, body):
    envelope = CONNECTOR.read_envelope(body, headers(topic))
    return CONNECTOR.transform(InboundEvent(envelope, body, {}))


def answer(body, status=200):
    return HttpAnswer(status, {}, json.dumps(body).encode())


# -- what is not signed ----------------------------------------------------------------------------------------


def test_ids_in_the_headers_make_no_second_event():
    body = fixture("order_paid")
    first = CONNECTOR.read_envelope(body, headers())
    again = CONNECTOR.read_envelope(
        body, headers(**{"event-id": "e-2", "triggered-at": "2026-03-09T15:00:00Z"})
    )
    assert first == again
    other = CONNECTOR.read_envelope({**body, "financial_status": "refunded"}, headers())
    assert other.event_id != first.event_id
    assert CONNECTOR.read_envelope(body, headers("orders/updated")).event_id != first.event_id


@pytest.mark.parametrize("family", ["x-shopify-", "shopify-"])
def test_both_families_name_topic_and_shop(family):
    told = CONNECTOR.read_envelope(fixture("order_paid"), headers(family=family))
    assert (told.event_type, told.account) == ("orders/paid", "anna.myshopify.com")
    assert set(headers(family=family)) <= set(const.ENVELOPE_HEADERS)


def test_the_topic_does_not_say_what_an_order_is():
    [paid] = documents("orders/cancelled", fixture("order_paid"))
    assert (paid.status, paid.payment_status) == ("open", "paid")
    [cancelled] = documents("orders/paid", fixture("order_cancelled"))
    assert (cancelled.status, cancelled.payment_status) == ("cancelled", "voided")


def test_what_belongs_to_an_order_is_no_version_of_it():
    keys = [
        CONNECTOR.read_envelope(fixture(name), headers(topic)).object_key
        for name, topic in (
            ("order_paid", "orders/paid"),
            ("fulfilment_created", "fulfillments/create"),
            ("refund_with_restock", "refunds/create"),
            ("order_transaction", "order_transactions/create"),
        )
    ]
    assert keys == [
        "order:820982911946154508",
        f"fulfilment:{fixture('fulfilment_created')['id']}",
        f"refund:{fixture('refund_with_restock')['id']}",
        "order_payment:1",
    ]


def test_a_test_order_is_no_live_one():
    assert CONNECTOR.read_envelope({**fixture("order_paid"), "test": True}, headers()).live is False
    assert CONNECTOR.spec.needs_account


# -- orders ----------------------------------------------------------------------------------------------------


def test_an_order_of_everything_adds_up_by_kind():
    [order] = documents("orders/updated", fixture("order_of_everything"))
    found = [
        (line.kind, str(line.net_amount), [str(tax.amount) for tax in line.taxes]) for line in order.lines
    ]
    assert found == [
        ("product", "100.00", ["20.00", "4.00"]),
        ("duty", "3.50", []),
        ("gift_card", "50.00", []),
        ("shipping", "5.00", ["1.00"]),
        ("tip", "2.00", []),
    ]
    assert [tax.channel_liable for tax in order.lines[0].taxes] == [False, True]
    assert order.total_gross == Decimal("185.50")


def test_included_taxes_are_taken_out_of_the_price():
    [order] = documents("orders/updated", fixture("order_taxes_included"))
    assert (order.total_net, order.total_tax, order.total_gross) == (
        Decimal("120.00"),
        Decimal("24.00"),
        Decimal("144.00"),
    )


def test_an_edit_says_what_was_ordered_and_what_is_left():
    [order] = documents("orders/updated", fixture("order_edited_down"))
    assert [(line.quantity, line.current, line.net_amount) for line in order.lines] == [
        (4, 3, Decimal("40.00")),
        (1, 0, Decimal("9.00")),
    ]
    assert order.total_tax == Decimal("9.80")


@pytest.mark.parametrize(
    ("title", "rate", "country", "code"),
    [
        ("VAT", "0.19", "DE", "DE VAT 19%"),
        ("VAT", "0.07", "DE", "DE VAT 7%"),
        ("VAT", "0.055", "FR", "FR VAT 5.5%"),
        ("VAT 20 %", "0.2", None, "VAT 20 %"),
        (None, "0", "US", "US Tax 0%"),
        ("State", None, None, "State"),
    ],
)
def test_a_tax_is_told_by_country_name_and_rate(title, rate, country, code):
    body = fixture("order_paid")
    line = body["line_items"][0]
    line["tax_lines"] = [{"title": title, "price": "22.00", "rate": rate and Decimal(rate)}]
    body["shipping_address"] = {"country_code": country}
    [order] = documents("orders/updated", body)
    assert order.lines[0].taxes[0].code == code


def test_cash_is_rounded_on_a_line_of_its_own():
    [order] = documents("orders/paid", fixture("order_cash_rounded"))
    assert [(line.kind, line.net_amount) for line in order.lines][-1] == ("rounding", Decimal("-0.02"))
    assert (order.customer, order.channel) == (None, "pos")


@pytest.mark.parametrize(
    ("name", "number", "counter"),
    [("#1001.2", "#1001", "2"), ("#1001-F2", "#1001", "2"), ("A-7", "A-7", None), (None, None, None)],
)
def test_a_fulfilment_is_counted_as_both_apis_write_it(name, number, counter):
    [told] = documents("fulfillments/create", {**fixture("fulfilment_created"), "name": name})
    assert (told.order_number, told.counter) == (number, counter)


def test_a_transaction_links_and_a_refund_may_name_no_money():
    [told] = documents("order_transactions/create", fixture("order_transaction"))
    assert (told.order, told.type, told.gateway, told.provider_reference, told.amount) == (
        "820982911946154508",
        "sale",
        "paypal",
        "5TY05013RG002845M",
        Decimal("119.00"),
    )
    [refund] = documents("refunds/create", fixture("refund_without_money"))
    assert (refund.currency, refund.paid_back, refund.lines[0].restock) == (None, (), "cancel")


def test_a_refund_says_lines_adjustments_and_who_paid():
    [refund] = documents("refunds/create", fixture("refund_with_restock"))
    assert [(each.kind, each.net_amount, each.tax_amount) for each in refund.adjustments] == [
        ("shipping", Decimal("5.00"), Decimal("1.00")),
        ("discrepancy", Decimal("-2.00"), Decimal("0.00")),
    ]
    assert [(each.restock, each.quantity) for each in refund.lines] == [("return", Decimal(1))]
    assert [(each.gateway, each.amount) for each in refund.paid_back] == [
        ("shopify_payments", Decimal("70.00"))
    ]
    assert refund.total_net + refund.total_tax == Decimal("70.00")


def test_given_back_shipping_is_read_where_newer_versions_write_it():
    """Since 2024-10 it is a line of its own and no adjustment; written in both places it counts once."""
    body = fixture("refund_with_restock")
    old = documents("refunds/create", body)[0]
    adjusted = body["order_adjustments"][1]
    shipped = {
        "id": 4,
        "shipping_line_id": 900,
        "subtotal_amount_set": {"shop_money": {"amount": "5.00", "currency_code": "EUR"}},
        "tax_amount_set": {"shop_money": {"amount": "1.00", "currency_code": "EUR"}},
    }
    nameless = {name: value for name, value in adjusted.items() if name != "kind"}
    newer = {**body, "refund_shipping_lines": [shipped], "order_adjustments": [nameless]}
    [told] = documents("refunds/create", newer)
    assert told == old
    [told] = documents("refunds/create", {**body, "refund_shipping_lines": [shipped]})
    assert told == old
    with pytest.raises(ContractError) as caught:
        documents(
            "refunds/create",
            {**newer, "refund_shipping_lines": [{**shipped, "tax_amount_set": None}]},
        )
    assert caught.value.code == "schema_violation"


def order_with(**changes):
    line = OrderLine(
        line_id="1", kind="product", description="A", quantity=Decimal(1), unit_price=Decimal("10.00"),
        net_amount=Decimal("10.00"), taxes=(OrderTax(code="T", amount=Decimal("2.00")),),
    )  # fmt: skip
    facts = {
        "total_net": Decimal("10.00"),
        "total_tax": Decimal("2.00"),
        "total_gross": Decimal("12.00"),
        **changes,
    }
    return Order(
        source=Source(system="shop", object_id="1"),
        occurred_at=AT,
        number="1",
        currency="EUR",
        lines=(line,),
        **facts,
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"total_net": Decimal("9.99")}, "totals_do_not_add_up"),
        ({"total_tax": Decimal("2.01")}, "totals_do_not_add_up"),
        ({"total_gross": Decimal("12.01")}, "totals_do_not_add_up"),
        ({"total_net": Decimal("10.001")}, "amount_not_exact"),
    ],
)
def test_totals_that_do_not_add_up_are_refused(changes, code):
    rules.check(order_with())
    with pytest.raises(ContractError) as caught:
        rules.check(order_with(**changes))
    assert caught.value.code == code


def test_a_refund_that_does_not_add_up_is_refused():
    line = RefundedLine(
        line_id="1", quantity=Decimal(1), net_amount=Decimal("10.00"), tax_amount=Decimal("2.00")
    )
    facts = {
        "source": Source(system="shop", object_id="1"),
        "occurred_at": AT,
        "order": "1",
        "currency": "EUR",
    }
    rules.check(OrderRefund(**facts, lines=(line,), total_net=Decimal("10.00"), total_tax=Decimal("2.00")))
    with pytest.raises(ContractError):
        rules.check(
            OrderRefund(**facts, lines=(line,), total_net=Decimal("10.00"), total_tax=Decimal("1.00"))
        )


# -- questions -------------------------------------------------------------------------------------------------


def test_the_shop_is_asked_at_its_own_address():
    request = CONNECTOR.pull_request("balance_transactions", {}, SETTINGS, "shpat_1")
    assert request.url == f"https://anna.myshopify.com/admin/api/{const.API_VERSION}/graphql.json"
    assert request.headers["x-shopify-access-token"] == "shpat_1"
    for odd in (
        "",
        "evil.example",
        "anna.myshopify.com.evil.example",
        "anna.myshopify.com/x",
        "ANNA.myshopify.com",
    ):
        with pytest.raises(ContractError):
            CONNECTOR.pull_request("balance_transactions", {}, {"outside_account": odd}, "shpat_1")


@pytest.mark.parametrize(
    ("available", "rate", "seconds"), [(2, 50, 2), (101, 50, 1), (0, 1, 60), (500, 50, 1)]
)
def test_a_spent_budget_waits_until_it_suffices(available, rate, seconds):
    status = {"maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": rate}
    body = {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {"cost": {"requestedQueryCost": 102, "throttleStatus": status}},
    }
    with pytest.raises(TransientError) as caught:
        CONNECTOR.pull_page("balance_transactions", {}, answer(body), SETTINGS)
    assert (caught.value.code, caught.value.retry_after_seconds) == ("source_rate_limited", seconds)


def test_the_list_goes_on_behind_its_last_line():
    body = json.loads((FIXTURES / "pull_balance" / "pull.json").read_text(encoding="utf-8"))["answer"]["body"]
    page = CONNECTOR.pull_page("balance_transactions", {}, answer(body), SETTINGS)
    assert (page.cursor, page.more, len(page.events)) == ({"after": "c18"}, False, 18)
    assert page.sums == {"EUR": Decimal("127.50"), "JPY": Decimal(1170)}
    request = CONNECTOR.pull_request("balance_transactions", page.cursor, SETTINGS, "shpat_1")
    assert json.loads(request.body)["variables"] == {"after": "c18", "first": 100}
    empty = {
        "data": {
            "shopifyPaymentsAccount": {
                "balanceTransactions": {"pageInfo": {"hasNextPage": False}, "nodes": []}
            }
        }
    }
    assert (
        CONNECTOR.pull_page("balance_transactions", page.cursor, answer(empty), SETTINGS).cursor
        == page.cursor
    )


# -- webhooks that are looked after ----------------------------------------------------------------------------


def subscriptions(topics, url=SETTINGS["endpoint_url"], more=False):
    nodes = [
        {
            "id": f"gid://{topic}",
            "topic": topic,
            "endpoint": {"__typename": "WebhookHttpEndpoint", "callbackUrl": url},
        }
        for topic in topics
    ]
    return {
        "data": {
            "webhookSubscriptions": {"pageInfo": {"hasNextPage": more, "endCursor": "c"}, "nodes": nodes}
        }
    }


def run_round(present, refuse=False):
    """Play a round against a shop with these subscriptions; returns the topics that were created."""
    cursor, created = {}, []
    for _step in range(60):
        request = json.loads(CONNECTOR.pull_request("webhooks", cursor, SETTINGS, "shpat_1").body)
        if "mutation" in request["query"]:
            assert request["variables"]["url"] == SETTINGS["endpoint_url"]
            created.append(request["variables"]["topic"])
            errors = [{"field": ["callbackUrl"], "message": "no"}] if refuse else []
            body = {
                "data": {
                    "webhookSubscriptionCreate": {"webhookSubscription": {"id": "1"}, "userErrors": errors}
                }
            }
        else:
            body = present
        page = CONNECTOR.pull_page("webhooks", cursor, answer(body), SETTINGS)
        assert list(page.events) == []
        cursor = json.loads(json.dumps(page.cursor))
        if not page.more:
            return created, cursor
    raise AssertionError("the round does not end")


def test_missing_webhooks_are_brought_back_and_nothing_else_is_done():
    wanted = [client.topic_name(topic) for topic in (*const.WANTED_TOPICS, *const.OPTIONAL_TOPICS)]
    assert run_round(subscriptions([])) == (wanted, {})
    assert run_round(subscriptions(wanted)) == ([], {})
    assert run_round(subscriptions([topic for topic in wanted if topic != "REFUNDS_CREATE"])) == (
        ["REFUNDS_CREATE"],
        {},
    )
    elsewhere = subscriptions(wanted, url="https://another.example/hook")
    assert run_round(elsewhere)[0] == wanted


def test_a_refused_subscription_is_an_error_of_its_own():
    with pytest.raises(ContractError) as caught:
        run_round(subscriptions([]), refuse=True)
    assert caught.value.code == "destination_garbage"


@pytest.mark.parametrize(
    "refusal",
    [
        {"data": {"webhookSubscriptionCreate": {"userErrors": [{"message": "no right"}]}}},
        {"errors": [{"extensions": {"code": "ACCESS_DENIED"}}]},
    ],
)
def test_a_shop_that_does_not_show_its_products_does_without_them(refusal):
    page = CONNECTOR.pull_page(
        "webhooks", {"missing": ["PRODUCTS_CREATE", "PRODUCTS_UPDATE"]}, answer(refusal), SETTINGS
    )
    assert (page.more, page.cursor) == (True, {"missing": ["PRODUCTS_UPDATE"]})
    with pytest.raises((ContractError, AuthorizationError)):
        CONNECTOR.pull_page("webhooks", {"missing": ["REFUNDS_CREATE"]}, answer(refusal), SETTINGS)
    with pytest.raises(AuthorizationError):
        CONNECTOR.pull_page("webhooks", {"missing": ["PRODUCTS_CREATE"]}, answer({}, 401), SETTINGS)


def test_a_product_is_told_by_its_variants_and_without_a_price():
    told = documents("products/update", fixture("product_of_variants"))
    assert [(one.source.object_id, one.name, one.code, one.barcode, one.price) for one in told] == [
        ("808950810", "Shirt – S", "SHIRT-S", "4006381333931", None),
        ("808950811", "Shirt – L", "SHIRT-L", None, None),
    ]
    assert {one.status for one in told} == {"active"}


def test_without_an_own_address_nothing_is_subscribed():
    page = CONNECTOR.pull_page(
        "webhooks", {}, answer(subscriptions([])), {"outside_account": "anna.myshopify.com"}
    )
    assert (page.more, page.cursor) == (False, {})
