# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a bank's text names, and when it is certain what a receipt pays."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.bank_match import (
    MAX_NAMES,
    certainly_paid,
    last_digits,
    names_in,
    plain_account,
    plain_text,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Invoice INV/2026/00012, thank you", "INV/2026/00012"),
        ("your ref:inv/2026/00012.", "INV/2026/00012"),
        ("+++123/4567/89012+++", "+++123/4567/89012+++"),
        ("paid B-10012-A (part)", "B-10012-A"),
    ],
)
def test_numbers_of_documents_are_read_from_a_text(text, name):
    assert name in names_in(text)


@pytest.mark.parametrize("text", ["thank you very much", "no 1234", "2026", "", "***"])
def test_words_and_short_numbers_are_none(text):
    assert names_in(text) == ()


def test_what_the_bank_states_comes_first_and_as_it_is():
    assert names_in("B-100123", ["A 1", " "]) == ("A 1", "B-100123")


@given(st.text(max_size=3000))
def test_any_text_can_be_read_and_names_are_bounded(text):
    assert len(names_in(text)) <= MAX_NAMES


def test_one_named_invoice_is_paid_whatever_the_amount():
    assert certainly_paid(Decimal("10.00"), {7: Decimal("25.00")}) == (7,)
    assert certainly_paid(Decimal("40.00"), {7: Decimal("25.00")}) == (7,)


def test_several_only_with_their_sum():
    several = {7: Decimal("25.00"), 8: Decimal("15.10")}
    assert certainly_paid(Decimal("40.10"), several) == (7, 8)
    assert certainly_paid(Decimal("40.09"), several) == ()


@given(st.decimals(max_value=0, places=2, allow_nan=False, allow_infinity=False))
def test_money_that_goes_out_pays_none(amount):
    assert certainly_paid(amount, {7: Decimal("25.00")}) == ()


def test_beside_one_that_is_paid_only_the_exact_amount_is_certain():
    assert certainly_paid(Decimal("40.00"), {7: Decimal(0), 8: Decimal("25.00")}) == ()
    assert certainly_paid(Decimal("25.00"), {7: Decimal(0), 8: Decimal("25.00")}) == (8,)
    assert certainly_paid(Decimal("25.00"), {7: Decimal(0)}) == ()


def test_nothing_open_is_not_paid():
    assert certainly_paid(Decimal("10.00"), {}) == ()


def test_account_numbers_are_compared_plainly_and_shown_by_their_end():
    assert plain_account("be71 0961-2345.6769") == "BE71096123456769"
    assert last_digits("BE71 0961 2345 6769") == "…6769"


def test_texts_are_compared_without_their_writing():
    assert plain_text("Transfer  L-1,\nthanks") == plain_text("TRANSFER L 1 THANKS")
    assert plain_text("Transfer L-1") != plain_text("Transfer L-2")
