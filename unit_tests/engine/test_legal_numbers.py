# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Gaps and doubles in an issuer's legal numbers (M6, F8)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.legal_numbers import (
    MAX_JUMP,
    MAX_RANGES,
    read_series,
    written,
)


def read(*numbers):
    series, uncounted = read_series(numbers)
    return {row.name: row for row in series}, uncounted


def test_a_plain_series_with_a_gap():
    series, uncounted = read("INV-1", "INV-2", "INV-5", "INV-7")
    row = series["INV-#"]
    assert (row.first, row.last, row.count, row.missing) == (1, 7, 4, ((3, 4), (6, 6)))
    assert row.missing_count == 3
    assert uncounted == []


def test_years_and_issuers_prefixes_are_series_of_their_own():
    series, _uncounted = read(
        "RE/2025/0099", "RE/2025/0100", "RE/2026/0001", "RE/2026/0003", "GS/2026/0001", "RE/2025/0101"
    )
    assert set(series) == {"RE/2025/#", "RE/2026/#", "GS/2026/#"}
    assert series["RE/2026/#"].missing == ((2, 2),)
    assert series["RE/2025/#"].missing == ()


def test_the_group_that_changes_counts_wherever_it_stands():
    series, _uncounted = read("12/2026", "13/2026", "15/2026", "16/2026", "1/2027")
    assert series["#/2026"].missing == ((14, 14),)
    assert series["#/2027"].count == 1
    series, _uncounted = read("A1-7-X", "A1-9-X")
    assert series["A1-#-X"].missing == ((8, 8),)


def test_doubles_also_with_other_leading_zeros():
    series, _uncounted = read("P-7", "P-007", "P-8", "P-8")
    row = series["P-#"]
    assert (row.twice, row.count, row.missing) == (("P-007", "P-7", "P-8"), 4, ())


def test_a_leap_is_no_gap_and_ids_do_not_count():
    series, uncounted = read("1", "2", str(MAX_JUMP * 3), "RF18539007547034123", "no number", "")
    assert series["#"].missing == ()
    assert series["#"].jumps == ((2, MAX_JUMP * 3),)
    assert uncounted == ["", "RF18539007547034123", "no number"]


def test_only_ascii_digits_count():
    series, uncounted = read("٣", "INV-²", "INV-3")
    assert set(series) == {"INV-#"}
    assert uncounted == ["INV-²", "٣"]


def test_what_is_named_is_bounded():
    row = read_series(f"N{number}" for number in range(0, 4 * MAX_RANGES, 2))[0][0]
    assert (len(row.missing), row.cut) == (MAX_RANGES, True)


@pytest.mark.parametrize(
    ("name", "first", "last", "expected"),
    [("INV-#", 41, 41, "INV-41"), ("#/2026", 3, 5, "3/2026 … 5/2026"), ("A#B#", 1, 1, "A1B#")],
)
def test_a_range_as_it_is_written(name, first, last, expected):
    assert written(name, first, last) == expected


@given(st.sets(st.integers(0, 300), min_size=1), st.randoms(use_true_random=False))
def test_present_and_missing_make_the_whole_series(present, shuffle):
    numbers = [f"F-{number:04}" for number in present]
    shuffle.shuffle(numbers)
    [row], uncounted = read_series(numbers)
    missing = {number for first, last in row.missing for number in range(first, last + 1)}
    assert missing | present == set(range(min(present), max(present) + 1))
    assert not missing & present
    assert (row.first, row.last, row.count, row.twice, uncounted) == (
        min(present),
        max(present),
        len(present),
        (),
        [],
    )
    ends = [last for _first, last in row.missing]
    assert all(first > end + 1 for end, (first, _last) in zip(ends, row.missing[1:], strict=False))


@given(st.lists(st.text(max_size=20), max_size=30))
def test_any_text_is_a_number_or_none_and_none_is_lost(numbers):
    series, uncounted = read_series(numbers)
    assert sum(row.count for row in series) + len(uncounted) == len(numbers)


def test_many_numbers_are_read_quickly():
    numbers = [f"INV/{2020 + number % 5}/{number:06}" for number in range(50_000)]
    random.Random(1).shuffle(numbers)
    series, _uncounted = read_series(numbers)
    assert sum(row.count for row in series) == 50_000
