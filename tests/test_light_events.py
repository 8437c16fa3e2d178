# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import json
from dataclasses import replace
from types import MappingProxyType
from unittest.mock import patch

from odoo.tools import mute_logger

from ..connectors.registry import get_connector
from ..simulators.stripe.shapes import API_VERSION
from .common import IntegrationCommon

KIND = "payment_intent.created"


class TestLightEvents(IntegrationCommon):
    """Events that book nothing are settled together, each with its try and its entry in the audit trail."""

    def tell(self, number, **facts):
        event = {
            "id": f"evt_{number}",
            "object": "event",
            "type": KIND,
            "created": 1772463600,
            "livemode": False,
            "api_version": API_VERSION,
            "data": {"object": {"id": f"pi_{number}", "object": "payment_intent", "created": 1772463600}},
        }
        return self.accept(self.stripe_connection, json.dumps(event | facts).encode())[1]

    def work_off(self):
        self.env.flush_all()
        count = self.root["integration.drain"]._work_off(self.stripe_connection.flow_ids.lane_id.id)
        self.env.invalidate_all()
        return count

    def test_they_are_done_together_and_leave_the_same_evidence_as_others(self):
        messages = self.tell(1) | self.tell(2) | self.tell(3)
        self.assertEqual(messages.mapped("books_nothing"), [True] * 3)
        with patch.object(type(self.env["integration.payload"]), "_opened", side_effect=AssertionError):
            self.assertEqual(self.work_off(), 3)
        reason = get_connector("stripe").spec.events[KIND].reason
        self.assertTrue(reason)
        for message in messages:
            self.assertEqual(
                (message.stage, message.status, message.attempt_count), ("transformed", "done", 1)
            )
            self.assertEqual(message.error_text, reason)
            self.assertTrue(message.finished_at)
            attempt = message.attempt_ids
            self.assertEqual(
                (attempt.number, attempt.trigger, attempt.outcome, attempt.stage, attempt.detail),
                (1, "queue", "nothing", "transformed", reason),
            )
            self.assertEqual(
                [step["stage"] for step in attempt.stages], ["received", "validated", "transformed"]
            )
            leaf = message.leaf_ids.filtered(lambda row: row.action == "message.nothing")
            self.assertEqual(len(leaf), 1)
            self.assertTrue(leaf._is_genuine())
            self.assertEqual(
                (leaf.company_id, leaf.connection_id, leaf.user_id, leaf.subject_digest, leaf.correlation_id),
                (self.company, self.stripe_connection, self.stripe_connection.service_user_id,
                 message.body_digest, message.correlation_id),
            )  # fmt: skip
        self.assertEqual(self.work_off(), 0)
        self.assertEqual(len(messages.attempt_ids), 3)

    def test_it_looks_the_same_as_one_by_one(self):
        together, alone = self.tell(1), self.tell(2)
        alone.with_env(self.root)._write({"books_nothing": False})
        self.assertEqual(self.work_off(), 2)
        for name in ("stage", "status", "attempt_count", "error_code", "error_text", "kind", "due_at"):
            self.assertEqual(together[name], alone[name], name)
        for name in ("number", "trigger", "outcome", "stage", "detail", "error_code"):
            self.assertEqual(together.attempt_ids[name], alone.attempt_ids[name], name)
        for name in ("action", "company_id", "connection_id", "user_id", "detail"):
            self.assertEqual(
                together.leaf_ids.filtered(lambda row: "nothing" in row.action)[name],
                alone.leaf_ids.filtered(lambda row: "nothing" in row.action)[name],
                name,
            )

    def test_an_event_for_somebody_else_is_looked_at_and_stops(self):
        live, other = self.tell(1, livemode=True), self.tell(2, account="acct_other")
        self.assertFalse(live.books_nothing)
        self.stripe_connection.outside_account = "acct_ours"
        other = self.tell(3, account="acct_other")
        self.assertFalse(other.books_nothing)
        self.work_off()
        self.assertEqual((live.error_code, other.error_code), ("wrong_environment", "wrong_account"))

    def test_a_paused_connection_and_an_event_that_was_stopped_are_left_alone(self):
        message, stopped = self.tell(1), self.tell(2)
        stopped.with_env(self.root)._advance("received", "parked")
        self.stripe_connection.action_pause()
        self.assertEqual(self.work_off(), 0)
        self.assertEqual((message.status, stopped.status), ("ready", "parked"))
        self.assertFalse((message | stopped).attempt_ids)

    def test_money_beside_them_is_booked_in_its_own_batch(self):
        self.tell(1)
        self.stripe.charge(1000, "usd")
        [told] = self.stripe_events()
        self.accept(self.stripe_connection, json.dumps(told).encode())
        self.assertEqual(self.work_off(), 2)
        self.assertEqual(self.env["integration.movement"].search_count([("amount", "=", 10.0)]), 1)

    def test_what_the_connector_knows_better_by_now_is_worked_off_as_it_says(self):
        message = self.tell(1)
        connector = get_connector("stripe")
        rules = dict(connector.spec.events)
        del rules[KIND]
        with patch.object(connector, "spec", replace(connector.spec, events=MappingProxyType(rules))):
            self.work_off()
        self.assertFalse(message.books_nothing)
        self.assertEqual(message.error_code, "unknown_event_type")

    @mute_logger("odoo.addons.finance_integration.models.messaging.drain_light")
    def test_where_they_cannot_be_settled_together_each_is_worked_off(self):
        messages = self.tell(1) | self.tell(2)
        drain = type(self.env["integration.drain"])
        with patch.object(drain, "_settle_alike", side_effect=ValueError("no")):
            self.assertEqual(self.work_off(), 2)
        self.assertEqual(messages.mapped("status"), ["done", "done"])
        self.assertEqual([len(message.attempt_ids) for message in messages], [1, 1])
        self.assertEqual(messages.mapped("books_nothing"), [False, False])
