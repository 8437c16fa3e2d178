# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The order of several statements of one day."""

import itertools
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine.bank_statements import MAX_CHAINED, Told, in_order

CLOSINGS = st.lists(st.integers(-3, 3).map(Decimal), min_size=2, max_size=MAX_CHAINED)


def told(*pairs):
    return [
        Told(number, Decimal(opening), Decimal(closing)) for number, (opening, closing) in enumerate(pairs)
    ]


def follows(order, start):
    ends = [start, *(statement.closing for statement in order)]
    return all(statement.opening == end for statement, end in zip(order, ends, strict=False))


def test_names_that_do_not_sort_are_put_right_by_the_balances():
    tenth, ninth = told((150, 130), (100, 150))
    assert in_order([tenth, ninth], Decimal(100)) == (ninth, tenth)
    assert in_order([tenth, ninth], None) == (ninth, tenth)


def test_money_that_goes_to_and_fro_keeps_the_day_before_in_view():
    out, back = told((100, 150), (150, 100))
    assert in_order([out, back], Decimal(100)) == (out, back)
    assert in_order([back, out], Decimal(150)) == (back, out)
    # The day before ended elsewhere: nothing is a chain, and what is first by its name has to say so.
    assert in_order([out, back], Decimal(90)) == (out, back)


def test_where_one_is_missing_they_stay_as_they_are_named():
    first, third = told((100, 150), (175, 180))
    assert in_order([first, third], Decimal(100)) == (first, third)
    assert in_order([third, first], Decimal(100)) == (third, first)


def test_so_many_are_not_tried():
    many = told(*((number, number + 1) for number in reversed(range(MAX_CHAINED + 1))))
    assert in_order(many, Decimal(0)) == tuple(many)


@given(CLOSINGS, st.randoms(use_true_random=False))
def test_a_chain_is_found_however_it_is_shuffled(ends, random):
    chain = told(*itertools.pairwise(ends))
    random.shuffle(chain)
    order = in_order(chain, ends[0])
    assert follows(order, ends[0])
    assert sorted(order, key=lambda each: each.number) == sorted(chain, key=lambda each: each.number)


@given(CLOSINGS, st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), max_size=6))
def test_nothing_is_lost_and_nothing_is_claimed(ends, pairs):
    statements = told(*pairs)
    order = in_order(statements, ends[0])
    assert sorted(order, key=lambda each: each.number) == statements
    assert follows(order, ends[0]) or order == tuple(statements)
