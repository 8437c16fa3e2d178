# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Works off the hub's queued jobs from the scheduler while the job runner is missing (E11).

Drains, deliveries, fetches, rules and everything else of the hub are queued jobs that lock what they work on. So the
fallback needs no second way of doing any of it: it takes waiting jobs as the runner would, one after the other, and
runs them by the same rules. A job is taken by one statement that locks its row; a runner that comes back finds it
taken.
"""

import logging
import time
from contextlib import closing
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from odoo.addons.queue_job.controllers.main import RunJobController

from ...engine import watchdog
from ..messaging import isolation
from .watchdog import CHANNELS

_logger = logging.getLogger(__name__)

# A runner takes a job within a second; one that is being restarted is back within this time.
GRACE_SECONDS = 20
# No further job is begun after this; the last one may take its own minute.
BUDGET_SECONDS = 40
# As long as the runner itself waits before it takes a job for dead, and more.
DEAD_AFTER_SECONDS = 60
MAX_JOBS = 500


class IntegrationFallback(models.AbstractModel):
    _name = "integration.fallback"
    _description = "Work without a job runner"

    @api.model
    def _cron_run(self, budget_seconds=BUDGET_SECONDS):
        """Work off waiting jobs of the hub if nobody else does; returns how many were run."""
        if not self._is_needed():
            return 0
        registry = self.env.registry
        self._let_go_of_snapshot()
        deadline, count = time.monotonic() + budget_seconds, 0
        step = self.env["integration.drain"]._in_own_transaction
        step(registry, lambda env: env["integration.fallback"]._requeue_dead())
        while count < MAX_JOBS and time.monotonic() < deadline:
            uuid = step(registry, lambda env: env["integration.fallback"]._claim())
            if not uuid:
                break
            self._perform(registry, uuid)
            count += 1
        if count:
            _logger.info("the job runner is missing: the scheduler has run %s jobs of the hub", count)
        return count

    def _let_go_of_snapshot(self):
        """End the scheduler's own transaction: it must not hold a snapshot while others work for a minute."""
        self.env.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _is_needed(self):
        """Whether waiting jobs are left alone: no runner is connected, or the one that is takes nothing."""
        seen = self.env["integration.watchdog"]._look()
        if not seen.pending_since and not self._dead_jobs():
            return False
        if not seen.runner_seen:
            return True
        return any(row.code == watchdog.RUNNER_IDLE for row in watchdog.findings(seen))

    def _dead_jobs(self):
        self.env.cr.execute(SQL("SELECT EXISTS (SELECT FROM queue_job j WHERE %s)", self._dead_part()))
        return self.env.cr.fetchone()[0]

    def _dead_part(self):
        return SQL(
            "j.channel LIKE %s AND j.state IN ('enqueued', 'started') AND j.date_enqueued < %s",
            CHANNELS,
            fields.Datetime.now() - timedelta(seconds=DEAD_AFTER_SECONDS),
        )

    def _requeue_dead(self):
        """Put jobs back whose process died: they are marked as taken, and nobody holds their lock."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE queue_job j SET state = 'pending'
                 WHERE %s
                   AND (NOT EXISTS (SELECT FROM queue_job_lock l WHERE l.queue_job_id = j.id)
                        OR j.id IN (SELECT l.queue_job_id FROM queue_job_lock l WHERE l.queue_job_id = j.id
                                       FOR NO KEY UPDATE SKIP LOCKED))
             RETURNING j.uuid
                """,
                self._dead_part(),
            )
        )
        for (uuid,) in self.env.cr.fetchall():
            _logger.info("job %s was left by a process that died and waits again", uuid)

    def _claim(self):
        """Take the next waiting job as the runner would; returns its uuid, or None."""
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """
                UPDATE queue_job SET state = 'enqueued', date_enqueued = %(now)s
                 WHERE id = (SELECT id FROM queue_job
                              WHERE state = 'pending' AND channel LIKE %(channels)s
                                AND COALESCE(eta, date_created) <= %(before)s
                              ORDER BY priority, COALESCE(eta, date_created), id
                              LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING uuid
                """,
                now=now,
                channels=CHANNELS,
                before=now - timedelta(seconds=GRACE_SECONDS),
            )
        )
        row = self.env.cr.fetchone()
        return row and row[0]

    @api.model
    def _perform(self, registry, uuid):
        """Run one job in a transaction of its own; what it raises is kept with the job, as ever."""
        with isolation.one_event() as errors, closing(registry.cursor()) as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            job = RunJobController._acquire_job(env, uuid)
            if job:
                RunJobController._runjob(env, job)
                cr.commit()  # pylint: disable=invalid-commit
        registry.signal_changes()
        if errors:
            _logger.info("job %s failed", uuid)
