# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""kill -9 of each kind of process while events come in: nothing lost, nothing booked twice (E1, E11)."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

from devtools.environment import Environment
from simulators.local_server import serving
from simulators.partner.receiver import Receiver, Troubles
from simulators.partner.server import PATH, receiver_server
from simulators.partner.signing import make_secret

from .. import invariants, servers
from ..feed import Feed
from ..hub import Hub
from ..outcome import Outcome
from ..rounds import Rounds, wait_for

KINDS: dict[str, Callable[[Hub], list[int]]] = {
    "HTTP worker": servers.http_workers,
    "worker that drains": servers.draining,
    "worker that delivers": servers.delivering,
    "cron worker": servers.cron_workers,
    "job runner": servers.job_runners,
}
ROUNDS = 2
RESPAWN_SECONDS = 30


def run(env: Environment, outcome: Outcome, seed: int, rounds: int = ROUNDS, kinds=tuple(KINDS)) -> None:
    """Kill a process of each kind, ``rounds`` times."""
    feed, chance = Feed(seed), random.Random(f"worker/{seed}")
    secret = make_secret(f"kill-worker-{seed}")
    receiver = Receiver([secret], seed=seed, troubles=Troubles(percent=0))
    with (
        serving(receiver_server(receiver)) as ear,
        Hub(env, "kill-worker", delivery_url=ear.url + PATH, outbound_secret=secret) as hub,
    ):
        play = Rounds(hub, outcome, feed)
        play.prepare()
        for _round in range(rounds):
            for kind in kinds:
                play.play(f"kill -9 of a {kind}", lambda kind=kind: _kill(hub, kind, chance))
        if not hub.server.is_running():
            outcome.fail(["the server ended with one of its processes"])
        hub.wait(lambda: bool(servers.job_runners(hub)), RESPAWN_SECONDS, "the job runner is back")
        hub.wait(lambda: bool(servers.cron_workers(hub)), RESPAWN_SECONDS, "the cron workers are back")
        taken = {entry.id: {entry.body} for entry in receiver.received()}
        outcome.fail(invariants.broken(hub, play.acknowledged, feed.gross_by_day, [], taken))


def _kill(hub: Hub, kind: str, chance: random.Random) -> str | None:
    victims = wait_for(lambda: KINDS[kind](hub))
    if not victims:
        return None
    time.sleep(chance.uniform(0, 0.3))
    still = [pid for pid in KINDS[kind](hub) if pid in victims]
    if not still:
        return None
    victim = chance.choice(still)
    os.kill(victim, signal.SIGKILL)
    return f"killed 1 of {len(still)}"
