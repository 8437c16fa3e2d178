# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The workbench in the browser: from My work to the fix, and everything that waited goes on."""

from odoo.tests import tagged

from .tour_common import TourCase
from .workbench_common import WorkbenchCommon


@tagged("post_install", "-at_install", "is_tour")
class TestWorkbenchTours(WorkbenchCommon, TourCase):
    def test_from_my_work_to_the_missing_mapping(self):
        messages = self.unmapped(3)
        exception = self.exceptions("mapping_missing")
        self.start_tour("/odoo/integration-my-work", "finance_integration_my_work", login="wb_operator")
        self.drain(self.partner_connection)
        self.assertEqual(messages.mapped("status"), ["done"] * 3)
        self.assertEqual((exception.state, exception.user_id), ("resolved", self.operator))
        self.assertEqual(exception.run_text, "3 of 3 finished")
        self.assertEqual(
            str(self.env["integration.work.view"].with_user(self.operator)._look().period), "2026-03-01"
        )

    def test_cash_is_applied_as_suggested(self):
        invoice = self.issue("P-1", amount="100.00")
        movement = self.pay(11500, metadata={})
        movement.exception_id.fix_partner_id = invoice.partner_id
        movement.exception_id.action_identify()
        self.env.invalidate_all()
        self.start_tour("/odoo/integration-my-work", "finance_integration_apply_cash", login="wb_operator")
        self.env.invalidate_all()
        self.assertEqual((invoice.payment_state, movement.application), ("paid", "applied"))
        use = self.env["integration.limit.use"].search([("kind", "!=", "identification")])
        self.assertEqual((use.kind, use.user_id), ("application", self.operator))

    def test_money_in_suspense_is_said_to_be_a_fee(self):
        self.stripe.strange(-700, "usd")
        self.pull_stripe()
        movement = self.exceptions("movement_unclassified").movement_ids
        self.start_tour("/odoo/integration-exceptions", "finance_integration_classify", login="wb_operator")
        self.env.invalidate_all()
        self.assertEqual(
            (movement.application, movement.classification_ids.user_id), ("applied", self.operator)
        )
        self.assertEqual(movement.counterpart_id.account_id, self.role("FEE"))

    def test_a_copy_is_corrected(self):
        message = self.send_partner("invoice.issued", {**self.document("P-1"), "note": "x" * 1001})
        self.assertEqual(message.error_code, "schema_violation")
        self.start_tour("/odoo/integration-exceptions", "finance_integration_correct", login="wb_operator")
        self.drain(self.partner_connection)
        self.assertEqual(message.status, "done")
        self.assertEqual(self.became(message, "account.move").amount_total, 115.0)
        self.assertEqual(message.correction_id.user_id, self.operator)
