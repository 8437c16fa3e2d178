# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two who press at the same moment: exactly one decision, exactly one change. Real connections, real commits (X4).

What is left behind is removed at the end, past the triggers, as only the owner of the tables can.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, new_test_user, tagged
from odoo.tests.common import get_db_name
from odoo.tools import SQL, mute_logger

TRIES = 5
GUARDED = ("integration_approval_decision", "integration_change_request", "integration_audit_leaf")


@tagged("post_install", "-at_install")
class TestApprovalRace(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"no_reset_password": True, "mail_create_nolog": True})
            cr.execute("SELECT COALESCE(max(id), 0) FROM integration_audit_leaf")
            [self.last_leaf] = cr.fetchone()
            group = "finance_integration.group_%s"
            self.asker, self.ann, self.ben = (
                new_test_user(env, f"race_{name}", groups=group % role).id
                for name, role in (("asker", "administrator"), ("ann", "approver"), ("ben", "approver"))
            )
            policy = (
                env["integration.approval.policy"]
                .with_user(self.asker)
                .create(
                    {
                        "name": "Race",
                        "kind": "bundle",
                        "tier_ids": [(0, 0, {"group_id": env.ref(group % "approver").id})],
                    }
                )
            )
            request = policy._ask_with("Race", env["ir.attachment"])
            self.policy_id, self.request_id = policy.id, request.id
        self.addCleanup(self.remove)

    def remove(self):
        users = (self.asker, self.ann, self.ben)
        with self.registry.cursor() as cr:
            for table in GUARDED:
                cr.execute(SQL("ALTER TABLE %s DISABLE TRIGGER USER", SQL.identifier(table)))
            cr.execute(
                SQL("DELETE FROM integration_approval_decision WHERE request_id = %s", self.request_id)
            )
            cr.execute(SQL("DELETE FROM integration_audit_leaf WHERE id > %s", self.last_leaf))
            env = api.Environment(cr, SUPERUSER_ID, {})
            for model, record in (
                ("integration.change.request", self.request_id),
                ("integration.approval.policy", self.policy_id),
            ):
                domain = [("model", "=", model), ("res_id", "=", record)]
                env["mail.message"].search(domain).unlink()
                env["mail.activity"].search([("res_model", "=", model), ("res_id", "=", record)]).unlink()
                env["mail.followers"].search([("res_model", "=", model), ("res_id", "=", record)]).unlink()
            cr.execute(SQL("DELETE FROM integration_change_request WHERE id = %s", self.request_id))
            cr.execute(SQL("DELETE FROM integration_approval_policy WHERE id = %s", self.policy_id))
            people = env["res.users"].browse(users)
            partners = people.partner_id
            people.unlink()
            partners.unlink()
            for table in GUARDED:
                cr.execute(SQL("ALTER TABLE %s ENABLE TRIGGER USER", SQL.identifier(table)))
        self.registry.clear_cache()

    def press(self, uid, method, *arguments, before=None):
        """Press a button as Odoo does for a person: from a fresh snapshot again while the database is in the way."""
        for _try in range(TRIES):
            with closing(self.registry.cursor()) as cr:
                request = api.Environment(cr, uid, {})["integration.change.request"].browse(self.request_id)
                try:
                    if before:
                        before(cr)
                    getattr(request, method)(*arguments)
                    request.env.flush_all()
                    cr.commit()  # pylint: disable=invalid-commit
                except psycopg2.errors.SerializationFailure:
                    cr.rollback()
                    continue
                except UserError as refused:
                    return str(refused)
                return "done"
        raise AssertionError("in the way again and again")

    def outcome(self):
        with self.registry.cursor() as cr:
            cr.execute(
                SQL(
                    """
                    SELECT r.state, p.state, count(d.id), count(DISTINCT d.user_id)
                      FROM integration_change_request r
                      JOIN integration_approval_policy p ON p.id = r.res_id
                      LEFT JOIN integration_approval_decision d ON d.request_id = r.id
                     WHERE r.id = %s GROUP BY 1, 2
                    """,
                    self.request_id,
                )
            )
            state, policy, decisions, people = cr.fetchone()
            cr.execute(
                SQL(
                    """
                    SELECT count(*) FROM integration_audit_leaf
                     WHERE res_model = 'integration.change.request' AND res_id = %s AND action = 'change.approve'
                    """,
                    self.request_id,
                )
            )
            return state, policy, decisions, people, cr.fetchone()[0]

    def at_once(self, *presses):
        """Let each press begin with its own snapshot, taken before any of them decides."""
        start = threading.Barrier(len(presses))

        def work(press):
            waited = []

            def before(cr):
                cr.execute("SELECT 1 FROM integration_change_request LIMIT 1")
                if not waited:
                    waited.append(start.wait(30))

            return self.press(*press, before=before)

        # What one of them is told by the database is what this is about; silenced once, for all threads.
        with mute_logger("odoo.sql_db"), ThreadPoolExecutor(len(presses)) as threads:
            return list(threads.map(work, presses))

    def test_two_approvers_at_once_decide_once(self):
        answers = self.at_once((self.ann, "action_approve"), (self.ben, "action_approve"))
        self.assertEqual(answers.count("done"), 1, answers)
        self.assertIn("decided already", " ".join(answers))
        self.assertEqual(self.outcome(), ("approved", "active", 1, 1, 1))

    def test_one_person_who_presses_twice_decides_once(self):
        answers = self.at_once(*[(self.ann, "action_approve")] * 3)
        self.assertEqual(answers.count("done"), 1, answers)
        self.assertEqual(self.outcome(), ("approved", "active", 1, 1, 1))

    def test_approve_and_withdraw_at_once_leave_one_of_the_two(self):
        answers = self.at_once((self.ann, "action_approve"), (self.asker, "action_withdraw"))
        self.assertEqual(answers.count("done"), 1, answers)
        wanted = ("approved", "active", 1, 1, 1) if answers[0] == "done" else ("withdrawn", "draft", 0, 0, 0)
        self.assertEqual(self.outcome(), wanted)

    def test_approve_and_refuse_at_once_leave_one_of_the_two(self):
        answers = self.at_once((self.ann, "action_approve"), (self.ben, "action_refuse", "No"))
        self.assertEqual(answers.count("done"), 1, answers)
        state, policy, decisions, people, _leaves = self.outcome()
        self.assertEqual((decisions, people), (1, 1))
        self.assertIn((state, policy), (("approved", "active"), ("refused", "draft")))

    def test_what_changes_while_it_is_approved_is_not_approved(self):
        """The record changes after the approver's snapshot: the approval is repeated and then sees it."""
        changed = []

        def change_once(cr):
            cr.execute("SELECT 1 FROM integration_approval_policy LIMIT 1")
            if not changed:
                with self.registry.cursor() as other:
                    other.execute(
                        SQL(
                            "UPDATE integration_approval_policy SET ask_hours = 1 WHERE id = %s",
                            self.policy_id,
                        )
                    )
                changed.append(True)

        with mute_logger("odoo.sql_db"):
            answer = self.press(self.ann, "action_approve", before=change_once)
        self.assertIn("has changed since", answer)
        self.assertEqual(self.outcome(), ("asked", "asked", 0, 0, 0))
