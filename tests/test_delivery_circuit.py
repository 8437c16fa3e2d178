# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Circuit, pace, pauses and health of a destination (E7)."""

from dataclasses import dataclass
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from ..connectors.registry import get_connector
from ..models.messaging import circuit as circuit_module
from ..models.messaging import delivery_sending, reachability
from ..models.messaging.delivery import LOCK_OFFSET
from ..models.messaging.lane import exclusive
from ..simulators.partner.receiver import Troubles
from .deliveries import OUT_SECRET, DeliveryCommon

DEAD = Troubles(percent=100, most=1000, kinds=("503",), retry_after_seconds=0)


@dataclass(frozen=True)
class TroublesOfOne(Troubles):
    """One event alone meets them."""

    retry_after_seconds: int = 0
    only: str = ""

    def of(self, seed, event_id, attempt):
        return super().of(seed, event_id, attempt) if event_id == self.only else None


class TestCircuit(DeliveryCommon):
    def break_it(self, count=3):
        """Let three events fail, so that the circuit opens; returns all events."""
        messages = self.tell(count)
        self.deliver()
        self.assertEqual(self.circuit().state, "open")
        return messages

    def test_it_opens_and_what_waits_is_not_touched(self):
        messages = self.break_it(8)
        self.assertEqual(messages.mapped("attempt_count"), [1, 1, 1, 0, 0, 0, 0, 0])
        self.assertEqual(set(messages.mapped("status")), {"waiting", "ready"})
        self.due_now(messages)
        self.assertEqual(self.deliver(), 0)
        self.assertEqual(sum(messages.mapped("attempt_count")), 3)
        self.assertIn("the destination is not answering, will be tried again", messages[7].state_label)
        self.assertEqual(self.partner_connection.health, "not_answering")
        self.assertIn(
            self.partner_connection,
            self.env["integration.connection"].search([("health", "=", "not_answering")]),
        )

    def test_after_the_pause_exactly_one_goes_and_an_answer_closes_it(self):
        messages = self.break_it(8)
        self.shared_clock.step(11)
        with self.receiving() as receiver:
            self.assertEqual(self.deliver(), 1)
            self.assertEqual(len(receiver.received()), 1)
            self.assertEqual((self.circuit().state, self.circuit().openings), ("closed", 0))
            self.deliver()
            self.due_now(messages)
            self.deliver()
            self.assertEqual(len(receiver.received()), 8)
        self.assertEqual(set(messages.mapped("status")), {"done"})
        self.assertEqual(self.partner_connection.health, "healthy")

    def test_only_one_of_two_jobs_gets_the_probe(self):
        messages = self.break_it(4)
        self.shared_clock.step(11)
        delivery = self.root["integration.delivery"]
        first = delivery._prepare_batch(self.partner_connection.id)
        second = delivery._prepare_batch(self.partner_connection.id)
        self.assertEqual((len(first.prepared), len(second.prepared)), (1, 0))
        self.assertEqual(self.circuit().state, "half_open")
        self.shared_clock.step(61)  # and that job died: the probe is lost
        third = delivery._prepare_batch(self.partner_connection.id)
        self.assertEqual(len(third.prepared), 1)
        self.assertNotEqual(messages[0].status, "done")

    def test_probes_use_up_no_tries_and_pauses_grow(self):
        self.partner_connection.flow_ids.max_attempts = 2
        messages, pauses = self.break_it(), []
        for _probe in range(5):
            row = self.circuit()
            pauses.append(row._free_in_seconds(self.shared_clock.now()))
            self.shared_clock.step(pauses[-1])
            self.due_now(messages)
            self.assertEqual(self.deliver(), 1)
            self.assertEqual(self.circuit().state, "open")
        self.assertEqual(pauses, [11, 21, 41, 81, 161])
        self.assertEqual(set(messages.mapped("status")), {"waiting"})
        self.assertEqual(sum(messages.mapped("attempt_count")), 8)
        self.assertEqual(len(messages.attempt_ids.filtered(lambda row: row.trigger == "probe")), 5)

    def test_a_question_is_the_probe_where_there_is_one(self):
        """It does no harm; otherwise it is any event, so that one that is never taken does not stop the others."""
        messages = self.break_it(4)
        messages[3].with_env(self.root)._advance(
            "received", "unknown", due_at=fields.Datetime.to_datetime("2026-01-01")
        )
        self.due_now(messages)
        for _lost_probe in range(3):
            self.shared_clock.step(61)
            batch = self.root["integration.delivery"]._prepare_batch(self.partner_connection.id)
            self.assertEqual([row.message_id for row in batch.prepared], messages[3].ids)

    def test_a_refusal_of_one_event_opens_nothing(self):
        messages = self.tell(5)
        with self.receiving("422"):
            self.deliver()
        self.assertEqual(set(messages.mapped("status")), {"parked"})
        self.assertEqual(self.circuit().state, "closed")

    def test_a_redirect_is_not_tried_with_every_event(self):
        messages = self.tell(6)
        with self.receiving(troubles=Troubles(percent=100, most=1000, kinds=("redirect",))):
            self.deliver()
        self.assertEqual(messages.mapped("status").count("parked"), 3)
        self.assertEqual(messages.mapped("status").count("ready"), 3)
        self.assertEqual(self.circuit().state, "open")

    def test_a_person_who_wants_it_now_gets_a_probe(self):
        messages = self.break_it(2 + 1)
        with self.receiving() as receiver:
            messages[0].action_try_again()
            self.assertEqual(self.deliver(), 1)
            self.assertEqual(len(receiver.received()), 1)

    def test_a_lost_lock_means_nothing_is_sent(self):
        """The lease: while another deliverer holds the connection's lock, this one sends nothing."""
        messages = self.tell()
        with self.receiving() as receiver:
            with exclusive(self.env.cr.dbname, LOCK_OFFSET + self.partner_connection.id) as free:
                self.assertTrue(free)
                sent = self.root["integration.delivery"]._run(self.partner_connection.id)
            self.assertEqual((sent, receiver.received()), (0, []))
        self.assertEqual(messages.attempt_count, 0)


