# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Totals of a batch add up exactly; its states are a closed table."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import batch
from odoo.addons.finance_integration.engine.batch import ControlTotals, differences, read_totals
from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.engine.lifecycle import IllegalTransition

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
SUMS = st.dictionaries(st.sampled_from(["EUR", "USD", "JPY"]), AMOUNTS, max_size=3)
TOTALS = st.builds(ControlTotals, st.integers(0, 1000), SUMS)


@given(st.lists(TOTALS, max_size=8))
def test_portions_add_up_to_the_whole_and_survive_their_json_form(portions):
    whole = ControlTotals(0, {})
    for portion in portions:
        whole = read_totals(whole.as_json()).plus(portion)
    assert whole.count == sum(portion.count for portion in portions)
    for currency in ("EUR", "USD", "JPY"):
        expected = sum((portion.sums.get(currency, Decimal(0)) for portion in portions), Decimal(0))
        assert whole.sums.get(currency, Decimal(0)) == expected
    assert differences(whole, whole) == ()


@given(TOTALS, TOTALS)
def test_a_difference_is_what_is_missing(declared, counted):
    found = {row.currency: row.missing for row in differences(declared, counted)}
    assert found.get(None, 0) == declared.count - counted.count
    for currency in {*declared.sums, *counted.sums}:
        rest = declared.sums.get(currency, Decimal(0)) - counted.sums.get(currency, Decimal(0))
        assert found.get(currency, Decimal(0)) == rest


def test_what_was_not_declared_is_not_compared():
    counted = ControlTotals(3, {"EUR": Decimal("1.00")})
    assert differences(ControlTotals(), counted) == ()
    assert differences(ControlTotals(3), counted) == ()
    [row] = differences(ControlTotals(None, {}), counted)
    assert (row.currency, row.declared, row.counted, row.missing) == (
        "EUR",
        Decimal(0),
        Decimal("1.00"),
        Decimal("-1.00"),
    )


@pytest.mark.parametrize(
    "form",
    [
        [],
        "3",
        {"number": 3},
        {"count": "3"},
        {"count": True},
        {"count": -1},
        {"count": 1.5},
        {"sums": ["1"]},
        {"sums": {"EUR": 1.5}},
        {"sums": {"EUR": "1e3"}},
        {"sums": {"eur": "1"}},
        {"sums": {"XXX": "1"}},
    ],
)
def test_totals_of_another_shape_are_refused(form):
    with pytest.raises(ContractError):
        read_totals(form)


def test_every_state_is_reached_and_every_one_that_is_not_final_is_left():
    assert set(batch.STATE_MEANINGS) == set(batch.STATES)
    assert {target for _source, target in batch.TRANSITIONS} == set(batch.STATES)
    left = {source for source, _target in batch.TRANSITIONS}
    assert left == set(batch.STATES) - batch.FINAL_STATES
    assert set(batch.STATES) == batch.NEEDS_PERSON | batch.OPEN_STATES | batch.FINAL_STATES


def test_what_the_table_does_not_know_is_refused():
    assert batch.check_step("receiving", "complete") == "close"
    for step in (("complete", "receiving"), ("receiving", "accepted"), ("refused", "accepted")):
        with pytest.raises(IllegalTransition):
            batch.check_step(*step)


@pytest.mark.parametrize(
    ("facts", "percent"),
    [((4, 1, None, 0), 25), ((None, 7, 200, 50), 25), ((2, 5, None, 0), 100), ((None, 5, None, 5), 0)],
)
def test_progress(facts, percent):
    assert batch.percent_done(*facts) == percent
