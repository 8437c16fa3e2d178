# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A rule waits for all its prerequisites, whatever the order, and its follow-up is due exactly once (E12)."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_integration.engine import dependency
from odoo.addons.finance_integration.engine.dependency import Fact, judge, sentence

START = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)


def fact(name, minutes=0):
    return Fact(name, START + timedelta(minutes=minutes))


@st.composite
def arrivals(draw):
    """Prerequisites 0..n-1, each told one to three times, in any order, with looks in between."""
    count = draw(st.integers(1, 5))
    told = [name for name in range(count) for _again in range(draw(st.integers(1, 3)))]
    order = draw(st.permutations(told))
    looks = draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
    return count, order, looks


@given(arrivals())
def test_any_order_and_any_repetition_fires_exactly_once(case):
    count, order, looks = case
    facts, state, fired = [], dependency.NEW, []
    for minute, (name, look) in enumerate(zip(order, looks, strict=True)):
        facts.append(fact(name, minute))
        if look:
            verdict = judge(range(count), facts, state, facts[-1].at)
            state = verdict.state
            if verdict.fires:
                assert {row.prerequisite for row in facts} == set(range(count))
                fired.append(minute)
    for _sweep in range(2):
        verdict = judge(range(count), facts, state, START + timedelta(days=1))
        state = verdict.state
        fired += [None] * verdict.fires
    assert len(fired) == 1
    assert state == dependency.FIRED


@given(arrivals(), st.integers(0, 4))
def test_it_never_fires_while_one_is_missing(case, absent):
    count, order, _looks = case
    absent %= count
    facts = [fact(name, minute) for minute, name in enumerate(order) if name != absent]
    for length in range(len(facts) + 1):
        verdict = judge(range(count), facts[:length], dependency.NEW, START)
        assert not verdict.fires
        assert absent in verdict.missing
        assert set(verdict.held) | set(verdict.missing) == set(range(count))


@given(arrivals(), st.sampled_from(dependency.FINAL))
def test_what_is_settled_stays_settled(case, state):
    count, order, _looks = case
    facts = [fact(name, minute) for minute, name in enumerate(order)]
    verdict = judge(range(count), facts, state, START + timedelta(days=365), deadline_seconds=60)
    assert (verdict.state, verdict.fires, verdict.complains) == (state, False, False)


def test_the_deadline_counts_from_the_first_and_complains_once():
    facts = [fact(1, 30), fact(1, 10)]
    early = judge([1, 2], facts, dependency.NEW, START + timedelta(minutes=69), 3600)
    assert (early.state, early.complains) == (dependency.WAITING, False)
    assert early.since == START + timedelta(minutes=10)
    assert early.deadline == START + timedelta(minutes=70)
    late = judge([1, 2], facts, early.state, START + timedelta(minutes=70), 3600)
    assert (late.state, late.complains, late.missing) == (dependency.OVERDUE, True, (2,))
    again = judge([1, 2], facts, late.state, START + timedelta(minutes=200), 3600)
    assert (again.state, again.complains) == (dependency.OVERDUE, False)
    done = judge([1, 2], [*facts, fact(2, 300)], again.state, START + timedelta(minutes=300), 3600)
    assert (done.state, done.fires) == (dependency.FIRED, True)


def test_a_condition_of_the_moment_holds_it_back_until_it_holds():
    facts = [fact(1), fact(2)]
    blocked = judge([1, 2], facts, dependency.NEW, START, condition_holds=False)
    assert (blocked.state, blocked.fires, blocked.blocked, blocked.missing) == ("waiting", False, True, ())
    assert judge([1, 2], facts, blocked.state, START).fires


def test_a_prerequisite_that_the_rule_no_longer_has_counts_for_nothing():
    verdict = judge([2], [fact(1)], dependency.NEW, START)
    assert (verdict.held, verdict.missing, verdict.since) == ((), (2,), None)
    assert not judge([], [fact(1)], dependency.NEW, START).fires


def test_an_unknown_state_is_refused():
    with pytest.raises(ValueError, match="unknown state"):
        judge([1], [], "done", START)


def test_a_rule_reads_as_a_sentence():
    words = ("When", "and", "then", "nothing")
    assert sentence(["A", "B"], "C", ["D", "E"], words) == "When A and B and C, then D; E."
    assert sentence([], "", [], words) == "When …, then nothing."
