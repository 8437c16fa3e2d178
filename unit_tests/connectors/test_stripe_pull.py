# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The two pulls of Stripe, driven by a small imitation of its API, as the hub drives them."""

import datetime as dt
import itertools
import json
import urllib.parse
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.finance_integration.connectors.base import HttpAnswer, InboundEvent
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.connectors.stripe import balances, client, const
from odoo.addons.finance_integration.connectors.stripe.shared import money
from odoo.addons.finance_integration.engine.errors import ContractError, TransientError
from odoo.addons.finance_integration.engine.instants import from_unix

STRIPE = get_connector("stripe")
KEY = "rk_test_only_0001"
NOON = 1_772_452_800  # 2026-03-02T12:00:00Z
DAY = 86_400
MAX_PAGES = 500


class Account:
    """Answers GET /v1/balance and /v1/balance_transactions over a list of lines."""

    def __init__(self, lines, now=NOON, page_size=3):
        self.lines = sorted(lines, key=lambda line: (-line["created"], line["id"]))
        self.now = now
        self.page_size = page_size
        self.asked = []

    def answer(self, request):
        url = urllib.parse.urlsplit(request.url)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.asked.append((url.path, query))
        body = self.balance() if url.path == "/v1/balance" else self.page(query)
        date = format_datetime(dt.datetime.fromtimestamp(self.now, dt.timezone.utc), usegmt=True)
        return HttpAnswer(200, {"date": date}, json.dumps(body).encode())

    def balance(self):
        totals = {}
        for line in self.lines:
            if line.get("balance_type", "payments") == "payments" and line["created"] <= self.now:
                totals[line["currency"]] = totals.get(line["currency"], 0) + line["net"]
        # Half of it is not available yet: both parts together are the balance.
        parts = [
            [{"amount": part(total), "currency": currency} for currency, total in totals.items()]
            for part in (lambda total: total // 2, lambda total: total - total // 2)
        ]
        return {"object": "balance", "available": parts[0], "pending": parts[1], "livemode": False}

    def page(self, query):
        found = [line for line in self.lines if line["created"] >= int(query.get("created[gte]", 0))]
        if "starting_after" in query:
            place = [line["id"] for line in found].index(query["starting_after"])
            found = found[place + 1 :]
        page = found[: self.page_size]
        return {"object": "list", "data": page, "has_more": len(found) > len(page)}


def drain(account, pull, cursor, connection):
    """Loop as the hub does: cursor through JSON each time. Return (events, cursor)."""
    events = []
    for _page in range(MAX_PAGES):
        request = STRIPE.pull_request(pull, cursor, connection, KEY)
        page = STRIPE.pull_page(pull, cursor, account.answer(request), connection)
        events += page.events
        cursor = json.loads(json.dumps(page.cursor))
        if not page.more:
            return events, cursor
    raise AssertionError("the pull does not end")


def line(number, created, net=1000, currency="eur", **fields):
    return {
        "id": f"txn_{number:05}",
        "object": "balance_transaction",
        "amount": net,
        "currency": currency,
        "created": created,
        "fee": 0,
        "net": net,
        "type": "charge",
        "source": f"ch_{number:05}",
        **fields,
    }


def documents(events, connection):
    return [
        document
        for envelope, body in events
        for document in STRIPE.transform(InboundEvent(envelope, body, connection))
    ]


# --- balance transactions ------------------------------------------------------------------------------


def test_a_sweep_reads_every_line_once_and_the_next_one_only_the_overlap():
    account = Account([line(number, NOON - number * 600) for number in range(10)])
    events, cursor = drain(account, "balance_transactions", {}, {})
    assert [envelope.event_id.split(":")[0] for envelope, _body in events] == [
        f"txn_{number:05}" for number in range(10)
    ]
    assert cursor == {"complete_until": NOON}
    assert [query.get("starting_after") for _path, query in account.asked] == [
        None,
        "txn_00002",
        "txn_00005",
        "txn_00008",
    ]
    again, cursor = drain(account, "balance_transactions", cursor, {})
    assert cursor == {"complete_until": NOON}
    assert account.asked[4][1]["created[gte]"] == str(NOON - const.OVERLAP_SECONDS)
    assert {envelope.event_id for envelope, _body in again} == {
        envelope.event_id for envelope, _body in events[:7]
    }


def test_the_same_line_with_news_is_a_new_event_of_the_same_movement():
    charge = {
        "id": "ch_00001",
        "object": "charge",
        "amount": 1000,
        "amount_captured": 1000,
        "currency": "eur",
        "created": NOON,
        "status": "succeeded",
        "captured": True,
        "paid": True,
        "livemode": True,
        "amount_refunded": 0,
    }
    first, _cursor = drain(Account([line(1, NOON, source=charge)]), "balance_transactions", {}, {})
    refunded = {**charge, "amount_refunded": 500}
    second, _cursor = drain(Account([line(1, NOON, source=refunded)]), "balance_transactions", {}, {})
    assert first[0][0].event_id != second[0][0].event_id
    assert first[0][0].object_key == second[0][0].object_key == "ch_00001"
    assert first[0][0].live is True
    assert documents(first, {}) == documents(second, {})


def test_an_empty_sweep_keeps_its_place():
    events, cursor = drain(Account([]), "balance_transactions", {"complete_until": NOON}, {})
    assert (events, cursor) == ([], {"complete_until": NOON})


def test_the_first_sweep_begins_where_the_connection_says():
    settings_ = {
        "pull_from": "2026-03-01T00:00:00+01:00",
        "connected_account": "acct_1",
        "overlap_seconds": 0,
    }
    request = STRIPE.pull_request("balance_transactions", {}, settings_, KEY)
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.url).query))
    assert query == {"limit": "100", "expand[]": "data.source", "created[gte]": "1772319600"}
    assert request.headers["stripe-version"] == const.API_VERSION
    assert request.headers["stripe-account"] == "acct_1"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    request = STRIPE.pull_request("balance_transactions", {"complete_until": NOON}, settings_, KEY)
    assert f"created%5Bgte%5D={NOON}" in request.url


