# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two independent readings of the same public rules must agree: what the simulators write, the hub reads.

The simulators never import the hub; this test brings both together.
"""

from collections import defaultdict
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer, InboundEvent
from odoo.addons.finance_integration.connectors.generic.connector import CONNECTOR as GENERIC
from odoo.addons.finance_integration.connectors.stripe.connector import CONNECTOR as STRIPE
from odoo.addons.finance_integration.engine.canonical import decode, encode, kind_of, rules

from simulators import wire
from simulators.partner.documents import as_event
from simulators.scenario import demo_month, plan_month
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
