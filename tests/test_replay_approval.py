# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who may replay what: a second person, the plan as approved, for a limited time, enforced by the database too (X4)."""

from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..simulators.local_server import serving
from ..simulators.partner.receiver import Receiver, Troubles
from ..simulators.partner.server import receiver_server
from . import test_outbox
from .common import BEN
from .deliveries import deliver_here
from .replay_common import GROUP, ReplayCommon


class TestReplayApproval(ReplayCommon):
    def setUp(self):
        super().setUp()
        self.message = self.invoice("A-1")
        self.drain(self.partner_connection)
        self.replay = self.plan(self.message)
        self.assertTrue(self.replay.needs_approval)

    def refused(self, statement, error=psycopg2.errors.CheckViolation):
        """The database itself refuses this statement."""
        self.env.flush_all()
        with self.assertRaises(error), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env.cr.execute(statement, [self.replay.id])

    def test_it_does_not_run_without_a_second_person(self):
        for state in ("planned", "waiting"):
            self.assertEqual(self.replay.state, state)
            with self.assertRaises(UserError):
                self.replay.action_run()
            if state == "planned":
                self.replay.action_request()
        self.assertFalse(self.message.replay_ids)

    def test_nobody_approves_what_they_planned_or_asked_for(self):
        own = self.plan(self.message, user=self.approver)
        own.action_request()
        with self.assertRaisesRegex(UserError, "never approves"):
            own.action_approve()
        asked = self.plan(self.message, user=self.approver)
        asked.with_user(self.approver2).action_request()
        for user in (self.approver, self.approver2):
            with self.assertRaisesRegex(UserError, "never approves"):
                asked.with_user(user).action_approve()
        self.assertFalse(own.may_approve or asked.with_user(self.approver2).may_approve)
        self.assertEqual({own.state, asked.state}, {"waiting"})

    def test_only_an_approver_approves(self):
        self.replay.action_request()
        auditor = new_test_user(
            self.env, "ra_auditor", groups=GROUP % "auditor", company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )  # fmt: skip
        administrator = new_test_user(
            self.env, "ra_administrator", groups=GROUP % "administrator", company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )  # fmt: skip
        operator = self.operator.copy({"login": "ra_operator"})
        for user in (auditor, administrator, operator):
            for step in ("action_approve", "action_refuse"):
                with self.assertRaises(AccessError):
                    getattr(self.replay.with_user(user), step)()
        for user in (auditor, administrator):
            for step in (
                "action_plan",
                "action_run",
                "action_cancel",
                "action_request",
                "action_choose_again",
            ):
                with self.assertRaises(AccessError):
                    getattr(self.replay.with_user(user), step)()
            with self.assertRaises(AccessError):
                self.env["integration.replay"].with_user(user).create({"company_id": self.company.id})
        self.assertEqual(self.replay.state, "waiting")

    def test_approved_it_runs_and_every_step_is_on_record(self):
        self.approve(self.replay)
        self.assertEqual((self.replay.state, self.replay.approved_by_id), ("approved", self.approver))
        self.run_replay(self.replay)
        self.assertEqual(self.replay.state, "done")
        leaves = self.env["integration.audit.leaf"].search(
            [("res_model", "=", "integration.replay"), ("res_id", "=", self.replay.id)], order="id"
        )
        made = leaves.filtered(lambda leaf: leaf.action == "replay.change")
        self.assertEqual(made.user_id, self.operator)
        self.assertIn("created", made[0].detail)
        leaves -= made
        self.assertEqual(
            [(leaf.action, leaf.user_id) for leaf in leaves][:4],
            [
                ("replay.plan", self.operator),
                ("replay.request", self.operator),
                ("replay.approve", self.approver),
                ("replay.run", self.operator),
            ],
        )
        self.assertEqual(leaves[-1].action, "replay.finish")
        self.assertEqual({leaf.subject_digest for leaf in leaves[1:]}, {self.replay.plan_digest})
        new = self.message.replay_ids.leaf_ids.filtered(lambda leaf: leaf.action == "message.from_replay")
        self.assertEqual((new.user_id, new.detail), (self.operator, f"integration.replay,{self.replay.id}"))

    def test_a_reason_is_asked_for(self):
        replay = self.plan(self.message)
        replay.reason = "  "
        with self.assertRaisesRegex(UserError, "Say why"):
            replay.action_request()

    def test_refused_it_goes_back(self):
        self.replay.action_request()
        self.replay.with_user(self.approver).action_refuse()
        self.assertEqual((self.replay.state, self.replay.requested_by_id), ("planned", self.env["res.users"]))
        with self.assertRaises(UserError):
            self.replay.action_run()

    def test_an_approval_expires(self):
        self.env["ir.config_parameter"].sudo().set_param("finance_integration.replay_approval_hours", "3")
        self.approve(self.replay)
        self.assertEqual(self.replay.approved_until - self.replay.approved_at, timedelta(hours=3))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE integration_replay SET approved_until = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(minutes=1), self.replay.id],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "expired"):
            self.replay.action_run()
        self.refused("UPDATE integration_replay SET state = 'running' WHERE id = %s")

    def test_a_plan_that_has_changed_is_not_run_and_needs_a_new_approval(self):
        message = self.parked("A-2", party=BEN)
        message.action_discard("Not ours")
        self.give_mapping()
        replay = self.approve(self.plan(message))
        self.assertEqual(replay.line_ids.outcome, "post")
        digest = replay.plan_digest
        self.forget_mapping("STD")
        replay.action_run()
        self.go_on(replay)
        self.assertEqual((replay.state, replay.line_ids.outcome), ("planned", "refused"))
        self.assertNotEqual(replay.plan_digest, digest)
        self.assertIn("Nothing was done", replay.note)
        self.assertFalse(replay.approved_by_id or replay.requested_by_id or replay.approved_digest)
        self.assertFalse(message.replay_ids)
        with self.assertRaises(UserError):
            replay.action_run()

    def test_an_event_that_moved_on_since_is_planned_anew(self):
        message = self.parked("A-2", party=BEN)
        self.give_mapping()
        replay = self.approve(self.plan(message))
        message.action_try_again()
        self.drain(self.partner_connection)
        self.assertEqual(message.status, "done")
        replay.action_run()
        self.go_on(replay)
        self.assertEqual(
            (replay.state, replay.line_ids.outcome, replay.line_ids.mode), ("planned", "duplicate", "new")
        )
        self.assertFalse(message.replay_ids)

    def test_what_is_approved_cannot_be_changed(self):
        self.approve(self.replay)
        for values in ({"reason": "another"}, {"event_ids": [(5,)]}, {"with_done": True}, {"company_id": 1}):
            with self.assertRaises(UserError):
                self.replay.write(values)
        for values in (
            {"state": "running"},
            {"needs_approval": False},
            {"plan_digest": "0"},
            {"approved_by_id": 1},
        ):
            for replay in (
                self.replay,
                self.replay.sudo(),
                self.replay.with_context(integration_replay=True).sudo(),
            ):
                with self.assertRaises(UserError):
                    replay.write(values)
        with self.assertRaises(UserError):
            self.env["integration.replay"].with_user(self.operator).create(
                {"company_id": self.company.id, "state": "approved"}
            )
        with self.assertRaises(AccessError):
            self.replay.unlink()
        for line in (self.replay.line_ids, self.replay.line_ids.sudo()):
            with self.assertRaises(UserError):
                line.write({"outcome": "duplicate"})

    def test_the_database_refuses_what_the_form_would(self):
        approver, operator = self.approver.id, self.operator.id
        for statement in (
            # run without an approval, or by pretending that none is needed
            "UPDATE integration_replay SET state = 'running' WHERE id = %s",
            "UPDATE integration_replay SET state = 'running', needs_approval = false WHERE id = %s",
            "UPDATE integration_replay SET state = 'done' WHERE id = %s",
            # approve one's own
            f"UPDATE integration_replay SET requested_by_id = {approver}, approved_by_id = {approver} WHERE id = %s",
            f"UPDATE integration_replay SET requested_by_id = {approver}, approved_by_id = {operator} WHERE id = %s",
            f"UPDATE integration_replay SET approved_by_id = {approver} WHERE id = %s",
            # change, add to or shorten what is approved
            "UPDATE integration_replay_line SET outcome = 'nothing' WHERE replay_id = %s",
            "UPDATE integration_replay_line SET fingerprint = 'x' WHERE replay_id = %s",
            "DELETE FROM integration_replay_line WHERE replay_id = %s",
            """INSERT INTO integration_replay_line (replay_id, company_id, message_id, mode)
               SELECT id, company_id, (SELECT min(id) FROM integration_message), 'new' FROM integration_replay
                WHERE id = %s""",
        ):
            self.refused(statement)
        self.approve(self.replay)
        self.refused(
            f"UPDATE integration_replay SET state = 'running', approved_digest = 'x',"
            f" approved_until = now() + interval '{operator} hours' WHERE id = %s"
        )

    def test_another_company_sees_none(self):
        other = self.setup_other_company()["company"]
        foreigner = new_test_user(
            self.env,
            "ra_foreigner",
            groups=GROUP % "approver",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        for model in ("integration.replay", "integration.replay.line"):
            self.assertTrue(self.env[model].search_count([]))
            self.assertFalse(
                self.env[model]
                .with_user(foreigner)
                .search([])
                .sudo()
                .filtered(lambda row: row.company_id == self.company)
            )
        with self.assertRaises(AccessError):
            self.env["integration.replay"].with_user(foreigner).create(
                {"company_id": self.company.id, "scope": "events", "event_ids": [(6, 0, self.message.ids)]}
            ).action_plan()


class TestReplayWithoutApproval(ReplayCommon):
    def test_what_does_not_concern_the_books_is_run_by_an_operator_alone(self):
        message = self.parked("A-1")
        replay = self.plan(message)
        self.assertFalse(replay.needs_approval)
        with self.assertRaisesRegex(UserError, "needs no approval"):
            replay.action_request()
        self.run_replay(replay)
        self.assertEqual(replay.state, "partly")
        self.assertFalse(replay.approved_by_id)


class TestReplayOfOutgoing(ReplayCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._secret(cls.partner_connection, "outbound_signature", test_outbox.OUT_SECRET)
        cls.partner_connection.write(
            {"delivery_url": "http://127.0.0.1:9/hook", "allowed_hosts": "127.0.0.1"}
        )

    _request_handler = test_outbox.TestOutbox.__dict__["_request_handler"]

    def deliver(self):
        return deliver_here(self, self.partner_connection)

    def test_it_is_sent_again_under_its_first_id_and_recognised(self):
        receiver = Receiver([test_outbox.OUT_SECRET], seed="replay", troubles=Troubles(percent=0))
        with serving(receiver_server(receiver)) as server:
            self.partner_connection.delivery_url = f"{server.url}/events"
            self.issue("O-1")
            message = self.env["integration.message"].search([("direction", "=", "out")])
            self.deliver()
            self.assertEqual((message.status, message.stage), ("done", "acknowledged"))
            replay = self.plan(message)
            self.assertEqual((replay.line_ids.mode, replay.line_ids.outcome), ("new", "send"))
            self.assertTrue(replay.needs_approval)
            self.run_replay(replay, drain=False)
            new = message.replay_ids
            self.assertEqual(
                (new.direction, new.status, new.event_id), ("out", "ready", f"{message.event_id}#replay-1")
            )
            self.deliver()
            replay.action_look_again()
            self.assertEqual((new.status, replay.state, replay.line_ids.result), ("done", "done", "done"))
            self.assertEqual([row.id for row in receiver.received()], [message.event_id])
        raw = self.env["integration.payload"]._raw_by_message([message.id, new.id])
        self.assertEqual(raw[message.id], raw[new.id])
        self.assertEqual((new.attempt_ids.trigger, new.attempt_ids.user_id), ("replay", self.operator))
        self.assertEqual(new.attempt_ids.http_status, 200)

    def test_a_dead_one_goes_on_in_its_place(self):
        self.issue("O-1")
        message = self.env["integration.message"].search([("direction", "=", "out")])
        message.flow_id.max_attempts = 1
        self.deliver()  # nobody listens on that port
        self.assertEqual(message.status, "dead")
        replay = self.plan(message)
        self.assertEqual((replay.line_ids.mode, replay.needs_approval), ("resume", False))
        receiver = Receiver([test_outbox.OUT_SECRET], seed="replay", troubles=Troubles(percent=0))
        with serving(receiver_server(receiver)) as server:
            self.partner_connection.delivery_url = f"{server.url}/events"
            self.run_replay(replay, drain=False)
            self.deliver()
            self.assertEqual([row.id for row in receiver.received()], [message.event_id])
        replay.action_look_again()
        self.assertEqual((message.status, replay.state), ("done", "done"))
        self.assertFalse(message.replay_ids)


class TestTwoPeople(ReplayCommon):
    def test_pressed_twice_it_runs_once(self):
        message = self.invoice("A-1")
        self.drain(self.partner_connection)
        replay = self.approve(self.plan(message))
        replay.action_run()
        with self.assertRaisesRegex(UserError, "Running"):
            replay.with_user(self.approver2).action_run()
        self.go_on(replay)
        self.go_on(replay)
        self.assertEqual((len(message.replay_ids), replay.run_by_id), (1, self.operator))
