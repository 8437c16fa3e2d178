# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whether work is being done: a missing job runner, jobs that hang, work that nobody was asked to do (E11).

Pure: what was seen in the database goes in, findings come out.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

RUNNER_MISSING = "runner_missing"
RUNNER_IDLE = "runner_idle"
WORK_STUCK = "work_stuck"
WORK_STRANDED = "work_stranded"
FINDINGS = (RUNNER_MISSING, RUNNER_IDLE, WORK_STUCK, WORK_STRANDED)

# A job runner takes a job within a second; the doorbell and a busy machine may take some more.
WAITING_SECONDS = 90
# Drains stop after 25 seconds and deliveries after 60.
SHORT_JOB_SECONDS = 600
# The sweep rings for everything that is ready each minute.
STRANDED_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class Seen:
    """What one look at the database shows; every instant is UTC-aware, None = there is none.

    ``runner_seen``        a job runner holds its lock on this database.
    ``pending_since``      since when the oldest job that may run is waiting to be taken.
    ``running``            how many jobs of the hub are being run.
    ``last_started``       when a job of the hub was last taken.
    ``short_job_since``    when the oldest running job that ends by itself within a minute was taken.
    ``ready_since``        since when the oldest event that could be booked or sent is waiting.
    ``asked``              jobs are waiting or running that would do it.
    """

    now: datetime
    runner_seen: bool
    pending_since: datetime | None = None
    running: int = 0
    last_started: datetime | None = None
    short_job_since: datetime | None = None
    ready_since: datetime | None = None
    asked: bool = False


@dataclasses.dataclass(frozen=True)
class Watched:
    """One thing that is wrong, with the instant since when."""

    code: str
    since: datetime


def findings(seen: Seen) -> tuple[Watched, ...]:
    """Return what is wrong, the gravest first; empty when everything is being done or nothing is to be done."""
    found = []
    runner = _runner_finding(seen)
    if runner:
        found.append(runner)
    if _older(seen.short_job_since, seen.now, SHORT_JOB_SECONDS):
        found.append(Watched("work_stuck", seen.short_job_since))
    if not runner and not seen.asked and _older(seen.ready_since, seen.now, STRANDED_SECONDS):
        found.append(Watched("work_stranded", seen.ready_since))
    return tuple(found)


def _runner_finding(seen: Seen) -> Watched | None:
    """A waiting job proves nothing while others run: the channel may be full. Then it is only slow."""
    if not _older(seen.pending_since, seen.now, WAITING_SECONDS):
        return None
    if not seen.runner_seen:
        return Watched("runner_missing", seen.pending_since)
    if seen.running or not _older(seen.last_started or seen.pending_since, seen.now, WAITING_SECONDS):
        return None
    return Watched("runner_idle", seen.pending_since)


def _older(instant: datetime | None, now: datetime, seconds: int) -> bool:
    return instant is not None and now - instant >= timedelta(seconds=seconds)
