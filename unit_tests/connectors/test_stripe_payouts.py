# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The pull of compositions, driven by the simulated account as the hub drives it."""

import datetime as dt
import json
import urllib.parse

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer, InboundEvent
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.simulators.clock import SimulatedClock
from odoo.addons.finance_integration.simulators.stripe.api import StripeApi
from odoo.addons.finance_integration.simulators.stripe.state import StripeAccount

STRIPE = get_connector("stripe")
KEY = "rk_test_only_0001"
SETTINGS = {"outside_account": "acct_1Test", "time_zone": "UTC", "system": "stripe"}
START = dt.datetime(2026, 3, 2, 12, tzinfo=dt.timezone.utc)
MAX_PAGES = 200


@pytest.fixture
def clock():
    return SimulatedClock(START)


@pytest.fixture
def account(clock):
    return StripeAccount("payouts", clock)


def drain(account, cursor=None, settings=None):
    """Loop as the hub does; returns (bodies, documents, cursor)."""
    api, settings, cursor = StripeApi(account, KEY), settings or SETTINGS, cursor or {}
    events = []
    for _page in range(MAX_PAGES):
        request = STRIPE.pull_request("payouts", cursor, settings, KEY)
        url = urllib.parse.urlsplit(request.url)
        answer = api.handle(request.method, url.path, url.query, dict(request.headers))
        headers = {name.lower(): value for name, value in answer.headers.items()}
        page = STRIPE.pull_page("payouts", cursor, HttpAnswer(answer.status, headers, answer.body), settings)
        events += page.events
        cursor = json.loads(json.dumps(page.cursor))
        if not page.more:
            documents = [
                document
                for envelope, body in events
                for document in STRIPE.transform(
                    InboundEvent(envelope, json.loads(json.dumps(body)), settings)
                )
            ]
            return [body for _envelope, body in events], documents, cursor
    raise AssertionError("the pull does not end")


def earn(account, clock, count=2):
    for _number in range(count):
        account.charge(10000, "usd", settled=True)
    clock.advance(days=3)


def test_a_finished_payout_is_told_with_its_lines_and_without_itself(account, clock):
    earn(account, clock)
    paid = account.pay_out("usd")
    account.complete_payout(paid["id"])
    _bodies, [told], _cursor = drain(account)
    assert (told.payout, str(told.amount.value), told.told) == (paid["id"], "193.60", True)
    assert [(line.type, str(line.gross), str(line.fee), str(line.net)) for line in told.lines] == [
        ("payment", "100.00", "3.20", "96.80")
    ] * 2
    assert sum(line.net for line in told.lines) == told.amount.value
    assert told.arrival_date == dt.date(2026, 3, 6)
    assert told.bank_reference == paid["id"][-12:]


def test_a_payout_that_is_not_ready_is_told_when_it_is(account, clock):
    earn(account, clock)
    paid = account.pay_out("usd")
    bodies, _documents, cursor = drain(account)
    assert bodies == []
    clock.advance(days=5)
    account.charge(5000, "usd", settled=True)
    clock.advance(days=3)
    second = account.pay_out("usd")
    account.complete_payout(second["id"])
    _bodies, documents, cursor = drain(account, cursor)
    assert [document.payout for document in documents] == [second["id"]]
    account.complete_payout(paid["id"])
    _bodies, documents, cursor = drain(account, cursor)
    assert [document.payout for document in documents] == [paid["id"]]
    assert drain(account, cursor)[0] == []


def test_many_lines_come_in_parts_and_each_line_once(account, clock):
    earn(account, clock, 230)
    paid = account.pay_out("usd")
    account.complete_payout(paid["id"])
    _bodies, documents, _cursor = drain(account)
    assert [document.part for document in documents] == [1, 2, 3]
    ids = [line.ledger_id for document in documents for line in document.lines]
    assert (len(ids), len(set(ids))) == (230, 230)
    assert sum(line.net for document in documents for line in document.lines) == documents[0].amount.value


def test_a_payout_that_somebody_started_has_no_lines(account, clock):
    earn(account, clock)
    paid = account.pay_out("usd", 5000)
    _bodies, [told], cursor = drain(account)
    assert (told.payout, told.told, told.lines) == (paid["id"], False, ())
    assert drain(account, cursor)[0] == []


def test_the_headings_of_all_kinds_of_lines(account, clock):
    earn(account, clock, 3)
    first, second, *_rest = account.charges
    account.refund(first, 2500)
    account.open_dispute(second)
    account.account_fee(100, "usd", "Radar")
    paid = account.pay_out("usd")
    account.complete_payout(paid["id"])
    _bodies, [told], _cursor = drain(account)
    assert sorted(line.type for line in told.lines) == ["dispute", "fee", *["payment"] * 3, "refund"]
    assert sum(line.net for line in told.lines) == told.amount.value


def test_reading_again_from_a_day_tells_it_again(account, clock):
    earn(account, clock)
    paid = account.pay_out("usd")
    account.complete_payout(paid["id"])
    bodies, _documents, _cursor = drain(account)
    again, _documents, _cursor = drain(account, dict(STRIPE.pull_cursor_from("payouts", START)))
    assert again == bodies


@pytest.mark.parametrize(
    "cursor", [{"step": "lines"}, {"step": "lines", "queue": [{"body": {}}]}, {"step": "x"}]
)
def test_a_broken_cursor_is_refused(cursor):
    with pytest.raises(ContractError):
        STRIPE.pull_request("payouts", cursor, SETTINGS, KEY)
