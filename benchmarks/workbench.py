# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the workbench costs: grouping failing events into exceptions, and opening its list with very many behind it."""

from __future__ import annotations

from collections.abc import Callable

from devtools.environment import Environment

from .events import PARTNER_SECRET
from .rounds import Check, Figure, until_fit
from .stage import Stage, make_connection

# Both are "at most": the ratio is told the other way round, so that more is better as everywhere else.
GROUPING_TARGET = 0.5
LIST_TARGET = 1 / 1.5
LIST_LENGTH = 80


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Measure both; the events are made inside the server."""
    rounds, failing, behind = (2, 1_000, 5_000) if quick else (7, 10_000, 100_000)
    with Stage(env, "workbench") as stage:
        rpc = stage.start(options=())
        connection_id = make_connection(rpc, "generic", "Partner", PARTNER_SECRET)
        bench = "finance.integration.bench"
        rpc.call(bench, "prepare_workbench", connection_id, behind, LIST_LENGTH)
        stage.analyze()

        def measure() -> list[Figure]:
            grouping, opening, seconds, lists = [], [], [], []
            for number in range(rounds):
                order = bool(number % 2)
                plain, grouped = rpc.call(bench, "fail_events", connection_id, failing, number, order)
                grouping.append(plain / grouped)
                seconds.append((plain, grouped))
                stock, workbench = rpc.call(bench, "open_lists", LIST_LENGTH, order)
                opening.append(stock / workbench)
                lists.append((stock, workbench))
                say(
                    f"workbench: marking {plain:.2f} s, grouping too {grouped:.2f} s; "
                    f"stock list {stock * 1000:.0f} ms, workbench {workbench * 1000:.0f} ms"
                )
            return [
                Figure(
                    f"Workbench: marking {failing:,} events failed / grouping them into exceptions, too",
                    tuple(grouping),
                    GROUPING_TARGET,
                    _span(seconds, "s"),
                ),
                Figure(
                    f"Workbench: stock list of {LIST_LENGTH} / list of exceptions with {behind:,} events behind it",
                    tuple(opening),
                    LIST_TARGET,
                    _span([(one * 1000, other * 1000) for one, other in lists], "ms"),
                ),
            ]

        figures = until_fit(measure, say)
        counted = rpc.call(bench, "count_workbench", connection_id)
        stored, true, exceptions = counted
        check = Check(
            "Workbench: the stored figures are those of the events",
            stored == true and exceptions >= LIST_LENGTH,
            f"{exceptions} open exceptions; stored {stored}, counted {true}",
        )
        return figures, [check]


def _span(pairs: list[tuple[float, float]], unit: str) -> str:
    left, right = zip(*pairs, strict=True)
    return f"{min(left):.3g}–{max(left):.3g} and {min(right):.3g}–{max(right):.3g} {unit}"
