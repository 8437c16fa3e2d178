# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.collection import (
    Candidate,
    Step,
    common_open_day,
    decide,
    parts_to_return,
    portions,
    share,
)

DUE = date(2026, 3, 31)
CENTS = st.integers(1, 10**9).map(lambda cents: Decimal(cents) / 100)


def invoice(number=1, residual="100.00", company=2, currency="EUR", due=DUE, **facts):
    return Candidate(company, number, Decimal(residual), currency, due, **facts)


def step(*candidates, left="100.00", named=None):
    return decide(Decimal(left), "EUR", candidates, named)


def test_a_number_alone_never_books():
    decision = step(invoice(residual="99.00"))
    assert (decision.step, decision.parts) == (Step.CONFIRM, ())
    assert [row.invoice_id for row in decision.shown] == [1]


@pytest.mark.parametrize(
    ("candidate", "named"),
    [
        (invoice(residual="100.00"), None),
        (invoice(residual="250.00", same_customer=True), None),
        (invoice(residual="250.00"), 2),
    ],
    ids=["amount", "customer", "entity"],
)
def test_a_number_and_something_else_books(candidate, named):
    decision = step(candidate, named=named)
    assert decision.step is Step.BOOK
    assert decision.parts == ((candidate, Decimal("100.00")),)


def test_an_agreement_may_always_ask():
    assert step(invoice(same_customer=True, at_once=False)).step is Step.CONFIRM


def test_two_companies_with_the_same_number_are_for_a_person_unless_the_event_names_one():
    both = (invoice(1, company=2), invoice(2, company=3))
    assert step(*both).step is Step.CONFIRM
    decision = step(*both, named=3)
    assert [row.invoice_id for row, _amount in decision.parts] == [2]
    assert step(*both, named=4).step is Step.NONE


def test_what_is_paid_or_in_another_currency_is_for_a_person():
    assert step(invoice(residual="0.00", same_customer=True)).step is Step.CLOSED
    assert step(invoice(currency="USD", same_customer=True)).step is Step.CURRENCY
    assert step().step is Step.NONE
    assert step(invoice(same_customer=True), left="0").step is Step.NONE


def test_the_oldest_is_paid_first_and_never_more_than_there_is():
    rows = [
        invoice(1, "70.00", same_customer=True),
        invoice(2, "60.00", same_customer=True, due=DUE - timedelta(1)),
    ]
    assert [(row.invoice_id, amount) for row, amount in step(*rows).parts] == [
        (2, Decimal("60.00")),
        (1, Decimal("40.00")),
    ]


@given(CENTS, st.lists(CENTS, max_size=6))
def test_portions_come_to_no_more_than_either_side(left, residuals):
    rows = [invoice(number, str(residual)) for number, residual in enumerate(residuals)]
    parts = portions(left, rows)
    assert sum((amount for _row, amount in parts), Decimal(0)) == min(left, sum(residuals, Decimal(0)))
    assert all(0 < amount <= row.residual for row, amount in parts)


@given(CENTS, CENTS, CENTS)
def test_shares_of_a_whole_come_to_the_whole(first, second, books):
    whole = first + second
    one = share(first, whole, books, 2)
    assert 0 <= one <= books
    assert share(second, second, books - one, 2) == books - one
    assert share(whole, whole, books, 2) == books


def test_a_share_is_of_something():
    for amount in ("0", "-1", "2"):
        with pytest.raises(ValueError, match="of 1"):
            share(Decimal(amount), Decimal(1), Decimal(1), 2)


def test_a_day_is_open_in_every_company():
    def opens(*locked):
        def ask(day):
            return max([day, *(until + timedelta(1) for until in locked if day <= until)])

        return ask

    march, april = date(2026, 3, 31), date(2026, 4, 30)
    assert common_open_day(date(2026, 3, 2), opens(), opens()) == date(2026, 3, 2)
    assert common_open_day(date(2026, 3, 2), opens(march), opens()) == date(2026, 4, 1)
    assert common_open_day(date(2026, 3, 2), opens(march), opens(april)) == date(2026, 5, 1)
    with pytest.raises(ValueError, match="open in all companies"):
        common_open_day(march, lambda day: day + timedelta(1))


@pytest.mark.parametrize(
    ("amount", "collected", "expected"),
    [
        ("100", [(1, "100")], ((1, "100"),)),
        ("30", [(1, "100")], ((1, "30"),)),
        ("150", [(1, "100"), (2, "50")], ((1, "100"), (2, "50"))),
        ("50", [(1, "100"), (2, "50")], ((2, "50"),)),
        ("30", [(1, "100"), (2, "50")], None),
        ("50", [(1, "50"), (2, "50")], None),
        ("101", [(1, "100")], None),
        ("10", [], None),
        ("10", [(1, "0")], None),
        ("0", [(1, "10")], None),
    ],
)
def test_what_a_refund_takes_back(amount, collected, expected):
    found = parts_to_return(Decimal(amount), [(key, Decimal(rest)) for key, rest in collected])
    assert found == (expected and tuple((key, Decimal(rest)) for key, rest in expected))