def test_a_page_that_would_never_end_is_refused():
    answer = HttpAnswer(200, {}, b'{"object": "list", "data": [], "has_more": true}')
    with pytest.raises(ContractError, match="schema_violation"):
        STRIPE.pull_page("balance_transactions", {}, answer, {})


def test_an_unknown_pull_is_a_programming_error():
    with pytest.raises(ValueError, match="no pull 'orders'"):
        STRIPE.pull_request("orders", {}, {}, KEY)


# --- balances ------------------------------------------------------------------------------------------

ZONES = ("UTC", "Europe/Brussels", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(NOON - 6 * DAY, NOON - 5),
            st.integers(-(10**7), 10**7),
            st.sampled_from(["eur", "usd", "jpy"]),
        ),
        max_size=25,
    ),
    st.sampled_from(ZONES),
    st.integers(1, 5),
)
def test_each_day_closes_at_what_had_been_in_the_balance(moves, zone_name, page_size):
    """An independent sum over all lines up to midnight, and the pure helper, both give the same closing."""
    lines = [line(number, *move) for number, move in enumerate(moves)]
    account = Account(lines, page_size=page_size)
    connection = {"time_zone": zone_name, "outside_account": "acct_1"}
    zone = ZoneInfo(zone_name)
    today = from_unix(NOON).astimezone(zone).date()
    start = today - dt.timedelta(days=3)
    events, cursor = drain(account, "balances", {"next_day": start.isoformat()}, connection)
    told = {(each.date, each.closing.currency): each for each in documents(events, connection)}
    assert len(told) == len(events) == 3 * len({move[2] for move in moves})
    assert cursor == {"next_day": today.isoformat()}
    for (day, currency), balance in told.items():
        end = balances.day_start(day + dt.timedelta(days=1), zone)
        begin = balances.day_start(day, zone)
        mine = [each for each in lines if each["currency"].upper() == currency]
        total = sum(each["net"] for each in mine if each["created"] < end)
        of_day = [each["net"] for each in mine if begin <= each["created"] < end]
        assert balance.closing == money(total, currency)
        assert balance.closing == client.closing_balance(account.balance(), lines, from_unix(end), currency)
        assert (balance.movement_count, balance.movement_total) == (len(of_day), money(sum(of_day), currency))
        assert balance.occurred_at == from_unix(end - 1)


def test_each_day_opens_where_the_last_one_closed():
    lines = [line(number, NOON - number * 7 * 3600, net=100 + number) for number in range(1, 30)]
    connection = {"time_zone": "Europe/Brussels", "outside_account": "acct_1"}
    events, _cursor = drain(Account(lines), "balances", {"next_day": "2026-02-24"}, connection)
    told = documents(events, connection)
    assert [each.date.day for each in told] == [24, 25, 26, 27, 28, 1]
    for earlier, later in itertools.pairwise(told):
        assert earlier.closing == later.opening


