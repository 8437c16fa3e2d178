# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""PostgreSQL itself is broken under load: single backends, the whole server, with and without a warning (E1).

The server is one that the run started for itself; nobody else's is touched.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from devtools.environment import Environment
from simulators.local_server import serving
from simulators.partner.receiver import Receiver, Troubles
from simulators.partner.server import PATH, receiver_server
from simulators.partner.signing import make_secret

from .. import invariants
from ..feed import Feed
from ..hub import LOSS_TRACES, Hub
from ..outcome import Outcome
from ..own_cluster import OwnCluster
from ..rounds import Rounds, wait_for
from ..servers import LOCK_SPACE

MINE = " AND datname = current_database() AND application_name <> 'faults' AND pid <> pg_backend_pid()"
ADVISORY = (
    "SELECT pid FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
    f" AND classid {{}} {LOCK_SPACE})" + MINE
)
# Kind of connection → how its backends are found.
BACKENDS = {
    "the inbox": "SELECT pid FROM pg_stat_activity WHERE query LIKE 'EXECUTE store_event%%'" + MINE,
    "a batch": "SELECT pid FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
    " AND clock_timestamp() - xact_start > interval '0.1 seconds'" + MINE,
    "the lock of a lane or a delivery": ADVISORY.format("="),
    "the job runner": ADVISORY.format("<>"),
    "an idle request": "SELECT pid FROM pg_stat_activity WHERE state = 'idle' AND query NOT LIKE 'LISTEN%%'"
    + MINE,
    "a cron worker": "SELECT pid FROM pg_stat_activity WHERE datname = 'postgres' AND pid <> pg_backend_pid()",
}
# How long the server stays away before it is started again.
AWAY_SECONDS = 1.0
SERVERS = ("immediate stop", "kill -9 of the postmaster", "kill -9 of a backend")


def run(
    env: Environment, outcome: Outcome, seed: int, backends=tuple(BACKENDS), servers=SERVERS, rounds: int = 1
) -> None:
    """End connections of each kind, then stop and kill the server, while events come in."""
    feed, chance = Feed(seed), random.Random(f"database/{seed}")
    secret = make_secret(f"database-{seed}")
    receiver = Receiver([secret], seed=seed, troubles=Troubles(percent=0))
    with (
        serving(receiver_server(receiver)) as ear,
        OwnCluster(env) as cluster,
        Hub(
            env,
            "database",
            delivery_url=ear.url + PATH,
            outbound_secret=secret,
            cluster=cluster,
            expected_traces=LOSS_TRACES,
        ) as hub,
    ):
        play = Rounds(hub, outcome, feed)
        play.prepare()
        breaking: dict[str, Callable[[], str | None]] = {
            "immediate stop": lambda: _restart(cluster, chance, cluster.stop_immediately),
            "kill -9 of the postmaster": lambda: _restart(cluster, chance, cluster.kill_postmaster),
            "kill -9 of a backend": lambda: _kill_backend(hub, cluster, chance),
        }
        for _round in range(rounds):
            for kind in backends:
                play.play(f"connection ended: {kind}", lambda kind=kind: _terminate(hub, kind, chance))
            for name in servers:
                play.play(name, breaking[name])
        taken = {entry.id: {entry.body} for entry in receiver.received()}
        outcome.fail(invariants.broken(hub, play.acknowledged, feed.gross_by_day, [], taken))


def _terminate(hub: Hub, kind: str, chance: random.Random) -> str | None:
    found = wait_for(lambda: hub.sql(BACKENDS[kind]))
    if not found:
        return None
    (pid,) = chance.choice(found)
    return f"backend {pid} of {len(found)}" if hub.one("SELECT pg_terminate_backend(%s)", pid) else None


def _restart(cluster: OwnCluster, chance: random.Random, stop: Callable[[], None]) -> str:
    time.sleep(chance.uniform(0.1, 1.0))
    stop()
    time.sleep(AWAY_SECONDS)
    cluster.start()
    return f"away for {AWAY_SECONDS:.0f} s and its own recovery"


def _kill_backend(hub: Hub, cluster: OwnCluster, chance: random.Random) -> str | None:
    found = wait_for(lambda: hub.sql(BACKENDS["a batch"]))
    if not found:
        return None
    cluster.kill_backend(chance.choice(found)[0])
    hub.one("SELECT 1")  # waits until the server takes connections again: Odoo may have to be started then
    return "the server ended all others and recovered"
