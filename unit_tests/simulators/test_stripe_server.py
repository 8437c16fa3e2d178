# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The account over HTTP: what a person may do to it, and which events that sends."""

from datetime import datetime, timezone

import pytest
import requests

from simulators import wire
from simulators.clock import SimulatedClock
from simulators.local_server import Request, serving
from simulators.sending import Answer, Sender
from simulators.stripe.api import StripeApi
from simulators.stripe.server import StripeServer
from simulators.stripe.state import StripeAccount
from simulators.stripe.webhook import StripeSigner

START = datetime(2026, 10, 1, 10, tzinfo=timezone.utc)
KEY = "sk_test_server_00000001"


@pytest.fixture
def sent():
    return []


@pytest.fixture
def server(sent):
    def post(_url, _headers, body, _timeout_seconds):
        sent.append(wire.parse(body))
        return Answer(200)

    account = StripeAccount("server", SimulatedClock(START))
    sender = Sender("http://hub.example", StripeSigner("whsec_x"), post=post, clock=SimulatedClock(START))
    return StripeServer(StripeApi(account, KEY), sender)


def do(server, name, **wish):
    reply = server.answer(Request("POST", f"/_sim/{name}", "", {}, wire.compact(wish)))
    return reply.status, wire.parse(reply.body)


def test_a_life_of_a_payment_by_hand(server, sent):
    _status, made = do(server, "charge", amount=10_000, invoice_number="INV-1", email="a@example.com")
    assert made["metadata"] == {"invoice_number": "INV-1"}
    do(server, "settle", charge=made["id"])
    _status, back = do(server, "refund", charge=made["id"], amount=2_500)
    do(server, "fail_refund", refund=back["id"])
    do(server, "advance", seconds=3 * 86_400)
    _status, out = do(server, "payout")
    do(server, "end_payout", payout=out["id"], success=True)
    _status, debit = do(server, "debit", amount=5_000)
    do(server, "end_debit", charge=debit["id"], success=False)
    assert [event["type"] for event in sent] == [
        "charge.succeeded",
        "charge.updated",
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "refund.failed",
        "payout.created",
        "payout.paid",
        "charge.pending",
        "charge.failed",
    ]
    assert server.account.ledger.balance("usd") == -440


@pytest.mark.parametrize(
    ("name", "wish"),
    [
        ("charge", {}),
        ("charge", {"amount": "100"}),
        ("charge", {"amount": True}),
        ("charge", {"amount": -5}),
        ("refund", {"charge": "ch_nope"}),
        ("payout", {"currency": "usd"}),
        ("advance", {"seconds": -1}),
        ("advance", {"seconds": 10**12}),
    ],
)
def test_what_cannot_be_done_is_refused_and_sends_nothing(server, sent, name, wish):
    status, body = do(server, name, **wish)
    assert status == 400
    assert body["error"]
    assert (sent, len(server.account.ledger)) == ([], 0)


def test_unknown_addresses_and_broken_wishes(server):
    assert do(server, "rob_the_bank")[0] == 404
    assert server.answer(Request("GET", "/_sim/charge", "", {}, b"")).status == 404
    for body in (b"[]", b"{", b"nonsense"):
        assert server.answer(Request("POST", "/_sim/charge", "", {}, body)).status == 400
    assert server.answer(Request("GET", "/_sim/health", "", {}, b"")).status == 200


def test_the_api_over_a_socket(server):
    do(server, "charge", amount=10_000)
    with serving(server.listen()) as running:
        address = running.url + "/v1/events"
        assert requests.get(address, timeout=5).status_code == 401
        answer = requests.get(address, headers={"Authorization": f"Bearer {KEY}"}, timeout=5)
    assert answer.json()["data"][0]["type"] == "charge.succeeded"
    assert answer.headers["Date"] == "Thu, 01 Oct 2026 10:00:02 GMT"
    assert "BaseHTTP" not in answer.headers.get("Server", "")
