# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A lost connection to PostgreSQL leaves no failed job behind: the doorbell rings again (E1, E11)."""

from unittest.mock import patch

import psycopg2

from odoo import fields

from odoo.addons.queue_job.exception import RetryableJobError

from ..models.messaging import lane as lane_module
from .common import IntegrationCommon


class TestDoorbell(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.lane = self.partner_connection.flow_ids.lane_id

    def jobs(self):
        """Return {method: function} of the jobs that must come back."""
        names = {
            self.lane: ("_drain", "_watch"),
            self.partner_connection: ("_deliver_outbox", "_watch_outbox"),
        }
        return {name: getattr(record, name) for record, methods in names.items() for name in methods}

    def failing(self, error):
        """Let whatever a job does meet ``error``."""
        drain, delivery = type(self.env["integration.drain"]), type(self.env["integration.delivery"])
        for target, name in (
            (drain, "_run"),
            (drain, "_is_work_left"),
            (delivery, "_run"),
            (delivery, "_due_in_seconds"),
        ):
            self.startPatcher(patch.object(target, name, side_effect=error))

    def test_a_lost_connection_asks_for_another_try(self):
        self.failing(psycopg2.OperationalError("server closed the connection unexpectedly"))
        for name, job in self.jobs().items():
            with self.subTest(name), self.assertRaises(RetryableJobError) as caught:
                job()
            self.assertTrue(caught.exception.ignore_retry)
            self.assertEqual(caught.exception.seconds, 5)

    def test_an_error_that_does_not_pass_is_raised_as_it_is(self):
        self.failing(psycopg2.IntegrityError("no"))
        for name, job in self.jobs().items():
            with self.subTest(name), self.assertRaises(psycopg2.IntegrityError):
                job()

    def test_a_job_that_failed_with_its_own_connection_is_put_back(self):
        lost = self.lane.with_delay()._drain().db_record()
        broken = self.lane.with_delay()._watch().db_record()
        (lost | broken).write({"state": "failed"})
        lost.exc_name = "psycopg2.OperationalError"
        broken.exc_name = "builtins.KeyError"
        before = fields.Datetime.now()
        self.lane._ring_again(exc_name="psycopg2.OperationalError", exc_message="gone", exc_info="")
        self.assertEqual((lost.state, broken.state), ("pending", "failed"))
        self.assertGreater(lost.eta, before)

    def test_every_job_of_the_addon_comes_back(self):
        functions = self.env["queue.job.function"].sudo().search([("model_id.model", "like", "integration.")])
        self.assertLessEqual(
            {"_drain", "_watch", "_deliver_outbox", "_watch_outbox", "_pull", "_apply"},
            set(functions.mapped("method")),
        )
        for function in functions:
            self.assertEqual(function.on_fail_method, "_ring_again", function.name)
            self.assertTrue(hasattr(self.env[function.model_id.model], "_ring_again"), function.name)

    def test_a_lock_whose_connection_was_lost_is_given_back_by_postgresql(self):
        class Lost:
            def rollback(self):
                raise psycopg2.InterfaceError("connection already closed")

        with patch.object(lane_module._logger, "info") as said:
            lane_module._unlock(Lost(), self.lane.id)
        self.assertEqual(said.call_args.args[1:], (lane_module.LOCK_SPACE, self.lane.id, "InterfaceError"))
