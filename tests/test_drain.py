# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The loop around the batches: nothing stops a lane for ever, and no ring is lost (E3, E5, E11)."""

import json
import logging
from contextlib import contextmanager
from unittest.mock import patch

import psycopg2

from ..models.messaging import drain as drain_module
from ..models.messaging import drain_order, isolation
from ..models.messaging.drain import LIGHT_TIMES
from ..simulators.partner import documents
from ..simulators.stripe.shapes import API_VERSION
from .common import ANNA, BEN, IntegrationCommon


class TestDrain(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()  # the drain's own cursors become this test's
        self.lane = self.partner_connection.flow_ids.lane_id
        self.drain_class = type(self.root["integration.drain"])

    def invoice(self, number, party=ANNA):
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"))
        document = documents.invoice(number, party, [line], self.clock.now, due_date=self.clock.now.date())
        return self.send_partner("invoice.issued", document, drain=False)

    def run_lane(self):
        count = self.root["integration.drain"]._run(self.lane.id, linger_seconds=0)
        self.env.invalidate_all()
        return count

    @contextmanager
    def failing(self, method, message, error):
        """Let a step of the drain fail whenever it comes to one message."""
        original = getattr(self.drain_class, method)

        def fail(model, work):
            if work.message_id == message.id and work.documents:
                raise error
            return original(model, work)

        with patch.object(self.drain_class, method, fail):
            yield

    def test_an_event_that_spoils_its_batch_is_set_aside_alone(self):
        first, spoiled, last = self.invoice("D-1"), self.invoice("D-2", BEN), self.invoice("D-3")
        with (
            self.failing("_amount", spoiled, ValueError("nobody foresaw this")),
            self.assertLogs(level="WARNING"),
        ):
            self.run_lane()
        self.assertEqual((first + spoiled + last).mapped("status"), ["done", "parked", "done"])
        self.assertEqual(spoiled.error_code, "internal_error")
        self.assertIn("nobody foresaw this", spoiled.error_detail)
        self.assertEqual(spoiled.exception_id.state, "open")
        self.assertFalse(spoiled.effect_ids)
        booked = self.env["account.move"].search(
            [("integration_connection_id", "=", self.partner_connection.id)]
        )
        self.assertEqual(sorted(booked.mapped("ref")), ["D-1", "D-3"])
        spoiled.action_try_again()
        self.run_lane()
        self.assertEqual((spoiled.status, self.became(spoiled, "account.move").ref), ("done", "D-2"))
        self.assertFalse(self.exceptions())

    def test_an_event_that_the_database_refuses_does_not_stop_its_lane(self):
        spoiled, other = self.invoice("D-1"), self.invoice("D-2", BEN)
        refused = psycopg2.errors.NotNullViolation("null value in a column")
        with (
            self.failing("_amount", spoiled, refused),
            patch.object(drain_module.time, "sleep"),
            self.assertLogs(level="WARNING"),
        ):
            self.run_lane()
        self.assertEqual((spoiled + other).mapped("status"), ["parked", "done"])

    def test_a_conflict_in_the_database_is_repeated_and_never_parked(self):
        message = self.invoice("D-1")
        conflicts = [psycopg2.errors.SerializationFailure("conflict")] * 2
        original = self.drain_class._amount

        def conflict_twice(model, work):
            if conflicts:
                raise _with_state(conflicts.pop(), "40001")
            return original(model, work)

        with (
            patch.object(self.drain_class, "_amount", conflict_twice),
            patch.object(drain_module.time, "sleep"),
        ):
            self.run_lane()
        self.assertEqual((message.status, message.attempt_count), ("done", 1))
        self.assertFalse(conflicts)

    def test_conflicts_that_are_repeated_are_not_logged_as_errors(self):
        conflict = _with_state(psycopg2.errors.SerializationFailure("conflict"), "40001")
        logger = logging.getLogger("odoo.sql_db")
        with self.assertLogs(logger) as logs:
            logger.error("bad query: %s\nERROR: %s", b"UPDATE", conflict)
            with isolation.conflicts_are_expected():
                logger.error("hidden: %s\nERROR: %s", b"UPDATE", conflict)
                logger.error("bad query: %s\nERROR: %s", b"UPDATE", psycopg2.errors.SyntaxError("shown"))
        self.assertEqual(
            [record.getMessage().partition(":")[0] for record in logs.records], ["bad query"] * 2
        )

    def test_what_arrives_while_the_lane_is_being_unlocked_is_not_left_behind(self):
        """Its ring found the lane locked and left; the drain looks once more after unlocking."""
        self.invoice("D-1")
        arrived = []
        exclusive = drain_module.exclusive

        @contextmanager
        def arriving_late(dbname, lane_id):
            with exclusive(dbname, lane_id) as free:
                yield free
                if not arrived:
                    arrived.append(self.invoice("D-2", BEN))

        with patch.object(drain_module, "exclusive", arriving_late):
            self.assertEqual(self.run_lane(), 2)
        self.assertEqual(arrived[0].status, "done")

    def test_a_locked_lane_is_left_alone(self):
        message = self.invoice("D-1")
        with drain_module.exclusive(self.env.cr.dbname, self.lane.id) as free:
            self.assertTrue(free)
            self.assertEqual(self.run_lane(), 0)
        self.assertEqual(message.status, "ready")
        self.assertEqual(self.run_lane(), 1)
        self.assertEqual(message.status, "done")

    def test_a_drain_is_looked_after_and_its_watch_goes_on_with_what_is_left(self):
        jobs = self.root["queue.job"].search([])
        self.lane.with_env(self.root)._ring()
        self.lane.with_env(self.root)._ring()
        made = self.root["queue.job"].search([]) - jobs
        self.assertEqual(sorted(made.mapped("method_name")), ["_drain", "_watch"])
        self.assertTrue(made.filtered(lambda job: job.method_name == "_watch").eta)
        message = self.invoice("D-1")
        self.lane.with_env(self.root)._watch()
        self.env.invalidate_all()
        self.assertEqual(message.status, "done")

    def nothing(self, count, alike=False):
        """Let events come in that book nothing: two a batch, so that a batch may take ten of them.

        :param alike: they may be settled together; else each is looked at, as what came with a list is.
        """
        self.patch(type(self.env["integration.flow"]), "_lane_facts", lambda *_arguments: (2, True, False))
        messages = self.env["integration.message"]
        for number in range(count):
            intent = {"id": f"pi_{number}", "object": "payment_intent", "created": 1772463600}
            event = {
                "id": f"evt_nothing_{number}",
                "object": "event",
                "type": "payment_intent.created",
                "created": 1772463600,
                "livemode": False,
                "api_version": API_VERSION,
                "data": {"object": intent},
            }
            messages |= self.accept(self.stripe_connection, json.dumps(event).encode())[1]
        if not alike:
            messages.with_env(self.root)._write({"books_nothing": False})
        self.env.flush_all()
        return messages

    def test_events_that_book_nothing_share_a_larger_batch(self):
        messages = self.nothing(12)
        lane = messages.lane_id
        self.assertEqual(self.root["integration.drain"]._work_off(lane.id), 2 + 2 * LIGHT_TIMES)
        self.env.invalidate_all()
        self.assertEqual(messages.mapped("status"), ["done"] * 10 + ["ready"] * 2)
        self.assertEqual(len(messages.attempt_ids), 10)
        self.assertEqual(self.root["integration.drain"]._work_off(lane.id), 2)

    def test_an_event_that_books_keeps_the_batch_small(self):
        messages = self.nothing(3)
        messages[1:2].with_env(self.root)._write({"kind": "movement"})
        self.env.flush_all()
        self.assertEqual(self.root["integration.drain"]._work_off(messages.lane_id.id), 2)

    def test_large_bodies_keep_the_batch_small(self):
        messages = self.nothing(3)
        self.patch(drain_order, "MAX_LIGHT_BYTES", 10)
        self.assertEqual(self.root["integration.drain"]._work_off(messages.lane_id.id), 2)

    def test_the_rescue_takes_one_event_at_a_time(self):
        messages = self.nothing(3)
        rows, held = self.root["integration.drain"]._next_rows(messages.lane_id.id, 1)
        self.assertEqual(([row["id"] for row in rows], held), (messages[:1].ids, []))

    def test_money_whose_second_look_was_lost_is_applied_by_the_sweep(self):
        """A process that is killed between booking and looking again leaves both sides unmatched."""
        self.root["integration.drain"]._work_off(self.invoice("D-1").lane_id.id)
        charge = self.stripe.charge(11500, "usd", metadata={"invoice_number": "D-1"})
        finder = type(self.env["integration.posting.application"])
        with patch.object(finder, "_invoices_by_value", return_value={}):  # booked side by side: not seen
            self.send_stripe()
        movement = self.movement("payment", charge["id"])
        invoice = self.env["account.move"].search([("ref", "=", "D-1")])
        self.assertEqual((movement.application, invoice.payment_state), ("unidentified", "not_paid"))
        with patch.object(type(self.root["integration.fallback"]), "_cron_run"):  # it commits
            self.root["integration.sweep"]._cron_run()
        self.env.invalidate_all()
        self.assertEqual((movement.application, invoice.payment_state), ("applied", "paid"))
        self.assertFalse(self.exceptions())


def _with_state(error, state):
    """Return a database error with its SQLSTATE, which otherwise the driver alone can set."""
    error.__setstate__({"pgcode": state, "pgerror": str(error)})
    return error
