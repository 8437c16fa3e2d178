# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The simulated REST API: keys, pages, filters, expansion, errors, faults."""

import base64
import json
from datetime import datetime, timezone
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators import wire
from simulators.clock import SimulatedClock
from simulators.stripe.api import StripeApi
from simulators.stripe.faults import BROKEN, SLOW, TOO_MANY, Fault, FaultPlan
from simulators.stripe.state import StripeAccount

START = datetime(2026, 10, 1, 10, tzinfo=timezone.utc)
KEY = "sk_test_right_key_0001"
AUTH = {"Authorization": f"Bearer {KEY}"}


def api_with(charges=0, **options):
    account = StripeAccount("api", SimulatedClock(START), conversions={"eur": ("usd", Decimal("1.085"))})
    for number in range(charges):
        account.charge(1_000 + number, "usd", settled=True)
        account.clock.advance(seconds=10)
    return StripeApi(account, KEY, **options)


def get(api, path, headers=AUTH, **query):
    pairs = [
        (name.replace("__", "[") + ("]" if "__" in name else ""), value) for name, value in query.items()
    ]
    status, _headers, body = api.handle("GET", path, urlencode(pairs), headers)
    return status, wire.parse(body)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer sk_test_wrong_key"},
        {"Authorization": f"Digest {KEY}"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"sk_test_other:").decode()},
    ],
)
def test_without_the_right_key_nothing_is_told(headers):
    status, body = get(api_with(1), "/v1/balance_transactions", headers)
    assert status == 401
    assert body["error"]["type"] == "invalid_request_error"
    assert KEY not in json.dumps(body)


def test_both_ways_of_giving_the_key_are_let_in():
    basic = {"authorization": "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()}
    assert get(api_with(), "/v1/balance", basic)[0] == 200
    assert get(api_with(), "/v1/balance")[0] == 200


def test_an_api_without_a_key_cannot_be_made():
    with pytest.raises(ValueError, match="without a key"):
        StripeApi(api_with().account, "")


def test_newest_first_and_ten_at_a_time():
    api = api_with(12)
    status, page = get(api, "/v1/balance_transactions")
    assert status == 200
    assert (page["object"], page["url"], page["has_more"]) == ("list", "/v1/balance_transactions", True)
    assert [line["amount"] for line in page["data"]] == list(range(1_011, 1_001, -1))
    _status, rest = get(api, "/v1/balance_transactions", starting_after=page["data"][-1]["id"])
    assert ([line["amount"] for line in rest["data"]], rest["has_more"]) == ([1_001, 1_000], False)
    _status, back = get(api, "/v1/balance_transactions", ending_before=rest["data"][-1]["id"], limit="3")
    assert ([line["amount"] for line in back["data"]], back["has_more"]) == ([1_003, 1_002, 1_001], True)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 35), st.integers(1, 12))
def test_paging_forwards_and_backwards_gives_every_line_once(count, limit):
    api = api_with(count)
    wanted = [line.id for line in api.account.ledger]
    wanted.reverse()
    seen, query = [], {}
    while True:
        _status, page = get(api, "/v1/balance_transactions", limit=str(limit), **query)
        seen += [line["id"] for line in page["data"]]
        if not page["has_more"]:
            break
        query = {"starting_after": seen[-1]}
    assert seen == wanted
    if wanted:
        back, query = [wanted[-1]], {"ending_before": wanted[-1]}
        while True:
            _status, page = get(api, "/v1/balance_transactions", limit=str(limit), **query)
            back = [line["id"] for line in page["data"]] + back
            if not page["has_more"]:
                break
            query = {"ending_before": back[0]}
        assert back == wanted


def test_filters():
    api = api_with(5)
    first, second = list(api.account.ledger)[:2]
    for query, count in (
        ({"created__gte": second.created}, 4),
        ({"created__gt": second.created}, 3),
        ({"created__lte": second.created}, 2),
        ({"created__lt": second.created}, 1),
        ({"created": second.created}, 1),
        ({"source": first.source}, 1),
        ({"type": "payout"}, 0),
        ({"currency": "eur"}, 0),
    ):
        _status, page = get(api, "/v1/balance_transactions", **query)
        assert len(page["data"]) == count, query


def test_the_lines_of_a_payout():
    api = api_with(3)
    api.account.clock.advance(days=3)
    sent = api.account.pay_out("usd")
    _status, page = get(api, "/v1/balance_transactions", payout=sent["id"])
    assert [line["type"] for line in page["data"]] == ["payout", "charge", "charge", "charge"]
    assert sum(line["net"] for line in page["data"]) == 0


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"created__gte": "-1"}, "created[gte]"),
        ({"starting_after": "txn_nope"}, "starting_after"),
        ({"colour": "red"}, "colour"),
        ({"expand__": "source"}, "expand"),
        ({"expand__": "data.nothing"}, "expand"),
    ],
)
def test_wrong_questions_are_refused_with_the_name_of_the_parameter(query, param):
    status, body = get(api_with(1), "/v1/balance_transactions", **query)
    assert (status, body["error"]["param"]) == (400, param)


