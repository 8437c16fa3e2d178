# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Up to which amount an unsigned delivery is believed rises in production only with a second person (X4, C3)."""

from odoo.exceptions import UserError

from .approval_common import ApprovalCommon


class TestTrustedAmount(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for person in (cls.administrator, cls.ann):
            person.sudo().totp_secret = "JBSWY3DPEHPK3PXP"
            person.invalidate_recordset(["totp_enabled"])
        cls.paypal = cls._connection("paypal", "PayPal account")
        cls.mine = cls.paypal.with_user(cls.administrator)

    def requests(self):
        return self.env["integration.change.request"].search(
            [("res_model", "=", "integration.connection"), ("slot", "=", "trusted_amount")], order="id"
        )

    def test_outside_production_one_person_sets_it(self):
        self.mine.trusted_amount = 50
        self.assertEqual((self.paypal.trusted_amount, len(self.requests())), (50.0, 0))

    def test_in_production_it_rises_at_the_approval_alone(self):
        self.paypal.environment = "production"
        self.mine.write({"trusted_amount": 25, "trusted_reason": "Many small tips"})
        self.assertEqual((self.paypal.trusted_amount, self.paypal.trusted_waiting), (0.0, 25.0))
        request = self.requests()
        self.assertEqual((len(request), request.kind, request.amount), (1, "override", 25.0))
        self.assertEqual(
            request.preview["rows"], [{"field": "trusted_amount", "before": "0.00", "after": "25.00"}]
        )
        with self.assertRaises(UserError):
            request.with_user(self.administrator).action_approve()
        self.assertEqual(self.paypal.trusted_amount, 0.0)
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertEqual((self.paypal.trusted_amount, self.paypal.trusted_waiting), (25.0, 0.0))
        self.assertEqual(self.paypal._settings()["trusted_amount"], {"value": "25.0", "currency": "USD"})

    def test_without_a_reason_nothing_changes(self):
        self.paypal.environment = "production"
        with self.assertRaisesRegex(UserError, "Say why"):
            self.mine.trusted_amount = 25
        self.assertEqual((self.paypal.trusted_amount, len(self.requests())), (0.0, 0))

    def test_a_refused_amount_does_not_hold(self):
        self.paypal.environment = "production"
        self.mine.write({"trusted_amount": 25, "trusted_reason": "Tips"})
        self.requests().with_user(self.ann).action_refuse("Ask always")
        self.env.invalidate_all()
        self.assertEqual((self.paypal.trusted_amount, self.paypal.trusted_waiting), (0.0, 0.0))

    def test_lowering_it_takes_one_person_at_once(self):
        self.paypal.environment = "production"
        self.mine.write({"trusted_amount": 25, "trusted_reason": "Tips"})
        self.requests().with_user(self.ann).action_approve()
        self.mine.trusted_amount = 10
        self.assertEqual((self.paypal.trusted_amount, len(self.requests())), (10.0, 1))

    def test_what_was_set_in_a_sandbox_does_not_come_along_into_production(self):
        self.mine.trusted_amount = 5000
        self.mine.environment = "production"
        self.assertEqual(self.paypal.trusted_amount, 0.0)
        with self.assertRaisesRegex(UserError, "Say why"):
            self.env["integration.connection"].with_user(self.administrator).create(
                {
                    "name": "Another",
                    "connector": "paypal",
                    "environment": "production",
                    "company_id": self.company.id,
                    "trusted_amount": 5000,
                }
            )

    def test_an_approval_of_something_else_sets_nothing(self):
        self.paypal.environment = "production"
        other = self.ask()
        with self.assertRaises(UserError):
            self.paypal.sudo()._carry_out(other.sudo())
        self.assertEqual(self.paypal.trusted_amount, 0.0)
