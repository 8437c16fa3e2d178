# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Fixes in three classes (X2, F5): cash, small rests, limits, differences, locked periods (F11)."""

from datetime import date
from decimal import Decimal

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from .common import BEN
from .workbench_common import WorkbenchCommon


class TestCash(WorkbenchCommon):
    def suggest(self, exception):
        action = exception.with_user(self.operator).action_suggest()
        return self.env["integration.apply.cash"].with_user(self.operator).browse(action["res_id"])

    def setUp(self):
        super().setUp()
        self.first = self.issue("P-1", amount="100.00", due_date=date(2026, 3, 10))
        self.second = self.issue("P-2", amount="200.00", due_date=date(2026, 3, 20))
        self.other = self.issue("B-1", BEN, amount="300.00")

    def known_payment(self, cents, **facts):
        """A payment of Anna's that names no invoice."""
        movement = self.pay(cents, **facts)
        exception = movement.exception_id
        exception.with_user(self.operator).fix_partner_id = self.first.partner_id
        action = exception.with_user(self.operator).action_identify()
        if movement.amount > 5000:
            self.ask(action)
            self.decide(exception)
        self.env.invalidate_all()
        return movement

    def test_suggestions_come_with_reasons_and_are_applied_in_parts(self):
        movement = self.known_payment(25000)
        wizard = self.suggest(movement.exception_id)
        rows = {line.invoice_id: (line.likelihood, line.amount) for line in wizard.line_ids}
        self.assertEqual(rows, {self.first: ("possible", 115.0), self.second: ("possible", 135.0)})
        self.assertEqual((wizard.money, wizard.remainder), (250.0, 0.0))
        first, second = wizard.line_ids.sorted("due")
        first.amount, second.amount = 50.0, 120.0
        self.assertEqual(wizard.remainder, 80.0)
        wizard.action_apply()
        self.env.invalidate_all()
        self.assertEqual((self.first.amount_residual, self.second.amount_residual), (65.0, 110.0))
        self.assertEqual(abs(movement.counterpart_id.amount_residual), 80.0)
        self.assertEqual(movement.invoice_ids, self.first | self.second)
        self.assertEqual(
            self.balance(self.first.partner_id.property_account_receivable_id), Decimal("440.00")
        )
        use = self.env["integration.limit.use"].search([("kind", "=", "application")])
        self.assertEqual((use.user_id, use.amount, use.state), (self.operator, 170.0, "open"))

    def test_the_invoice_that_the_text_names_comes_first(self):
        movement = self.known_payment(11500, description="thanks for P-2")
        wizard = self.suggest(movement.exception_id)
        self.assertEqual(wizard.line_ids[:1].invoice_id, self.first)  # the amount fits exactly
        self.assertEqual(wizard.line_ids[:1].likelihood, "likely")

    def test_more_than_there_is_or_is_open_is_refused_and_nothing_is_applied(self):
        movement = self.known_payment(25000)
        for amounts in ((250.0, 1.0), (115.01, 0.0), (-5.0, 20.0)):
            wizard = self.suggest(movement.exception_id)
            lines = wizard.line_ids.sorted("due")
            for line, amount in zip(lines, amounts, strict=True):
                line.amount = amount
            with self.assertRaises(UserError), self.env.cr.savepoint():
                wizard.action_apply()
            self.env.invalidate_all()
        self.assertEqual((self.first.amount_residual, self.second.amount_residual), (115.0, 230.0))

    def test_another_customers_invoice_or_another_companys_is_refused(self):
        movement = self.known_payment(25000)
        exception = movement.exception_id.with_user(self.operator)
        with self.assertRaisesRegex(UserError, "another customer"), self.env.cr.savepoint():
            exception._apply_amounts([(self.other, 10.0)])
        foreign = self.setup_other_company()
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": foreign["company"].id,
                "partner_id": self.env["res.partner"].create({"name": "Anybody"}).id,
                "invoice_date": "2026-03-02",
                "invoice_line_ids": [(0, 0, {"name": "x", "price_unit": 10.0, "tax_ids": []})],
            }
        )
        move.action_post()
        exception.sudo().fix_invoice_ids = move
        with self.assertRaises(UserError):
            exception.action_apply()
        with self.assertRaises(UserError):
            exception.sudo()._ask_step("apply", {"parts": [[move.id, None]]}, "forged")

    def test_much_money_without_exact_reference_needs_a_second_person(self):
        big = self.issue("P-9", amount="8000.00")
        movement = self.known_payment(920000)
        exception = movement.exception_id.with_user(self.operator)
        exception.fix_invoice_ids = big
        self.ask(exception.action_apply())
        self.assertEqual((exception.approval_asked, exception.waits_for), (True, "approver"))
        self.assertEqual(big.amount_residual, 9200.0)
        with self.assertRaisesRegex(UserError, "waits for approval already"):
            self.ask(exception.action_apply())
        with self.assertRaises(AccessError):
            self.decide(exception, self.operator2)
        self.decide(exception)
        self.assertEqual(
            (big.payment_state, exception.state, exception.approval_asked), ("paid", "resolved", False)
        )
        self.assertEqual(movement.application, "applied")
        self.assertFalse(self.env["integration.limit.use"].search([]))

    def test_a_step_that_was_put_together_by_hand_is_refused_in_words(self):
        movement = self.known_payment(920000)
        exception = movement.exception_id.with_user(self.operator)
        for step, values in (
            ("apply", {"parts": "all"}),
            ("apply", {"parts": [["1", "5"]]}),
            ("apply", {"parts": [[self.first.id, "NaN"]]}),
            ("apply", {"parts": [[self.first.id]]}),
            ("apply", {"parts": [[2**30, "1.00"]]}),
            ("apply", {}),
            ("correct", {"message_id": movement.message_id.id, "edits": ["x"]}),
            ("accept_difference", {}),
            ("reopen", {}),
            ("__class__", {}),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                exception._ask_step(step, values, "forged")
        self.assertFalse(exception.approval_asked)

    def test_refused_nothing_happens_and_it_can_be_asked_again(self):
        big = self.issue("P-9", amount="8000.00")
        movement = self.known_payment(920000)
        exception = movement.exception_id.with_user(self.operator)
        exception.fix_invoice_ids = big
        self.ask(exception.action_apply())
        self.decide(exception, yes=False)
        self.assertEqual((big.amount_residual, exception.approval_asked), (9200.0, False))
        self.ask(exception.action_apply())

    def test_much_money_that_names_its_invoice_is_applied_at_once(self):
        big = self.issue("P-9", amount="8000.00")
        movement = self.pay(
            920000, metadata={"invoice_number": "p 9"}
        )  # written otherwise than the number is
        exception = movement.exception_id.with_user(self.operator)
        exception.fix_invoice_ids = big
        exception.action_apply()
        self.env.invalidate_all()
        self.assertEqual((big.payment_state, exception.state), ("paid", "resolved"))
        self.assertFalse(self.env["integration.limit.use"].search([]))


class TestSmallRests(WorkbenchCommon):
    def short(self, number="P-1", rest=50, amount="1000.00"):
        """An invoice of which a payment has left a few cents."""
        invoice = self.issue(number, amount=amount)
        cents = round(invoice.amount_total * 100) - rest
        self.pay(cents, metadata={"invoice_number": number})
        found = self.exceptions("payment_short").filtered(lambda row: row.subject_move_id == invoice)
        return invoice, found.with_user(self.operator)

    def test_a_small_rest_is_asked_about_and_written_off_at_once(self):
        invoice, exception = self.short()
        self.assertEqual(invoice.amount_residual, 0.50)
        self.assertIn("$\xa00.50", exception.what)
        self.assertEqual(exception.at_stake, "$\xa00.50")
        self.assertEqual(invoice.integration_exception_ids, exception)
        exception.action_write_off()
        self.env.invalidate_all()
        self.assertEqual((invoice.payment_state, exception.state), ("paid", "resolved"))
        self.assertEqual(self.balance(self.role("WO")), Decimal("0.50"))
        use = self.env["integration.limit.use"].search([])
        self.assertEqual(
            (use.kind, use.amount, use.user_id, use.partner_id),
            ("write_off", 0.5, self.operator, invoice.partner_id),
        )
        self.assertEqual(use.move_id.create_uid, self.stripe_connection.service_user_id)
        with self.assertRaises(UserError):
            exception.action_write_off()

    def test_a_larger_rest_is_a_partial_payment_and_no_exception(self):
        invoice, exception = self.short(rest=200)
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ("partial", 2.0))
        self.assertFalse(exception)

    def test_left_open_or_paid_later_it_closes(self):
        _invoice, exception = self.short()
        exception.action_leave_open()
        self.assertEqual(exception.state, "resolved")
        invoice, exception = self.short("P-2")
        self.pay(50, metadata={"invoice_number": "P-2"})
        self.assertEqual(invoice.payment_state, "paid")
        self.env["integration.exception"]._settle_paid_rests()
        self.assertEqual(exception.state, "resolved")

    def test_caps_per_person_and_day_then_a_second_person(self):
        self.env["integration.workbench.setting"].create(
            {"company_id": self.company.id, "user_day_amount": 0.9}
        )
        _invoice, exception = self.short("P-1")
        exception.action_write_off()
        invoice, exception = self.short("P-2")
        action = exception.action_write_off()
        self.assertIn("0.90", action["context"]["default_summary"])
        self.ask(action)
        self.assertEqual(invoice.amount_residual, 0.5)
        self.decide(exception)
        self.assertEqual((invoice.payment_state, exception.state), ("paid", "resolved"))
        third, exception = self.short("P-3")
        exception.with_user(self.operator2).action_write_off()  # another person has a day of their own
        self.env.invalidate_all()
        self.assertEqual(third.payment_state, "paid")

    def test_caps_per_customer_and_month_hold_for_all_persons(self):
        self.env["integration.workbench.setting"].create(
            {"company_id": self.company.id, "partner_month_amount": 0.9}
        )
        _invoice, exception = self.short("P-1")
        exception.action_write_off()
        _invoice, exception = self.short("P-2")
        action = exception.with_user(self.operator2).action_write_off()
        self.assertEqual(action["context"]["default_step"], "write_off")

    def test_an_excess_is_written_off_the_other_way_round(self):
        self.issue("P-1", amount="1000.00")
        movement = self.pay(115040, metadata={"invoice_number": "P-1"})
        exception = self.exceptions("payment_excess").with_user(self.operator)
        exception.action_write_off()
        self.env.invalidate_all()
        self.assertEqual((movement.application, exception.state), ("applied", "resolved"))
        self.assertEqual(self.balance(self.role("WO")), Decimal("-0.40"))

    def test_an_excess_above_the_limits_is_asked_of_an_approver(self):
        self.issue("P-1", amount="1000.00")
        self.pay(116000, metadata={"invoice_number": "P-1"})
        exception = self.exceptions("payment_excess").with_user(self.operator)
        self.ask(exception.action_write_off())
        self.assertEqual(exception.state, "open")
        self.decide(exception)
        self.assertEqual(self.balance(self.role("WO")), Decimal("-10.00"))

    def test_without_an_account_for_small_differences_it_says_so_in_words(self):
        _invoice, exception = self.short()
        self.env["integration.role.account"].search([("role", "=", "WO")]).unlink()
        with self.assertRaisesRegex(UserError, "Small differences"), self.env.cr.savepoint():
            exception.action_write_off()

    def test_somebody_else_reviews_what_was_done_at_once(self):
        _invoice, exception = self.short()
        exception.with_user(self.approver).action_write_off()
        use = self.env["integration.limit.use"].search([])
        with self.assertRaisesRegex(UserError, "themselves"):
            use.with_user(self.approver).action_review()
        with self.assertRaises(AccessError):
            use.with_user(self.operator).action_review()
        use.with_user(self.approver2).action_object()
        self.assertEqual((use.state, use.reviewer_id), ("objected", self.approver2))
        with self.assertRaises(UserError):
            use.with_user(self.approver2).action_review()
        self.env.flush_all()
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute("UPDATE integration_limit_use SET reviewer_id = user_id")


