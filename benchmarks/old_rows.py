# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an event costs in a database with very many old ones, against an empty one on the same machine."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from contextlib import ExitStack

from devtools.environment import Environment

from . import events, http_load
from .rounds import Check, Figure, until_fit
from .stage import STRIPE_SECRET, Stage
from .trivial import Trivial

TARGET = 0.95
MILLION = 1_000_000
# The machine is never the same for two seconds, and each answer waits for the disk: the sides take turns portion by
# portion, and the sums of a round are compared.
STORED = 200
PORTIONS = 30
DRAINED = 50_000
TURNS = 6
# The server permits 400 events a second to an address, more only for a moment, which comes again after this long.
REST_SECONDS = STORED / 400


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Compare with a million old events (quick: a hundred thousand)."""
    return _compare(env, say, MILLION // 10 if quick else MILLION, rounds=2 if quick else 5)


def ten_million(
    env: Environment, say: Callable[[str], None], *, quick: bool
) -> tuple[list[Figure], list[Check]]:
    """Compare with ten million old events; needs about 15 GB of disk and a quarter of an hour."""
    return _compare(env, say, MILLION if quick else 10 * MILLION, rounds=2 if quick else 5)


def _compare(env, say, rows: int, rounds: int) -> tuple[list[Figure], list[Check]]:
    with ExitStack() as stack:
        young = _Side(stack.enter_context(Stage(env, "young")), 0)
        say(f"old rows: making {rows:,} old events")
        old = _Side(stack.enter_context(Stage(env, "old")), rows)
        say("old rows: made, measuring")

        def measure() -> list[Figure]:
            for side in (young, old):
                side.stored, side.drained = [], []
            for number in range(rounds):
                order = [young, old] if number % 2 else [old, young]
                _store_in_turns(order)
                _drain_in_turns(order)
                say(
                    f"old rows: stored {old.stored[-1]:.0f}/s of {young.stored[-1]:.0f}/s, "
                    f"drained {old.drained[-1]:.0f}/s of {young.drained[-1]:.0f}/s"
                )
            return [
                _figure(f"Taking events in beside {rows:,} old ones / beside none", young.stored, old.stored),
                _figure(
                    f"Working events off beside {rows:,} old ones / beside none", young.drained, old.drained
                ),
            ]

        figures = until_fit(measure, say)
        return figures, [old.still_there()]


def _figure(name: str, without: list[float], beside: list[float]) -> Figure:
    context = f"{min(beside):.0f}–{max(beside):.0f} and {min(without):.0f}–{max(without):.0f} events/s"
    return Figure(
        name, tuple(one / other for one, other in zip(beside, without, strict=True)), TARGET, context
    )


class _Side:
    """A server with ``rows`` old events, and its speeds of each round in events per second."""

    def __init__(self, stage: Stage, rows: int):
        self.rows = rows
        self.way = Trivial(stage)
        self.stored: list[float] = []
        self.drained: list[float] = []
        self._waves = itertools.count()
        self._rested_at = 0.0
        if rows:
            stage.make_old_events("evt_model", rows)

    def pause(self) -> None:
        """Let events be taken in without being worked off."""
        self.way.rpc.call("integration.connection", "action_pause", [self.way.connection_id])
        self.way.stage.wait_no_jobs()

    def store(self) -> float:
        """Send a portion of new events; return the seconds it took."""
        way = self.way
        told, signer = events.stripe_charges(f"{self.rows}-{next(self._waves)}", STORED, STRIPE_SECRET)
        requests = events.signed(told, signer, way.path, way.stage.port)
        time.sleep(max(0.0, self._rested_at - time.monotonic()))
        load = http_load.send_all(way.stage.port, requests)
        self._rested_at = time.monotonic() + REST_SECONDS
        if not load.all_good:
            raise RuntimeError(f"the hub answered {dict(load.statuses)}")
        return load.seconds

    def still_there(self) -> Check:
        """Whether the old events are what the figures say."""
        size = self.way.stage.value("SELECT pg_size_pretty(pg_database_size(current_database()))")
        old = self.way.stage.value("SELECT count(*) FROM integration_message WHERE event_id LIKE 'old-%%'")
        return Check(
            f"{self.rows:,} old events are there", old == self.rows, f"{old:,} old events, database of {size}"
        )


def _store_in_turns(sides: list[_Side]) -> None:
    seconds = dict.fromkeys(sides, 0.0)
    for side in sides:
        side.pause()
    for portion in range(PORTIONS):
        for side in sides if portion % 2 else sides[::-1]:
            seconds[side] += side.store()
    for side in sides:
        side.stored.append(PORTIONS * STORED / seconds[side])
        side.way.stage.finish_events(side.way.connection_id)


def _drain_in_turns(sides: list[_Side]) -> None:
    seconds = dict.fromkeys(sides, 0.0)
    for turn in range(TURNS):
        for side in sides if turn % 2 else sides[::-1]:
            seconds[side] += DRAINED / side.way.drain(DRAINED)
    for side in sides:
        side.drained.append(TURNS * DRAINED / seconds[side])
