# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The simulated PayPal account: its ledger adds up, its API and its webhooks say what happened."""

import json
from datetime import datetime, timezone
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from odoo.addons.finance_integration.engine.signatures import Secret, SignedRequest, get_scheme
from odoo.addons.finance_integration.simulators.clock import SimulatedClock
from odoo.addons.finance_integration.simulators.paypal.api import PayPalApi
from odoo.addons.finance_integration.simulators.paypal.signing import (
    CERTIFICATE_PATH,
    Authority,
    PayPalSigner,
)
from odoo.addons.finance_integration.simulators.paypal.state import PayPalAccount, RefusedError, as_event
from odoo.addons.finance_integration.simulators.stripe.faults import BROKEN, TOO_MANY, FaultPlan

START = datetime(2026, 3, 2, 15, 0, tzinfo=timezone.utc)


@pytest.fixture
def account():
    return PayPalAccount("unit", SimulatedClock(START))


def asked(api, path, token="token", **query):
    status, headers, body = api.handle("GET", path, urlencode(query), {"Authorization": f"Bearer {token}"})
    return status, headers, json.loads(body)


def test_the_same_seed_tells_the_same(account):
    other = PayPalAccount("unit", SimulatedClock(START))
    assert account.capture("10.00") == other.capture("10.00")
    assert as_event(account.events[0]) == as_event(other.events[0])


def test_the_ledger_is_the_balance(account):
    capture = account.capture("119.00")
    account.refund(capture["id"], "19.00")
    account.reserve("10.00")
    account.withdraw("20.00")
    assert account.balance("USD") == Decimal("119.00") - Decimal("4.64") - 19 - 10 - 20
    assert [line.code for line in account.lines] == ["T0006", "T1107", "T2103", "T0400"]
    assert account.captures[capture["id"]]["status"] == "PARTIALLY_REFUNDED"


def test_what_paypal_would_refuse_is_refused(account):
    capture = account.capture("10.00")
    account.refund(capture["id"])
    for refused in (
        lambda: account.refund(capture["id"]),
        lambda: account.refund("nobody"),
        lambda: account.withdraw("1.00"),
        lambda: account.clear(capture["id"]),
    ):
        with pytest.raises(RefusedError):
            refused()


def test_the_api_answers_and_misbehaves_as_planned(account):
    capture = account.capture("10.00")
    api = PayPalApi(account, "token", faults=FaultPlan(at={2: TOO_MANY, 3: BROKEN}))
    path = f"/v2/payments/captures/{capture['id']}"
    assert asked(api, path)[2]["amount"] == {"currency_code": "USD", "value": "10.00"}
    assert asked(api, path)[0] == 429
    assert asked(api, path)[0] == 500
    assert asked(api, path, token="other")[0] == 401
    assert asked(api, "/v2/payments/captures/X")[0] == 404


def test_the_list_has_pages_and_bounds(account):
    for _time in range(3):
        account.capture("10.00")
    api = PayPalApi(account, "token")
    bounds = {"start_date": "2026-03-01T00:00:00Z", "end_date": "2026-03-03T00:00:00Z", "page_size": "2"}
    _status, _headers, first = asked(api, "/v1/reporting/transactions", **bounds, page="1")
    _status, _headers, second = asked(api, "/v1/reporting/transactions", **bounds, page="2")
    assert [len(each["transaction_details"]) for each in (first, second)] == [2, 1]
    assert (first["total_pages"], first["total_items"]) == (2, 3)
    long = {**bounds, "end_date": "2026-05-03T00:00:00Z"}
    assert asked(api, "/v1/reporting/transactions", **long)[0] == 400


def test_the_hub_verifies_what_the_simulator_signs(account):
    authority = Authority()
    account.capture("10.00")
    event = as_event(account.events[0])
    headers = PayPalSigner(authority, "WH1").headers(event, int(START.timestamp()))
    pem = PayPalApi(account, "token", authority).handle("GET", CERTIFICATE_PATH).body
    request = SignedRequest("POST", "", list(headers.items()), event.body, pem)
    verified = get_scheme("paypal").verify(request, [Secret("1", authority.secret("WH1"))], START, 300)
    assert (verified.secret_id, verified.signed_at) == ("1", START)
