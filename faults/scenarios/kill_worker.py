# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""kill -9 of single workers while they drain, and of the job runner: nothing lost, nothing booked twice (E1, E11)."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from devtools.environment import Environment

from .. import invariants, money_invariants
from ..feed import Feed
from ..hub import DRAINING, Hub
from ..outcome import Outcome
from ..shots import Volley

DELIVERIES = 300
CONNECTIONS = 4
KILLS = 3
SENDING_SECONDS = 300
WORKED_OFF = (
    "SELECT count(*) FROM integration_message WHERE direction = 'in' AND status IN ('done', 'parked')"
)
READY = "SELECT count(*) FROM integration_message WHERE direction = 'in' AND status = 'ready'"
# The port from which a backend is connected tells which process drains.
DRAINERS = (
    "SELECT client_port FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
    " AND pid <> pg_backend_pid() AND clock_timestamp() - xact_start > interval '0.3 seconds'"
)
MASTERS = (
    "SELECT a.client_port FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'"
    " AND l.classid <> 1179208782 AND a.datname = current_database()"
)


def run(
    env: Environment, outcome: Outcome, seed: int, deliveries: int = DELIVERIES, kills: int = KILLS
) -> None:
    """Send a mix; kill the worker that is in the middle of a batch, then the worker that runs the job runner."""
    feed, chance = Feed(seed), random.Random(f"worker/{seed}")
    mix = feed.mix(deliveries)
    with Hub(env, "kill-worker") as hub:
        volley = Volley(hub, mix, connections=CONNECTIONS).start()
        hub.wait(lambda: hub.one(READY) > 0, 60, "the first events")
        for _number in range(kills):
            _kill_draining_worker(hub, outcome, chance)
        _kill_job_runner(hub, outcome)
        volley.join(SENDING_SECONDS)
        outcome.note(
            f"answers {dict(volley.acknowledged.answers)}, worked off {hub.wait_drained():.1f} s later"
        )
        if not hub.server.is_running():
            outcome.fail(["the server ended with its worker"])
        hub.wait(
            lambda: not money_invariants.money_is_applied_to_its_invoice(hub), 120, "money meets its invoices"
        )
        outcome.fail(invariants.broken(hub, volley.acknowledged.events, feed.gross_by_day))


def _kill_draining_worker(hub: Hub, outcome: Outcome, chance: random.Random) -> None:
    if not _wait_for_batch(hub):
        outcome.note("nothing left to be worked off")
        return
    time.sleep(chance.uniform(0, 0.8))
    ports = {port for (port,) in hub.sql(DRAINERS)}
    workers = [pid for pid in hub.server.worker_pids() if ports & set(_local_ports(pid))]
    if not workers:
        outcome.note("the batch ended before its worker could be killed")
        return
    victim = chance.choice(workers)
    done = hub.one(WORKED_OFF)
    os.kill(victim, signal.SIGKILL)
    began = time.monotonic()
    if not hub.one(READY):
        outcome.note("killed a worker in its last batch")
        return
    hub.wait(
        lambda: hub.one(WORKED_OFF) > done or not hub.one(READY),
        120,
        "work goes on without the killed worker",
    )
    outcome.note(
        f"killed the draining worker with {done} worked off; work goes on {time.monotonic() - began:.1f} s later"
    )


def _wait_for_batch(hub: Hub) -> bool:
    deadline = time.monotonic() + 90
    while not hub.one(DRAINING):
        if not hub.one(READY) or time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _kill_job_runner(hub: Hub, outcome: Outcome) -> None:
    """The job runner is the child whose connection holds the lock by which runners elect their master."""
    ports = {port for (port,) in hub.sql(MASTERS)}
    runners = [pid for pid in hub.server.worker_pids() if ports & set(_local_ports(pid))]
    if not runners:
        outcome.note("no job runner was found to kill")
        return
    os.kill(runners[0], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while runners[0] in hub.server.worker_pids() and time.monotonic() < deadline:
        time.sleep(0.1)
    outcome.note("killed the job runner")


def _local_ports(pid: int) -> list[int]:
    """Local TCP ports of a process's connections, as the kernel lists them (proc(5))."""
    inodes = set()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = str(link.readlink())
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
        table = Path(f"/proc/{pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    except OSError:  # it has just ended
        return []
    rows = [line.split() for line in table]
    return [int(row[1].rpartition(":")[2], 16) for row in rows if row[9] in inodes]