class TestLimits(WorkbenchCommon):
    def setUp(self):
        super().setUp()
        settings = self.env["integration.workbench.setting"].with_user(self.administrator)
        self.setting = settings.create({"company_id": self.company.id, "write_off_amount": 100})

    def test_tightening_is_free_allowing_more_needs_an_approver(self):
        self.setting.difference_amount = 0.5
        with self.assertRaisesRegex(UserError, "approver decides"), self.env.cr.savepoint():
            self.setting.difference_amount = 0.6
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            self.setting.with_user(self.operator).difference_amount = 0.1
        wizard = (
            self.env["integration.limit.change"]
            .with_user(self.administrator)
            .create(
                {
                    **{
                        name.removeprefix("default_"): value
                        for name, value in self.setting.action_ask_limits()["context"].items()
                    },
                    "difference_amount": 2.0,
                    "reason": "Bank charges of our customers",
                }
            )
        )
        wizard.action_ask()
        request = self.env["integration.change.request"].search([("res_model", "=", self.setting._name)])
        self.assertIn("0.5 → 2.0", request.summary)
        request.with_user(self.approver).action_approve()
        self.assertEqual(self.setting.difference_amount, 2.0)

    def test_more_than_the_policy_cannot_be_set_at_the_beginning(self):
        self.setting.sudo().unlink()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.env["integration.workbench.setting"].create(
                {"company_id": self.company.id, "write_off_amount": 501}
            )

    def test_a_forged_request_or_context_changes_nothing(self):
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.setting.with_context(integration_limits=True).write({"difference_amount": 50})
        request = (
            self.env["integration.change.request"]
            .with_user(self.administrator)
            ._ask(self.setting, "more", {"difference_amount": 50}, "because")
        )
        with self.assertRaisesRegex(UserError, "second person"):
            self.setting.sudo()._carry_out(request)


