# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A tax of another company is found by its name and by everything that decides the amount, or not at all (M8)."""

import pytest

from odoo.addons.finance_integration.engine.promotion_taxes import (
    MISSING,
    OTHER,
    PARTS,
    SEVERAL,
    Match,
    facts_of,
    match_tax,
)

SALE = {
    "name": "15 %",
    "rate": "15.0",
    "kind": "percent",
    "use": "sale",
    "scope": "",
    "country": "US",
    "included": False,
}
PURCHASE = {**SALE, "use": "purchase"}
CHANGES = {
    "rate": "16.0",
    "kind": "fixed",
    "use": "purchase",
    "scope": "service",
    "country": "DE",
    "included": True,
}


def test_the_same_name_for_sales_and_purchases_is_told_apart():
    here = [(1, PURCHASE), (2, SALE)]
    assert match_tax(SALE, here) == Match(found=2)
    assert match_tax(PURCHASE, here) == Match(found=1)
    # A file that says the name alone cannot tell.
    assert match_tax(None, here) == Match(problem=SEVERAL)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_that_differs_is_refused_and_named(part):
    here = {**SALE, part: CHANGES[part]}
    assert match_tax(SALE, [(1, here)]) == Match(problem=OTHER, differs=((part, SALE[part], CHANGES[part]),))
    assert match_tax(None, [(1, here)]) == Match(found=1)


def test_rates_are_numbers_not_texts():
    assert match_tax(SALE, [(1, {**SALE, "rate": "15"})]) == Match(found=1)
    assert match_tax(SALE, [(1, {**SALE, "rate": "15.0000"})]) == Match(found=1)
    assert match_tax(SALE, [(1, {**SALE, "rate": "15.0001"})]).problem == OTHER


def test_the_nearest_one_is_named_where_none_fits():
    here = [(1, {**SALE, "rate": "16.0", "country": "DE"}), (2, {**SALE, "included": True})]
    assert match_tax(SALE, here).differs == (("included", False, True),)


def test_none_and_two_of_the_same():
    assert match_tax(SALE, []) == Match(problem=MISSING)
    assert match_tax(SALE, [(1, SALE), (2, dict(SALE))]) == Match(problem=SEVERAL)


def test_what_is_said_of_a_name():
    assert facts_of([SALE], "15 %") == (SALE, True)
    assert facts_of([SALE], "16 %") == (None, True)
    assert facts_of([], "15 %") == (None, True)
    assert facts_of([SALE, PURCHASE], "15 %") == (SALE, False)
