# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two independent readings of the same public rules must agree: what the simulators write, the hub reads.

The simulators never import the hub; this test brings both together.
"""

import json
from collections import defaultdict
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer, InboundEvent
from odoo.addons.finance_integration.connectors.generic.connector import CONNECTOR as GENERIC
from odoo.addons.finance_integration.connectors.shopify.connector import CONNECTOR as SHOPIFY
from odoo.addons.finance_integration.connectors.stripe.connector import CONNECTOR as STRIPE
from odoo.addons.finance_integration.engine import order_progress
from odoo.addons.finance_integration.engine.canonical import decode, encode, kind_of, rules
from odoo.addons.finance_integration.engine.errors import TransientError

from simulators import wire
from simulators.clock import SimulatedClock
from simulators.partner.documents import as_event
from simulators.scenario import demo_month, plan_month
from simulators.shopify.api import ShopifyApi
from simulators.shopify.state import ShopifyShop
from simulators.stripe.api import StripeApi
from simulators.trickle import trickle

SETTINGS = {"system": "stripe", "time_zone": "UTC", "reference_keys": ["invoice_number"]}
KEY = "sk_test_agreement_0001"


@pytest.fixture(scope="module")
def month():
    return demo_month(5, invoices=60)


def read(connector, step):
    body = step.content
    headers = {"webhook-id": step.event.id} if step.system == "partner" else {}
    envelope = connector.read_envelope(body, headers)
    assert envelope.event_id == step.event.id
    assert envelope.event_type == step.event.type
    return connector.transform(InboundEvent(envelope=envelope, body=body, settings=SETTINGS))


def test_every_document_of_the_partner_is_read_and_has_nothing_odd(month):
    kinds = defaultdict(int)
    for step in month:
        if step.system == "partner":
            (document,) = read(GENERIC, step)
            assert rules.check(document) == ()
            kind, version = kind_of(document)
            assert decode(kind, version, encode(document)) == document
            kinds[step.event.type] += 1
    assert set(kinds) == {"customer.updated", "invoice.issued", "invoice.requested", "credit_note.issued"}
    assert kinds["invoice.issued"] == 60


def test_every_event_of_stripe_is_read_but_the_one_that_is_none_of_our_business(month):
    unknown = [
        step.event.type
        for step in month
        if step.system == "stripe" and step.event.type not in STRIPE.spec.events
    ]
    assert unknown == ["terminal.reader.action_succeeded"]
    for step in month:
        rule = STRIPE.spec.events.get(step.event.type) if step.system == "stripe" else None
        if rule and rule.kind and not step.forged:
            for document in read(STRIPE, step):
                assert rules.check(document, "stripe") == ()


def pull(api, connector, pull_name="balance_transactions"):
    """Return every document that a pull brings, read by the connector alone."""
    cursor, documents = {}, []
    for _page in range(1_000):
        asked = connector.pull_request(pull_name, cursor, {**SETTINGS, "api_base_url": "http://sim"}, KEY)
        path, _question, query = asked.url.removeprefix("http://sim").partition("?")
        status, headers, body = api.handle(asked.method, path, query, asked.headers)
        answer = HttpAnswer(status, {name.lower(): value for name, value in headers.items()}, body)
        page = connector.pull_page(pull_name, cursor, answer, {**SETTINGS, "api_base_url": "http://sim"})
        for envelope, content in page.events:
            documents += connector.transform(
                InboundEvent(envelope=envelope, body=wire.parse(wire.compact(content)), settings=SETTINGS)
            )
        cursor = page.cursor
        if not page.more:
            return documents
    raise AssertionError("the pull does not end")


def test_the_pulled_ledger_gives_the_days_of_the_scenario_to_the_cent(month):
    """Booked once per identity, every day's movements sum to what the scenario reckoned on its own."""
    api = StripeApi(month.account, KEY)
    (name,) = [name for name in STRIPE.spec.pulls if "transaction" in name]
    booked = {}
    for document in pull(api, STRIPE, name):
        if document.changes_balance:
            booked[document.type, document.movement_id, document.balance_transaction] = document
    days = defaultdict(lambda: Decimal(0))
    fees = defaultdict(lambda: Decimal(0))
    for document in booked.values():
        amount = (document.settled or document.amount).value
        days[document.occurred_at.date()] += amount
        if document.type == "fee":
            fees[document.occurred_at.date()] -= amount
    expected = month.expected.days
    assert {(day, "USD"): amount for day, amount in days.items()} == {
        key: totals.movement for key, totals in expected.items()
    }
    assert sum(fees.values()) == month.expected.total("fees")


def test_what_trickles_in_is_read_too():
    stage = plan_month(1)
    for step in trickle(stage, 30):
        documents = read(GENERIC if step.system == "partner" else STRIPE, step)
        assert [rules.check(document) for document in documents] == [()]


def test_ids_of_the_partner_s_events_follow_from_the_object_and_its_version():
    document = {"source": {"object_id": "C-1", "version": 1}, "occurred_at": "2026-10-01T10:00:00+00:00"}
    first = as_event(1, "customer.updated", document)
    assert as_event(1, "customer.updated", document) == first
    assert (
        as_event(1, "customer.updated", {**document, "source": {"object_id": "C-1", "version": 2}}).id
        != first.id
    )


# -- Shopify -------------------------------------------------------------------------------------------------------

SHOP = {"system": "shopify", "outside_account": "anna.myshopify.com", "environment": "test",
        "endpoint_url": "https://odoo.example.com/in"}  # fmt: skip


