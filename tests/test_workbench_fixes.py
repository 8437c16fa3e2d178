# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Fixes in three classes (X2, F5), corrections in a copy (X5, F6), locked periods (F11): also when somebody forges."""

import hashlib
from datetime import date
from decimal import Decimal

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from ..models.workbench.correction import _KEY
from ..simulators.partner import documents
from .common import ANNA, BEN
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
        exception.with_user(self.operator).action_identify()
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
        movement = self.pay(920000, metadata={"invoice_number": "p 9"})  # written otherwise than the number is
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
        self.assertIn("0.50 USD", exception.what)
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
        self.assertEqual(self.company.fiscalyear_lock_date, date(2026, 2, 28))
        self.assertEqual(message.status, "parked")
        task = exception.sudo().activity_ids.filtered(lambda row: row.user_id == self.approver)
        self.assertIn("Reopen the period", task.summary)
        self.company.sudo().fiscalyear_lock_date = False
        exception.action_try_again()
        self.drain(self.partner_connection)
        self.assertEqual(self.became(message, "account.move").date, date(2026, 2, 20))


class TestDuplicatesAndParties(WorkbenchCommon):
    def test_both_are_compared_and_the_new_one_is_put_aside(self):
        move = self.issue("P-1")
        twin = self.document("P-1", "1000.00")
        twin["source"] = {**twin["source"], "object_id": "other-id"}
        message = self.send_partner("invoice.issued", twin)
        exception = message.exception_id.with_user(self.operator)
        self.assertEqual((exception.code, exception.fix), ("duplicate_number", "duplicate"))
        action = exception.action_compare()
        wizard = self.env["integration.compare"].with_user(self.operator).browse(action["res_id"])
        facts = {line.name: (line.in_books, line.came_in, line.differs) for line in wizard.line_ids}
        self.assertEqual(facts["Total"], ("1150.00", "1150.00", False))
        self.assertEqual(facts["Id at the source"], ("P-1", "other-id", True))
        self.assertEqual(wizard.action_open_booked()["res_id"], move.id)
        wizard.action_same()
        self.env.invalidate_all()
        self.assertEqual((message.status, exception.state), ("discarded", "resolved"))
        self.assertIn(move.name, message.discard_reason)

    def test_asking_the_source_is_recorded_and_sent(self):
        contact = self.env["res.partner"].create({"name": "Support", "email": "support@partner.example"})
        self.partner_connection.source_contact_id = contact
        document = self.document("P-1")
        document["lines"][0]["quantity"] = "many"
        message = self.send_partner("invoice.issued", document)
        exception = message.exception_id.with_user(self.operator)
        self.assertTrue(exception.may_ask_resend)
        exception.action_ask_resend()
        self.env.flush_all()
        self.assertEqual(exception.waits_for, "source")
        mail = self.env["mail.mail"].sudo().search([("recipient_ids", "in", contact.ids)])
        self.assertEqual(len(mail), 1)
        self.assertIn("invoice:P-1", mail.body)
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "exception.ask_resend")])
        self.assertEqual((len(leaf), leaf.user_id), (1, self.operator))
        self.unmapped(1)
        with self.assertRaises(UserError):
            self.exceptions("mapping_missing").with_user(self.operator).action_ask_resend()

    def test_candidates_with_reasons(self):
        self.env["res.partner"].create(
            [
                {"name": "Annas Bakery Ltd", "email": "office@bakery.example"},
                {"name": "Somebody", "email": ANNA.email},
            ]
        )
        twin = self.env["res.partner"].create({"name": "Anna privately", "email": ANNA.email})
        message = self.send_partner("customer.updated", documents.customer(ANNA, self.clock.now))
        exception = message.exception_id.with_user(self.operator)
        self.assertEqual(exception.code, "partner_ambiguous")
        action = exception.action_show_candidates()
        wizard = self.env["integration.choose.party"].with_user(self.operator).browse(action["res_id"])
        self.assertEqual(wizard.outside_name, ANNA.name)
        reasons = {line.partner_id.name: (line.likelihood, line.reason) for line in wizard.line_ids}
        self.assertEqual(
            reasons["Annas Bakery Ltd"], ("likely", "same name, e-mail address at the same company")
        )
        self.assertEqual(reasons["Somebody"], ("likely", "same e-mail address"))
        wizard.line_ids.filtered(lambda line: line.partner_id == twin).action_choose()
        self.drain(self.partner_connection)
        self.assertEqual(self.became(message, "res.partner"), twin)

    def test_a_new_customer_is_made_from_what_the_source_says(self):
        self.env["res.partner"].create([{"name": name, "email": ANNA.email} for name in ("One", "Two")])
        message = self.send_partner("customer.updated", documents.customer(ANNA, self.clock.now))
        exception = message.exception_id.with_user(self.operator)
        action = exception.action_show_candidates()
        self.env["integration.choose.party"].with_user(self.operator).browse(action["res_id"]).action_create()
        self.drain(self.partner_connection)
        partner = self.became(message, "res.partner")
        self.assertEqual(
            (partner.name, partner.create_uid), (ANNA.name, self.partner_connection.service_user_id)
        )

    def test_a_contact_of_another_company_is_refused(self):
        self.env["res.partner"].create([{"name": name, "email": ANNA.email} for name in ("One", "Two")])
        message = self.send_partner("customer.updated", documents.customer(ANNA, self.clock.now))
        foreign = self.env["res.partner"].create(
            {"name": "Foreign", "company_id": self.setup_other_company()["company"].id}
        )
        with self.assertRaises(UserError):
            message.exception_id.with_user(self.operator)._choose_party(foreign.with_user(self.operator))


