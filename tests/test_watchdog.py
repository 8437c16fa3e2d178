# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A missing job runner is noticed, said, and made up for (E11)."""

import json
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.sql_db import db_connect
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID

from ..controllers import ops
from ..models.monitoring import fallback
from ..simulators.partner import documents
from .common import ANNA, IntegrationCommon

AUDITOR = "finance_integration.group_auditor"


class WatchdogCommon(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.env["queue.job"].sudo().search([("channel", "like", "root.finance_integration")]).unlink()
        self.watchdog = self.root["integration.watchdog"]

    def wait(self, seconds):
        """Let a drain have been waiting for so long; returns its job."""
        lane = self.partner_connection.flow_ids.lane_id.with_env(self.root)
        lane._ring()
        jobs = self.env["queue.job"].sudo().search([("method_name", "=", "_drain")])
        since = fields.Datetime.now() - timedelta(seconds=seconds)
        self.env.cr.execute(SQL("UPDATE queue_job SET date_created = %s WHERE id = ANY(%s)", since, jobs.ids))
        self.env.invalidate_all()
        return jobs

    def finish(self, jobs):
        jobs.write({"state": "done"})
        self.env.flush_all()

    def stored_event(self):
        """Store an invoice that nobody has booked yet; returns its message."""
        line = documents.Line("Advice", Decimal(1), Decimal("10.00"), ("STD",))
        today = self.clock.now.date()
        document = documents.invoice("W-1", ANNA, [line], self.clock.now, due_date=today)
        return self.send_partner("invoice.issued", document, drain=False)

    def open_findings(self):
        domain = [("connection_id", "=", False), ("state", "=", "open")]
        return self.env["integration.exception"].sudo().search(domain).mapped("code")


class TestWatchdog(WatchdogCommon):
    def test_a_runner_is_seen_by_its_lock(self):
        self.assertFalse(self.watchdog._runner_seen())
        with closing(db_connect(self.env.cr.dbname).cursor()) as runner:
            runner.execute(SQL("SELECT pg_advisory_lock(%s)", PG_ADVISORY_LOCK_ID))
            try:
                self.assertTrue(self.watchdog._runner_seen())
            finally:
                runner.execute(SQL("SELECT pg_advisory_unlock(%s)", PG_ADVISORY_LOCK_ID))
        self.assertFalse(self.watchdog._runner_seen())

    def test_it_is_said_once_and_taken_back_by_itself(self):
        jobs = self.wait(100)
        self.watchdog._cron_watch()
        self.watchdog._cron_watch()
        self.assertEqual(self.open_findings(), ["runner_missing"])
        exception = self.env["integration.exception"].search([("code", "=", "runner_missing")])
        self.assertFalse(exception.company_id)
        self.assertIn("the job runner is not running", exception.what)
        people = exception.sudo().activity_ids.user_id
        self.assertTrue(people)
        self.assertLessEqual(people, self.watchdog._administrators())
        self.finish(jobs)
        self.watchdog._cron_watch()
        self.assertEqual(self.open_findings(), [])
        self.assertEqual(exception.state, "resolved")
        self.assertFalse(exception.sudo().activity_ids)

    def test_what_is_young_is_no_alarm(self):
        self.wait(30)
        self.watchdog._cron_watch()
        self.assertEqual(self.open_findings(), [])

    def test_an_event_that_nobody_was_asked_to_book_is_found(self):
        message = self.stored_event()
        message._write({"received_at": fields.Datetime.now() - timedelta(seconds=400)})
        self.env["queue.job"].sudo().search([("channel", "like", "root.finance_integration")]).unlink()
        self.registry_enter_test_mode()
        self.watchdog._cron_watch()
        self.assertEqual(self.open_findings(), ["work_stranded"])
        self.drain(self.partner_connection)
        self.watchdog._cron_watch()
        self.assertEqual(self.open_findings(), [])

    def test_the_banner_is_for_those_who_work_with_it(self):
        self.wait(100)
        auditor = new_test_user(self.env, "fi_w_auditor", groups=AUDITOR, company_id=self.company.id)
        clerk = new_test_user(self.env, "fi_w_clerk", groups="base.group_user")
        self.assertFalse(self.env["integration.watchdog"].with_user(clerk).banner())
        shown = self.env["integration.watchdog"].with_user(auditor).banner()
        self.assertIn("not being booked at once since", shown["text"])
        self.assertFalse(shown["exception_id"])
        self.watchdog._cron_watch()
        shown = self.env["integration.watchdog"].with_user(auditor).banner()
        exception = self.env["integration.exception"].with_user(auditor).browse(shown["exception_id"])
        self.assertEqual(exception.code, "runner_missing")
        self.finish(self.env["queue.job"].sudo().search([("method_name", "=", "_drain")]))
        self.assertFalse(self.env["integration.watchdog"].with_user(auditor).banner())


class TestFallback(WatchdogCommon):
    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.fallback = self.root["integration.fallback"]
        # The framework forbids to commit a test's own transaction.
        self.startPatcher(patch.object(type(self.fallback), "_let_go_of_snapshot", lambda _self: None))

    def test_it_runs_what_waits_when_there_is_no_runner(self):
        message = self.stored_event()
        jobs = self.wait(60)
        self.assertEqual(self.fallback._cron_run(), 1)
        self.env.invalidate_all()
        self.assertEqual((message.stage, message.status), ("posted", "done"))
        self.assertEqual(jobs.state, "done")
        self.assertEqual(self.fallback._cron_run(), 0)

    def test_it_leaves_alone_what_a_runner_will_take(self):
        message = self.stored_event()
        self.wait(60)
        with patch.object(type(self.watchdog), "_runner_seen", lambda _self: True):
            self.assertEqual(self.fallback._cron_run(), 0)
        self.assertEqual(message.status, "ready")

    def test_it_waits_for_a_runner_that_is_being_restarted(self):
        self.wait(fallback.GRACE_SECONDS - 5)
        self.assertEqual(self.fallback._cron_run(), 0)

    def test_a_runner_that_takes_nothing_is_made_up_for(self):
        message = self.stored_event()
        self.wait(100)
        with patch.object(type(self.watchdog), "_runner_seen", lambda _self: True):
            self.assertEqual(self.fallback._cron_run(), 1)
        self.env.invalidate_all()
        self.assertEqual(message.status, "done")

    def test_a_job_whose_process_died_is_taken_up(self):
        message = self.stored_event()
        jobs = self.wait(300)
        died = fields.Datetime.now() - timedelta(seconds=120)
        self.env.cr.execute(
            SQL(
                "UPDATE queue_job SET state = 'started', date_enqueued = %s, date_started = %s"
                " WHERE id = ANY(%s)",
                died, died, jobs.ids,
            )
        )  # fmt: skip
        self.assertEqual(self.fallback._cron_run(), 1)
        self.env.invalidate_all()
        self.assertEqual(message.status, "done")

    def test_it_stops_after_its_budget(self):
        self.wait(60)
        self.assertEqual(self.fallback._cron_run(budget_seconds=0), 0)

    def test_jobs_of_others_are_not_touched(self):
        job = self.env["res.partner"].with_delay(channel="root").search_count([])
        row = self.env["queue.job"].sudo().search([("uuid", "=", job.uuid)])
        self.env.cr.execute(
            SQL(
                "UPDATE queue_job SET date_created = %s WHERE id = %s",
                fields.Datetime.now() - timedelta(hours=1),
                row.id,
            )
        )
        self.assertEqual(self.fallback._cron_run(), 0)
        self.env.invalidate_all()
        self.assertEqual(row.state, "pending")


@tagged("post_install", "-at_install")
class TestReady(WatchdogCommon, HttpCase):
    def ask(self, query=""):
        ops._last.clear()
        answer = self.url_open(f"/integration/v1/ready{query}")
        return answer.status_code, json.loads(answer.content)

    def test_it_says_whether_work_is_done_and_nothing_of_the_business(self):
        status, said = self.ask()
        self.assertEqual(status, 200)
        self.assertEqual(
            said,
            {"status": "ready", "database": True, "job_runner": False, "waiting_seconds": 0, "findings": []},
        )
        self.wait(100)
        status, said = self.ask()
        self.assertEqual((status, said["status"], said["findings"]), (200, "degraded", ["runner_missing"]))
        self.assertGreaterEqual(said["waiting_seconds"], 100)
        self.assertEqual(self.ask("?strict=1")[0], 503)

    def test_alive_stays_alive(self):
        self.wait(100)
        answer = self.url_open("/integration/v1/health")
        self.assertEqual((answer.status_code, json.loads(answer.content)), (200, {"status": "alive"}))
