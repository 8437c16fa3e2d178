# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whatever arrives in whatever order: exactly the numbers that did not arrive are missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.numbering import (
    MAX_GAPS,
    MAX_JUMP,
    MAX_LATE,
    Place,
    Series,
    place,
    say_numbers,
)

NUMBERS = st.lists(st.integers(0, 40), min_size=1, max_size=60)


def arrive(numbers, start=None):
    series, places = Series(), []
    for number in numbers:
        where, series = place(series, number, start)
        places.append(where)
    return series, places


def missing(series):
    return {number for first, last in series.gaps for number in range(first, last + 1)}


@given(NUMBERS)
def test_missing_is_exactly_what_did_not_arrive(numbers):
    series, _places = arrive(numbers)
    assert missing(series) == set(range(min(numbers), max(numbers) + 1)) - set(numbers)
    assert (series.lowest, series.highest) == (min(numbers), max(numbers))


@given(NUMBERS)
def test_gaps_are_ascending_and_do_not_touch(numbers):
    series, _places = arrive(numbers)
    assert all(first <= last for first, last in series.gaps)
    assert all(before[1] + 1 < after[0] for before, after in zip(series.gaps, series.gaps[1:], strict=False))


@given(NUMBERS, st.randoms())
def test_the_order_of_arrival_does_not_matter(numbers, chance):
    shuffled = list(numbers)
    chance.shuffle(shuffled)
    assert arrive(numbers)[0] == arrive(shuffled)[0]


@given(NUMBERS)
def test_a_number_is_known_from_its_second_arrival_on(numbers):
    _series, places = arrive(numbers)
    seen = set()
    for number, where in zip(numbers, places, strict=True):
        assert (where is Place.KNOWN) == (number in seen)
        seen.add(number)


@given(st.integers(0, 40), NUMBERS)
def test_a_series_with_a_known_start_misses_what_is_before_the_first(start, numbers):
    series, places = arrive(numbers, start)
    counted = {
        number
        for number, where in zip(numbers, places, strict=True)
        if where not in (Place.BROKEN, Place.KNOWN)
    }
    if counted:
        assert series.lowest <= start
        assert missing(series) == set(range(series.lowest, series.highest + 1)) - counted - set()


@given(NUMBERS)
def test_what_holds_a_number_back_is_the_first_missing_one_below_it(numbers):
    series, _places = arrive(numbers)
    for number in numbers:
        below = {each for each in missing(series) if each < number}
        assert series.missing_before(number) == (min(below) if below else None)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (101, Place.NEXT),
        (102, Place.AHEAD),
        (100 + MAX_JUMP + 1, Place.AHEAD),
        (100 + MAX_JUMP + 2, Place.BROKEN),
        (100, Place.KNOWN),
    ],
)
def test_a_leap_is_no_gap(number, expected):
    assert place(Series(90, 100), number)[0] is expected


def test_far_before_the_first_is_another_numbering():
    series = Series(5000, 5010)
    assert place(series, 5000 - MAX_LATE - 1)[0] is Place.FILLS
    assert place(series, 5000 - MAX_LATE - 2) == (Place.BROKEN, series)


def test_a_source_that_does_not_count_one_by_one_is_noticed():
    series, places = arrive(range(0, 10 * MAX_GAPS, 2))
    assert places[-1] is Place.BROKEN
    assert len(series.gaps) == MAX_GAPS


def test_numbers_in_words():
    assert say_numbers([(41, 41), (43, 49)]) == "41, 43 to 49"
    assert say_numbers([(number, number) for number in range(0, 40, 2)], most=2) == "0, 2 and 18 more"
    assert say_numbers([]) == ""