class TestDifferences(WorkbenchCommon):
    def taxed(self, tax, number="P-1", amount="1000.00"):
        """An invoice whose issuer states another tax than the 15 percent that Odoo computes."""
        document = self.document(number, amount)
        document["lines"][0]["taxes"][0]["amount"] = tax
        net = Decimal(amount)
        document |= {"total_tax": tax, "total_gross": str(net + Decimal(tax))}
        message = self.send_partner("invoice.issued", document)
        return message, message.exception_id.with_user(self.operator)

    def test_within_the_limits_it_is_posted_with_the_issuers_amounts(self):
        message, exception = self.taxed("150.90")
        self.assertEqual((message.error_code, exception.fix), ("tax_difference", "difference"))
        exception.action_accept_difference()
        self.drain(self.partner_connection)
        move = self.became(message, "account.move")
        self.assertEqual((move.amount_tax, move.amount_total, move.state), (150.90, 1150.90, "posted"))
        self.assertEqual(exception.state, "resolved")
        use = self.env["integration.limit.use"].search([])
        self.assertEqual((use.kind, round(use.amount, 2)), ("difference", 0.90))

    def test_above_the_limits_an_approver_decides(self):
        message, exception = self.taxed("140.00")
        action = exception.action_accept_difference()
        self.ask(action)
        self.drain(self.partner_connection)
        self.assertEqual(message.status, "parked")
        self.decide(exception)
        self.drain(self.partner_connection)
        self.assertEqual(self.became(message, "account.move").amount_tax, 140.0)

    def test_a_decision_about_one_document_is_none_about_the_next(self):
        _message, exception = self.taxed("150.90")
        exception.action_accept_difference()
        self.drain(self.partner_connection)
        message, _exception = self.taxed("150.90", "P-2")
        self.assertEqual((message.status, message.error_code), ("parked", "tax_difference"))

    def test_other_exceptions_have_no_difference(self):
        self.unmapped(1)
        with self.assertRaises(UserError):
            self.exceptions().with_user(self.operator).action_accept_difference()


