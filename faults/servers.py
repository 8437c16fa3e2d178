# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which process of a hub does what, so that the right one is killed."""

from __future__ import annotations

from pathlib import Path

from devtools import processes

from .hub import Hub

# The advisory locks of the product: lanes below this number, deliveries from it on.
LOCK_SPACE = 0x4649_4C4E
DELIVERIES_FROM = 1_000_000_000
FETCHES_FROM = 1_500_000_000
HELD = (
    "SELECT a.client_port FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'"
    " AND l.granted AND a.datname = current_database() AND l.classid = %s AND l.objid >= %s AND l.objid < %s"
)
# Runners elect their master by an advisory lock of their own.
MASTERS = (
    "SELECT a.client_port FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'"
    " AND l.classid <> %s AND a.datname = current_database()"
)
# Odoo lowers the priority of its cron workers.
CRON_NICE = 10


def draining(hub: Hub) -> list[int]:
    """The workers that hold the lock of a lane."""
    return _owning(hub, HELD, LOCK_SPACE, 0, DELIVERIES_FROM)


def delivering(hub: Hub) -> list[int]:
    """The workers that hold the lock of a connection's deliveries."""
    return _owning(hub, HELD, LOCK_SPACE, DELIVERIES_FROM, FETCHES_FROM)


def job_runners(hub: Hub) -> list[int]:
    """The processes that hand out queue jobs."""
    return _owning(hub, MASTERS, LOCK_SPACE)


def cron_workers(hub: Hub) -> list[int]:
    """The processes that run scheduled actions."""
    return [pid for pid in hub.server.worker_pids() if _nice(pid) == CRON_NICE]


def http_workers(hub: Hub) -> list[int]:
    """The processes that answer requests."""
    others = {*job_runners(hub), *cron_workers(hub)}
    return [
        pid
        for pid in hub.server.worker_pids()
        if pid not in others and " gevent " not in f" {processes.title(pid)} "
    ]


def _owning(hub: Hub, statement: str, *values) -> list[int]:
    """The children of the server from whose connections the rows of ``statement`` come (client ports)."""
    ports = {port for (port,) in hub.sql(statement, *values)}
    return [pid for pid in hub.server.worker_pids() if ports & set(local_ports(pid))]


def _nice(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[16])


def local_ports(pid: int) -> list[int]:
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
