# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One scheduled action finds what was left behind, and comes in time only where something is expected (E11)."""

from datetime import timedelta
from unittest.mock import patch

import psycopg2

from odoo import fields

from ..models.messaging import inbox_connection, next_look
from ..models.messaging.inbox_connection import InboxConnection
from ..simulators.partner import documents
from .common import ANNA, IntegrationCommon

# The question; what people have matched (two) or moved on (two); money and invoices without a second look, also those
# of companies for which another one collects (four).
IDLE_STATEMENTS = 9


class SweepCommon(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.startPatcher(patch.dict(next_look._known, clear=True))
        self.sweep_cron = self.env.ref("finance_integration.cron_sweep").sudo()
        self.fetch_cron = self.env.ref("finance_integration.cron_pull").sudo()
        (self.sweep_cron | self.fetch_cron).nextcall = fields.Datetime.now() + timedelta(days=1)
        self.env["queue.job"].sudo().search([]).unlink()
        self.startPatcher(patch.object(type(self.env["integration.fallback"]), "_cron_run"))  # it commits
        self.env.flush_all()
        self.forget()

    def invoice(self, number):
        """Let an invoice come in for which nobody rings."""
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"))
        document = documents.invoice(number, ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        return self.send_partner("invoice.issued", document, drain=False)

    def forget(self):
        self.env["ir.cron.trigger"].sudo().search([]).unlink()

    def expected(self, cron=None):
        """Return in how many seconds a scheduled action is expected, one figure per trigger."""
        now = fields.Datetime.now()
        rows = self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", (cron or self.sweep_cron).id)])
        return [round((row.call_at - now).total_seconds()) for row in rows.sorted("call_at")]

    def sweep(self):
        self.root["integration.sweep"]._cron_run()
        self.env.invalidate_all()


class TestSweep(SweepCommon):
    def test_where_nothing_is_left_behind_it_asks_and_leaves(self):
        self.sweep()  # caches are filled
        self.env.flush_all()
        with self.assertQueryCount(IDLE_STATEMENTS):
            self.root["integration.sweep"]._cron_run()
        self.assertEqual(self.expected(), [])

    def test_an_event_that_nobody_rang_for_is_rung_for_and_looked_after(self):
        self.invoice("S-1")
        self.env["queue.job"].sudo().search([]).unlink()
        self.forget()
        self.sweep()
        jobs = self.env["queue.job"].sudo().search([("method_name", "=", "_drain")])
        self.assertEqual(jobs.mapped("records.id"), [self.partner_connection.flow_ids.lane_id.id])
        [seconds] = self.expected()
        self.assertAlmostEqual(seconds, 60, delta=3)

    def test_it_comes_when_a_pause_ends(self):
        message = self.invoice("S-1")
        due = fields.Datetime.now() + timedelta(minutes=20)
        message.with_env(self.root)._write({"status": "waiting", "due_at": due})
        self.env.flush_all()
        self.env["queue.job"].sudo().search([]).unlink()
        self.forget()
        self.sweep()
        self.assertFalse(self.env["queue.job"].sudo().search_count([]))
        [seconds] = self.expected()
        self.assertAlmostEqual(seconds, 1200, delta=3)

    def test_what_rests_calls_nobody(self):
        message = self.invoice("S-1")
        for connection_state, status in (("paused", "ready"), ("active", "parked"), ("active", "done")):
            with self.subTest(status):
                self.partner_connection.with_env(self.root).state = connection_state
                message.with_env(self.root)._write({"status": status})
                self.env.flush_all()
                self.env["queue.job"].sudo().search([]).unlink()
                self.forget()
                self.sweep()
                self.assertEqual(self.expected(), [])

    def test_a_held_event_without_deadline_is_looked_at_whenever_it_comes(self):
        lane = type(self.env["integration.lane"])
        message = self.invoice("S-1")
        message.with_env(self.root)._write({"status": "held"})
        self.env.flush_all()
        with patch.object(lane, "_sweep_holds") as looked:
            self.sweep()
        looked.assert_called_once()

    def test_jobs_are_looked_after_from_when_they_are_due(self):
        lane = self.partner_connection.flow_ids.lane_id
        lane.with_delay(channel="root.finance_integration", eta=600)._drain()
        self.assertAlmostEqual(self.expected()[0], 660, delta=3)
        lane.with_delay(channel="root.finance_integration")._watch()
        self.assertAlmostEqual(self.expected()[0], 60, delta=3)
        self.forget()
        lane.with_delay(channel="root.somebody_else")._drain()
        self.assertEqual(self.expected(), [])

    def test_the_watchdog_and_the_fallback_look_only_where_jobs_wait(self):
        fallback = type(self.env["integration.fallback"])
        with patch.object(fallback, "_cron_run") as called:
            self.sweep()
            called.assert_not_called()
            lane = self.partner_connection.flow_ids.lane_id
            job = lane.with_delay(channel="root.finance_integration")._drain().db_record()
            job.eta = fields.Datetime.now() - timedelta(minutes=2)
            self.env.flush_all()
            self.sweep()
            called.assert_called_once()


class TestNextLook(SweepCommon):
    def look(self, seconds=None, **options):
        at = seconds and fields.Datetime.now() + timedelta(seconds=seconds)
        self.env["integration.next.look"]._expect(at, **options)

    def test_one_trigger_serves_all_who_expect_it_by_then(self):
        for _time in range(3):
            self.look()
        self.look(300)
        self.assertEqual(len(self.expected()), 1)

    def test_an_earlier_instant_is_a_trigger_of_its_own(self):
        self.look(900)
        self.look(300)
        self.look()
        self.assertEqual(len(self.expected()), 3)

    def test_a_look_that_comes_too_soon_to_see_it_does_not_count(self):
        """What is stored now may be committed after the scheduler has looked."""
        self.sweep_cron.nextcall = fields.Datetime.now() + timedelta(seconds=5)
        self.env.flush_all()
        self.look()
        self.assertEqual(len(self.expected()), 1)

    def test_where_the_scheduler_comes_by_then_anyway_nothing_is_written(self):
        self.sweep_cron.nextcall = fields.Datetime.now() + timedelta(seconds=50)
        self.env.flush_all()
        self.look()
        self.assertEqual(self.expected(), [])

    def test_scheduled_actions_that_are_switched_off_stay_off(self):
        self.sweep_cron.active = False
        self.env.flush_all()
        self.look()
        self.assertEqual(self.expected(), [])

    def test_before_its_first_event_a_process_says_that_it_may_die(self):
        """On a real connection, with the statement that the inbox uses; what it wrote is taken away again."""
        self.addCleanup(self._forget_committed)
        connection = InboxConnection(self.env.cr.dbname)
        self.addCleanup(connection.close)
        connection._open()
        with connection._connection.cursor() as cursor:
            cursor.execute("SELECT active FROM ir_cron WHERE id = %s", (self.sweep_cron.id,))
            [active] = cursor.fetchone()
            connection._expect_a_look(cursor)
            connection._expect_a_look(cursor)
            cursor.execute(
                "SELECT round(extract(epoch FROM call_at - now() AT TIME ZONE 'UTC')) FROM ir_cron_trigger"
                " WHERE cron_id = %s",
                (self.sweep_cron.id,),
            )
            rows = [int(row[0]) for row in cursor.fetchall()]
        # Outside this test's transaction no connection is active, so the action may rest: then nothing is written.
        self.assertLessEqual(len(rows), 1)
        if active:
            self.assertTrue(all(60 <= seconds <= 121 for seconds in rows))
        self.assertGreater(connection._looked_after_until, 0)

    def _forget_committed(self):
        connection = psycopg2.connect(**inbox_connection.connection_info_for(self.env.cr.dbname)[1])
        with connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM ir_cron_trigger WHERE cron_id = %s", (self.sweep_cron.id,))
        connection.close()

    def test_a_refused_event_is_no_reason_to_forget_who_looks_after_the_others(self):
        """Where the statement itself fails, the next event says it again."""
        connection = InboxConnection(self.env.cr.dbname)

        class Refusing:
            def execute(self, *_arguments):
                raise psycopg2.ProgrammingError("no such table")

        with self.assertRaises(psycopg2.ProgrammingError):
            connection._expect_a_look(Refusing())
        self.assertEqual(connection._looked_after_until, 0.0)


class TestNextFetch(SweepCommon):
    def test_fetching_is_expected_when_the_next_list_is_due(self):
        self._secret(self.stripe_connection, "api", "sk_test_0123456789abcdef")
        self.assertAlmostEqual(self.expected(self.fetch_cron)[0], 60, delta=3)
        self.forget()
        now = fields.Datetime.now()
        cursors = self.root["integration.pull.cursor"].create(
            [
                {"connection_id": self.stripe_connection.id, "pull": pull, "started_at": now}
                for pull in self.stripe_connection._spec().pulls
            ]
        )
        self.root["integration.connection"]._cron_pull()
        [seconds] = self.expected(self.fetch_cron)
        self.assertAlmostEqual(seconds, 15 * 60, delta=3)
        cursors[:1].write({"state": "waiting", "not_before": now + timedelta(minutes=5)})
        self.assertAlmostEqual(self.expected(self.fetch_cron)[0], 5 * 60, delta=3)

    def test_without_a_key_nothing_is_expected(self):
        self.root["integration.connection"]._cron_pull()
        self.assertEqual(self.expected(self.fetch_cron), [])

    def test_another_schedule_counts_from_now(self):
        self._secret(self.stripe_connection, "api", "sk_test_0123456789abcdef")
        self.root["integration.pull.cursor"].create(
            [
                {
                    "connection_id": self.stripe_connection.id,
                    "pull": pull,
                    "started_at": fields.Datetime.now(),
                }
                for pull in self.stripe_connection._spec().pulls
            ]
        )
        self.forget()
        self.stripe_connection.pull_every_minutes = 2
        self.assertAlmostEqual(self.expected(self.fetch_cron)[0], 120, delta=3)