def test_without_a_cursor_yesterday_is_told_and_the_day_after_goes_on():
    connection = {"time_zone": "UTC", "outside_account": "acct_1"}
    account = Account([line(1, NOON - 2 * DAY), line(2, NOON - DAY, net=-300)])
    events, cursor = drain(account, "balances", {}, connection)
    (told,) = documents(events, connection)
    assert (told.date, told.closing) == (dt.date(2026, 3, 1), money(700, "eur"))
    assert drain(account, "balances", cursor, connection) == ([], {"next_day": "2026-03-02"})
    account.now += DAY
    events, cursor = drain(account, "balances", cursor, connection)
    assert [(each.date, each.movement_count) for each in documents(events, connection)] == [
        (dt.date(2026, 3, 2), 0)
    ]
    assert cursor == {"next_day": "2026-03-03"}


def test_a_day_of_25_hours_is_one_day():
    zone = ZoneInfo("Europe/Brussels")
    begin = balances.day_start(dt.date(2026, 10, 25), zone)
    assert balances.day_start(dt.date(2026, 10, 26), zone) - begin == 25 * 3600


def test_a_line_in_the_second_of_the_reading_makes_it_read_again():
    """Nobody can know whether the balance held it: at rest it is read once more, and then it is exact."""
    connection = {"time_zone": "UTC", "outside_account": "acct_1"}
    account = Account([line(1, NOON - DAY), line(2, NOON, net=9)])
    answer = account.answer

    def later(request):
        result = answer(request)
        account.now += 1
        return result

    account.answer = later
    events, _cursor = drain(account, "balances", {}, connection)
    assert [path for path, _query in account.asked].count("/v1/balance") == 2
    (told,) = documents(events, connection)
    assert (told.closing, told.movement_count) == (money(1000, "eur"), 1)


def test_a_balance_that_never_rests_waits_for_the_next_run():
    connection = {"time_zone": "UTC", "outside_account": "acct_1"}
    account = Account([line(1, NOON)])
    with pytest.raises(TransientError, match="source_unavailable"):
        drain(account, "balances", {}, connection)
    assert [path for path, _query in account.asked].count("/v1/balance") == const.MAX_BALANCE_READINGS


def test_lines_that_come_after_the_reading_do_not_count():
    """Between the balance and the last page new lines appear; they are not in the balance that was told."""
    connection = {"time_zone": "UTC", "outside_account": "acct_1"}
    account = Account([line(1, NOON - DAY)])
    request = STRIPE.pull_request("balances", {}, connection, KEY)
    page = STRIPE.pull_page("balances", {}, account.answer(request), connection)
    account.lines = [line(3, NOON + 7, net=55), line(2, NOON + 1, net=44), *account.lines]
    events, _cursor = drain(account, "balances", page.cursor, connection)
    (told,) = documents(events, connection)
    assert (told.closing, told.movement_count) == (money(1000, "eur"), 1)


@pytest.mark.parametrize(("created", "closing"), [(NOON - 1, 1000), (NOON, 0), (NOON + 1, 0)])
def test_a_line_at_midnight_belongs_to_the_new_day(created, closing):
    lines = [line(1, created)]
    now = {**Account([]).balance(), "available": [{"amount": 1000, "currency": "eur"}]}
    assert client.closing_balance(now, lines, from_unix(NOON), "eur") == money(closing, "eur")


def test_lines_of_other_balances_do_not_count():
    connection = {"time_zone": "UTC", "outside_account": "acct_1"}
    account = Account([line(1, NOON - DAY), line(2, NOON - DAY, net=-999, balance_type="issuing")])
    events, _cursor = drain(account, "balances", {}, connection)
    (told,) = documents(events, connection)
    assert (told.closing, told.movement_count) == (money(1000, "eur"), 1)


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "../etc/passwd", 7])
def test_without_a_known_time_zone_no_day_is_told(zone):
    request = STRIPE.pull_request("balances", {}, {}, KEY)
    with pytest.raises(ContractError, match=r"settings\.time_zone"):
        STRIPE.pull_page("balances", {}, Account([]).answer(request), {"time_zone": zone})


def test_without_the_clock_of_stripe_no_day_is_told():
    answer = HttpAnswer(200, {}, json.dumps(Account([]).balance()).encode())
    with pytest.raises(ContractError, match="Date header"):
        STRIPE.pull_page("balances", {}, answer, {"time_zone": "UTC"})
