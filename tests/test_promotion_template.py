# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A new company gets the configuration of another one, with the list of what it lacks (M8)."""

from odoo.exceptions import AccessError, UserError

from .promotion_common import PromotionCommon


class TestTemplate(PromotionCommon):
    def wizard(self, user=None, **facts):
        return (
            self.env["integration.promotion.load"]
            .with_user(user or self.administrator)
            .with_context(allowed_company_ids=self.companies.ids)
            .create(
                {
                    "company_id": self.other.id,
                    "origin": "company",
                    "source_company_id": self.company.id,
                    "environment": "test",
                    **facts,
                }
            )
        )

    def copied(self):
        action = self.wizard().action_load()
        return self.promotions().browse(action["res_id"])

    def test_a_new_company_gets_everything_but_secrets(self):
        self.env["integration.assignment.rule"].create(
            {
                "name": "All to the operator",
                "company_id": self.company.id,
                "connection_id": self.partner_connection.id,
                "amount_from": 250.5,
                "user_ids": [(6, 0, self.operator.ids)],
            }
        )
        self.env["integration.workbench.setting"].create(
            {"company_id": self.company.id, "materiality": 777, "write_off_amount": 10}
        )
        self.policy(
            ("finance_integration.group_approver", 1),
            (self.ann | self.ben, 2),
            kind="write_off",
            amount_from=100,
            company_id=self.company.id,
        )
        rule = (
            self.env["integration.ownership"]
            .with_user(self.administrator)
            .create(
                {
                    "object": "customer",
                    "field": "name",
                    "owner": "connection",
                    "owner_connection_id": self.partner_connection.id,
                    "company_id": self.company.id,
                }
            )
        )
        self.approve(rule._ask_for_it("Agreed"))
        self.assertEqual(rule.state, "active")
        self.fill_gaps()
        promotion = self.copied()
        self.assertEqual((promotion.state, promotion.origin, promotion.gap_count), ("ready", "company", 0))
        self.approve(self.ask(promotion, "New company"))
        here = self.rows(self.other)
        for section, rows in self.rows(self.company).items():
            self.assertEqual({key: here[section].get(key) for key in rows}, rows, section)
        self.assertEqual(
            {
                name: len(rows)
                for name, rows in here.items()
                if name in ("connections", "limits", "ownership")
            },
            {"connections": 2, "limits": 1, "ownership": 1},
        )
        own = [("company_id", "=", self.other.id)]
        self.assertFalse(self.root["integration.credential"].search(own))
        self.assertEqual(set(self.root["integration.connection"].search(own).mapped("state")), {"draft"})
        new = self.root["integration.ownership"].search([*own, ("state", "=", "active")])
        self.assertEqual((new.owner_connection_id.company_id, new.approved_by_id), (self.other, self.ann))
        policy = self.root["integration.approval.policy"].search([*own, ("state", "=", "active")])
        self.assertEqual(
            [(tier.group_id.id, tier.user_ids, tier.count) for tier in policy.tier_ids],
            [
                (self.env.ref("finance_integration.group_approver").id, self.env["res.users"], 1),
                (False, self.ann | self.ben, 2),
            ],
        )
        assigned = self.root["integration.assignment.rule"].search(own)
        self.assertEqual((assigned.amount_from, assigned.connection_id.company_id), (250.5, self.other))

    def test_each_gap_says_what_is_missing_and_what_to_do(self):
        self.env["integration.assignment.rule"].create(
            {
                "name": "To somebody of the first company",
                "company_id": self.company.id,
                "user_ids": [(6, 0, self.operator.ids)],
            }
        )
        self.operator.company_ids = self.company
        promotion = self.copied()
        gaps = {
            line.section: (line.gap, line.step)
            for line in promotion.line_ids
            if line.gap and line.section in ("mappings", "assignment_rules")
        }
        self.assertEqual(
            gaps["assignment_rules"],
            (
                "the user ap_operator has no access to Second company",
                "Give the user access to the company, or leave this record out.",
            ),
        )
        self.assertIn("Output tax 15 %", gaps["mappings"][0])
        before = self.counts()
        with self.assertRaisesRegex(UserError, "ap_operator"):
            self.ask(promotion)
        self.assertEqual(self.counts(), before)

    def test_a_connection_that_is_left_out_is_missing_for_what_names_it(self):
        self.fill_gaps()
        promotion = self.copied()
        self.line_of(promotion, "connections", "Partner platform").write({"leave_out": True})
        promotion.action_compare()
        line = self.line_of(promotion, "mappings", "Partner platform · tax · STD")
        self.assertEqual(line.gap, "there is no connection Partner platform")
        with self.assertRaisesRegex(UserError, "Partner platform"):
            self.ask(promotion)

    def test_only_between_own_companies(self):
        self.administrator.write({"company_id": self.other.id, "company_ids": [(6, 0, self.other.ids)]})
        with self.assertRaises(AccessError):
            self.promotions(companies=self.other)._from_company(self.company, self.other, "test")
        self.assertFalse(self.root["integration.promotion"].search([]))

    def test_not_from_itself_and_not_from_nowhere(self):
        with self.assertRaises(UserError):
            self.wizard(source_company_id=self.other.id).action_load()
        with self.assertRaises(UserError):
            self.wizard(source_company_id=False).action_load()
        with self.assertRaises(UserError):
            self.wizard(origin="file").action_load()
        for user in (self.operator, self.auditor, self.ann):
            with self.assertRaises(AccessError):
                self.wizard(user)
        self.assertFalse(self.root["integration.promotion"].search([]))

    def test_the_export_dialog_gives_a_file_that_is_read(self):
        wizard = (
            self.env["integration.promotion.export"]
            .with_user(self.administrator)
            .create({"company_id": self.company.id, "environment": "test"})
        )
        wizard.action_export()
        self.assertTrue(wizard.file_name.startswith("configuration_test_"))
        self.assertTrue(wizard.public_key)
        loaded = self.wizard(origin="file", file=wizard.with_context(bin_size=False).file)
        promotion = self.promotions().browse(loaded.action_load()["res_id"])
        self.assertEqual((promotion.origin, promotion.state), ("file", "ready"))
        self.assertFalse(loaded.file, "the file is kept as text of the configuration alone")