class TestPace(DeliveryCommon):
    def setUp(self):
        super().setUp()
        connector = get_connector("generic")
        spec = connector.spec
        self.patch(type(self.partner_connection), "_outbound_rate_per_second", lambda _connection: self.rate)
        self.rate = 5
        self.assertEqual(spec.outbound_rate_per_second, 20)

    def test_batches_together_keep_the_rate(self):
        """5 per second, 5 at once: 23 events need 18 / 5 s, whoever sends them."""
        self.tell(23)
        begin = self.shared_clock.nanoseconds
        with self.receiving() as receiver:
            while self.deliver():
                pass
            self.assertEqual(len(receiver.received()), 23)
        self.assertEqual(self.shared_clock.nanoseconds - begin, 18 * 200_000_000)

    def test_how_many_go_in_a_second(self):
        self.tell(30)
        counts = []
        with self.receiving() as receiver:
            end = self.shared_clock.nanoseconds
            for _second in range(3):
                end += 1_000_000_000
                while self.shared_clock.nanoseconds < end and self.deliver():
                    pass
                counts.append(len(receiver.received()))
        # The burst, then the rate; a batch of five ends at the next full second.
        self.assertEqual(counts, [10, 15, 20])

    def test_a_process_that_died_makes_the_next_one_slower_not_faster(self):
        self.tell(10)
        delivery = self.root["integration.delivery"]
        batch = delivery._prepare_batch(self.partner_connection.id)  # five are promised, and it dies
        self.assertEqual(len(batch.prepared), 5)
        begin = self.shared_clock.nanoseconds
        with self.receiving() as receiver:
            self.deliver()
            self.assertEqual(len(receiver.received()), 5)
        self.assertEqual(self.shared_clock.nanoseconds - begin, 1_000_000_000)

    def test_what_was_promised_and_not_used_is_given_back(self):
        messages = self.tell(5)
        self.deliver()  # nobody listens: three are tried, two are not
        self.assertEqual(sum(messages.mapped("attempt_count")), 3)
        self.assertEqual(self.circuit().nanotokens, 2_000_000_000)

    def test_retry_after_pauses_the_whole_connection(self):
        messages = self.tell(6)
        troubles = Troubles(percent=100, most=1, kinds=("429",), retry_after_seconds=40)
        with self.receiving(troubles=troubles) as receiver:
            self.deliver()
            self.assertEqual(sum(messages.mapped("attempt_count")), 1)
            self.assertEqual(messages[0].error_code, "destination_rate_limited")
            self.due_now(messages[0])
            self.assertEqual(self.deliver(), 0)
            self.assertIn("asked for a pause", messages[5].state_label)
            self.shared_clock.step(39)
            self.assertEqual(self.deliver(), 0)
            self.shared_clock.step(1)
            self.assertEqual(self.deliver(), 2)  # the first is taken now, the second is asked to wait again
            self.assertEqual(len(receiver.received()), 1)
        self.assertEqual(self.circuit().state, "closed")

    def test_a_pause_that_is_asked_for_is_bounded(self):
        self.tell()
        troubles = Troubles(percent=100, most=1, kinds=("429",), retry_after_seconds=10_000_000)
        with self.receiving(troubles=troubles):
            self.deliver()
        self.assertEqual(self.circuit()._free_in_seconds(self.shared_clock.now()), 21_601)


