# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The stage record of an event (E4): each stage with its time and its outcome, in an accountant's words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from .error_catalogue.base import _
from .lifecycle import STAGES

PASSED, FAILED, SKIPPED, OPEN, LOST = "passed", "failed", "skipped", "open", "lost"
# What a stage that was reached came to, by direction.
REACHED = {
    "in": {
        "validated": _("Readable, and as its contract says"),
        "transformed": _("Understood"),
        "posted": _("Posted"),
        "acknowledged": _("Reported back to the source, which confirmed it"),
        "reconciled": _("Covered by a checkpoint that agrees"),
    },
    "out": {
        "validated": _("As its contract says"),
        "transformed": _("Put into the receiver's form"),
        "posted": _("Handed over"),
        "acknowledged": _("Confirmed by the receiver"),
        "reconciled": _("Covered by a checkpoint that agrees"),
    },
}
RECEIVED = {
    "push": _("Stored; the sender has its receipt"),
    "pull": _("Fetched from the source and stored"),
    "file": _("Read from a file and stored"),
    "handed": _("Handed over by the connection of another company"),
    "replay": _("Taken up again from an earlier event"),
    "odoo": _("Written together with the change that it tells"),
}
# Why a finished event did not go on to the books.
NOT_BOOKED = {
    "nothing": _("Nothing to book"),
    "duplicate": _("In the books already; not booked again"),
    "superseded": _("A newer version was booked; this one never will be"),
    "discarded": _("Put aside by a person"),
    "shadow": _("Computed only, because its flow is in shadow"),
    "before_start": _("Older than the start of its flow: recorded, not booked"),
    "reference": _("Made known for reference, not booked"),
    "retired": _("Its flow is retired: recorded, not booked"),
}
ANSWERED = _("The sender has the receipt of its event; it was not told of the booking")
NOBODY_TOLD = _("Fetched by us: there is nobody to tell")
FROM_FILE = _("Read from a file; the source was not told of the booking")
NOT_COVERED = _("No checkpoint that agrees covers it yet")
NO_LONGER_COVERED = _("The checkpoint that covered it does not agree any more")
_CHECKED = STAGES.index("posted")


@dataclasses.dataclass(frozen=True)
class Step:
    """One stage: ``state`` is passed, failed, skipped, open or lost; ``at`` an RFC 3339 text or None.

    ``outcome`` is for people (English; translate before showing), ``detail`` is shown beside it as it is.
    """

    stage: str
    state: str
    at: str | None
    outcome: str
    detail: str = ""


def stage_record(facts: Mapping[str, Any]) -> list[Step]:
    """Return all six stages of an event.

    :param facts: ``direction``, ``origin``, ``stage``, ``status``, ``received_at``; ``times`` {stage: instant of the
        last try}; ``error`` (sentence, where a try failed) and ``failed_at``; ``outcome`` of the last try, ``kept_as``;
        ``effects`` and ``note`` (texts); ``acknowledged_at``; ``reconciled_at``, ``uncovered_at``, ``covered_by``.
    """
    reached = STAGES.index(facts["stage"])
    steps = [_received(facts)]
    for place, stage in enumerate(STAGES[1 : _CHECKED + 1], start=1):
        steps.append(_worked(facts, stage, place, reached))
    return [*steps, _acknowledged(facts, reached), _reconciled(facts, reached)]


def _received(facts: Mapping[str, Any]) -> Step:
    origin = "odoo" if facts["direction"] == "out" else facts.get("origin") or "push"
    return Step("received", PASSED, facts["received_at"], RECEIVED[origin])


def _worked(facts: Mapping[str, Any], stage: str, place: int, reached: int) -> Step:
    """Return one of the stages that a try goes through."""
    at = (facts.get("times") or {}).get(stage)
    if place <= reached:
        detail = facts.get("effects") or "" if stage == "posted" else ""
        return Step(stage, PASSED, at, REACHED[facts["direction"]][stage], detail)
    if facts.get("error") and place == reached + 1:
        return Step(stage, FAILED, facts.get("failed_at"), facts["error"])
    why = _not_booked(facts)
    if why and not facts.get("error"):
        is_last = stage == "posted"
        return Step(stage, SKIPPED, facts.get("finished_at") if is_last else None, why if is_last else "")
    return Step(stage, OPEN, None, "")


def _not_booked(facts: Mapping[str, Any]) -> str:
    """Return why a finished event stays out of the books, '' where it does not."""
    if facts["status"] in ("superseded", "discarded"):
        return NOT_BOOKED[facts["status"]]
    if facts["status"] != "done":
        return ""
    return NOT_BOOKED.get(facts.get("kept_as") or facts.get("outcome") or "", NOT_BOOKED["nothing"])


def _acknowledged(facts: Mapping[str, Any], reached: int) -> Step:
    stage = "acknowledged"
    if facts.get("acknowledged_at"):
        return Step(stage, PASSED, facts["acknowledged_at"], REACHED[facts["direction"]][stage])
    if facts["direction"] == "out":
        return Step(stage, OPEN, None, "")
    if facts.get("origin") in ("pull", "replay", "handed"):
        return Step(stage, SKIPPED, None, NOBODY_TOLD if facts["origin"] == "pull" else "")
    if reached < _CHECKED:
        return Step(stage, OPEN, None, "")
    if facts.get("origin") == "file":
        return Step(stage, SKIPPED, None, FROM_FILE)
    return Step(stage, SKIPPED, facts["received_at"], ANSWERED)


def _reconciled(facts: Mapping[str, Any], reached: int) -> Step:
    stage, covered_by = "reconciled", facts.get("covered_by") or ""
    if facts["stage"] == stage:
        return Step(stage, PASSED, facts.get("reconciled_at"), REACHED[facts["direction"]][stage], covered_by)
    if facts.get("uncovered_at"):
        return Step(stage, LOST, facts["uncovered_at"], NO_LONGER_COVERED, covered_by)
    if facts["direction"] == "in" and reached >= _CHECKED:
        return Step(stage, OPEN, None, NOT_COVERED)
    return Step(stage, OPEN, None, "")
