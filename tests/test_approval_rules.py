# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Approval rules: default limits, steps, currencies, companies; a rule changes by an approval alone (X4, F5)."""

from odoo.exceptions import AccessError, UserError, ValidationError

from .approval_common import CONTROLLER, GROUP, ApprovalCommon


class TestApprovalRules(ApprovalCommon):
    def needed(self, kind, amount=None, **facts):
        """Return the names of who has to agree to such a request."""
        flow = facts.pop("flow", self.flow)
        request = self.ask(flow=flow, kind=kind, amount=amount, slot=f"{kind}{amount}{facts}", **facts)
        return [tier["name"] for tier in request.tiers]

    def test_the_default_limits(self):
        approver = self.env.ref(GROUP % "approver").display_name
        controller = self.env.ref(CONTROLLER).display_name
        for kind, amount, names in (
            ("write_off", 0, [approver]),
            ("write_off", 499.99, [approver]),
            ("write_off", 500, [controller]),
            ("write_off", None, [controller]),  # nobody knows how much
            ("replay", 1_000_000, [approver]),
            ("entry", 10_000, [approver]),
            ("flow", None, [approver]),
            ("bank_detail", None, [approver]),
            ("lock_waiver", None, [approver, controller]),
            ("erasure", None, [approver, controller]),
        ):
            self.assertEqual(self.needed(kind, amount), names, f"{kind} {amount}")

    def test_the_controller_decides_about_what_is_above_the_limit_and_nobody_else(self):
        request = self.ask(kind="write_off", amount=600)
        with self.assertRaises(AccessError):
            request.with_user(self.ann).action_approve()
        request.with_user(self.controller).action_approve()
        self.assertEqual((request.state, request.approver_id), ("approved", self.controller))

    def test_two_steps_by_two_people_in_order(self):
        request = self.ask(kind="lock_waiver")
        self.assertEqual(request.waits_for, self.env.ref(GROUP % "approver").display_name)
        with self.assertRaises(AccessError):
            request.with_user(self.controller).action_approve()
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertEqual(
            (request.state, request.approver_id.id, self.flow.start_date), ("asked", False, False)
        )
        self.assertEqual(request.waits_for, self.env.ref(CONTROLLER).display_name)
        self.assertEqual(
            request.sudo().activity_ids.user_id & (self.ann | self.ben | self.controller), self.controller
        )
        self.ann.sudo().group_ids |= self.env.ref(CONTROLLER)
        with self.assertRaisesRegex(UserError, "another person has to agree"):
            request.with_user(self.ann).action_approve()
        request.with_user(self.controller).action_approve()
        self.env.invalidate_all()
        self.assertEqual((request.state, str(self.flow.start_date)), ("approved", "2026-02-01"))
        self.assertEqual(request.decision_ids.sorted("id").mapped("tier"), [1, 2])

    def test_refused_at_the_second_step_nothing_happens(self):
        request = self.ask(kind="lock_waiver")
        request.with_user(self.ann).action_approve()
        request.with_user(self.controller).action_refuse("The quarter is closed")
        self.assertEqual((request.state, self.flow.start_date), ("refused", False))

    def test_a_company_asks_for_more_and_another_is_not_concerned(self):
        self.policy((GROUP % "approver", 2), kind="mapping", company_id=self.company.id)
        request = self.ask(kind="mapping")
        self.assertEqual(request.approvals_needed, 2)
        request.with_user(self.ann).action_approve()
        request.with_user(self.ben).action_approve()
        self.assertEqual(request.state, "approved")
        self.policy((self.ben, 1), kind="mapping", company_id=self.company.id)
        again = self.ask(kind="mapping", flow=self.other_flow)
        self.assertEqual(again.approvals_needed, 2, "a rule adds, it never takes away")
        other = self.setup_other_company()["company"]
        elsewhere = self.ask(kind="mapping", flow=self.other_flow, company=other, slot="elsewhere")
        self.assertEqual(elsewhere.approvals_needed, 1)

    def test_thresholds_in_another_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", euro.id)]).unlink()
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "name": "2026-01-01", "rate": 0.5, "company_id": self.company.id}
        )
        self.policy(
            (self.ben, 1), (self.controller, 1), kind="write_off", amount_from=1000, currency_id=euro.id
        )
        self.assertEqual(len(self.needed("write_off", 1999)), 1)
        self.assertEqual(len(self.needed("write_off", 2000)), 2, "2,000 dollars are 1,000 euros")
        self.assertEqual(len(self.needed("write_off", 1000, currency=euro)), 2)
        yen = self.env.ref("base.JPY")
        yen.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", yen.id)]).unlink()
        self.assertEqual(
            len(self.needed("write_off", 1, currency=yen)), 2, "without a rate nobody can say it is little"
        )

    def test_named_people(self):
        self.policy((self.ben, 1), kind="contract", company_id=self.company.id)
        request = self.ask(kind="contract")
        with self.assertRaises(AccessError):
            request.with_user(self.ann).action_approve()
        request.with_user(self.ben).action_approve()
        self.assertEqual(request.state, "approved")

    def test_a_rule_comes_into_force_and_ends_by_an_approval_alone(self):
        policy = self.policy((GROUP % "approver", 1), active=False, kind="ownership")
        for user in (self.administrator, self.env.user):
            for forged in ({"state": "active"}, {"in_force_since": "2026-01-01"}):
                for context in ({}, {"integration_approval_policy": True}):
                    with self.assertRaises(UserError):
                        policy.with_user(user).with_context(**context).write(forged)
        with self.assertRaises(AccessError):
            policy.with_user(self.administrator).create({"name": "x", "state": "active"})
        with self.assertRaises(ValidationError):
            policy.sudo().create({"name": "x", "state": "active"})
        action = policy.action_ask()
        wizard = (
            self.env["integration.approval.ask"]
            .with_user(self.administrator)
            .with_context(**action["context"])
            .create({"reason": "The board wants it"})
        )
        request = self.env["integration.change.request"].browse(wizard.action_ask()["res_id"])
        self.assertEqual((policy.state, request.kind), ("asked", "policy"))
        with self.assertRaises(ValidationError):
            policy.amount_from = 1
        with self.assertRaises(ValidationError):
            policy.tier_ids.count = 3
        request.with_user(self.ann).action_refuse("Not like this")
        self.assertEqual(policy.state, "draft")
        request = policy._ask_with("Again", self.env["ir.attachment"])
        request.with_user(self.ann).action_approve()
        self.assertEqual((policy.state, policy.approved_by_id), ("active", self.ann))
        with self.assertRaises(ValidationError):
            policy.unlink()
        with self.assertRaises(ValidationError):
            policy.tier_ids.unlink()
        draft = policy.browse(policy.action_new_version()["res_id"])
        self.assertEqual((draft.state, draft.replaces_id, len(draft.tier_ids)), ("draft", policy, 1))
        draft.write({"ask_hours": 5, "name": "Faster"})
        request = draft._ask_with("Faster", self.env["ir.attachment"])
        self.assertEqual(
            request.preview["rows"],
            [
                {"field": "name", "before": "Rule", "after": "Faster"},
                {"field": "ask_hours", "before": "168", "after": "5"},
            ],
        )
        request.with_user(self.ben).action_approve()
        self.assertEqual((draft.state, policy.state), ("active", "retired"))
        request = draft._ask_with("No longer needed", self.env["ir.attachment"])
        self.assertEqual(draft.state, "active", "it holds until the end is approved")
        request.with_user(self.ben).action_approve()
        self.assertEqual(draft.state, "retired")

    def test_without_any_rule_one_approver_has_to_agree(self):
        self.env.flush_all()
        self.env.cr.execute("UPDATE integration_approval_policy SET state = 'retired'")
        self.env.invalidate_all()
        request = self.ask()
        self.assertEqual((request.policy_id.id, request.approvals_needed), (False, 1))
        with self.assertRaises(AccessError):
            request.with_user(self.operator.copy({"login": "ap_op2"})).action_approve()
        request.with_user(self.ann).action_approve()
        self.assertEqual(request.state, "approved")

    def test_what_is_no_rule(self):
        Policies = self.env["integration.approval.policy"].with_user(self.administrator)
        with self.assertRaises(ValidationError):
            Policies.create(
                {"name": "x", "tier_ids": [(0, 0, {"user_ids": [(6, 0, self.ben.ids)], "count": 2})]}
            )
        clerk = self.person("ap_nobody", "base.group_user")
        with self.assertRaisesRegex(ValidationError, "cannot see"):
            Policies.create({"name": "x", "tier_ids": [(0, 0, {"user_ids": [(6, 0, clerk.ids)]})]})
        empty = Policies.create({"name": "x"})
        with self.assertRaisesRegex(UserError, "who has to agree"):
            empty._ask_with("x", self.env["ir.attachment"])
        for user in (self.operator, self.ann, self.auditor):
            with self.assertRaises(AccessError):
                self.env["integration.approval.policy"].with_user(user).create({"name": "x"})

    def test_a_rule_passes_on_to_the_people_it_names(self):
        self.policy((GROUP % "approver", 1), kind="bundle", escalate_to_ids=[(6, 0, self.auditor.ids)], remind_hours=1,
                    company_id=self.company.id)  # fmt: skip
        request = self.ask(kind="bundle")
        self.assertEqual(request.remind_hours, 1)
        request.sudo()._escalate()
        self.assertIn(self.auditor, request.sudo().activity_ids.user_id)
        self.assertFalse(request.with_user(self.auditor).may_decide)
