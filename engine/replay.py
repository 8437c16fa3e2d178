# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a replay does with an event, what needs a second person, and the digest that freezes a plan."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from .canonical_json import canonical_bytes
from .lifecycle import STATUSES, TERMINAL_STATUSES

# A new event that points to the old one / the same event goes on in its place / nothing: it is on its way already.
NEW, RESUME, SKIP = "new", "resume", "skip"
# What a plan says would become of an event.
OUTCOMES = ("post", "send", "nothing", "duplicate", "superseded", "refused", "on_its_way")
POST, SEND, ON_ITS_WAY = "post", "send", "on_its_way"
_RESUMED_STATUSES = frozenset({"waiting", "parked", "dead"})
_MARK = "#replay-"


def mode_of(status: str) -> str:
    """Return what a replay does with an event in ``status``.

    A finished event keeps its history, so it is processed again as a new one. A stopped event goes on itself: a new
    event would stand behind those that wait for the stopped one, and the order of their object would be lost.

    :raises ValueError: unknown status.
    """
    if status not in STATUSES:
        raise ValueError(f"unknown status {status!r}")
    if status in TERMINAL_STATUSES:
        return NEW
    return RESUME if status in _RESUMED_STATUSES else SKIP


def affects_books(mode: str, outcome: str) -> bool:
    """Whether this line of a plan makes the replay one that a second person must approve.

    :raises ValueError: unknown outcome.
    """
    if outcome not in OUTCOMES:
        raise ValueError(f"unknown outcome {outcome!r}")
    return mode == NEW or (mode == RESUME and outcome == POST)


def replay_event_id(event_id: str, number: int) -> str:
    """Return the event id of the ``number``-th replay (from 1) of the event ``event_id``.

    :raises ValueError: a number below 1.
    """
    if number < 1:
        raise ValueError("replays are counted from 1")
    return f"{event_id}{_MARK}{number}"


def fingerprint(mode: str, told: Mapping[str, Any]) -> str:
    """Return the digest (SHA-256 hex) of what a rehearsal told of one event.

    Amounts in ``told`` are decimal strings. Two rehearsals with the same fingerprint would book the same lines, or
    refuse for the same reason. Ids of records do not count: a contact that is only rehearsed has another each time.
    """
    kept = {name: _without_ids(told.get(name)) for name in ("outcome", "error_code", "entries", "applied")}
    return hashlib.sha256(canonical_bytes({"mode": mode, **kept})).hexdigest()


def plan_digest(lines: Iterable[tuple[int, str, str]]) -> str:
    """Return the digest (SHA-256 hex) of a whole plan.

    :param lines: (message id, mode, fingerprint), in the order of the message ids.
    :raises ValueError: the lines are not in that order, or one stands there twice.
    """
    whole = hashlib.sha256()
    before = None
    for message_id, mode, mark in lines:
        if before is not None and message_id <= before:
            raise ValueError("the lines of a plan stand in the order of their events, each once")
        before = message_id
        whole.update(f"{message_id} {mode} {mark}\n".encode())
    return whole.hexdigest()


def _without_ids(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_ids(part) for name, part in value.items() if not name.endswith("_id")}
    if isinstance(value, (list, tuple)):
        return [_without_ids(part) for part in value]
    return value
