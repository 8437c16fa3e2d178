# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a run found, as a table for the terminal and as a page."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

from .outcome import Outcome

HEADINGS = ("scenario", "shots", "kills", "recovered in", "took", "invariants")


def table(outcomes: Sequence[Outcome]) -> str:
    """Return one line per scenario, columns aligned."""
    rows = [HEADINGS, *(_row(outcome) for outcome in outcomes)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def markdown(outcomes: Sequence[Outcome], seed: int) -> str:
    """Return a page: the table, what each scenario noted, and what did not hold."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    lines = [
        "# Faults: results",
        "",
        f"Seed {seed}, {machine}; repeat with `./dev faults --seed {seed}`. *Recovered in*: the longest time from a",
        "restart, or from a kill after which nothing is restarted by hand, until work went on by itself.",
        "",
        f"| {' | '.join(HEADINGS)} |",
        f"|{'---|' * len(HEADINGS)}",
    ]
    lines += [f"| {' | '.join(_row(outcome))} |" for outcome in outcomes]
    for outcome in outcomes:
        lines += ["", f"## {outcome.name}", ""]
        lines += [f"- {note}" for note in outcome.notes]
        lines += [f"- **broken**: {text}" for text in outcome.problems]
    return "\n".join(lines) + "\n"


def _row(outcome: Outcome) -> tuple[str, ...]:
    recovered = outcome.slowest_recovery_seconds
    return (
        outcome.name,
        str(outcome.shots or "-"),
        str(outcome.kills or "-"),
        f"{recovered:.1f} s" if recovered else "-",
        f"{outcome.seconds:.0f} s",
        f"BROKEN ({len(outcome.problems)})" if outcome.problems else "held",
    )
