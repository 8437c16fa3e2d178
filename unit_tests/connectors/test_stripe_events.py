# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Single rules of the Stripe connector that the fixtures do not single out."""

import copy
import json
from pathlib import Path

import pytest

from odoo.addons.finance_integration import connectors as package
from odoo.addons.finance_integration.connectors.base import InboundEvent
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.connectors.stripe import transformers
from odoo.addons.finance_integration.engine.canonical import Reference
from odoo.addons.finance_integration.engine.errors import ContractError

STRIPE = get_connector("stripe")
FIXTURES = Path(package.__path__[0]) / "stripe" / "fixtures"


def fixture(name):
    return json.loads((FIXTURES / name / "request.json").read_text(encoding="utf-8"))


def transform(body, **settings):
    return STRIPE.transform(InboundEvent(STRIPE.read_envelope(body, {}), body, settings))


def changed(name, **fields):
    body = copy.deepcopy(fixture(name))
    body["data"]["object"].update(fields)
    return body


def test_every_event_that_books_has_a_reader_and_no_other():
    webhooks = {name for name, rule in STRIPE.spec.events.items() if rule.kind}
    assert webhooks - set(transformers.READERS) == {
        "balance_transaction",
        "daily_balance",
        "payout_composition",
        "billing_invoice",
        "billing_payment",
        "billing_credit_note",
    }
    assert set(transformers.READERS) <= webhooks


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("charge_succeeded", "ch_3Test0001"),
        ("charge_refunded_link_only", "ch_3Test0001"),
        ("refund_failed", "re_3Test0001"),
        ("payout_paid", "po_1Test0001"),
        ("customer_deleted", "cus_Test0001"),
    ],
)
def test_events_of_one_object_share_a_queue(name, key):
    envelope = STRIPE.read_envelope(fixture(name), {})
    assert (envelope.object_key, envelope.version) == (key, None)


def test_an_event_about_something_without_id_has_a_queue_of_its_kind():
    body = changed("charge_succeeded")
    body["data"]["object"] = {"object": "balance", "available": []}
    assert STRIPE.read_envelope(body, {}).object_key == "balance"


def test_account_and_mode_are_told():
    envelope = STRIPE.read_envelope(fixture("charge_succeeded_connected_account"), {})
    assert (envelope.account, envelope.live) == ("acct_1TestPlatform", False)
    envelope = STRIPE.read_envelope(fixture("charge_succeeded"), {})
    assert (envelope.account, envelope.live) == (None, True)


def test_a_webhook_cannot_pass_for_a_pulled_line():
    body = changed("charge_succeeded")
    body["type"] = "balance_transaction"
    with pytest.raises(ContractError, match="schema_violation"):
        transform(body)


@pytest.mark.parametrize("name", ["charge_succeeded", "charge_captured_partial", "charge_updated_ledger_id"])
def test_an_uncaptured_charge_books_nothing_whatever_the_event(name):
    assert transform(changed(name, captured=False)) == []


@pytest.mark.parametrize(
    "version", [None, "2022-11-15", "2024-06-20", "2025-03-31.basil", "2026-01-28.clover"]
)
def test_known_api_releases_are_read(version):
    assert len(transform({**fixture("charge_succeeded"), "api_version": version})) == 1


@pytest.mark.parametrize(
    "version", ["2019-12-03", "2027-01-01.dahlia", "tomorrow", "2025-03-31.basil.preview"]
)
def test_unknown_api_releases_are_named(version):
    with pytest.raises(ContractError) as caught:
        transform({**fixture("charge_succeeded"), "api_version": version})
    assert (caught.value.code, caught.value.params["path"]) == ("schema_violation", "$.api_version")


def test_references_come_from_the_chosen_metadata_keys_only():
    metadata = {
        "invoice_number": " INV/1 ",
        "order_id": "SO-1",
        "reference": "",
        "note": "INV/9",
        "invoice": "INV/1",
    }
    body = changed("charge_succeeded", metadata=metadata, invoice="in_1")
    (movement,) = transform(body)
    assert movement.references == (
        Reference(type="invoice", value="INV/1"),
        Reference(type="order", value="SO-1"),
        Reference(type="external", value="in_1"),
        Reference(type="payment", value="pi_3Test0001"),
    )
    (movement,) = transform(body, reference_keys={"note": "external"})
    assert movement.references[0] == Reference(type="external", value="INV/9")
    with pytest.raises(ContractError, match="reference_keys"):
        transform(body, reference_keys="invoice_number")


def test_what_no_contract_allows_is_named_before_anything_is_booked():
    with pytest.raises(ContractError, match="schema_violation"):
        transform(changed("charge_succeeded"), reference_keys={"order_id": "x" * 65})


def test_a_new_attempt_to_deliver_is_the_same_event():
    """Stripe counts the deliveries that are still open in the body itself."""
    body = fixture("charge_succeeded")
    again = {**body, "pending_webhooks": body["pending_webhooks"] + 1}
    assert {key for key in body if body[key] != again[key]} == STRIPE.spec.volatile_keys
    assert transform(body) == transform(again)


def test_expanded_customer_and_intent_are_read_by_their_id():
    body = changed("charge_succeeded", customer={"id": "cus_X", "name": "X"}, payment_intent={"id": "pi_X"})
    (movement,) = transform(body)
    assert movement.customer.outside_id == "cus_X"
    assert Reference(type="payment", value="pi_X") in movement.references


def test_a_capture_is_dated_when_it_was_captured_and_not_when_authorised():
    body = fixture("charge_captured_partial")
    (captured,) = transform(body)
    assert captured.occurred_at.timestamp() == body["created"]
    assert body["data"]["object"]["created"] < body["created"]


def test_a_change_of_metadata_does_not_move_the_date_of_the_payment():
    body = changed("charge_updated_ledger_id")
    body["data"]["previous_attributes"] = {"metadata": {}}
    body["created"] += 40 * 86_400
    (movement,) = transform(body)
    assert movement.occurred_at.timestamp() == body["data"]["object"]["created"]


def test_an_error_names_the_place_and_never_the_value():
    secret = "a text that nobody may see"
    for field in ("amount", "metadata", "created", "billing_details"):
        with pytest.raises(ContractError) as caught:
            transform(changed("charge_succeeded", **{field: secret}))
        assert f"$.data.object.{field}" in str(caught.value)
        assert secret not in str(caught.value)
