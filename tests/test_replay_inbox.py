# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Replays are approved in the same inbox, under the same rules, with their own guarantees on top (X4)."""

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .replay_common import ReplayCommon


class TestReplayInbox(ReplayCommon):
    def setUp(self):
        super().setUp()
        self.message = self.invoice("A-1", amount="100.00")
        self.drain(self.partner_connection)
        self.replay = self.plan(self.message)

    def ask(self):
        self.replay.action_request()
        request = self.replay.request_id
        self.assertEqual((request.state, request.kind, request.res_id), ("asked", "replay", self.replay.id))
        return request

    def test_it_waits_in_the_inbox_with_the_plan_and_what_is_at_stake(self):
        message = self.parked("A-2", amount="250.00")
        message.action_discard("Not ours")
        self.give_mapping()
        self.replay = self.plan(message)
        request = self.ask()
        self.assertEqual((request.amount, request.currency_id), (287.5, self.company.currency_id))
        inbox = request.with_user(self.approver).search([("may_decide", "=", True)])
        self.assertIn(request, inbox)
        [entry] = request.preview["entries"]
        self.assertEqual(entry["change"], "added")
        debit = sum(float(line["debit"] or 0) for line in entry["lines"])
        self.assertEqual(debit, 287.5)
        self.assertIn("Would be booked", request.preview_html)
        self.assertEqual(request.preview["digest"], self.replay.plan_digest)
        request.with_user(self.approver).action_approve()
        self.assertEqual(
            (self.replay.state, self.replay.approved_by_id, self.replay.approved_digest),
            ("approved", self.approver, self.replay.plan_digest),
        )
        self.run_replay(self.replay)
        self.assertEqual(self.replay.state, "done")
        self.assertEqual(self.became(message.replay_ids, "account.move").amount_total, 287.5)

    def test_what_is_booked_already_is_shown_as_unchanged(self):
        request = self.ask()
        [entry] = request.preview["entries"]
        self.assertEqual(entry["change"], "unchanged")
        self.assertIn("Stays as it is", request.preview_html)

    def test_refused_in_the_inbox_it_goes_back_with_the_reason(self):
        request = self.ask()
        request.with_user(self.approver).action_refuse("Ask the bank first")
        self.assertEqual((self.replay.state, self.replay.requested_by_id.id), ("planned", False))
        self.assertIn("Ask the bank first", self.replay.note)
        again = self.ask()
        self.assertNotEqual(again, request)

    def test_the_button_of_the_replay_opens_the_refusal(self):
        request = self.ask()
        action = self.replay.with_user(self.approver).action_open_refusal()
        self.assertEqual(action["context"], {"default_request_id": request.id})

    def test_withdrawn_cancelled_or_chosen_again_both_end(self):
        request = self.ask()
        request.with_user(self.operator).action_withdraw()
        self.assertEqual((request.state, self.replay.state), ("withdrawn", "planned"))
        request = self.ask()
        self.replay.action_choose_again()
        self.assertEqual((request.state, self.replay.state), ("withdrawn", "draft"))
        self.assertFalse(self.replay.request_id)
        self.replay.action_plan()
        self.go_on(self.replay)
        request = self.ask()
        self.replay.action_cancel()
        self.assertEqual((request.state, self.replay.state), ("withdrawn", "cancelled"))

    def test_several_people_and_nobody_twice(self):
        administrator = self.operator.copy({"login": "ri_admin"})
        administrator.sudo().group_ids = self.env.ref("finance_integration.group_administrator")
        policy = (
            self.env["integration.approval.policy"]
            .with_user(administrator)
            .create(
                {
                    "name": "Two",
                    "kind": "replay",
                    "tier_ids": [
                        (
                            0,
                            0,
                            {"group_id": self.env.ref("finance_integration.group_approver").id, "count": 2},
                        )
                    ],
                }
            )
        )
        policy._ask_with("Careful", self.env["ir.attachment"]).with_user(self.approver).action_approve()
        request = self.ask()
        self.replay.with_user(self.approver).action_approve()
        self.assertEqual((self.replay.state, request.approval_count), ("waiting", 1))
        with self.assertRaises(UserError):
            self.replay.with_user(self.approver).action_approve()
        with self.assertRaises(UserError):
            self.replay.action_run()
        self.replay.invalidate_recordset()
        self.assertFalse(self.replay.with_user(self.approver).may_approve)
        self.replay.with_user(self.approver2).action_approve()
        self.assertEqual((self.replay.state, self.replay.approved_by_id), ("approved", self.approver2))

    def test_a_controller_may_be_the_last_one_asked(self):
        controller = new_test_user(
            self.env, "ri_controller", groups="account.group_account_manager", company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )  # fmt: skip
        administrator = new_test_user(
            self.env, "ri_set_up", groups="finance_integration.group_administrator", company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )  # fmt: skip
        groups = ("finance_integration.group_approver", "account.group_account_manager")
        tiers = [
            (0, 0, {"sequence": n, "group_id": self.env.ref(group).id}) for n, group in enumerate(groups)
        ]
        policy = (
            self.env["integration.approval.policy"]
            .with_user(administrator)
            .create({"name": "Both", "kind": "replay", "tier_ids": tiers})
        )
        policy._ask_with("Careful", self.env["ir.attachment"]).with_user(self.approver).action_approve()
        request = self.ask()
        with self.assertRaises(AccessError):
            request.with_user(controller).action_approve()
        request.with_user(self.approver).action_approve()
        request.with_user(controller).action_approve()
        self.assertEqual((self.replay.state, self.replay.approved_by_id), ("approved", controller))
        self.run_replay(self.replay)
        self.assertEqual(self.replay.state, "done")

    def test_who_planned_it_never_decides_wherever(self):
        own = self.plan(self.message, user=self.approver)
        own.with_user(self.approver2).action_request()
        for user in (self.approver, self.approver2):
            with self.assertRaises(UserError):
                own.request_id.with_user(user).action_approve()
        with self.assertRaises(AccessError):
            own.request_id.with_user(self.operator).action_approve()
        self.assertEqual(own.state, "waiting")

    def test_an_expired_request_sends_the_plan_back(self):
        request = self.ask()
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE integration_change_request DISABLE TRIGGER USER")
        self.env.cr.execute(
            "UPDATE integration_change_request SET expires_at = %s WHERE id = %s",
            [fields.Datetime.subtract(fields.Datetime.now(), days=1), request.id],
        )
        self.env.cr.execute("ALTER TABLE integration_change_request ENABLE TRIGGER USER")
        self.env.invalidate_all()
        self.root["integration.change.request"]._cron_look()
        self.assertEqual((request.state, self.replay.state), ("expired", "planned"))

    def test_an_approval_of_another_plan_is_none(self):
        request = self.ask()
        with self.assertRaises(UserError):
            self.replay.sudo()._carry_out(request.sudo())
        self.assertEqual(self.replay.state, "waiting")
