# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Disputes of Shopify Payments as a delivery tells them, and evidence as the GraphQL API takes it (S3, R18)."""

import json
from datetime import datetime, timezone

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer, InboundEvent
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.connectors.shopify.disputes import dispute_documents
from odoo.addons.finance_integration.engine.errors import AuthorizationError, BusinessError, ContractError
from odoo.addons.finance_integration.simulators.clock import SimulatedClock
from odoo.addons.finance_integration.simulators.shopify.api import ShopifyApi
from odoo.addons.finance_integration.simulators.shopify.state import ShopifyShop

SHOPIFY = get_connector("shopify")
SETTINGS = {"outside_account": "anna.myshopify.com"}
TOKEN = "shpat_1"
TEXTS = {
    "customer_name": "Jo van den Buyer",
    "customer_email_address": "jo@buyer.example",
    "product_description": "Cup",
    "service_date": "5 March 2026",
    "uncategorized_text": "It was delivered.",
}


@pytest.fixture
def shop():
    return ShopifyShop("disputes", SimulatedClock(datetime(2026, 3, 2, 15, 0, tzinfo=timezone.utc)))


@pytest.fixture
def api(shop):
    return ShopifyApi(shop, TOKEN)


@pytest.fixture
def dispute(shop):
    order = shop.place([("Cup", 1, "105.00")])
    shop.pay(order)
    return shop.open_dispute(order)


def call(api, request):
    path = request.url.removeprefix("https://anna.myshopify.com")
    status, headers, body = api.handle(request.method, path, request.headers, request.body)
    return HttpAnswer(status, {name.lower(): value for name, value in headers.items()}, body)


def find(api, dispute):
    return call(api, SHOPIFY.evidence_find(str(dispute.id), SETTINGS, TOKEN))


def submit(api, place, key="k-1", texts=None):
    request = SHOPIFY.evidence_submit(place, TEXTS if texts is None else texts, {}, key, SETTINGS, TOKEN)
    return SHOPIFY.evidence_submitted(call(api, request), key)


def told(shop):
    """Return what the last delivery about a dispute becomes."""
    event = [each for each in shop.events if each.type.startswith("disputes/")][-1]
    headers = {"x-shopify-topic": event.type, "x-shopify-shop-domain": shop.shop}
    body = json.loads(event.body)
    envelope = SHOPIFY.read_envelope(body, headers)
    [document] = SHOPIFY.transform(InboundEvent(envelope, body, SETTINGS))
    return envelope, document


def test_a_dispute_is_told_step_by_step(shop, api, dispute):
    envelope, opened = told(shop)
    assert (envelope.object_key, envelope.version) == (f"dispute:{dispute.id}", None)
    assert envelope.occurred_at == dispute.at
    assert (opened.movement_id, str(opened.amount.value)) == (str(dispute.id), "-126.00")
    assert (opened.dispute.state, opened.dispute.evidence_due) == ("needs_response", dispute.due)
    assert [(each.type, each.value) for each in opened.references] == [("order", str(dispute.order.id))]
    shop.clock.advance(days=1)
    submit(api, SHOPIFY.evidence_place(find(api, dispute), ""))
    _envelope, reviewed = told(shop)
    shop.clock.advance(days=1)
    shop.decide(dispute, won=False)
    _envelope, lost = told(shop)
    facts = [document.dispute for document in (opened, reviewed, lost)]
    assert [(each.state, each.evidence_given) for each in facts] == [
        ("needs_response", False),
        ("under_review", True),
        ("lost", True),
    ]
    assert facts[0].told_at < facts[1].told_at < facts[2].told_at


def test_an_inquiry_that_turns_into_a_chargeback_keeps_its_id_and_its_first_day(shop):
    order = shop.place([("Cup", 1, "105.00")])
    shop.pay(order)
    inquiry = shop.open_dispute(order, inquiry=True)
    _envelope, asked = told(shop)
    shop.clock.advance(days=4)
    shop.escalate(inquiry)
    _envelope, taken = told(shop)
    assert (asked.movement_id, asked.dispute.state, asked.dispute.in_ledger) == (
        str(inquiry.id),
        "inquiry",
        False,
    )
    assert (taken.movement_id, taken.dispute.state, taken.dispute.in_ledger) == (
        str(inquiry.id),
        "needs_response",
        True,
    )
    assert (taken.dispute.told_at, taken.dispute.evidence_due) == (asked.dispute.told_at, inquiry.due)


