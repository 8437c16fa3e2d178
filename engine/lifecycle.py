# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Life of a message: how far it got (stage) and what it is doing there (status).

Two axes instead of one long list of states. The transition table is data; the diagram in the
documentation is generated from it (``lifecycle_document``). One stage rule stands beside the table:
a message never goes back, except when it is replayed or fetched again from its source, and from
reconciled alone when the checkpoint that covered it is green no longer.
"""

from __future__ import annotations

import dataclasses

from .error_catalogue.base import _

STAGES = ("received", "validated", "transformed", "posted", "acknowledged", "reconciled")
STATUSES = ("ready", "waiting", "held", "unknown", "parked", "dead", "done", "superseded", "discarded")
TERMINAL_STATUSES = frozenset({"done", "superseded", "discarded"})
# A drain may pick these up; ``waiting`` only when its time has come, ``held`` when the one before is through.
PICKABLE_STATUSES = frozenset({"ready", "waiting", "held"})
# Nothing happens any more until a person acts.
STUCK_STATUSES = frozenset({"parked", "dead"})
# These hold back later events of the same key.
BLOCKING_STATUSES = frozenset({"ready", "waiting", "held", "unknown", "parked", "dead"})
INITIAL_STATUSES = ("ready", "parked")
DIRECTIONS = ("in", "out")
BACKWARD_TRIGGERS = frozenset({"replay", "refetch", "uncover"})

# Where a message is when the checkpoint that covered it is green no longer.
UNCOVERED = frozenset({("reconciled", "posted"), ("reconciled", "acknowledged")})

STAGE_MEANINGS = {
    "received": (
        "stored with its signed bytes; the sender has its 2xx",
        "written to the outbox with the change it tells",
    ),
    "validated": ("parsed, and as its contract says", "as its contract says"),
    "transformed": ("in canonical form", "rendered as the receiver wants it"),
    "posted": ("in the books", "handed over, no receipt yet"),
    "acknowledged": (
        "the source was told that it is in the books, and confirmed it",
        "the receiver confirmed it",
    ),
    "reconciled": ("covered by a green checkpoint", "covered by a green checkpoint"),
}
STATUS_MEANINGS = {
    "ready": "its turn is next",
    "waiting": "a passing problem; tried again at a set time",
    "held": "something else comes first: an earlier event of the same key, what it belongs to, a missing number",
    "unknown": "sent, but the answer is not known: ask before sending again",
    "parked": "a person must decide",
    "dead": "the retry policy is spent; a person must replay or discard it",
    "done": "nothing left to do",
    "superseded": "a newer version of the same object was applied; this one never will be",
    "discarded": "a person decided that it has no effect, with a reason",
}


class IllegalTransition(ValueError):  # noqa: N818 - named for what it is
    """A move that the transition table does not know: always a programming error."""


@dataclasses.dataclass(frozen=True)
class Transition:
    """One permitted move between statuses, for the ``directions`` in which it exists."""

    source: str
    target: str
    trigger: str
    explanation: str
    directions: tuple[str, ...] = DIRECTIONS

    @property
    def may_go_back(self) -> bool:
        """Whether the stage may become an earlier one."""
        return self.trigger in BACKWARD_TRIGGERS


_IN = ("in",)
_OUT = ("out",)


def _drain_outcomes(source: str) -> tuple[Transition, ...]:
    """Return what may become of a message that the drain picked up in status ``source``."""
    return (
        Transition(source, "done", "apply", "applied, or understood with nothing to do", _IN),
        Transition(source, "done", "deliver", "the receiver accepted it", _OUT),
        Transition(source, "waiting", "postpone", "a passing problem: try again at a set time"),
        Transition(source, "held", "hold", "something else comes first, and is named"),
        Transition(source, "unknown", "lose_answer", "sent, but no readable answer came", _OUT),
        Transition(source, "parked", "park", "a person must decide"),
        Transition(source, "dead", "give_up", "the retry policy is spent"),
        Transition(source, "superseded", "supersede", "a newer version was applied"),
        Transition(source, "discarded", "discard", "a person decided that it has no effect"),
    )


TRANSITIONS: tuple[Transition, ...] = (
    Transition("ready", "ready", "advance", "one stage further, and on with it"),
    *_drain_outcomes("ready"),
    Transition("waiting", "ready", "become_due", "its time has come, or a person says now"),
    *_drain_outcomes("waiting"),
    Transition("held", "ready", "release", "what it waited for is there"),
    *_drain_outcomes("held"),
    Transition("unknown", "done", "find_answer", "asked: the receiver has it", _OUT),
    Transition(
        "unknown", "ready", "find_nothing", "asked: the receiver does not have it, so send again", _OUT
    ),
    Transition("unknown", "unknown", "stay_unknown", "asked: still no answer", _OUT),
    Transition("unknown", "parked", "park", "nobody can tell: a person must decide", _OUT),
    Transition("unknown", "discarded", "discard", "a person decided that it has no effect", _OUT),
    Transition("parked", "ready", "resume", "its cause is gone"),
    Transition("parked", "parked", "park", "another cause than before"),
    Transition("parked", "done", "settle_by_hand", "a person did it by hand, with evidence"),
    Transition("parked", "superseded", "supersede", "a newer version was applied"),
    Transition("parked", "discarded", "discard", "a person decided that it has no effect"),
    Transition("dead", "done", "settle_by_hand", "a person did it by hand, with evidence"),
    Transition("dead", "superseded", "supersede", "a newer version was applied"),
    Transition("dead", "discarded", "discard", "a person decided that it has no effect"),
    Transition("done", "done", "advance", "acknowledged, or covered by a green checkpoint"),
    Transition("done", "done", "uncover", "the checkpoint that covered it is green no longer", _IN),
    *(
        Transition(
            status, "ready", "replay", "worked off again from the beginning, in its place in the queue"
        )
        for status in ("waiting", "parked", "dead")
    ),
    Transition("done", "ready", "replay", "it was only computed in shadow, and its flow is live now", _IN),
    *(
        Transition(status, "ready", "refetch", "its content was fetched again from the source", _IN)
        for status in ("ready", "waiting", "held", "parked", "dead")
    ),
)


def transitions_from(status: str, direction: str | None = None) -> tuple[Transition, ...]:
    """Return the permitted moves from ``status``, in one direction or in both.

    :raises ValueError: unknown status or direction.
    """
    if status not in STATUSES or direction not in (None, *DIRECTIONS):
        raise ValueError(f"unknown status {status!r} or direction {direction!r}")
    return tuple(
        transition
        for transition in TRANSITIONS
        if transition.source == status and (direction is None or direction in transition.directions)
    )


def check_transition(
    direction: str,
    from_stage: str,
    from_status: str,
    to_stage: str,
    to_status: str,
    trigger: str | None = None,
) -> Transition:
    """Return the transition that permits this move; with ``trigger``, only that one counts.

    Staying in ``ready`` or ``done`` is a move only with another stage, or when a refetch is named.

    :raises IllegalTransition: no transition permits it.
    """
    if direction not in DIRECTIONS or from_stage not in STAGES or to_stage not in STAGES:
        raise IllegalTransition(f"unknown direction or stage: {direction} {from_stage} {to_stage}")
    if from_status not in STATUSES or to_status not in STATUSES:
        raise IllegalTransition(f"unknown status: {from_status} {to_status}")
    step = STAGES.index(to_stage) - STAGES.index(from_stage)
    for transition in transitions_from(from_status, direction):
        if transition.target != to_status or trigger not in (None, transition.trigger):
            continue
        if step < 0 and not transition.may_go_back:
            continue
        if step <= 0 and transition.trigger == "advance":
            continue
        if transition.trigger == "uncover" and (from_stage, to_stage) not in UNCOVERED:
            continue
        if step == 0 and from_status == to_status == "ready" and trigger is None:
            continue
        return transition
    raise IllegalTransition(
        f"{direction}: {from_stage}/{from_status} to {to_stage}/{to_status}"
        + (f" by {trigger}" if trigger else "")
    )


def check_start(direction: str, stage: str, status: str) -> None:
    """Refuse a new message in any state but received and ready, or received and parked.

    :raises IllegalTransition: another state.
    """
    if direction not in DIRECTIONS or stage != STAGES[0] or status not in INITIAL_STATUSES:
        raise IllegalTransition(f"{direction}: a message cannot begin as {stage}/{status}")


_LABELS_IN = {
    "ready": _("Event received, will be posted in a moment"),
    "waiting": _("Not posted yet: will be tried again"),
    "held": _("Not posted yet: waiting for an earlier event"),
    "unknown": _("Not posted yet: the answer is being looked up"),
    "parked": _("Not posted: needs you"),
    "dead": _("Stopped after several tries: needs you"),
    "done": _("Finished, nothing to post"),
    "superseded": _("Replaced by a newer version"),
    "discarded": _("Discarded by a person"),
}
_LABELS_OUT = {
    "ready": _("Will be sent in a moment"),
    "waiting": _("Not sent yet: will be tried again"),
    "held": _("Not sent yet: waiting for an earlier event"),
    "unknown": _("Sent, answer unknown: being looked up"),
    "parked": _("Not sent: needs you"),
    "dead": _("Stopped after several tries: needs you"),
    "done": _("Finished, nothing to send"),
    "superseded": _("Replaced by a newer version"),
    "discarded": _("Discarded by a person"),
}
_BOOKED_NEEDS_YOU = _("Posted, but something is left: needs you")
_BOOKED_CONTINUES = _("Posted, the rest follows by itself")
_DONE_IN = {
    "posted": _("Posted"),
    "acknowledged": _("Posted, and the source was told"),
    "reconciled": _("Posted and reconciled"),
}
_DONE_OUT = {
    "posted": _("Sent"),
    "acknowledged": _("Sent and confirmed"),
    "reconciled": _("Sent and reconciled"),
}


def accountant_label(direction: str, stage: str, status: str) -> str:
    """Return the state in an accountant's words (English; translate before showing).

    :raises ValueError: unknown direction, stage or status.
    """
    if direction not in DIRECTIONS or stage not in STAGES or status not in STATUSES:
        raise ValueError(f"unknown state {direction} {stage} {status}")
    incoming = direction == "in"
    if status == "done":
        labels = _DONE_IN if incoming else _DONE_OUT
        return labels.get(stage) or (_LABELS_IN if incoming else _LABELS_OUT)["done"]
    if incoming and STAGES.index(stage) >= STAGES.index("posted"):
        if status in STUCK_STATUSES:
            return _BOOKED_NEEDS_YOU
        if status in BLOCKING_STATUSES:
            return _BOOKED_CONTINUES
    return (_LABELS_IN if incoming else _LABELS_OUT)[status]


def mermaid() -> str:
    """Return the transition table as a Mermaid state diagram (see ``lifecycle_document``)."""
    from .lifecycle_document import mermaid as render  # that module reads the table of this one

    return render()
