# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Queue jobs of this addon are doorbells: what there is to do stands in the tables, and whoever comes next does it.

So a connection to PostgreSQL that was lost while a job was at work is no failure for a person to look at. The job
comes back by itself: where the loss hit a connection that its work had opened, by asking for another try; where it hit
the job's own, by being put back once it was marked as failed.
"""

import functools
from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.queue_job.exception import RetryableJobError

from . import isolation

BACK_AFTER_SECONDS = 5
# How queue_job names the exceptions with which psycopg2 reports a lost connection or a server that is away.
LOST_NAMES = (
    "psycopg2.OperationalError",
    "psycopg2.InterfaceError",
    "psycopg2.errors.AdminShutdown",
    "psycopg2.errors.CannotConnectNow",
    "psycopg2.errors.CrashShutdown",
)


def comes_back(job):
    """Decorate a job method: after an error of the database that passes by itself, the job is tried again."""

    @functools.wraps(job)
    def run(self, *arguments, **keywords):
        try:
            return job(self, *arguments, **keywords)
        except isolation.DATABASE_ERRORS as error:
            if not isolation.passes(error):
                raise
            text = f"the connection to the database was lost: {type(error).__name__}"
            raise RetryableJobError(text, seconds=BACK_AFTER_SECONDS, ignore_retry=True) from error

    return run


class IntegrationDoorbell(models.AbstractModel):
    """For models with jobs; ``_ring_again`` is what queue_job calls when one of them failed."""

    _name = "integration.doorbell"
    _description = "Queue jobs that come back"

    def _came_back(self):
        """Whether the job that is being run was run before: its process or its connection was lost."""
        self.env.cr.execute(
            "SELECT EXISTS (SELECT FROM queue_job WHERE uuid = %s AND (retry > 0 OR eta IS NOT NULL))",
            [self.env.context.get("job_uuid")],
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _ring_again(self, **_failure):
        """Put jobs of this model back that failed because their connection was lost."""
        failed = (
            self.env["queue.job"]
            .sudo()
            .search(
                [
                    ("model_name", "=", self._name),
                    ("state", "=", "failed"),
                    ("exc_name", "in", LOST_NAMES),
                ],
                limit=100,
            )
        )
        failed.requeue()
        self.env["queue.job"].flush_model()
        failed.invalidate_recordset()
        failed.write({"eta": fields.Datetime.now() + timedelta(seconds=BACK_AFTER_SECONDS)})
