# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A stated total that differs: accepted within limits or by an approver, to the cent, or sent again (X2, F5, F8)."""

from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError

from .workbench_common import WorkbenchCommon


class TestTotals(WorkbenchCommon):
    def setUp(self):
        super().setUp()
        # Another addon that adds to what a document says: the only way to another total than the issuer's.
        self.more = 0.40
        rules = type(self.env["integration.posting.invoice"])
        origin, test = rules._base_lines_of, self

        def with_more(rules_self, work, document, header, lines):
            origin(rules_self, work, document, header, lines)
            lines[0]["price_unit"] += test.more
            return rules_self.env["integration.complete.lines"]._computed(header, lines)

        patcher = patch.object(rules, "_base_lines_of", with_more)
        patcher.start()
        self.addCleanup(patcher.stop)

    def stopped(self, number="P-1", amount="1000.00"):
        """An invoice over 1,150.00 that would be booked over 1,150.46; returns (event, exception of an operator)."""
        message = self.send_partner("invoice.issued", self.document(number, amount))
        return message, message.exception_id.with_user(self.operator)

    def test_within_the_limits_the_issuers_total_is_booked_and_the_rest_is_a_rounding_difference(self):
        message, exception = self.stopped()
        self.assertEqual((message.error_code, exception.fix), ("total_difference", "difference"))
        self.assertTrue(exception.may_ask_resend)
        exception.action_accept_difference()
        self.drain(self.partner_connection)
        self.assert_done(message)
        move = self.became(message, "account.move")
        self.assertEqual((move.amount_total, move.amount_tax, move.state), (1150.0, 150.06, "posted"))
        rest = move.invoice_line_ids.filtered(lambda line: line.account_id == self.role("RND"))
        self.assertEqual((rest.price_subtotal, rest.balance, rest.tax_ids.ids), (-0.46, 0.46, []))
        self.assertEqual(self.balance(self.role("RND")), Decimal("0.46"))
        self.assertEqual(exception.state, "resolved")
        use = self.env["integration.limit.use"].search([])
        self.assertEqual(
            (use.kind, round(use.amount, 2), use.user_id, use.state),
            ("difference", 0.46, self.operator, "open"),
        )

    def test_above_the_limits_an_approver_sees_the_entry_and_decides(self):
        self.more = 40.0
        message, exception = self.stopped()
        action = exception.action_accept_difference()
        self.ask(action)
        self.drain(self.partner_connection)
        self.assertEqual((message.status, message.granted_total), ("parked", 0))
        request = self.env["integration.change.request"].search(
            [("res_id", "=", exception.id), ("res_model", "=", exception._name)]
        )
        (entry,) = request.preview["entries"]
        amounts = sorted((line["debit"], line["credit"]) for line in entry["lines"])
        self.assertEqual(amounts, [("", "1040.00"), ("", "156.00"), ("1150.00", ""), ("46.00", "")])
        with self.assertRaises(UserError):
            request.with_user(self.operator).action_approve()
        self.decide(exception)
        self.drain(self.partner_connection)
        self.assert_done(message)
        self.assertEqual(self.became(message, "account.move").amount_total, 1150.0)
        self.assertEqual(self.balance(self.role("RND")), Decimal("46.00"))
        self.assertFalse(self.env["integration.limit.use"].search([]), "no standing limit was used")

    def test_the_day_has_a_cap(self):
        self.more = 1.0
        _message, exception = self.stopped(amount="2000.00")
        self.env["integration.workbench.setting"].create(
            {"company_id": self.company.id, "user_day_amount": 1.0}
        )
        action = exception.action_accept_difference()
        self.assertEqual(action["res_model"], "integration.exception.step")
        self.assertFalse(self.env["integration.limit.use"].search([]))

    def test_what_differs_by_another_amount_later_stops_once_more(self):
        message, exception = self.stopped()
        exception.action_accept_difference()
        self.more = 0.80
        self.drain(self.partner_connection)
        self.assertEqual((message.status, message.error_code), ("parked", "total_difference"))
        self.assertFalse(self.became(message, "account.move"))
        self.assertEqual(self.balance(self.role("RND")), Decimal("0.00"))

    def test_without_the_account_it_says_so_and_nothing_is_counted(self):
        message, exception = self.stopped()
        self.env["integration.role.account"].search([("role", "=", "RND")]).unlink()
        with self.assertRaisesRegex(UserError, "Rounding"), self.env.cr.savepoint():
            exception.action_accept_difference()
        self.assertEqual((message.status, message.granted_total), ("parked", 0))
        self.assertFalse(self.env["integration.limit.use"].search([]))

    def test_the_source_is_asked_to_send_it_again(self):
        message, exception = self.stopped()
        exception.action_ask_resend()
        self.assertEqual((message.status, message.granted_total), ("parked", 0))
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "exception.ask_resend")])
        self.assertEqual(leaf.user_id, self.operator)

    def test_nobody_without_a_right_accepts(self):
        message, exception = self.stopped()
        with self.assertRaises(AccessError):
            exception.with_user(self.auditor).action_accept_difference()
        self.assertEqual((message.status, message.granted_total), ("parked", 0))