class TestCorrection(WorkbenchCommon):
    def broken(self, **facts):
        """An invoice whose note is longer than agreed: the contract is broken by something harmless."""
        document = {**self.document("P-1"), "note": "x" * 1001, **facts}
        message = self.send_partner("invoice.issued", document)
        self.assertEqual((message.status, message.error_code), ("parked", "schema_violation"))
        return message

    def wizard(self, message, user=None):
        action = message.with_user(user or self.operator).action_correct()
        return self.env["integration.correct.event"].with_user(user or self.operator).browse(action["res_id"])

    def raw(self, message):
        return self.env["integration.payload"].sudo()._raw_by_message(message.ids)[message.id]

    def test_a_harmless_field_is_corrected_in_a_copy_and_goes_on(self):
        message = self.broken()
        before = self.raw(message)
        exception = message.exception_id
        wizard = self.wizard(message)
        self.assertNotIn("total_gross", wizard.line_ids.mapped("path"))
        line = wizard.line_ids.filtered(lambda row: row.path == "note")
        line.after = "See the contract"
        wizard.reason = "The note was pasted in twice"
        wizard.action_correct()
        self.drain(self.partner_connection)
        move = self.became(message, "account.move")
        self.assertEqual((message.status, move.amount_total, exception.state), ("done", 115.0, "resolved"))
        self.assertEqual(self.raw(message), before)
        correction = message.correction_id
        self.assertEqual(
            (correction.user_id, correction.reason), (self.operator, "The note was pasted in twice")
        )
        self.assertEqual(correction.original_digest, message.body_digest)
        self.assertIn("note: ", correction.edits_text)
        self.assertIn("See the contract", message.with_user(self.auditor).corrected_text)
        self.assertTrue(any("Corrected" in row["title"] for row in message.timeline))

    def test_facts_are_refused_whichever_way_they_come(self):
        message = self.broken()
        wizard = self.wizard(message)
        for path in (
            "total_gross",
            "lines[0].unit_price",
            "customer.name",
            "issue_date",
            "number",
            "currency",
        ):
            forged = (
                self.env["integration.correct.event.line"]
                .with_user(self.operator)
                .create(
                    {"wizard_id": wizard.id, "path": path, "before": "a", "after": "1.00", "direct": True}
                )
            )
            wizard.reason = "forged"
            with self.assertRaises(UserError), self.env.cr.savepoint():
                wizard.action_correct()
            forged.unlink()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            message.exception_id.with_user(self.operator)._ask_step(
                "correct", {"message_id": message.id, "edits": [["total_gross", "1.00"]]}, "forged"
            )
        self.assertFalse(message.correction_ids)
        with self.assertRaises(UserError):
            self.env["integration.correction"].with_user(self.operator).create({"message_id": message.id})
        with self.assertRaises(UserError):
            self.env["integration.correction"].sudo().create({"message_id": message.id})

    def test_a_copy_that_was_tampered_with_is_refused_when_it_is_processed(self):
        message = self.broken()
        wizard = self.wizard(message)
        wizard.line_ids.filtered(lambda row: row.path == "note").after = "short"
        wizard.reason = "too long"
        wizard.action_correct()
        forged = message.correction_id.corrected_text.replace('"115.00"', '"15.00"')
        self.assertNotEqual(forged, message.correction_id.corrected_text)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE integration_correction SET corrected_text = %s, corrected_digest = %s",
            [forged, hashlib.sha256(forged.encode()).hexdigest()],
        )
        self.env.invalidate_all()
        self.drain(self.partner_connection)
        self.assertEqual((message.status, message.error_code), ("parked", "field_not_editable"))
        self.assertFalse(self.env["account.move"].search_count([("ref", "=", "P-1")]))

    def test_a_correction_is_never_changed_or_deleted(self):
        message = self.broken()
        message.with_user(self.operator)._correct([["note", "short"]], "too long")
        correction = message.correction_id
        for change in (lambda: correction.sudo().write({"reason": "other"}), correction.sudo().unlink):
            with self.assertRaises(UserError):
                change()

    def test_what_decides_the_booking_needs_a_second_person(self):
        self.issue("P-0")
        note = documents.invoice(
            "C-1", ANNA, [documents.Line("Advice", Decimal(1), Decimal("100.00"))], self.clock.now,
            due_date=date(2026, 4, 1), credit_of="P-zero",
        )  # fmt: skip
        message = self.send_partner("credit_note.issued", note)
        message.sudo()._stop_waiting() if message.status == "held" else None
        self.env.invalidate_all()
        self.assertEqual(message.status, "parked")
        with self.assertRaisesRegex(UserError, "second person"):
            message.with_user(self.operator)._correct([["credit_of", "P-0"]], "a slip of the pen")
        wizard = self.wizard(message)
        wizard.line_ids.filtered(lambda row: row.path == "credit_of").after = "P-0"
        self.assertTrue(wizard.needs_approval)
        wizard.reason = "a slip of the pen"
        exception = message.exception_id
        wizard.action_correct()
        self.assertFalse(message.correction_id)
        self.decide(exception)
        self.drain(self.partner_connection)
        credit = self.became(message, "account.move")
        self.assertEqual(credit.reversed_entry_id.ref, "P-0")
        self.assertEqual(
            (message.correction_id.user_id, message.correction_id.approver_id), (self.operator, self.approver)
        )

    def test_no_reason_no_correction_and_a_finished_event_stays_as_it_is(self):
        message = self.broken()
        wizard = self.wizard(message)
        wizard.line_ids.filtered(lambda row: row.path == "note").after = "short"
        with self.assertRaisesRegex(UserError, "Say why"):
            wizard.action_correct()
        done = self.send_partner("invoice.issued", self.document("P-2"))
        with self.assertRaises(UserError):
            done.with_user(self.operator).action_correct()
        with self.assertRaises(AccessError):
            message.with_user(self.auditor).action_correct()
        self.assertNotEqual(_KEY, True)

    def test_a_system_with_a_form_of_its_own_is_corrected_in_what_it_says(self):
        movement = self.pay(5000, metadata={"invoice_number": "nothing"})
        with self.assertRaises(UserError):  # booked: nothing is left to correct
            movement.message_id.with_user(self.operator).action_correct()