class TestHealth(DeliveryCommon):
    def test_refused_credentials_pause_sending_and_the_owner_is_told(self):
        owner = self.env.user
        self.partner_connection.flow_ids.user_id = owner
        messages = self.tell(4)
        with self.receiving("401") as receiver:
            self.deliver()
            self.assertEqual(messages.mapped("attempt_count"), [1, 0, 0, 0])
            self.assertEqual(messages[0].status, "parked")
            self.assertEqual(self.partner_connection.health, "refused")
            exception = self.exceptions("credential_refused")
            self.assertEqual(len(exception), 1)
            self.assertEqual(exception.activity_ids.user_id, owner)
            self.shared_clock.step(7200)
            self.assertEqual(self.deliver(), 0)
            self.assertIn("paused", messages[1].state_label)
            self.partner_connection.action_resume()
            self.assertEqual(messages.mapped("status"), ["ready"] * 4)
            while self.deliver():
                # Each event is refused once by this receiver, and each time a person resumes.
                self.partner_connection.action_resume()
            self.assertEqual(len(receiver.received()), 4)
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(self.partner_connection.health, "healthy")
        actions = (
            self.env["integration.audit.leaf"]
            .search([("connection_id", "=", self.partner_connection.id)])
            .mapped("action")
        )
        self.assertIn("connection.paused_by_itself", actions)
        self.assertIn("connection.resume", actions)

    def test_a_destination_that_is_silent_for_too_long_is_paused(self):
        self.partner_connection.silent_hours = 2
        messages = self.tell(3)
        self.deliver()
        for _hour in range(2):
            self.assertFalse(self.circuit().paused_at)
            self.shared_clock.step(3600)
            self.due_now(messages)
            self.deliver()
        self.assertEqual(self.circuit().pause_code, "destination_silent")
        self.assertEqual(self.partner_connection.health, "paused")
        alarm = self.exceptions("destination_silent")
        self.assertEqual((len(alarm), alarm.fix, len(alarm.activity_ids)), (1, "resume", 1))
        self.assertEqual(set(messages.mapped("status")), {"waiting"})
        alarm.action_resume()
        self.assertEqual(alarm.state, "resolved")
        with self.receiving() as receiver:
            self.due_now(messages)
            self.deliver()
            self.assertEqual(len(receiver.received()), 3)

    def test_a_new_secret_is_tried_at_once(self):
        messages = self.tell(2)
        with self.receiving("401") as receiver:
            self.deliver()
            self.assertEqual(self.deliver(), 0)
            self._secret(self.partner_connection, "outbound_signature", OUT_SECRET)
            self.assertFalse(self.circuit().paused_at)
            self.deliver()
            self.assertEqual(receiver.received(), [])  # the second one is refused once, too
            messages.action_try_again()
            self.deliver()
            self.assertEqual(len(receiver.received()), 2)

    def test_an_answer_ends_the_alarm(self):
        row = self.root["integration.circuit"]._row(self.partner_connection.id, "out")
        row.write({"state": "open", "openings": 3, "retry_at": fields.Datetime.to_datetime("2026-01-01")})
        self.tell()
        with self.receiving():
            self.deliver()
        leaves = self.env["integration.audit.leaf"].search([("action", "=", "connection.answers_again")])
        self.assertEqual(leaves.connection_id, self.partner_connection)

    def test_degraded(self):
        messages = self.tell(4)
        troubles = TroublesOfOne(percent=100, most=1, kinds=("503",), only=messages[1].event_id)
        with self.receiving(troubles=troubles):
            while self.deliver():
                pass
        self.assertEqual(messages.mapped("status"), ["done", "waiting", "done", "done"])
        self.assertEqual(self.partner_connection.health, "degraded")
        self.assertIn("The other system has a problem", self.partner_connection.health_text)

    def test_the_test_button_calls_without_effect(self):
        def here(_registry, what):
            return what(self.root)

        self.patch(reachability, "in_own_transaction", here)
        connection = self.partner_connection
        with self.receiving() as receiver:
            reachability._test_now(None, connection.id)
            self.env.invalidate_all()
            self.assertIn("It answers", connection.last_test)
            self.assertEqual((receiver.received(), receiver.counts["questions"]), ([], 1))
            receiver.secrets[:] = [f"{receiver.secrets[0][:-5]}AAAA="]
            reachability._test_now(None, connection.id)
            self.env.invalidate_all()
            self.assertIn("The other system refused our credentials", connection.last_test)
        connection.delivery_url = "http://127.0.0.1:9/hook"
        reachability._test_now(None, connection.id)
        self.env.invalidate_all()
        self.assertIn("cannot be reached", connection.last_test)

    def test_a_test_that_is_answered_closes_the_circuit(self):
        self.patch(reachability, "in_own_transaction", lambda _registry, what: what(self.root))
        self.tell(3)
        self.deliver()
        self.assertEqual(self.circuit().state, "open")
        with self.receiving():
            reachability._test_now(None, self.partner_connection.id)
        self.assertEqual(self.circuit().state, "closed")

    def test_who_may_press_the_buttons(self):
        facts = {"company_id": self.company.id, "company_ids": [(6, 0, self.company.ids)]}
        auditor = new_test_user(self.env, "auditor", groups="finance_integration.group_auditor", **facts)
        operator = new_test_user(self.env, "operator", groups="finance_integration.group_operator", **facts)
        for button in ("action_resume", "action_test_connection"):
            with self.assertRaises(AccessError):
                getattr(self.partner_connection.with_user(auditor), button)()
            getattr(self.partner_connection.with_user(operator), button)()
        with self.assertRaises(AccessError):
            self.root["integration.circuit"]._row(self.partner_connection.id, "out").with_user(
                operator
            ).write({"state": "closed"})

    def test_fetching_is_left_alone_when_it_is_refused(self):
        connection = self.stripe_connection
        connection.with_env(self.root)._note_pull("credential_refused")
        self.assertEqual(connection.health, "refused")
        self.assertEqual(connection.with_env(self.root)._pull("balance_transactions"), 0)
        connection.with_env(self.root)._let_try("pull")
        connection.with_env(self.root)._note_pull(None)
        self.assertEqual(self.circuit(connection, "pull").state, "closed")
        self.assertEqual(connection.health, "healthy")

    def test_a_slow_probe_takes_the_one_seat(self):
        self.assertFalse(self.circuit()._is_suspicious())
        self.tell(1)
        self.deliver()
        self.assertTrue(self.circuit()._is_suspicious())
        self.assertEqual(circuit_module.SILENT_HOURS, 24)
        self.assertLess(timedelta(seconds=delivery_sending.TOTAL_SECONDS), timedelta(minutes=1))
