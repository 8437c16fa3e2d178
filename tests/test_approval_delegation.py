# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Standing in for an approver: from day to day, never for who asked, never in a circle, always on record (X4)."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError

from .approval_common import ApprovalCommon


class TestDelegation(ApprovalCommon):
    def stand_in(self, delegator, delegate, first=0, last=5, user=None):
        today = fields.Date.context_today(self.env.user)
        return (
            self.env["integration.approval.delegation"]
            .with_user(user or delegator)
            .create(
                {
                    "delegator_id": delegator.id,
                    "delegate_id": delegate.id,
                    "company_id": self.company.id,
                    "first_day": today + timedelta(days=first),
                    "last_day": today + timedelta(days=last),
                    "reason": "Holidays",
                }
            )
        )

    def test_who_stands_in_decides_and_it_is_shown(self):
        request = self.ask(user=self.administrator)
        with self.assertRaises(AccessError):
            request.with_user(self.operator).action_approve()
        row = self.stand_in(self.ann, self.operator)
        self.assertTrue(row.holds_today)
        self.assertIn(row, row.search([("holds_today", "=", True)]))
        self.env.invalidate_all()
        self.assertTrue(request.with_user(self.operator).may_decide)
        self.assertEqual(request.with_user(self.operator).decides_for, self.ann.name)
        self.assertFalse(request.with_user(self.ann).decides_for)
        request.with_user(self.operator).action_approve()
        decision = request.decision_ids
        self.assertEqual((decision.user_id, decision.behalf_id), (self.operator, self.ann))
        self.assertEqual(row.decision_count, 1)
        self.assertEqual(row.action_open_decisions()["res_model"], "integration.approval.decision")
        leaf = self.env["integration.audit.leaf"].search(
            [("res_model", "=", request._name), ("res_id", "=", request.id)], limit=1
        )
        self.assertIn(f"in the right of {self.ann.name}", leaf.detail)

    def test_nobody_decides_in_the_name_of_who_asked(self):
        self.stand_in(self.ann, self.operator)
        request = self.ask(user=self.ann)
        with self.assertRaisesRegex(UserError, "for whom you stand in has asked"):
            request.with_user(self.operator).action_approve()
        own = self.ask(user=self.operator, flow=self.other_flow)
        with self.assertRaisesRegex(UserError, "own request"):
            own.with_user(self.operator).action_approve()

    def test_one_right_counts_once(self):
        self.stand_in(self.ann, self.operator)
        self.policy((self.ann | self.ben, 2), kind="mapping", company_id=self.company.id)
        request = self.ask(user=self.administrator, kind="mapping")
        request.with_user(self.operator).action_approve()
        with self.assertRaisesRegex(UserError, "another person"):
            request.with_user(self.ann).action_approve()
        self.assertEqual(request.state, "asked")
        request.with_user(self.ben).action_approve()
        self.assertEqual(request.state, "approved")

    def test_what_was_passed_on_is_not_passed_on_further(self):
        self.stand_in(self.ann, self.operator)
        second = self.operator.copy({"login": "ap_op2"})
        self.stand_in(self.operator, second, user=self.ben)  # not even with an approval
        request = self.ask(user=self.administrator)
        with self.assertRaises(AccessError):
            request.with_user(second).action_approve()

    def test_days_and_the_end(self):
        tomorrow = self.stand_in(self.ann, self.operator, first=1)
        request = self.ask(user=self.administrator)
        with self.assertRaises(AccessError):
            request.with_user(self.operator).action_approve()
        tomorrow.with_user(self.operator).action_end()
        self.assertEqual(tomorrow.state, "ended")
        today = self.stand_in(self.ann, self.operator)
        self.env.invalidate_all()
        self.assertTrue(request.with_user(self.operator).may_decide)
        with self.assertRaises(AccessError):
            today.with_user(self.auditor).action_end()
        today.with_user(self.ann).action_end()
        self.env.invalidate_all()
        self.assertFalse(request.with_user(self.operator).may_decide)

    def test_no_circle_no_self_no_stranger(self):
        self.stand_in(self.ann, self.ben)
        for delegator, delegate in ((self.ben, self.ann), (self.ben, self.ben)):
            with self.assertRaises(ValidationError):
                self.stand_in(delegator, delegate)
        self.stand_in(self.ben, self.ann, first=6, last=9)
        with self.assertRaises(ValidationError):
            self.stand_in(self.ben, self.operator, first=3, last=1)
        with self.assertRaises(ValidationError):
            self.stand_in(self.ben, self.operator, last=400)
        with self.assertRaises(ValidationError):
            self.stand_in(self.ben, self.person("ap_nobody", "base.group_user"))
        with self.assertRaises(ValidationError):
            self.stand_in(self.ben, self.partner_connection.service_user_id)
        for user in (self.operator, self.auditor, self.administrator):
            with self.assertRaises(AccessError):
                self.stand_in(self.ann, user, user=user)

    def test_for_somebody_who_is_away_an_approver_has_to_agree(self):
        row = self.stand_in(self.ann, self.ben, user=self.controller)
        self.assertEqual((row.state, row.holds_today), ("asked", False))
        request = self.env["integration.change.request"].search(
            [("res_model", "=", row._name), ("res_id", "=", row.id)]
        )
        with self.assertRaisesRegex(UserError, "prepared"):
            request.with_user(self.ben).action_approve()  # would empower himself
        request.with_user(self.ann).action_approve()
        self.assertEqual(row.state, "active")
        refused = self.stand_in(self.ann, self.operator, user=self.ben)
        request = self.env["integration.change.request"].search([("res_id", "=", refused.id)], limit=1)
        request.with_user(self.ann).action_refuse("I am here")
        self.assertEqual(refused.state, "ended")

    def test_it_is_neither_edited_nor_deleted(self):
        row = self.stand_in(self.ann, self.operator)
        for record in (row, row.sudo(), row.sudo().with_context(integration_approval_delegation=True)):
            with self.assertRaises(UserError):
                record.write({"last_day": "2030-01-01"})
            with self.assertRaises(UserError):
                record.unlink()
        forged = row.with_user(self.ben).create(
            {
                "delegator_id": self.ann.id,
                "delegate_id": self.auditor.id,
                "company_id": self.company.id,
                "first_day": row.first_day,
                "last_day": row.last_day,
                "reason": "x",
                "state": "active",
            }
        )
        self.assertEqual(forged.state, "asked", "the state is not the sender's to say")
