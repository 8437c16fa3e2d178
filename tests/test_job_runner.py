# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A job runner that comes back hands out again what died with it, without waiting for its next round (E11)."""

import time
from types import SimpleNamespace
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from ..models.messaging import job_runner
from ..models.messaging.job_runner import DEAD_AFTER_SECONDS, MARGIN_SECONDS, ReturningRunner


@tagged("post_install", "-at_install")
class TestReturningRunner(TransactionCase):
    def setUp(self):
        super().setUp()
        self.runner = ReturningRunner(channel_config_string="root:1")
        self.now = time.time()
        self.startPatcher(patch.object(job_runner.runner, "_odoo_now", lambda: self.now))

    def connect(self, seconds_ago):
        """Connect to a database in which the youngest job was handed out so long ago (None = no job is under way)."""
        self.env.cr.execute("DELETE FROM queue_job")
        if seconds_ago is not None:
            job = self.env["res.partner"].with_delay()._compute_display_name().db_record()
            job.flush_recordset()
            self.env.cr.execute(
                "UPDATE queue_job SET state = 'enqueued', date_enqueued ="
                " (now() AT TIME ZONE 'UTC') - %s * interval '1 second' WHERE id = %s",
                [seconds_ago, job.id],
            )
        connection = SimpleNamespace(cursor=lambda: _Borrowed(self.env.cr))
        with patch.object(job_runner.runner.QueueJobRunner, "initialize_databases", lambda _runner: None):
            self.runner.db_by_name = {"here": SimpleNamespace(conn=connection)}
            self.runner.initialize_databases()

    def wakes_in(self):
        at = self.runner.channel_manager.get_wakeup_time()
        return at and at - self.now

    def test_it_wakes_when_the_youngest_job_counts_as_dead(self):
        for ago, left in ((0, DEAD_AFTER_SECONDS), (7, 3), (300, -MARGIN_SECONDS)):
            with self.subTest(ago=ago):
                self.connect(ago)
                self.assertAlmostEqual(self.wakes_in() or 0, max(left + MARGIN_SECONDS, 0), delta=0.2)

    def test_it_wakes_once_and_then_as_queue_job_has_it(self):
        self.connect(7)
        self.now += 3 + MARGIN_SECONDS + 0.5
        self.assertEqual(self.runner.channel_manager.get_wakeup_time(), 0)
        self.assertEqual(self.runner.channel_manager.get_wakeup_time(), 0)

    def test_a_job_whose_time_comes_before_wakes_it_all_the_same(self):
        self.connect(0)
        manager = self.runner.channel_manager
        manager.notify("here", "root", "one", 1, 0, 10, self.now + 2, "pending")
        manager.get_jobs_to_run(self.now)
        list(manager.get_jobs_to_run(self.now))
        self.assertAlmostEqual(self.wakes_in(), 2, delta=0.2)

    def test_without_jobs_under_way_nothing_changes(self):
        self.connect(None)
        self.assertEqual(self.runner.channel_manager.get_wakeup_time(), 0)

    def test_the_server_starts_this_runner(self):
        with patch.object(job_runner.jobrunner, "QueueJobRunner", None):
            job_runner.install()
            self.assertIs(job_runner.jobrunner.QueueJobRunner, ReturningRunner)


class _Borrowed:
    """The test's cursor, which whoever borrows it does not close."""

    def __init__(self, cr):
        self.execute, self.fetchone = cr.execute, cr.fetchone

    def close(self):
        pass
