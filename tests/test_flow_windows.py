# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""When flows rest: windows, pauses, limits; what came in meanwhile goes on in order (E10)."""

from datetime import datetime, timedelta, timezone
from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import mute_logger

from ..controllers import reading
from ..models.messaging import flow_window, shared_rates
from ..simulators.partner import documents
from .common import BEN
from .test_flow_life import FlowCommon

# A Monday, 07:00 and 09:00 in New York; to come, because the database's own clock decides what is due.
CLOSED = datetime(2031, 3, 3, 12, 0, tzinfo=timezone.utc)
OPEN = datetime(2031, 3, 3, 14, 0, tzinfo=timezone.utc)
OPENING = datetime(2031, 3, 3, 13, 0, tzinfo=timezone.utc)


class TestWindows(FlowCommon):
    def setUp(self):
        super().setUp()
        self.issued = self.flow()
        self.lane = self.issued.lane_id.with_env(self.root)
        self.at(CLOSED)

    def at(self, moment):
        """Let the windows see this moment."""
        self.now = moment
        if not hasattr(self, "_patched"):
            self._patched = patch.object(flow_window, "utc_now", side_effect=lambda: self.now)
            self._patched.start()
            self.addCleanup(self._patched.stop)

    def window(self, name, flow=None):
        """Let a flow work, or book, from 8:00 to 18:00 on workdays."""
        (flow or self.issued).write(
            {
                f"has_{name}_window": True,
                f"{name}_days": "12345",
                f"{name}_from": 8.0,
                f"{name}_to": 18.0,
            }
        )

    def jobs(self):
        return self.env["queue.job"].sudo().search([], order="id")

    def test_outside_the_processing_window_events_are_kept_and_then_booked_in_order(self):
        self.window("processing")
        messages = self.invoice_event("W-1") | self.invoice_event("W-2", BEN)
        other = self.send_partner("customer.updated", documents.customer(BEN, self.clock.now))
        self.assertEqual(messages.mapped("status"), ["ready", "ready"])
        self.assertEqual(other.status, "done", "flows without a window go on")
        self.assertEqual((self.issued.waiting_count, self.booked("W-1")), (2, 0))
        self.at(OPEN)
        self.drain(self.partner_connection)
        self.assertEqual(messages.mapped("status"), ["done", "done"])
        first, second = (self.became(message, "account.move") for message in messages)
        self.assertLess(first.id, second.id)

    def test_a_closed_window_is_not_rung_for_and_one_job_wakes_the_lane_when_it_opens(self):
        self.registry_enter_test_mode()
        self.window("processing")
        self.invoice_event("W-1", drain=False)
        before = self.jobs()
        for _ring in range(3):
            self.lane._hear_ring()
        made = self.jobs() - before
        self.assertEqual(len(made), 1, made.mapped("identity_key"))
        self.assertEqual(made.identity_key, f"finance_integration.open.{self.lane.id}")
        self.assertEqual(made.eta, OPENING.replace(tzinfo=None))
        before = self.jobs()
        with patch.object(type(self.root["integration.waiting"]), "_sweep"):
            self.root["integration.sweep"]._cron_run()
        self.assertFalse(self.jobs() - before, "the sweep does not ring either")
        self.at(OPEN)
        self.lane._hear_ring()
        self.assertEqual(
            sorted((self.jobs() - before).mapped("method_name")), ["_drain", "_watch"], "now it is rung"
        )

    def test_a_drain_finds_nothing_to_do_while_the_window_is_closed(self):
        self.registry_enter_test_mode()
        self.window("processing")
        message = self.invoice_event("W-1", drain=False)
        drain = self.root["integration.drain"]
        self.assertFalse(drain._is_work_left(self.env.registry, self.lane.id))
        self.assertEqual(drain._run(self.lane.id, linger_seconds=0), 0)
        self.at(OPEN)
        self.assertTrue(drain._is_work_left(self.env.registry, self.lane.id))
        self.assertEqual(drain._run(self.lane.id, linger_seconds=0), 1)
        self.env.invalidate_all()
        self.assertEqual(message.status, "done")

    def test_outside_the_posting_window_events_are_checked_at_once_and_booked_later(self):
        self.window("posting")
        good = self.invoice_event("W-1")
        bad = self.invoice_event("W-2", BEN, total_gross="999.00")
        self.assertEqual(
            (good.stage, good.status, good.due_at, good.attempt_count, good.error_code),
            ("transformed", "waiting", OPENING.replace(tzinfo=None), 0, False),
        )
        self.assertEqual((bad.status, bad.error_code), ("parked", "totals_do_not_add_up"))
        self.assertEqual((self.booked("W-1"), len(good.attempt_ids)), (0, 0))
        self.at(OPEN)
        self.env.cr.execute("UPDATE integration_message SET due_at = received_at WHERE id = %s", [good.id])
        self.drain(self.partner_connection)
        self.assertEqual(
            (good.status, good.stage, good.attempt_count, self.booked("W-1")), ("done", "posted", 1, 1)
        )

    def test_a_later_event_of_the_same_object_waits_behind(self):
        self.window("posting")
        first = self.invoice_event("W-1")
        second = self.invoice_event(
            "W-1", amount="1200.00", source={"system": "partner", "object_id": "W-1", "version": 2}
        )
        self.assertEqual((first.status, second.status), ("waiting", "held"))

    def test_a_paused_company_keeps_everything_and_says_why(self):
        self.registry_enter_test_mode()
        with self.assertRaisesRegex(UserError, "Say why"):
            self.company.with_user(self.operator)._pause_integration(" ")
        with self.assertRaises(AccessError):
            self.company.with_user(self.auditor)._pause_integration("because")
        wizard = self.env["integration.company.pause"].with_user(self.operator)
        wizard.create({"company_id": self.company.id, "reason": "stock-taking"}).action_pause()
        self.env.invalidate_all()
        message = self.invoice_event("W-1")
        self.assertEqual((message.status, self.booked("W-1")), ("ready", 0))
        self.assertEqual(
            (self.partner_connection.company_paused, self.partner_connection.company_pause_reason),
            (True, "stock-taking"),
        )
        before = self.jobs()
        self.lane._hear_ring()
        self.assertFalse(self.jobs() - before)
        wizard.create({"company_id": self.company.id, "reason": "done"}).action_resume()
        self.env.invalidate_all()
        self.drain(self.partner_connection)
        self.assertEqual((message.status, self.booked("W-1")), ("done", 1))
        leaves = self.env["integration.audit.leaf"].search([("res_model", "=", "res.company")], order="id")
        self.assertEqual(
            [(row.action, row.user_id, row.detail) for row in leaves],
            [("company.pause", self.operator, "stock-taking"), ("company.resume", self.operator, "done")],
        )

    def test_a_paused_company_sends_nothing(self):
        self.partner_connection.write({"delivery_url": "https://partner.example/in"})
        self.issue("W-1")
        sendable = self.root["integration.delivery"]._sendable_part(self.partner_connection.id)
        count = "SELECT count(*) "

        def waiting():
            self.env.flush_all()
            self.env.cr.execute(count + sendable.code, sendable.params)
            return self.env.cr.fetchone()[0]

        self.assertEqual(waiting(), 1)
        self.company._pause_integration("wait")
        self.assertEqual(waiting(), 0)

    def test_a_flow_within_a_minute_is_not_rung_for(self):
        self.registry_enter_test_mode()
        flows = self.partner_connection.flow_ids.filtered(lambda flow: flow.direction == "in")
        flows.write({"mode": "near_real_time"})
        self.invoice_event("W-1", drain=False)
        before = self.jobs()
        self.lane._hear_ring()
        self.assertFalse(self.jobs() - before)
        self.issued.mode = "event"
        self.lane._hear_ring()
        self.assertEqual(sorted((self.jobs() - before).mapped("method_name")), ["_drain", "_watch"])

    def test_a_batch_takes_no_more_events_than_the_flow_allows(self):
        self.issued.batch_size = 2
        for number in range(5):
            self.invoice_event(f"W-{number}", drain=False)
        drain = self.root["integration.drain"]
        self.assertEqual([drain._work_off(self.lane.id) for _batch in range(4)], [2, 2, 1, 0])

    def test_critical_lanes_go_first(self):
        self.assertEqual(self.lane._priority(), 4)
        self.issued.criticality = "critical"
        self.assertEqual(self.lane._priority(), 3)

    def test_settings_that_make_no_sense_are_refused(self):
        for facts in (
            {"max_attempts": 0},
            {"first_delay_seconds": 0},
            {"first_delay_seconds": 60, "longest_delay_seconds": 30},
            {"delay_factor": 0},
            {"has_processing_window": True, "processing_days": "08"},
            {"has_processing_window": True, "processing_days": ""},
            {"has_posting_window": True, "posting_from": 25.0},
            {"mode": "batch"},
        ):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.issued.write(facts)
                self.env.flush_all()
        for facts in (
            {"batch_size": 0},
            {"batch_size": 101},
            {"inbound_rate_per_second": -1},
            {"retention_days": -1},
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.issued.write(facts)
                self.env.flush_all()

    def test_the_retry_policy_and_the_defaults_of_the_connector(self):
        self.issued.write(
            {"max_attempts": 3, "first_delay_seconds": 7, "delay_factor": 2, "longest_delay_seconds": 100}
        )
        policy = self.issued._retry_policy()
        self.assertEqual(
            (policy.max_attempts, policy.base_seconds, policy.factor, policy.cap_seconds), (3, 7, 2, 100)
        )
        money = self.flow("movement", self.stripe_connection)
        self.assertEqual(
            (money.criticality, money.latency_target_seconds, money.mode, money.data_contract),
            ("critical", 120, "event", "movement v1"),
        )

    def test_rates_of_flows(self):
        connection = self.partner_connection
        self.assertEqual(connection._outbound_rate(), connection._spec().outbound_rate_per_second)
        out = connection.flow_ids.filtered(lambda flow: flow.direction == "out")
        out[0].outbound_rate_per_second = 3
        self.assertEqual((out[0]._outbound_rate(), connection._outbound_rate()), (3, 3))
        endpoint = connection.endpoint_ids
        self.issued.inbound_rate_per_second = 2
        facts = endpoint._address_facts(endpoint.key)
        self.assertEqual(facts["flow_rates"], {"invoice": (self.issued.id, 2)})
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal(1))
        document = documents.invoice("W-1", BEN, [line], self.clock.now, due_date=self.clock.now.date())
        raw = documents.as_event("tests", "invoice.issued", document).body
        envelope = reading.read_envelope(facts, raw, [("webhook-id", "one")])
        reading._buckets.clear()
        with (
            patch.object(reading, "BURST_SECONDS", 1),
            patch.object(shared_rates, "now_nanoseconds", return_value=1),
        ):
            environ = {}
            reading.check_flow_rate(facts, envelope, environ)
            reading.check_flow_rate(facts, envelope, environ)  # the same request once more
            reading.check_flow_rate(facts, envelope, {})
            with self.assertRaises(reading.RefusedRequestError) as refused:
                reading.check_flow_rate(facts, envelope, {})
        self.assertEqual(refused.exception.response[0], 429)

    def test_a_flow_is_late_when_its_oldest_event_waits_too_long(self):
        self.window("processing")
        message = self.invoice_event("W-1")
        self.assertFalse(self.issued.is_late)
        old = message.received_at - timedelta(seconds=self.issued.latency_target_seconds + 1)
        self.env.cr.execute(
            "UPDATE integration_message SET received_at = %s WHERE id = %s", [old, message.id]
        )
        self.env.invalidate_all()
        self.assertTrue(self.issued.is_late)
