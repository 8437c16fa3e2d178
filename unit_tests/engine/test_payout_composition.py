# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whether a payout is the sum of its lines, in the provider's list and in the books."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.payout_composition import (
    GROUPS,
    HEADINGS,
    ToldLine,
    compose,
    sums_of,
)


def line(ledger_id, gross, fee="0.00", kind="payment"):
    gross, fee = Decimal(gross), Decimal(fee)
    return ToldLine(ledger_id, kind, gross, fee, gross - fee)


LINES = [line("a", "100.00", "3.20"), line("b", "-20.00", kind="refund"), line("c", "-1.50", kind="fee")]
BOOKED = {"a": Decimal("96.80"), "b": Decimal("-20.00"), "c": Decimal("-1.50")}
KNOWN = frozenset(BOOKED)
PAID = Decimal("75.30")


def test_it_adds_up():
    result = compose(PAID, LINES, BOOKED, KNOWN)
    assert (result.state, result.told, result.booked, result.difference) == ("adds_up", PAID, PAID, 0)
    shown = {name: amount for name, amount in result.sums.items() if amount}
    assert shown == {"gross": Decimal("100.00"), "refunds": Decimal("-20.00"), "fees": Decimal("-4.70")}


def test_without_a_list_it_waits():
    assert compose(PAID, [], {}, frozenset()).state == "waiting"


def test_the_list_does_not_make_the_payout():
    result = compose(PAID + 1, LINES, BOOKED, KNOWN)
    assert (result.state, result.difference, result.differing) == ("differs", 1, ())


def test_a_line_that_the_books_lack_is_named():
    result = compose(PAID, LINES, {"a": BOOKED["a"], "c": BOOKED["c"]}, frozenset("ac"))
    assert (result.state, result.missing, result.booked) == ("missing", ("b",), Decimal("95.30"))


def test_a_line_with_another_amount_is_named():
    result = compose(PAID, LINES, BOOKED | {"a": Decimal("96.81")}, KNOWN)
    assert (result.state, result.differing) == ("differs", ("a",))


def test_two_lines_that_are_one_amount_in_the_books_add_up():
    """A partial capture: the ledger has the authorisation and its reversal, the books what was captured."""
    lines = [line("a", "100.00", "3.20"), line("r", "-40.00", "-1.16")]
    booked = {"a": Decimal("56.80"), "r": Decimal("1.16")}
    result = compose(Decimal("57.96"), lines, booked, frozenset(booked))
    assert result.state == "adds_up"


def test_what_is_from_before_the_books_is_not_missed():
    booked = {"b": BOOKED["b"], "c": BOOKED["c"]}
    result = compose(PAID, LINES, booked, frozenset("bc"), frozenset("a"))
    assert (result.state, result.missing, result.booked) == ("adds_up", (), Decimal("-21.50"))


def test_every_type_has_a_heading():
    assert set(HEADINGS.values()) == set(GROUPS)


CENTS = st.integers(-10_000, 10_000).map(lambda cents: Decimal(cents).scaleb(-2))


@given(st.lists(st.tuples(CENTS, CENTS, st.sampled_from(sorted(HEADINGS))), max_size=20))
def test_the_headings_add_up_to_the_list(parts):
    lines = [line(str(number), gross, fee, kind) for number, (gross, fee, kind) in enumerate(parts)]
    told = sum((row.net for row in lines), Decimal(0))
    assert sum(sums_of(lines).values()) == told
    booked = {row.ledger_id: row.net for row in lines}
    result = compose(told, lines, booked, frozenset(booked))
    assert result.state == ("adds_up" if lines else "waiting")


@pytest.mark.parametrize("extra", ["0.01", "-0.01"])
def test_a_cent_is_a_difference(extra):
    assert compose(PAID + Decimal(extra), LINES, BOOKED, KNOWN).state == "differs"
