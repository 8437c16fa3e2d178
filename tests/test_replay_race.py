# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two approvers press the button at the same moment: one approval, one that hears that it was given (E6, X4).

Real connections, real commits, real threads; what is left behind is removed at the end.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, new_test_user, tagged
from odoo.tests.common import get_db_name
from odoo.tools import SQL, mute_logger

ROUNDS = 8
GUARDED = ("integration_approval_decision", "integration_change_request", "integration_audit_leaf")
APPROVED, LATE = "approved", "late"


@tagged("post_install", "-at_install")
class TestApproversRace(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.users = []
        self.addCleanup(self.remove)
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            cr.execute(SQL("SELECT COALESCE(max(id), 0) FROM integration_audit_leaf"))
            [self.last_leaf] = cr.fetchone()
            groups = "finance_integration.group_approver,finance_integration.group_operator"
            for name in ("race_asks", "race_one", "race_two"):
                self.users.append(new_test_user(env, name, groups=groups).id)
        steps = patch.object(self.registry["integration.replay"], "_note_step", lambda *_arguments: None)
        steps.start()
        self.addCleanup(steps.stop)

    def remove(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            for table in GUARDED:
                cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", SQL.identifier(table)))
            asked = SQL("SELECT id FROM integration_change_request WHERE requester_id = ANY(%s)", self.users)
            cr.execute(SQL("DELETE FROM integration_approval_decision WHERE request_id IN (%s)", asked))
            cr.execute(SQL("DELETE FROM integration_audit_leaf WHERE id > %s", self.last_leaf))
            cr.execute(SQL("DELETE FROM integration_change_request WHERE requester_id = ANY(%s)", self.users))
            cr.execute(SQL("DELETE FROM integration_replay WHERE create_uid = ANY(%s)", self.users))
            for model, column in (
                ("mail.message", "model"),
                ("mail.activity", "res_model"),
                ("mail.followers", "res_model"),
            ):
                for of in ("integration.replay", "integration.change.request"):
                    known = env[of].with_context(active_test=False).search([]).ids
                    env[model].search([(column, "=", of), ("res_id", "not in", known)]).unlink()
            users = env["res.users"].browse(self.users)
            partners = users.partner_id
            users.unlink()
            partners.unlink()
            for table in GUARDED:
                cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", SQL.identifier(table)))
        self.registry.clear_cache()

    def asked(self):
        """Return a plan that waits for its approval."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, self.users[0], {"tracking_disable": True, "mail_create_nolog": True})
            replay = env["integration.replay"].create({"reason": "The bank asked"})
            replay._set(state="planned", needs_approval=True, plan_digest=replay._digest_now())
            replay.action_request()
            return replay.id

    def press(self, replay_id, user_id, barrier, step):
        """Press a button as the web client does: in a request that is repeated after a conflict."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, user_id, {"tracking_disable": True})
            env["integration.replay"].browse(replay_id).read(["state"])  # both have the form open
            cr.rollback()
            barrier.wait(timeout=30)
            try:
                retrying(getattr(env["integration.replay"].browse(replay_id), step), env)
            except UserError:
                return LATE
        return APPROVED

    def test_one_of_two_approvers_approves(self):
        with (
            ThreadPoolExecutor(max_workers=2) as pool,
            mute_logger("odoo.sql_db", "odoo.service.model", "odoo.http"),
        ):
            for _round in range(ROUNDS):
                replay_id, barrier = self.asked(), threading.Barrier(2)
                presses = [
                    pool.submit(self.press, replay_id, user_id, barrier, "action_approve")
                    for user_id in self.users[1:]
                ]
                said = sorted(press.result(timeout=60) for press in presses)
                with self.registry.cursor() as cr:
                    cr.execute(
                        SQL("SELECT state, approved_by_id FROM integration_replay WHERE id = %s", replay_id)
                    )
                    state, approver = cr.fetchone()
                self.assertEqual(said, [APPROVED, LATE])
                self.assertEqual(state, "approved")
                self.assertIn(approver, self.users[1:])

    def test_of_approval_and_refusal_at_once_the_first_counts(self):
        with (
            ThreadPoolExecutor(max_workers=2) as pool,
            mute_logger("odoo.sql_db", "odoo.service.model", "odoo.http"),
        ):
            for _round in range(ROUNDS):
                replay_id, barrier = self.asked(), threading.Barrier(2)
                approve = pool.submit(self.press, replay_id, self.users[1], barrier, "action_approve")
                refuse = pool.submit(self.press, replay_id, self.users[2], barrier, "action_refuse")
                said = (approve.result(timeout=60), refuse.result(timeout=60))
                with self.registry.cursor() as cr:
                    cr.execute(
                        SQL("SELECT state, approved_by_id FROM integration_replay WHERE id = %s", replay_id)
                    )
                    state, approver = cr.fetchone()
                self.assertEqual(sorted(said), [APPROVED, LATE])
                expected = ("approved", self.users[1]) if said[0] == APPROVED else ("planned", None)
                self.assertEqual((state, approver), expected)

    def test_the_database_itself_refuses_a_second_approver_who_asked(self):
        replay_id = self.asked()
        with self.registry.cursor() as cr, mute_logger("odoo.sql_db"):
            with self.assertRaises(psycopg2.errors.CheckViolation):
                cr.execute(
                    SQL(
                        "UPDATE integration_replay SET state = 'approved', approved_by_id = %s WHERE id = %s",
                        self.users[0],
                        replay_id,
                    )
                )
            cr.rollback()