def _shop(included=False, currency="USD"):
    """Return a shop in which everything has happened once."""
    clock = SimulatedClock(datetime(2026, 3, 2, 15, 0, tzinfo=timezone.utc))
    shop = ShopifyShop("agreement", clock, currency=currency)
    price = {"JPY": "1200", "KWD": "12.345"}.get(currency, "33.35")
    whole = shop.place([("Cup", 3, price), ("Pot", 1, price)], shipping="5", tip="2", included=included)
    shop.pay(whole)
    clock.advance(hours=1)
    shop.fulfil(whole, {whole.items[0].id: 1})
    clock.advance(hours=1)
    shop.refund(whole, {whole.items[0].id: 1}, shipping="5", kept="1")
    shop.fulfil(whole)
    voucher = shop.place([("Gift card", 1, "50")], gift_card=True)
    shop.pay(voucher)
    shop.fulfil(voucher)
    unpaid = shop.place([("Cup", 1, price)], included=included)
    shop.cancel(unpaid)
    gone = shop.place([("Cup", 1, price)], included=included)
    shop.pay(gone, "gift_card")
    shop.cancel_fulfilment(gone, shop.fulfil(gone))
    shop.refund(gone, {gone.items[0].id: 1}, restock="cancel", gateway="gift_card")
    clock.advance(days=1)
    shop.strange("3")
    shop.pay_out()
    return shop


def fetch(api, pull_name, tries=2000):
    """Return all that a list brings, going on where a spent budget made it wait."""
    cursor, documents = {}, []
    for _time in range(tries):
        asked = SHOPIFY.pull_request(pull_name, cursor, SHOP, "shpat_1")
        path = asked.url.removeprefix("https://anna.myshopify.com")
        status, headers, body = api.handle(asked.method, path, asked.headers, asked.body)
        answer = HttpAnswer(status, {name.lower(): value for name, value in headers.items()}, body)
        try:
            page = SHOPIFY.pull_page(pull_name, cursor, answer, SHOP)
        except TransientError as error:
            api.shop.clock.advance(seconds=error.retry_after_seconds or 1)
            continue
        for envelope, content in page.events:
            documents += SHOPIFY.transform(InboundEvent(envelope, wire.parse(wire.compact(content)), SHOP))
        cursor = json.loads(json.dumps(dict(page.cursor)))
        if not page.more:
            return documents
    raise AssertionError("the list does not end")


def _told(shop):
    documents = []
    for event in shop.events:
        body = wire.parse(event.body)
        envelope = SHOPIFY.read_envelope(body, {"x-shopify-topic": event.type})
        documents += SHOPIFY.transform(InboundEvent(envelope, body, SHOP))
    return documents


def _facts(document):
    """Return what a document says that both interfaces must say in the same way."""
    kind, _version = kind_of(document)
    if kind == "order":
        lines = sorted(order_progress.lines_of(document), key=lambda line: line.line_id)
        rows = [
            (line.line_id, line.kind, line.whole.quantity, line.whole.net, line.whole.taxes) for line in lines
        ]
        return kind, document.number, document.total_gross, document.status, document.customer, rows
    if kind == "order_refund":
        return kind, document.source.object_id, order_progress.told_key(document), document.paid_back
    if kind == "fulfilment":
        return kind, document.source.object_id, document.status, document.counter, document.lines
    return kind, document.source.object_id, document.type, document.gateway, document.amount, document.status


def _last(documents):
    """Return the last word on every object."""
    return {(kind_of(each)[0], each.source.object_id): _facts(each) for each in documents}


@pytest.mark.parametrize("included", [False, True])
@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_the_shop_s_webhooks_and_its_list_say_the_same(included, currency):
    shop = _shop(included, currency)
    told = _told(shop)
    for document in told:
        assert rules.check(document, "shopify") == ()
    fetched = fetch(ShopifyApi(shop, "shpat_1", budget=900), "orders")
    assert _last(fetched) == _last(told)
    assert len(_last(fetched)) == 4 + 4 + 2 + 5


def test_the_shop_s_balance_is_read_to_the_cent():
    shop = _shop()
    movements = fetch(ShopifyApi(shop, "shpat_1"), "balance_transactions")
    assert sum(each.amount.value for each in movements) == shop.balance() == 0
    assert {each.type for each in movements} == {"payment", "fee", "refund", "payout", "unknown"}


def test_the_shop_s_webhooks_are_brought_back():
    shop = _shop()
    api = ShopifyApi(shop, "shpat_1")
    assert fetch(api, "webhooks") == []
    assert len(shop.subscriptions) == 16
    del shop.subscriptions["REFUNDS_CREATE"]
    fetch(api, "webhooks")
    assert shop.subscriptions["REFUNDS_CREATE"] == "https://odoo.example.com/in"


@pytest.mark.parametrize("included", [False, True])
def test_what_the_shop_sold_and_took_back_comes_to_what_was_paid(included):
    """Worked off by the engine alone, the documents of an order come to the money that its gateways moved."""
    shop = _shop(included)
    states, totals = {}, defaultdict(lambda: Decimal(0))
    for document in _told(shop):
        kind = kind_of(document)[0]
        if kind == "order":
            lines, included_ = states.get(document.source.object_id, ([], included))
            states[document.source.object_id] = (order_progress.lines_of(document, lines), included_)
        elif kind == "fulfilment" and document.status == "success":
            lines, included_ = states[document.order]
            handed = {line.line_id: line.quantity for line in document.lines}
            parts, lines = order_progress.fulfil(lines, handed, "USD")
            totals[document.order] += order_progress.total(parts)
            states[document.order] = (lines, included_)
        elif kind == "order_refund" and document.lines[0].restock == "return":
            lines, included_ = states[document.order]
            parts, lines = order_progress.refund(lines, document, "USD", taxes_included=included_)
            totals[document.order] -= order_progress.total(parts)
            states[document.order] = (lines, included_)
    whole = next(iter(shop.orders.values()))
    assert totals[str(whole.id)] == whole.paid()
