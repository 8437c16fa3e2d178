# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.intercompany import Finding, Item, compare

UNTIL = date(2026, 3, 31)


def item(reference, amount, day=date(2026, 3, 2), currency="EUR", books=None, books_currency="EUR"):
    amount = Decimal(amount)
    return Item(reference, day, currency, amount, amount if books is None else Decimal(books), books_currency)


def rows(ours, theirs):
    return [(row.reference, row.finding, row.difference) for row in compare(ours, theirs, UNTIL)]


def test_what_both_say_agrees():
    assert rows([item("a", "-100")], [item("a", "100")]) == [("", Finding.AGREES, 0)]
    assert rows([], []) == []


def test_each_kind_of_difference_is_named_and_they_add_up():
    late = date(2026, 4, 2)
    ours = [item("a", "-100"), item("b", "-50"), item("c", "-7"), item("d", "-3.10")]
    theirs = [item("a", "90"), item("d", "3.10", late), item("e", "5")]
    found = compare(ours, theirs, UNTIL)
    assert [(row.reference, row.finding, row.difference) for row in found] == [
        ("", Finding.AMOUNT, Decimal("-65.10")),
        ("a", Finding.AMOUNT, Decimal(-10)),
        ("b", Finding.MISSING_THERE, Decimal(-50)),
        ("c", Finding.MISSING_THERE, Decimal(-7)),
        ("d", Finding.TIMING, Decimal("-3.10")),
        ("e", Finding.MISSING_HERE, Decimal(5)),
    ]
    assert sum(row.difference for row in found[1:]) == found[0].difference


def test_a_difference_of_rates_alone_is_told_apart():
    ours, theirs = (
        [item("a", "-100", currency="USD", books="-90")],
        [item("a", "100", currency="USD", books="92")],
    )
    [row] = compare(ours, theirs, UNTIL)
    assert (row.finding, row.difference, row.rate) == (Finding.RATE, 0, Decimal(2))


def test_books_in_different_currencies_are_not_added():
    theirs = [item("a", "100", books="110", books_currency="USD")]
    [row] = compare([item("a", "-100")], theirs, UNTIL)
    assert (row.finding, row.rate) == (Finding.AGREES, None)


def test_the_same_thing_under_two_references_is_no_difference():
    assert rows([item("PAY/1", "20")], [item("bank 7", "-20")]) == [("", Finding.AGREES, 0)]
    # Of two it cannot be told which belongs to which.
    assert [row[0] for row in rows([item("x", "20"), item("y", "20")], [item("z", "-20")])] == [
        "",
        "x",
        "y",
        "z",
    ]


def test_currencies_stand_alone():
    found = rows([item("a", "-1"), item("b", "-1", currency="USD")], [item("a", "1")])
    assert found == [
        ("", Finding.AGREES, 0),
        ("", Finding.AMOUNT, -1),
        ("b", Finding.MISSING_THERE, -1),
    ]


ITEMS = st.lists(
    st.builds(
        item,
        st.sampled_from("abcdef"),
        st.integers(-500, 500).map(str),
        st.dates(date(2026, 3, 1), date(2026, 4, 30)),
        st.sampled_from(("EUR", "USD")),
    ),
    max_size=12,
)


@given(ITEMS, ITEMS)
def test_the_lines_explain_the_balance_and_both_companies_read_the_same(ours, theirs):
    found, mirrored = compare(ours, theirs, UNTIL), compare(theirs, ours, UNTIL)
    for currency in {row.currency for row in found}:
        [balance] = [row for row in found if row.currency == currency and not row.reference]
        lines = [row for row in found if row.currency == currency and row.reference]
        assert sum((row.difference for row in lines), Decimal(0)) == balance.difference
    swapped = {(row.currency, row.reference): (row.theirs, row.ours, row.difference) for row in mirrored}
    assert swapped == {(row.currency, row.reference): (row.ours, row.theirs, row.difference) for row in found}
