# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Customers that the hub writes, and disputes that it accepts, arrive at the simulated account as they were meant."""

from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer, InboundEvent
from odoo.addons.finance_integration.connectors.stripe.connector import CONNECTOR
from odoo.addons.finance_integration.engine.errors import ContractError

from simulators.clock import SimulatedClock
from simulators.stripe.api import StripeApi
from simulators.stripe.billing import Item
from simulators.stripe.state import StripeAccount

KEY = "sk_test_customers_0001"
START = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)
WHOLE = {
    "name": "Maes & Zonen",
    "email": "ines@example.com",
    "phone": "+32 9 000",
    "language": "nl_BE",
    "address": {"street": "Korenmarkt 1", "city": "Gent", "zip": "9000", "country": "BE", "state": ""},
}


@pytest.fixture
def account():
    return StripeAccount("customers", SimulatedClock(START))


@pytest.fixture
def call(account):
    api = StripeApi(account, KEY)

    def send(request):
        parts = urlsplit(request.url)
        answer = api.handle(request.method, parts.path, parts.query, request.headers, request.body)
        return HttpAnswer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.body)

    return send


def write(call, outside_id, content, once="w-1", key="k-1"):
    request = CONNECTOR.customer_write(outside_id, content, key, once, {}, KEY)
    return CONNECTOR.customer_written(call(request))


def told(account):
    [document] = CONNECTOR.transform(
        InboundEvent(CONNECTOR.read_envelope(account.events[-1], {}), account.events[-1], {})
    )
    return document


def test_a_customer_is_made_once_and_comes_back_as_it_was_written(account, call):
    content = CONNECTOR.customer_content(WHOLE)
    assert content["language"] == "nl-BE"
    assert content["address"] == {"street": "Korenmarkt 1", "city": "Gent", "zip": "9000", "country": "BE"}
    made = write(call, None, content)
    assert write(call, None, content) == made
    assert list(account.customers) == [made]
    document = told(account)
    assert (document.written_as, document.name, document.email) == ("k-1", "Maes & Zonen", "ines@example.com")
    assert (document.phone, document.language) == ("+32 9 000", "nl-BE")
    assert (document.address.street, document.address.country) == ("Korenmarkt 1", "BE")
    with pytest.raises(ContractError, match="destination_garbage"):  # one word, two contents
        write(call, None, {**content, "name": "Somebody else"})
    assert len(account.customers) == 1


def test_a_change_says_each_part_and_empties_what_is_empty(account, call):
    made = write(call, None, CONNECTOR.customer_content(WHOLE))
    smaller = {"name": "Maes", "phone": "", "language": "", "address": {"city": "Brugge"}}
    assert write(call, made, CONNECTOR.customer_content(smaller), once="w-2") == made
    held = account.customers[made]
    assert (held["name"], held["email"], held["phone"]) == ("Maes", "ines@example.com", None)
    assert held["preferred_locales"] == []
    assert held["address"] == {**dict.fromkeys(held["address"]), "city": "Brugge"}
    assert write(call, made, CONNECTOR.customer_content({"address": {}}), once="w-3") == made
    assert account.customers[made]["address"] is None
    assert [event["type"] for event in account.events] == [
        "customer.created",
        "customer.updated",
        "customer.updated",
    ]
    write(call, made, CONNECTOR.customer_content({"address": {}}), once="w-4")
    assert len(account.events) == 3  # nothing changed


def test_what_stripe_would_refuse_is_left_out_and_never_cut_off(call):
    content = CONNECTOR.customer_content({"name": "x" * 257, "phone": "0" * 21, "email": " a@b.example "})
    assert content == {"email": "a@b.example"}
    with pytest.raises(ContractError):
        CONNECTOR.customer_write(None, content, "k", "w", {}, KEY)


def test_a_deleted_customer_is_said_to_be_gone(account, call):
    made = write(call, None, CONNECTOR.customer_content(WHOLE))
    account.delete_customer(made)
    assert write(call, made, {"name": "Anew"}, once="w-2") is None
    assert told(account).status == "archived"
    answer = HttpAnswer(404, {}, b'{"error": {"message": "Unrecognized request URL"}}')
    with pytest.raises(ContractError, match="destination_garbage"):  # a wrong address deletes nobody
        CONNECTOR.customer_written(answer)


def test_a_customer_is_found_by_its_key_however_many_came_after(account, call):
    made = write(call, None, CONNECTOR.customer_content(WHOLE))
    for number in range(150):
        account.create_customer(f"Customer {number}")
    since = START - timedelta(minutes=10)
    found, after = CONNECTOR.customer_found(call(CONNECTOR.customer_find(since, None, {}, KEY)), "k-1")
    assert (found, after is None) == (None, False)
    assert CONNECTOR.customer_found(call(CONNECTOR.customer_find(since, after, {}, KEY)), "k-1") == (
        made,
        None,
    )
    assert CONNECTOR.customer_found(call(CONNECTOR.customer_find(since, after, {}, KEY)), "k-2") == (
        None,
        None,
    )
    later = START + timedelta(hours=1)
    assert CONNECTOR.customer_found(call(CONNECTOR.customer_find(later, None, {}, KEY)), "k-1") == (
        None,
        None,
    )


def test_a_dispute_is_accepted_once_and_only_while_it_waits(account, call):
    dispute = account.open_dispute(account.charge(5000, "eur", settled=True)["id"])["id"]
    assert not CONNECTOR.dispute_closed(call(CONNECTOR.dispute_find(dispute, {}, KEY)))
    request = CONNECTOR.dispute_close(dispute, "k-1", {}, KEY)
    assert (request.method, request.body) == ("POST", b"")
    assert CONNECTOR.dispute_closed(call(request))
    assert CONNECTOR.dispute_closed(call(request))  # the same key: the first answer again
    assert CONNECTOR.dispute_closed(call(CONNECTOR.dispute_find(dispute, {}, KEY)))
    assert account.disputes[dispute]["status"] == "lost"
    other = account.open_dispute(account.charge(5000, "eur", settled=True)["id"])["id"]
    account.submit_evidence(other, {"customer_name": "Ines"}, {})
    with pytest.raises(ContractError):
        CONNECTOR.dispute_closed(call(CONNECTOR.dispute_close(other, "k-2", {}, KEY)))
    assert account.disputes[other]["status"] == "under_review"


def test_a_credit_that_stays_is_used_by_the_next_invoice(account):
    customer = account.create_customer("Anna")["id"]
    first = account.bill(customer, "usd", [Item("Plan", 10000)])
    account.pay_invoice(first["id"])
    account.credit(first["id"], [Item("Back", 3000)])
    second = account.bill(customer, "usd", [Item("Plan", 2000)])
    assert (second["starting_balance"], second["ending_balance"], second["status"]) == (-3000, -1000, "paid")
    third = account.bill(customer, "usd", [Item("Plan", 5000)])
    assert (third["starting_balance"], third["ending_balance"], third["amount_remaining"]) == (-1000, 0, 4000)
    account.void_invoice(third["id"])
    assert account.customers[customer]["balance"] == -1000
