# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the addon costs while nothing happens: statements, CPU and memory, against Odoo without it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from devtools import processes
from devtools.environment import Environment

from . import events, http_load
from .counting_proxy import CountingProxy
from .rounds import Check, Figure
from .stage import (
    STRIPE_SECRET,
    Stage,
    allow_administrator,
    make_connection,
    path_of,
)

# Long enough for one sweep to fall into it, whenever it comes.
SECONDS, QUICK_SECONDS = 300, 60
# A new database runs each of Odoo's scheduled actions once in its first minutes; that is no idling.
SETTLE_SECONDS = 180
MEMORY_LIMIT_MB = 200
# What two idle servers of the same kind differ by from minute to minute.
NOISE_CPU_SECONDS = 0.3
NOISE_STATEMENTS = 10
WARM_UP_INVOICES = 5


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Let both servers idle side by side for the same time and compare."""
    seconds = QUICK_SECONDS if quick else SECONDS
    with contextlib.ExitStack() as stack:
        doors, stages = [], []
        for name, stock in (("stock", True), ("addon", False)):
            door = CountingProxy(env.cluster.host, env.cluster.port)
            stack.callback(door.close)
            stage = stack.enter_context(Stage(env, f"idle-{name}", stock=stock, plain=True))
            load = () if not stock else ("--load=base,rpc,web,queue_job",)
            stage.start(options=(f"--db_port={door.port}", *load))
            doors.append(door)
            stages.append(stage)
        for stage in stages:
            _warm_up(stage)
        memory = [_largest_worker_mb(stage) for stage in stages]
        say(f"idle: largest worker {memory[0]:.0f} MB without, {memory[1]:.0f} MB with the addon")
        time.sleep(SETTLE_SECONDS)
        before = [(door.statements, _cpu_seconds(stage)) for door, stage in zip(doors, stages, strict=True)]
        for door in doors:
            door.kinds.clear()
        time.sleep(seconds)
        after = [(door.statements, _cpu_seconds(stage)) for door, stage in zip(doors, stages, strict=True)]
        kinds = [door.kinds.most_common(25) for door in doors]
    per_minute = [
        tuple((end - begin) * 60 / seconds for begin, end in zip(one, other, strict=True))
        for one, other in zip(before, after, strict=True)
    ]
    for name, counted in zip(("stock", "addon"), kinds, strict=True):
        say(
            f"idle: statements of {name}: " + "; ".join(f"{count} × {text[:50]!r}" for text, count in counted)
        )
    return [], _judge(per_minute, memory, seconds)


def _judge(per_minute, memory, seconds) -> list[Check]:
    (stock_sql, stock_cpu), (sql, cpu) = per_minute
    return [
        Check(
            f"Idle: no more CPU than Odoo without the addon (noise {NOISE_CPU_SECONDS} s per minute)",
            cpu <= stock_cpu + NOISE_CPU_SECONDS,
            f"{cpu:.2f} s per minute with, {stock_cpu:.2f} s without, over {seconds} s side by side",
        ),
        Check(
            f"Idle: no more SQL than Odoo without the addon (noise {NOISE_STATEMENTS} statements per minute)",
            sql <= stock_sql + NOISE_STATEMENTS,
            f"{sql:.0f} statements per minute with, {stock_sql:.0f} without",
        ),
        Check(
            f"Memory: the largest worker after warm-up within {MEMORY_LIMIT_MB} MB of Odoo without the addon",
            memory[1] - memory[0] <= MEMORY_LIMIT_MB,
            f"{memory[1]:.0f} MB with, {memory[0]:.0f} MB without (resident)",
        ),
    ]


def _warm_up(stage: Stage) -> None:
    """Let a person work for a moment on either server; with the addon also let events come in and be posted."""
    rpc = stage.rpc
    partner = rpc.call("res.partner", "create", [{"name": "Warm-up"}])[0]
    for number in range(WARM_UP_INVOICES):
        line = {"name": "Service", "quantity": 1, "price_unit": 10 + number}
        values = {"move_type": "out_invoice", "partner_id": partner, "invoice_line_ids": [[0, 0, line]]}
        rpc.call("account.move", "action_post", rpc.call("account.move", "create", [values]))
    if stage.stock:
        return
    allow_administrator(rpc)
    connection_id = make_connection(rpc, "stripe", "Stripe", STRIPE_SECRET)
    partner_connection = make_connection(rpc, "generic", "Partner", events.PARTNER_SECRET)
    rpc.call("integration.connection", "action_activate", [connection_id, partner_connection])
    told, signer = events.stripe_charges("idle", 50, STRIPE_SECRET)
    requests = events.signed(told, signer, path_of(rpc, connection_id), stage.port)
    load = http_load.send_all(stage.port, requests)
    if not load.all_good:
        raise RuntimeError(f"the hub answered {dict(load.statuses)}")
    done = "SELECT count(*) FROM integration_message WHERE status = 'done'"
    stage.wait_until(lambda: stage.value(done) == len(told), 120)
    stage.wait_no_jobs()


def _members(stage: Stage) -> list[int]:
    return [stage.server.pid, *processes.session_members(stage.server.pid)]


def _cpu_seconds(stage: Stage) -> float:
    """CPU time of all processes of a server so far, in seconds; PostgreSQL's share shows in the statements."""
    ticks = 0
    for pid in _members(stage):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _largest_worker_mb(stage: Stage) -> float:
    pages = max(
        int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        for pid in stage.server.worker_pids()
    )
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
