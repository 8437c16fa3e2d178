# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Comparing a computed booking with the one in the books."""

import dataclasses
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.parallel_run import (
    FIELDS,
    VERDICTS,
    Booking,
    differences,
    summary,
)

BOOKED = Booking(
    reference="I-1",
    partner=7,
    amount=Decimal("115.00"),
    currency="USD",
    date=date(2026, 3, 2),
    accounts=(("1200", Decimal("115.00")), ("4000", Decimal("-100.00")), ("2200", Decimal("-15.00"))),
)
OTHER = {
    "reference": "I-2",
    "partner": 8,
    "amount": Decimal("115.01"),
    "currency": "EUR",
    "date": date(2026, 3, 3),
    "accounts": (("1200", Decimal("115.00")), ("4001", Decimal("-100.00")), ("2200", Decimal("-15.00"))),
}
accounts = st.lists(
    st.tuples(st.sampled_from(["1200", "4000", "2200"]), st.decimals(-1000, 1000, places=2)), max_size=8
)


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_that_differs_is_named(name):
    assert differences(BOOKED, dataclasses.replace(BOOKED, **{name: OTHER[name]})) == (name,)


def test_all_differences_are_named_at_once():
    assert differences(BOOKED, dataclasses.replace(BOOKED, **OTHER)) == FIELDS


def test_capital_letters_blanks_and_the_order_of_lines_are_no_difference():
    same = dataclasses.replace(BOOKED, reference=" i-1 ", accounts=BOOKED.accounts[::-1])
    assert differences(BOOKED, same) == ()


def test_how_lines_are_cut_is_no_difference():
    cut = (
        ("1200", Decimal(115)),
        ("4000", Decimal(-60)),
        ("4000", Decimal(-40)),
        ("2200", Decimal(-15)),
        ("9", Decimal(0)),
    )
    assert differences(BOOKED, dataclasses.replace(BOOKED, accounts=cut)) == ()


@given(accounts, st.randoms(use_true_random=False))
def test_comparing_is_blind_for_order_and_symmetric(lines, random):
    mixed = list(lines)
    random.shuffle(mixed)
    one = dataclasses.replace(BOOKED, accounts=tuple(lines))
    other = dataclasses.replace(BOOKED, accounts=tuple(mixed))
    assert differences(one, other) == ()
    assert differences(one, BOOKED) == differences(BOOKED, one)


def test_the_summary_leaves_out_what_books_nothing():
    assert summary(Counter(equal=38, different=1, missing=1, nothing=5, refused=2)) == (38, 40)
    assert summary(Counter()) == (0, 0)
    assert set(Counter(VERDICTS)) == set(VERDICTS)
