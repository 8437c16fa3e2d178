# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Orders that no webhook brought: fetched page by page, told as the webhooks would have told them (S3)."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer, InboundEvent
from odoo.addons.finance_integration.connectors.shopify import client
from odoo.addons.finance_integration.connectors.shopify.connector import CONNECTOR
from odoo.addons.finance_integration.engine.errors import ContractError, TransientError
from odoo.addons.finance_integration.engine.instants import parse_instant
from odoo.addons.finance_integration.engine.json_guard import parse_json
from odoo.addons.finance_integration.engine.order_progress import told_key

FIXTURES = Path(client.__file__).parent / "fixtures"
SETTINGS = {"outside_account": "anna.myshopify.com", "environment": "production"}
ONE = "gid://shopify/Order/820982911946154508"
OTHER = "gid://shopify/Order/820982911946154509"
PARTS = ("order", "fulfilments", "refunds")


def told(name):
    return parse_json((FIXTURES / name / "pull.json").read_bytes())["answer"]["body"]


def answer(body, status=200):
    return HttpAnswer(status, {}, json.dumps(body, default=str).encode())


def page(cursor, body):
    return CONNECTOR.pull_page("orders", cursor, answer(body), SETTINGS)


def variables(cursor, **settings):
    request = CONNECTOR.pull_request("orders", cursor, {**SETTINGS, **settings}, "shpat_1")
    return json.loads(request.body)["variables"]


def transformed(events, **settings):
    return [
        document
        for envelope, body in events
        for document in CONNECTOR.transform(InboundEvent(envelope, body, {**SETTINGS, **settings}))
    ]


def part(name, **changes):
    """Return what the page of one part of the order holds."""
    body = told(f"pull_orders_{name}")
    body["data"]["order"].update(changes)
    return page({"pending": [{"id": ONE, "part": name}]}, body)


def everything():
    return [event for name in PARTS for event in part(name).events]


def test_a_sweep_tells_what_the_webhooks_would_have_told():
    events = everything()
    assert [envelope.event_type for envelope, _body in events] == [
        "orders/updated",
        "order_transactions/create",
        "fulfillments/update",
        "refunds/create",
    ]
    order, payment, fulfilment, refund = transformed(events)
    assert (order.number, order.total_gross, order.lines[0].taxes[0].code) == (
        "#1001",
        Decimal("138.00"),
        "DE VAT 20%",
    )
    assert (fulfilment.order, fulfilment.counter, fulfilment.lines[0].quantity) == (
        "820982911946154508",
        "1",
        2,
    )
    assert (payment.type, payment.amount, payment.provider_reference) == ("sale", Decimal("138.00"), "ch_1")
    assert (refund.total_net, refund.total_tax) == (Decimal("58.00"), Decimal("12.00"))


def test_a_fetched_refund_says_the_same_as_its_webhook():
    [refund] = transformed(part("refunds").events)
    body = parse_json((FIXTURES / "refund_with_restock" / "request.json").read_bytes())
    envelope = CONNECTOR.read_envelope(body, {"x-shopify-topic": "refunds/create"})
    [sent] = CONNECTOR.transform(InboundEvent(envelope, body, {}))
    assert told_key(refund) == told_key(sent)
    assert refund.source.object_id == sent.source.object_id


def test_what_was_fetched_is_judged_by_itself():
    [envelope, body] = part("order").events[0]
    again = CONNECTOR.read_envelope(parse_json(json.dumps(body).encode()), {})
    assert (again.event_id, again.object_key, again.version) == (
        envelope.event_id,
        "order:820982911946154508",
        envelope.version,
    )


def test_each_order_is_asked_for_in_the_parts_that_it_has():
    found = page({"complete_until": 1772809200}, told("pull_orders"))
    wanted = [(each["id"], each["part"]) for each in found.cursor["pending"]]
    assert wanted == [(ONE, "order"), (ONE, "fulfilments"), (ONE, "refunds"), (OTHER, "order")]
    assert (found.more, list(found.events)) == (True, [])
    cursor, asked = found.cursor, []
    while cursor.get("pending"):
        asked.append(variables(cursor)["id"])
        found = page(cursor, told("pull_orders_gone"))
        cursor = json.loads(json.dumps(found.cursor))
    until = int(parse_instant("2026-03-06T15:00:10Z").timestamp())
    assert (asked, cursor, found.more, found.order) == (
        [ONE, ONE, ONE, OTHER],
        {"complete_until": until},
        False,
        until,
    )


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("order", {"lineItems": {"pageInfo": {"hasNextPage": True}, "nodes": []}}),
        (
            "fulfilments",
            {"fulfillments": told("pull_orders_fulfilments")["data"]["order"]["fulfillments"] * 20},
        ),
        ("refunds", {"refunds": told("pull_orders_refunds")["data"]["order"]["refunds"] * 5}),
    ],
)
def test_an_order_of_which_not_everything_was_told_stops_visibly_and_the_list_does_not(name, changes):
    found = part(name, **changes)
    assert not found.more
    with pytest.raises(ContractError) as caught:
        transformed(found.events)
    assert caught.value.code == "page_too_large"


@pytest.mark.parametrize("pending", [[{"id": ONE, "part": "secrets"}], [{"id": ONE}], ["x"]])
def test_a_position_that_nobody_wrote_is_refused(pending):
    with pytest.raises(ContractError):
        variables({"pending": pending})


def test_a_sweep_reaches_back_and_pages_through():
    asked = variables({"complete_until": 1772809200}, overlap_seconds=600)
    assert asked["query"] == "updated_at:>='2026-03-06T14:50:00Z'"
    assert variables({}, pull_from="2026-01-01T00:00:00Z")["query"] == "updated_at:>='2026-01-01T00:00:00Z'"
    assert variables({})["query"] is None
    body = told("pull_orders")
    body["data"]["orders"]["pageInfo"] = {"hasNextPage": True, "endCursor": "next"}
    found = page({"complete_until": 1772809200}, body)
    assert (found.more, found.cursor["after"], found.order) == (True, "next", 1772809200)
    assert variables({**found.cursor, "pending": []})["after"] == "next"
    with pytest.raises(ContractError):
        variables({}, overlap_seconds=-1)


def test_an_empty_sweep_does_not_forget_how_far_it_came():
    body = {"data": {"orders": {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": []}}}
    found = page({"complete_until": 1772809200}, body)
    assert (found.cursor, found.more) == ({"complete_until": 1772809200}, False)
    assert CONNECTOR.pull_cursor_from("orders", parse_instant("2026-03-06T15:00:00Z")) == {
        "complete_until": 1772809200
    }


def test_a_spent_budget_keeps_the_place():
    body = {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}
    with pytest.raises(TransientError):
        page({"complete_until": 1, "after": "x"}, body)


def test_a_test_order_is_refused_among_real_ones():
    for name in PARTS:
        found = part(name, test=True)
        for event in found.events:
            with pytest.raises(ContractError) as caught:
                transformed([event])
            assert caught.value.code == "wrong_environment"
        assert transformed(found.events, environment="test")
