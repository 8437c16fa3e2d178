# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which bank line a payout is: certain or for a person, and never both."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import payout_match
from odoo.addons.finance_integration.engine.payout_match import BankLine, InTransit, match

DAY = date(2026, 3, 2)


def item(number=1, amount="970.00", **facts):
    facts = {
        "currency": "USD",
        "created": DAY,
        "references": (f"po_abcdef{number}",),
        "names": ("Stripe",),
    } | facts
    return InTransit(number, Decimal(amount), **facts)


def line(number=11, amount="970.00", text="STRIPE PAYOUT", day=DAY + timedelta(days=2), currency="USD"):
    return BankLine(number, Decimal(amount), currency, day, text)


def kinds(outcome):
    return [(row.items, row.lines, row.kind) for row in outcome.proposals]


def test_one_payout_and_one_line_that_names_the_provider_is_certain():
    outcome = match([item()], [line()])
    assert outcome.certain == ((1, 11),)
    assert outcome.proposals == ()


@pytest.mark.parametrize(
    "other",
    [
        {"amount": "970.01"},
        {"currency": "EUR"},
        {"day": DAY - timedelta(days=3)},
        {"day": DAY + timedelta(days=11)},
        {"text": "Mr. Smith, invoice 7"},
        {"amount": "-970.00"},
    ],
)
def test_what_does_not_fit_is_not_certain(other):
    assert match([item()], [line(**other)]).certain == ()


def test_the_day_counts_from_when_the_provider_expects_it():
    late = item(expected=DAY + timedelta(days=9))
    assert match([late], [line(day=DAY + timedelta(days=19))]).certain == ((1, 11),)


def test_equal_amounts_are_for_a_person():
    outcome = match([item()], [line(11), line(12)])
    assert outcome.certain == ()
    assert kinds(outcome) == [((1,), (11,), "several"), ((1,), (12,), "several")]
    outcome = match([item(1), item(2)], [line()])
    assert outcome.certain == ()
    assert {row.items for row in outcome.proposals} == {(1,), (2,)}


def test_an_equal_amount_that_names_nobody_makes_the_named_one_uncertain():
    outcome = match([item()], [line(11), line(12, text="Mr. Smith")])
    assert outcome.certain == ()


def test_the_payouts_own_name_decides():
    own = line(12, text="STRIPE po_ABCDEF-1 transfer")
    assert match([item()], [line(11), own]).certain == ((1, 12),)


def test_a_short_reference_does_not_count():
    short = item(references=("po_1",), names=())
    assert payout_match.naming(short, line(text="po_1")) == ""


def test_a_provider_of_several_words_is_named_by_all_of_them():
    own = item(names=("Pay Pal",))
    assert payout_match.naming(own, line(text="PAYPAL (EUROPE)")) == "provider"
    assert payout_match.naming(own, line(text="pay to Al")) == ""


def test_a_difference_needs_a_name():
    outcome = match([item()], [line(amount="960.00", text="po_abcdef1"), line(12, "960.00", "Mr. Smith")])
    assert kinds(outcome) == [((1,), (11,), "difference")]
    assert outcome.proposals[0].difference == Decimal("-10.00")
    assert kinds(match([item()], [line(amount="500.00")])) == []  # the provider's name alone is no reason


def test_split_and_merged_lines():
    outcome = match([item()], [line(11, "900.00"), line(12, "70.00"), line(13, "5.00")])
    assert kinds(outcome) == [((1,), (11, 12), "split")]
    outcome = match([item(1, "900.00"), item(2, "70.00")], [line()])
    assert ((1, 2), (11,), "merged") in kinds(outcome)


def test_money_that_the_bank_takes_back():
    back = item(amount="-970.00")
    assert match([back], [line(amount="-970.00", text="STRIPE RETURN")]).certain == ((1, 11),)


AMOUNTS = st.sampled_from(["10.00", "20.00", "30.00", "-10.00"])
TEXTS = st.sampled_from(["Stripe", "po_abcdef1", "po_abcdef2", "somebody"])
DAYS = st.integers(-4, 14)


@given(
    st.lists(AMOUNTS, max_size=5),
    st.lists(st.tuples(AMOUNTS, TEXTS, DAYS), max_size=6),
)
def test_certain_is_exact_and_each_side_once(amounts, lines):
    items = [item(number, amount) for number, amount in enumerate(amounts, 1)]
    bank = [
        line(100 + number, amount, text, DAY + timedelta(days=days))
        for number, (amount, text, days) in enumerate(lines)
    ]
    outcome = match(items, bank)
    by_item, by_line = {row.id: row for row in items}, {row.id: row for row in bank}
    assert len({one for one, _line in outcome.certain}) == len(outcome.certain)
    assert len({one for _item, one in outcome.certain}) == len(outcome.certain)
    for item_id, line_id in outcome.certain:
        assert by_item[item_id].amount == by_line[line_id].amount
        assert payout_match.naming(by_item[item_id], by_line[line_id])
        assert payout_match.within_reach(by_item[item_id], by_line[line_id])
    taken = {one for one, _line in outcome.certain} | {one for _item, one in outcome.certain}
    for proposal in outcome.proposals:
        assert not taken & {*proposal.items, *proposal.lines}
        total = sum(by_line[one].amount for one in proposal.lines) - sum(
            by_item[one].amount for one in proposal.items
        )
        assert total == proposal.difference
