# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What changes where an entry is booked anew: by line, by account, and the mark of the plan."""

from decimal import Decimal

import pytest

from odoo.addons.finance_integration.engine.rebooking import Item, per_account, plan_mark, unchanged


def item(account, debit="0", credit="0", label="Pay"):
    return Item(account, "", label, Decimal(debit), Decimal(credit))


def test_lines_that_stand_in_both_are_unchanged_each_as_often_as_in_both():
    old = [item("600", "60"), item("600", "60"), item("440", credit="120")]
    new = [item("600", "60"), item("610", "60"), item("440", credit="120")]
    assert unchanged(old, new) == [old[0], old[2]]


def test_another_label_is_another_line():
    assert unchanged([item("600", "60")], [item("600", "60", label="Bonus")]) == []


def test_an_amount_written_with_other_digits_is_the_same():
    assert unchanged([item("600", "60")], [item("600", "60.00")]) == [item("600", "60")]


def test_balances_per_account_before_and_after():
    old = [item("600", "100"), item("440", credit="100")]
    reversal = [item("600", credit="100"), item("440", "100")]
    new = [item("610", "70"), item("600", "50"), item("440", credit="120")]
    assert per_account(old, old + reversal + new) == [
        ("440", Decimal(-100), Decimal(-120)),
        ("600", Decimal(100), Decimal(50)),
        ("610", Decimal(0), Decimal(70)),
    ]


def test_the_mark_tells_every_change_apart_and_needs_exact_amounts():
    plan = {"origin": 7, "reversal": "2026-03-02", "lines": [{"account_id": 1, "balance": Decimal("1.10")}]}
    assert plan_mark(plan) == plan_mark(dict(reversed(plan.items())))
    others = [
        plan | {"origin": 8},
        plan | {"reversal": "2026-04-01"},
        plan | {"lines": [{"account_id": 1, "balance": Decimal("1.11")}]},
        plan | {"lines": plan["lines"] * 2},
    ]
    assert len({plan_mark(each) for each in [plan, *others]}) == 5
    with pytest.raises(TypeError):
        plan_mark({"balance": 1.1})
