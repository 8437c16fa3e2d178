# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Life of a flow: what it does with events in each state, and which change of state needs a second person.

The table is data. A change that lets a flow book, or makes a booking flow stop for good or book no more while it
still says "done" to its events, needs the approval of somebody else than who asked for it. Stopping at once never does.
"""

from __future__ import annotations

import dataclasses

from .error_catalogue.base import _

STATES = ("draft", "shadow", "live", "paused", "retired")
# Events of flows in these states are worked off; in the others they are kept until that changes.
WORKING_STATES = ("shadow", "live", "retired")

STATE_MEANINGS = {
    "draft": _("Receives and keeps events; does nothing with them yet."),
    "shadow": _("Computes exactly what it would book, compares it with the books, books nothing."),
    "live": _("Books what comes in, or sends what goes out."),
    "paused": _("Receives and keeps events; works them off in order when it is live again."),
    "retired": _("Keeps what still comes in as evidence; books nothing any more."),
}


class IllegalFlowChange(ValueError):  # noqa: N818 - named for what it is
    """A change of state that the table does not know."""

    def __init__(self, source: str, target: str):
        super().__init__(f"a flow cannot go from {source} to {target}")
        self.source, self.target = source, target


@dataclasses.dataclass(frozen=True)
class FlowChange:
    """One permitted change of state; ``needs_approval`` = a second person has to agree before it happens."""

    source: str
    target: str
    name: str
    needs_approval: bool = False


CHANGES: tuple[FlowChange, ...] = (
    FlowChange("draft", "shadow", "run_in_shadow"),
    FlowChange("draft", "live", "go_live", needs_approval=True),
    FlowChange("draft", "retired", "retire"),
    FlowChange("shadow", "draft", "back_to_draft"),
    FlowChange("shadow", "live", "go_live", needs_approval=True),
    FlowChange("shadow", "retired", "retire"),
    FlowChange("live", "paused", "pause"),
    FlowChange("live", "shadow", "back_to_shadow", needs_approval=True),
    FlowChange("live", "retired", "retire", needs_approval=True),
    FlowChange("paused", "live", "resume"),
    FlowChange("paused", "shadow", "back_to_shadow", needs_approval=True),
    FlowChange("paused", "retired", "retire", needs_approval=True),
    FlowChange("retired", "draft", "reopen"),
)


def changes_from(state: str) -> tuple[FlowChange, ...]:
    """Return the changes that are permitted from ``state``.

    :raises ValueError: unknown state.
    """
    if state not in STATES:
        raise ValueError(f"unknown state of a flow: {state!r}")
    return tuple(change for change in CHANGES if change.source == state)


def check_change(source: str, target: str) -> FlowChange:
    """Return the permitted change from ``source`` to ``target``.

    :raises IllegalFlowChange: the table does not know it, or a state is unknown.
    """
    for change in CHANGES:
        if (change.source, change.target) == (source, target):
            return change
    raise IllegalFlowChange(source, target)


MODES = ("event", "near_real_time", "batch")
CRITICALITIES = ("low", "normal", "high", "critical")


@dataclasses.dataclass(frozen=True)
class FlowDefaults:
    """What a connector proposes for a new flow; an administrator may change each of them.

    ``mode``  'event' = worked off as it arrives; 'near_real_time' = once a minute; 'batch' = when its processing
              window opens.
    ``latency_target_seconds``  from receipt to being finished; later is shown as late. 0 = none.
    ``batch_size``  events per transaction.
    """

    mode: str = "event"
    criticality: str = "normal"
    latency_target_seconds: int = 300
    batch_size: int = 100
    retention_days: int = 400

    def __post_init__(self):
        if self.mode not in MODES or self.criticality not in CRITICALITIES:
            raise ValueError(f"unknown mode {self.mode!r} or criticality {self.criticality!r}")
        if self.latency_target_seconds < 0 or self.retention_days < 0 or not 1 <= self.batch_size <= 100:
            raise ValueError("latency target and retention are not negative; a batch has 1 to 100 events")
