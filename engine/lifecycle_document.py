# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The page ``docs/state_machine.md``, generated from the transition table."""

from __future__ import annotations

from pathlib import Path

from .lifecycle import (
    BACKWARD_TRIGGERS,
    DIRECTIONS,
    INITIAL_STATUSES,
    STAGE_MEANINGS,
    STAGES,
    STATUS_MEANINGS,
    STATUSES,
    TERMINAL_STATUSES,
    TRANSITIONS,
    accountant_label,
)

FILE_NAME = "state_machine.md"
_WAYS = {("in", "out"): "both", ("in",): "in", ("out",): "out"}


def mermaid() -> str:
    """Return the statuses and their transitions as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {status}" for status in INITIAL_STATUSES]
    arrows: dict[tuple[str, str], list[str]] = {}
    for transition in TRANSITIONS:
        triggers = arrows.setdefault((transition.source, transition.target), [])
        if transition.trigger not in triggers:
            triggers.append(transition.trigger)
    lines += [f"    {source} --> {target}: {', '.join(names)}" for (source, target), names in arrows.items()]
    lines += [f"    {status} --> [*]" for status in STATUSES if status in TERMINAL_STATUSES]
    return "\n".join(lines) + "\n"


def markdown() -> str:
    """Return the whole page."""
    blocks = [
        "# Life of a message",
        "Generated from `engine/lifecycle.py`; a test compares this page with the table. Do not edit it.",
        "A message has a *stage* (how far it got) and a *status* (what it is doing there).",
        f"It only moves forward through the stages, except by {' or '.join(sorted(BACKWARD_TRIGGERS))}.",
        "## Stages",
        _table(("stage", "incoming", "outgoing"), [(stage, *STAGE_MEANINGS[stage]) for stage in STAGES]),
        "## Statuses",
        _table(
            ("status", "meaning", "final"),
            [
                (status, STATUS_MEANINGS[status], "yes" if status in TERMINAL_STATUSES else "")
                for status in STATUSES
            ],
        ),
        "```mermaid\n" + mermaid() + "```",
        "## Transitions",
        _table(
            ("from", "to", "trigger", "direction", "why"),
            [
                (one.source, one.target, one.trigger, _WAYS[one.directions], one.explanation)
                for one in TRANSITIONS
            ],
        ),
        "## What an accountant reads",
        *(_labels(direction) for direction in DIRECTIONS),
    ]
    return "\n\n".join(blocks) + "\n"


def write_document(folder: Path) -> Path:
    """Write the page into ``folder`` and return its path."""
    path = folder / FILE_NAME
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(markdown(), encoding="utf-8")
    return path


def _labels(direction: str) -> str:
    title = "### Incoming" if direction == "in" else "### Outgoing"
    rows = [
        (status, *(accountant_label(direction, stage, status) for stage in STAGES)) for status in STATUSES
    ]
    return title + "\n\n" + _table(("status", *STAGES), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _cell in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