def test_days_without_a_time_are_read_as_days():
    body = {
        "id": 7,
        "type": "chargeback",
        "amount": "10.00",
        "currency": "EUR",
        "status": "won",
        "initiated_at": "2026-03-10T10:00:00-04:00",
        "evidence_due_by": "2026-03-20",
        "finalized_on": "2026-03-10",
    }
    [document] = dispute_documents("shopify", body)
    assert document.dispute.told_at == datetime(2026, 3, 10, 14, tzinfo=timezone.utc)
    assert document.dispute.evidence_due == datetime(2026, 3, 20, tzinfo=timezone.utc)
    assert document.references == ()


@pytest.mark.parametrize(
    ("status", "kind", "state"),
    [
        ("needs_response", "inquiry", "inquiry"),
        ("under_review", "inquiry", "under_review"),
        ("charge_refunded", "inquiry", "closed"),
        ("accepted", "chargeback", "lost"),
    ],
)
def test_each_word_of_shopify_has_one_meaning(status, kind, state):
    body = {"id": 7, "type": kind, "amount": "10", "currency": "JPY", "status": status}
    [document] = dispute_documents("shopify", {**body, "initiated_at": "2026-03-10T10:00:00-04:00"})
    assert document.dispute.state == state
    assert document.dispute.in_ledger is (kind == "chargeback")


def test_evidence_is_handed_in_under_its_own_id_and_found_by_our_key(shop, api, dispute):
    answer = find(api, dispute)
    place = SHOPIFY.evidence_place(answer, str(dispute.id))
    assert place == f"gid://shopify/ShopifyPaymentsDisputeEvidence/{dispute.id + 1}"
    assert SHOPIFY.evidence_submitted(answer, "k-1") is False
    assert submit(api, place) is True
    assert dispute.evidence == {
        "customerFirstName": "Jo van den",
        "customerLastName": "Buyer",
        "customerEmailAddress": "jo@buyer.example",
        "uncategorizedText": "It was delivered.\n\nWhat was sold: Cup\n\n"
        "Delivered or rendered on: 5 March 2026\n\nReference: k-1",
    }
    answer = find(api, dispute)
    assert SHOPIFY.evidence_submitted(answer, "k-1") is True
    assert SHOPIFY.evidence_submitted(answer, "k-2") is False
    assert (dispute.status, dispute.submissions) == ("under_review", 1)


def test_a_text_that_was_kept_and_not_handed_in_is_not_there(api, dispute):
    dispute.evidence["uncategorizedText"] = "Reference: k-1"
    assert SHOPIFY.evidence_submitted(find(api, dispute), "k-1") is False


def test_a_name_of_one_word_is_a_last_name(api, dispute):
    submit(api, SHOPIFY.evidence_place(find(api, dispute), ""), texts={"customer_name": "Buyer"})
    assert dispute.evidence == {"customerLastName": "Buyer", "uncategorizedText": "Reference: k-1"}


def test_what_shopify_does_not_take_is_refused_in_its_words(shop, api, dispute):
    place = SHOPIFY.evidence_place(find(api, dispute), "")
    shop.clock.advance(days=11)
    with pytest.raises(BusinessError) as caught:
        submit(api, place)
    assert caught.value.code == "evidence_not_given"
    assert caught.value.params["reason"] == "Evidence past due date"
    assert (dispute.submissions, dispute.evidence) == (0, {})


def test_files_and_unknown_fields_are_not_sent():
    for texts, files in (({}, {"receipt": "7"}), ({"billing_address": "x"}, {})):
        with pytest.raises(ContractError):
            SHOPIFY.evidence_submit("gid", texts, files, "k-1", SETTINGS, TOKEN)
    assert not SHOPIFY.spec.evidence_files


def test_a_missing_right_is_no_refusal(shop, dispute):
    api = ShopifyApi(shop, TOKEN, scopes=frozenset())
    with pytest.raises(AuthorizationError):
        submit(api, SHOPIFY.evidence_place(find(api, dispute), ""))
    assert dispute.submissions == 0


@pytest.mark.parametrize(
    "data", [{"dispute": None}, {"dispute": {"id": "1"}}, {"disputeEvidenceUpdate": {"userErrors": []}}, {}]
)
def test_an_answer_of_another_shape_is_named(data):
    with pytest.raises(ContractError):
        SHOPIFY.evidence_submitted(HttpAnswer(200, {}, json.dumps({"data": data}).encode()), "k-1")
