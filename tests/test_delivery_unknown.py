# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Sent without an answer: the receiver is asked, a person decides where it cannot be asked (E8)."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from ..models.messaging import delivery_sending, delivery_unknown
from ..models.messaging.delivery_unknown import IN_FLIGHT_SECONDS
from .deliveries import DeliveryCommon


class TestUnknown(DeliveryCommon):
    def setUp(self):
        super().setUp()
        # The tests' receiver lets a sender wait for two seconds; the product would wait for twenty.
        self.patch(delivery_sending, "TOTAL_SECONDS", 1)

    def outcomes(self, message):
        return [(row.trigger, row.outcome) for row in message.attempt_ids.sorted("id")]

    def test_the_answer_is_lost_and_the_receiver_says_that_it_has_it(self):
        message = self.tell()
        with self.receiving("timeout") as receiver:
            self.deliver()
            self.assertEqual(self.states(message), [("received", "unknown", "destination_timeout")])
            self.assertTrue(message.due_at)
            self.assertTrue(message.is_unknown)
            self.assertEqual(self.deliver(), 0)  # its time has not come
            self.due_now(message)
            self.deliver()
            self.assertEqual(self.states(message), [("acknowledged", "done", False)])
            self.assertEqual(receiver.received()[0].deliveries, 1)
            self.assertEqual((receiver.counts["questions"], receiver.counts["duplicates"]), (1, 0))
        self.assertEqual(self.outcomes(message), [("queue", "unknown"), ("ask", "done")])
        self.assertEqual(message.attempt_count, 2)

    def test_the_receiver_does_not_have_it_and_gets_it_again_under_the_same_id(self):
        message = self.tell()
        with self.receiving("reset") as receiver:
            self.deliver()
            self.assertEqual(message.status, "unknown")
            self.due_now(message)
            self.deliver()
            self.assertEqual((message.status, message.due_at), ("ready", False))
            self.deliver()
            self.assertEqual(message.status, "done")
            self.assertEqual([row.id for row in receiver.received()], [message.event_id])
            self.assertEqual(receiver.received()[0].deliveries, 1)
        self.assertEqual(
            self.outcomes(message), [("queue", "unknown"), ("ask", "missing"), ("retry", "done")]
        )
        self.assertEqual(set(message.attempt_ids.mapped("idempotency_key")), {message.event_id})

    def test_no_answer_to_the_question_either(self):
        message = self.tell()
        with self.receiving("timeout"):
            self.deliver()
        pauses = []
        self.partner_connection.delivery_url = "http://127.0.0.1:9/hook"  # nobody listens there
        self.patch(delivery_unknown.random, "random", lambda: 0.5)  # chance may make a later pause shorter
        for _question in range(4):
            self.due_now(message)
            self.circuit()._let_try(self.shared_clock)
            self.deliver()
            self.assertEqual(message.status, "unknown")
            pauses.append(message.due_at - fields.Datetime.now())
        self.assertEqual(message.error_code, "destination_timeout")
        self.assertLess(pauses[0], pauses[-1])
        self.assertFalse(self.exceptions("delivery_unknown"))

    def test_a_receiver_that_cannot_be_asked_gets_it_again_by_default(self):
        message = self.tell()
        with self.receiving("timeout", knows_the_question=False) as receiver:
            self.deliver()
            self.due_now(message)
            self.deliver()
            self.assertEqual(message.status, "ready")
            self.deliver()
            self.assertEqual(message.status, "done")
            self.assertEqual(receiver.counts["duplicates"], 1)
            self.assertEqual(len(receiver.received()), 1)

    def test_where_it_cannot_be_asked_a_person_decides(self):
        self.partner_connection.unknown_policy = "person"
        arrived, again = self.tell(2)
        with self.receiving("timeout", knows_the_question=False) as receiver:
            self.deliver()
            self.circuit()._let_try(self.shared_clock)
            self.deliver()
            self.due_now(arrived | again)
            self.deliver()
            self.assertEqual([arrived.status, again.status], ["parked", "parked"])
            exception = self.exceptions("delivery_unknown")
            self.assertEqual((exception.fix, exception.held_count), ("arrival", 2))
            self.assertEqual(self.deliver(), 0)
            arrived.action_has_arrived()
            self.assertEqual(self.states(arrived), [("acknowledged", "done", False)])
            self.assertEqual(exception.state, "open")
            exception.action_send_again()
            self.assertEqual((again.status, exception.state), ("ready", "resolved"))
            self.deliver()
            self.assertEqual(again.status, "done")
            self.assertEqual(receiver.counts["duplicates"], 1)
        self.assertIn(self.env.user.name, arrived.attempt_ids.sorted("id")[-1].detail)
        actions = arrived.leaf_ids.mapped("action")
        self.assertIn("message.arrived", actions)

    def test_without_asking_it_is_sent_again_after_a_pause(self):
        self.partner_connection.asks_receiver = False
        message = self.tell()
        with self.receiving("500") as receiver:
            self.deliver()
            self.assertEqual(self.states(message), [("received", "waiting", "destination_server_error")])
            self.due_now(message)
            self.deliver()
            self.assertEqual(message.status, "done")
            self.assertEqual(receiver.counts["questions"], 0)

    def test_what_was_certainly_not_sent_is_not_unknown(self):
        message = self.tell()
        self.deliver()
        self.assertEqual(self.states(message), [("received", "waiting", "destination_unavailable")])
        self.assertFalse(message.is_unknown)
        with self.assertRaises(UserError):
            message.action_has_arrived()

    def test_a_process_that_died_while_sending(self):
        """Its intention is in the database, its outcome is not: the receiver is asked."""
        message = self.tell()
        with self.receiving() as receiver:
            delivery = self.root["integration.delivery"]
            batch = delivery._prepare_batch(self.partner_connection.id)
            attempt = message.attempt_ids
            self.assertEqual((attempt.outcome, attempt.idempotency_key), ("sending", message.event_id))
            delivery._send(batch.prepared[0])  # and here the process is killed
            delivery._recover(self.partner_connection.id)
            self.env.invalidate_all()
            self.assertEqual(self.states(message), [("received", "unknown", "delivery_interrupted")])
            self.assertEqual(attempt.outcome, "unknown")
            in_flight = timedelta(seconds=IN_FLIGHT_SECONDS)
            self.assertEqual(message.due_at, attempt.started_at + in_flight)
            self.assertEqual(self.deliver(), 0)
            self.due_now(message)
            self.deliver()
            self.assertEqual(message.status, "done")
            self.assertEqual(receiver.received()[0].deliveries, 1)
            delivery._recover(self.partner_connection.id)
            self.assertEqual(message.status, "done")

    def test_a_decision_that_was_taken_while_it_was_sent_stands(self):
        message = self.tell()
        with self.receiving("timeout"):
            self.deliver()
            self.due_now(message)
            delivery = self.root["integration.delivery"]
            batch = delivery._prepare_batch(self.partner_connection.id)
            message.action_has_arrived()
            delivery._record(batch.prepared[0], delivery._send(batch.prepared[0]))
            self.assertEqual(message.status, "done")
        self.assertNotIn("sending", message.attempt_ids.mapped("outcome"))

    def test_only_an_operator_decides(self):
        message = self.tell()
        with self.receiving("timeout"):
            self.deliver()
        auditor = new_test_user(
            self.env,
            "auditor",
            groups="finance_integration.group_auditor",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        for button in ("action_has_arrived", "action_send_again"):
            with self.assertRaises(AccessError):
                getattr(message.with_user(auditor), button)()
        self.assertEqual(message.status, "unknown")

    def test_later_events_of_the_object_wait_for_the_answer(self):
        first = self.tell()
        second = self.tell()
        second._write({"object_key": first.object_key})
        self.env.invalidate_all()
        with self.receiving("timeout") as receiver:
            self.deliver()
            self.deliver()
            self.assertEqual((first.status, second.status), ("unknown", "ready"))
            self.assertEqual(second.attempt_count, 0)
            self.due_now(first)
            self.deliver()
            self.deliver()
            self.assertEqual(first.status, "done")
            self.assertEqual(len(receiver.received()), 2)


class TestAcknowledgement(DeliveryCommon):
    def setUp(self):
        super().setUp()
        self.patch(delivery_sending, "TOTAL_SECONDS", 1)

    def test_the_answer_is_kept_and_shown(self):
        message = self.tell()
        with self.receiving():
            self.deliver()
        self.assertEqual((message.answer_status, message.answer_signed), (200, False))
        self.assertEqual(message.answer_body, f'{{"received": "{message.event_id}"}}')
        self.assertIn("content-type: application/json", message.answer_headers)

    def test_the_answer_is_stored_encrypted_where_the_event_is(self):
        self.partner_connection.content_protection = "all"
        message = self.tell()
        share = self.root["integration.event"]._new_share(self.partner_connection.id, message.kind)
        self.env.cr.execute(
            "UPDATE integration_message SET key_share = %s WHERE id = %s", [share, message.id]
        )
        self.env.invalidate_all()
        with self.receiving():
            self.deliver()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT answer_body, detail FROM integration_attempt WHERE message_id = %s", [message.id]
        )
        [(stored, detail)] = self.env.cr.fetchall()
        self.assertNotIn(message.event_id, stored)
        self.assertIn('"sealed"', stored)
        self.assertEqual(detail, "HTTP 200")
        self.env.invalidate_all()
        self.assertEqual(message.answer_body, f'{{"received": "{message.event_id}"}}')
        self.env.cr.execute("UPDATE integration_message SET key_share = NULL WHERE id = %s", [message.id])
        self.env.invalidate_all()
        self.assertIn("erased", message.answer_body)

    def test_a_signed_confirmation(self):
        self.partner_connection.acknowledgement = "signed"
        message = self.tell()
        with self.receiving(confirms="signed"):
            self.deliver()
        self.assertEqual(self.states(message), [("acknowledged", "done", False)])
        self.assertTrue(message.answer_signed)

    def test_a_confirmation_without_the_promised_signature_confirms_nothing(self):
        self.partner_connection.acknowledgement = "signed"
        message = self.tell()
        with self.receiving():
            self.deliver()
            self.assertEqual(self.states(message), [("received", "unknown", "destination_garbage")])
            self.due_now(message)
            self.deliver()  # its answer to the question is not signed, either
        self.assertEqual(self.states(message), [("received", "parked", "destination_garbage")])
        self.assertEqual(message.exception_id.fix, "arrival")

    def test_a_page_that_answers_everything_with_200_confirms_nothing(self):
        self.partner_connection.acknowledgement = "readable"
        message = self.tell()
        with self.receiving("garbage") as receiver:
            self.deliver()
            self.assertEqual(self.states(message), [("received", "unknown", "destination_garbage")])
            self.assertEqual(message.answer_body, "<html>We are down for maintenance.</html>")
            self.due_now(message)
            self.deliver()
            self.assertEqual(message.status, "ready")  # asked: it does not have it
            self.deliver()
            self.assertEqual(message.status, "done")
            self.assertEqual(len(receiver.received()), 1)

    def test_an_answer_that_is_too_long_is_cut_off_and_confirms_only_by_its_status(self):
        by_status = self.tell()
        with self.receiving("huge"):
            self.deliver()
            self.assertEqual(by_status.status, "done")
            self.assertLess(len(by_status.answer_body), 5000)
            self.assertTrue(by_status.answer_body.endswith("…"))
        self.partner_connection.acknowledgement = "readable"
        readable = self.tell()
        with self.receiving("huge"):
            self.deliver()
        self.assertEqual(self.states(readable), [("received", "unknown", "destination_garbage")])

    def test_it_is_taken_over_first_and_confirmed_later(self):
        self.partner_connection.acknowledgement = "readable"
        message = self.tell()
        follower = self.tell()
        follower._write({"object_key": message.object_key})
        self.env.invalidate_all()
        with self.receiving(confirms="later") as receiver:
            self.deliver()
            self.assertEqual((message.stage, message.status), ("posted", "unknown"))
            self.assertEqual(message.state_label, "Sent, confirmation is awaited")
            self.deliver()
            self.assertEqual(follower.attempt_count, 1)  # the receiver has the first: the next may follow
            self.due_now(message)
            self.deliver()
            self.assertEqual((message.stage, message.status), ("posted", "unknown"))
            receiver.settle(message.event_id)
            self.due_now(message)
            self.deliver()
            self.assertEqual((message.stage, message.status), ("acknowledged", "done"))
            self.assertEqual(receiver.received()[0].deliveries, 1)

    def test_what_is_never_confirmed_needs_a_person(self):
        self.partner_connection.acknowledgement = "readable"
        message = self.tell()
        with self.receiving(confirms="later"):
            self.deliver()
            long_ago = fields.Datetime.now() - timedelta(hours=25)
            message.sudo().attempt_ids.write({"started_at": long_ago})
            self.due_now(message)
            self.deliver()
        self.assertEqual(self.states(message), [("posted", "parked", "acknowledgement_missing")])
        self.assertEqual(self.exceptions("acknowledgement_missing").fix, "arrival")

    def test_a_redirect_is_never_followed_and_stops_visibly(self):
        message = self.tell()
        with self.receiving("redirect"):
            self.deliver()
        self.assertEqual(self.states(message), [("received", "parked", "destination_redirected")])
        self.assertEqual((message.exception_id.state, message.exception_id.fix), ("open", "connection"))
        self.assertIn("location: https://elsewhere.example.com/events", message.answer_headers)
        self.assertNotIn("hidden", message.answer_headers)

    def test_an_answer_that_drips_is_given_up_when_the_whole_time_is_over(self):
        message = self.tell()
        with self.receiving("drip") as receiver:
            self.deliver()
            self.assertEqual(self.states(message), [("received", "unknown", "destination_timeout")])
            self.assertLess(message.attempt_ids.duration_ms, 4000)
            self.due_now(message)
            self.deliver()
            self.assertEqual(message.status, "done")
            self.assertEqual(receiver.counts["questions"], 1)
