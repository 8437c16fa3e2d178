# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What follows from events that depend on one another: a rule waits until all its prerequisites hold (E12).

Pure and without memory of its own: the facts that are stored say everything. Facts may come in any order, more than
once, and be looked at any number of times; the follow-up is due exactly once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

NEW = "new"
WAITING = "waiting"
OVERDUE = "overdue"
FIRED = "fired"
CANCELLED = "cancelled"
STATES = (WAITING, OVERDUE, FIRED, CANCELLED)
# In these nothing happens any more, whatever else is told.
FINAL = (FIRED, CANCELLED)


@dataclasses.dataclass(frozen=True)
class Fact:
    """That one prerequisite of a rule has happened. ``prerequisite`` names it, ``at`` is UTC-aware."""

    prerequisite: int
    at: datetime


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What is to be done with one rule and one subject.

    ``state``      the state from now on; one of STATES.
    ``fires``      the follow-up is due now.
    ``complains``  the deadline has just passed: somebody must hear what is missing.
    ``held``       prerequisites that have happened, in the order of the rule.
    ``missing``    those that have not, in the order of the rule.
    ``blocked``    everything has happened, and a condition of the moment does not hold.
    ``since``      when the first one happened; None when none has.
    ``deadline``   when the missing ones are overdue; None = never.
    """

    state: str
    fires: bool
    complains: bool
    held: tuple[int, ...]
    missing: tuple[int, ...]
    blocked: bool
    since: datetime | None
    deadline: datetime | None


def judge(
    prerequisites: Sequence[int],
    facts: Iterable[Fact],
    state: str,
    now: datetime,
    deadline_seconds: int = 0,
    condition_holds: bool = True,
) -> Verdict:
    """Say what follows for one subject of a rule.

    :param prerequisites: the prerequisites of the rule as it stands now; facts of any other are ignored.
    :param state: what was decided before, ``NEW`` when nothing was.
    :param deadline_seconds: how long the missing ones have after the first one; 0 = for ever.
    :param condition_holds: whether the condition of the moment (no open exception) holds.
    :raises ValueError: an unknown state.
    """
    if state != NEW and state not in STATES:
        raise ValueError(f"unknown state {state!r}")
    wanted = tuple(dict.fromkeys(prerequisites))
    happened = [fact for fact in facts if fact.prerequisite in wanted]
    names = {fact.prerequisite for fact in happened}
    held = tuple(name for name in wanted if name in names)
    missing = tuple(name for name in wanted if name not in names)
    since = min((fact.at for fact in happened), default=None)
    deadline = since + timedelta(seconds=deadline_seconds) if since and deadline_seconds else None
    complete = bool(wanted) and not missing
    blocked = complete and not condition_holds
    late = deadline is not None and now >= deadline
    fires = complete and not blocked and state not in FINAL
    if state in FINAL:
        after = state
    elif fires:
        after = FIRED
    else:
        after = OVERDUE if late else WAITING
    return Verdict(
        state=after,
        fires=fires,
        complains=after == OVERDUE and state != OVERDUE,
        held=held,
        missing=missing,
        blocked=blocked and state not in FINAL,
        since=since,
        deadline=deadline,
    )


def sentence(
    triggers: Sequence[str], condition: str, follow_ups: Collection[str], words: Sequence[str]
) -> str:
    """Return a rule as one sentence: "When A and B, and C, then D; E."

    :param triggers: phrases of the events.
    :param condition: phrase of the condition of the moment, '' when there is none.
    :param follow_ups: phrases of what follows.
    :param words: the words for when, and, then, nothing – translated by the caller.
    """
    when, and_, then, nothing = words
    told = f" {and_} ".join(triggers) or "…"
    if condition:
        told = f"{told} {and_} {condition}"
    return f"{when} {told}, {then} {'; '.join(follow_ups) or nothing}."
