# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The circuit: what opens it, how it pauses and closes, and that nothing slips through while it is open (E7)."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from odoo.addons.finance_integration.engine.circuit_breaker import (
    CLOSED,
    EVERYTHING,
    FRESH,
    HALF_OPEN,
    NOTHING,
    ONE_PROBE,
    OPEN,
    Circuit,
    CircuitPolicy,
    ask,
    failed,
    let_try,
    passed,
    pause_seconds,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)
POLICY = CircuitPolicy(
    failures_in_a_row=3, window=6, failed_percent=50, pause_seconds=30, pause_cap_seconds=240
)


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def tries(text, circuit=FRESH):
    for letter in text:
        circuit = failed(circuit, NOW, POLICY) if letter == "x" else passed(circuit, POLICY)
    return circuit


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("", CLOSED),
        ("xx", CLOSED),
        ("xx.xx", CLOSED),
        ("xxx", OPEN),
        ("..xx.x", OPEN),  # half of a full window
        ("...xx.", CLOSED),
        ("x.x.x", CLOSED),  # the window is not full yet
        ("x.x.x.x", OPEN),
    ],
)
def test_what_opens_it(text, state):
    assert tries(text).state == state


def test_while_open_nothing_is_sent_and_after_the_pause_exactly_one():
    circuit = tries("xxx")
    assert ask(circuit, later(29), POLICY)[0] == NOTHING
    permission, probing = ask(circuit, later(30), POLICY)
    assert (permission, probing.state) == (ONE_PROBE, HALF_OPEN)
    assert ask(probing, later(31), POLICY)[0] == NOTHING
    assert ask(probing, later(89), POLICY)[0] == NOTHING


def test_a_lost_probe_is_followed_by_another():
    _permission, probing = ask(tries("xxx"), later(30), POLICY)
    permission, again = ask(probing, later(90), POLICY)
    assert (permission, again.retry_at) == (ONE_PROBE, later(150))


def test_a_probe_that_passes_closes_it_and_forgets_the_failures():
    _permission, probing = ask(tries("xxx"), later(30), POLICY)
    assert passed(probing, POLICY) == FRESH
    assert ask(FRESH, later(31), POLICY) == (EVERYTHING, FRESH)


def test_pauses_grow_up_to_the_cap_and_the_first_opening_is_remembered():
    circuit, at, pauses = tries("xxx"), NOW, []
    for _probe in range(6):
        pauses.append((circuit.retry_at - at).total_seconds())
        at = circuit.retry_at
        _permission, circuit = ask(circuit, at, POLICY)
        circuit = failed(circuit, at, POLICY)
    assert pauses == [30, 60, 120, 240, 240, 240]
    assert circuit.opened_at == NOW


def test_a_late_failure_does_not_prolong_the_pause():
    circuit = tries("xxx")
    assert failed(circuit, later(10), POLICY) == circuit


def test_a_person_may_ask_for_a_probe_at_once_but_not_for_a_second_one():
    circuit = let_try(tries("xxx"), later(5))
    permission, probing = ask(circuit, later(5), POLICY)
    assert permission == ONE_PROBE
    assert ask(let_try(probing, later(6)), later(6), POLICY)[0] == NOTHING
    assert let_try(FRESH, NOW) == FRESH


def test_odd_policies_are_refused():
    for wrong in (
        {"failures_in_a_row": 0},
        {"window": 0},
        {"failed_percent": 0},
        {"failed_percent": 101},
        {"pause_seconds": 0},
        {"pause_factor": 0},
        {"pause_cap_seconds": 1},
        {"probe_seconds": 0},
    ):
        with pytest.raises(ValueError, match="at least 1"):
            CircuitPolicy(**wrong)
    with pytest.raises(ValueError, match="counted from 1"):
        pause_seconds(0)
    assert pause_seconds(10_000) == CircuitPolicy().pause_cap_seconds


class ManyWorkers(RuleBasedStateMachine):
    """Several workers share one kept circuit and do things in any order; a clock that only goes forward."""

    @initialize(
        row=st.integers(1, 5), window=st.integers(1, 8), percent=st.integers(1, 100), pause=st.integers(1, 60)
    )
    def begin(self, row, window, percent, pause):
        self.policy = CircuitPolicy(row, window, percent, pause, 3, pause * 20, 45)
        self.circuit = FRESH
        self.now = NOW
        self.under_way = 0  # tries that were permitted and not reported on
        self.probe_until = None
        self.failures = 0
        self.passes = 0

    @rule(seconds=st.integers(0, 120))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule()
    def somebody_asks(self):
        before = self.circuit
        permission, self.circuit = ask(before, self.now, self.policy)
        if before.state == CLOSED:
            assert permission == EVERYTHING
            self.under_way += 1
            return
        if self.now < before.retry_at:
            assert permission == NOTHING
            assert self.circuit == before
            return
        assert permission == ONE_PROBE
        assert self.circuit.state == HALF_OPEN
        # Two probes never overlap, unless the first is lost.
        assert self.probe_until is None or self.now >= self.probe_until
        self.probe_until = self.now + timedelta(seconds=self.policy.probe_seconds)
        self.under_way += 1

    @precondition(lambda self: self.under_way)
    @rule()
    def a_try_passes(self):
        self.under_way -= 1
        self.circuit = passed(self.circuit, self.policy)
        assert self.circuit.state == CLOSED
        self.probe_until = None

    @precondition(lambda self: self.under_way)
    @rule()
    def a_try_fails(self):
        self.under_way -= 1
        before = self.circuit
        self.circuit = failed(before, self.now, self.policy)
        if before.state == HALF_OPEN:
            assert self.circuit.openings == before.openings + 1
            self.probe_until = None
        if before.state == OPEN:
            assert self.circuit == before

    @precondition(lambda self: self.under_way)
    @rule()
    def a_worker_dies(self):
        self.under_way -= 1

    @rule()
    def a_person_wants_it_now(self):
        self.circuit = let_try(self.circuit, self.now)

    @invariant()
    def it_is_consistent(self):
        circuit = getattr(self, "circuit", None)
        if circuit is None:
            return
        assert isinstance(circuit, Circuit)
        assert len(circuit.recent) <= self.policy.window
        if circuit.state == CLOSED:
            assert (circuit.openings, circuit.opened_at, circuit.retry_at) == (0, None, None)
            assert circuit.failures_in_a_row < self.policy.failures_in_a_row
        else:
            assert circuit.openings >= 1
            assert circuit.opened_at <= self.now
            longest = max(self.policy.pause_cap_seconds, self.policy.probe_seconds)
            assert circuit.retry_at <= self.now + timedelta(seconds=longest)


TestManyWorkers = ManyWorkers.TestCase
TestManyWorkers.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
