# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The job runner looks once more, soon after it has come back.

queue_job hands a job out again that died with its process or its connection, once it was handed out more than ten
seconds ago. It looks when it starts, and then whenever it wakes, which may be a minute later: as long as dead jobs fill
their channel, neither a job whose time has come nor a new one wakes it. After PostgreSQL was away, or the server was
restarted, work would stand still for that minute. So a runner that has just connected also wakes at the moment at which
the youngest job that was handed out before it counts as dead. It costs one question per connection and nothing after.
"""

import functools
from contextlib import closing

from odoo.addons.queue_job import jobrunner
from odoo.addons.queue_job.jobrunner import runner

# After so many seconds queue_job takes a job for dead of which nobody holds the lock; dates are cut to the second.
DEAD_AFTER_SECONDS = 10
MARGIN_SECONDS = 1.2
YOUNGEST = """
    SELECT %s - extract(epoch FROM (now() AT TIME ZONE 'UTC') - max(date_enqueued))
      FROM queue_job WHERE state IN ('enqueued', 'started')
"""


class ReturningRunner(runner.QueueJobRunner):
    """queue_job's runner, with one more look after each connection."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._look_again_at = 0
        planned = self.channel_manager.get_wakeup_time
        self.channel_manager.get_wakeup_time = functools.partial(self._wake_for, planned)

    def initialize_databases(self):
        result = super().initialize_databases()
        now = runner._odoo_now()
        left = [
            seconds for seconds in map(self._seconds_left, self.db_by_name.values()) if seconds is not None
        ]
        self._look_again_at = now + max(left) if left else 0
        return result

    def _seconds_left(self, database):
        """Return in how many seconds the last of the jobs that were handed out counts as dead, None = there is none."""
        with closing(database.conn.cursor()) as cr:
            cr.execute(YOUNGEST, [DEAD_AFTER_SECONDS + MARGIN_SECONDS])
            (seconds,) = cr.fetchone()
        return None if seconds is None else min(max(float(seconds), 0.0), DEAD_AFTER_SECONDS + MARGIN_SECONDS)

    def _wake_for(self, planned):
        """Return when to wake, as the channels ask for it or before (0 = whenever something happens)."""
        wakeup_time = planned()
        if not self._look_again_at:
            return wakeup_time
        if runner._odoo_now() >= self._look_again_at:
            self._look_again_at = 0
            return wakeup_time
        return min(wakeup_time or self._look_again_at, self._look_again_at)


def install():
    """Let the server start this runner in place of queue_job's own."""
    jobrunner.QueueJobRunner = ReturningRunner
