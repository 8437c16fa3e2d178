# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an event costs in a database with very many old ones, against an empty one on the same machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from devtools.environment import Environment

from . import events, http_load
from .rounds import Check, Figure, until_fit
from .stage import STRIPE_SECRET, Stage
from .trivial import Trivial

TARGET = 0.95
MILLION = 1_000_000
# As many as one address takes at once before it asks its sender to slow down.
STORED = 1000


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Compare with a million old events (quick: a hundred thousand)."""
    return _compare(env, say, MILLION // 10 if quick else MILLION, rounds=2 if quick else 5)


def ten_million(
    env: Environment, say: Callable[[str], None], *, quick: bool
) -> tuple[list[Figure], list[Check]]:
    """Compare with ten million old events; needs about 15 GB of disk and a quarter of an hour."""
    return _compare(env, say, MILLION if quick else 10 * MILLION, rounds=2 if quick else 5)


def _compare(env, say, rows: int, rounds: int) -> tuple[list[Figure], list[Check]]:
    # Some seconds each: what is shorter is decided by the moment in which a checkpoint begins.
    count = 40_000
    with ExitStack() as stack:
        empty = Trivial(stack.enter_context(Stage(env, "young")))
        full = Trivial(stack.enter_context(Stage(env, "old")))
        say(f"old rows: making {rows:,} old events")
        full.stage.make_old_events("evt_model", rows)
        ways = (empty, full)

        def measure() -> list[Figure]:
            drained: list[list[float]] = [[], []]
            stored: list[list[float]] = [[], []]
            for number in range(rounds):
                order = (0, 1) if number % 2 else (1, 0)
                for place in order:
                    stored[place].append(_store(ways[place], f"{rows}-{len(stored[place])}"))
                for place in order:
                    drained[place].append(ways[place].drain(count))
                say(
                    f"old rows: stored {stored[1][-1]:.0f}/s of {stored[0][-1]:.0f}/s, "
                    f"drained {drained[1][-1]:.0f}/s of {drained[0][-1]:.0f}/s"
                )
            return [
                _figure(f"Taking events in beside {rows:,} old ones / beside none", stored),
                _figure(f"Working events off beside {rows:,} old ones / beside none", drained),
            ]

        figures = until_fit(measure, say)
        size = full.stage.value("SELECT pg_size_pretty(pg_database_size(current_database()))")
        old = full.stage.value("SELECT count(*) FROM integration_message WHERE event_id LIKE 'old-%%'")
        check = Check(
            f"{rows:,} old events are there", old == rows, f"{old:,} old events, database of {size}"
        )
    return figures, [check]


def _figure(name: str, speeds: list[list[float]]) -> Figure:
    without, beside = speeds
    context = f"{min(beside):.0f}–{max(beside):.0f} and {min(without):.0f}–{max(without):.0f} events/s"
    return Figure(
        name, tuple(one / other for one, other in zip(beside, without, strict=True)), TARGET, context
    )


def _store(way: Trivial, seed: str) -> float:
    """Send events to a connection that is paused and put them aside; return events per second."""
    stage = way.stage
    way.rpc.call("integration.connection", "action_pause", [way.connection_id])
    told, signer = events.stripe_charges(seed, STORED, STRIPE_SECRET)
    load = http_load.send_all(stage.port, events.signed(told, signer, way.path, stage.port))
    if not load.all_good:
        raise RuntimeError(f"the hub answered {dict(load.statuses)}")
    stage.finish_events(way.connection_id)
    return load.per_second
