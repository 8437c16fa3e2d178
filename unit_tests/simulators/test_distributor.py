# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The distributor's month: the same for the same seed, with every accident, each of them documented."""

import json
import re
import zlib
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from odoo.addons.finance_integration.engine.error_catalogue import CODES
from odoo.addons.finance_integration.simulators.distributor import demo as demos
from odoo.addons.finance_integration.simulators.distributor.accidents import LAST_DAY, Accidents
from odoo.addons.finance_integration.simulators.distributor.demo import Feed, Options
from odoo.addons.finance_integration.simulators.distributor.month import Business
from odoo.addons.finance_integration.simulators.distributor.world import (
    EU_STRIPE,
    MAX_DAYS,
    PARTNER,
    PAYPAL,
    US_STRIPE,
    World,
)
from odoo.addons.finance_integration.simulators.paypal.signing import forged_event

MONTH = date(2026, 10, 1)
README = Path(__file__).resolve().parents[2] / "simulators" / "README.md"


def play(days=LAST_DAY, seed="1"):
    world = World(seed, MONTH)
    business = Business(world)
    accidents = Accidents(world, business)
    accidents.of_day(0)
    for day in range(1, days + 1):
        world.morning_of(day)
        business.everyday(day)
        accidents.of_day(day)
    return world


@pytest.fixture(scope="module")
def month():
    return play(MAX_DAYS)


def bytes_of(world):
    return [(each.system, each.event.id, each.event.body) for each in world.deliveries]


def test_the_same_seed_gives_the_same_bytes_and_a_slice_is_the_beginning_of_the_month(month):
    few = play()
    assert bytes_of(month)[: len(few.deliveries)] == bytes_of(few)
    assert bytes_of(play(MAX_DAYS)) == bytes_of(month)
    assert bytes_of(play(seed="2")) != bytes_of(few)
    assert few.expected == month.expected


def test_every_id_belongs_to_one_content_but_the_one_that_is_used_again(month):
    contents = {}
    for each in month.deliveries:
        if each.system != "shop":  # its id follows from the content
            contents.setdefault((each.system, each.event.id), set()).add(each.event.body)
    twice = [key for key, bodies in contents.items() if len(bodies) > 1]
    assert [system for system, _event_id in twice] == [PARTNER]


def test_every_accident_stands_in_the_table_with_its_code(month):
    rows = re.findall(
        r"^\| `([a-z-]+)` \|.*\| (?:`(\w+)`|–) \|$", README.read_text(encoding="utf-8"), re.MULTILINE
    )
    written = Counter(rows)
    assert written == Counter({(each.accident, each.code) for each in month.expected})
    assert all(code in CODES for _accident, code in written if code)


def test_the_three_currencies_move_and_yen_have_no_decimals(month):
    ledger = month.stripes[US_STRIPE].ledger
    assert ledger.currencies() == ["jpy", "usd"]
    assert month.stripes[EU_STRIPE].ledger.currencies() == ["eur"]
    assert {line.currency for line in month.paypal.lines} == {"EUR"}
    for each in month.deliveries:
        if each.system == PARTNER and b'"JPY"' in each.event.body:
            assert re.fullmatch(r"\d+", json.loads(each.event.body)["data"]["total_gross"])
    assert {currency for _system, _payout, _amount, currency, _day in month.arrivals} == {"EUR", "USD", "JPY"}


def test_the_forged_amount_keeps_the_checksum_of_what_paypal_signed(month):
    [forged] = [each for each in month.deliveries if each.instead_of]
    genuine = forged.instead_of.body
    assert zlib.crc32(forged.event.body) == zlib.crc32(genuine)
    told, true = json.loads(forged.event.body)["resource"], json.loads(genuine)["resource"]
    assert told["id"] == true["id"]
    assert (told["amount"]["value"], true["amount"]["value"] == "9999.00") == ("9999.00", False)
    assert genuine not in [each.event.body for each in month.deliveries]
    with pytest.raises(ValueError, match="does not state"):
        forged_event(genuine, b"1.234567", b"2.00")


def test_what_comes_late_is_of_the_day_before_and_parents_come_last(month):
    late = [each for each in month.deliveries if each.late_days]
    assert {(each.day, each.late_days) for each in late} == {(0, 1)}
    last = {each.event.type for each in month.deliveries if each.last}
    assert last == {"orders/create", "orders/paid", "orders/updated", "invoice.issued"}


def test_paypal_holds_what_its_lines_say(month):
    sent = sum(amount for system, _payout, amount, _currency, _day in month.arrivals if system == PAYPAL)
    taken = sum((line.gross + line.fee for line in month.paypal.lines if line.code != "T0400"), Decimal(0))
    assert month.paypal.balance("EUR") == taken - sent


def test_the_feed_tells_some_twice_and_everything_at_least_once():
    world = play()
    feed = Feed({}, "1")
    told = []
    feed.deliver = lambda delivery: told.append(delivery) or "new"
    feed.day([each for each in world.deliveries if each.day + each.late_days == 1])
    counted = Counter(told)
    assert set(counted) == {each for each in world.deliveries if each.day + each.late_days == 1}
    assert set(counted.values()) == {1, 2}
    assert told != sorted(told, key=world.deliveries.index)
    assert told[-1].last
    again = feed.again()
    assert again == Counter(new=len(counted))


@pytest.mark.parametrize("days", [LAST_DAY - 1, MAX_DAYS + 1])
def test_a_run_has_all_accidents_and_ends_with_the_month(days):
    with pytest.raises(ValueError, match="days"):
        Options("http://127.0.0.1:1", "demo", days=days)
    assert demos.AFTERMATH_DAYS >= 1
