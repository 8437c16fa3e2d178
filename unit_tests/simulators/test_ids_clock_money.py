# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.clock import SimulatedClock, instant, seconds
from simulators.ids import IdSource, token
from simulators.money import round_half_up, to_major, to_minor

START = datetime(2026, 10, 1, 10, tzinfo=timezone.utc)


def test_ids_follow_from_the_seed_and_prefixes_do_not_disturb_each_other():
    first, second = IdSource("a"), IdSource("a")
    second.next("cus")
    assert [first.next("ch") for _ in range(3)] == [second.next("ch") for _ in range(3)]
    assert IdSource("b").next("ch") != IdSource("a").next("ch")
    assert token("x", 1) == token("x", 1) != token("x", 2)
    assert len(token("x", length=40)) == 40


def test_clock_never_goes_back():
    clock = SimulatedClock(START)
    clock.advance(minutes=5)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.move_to(START)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(seconds=-1)
    assert clock.now == START + timedelta(minutes=5)
    with pytest.raises(ValueError, match="time zone"):
        SimulatedClock(datetime(2026, 10, 1))  # noqa: DTZ001 (that it is naive is the point)


@given(st.integers(0, 4_000_000_000))
def test_timestamps_and_instants_are_inverse(timestamp):
    assert seconds(instant(timestamp)) == timestamp


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.34", "usd", 1234),
        ("500", "jpy", 500),
        ("1.230", "kwd", 1230),
        ("100", "isk", 10_000),
        ("7", "ugx", 700),
    ],
)
def test_minor_units_as_stripe_writes_them(amount, currency, minor):
    assert to_minor(Decimal(amount), currency) == minor
    assert to_major(minor, currency) == Decimal(amount)


@pytest.mark.parametrize(("amount", "currency"), [("0.005", "usd"), ("0.5", "jpy"), ("1.234", "kwd")])
def test_too_many_decimals_are_refused(amount, currency):
    with pytest.raises(ValueError, match="too many decimals"):
        to_minor(Decimal(amount), currency)


def test_halves_round_away_from_zero():
    assert [round_half_up(Decimal(value)) for value in ("0.5", "1.5", "2.4999", "-0.5")] == [1, 2, 2, -1]
    assert round_half_up(Decimal("125"), 10) == 130
