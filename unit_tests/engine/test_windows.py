# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Windows on the wall clock: over midnight, over changes of the clocks, in any zone."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.windows import Window, is_open, next_opening

EVERY_DAY = frozenset(range(7))
WORKDAYS = frozenset(range(5))
NEW_YORK = "America/New_York"
ZONES = (
    "UTC",
    NEW_YORK,
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Cairo",
)

windows = st.builds(
    Window,
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    start_minute=st.integers(0, 1439),
    end_minute=st.integers(0, 1440),
)
instants = st.integers(1_262_304_000, 2_051_222_400).map(
    lambda seconds: datetime.fromtimestamp(seconds, timezone.utc)
)  # 2010 to 2035


def wall(text, zone=NEW_YORK, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(timezone.utc)


def minutes(text):
    hours, _colon, rest = text.partition(":")
    return int(hours) * 60 + int(rest)


def window(start, end, days=EVERY_DAY):
    return Window(days, minutes(start), minutes(end))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-02T07:59:59", False),
        ("2026-03-02T08:00:00", True),
        ("2026-03-02T17:59:59", True),
        ("2026-03-02T18:00:00", False),
        ("2026-03-07T12:00:00", False),  # a Saturday
    ],
)
def test_office_hours(moment, expected):
    assert is_open(window("8:00", "18:00", WORKDAYS), wall(moment), NEW_YORK) is expected


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins():
    friday_night = window("22:00", "4:00", frozenset({4}))
    assert not is_open(friday_night, wall("2026-03-06T03:00:00"), NEW_YORK)  # Thursday's night
    assert is_open(friday_night, wall("2026-03-06T23:00:00"), NEW_YORK)
    assert is_open(friday_night, wall("2026-03-07T03:59:59"), NEW_YORK)
    assert not is_open(friday_night, wall("2026-03-07T04:00:00"), NEW_YORK)
    assert not is_open(friday_night, wall("2026-03-07T23:00:00"), NEW_YORK)


def test_equal_ends_mean_a_whole_day():
    monday = window("6:00", "6:00", frozenset({0}))
    assert is_open(monday, wall("2026-03-02T06:00:00"), NEW_YORK)
    assert is_open(monday, wall("2026-03-03T05:59:59"), NEW_YORK)
    assert not is_open(monday, wall("2026-03-03T06:00:00"), NEW_YORK)
    assert window("0:00", "24:00").length_minutes == 1440


def test_the_next_opening_of_a_closed_window():
    office = window("8:00", "18:00", WORKDAYS)
    assert next_opening(office, wall("2026-03-06T18:00:00"), NEW_YORK) == wall("2026-03-09T08:00:00")
    now = wall("2026-03-06T12:34:56")
    assert next_opening(office, now, NEW_YORK) == now


def test_a_start_that_the_clocks_skip_is_made_up_for_when_they_have_moved_on():
    """On 8 March 2026 the clocks in New York go from 2:00 to 3:00."""
    early = window("2:30", "5:00")
    assert next_opening(early, wall("2026-03-08T01:00:00"), NEW_YORK) == wall("2026-03-08T03:00:00")
    skipped = window("2:15", "2:45")
    assert next_opening(skipped, wall("2026-03-08T01:00:00"), NEW_YORK) == wall("2026-03-09T02:15:00")


def test_an_hour_that_comes_twice_is_inside_twice():
    """On 1 November 2026 the clocks in New York go from 2:00 back to 1:00."""
    early = window("1:15", "1:45")
    for fold in (0, 1):
        assert is_open(early, wall("2026-11-01T01:30:00", fold=fold), NEW_YORK)
    after_first = wall("2026-11-01T01:50:00", fold=0)
    assert next_opening(early, after_first, NEW_YORK) == wall("2026-11-01T01:15:00", fold=1)
    until = window("0:00", "1:30")
    again = wall("2026-11-01T01:00:00", fold=1)
    assert next_opening(until, wall("2026-11-01T01:45:00", fold=0), NEW_YORK) == again


@pytest.mark.parametrize(
    "facts", [((), 0, 60), ((7,), 0, 60), ((0,), -1, 60), ((0,), 1440, 60), ((0,), 0, 1441)]
)
def test_windows_that_make_no_sense_are_refused(facts):
    days, start, end = facts
    with pytest.raises(ValueError, match="a window"):
        Window(frozenset(days), start, end)


def test_an_instant_without_a_zone_is_refused():
    naive = datetime(2026, 3, 2, 8, 0)  # noqa: DTZ001 - that it has no zone is the point
    with pytest.raises(ValueError, match="time zone"):
        is_open(window("8:00", "18:00"), naive, NEW_YORK)


@settings(max_examples=150, deadline=None)
@given(windows, instants, st.sampled_from(ZONES))
def test_the_next_opening_is_open_and_nothing_before_it_is(week, instant, zone):
    opening = next_opening(week, instant, zone)
    assert opening >= instant
    assert is_open(week, opening, zone)
    if opening == instant:
        return
    assert not is_open(week, opening - timedelta(microseconds=1), zone)
    step = max((opening - instant) / 97, timedelta(seconds=1))
    moment = instant
    while moment < opening:
        assert not is_open(week, moment, zone), moment
        moment += step


@settings(max_examples=150, deadline=None)
@given(windows, instants, st.sampled_from(ZONES))
def test_a_window_is_a_matter_of_the_wall_clock_alone(week, instant, zone):
    local = instant.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    on_day = local.weekday() in week.weekdays
    day_before = (local.weekday() - 1) % 7 in week.weekdays
    over_midnight = week.end_minute <= week.start_minute
    if over_midnight:
        expected = (on_day and minute >= week.start_minute) or (day_before and minute < week.end_minute)
    else:
        expected = on_day and week.start_minute <= minute < week.end_minute
    assert is_open(week, instant, zone) is expected
