# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Rules about duties and second factors become looser with a second person, on real books (C7, C8, X4)."""

from odoo.exceptions import UserError

from .approval_common import GROUP, ApprovalCommon


class TestPolicyChange(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.settler = cls.person("pc_settings", "base.group_system")
        for person in (cls.administrator, cls.ann, cls.settler):
            person.sudo().totp_secret = "JBSWY3DPEHPK3PXP"
            person.invalidate_recordset(["totp_enabled"])

    def go_productive(self):
        self.stripe_connection.environment = "production"
        self.env.invalidate_all()

    def choose(self, **values):
        """Save the settings of Odoo as who manages them does."""
        self.env["res.config.settings"].with_user(self.settler).with_company(self.company).create(values)
        self.env.invalidate_all()

    def ask_looser(self, user=None, **values):
        wizards = self.env["integration.duty.rules"].with_user(user or self.administrator)
        wizard = wizards.create({"company_id": self.company.id, "reason": "Two people are ill", **values})
        wizard.action_ask()
        return self.env["integration.change.request"].search([("slot", "=", "duty_rules")], limit=1)

    def rules(self):
        self.env.invalidate_all()
        return self.company.integration_segregation, self.company.integration_second_factor

    def test_without_real_books_they_are_chosen_freely(self):
        self.choose(integration_segregation="reported", integration_second_factor="advised")
        self.assertEqual(self.rules(), ("reported", "advised"))

    def test_on_real_books_stricter_holds_at_once_and_looser_is_refused(self):
        self.go_productive()
        self.choose(integration_segregation="strict", integration_second_factor="required")
        self.assertEqual(self.rules(), ("strict", "required"))
        for values in (
            {"integration_segregation": "production"},
            {"integration_segregation": "reported"},
            {"integration_second_factor": "advised"},
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(UserError, "another person"),
                self.env.cr.savepoint(),
            ):
                self.choose(**values)
        with self.assertRaisesRegex(UserError, "another person"), self.env.cr.savepoint():
            self.company.with_user(self.settler).with_context(integration_duty_rules=True).write(
                {"integration_second_factor": "advised"}
            )
        self.assertEqual(self.rules(), ("strict", "required"))

    def test_another_person_agrees_to_looser_rules(self):
        self.go_productive()
        request = self.ask_looser(integration_second_factor="advised")
        self.assertEqual((request.kind, request.values), ("policy", {"integration_second_factor": "advised"}))
        self.assertEqual(self.rules(), ("production", "production"))
        with self.assertRaises(UserError):
            request.with_user(self.administrator).action_approve()
        request.with_user(self.ann).action_approve()
        self.assertEqual(self.rules(), ("production", "advised"))
        leaf = self.root["integration.audit.leaf"].search(
            [("action", "=", "company.access_policy")], limit=1, order="id desc"
        )
        self.assertEqual((leaf.user_id, leaf.request_id), (self.ann, request))
        self.assertIn("second_factor: production → second_factor: advised", leaf.detail)

    def test_nothing_looser_is_not_asked_for(self):
        self.go_productive()
        with self.assertRaisesRegex(UserError, "Nothing becomes looser"), self.env.cr.savepoint():
            self.ask_looser(integration_segregation="strict")
        self.assertFalse(self.env["integration.change.request"].search_count([("slot", "=", "duty_rules")]))

    def test_an_approval_of_something_else_loosens_nothing(self):
        self.go_productive()
        other = self.ask()
        with self.assertRaises(UserError):
            self.company.sudo()._carry_out(other.sudo())
        self.assertEqual(self.rules(), ("production", "production"))
        self.assertTrue(self.administrator.has_group(GROUP % "administrator"))