def test_expansion_shows_the_object_and_leaves_the_account_alone():
    api = api_with()
    person = api.account.create_customer("Wanda", "wanda@example.com")
    api.account.charge(
        10_000, "eur", settled=True, customer_id=person["id"], metadata={"invoice_number": "I-1"}
    )
    _status, page = get(api, "/v1/balance_transactions", expand__="data.source.customer")
    line = page["data"][0]
    assert line["exchange_rate"] == Decimal("1.085")
    assert (line["amount"], line["currency"]) == (10_850, "usd")
    assert (line["source"]["amount"], line["source"]["currency"]) == (10_000, "eur")
    assert line["source"]["metadata"] == {"invoice_number": "I-1"}
    assert line["source"]["customer"]["name"] == "Wanda"
    assert api.account.charges[line["source"]["id"]]["customer"] == person["id"]
    status, one = get(api, f"/v1/charges/{line['source']['id']}", expand__="balance_transaction.source")
    assert status == 200
    assert one["balance_transaction"]["source"]["id"] == one["id"]


def test_single_objects_and_what_is_missing():
    api = api_with(1)
    charge = next(iter(api.account.charges.values()))
    back = api.account.refund(charge["id"], 100)
    api.account.clock.advance(days=3)
    sent = api.account.pay_out("usd")
    person = api.account.create_customer("A")
    for path in (
        f"charges/{charge['id']}",
        f"refunds/{back['id']}",
        f"payouts/{sent['id']}",
        f"customers/{person['id']}",
        f"balance_transactions/{sent['balance_transaction']}",
        f"events/{api.account.events[0]['id']}",
    ):
        status, body = get(api, "/v1/" + path)
        assert (status, body["id"]) == (200, path.partition("/")[2])
    status, body = get(api, "/v1/charges/ch_nope")
    assert status == 404
    assert (body["error"]["code"], body["error"]["message"]) == (
        "resource_missing",
        "No such charge: 'ch_nope'",
    )
    for method, path in (("POST", "/v1/charges/x"), ("GET", "/v2/x"), ("GET", "/v1/charges"), ("GET", "/")):
        assert api.handle(method, path, "", AUTH).status == 404


def test_balance_is_split_into_available_and_pending():
    api = api_with(1)
    _status, body = get(api, "/v1/balance")
    net = 1_000 - 59
    assert (body["available"][0]["amount"], body["pending"][0]["amount"]) == (0, net)
    api.account.clock.advance(days=2)
    _status, body = get(api, "/v1/balance")
    assert (body["available"][0]["amount"], body["pending"][0]["amount"]) == (net, 0)


def test_events_are_listed():
    api = api_with(3)
    _status, page = get(api, "/v1/events", type="charge.succeeded", limit="2")
    assert ([event["type"] for event in page["data"]], page["has_more"]) == (["charge.succeeded"] * 2, True)


def test_the_answer_is_dated_by_the_account_s_clock():
    answer = api_with(1).handle("GET", "/v1/balance", "", AUTH)
    assert answer.headers["Date"] == "Thu, 01 Oct 2026 10:00:12 GMT"
    assert answer.headers["Stripe-Version"] == "2025-09-30.clover"


def test_faults_come_where_they_are_planned():
    slept = []
    plan = FaultPlan(at={1: TOO_MANY, 2: BROKEN, 3: SLOW, 4: Fault(status=503)})
    api = api_with(1, faults=plan, sleep_ms=slept.append)
    answers = [api.handle("GET", "/v1/balance", "", AUTH) for _number in range(5)]
    assert [answer.status for answer in answers] == [429, 500, 200, 503, 200]
    assert answers[0].headers["Retry-After"] == "1"
    assert wire.parse(answers[0].body)["error"]["code"] == "rate_limit"
    assert "Retry-After" not in answers[1].headers
    assert slept == [1_500]
    every = api_with(1, faults=FaultPlan(every=3))
    assert [every.handle("GET", "/v1/balance", "", AUTH).status for _number in range(6)] == [
        200,
        200,
        429,
    ] * 2
    with pytest.raises(ValueError, match="always fails"):
        FaultPlan(every=1)


def test_a_fault_never_lets_anybody_in():
    api = api_with(1, faults=FaultPlan(at={1: SLOW}), sleep_ms=lambda _ms: None)
    assert api.handle("GET", "/v1/balance", "", {}).status == 401