class TestLockedPeriods(WorkbenchCommon):
    def setUp(self):
        super().setUp()
        self.company.sudo().fiscalyear_lock_date = date(2026, 2, 28)

    def late(self, policy):
        flow = self.partner_connection.flow_ids.filtered(
            lambda row: row.kind == "invoice" and row.direction == "in"
        )
        flow.sudo().late_policy = policy
        return self.send_partner("invoice.issued", self.document("L-1", issue_date="2026-02-20"))

    def test_by_default_it_is_booked_on_the_first_open_day(self):
        message = self.late("open_day")
        move = self.became(message, "account.move")
        self.assertEqual((move.invoice_date, move.date), (date(2026, 2, 20), date(2026, 3, 1)))

    def test_a_flow_may_stop_and_an_approver_lets_it_go(self):
        message = self.late("stop")
        exception = message.exception_id.with_user(self.operator)
        self.assertEqual(
            (message.error_code, exception.fix, exception.books_from),
            ("period_locked", "period", date(2026, 2, 20)),
        )
        self.ask(exception.action_book_open_period())
        self.drain(self.partner_connection)
        self.assertEqual(message.status, "parked")
        self.decide(exception)
        self.drain(self.partner_connection)
        move = self.became(message, "account.move")
        self.assertEqual(
            (move.invoice_date, move.date, exception.state), (date(2026, 2, 20), date(2026, 3, 1), "resolved")
        )

    def test_reopening_is_a_question_that_changes_no_lock_date(self):
        message = self.late("stop")
        exception = message.exception_id.with_user(self.operator)
        self.ask(exception.action_ask_reopening(), "The auditor wants it in February")
        self.decide(exception)
        self.assertTrue(exception.approval_asked)  # the controller has the last word
        self.decide(exception, self.controller)
        self.assertEqual(self.company.fiscalyear_lock_date, date(2026, 2, 28))
        self.assertEqual(message.status, "parked")
        task = exception.sudo().activity_ids.filtered(lambda row: row.user_id == self.controller)
        self.assertIn("Reopen the period", task.summary)
        self.company.sudo().fiscalyear_lock_date = False
        exception.action_try_again()
        self.drain(self.partner_connection)
        self.assertEqual(self.became(message, "account.move").date, date(2026, 2, 20))
