# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""When to stop calling a destination that does not answer, and when to try it again.

A circuit is *closed* (everything may be sent), *open* (nothing is sent) or *half open* (one probe is under way).
It opens after failures in a row, or when too many of the last tries failed; after a pause that grows with each
failed probe one single try is let through, whose success closes it. The functions are pure: the caller brings
circuit and time and keeps what comes back (Nygard, "Release It!", chapter "Circuit Breaker").
"""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

CLOSED = "closed"
OPEN = "open"
HALF_OPEN = "half_open"
STATES = (CLOSED, OPEN, HALF_OPEN)

# How many tries may be made now.
NOTHING = "nothing"
ONE_PROBE = "one_probe"
EVERYTHING = "everything"

_MAX_EXPONENT = 32
_FAILED = "x"
_PASSED = "."


@dataclasses.dataclass(frozen=True)
class CircuitPolicy:
    """How much a destination may fail, and how long it is then left alone.

    ``failures_in_a_row``      so many consecutive failures open the circuit.
    ``window``                 how many of the last tries are looked at for the share below.
    ``failed_percent``         share of failures in a full window that opens the circuit.
    ``pause_seconds``          first pause; each failed probe multiplies it by ``pause_factor`` up to the cap.
    ``probe_seconds``          a probe that nobody reported on for so long is lost: another one may go.
    """

    failures_in_a_row: int = 3
    window: int = 20
    failed_percent: int = 50
    pause_seconds: int = 10
    pause_factor: int = 2
    pause_cap_seconds: int = 900
    probe_seconds: int = 60

    def __post_init__(self):
        if self.failures_in_a_row < 1 or self.window < 1 or not 1 <= self.failed_percent <= 100:
            raise ValueError("failures_in_a_row and window are at least 1, failed_percent is 1 to 100")
        if self.pause_seconds < 1 or self.pause_factor < 1 or self.pause_cap_seconds < self.pause_seconds:
            raise ValueError("pause_seconds and pause_factor are at least 1, the cap is not below the pause")
        if self.probe_seconds < 1:
            raise ValueError("probe_seconds is at least 1")


DEFAULT_POLICY = CircuitPolicy()


@dataclasses.dataclass(frozen=True)
class Circuit:
    """What is remembered of a destination; instants are UTC-aware.

    ``recent``     the last tries while closed, oldest first: ``x`` failed, ``.`` passed.
    ``openings``   how often it opened since it was closed last; decides the pause.
    ``opened_at``  when it stopped being closed.
    ``retry_at``   open: when a probe may go. Half open: when the probe counts as lost.
    """

    state: str = CLOSED
    recent: str = ""
    openings: int = 0
    opened_at: datetime | None = None
    retry_at: datetime | None = None

    @property
    def failures_in_a_row(self) -> int:
        """Failures since the last try that passed."""
        return len(self.recent) - len(self.recent.rstrip(_FAILED))


FRESH = Circuit()


def ask(circuit: Circuit, now: datetime, policy: CircuitPolicy = DEFAULT_POLICY) -> tuple[str, Circuit]:
    """Return how many tries may be made now, and the circuit to keep *before* the first of them is made.

    Of several that ask for an open circuit whose pause is over, the first one whose circuit is kept gets the probe;
    the caller keeps it under a lock, or compares before it writes.
    """
    if circuit.state == CLOSED:
        return EVERYTHING, circuit
    if circuit.retry_at is not None and now < circuit.retry_at:
        return NOTHING, circuit
    lost_at = now + timedelta(seconds=policy.probe_seconds)
    return ONE_PROBE, dataclasses.replace(circuit, state=HALF_OPEN, retry_at=lost_at)


def passed(circuit: Circuit, policy: CircuitPolicy = DEFAULT_POLICY) -> Circuit:
    """Return the circuit after a try that the destination answered: a probe closes it.

    An answer that comes late, after others opened the circuit, proves as much as a probe.
    """
    if circuit.state != CLOSED:
        return FRESH
    return dataclasses.replace(circuit, recent=(circuit.recent + _PASSED)[-policy.window :])


def failed(circuit: Circuit, now: datetime, policy: CircuitPolicy = DEFAULT_POLICY) -> Circuit:
    """Return the circuit after a try to which the destination did not answer as it should."""
    if circuit.state == OPEN:  # somebody else's late try: the pause is running already
        return circuit
    if circuit.state == HALF_OPEN:
        return _opened(circuit, now, policy)
    recent = (circuit.recent + _FAILED)[-policy.window :]
    circuit = dataclasses.replace(circuit, recent=recent)
    full = len(recent) == policy.window
    too_many = full and recent.count(_FAILED) * 100 >= policy.failed_percent * policy.window
    # A window shorter than the row would forget its beginning.
    row = min(policy.failures_in_a_row, policy.window)
    if circuit.failures_in_a_row >= row or too_many:
        return _opened(circuit, now, policy)
    return circuit


def let_try(circuit: Circuit, now: datetime) -> Circuit:
    """Return the circuit after a person asked for a try: the pause is over, a probe may go at once."""
    if circuit.state != OPEN:
        return circuit
    return dataclasses.replace(circuit, retry_at=now)


def pause_seconds(openings: int, policy: CircuitPolicy = DEFAULT_POLICY) -> int:
    """Return how long the circuit stays open after it opened for the ``openings``-th time (1 = the first).

    :raises ValueError: ``openings`` below 1.
    """
    if openings < 1:
        raise ValueError("openings are counted from 1")
    grown = policy.pause_seconds * policy.pause_factor ** min(openings - 1, _MAX_EXPONENT)
    return min(grown, policy.pause_cap_seconds)


def _opened(circuit: Circuit, now: datetime, policy: CircuitPolicy) -> Circuit:
    openings = circuit.openings + 1
    return dataclasses.replace(
        circuit,
        state=OPEN,
        openings=openings,
        opened_at=circuit.opened_at or now,
        retry_at=now + timedelta(seconds=pause_seconds(openings, policy)),
    )
