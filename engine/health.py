# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How well a connection is, as one word for the badge and one code for the sentence behind it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime

from .circuit_breaker import CLOSED

UNTRIED, HEALTHY, DEGRADED, NOT_ANSWERING, REFUSED, PAUSED = (
    "untried",
    "healthy",
    "degraded",
    "not_answering",
    "refused",
    "paused",
)
# From best to worst.
STATES = (UNTRIED, HEALTHY, DEGRADED, NOT_ANSWERING, REFUSED, PAUSED)
# A direction in which fewer of the last tries failed is well.
DEGRADED_PERCENT = 10


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known of one direction of a connection; instants are UTC-aware.

    ``state``, ``recent``, ``opened_at``  as in ``circuit_breaker.Circuit``.
    ``paused_at``, ``pause_code``         the hub stopped by itself, and why.
    ``last_code``, ``last_failed_at``     the last failure, ``last_passed_at`` the last success.
    """

    state: str = CLOSED
    recent: str = ""
    opened_at: datetime | None = None
    paused_at: datetime | None = None
    pause_code: str | None = None
    last_code: str | None = None
    last_failed_at: datetime | None = None
    last_passed_at: datetime | None = None


@dataclasses.dataclass(frozen=True)
class Health:
    """``state`` one of STATES, ``since`` when it began where that is known, ``code`` what caused it."""

    state: str
    since: datetime | None = None
    code: str | None = None


def judge(facts: Facts) -> Health:
    """Return how well one direction is."""
    if facts.paused_at:
        state = REFUSED if facts.pause_code == "credential_refused" else PAUSED
        return Health(state, facts.paused_at, facts.pause_code)
    if facts.state != CLOSED:
        return Health(NOT_ANSWERING, facts.opened_at, facts.last_code)
    failures = facts.recent.count("x")
    if failures * 100 >= DEGRADED_PERCENT * max(len(facts.recent), 1) and failures:
        return Health(DEGRADED, facts.last_failed_at, facts.last_code)
    if facts.last_passed_at or facts.recent:
        return Health(HEALTHY, facts.last_passed_at)
    return Health(UNTRIED)


def worst(healths: Iterable[Health]) -> Health:
    """Return the worst of several directions; of none: untried."""
    return max(healths, key=lambda health: STATES.index(health.state), default=Health(UNTRIED))
