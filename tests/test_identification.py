# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whose unidentified money is: one person says it up to the limit, above it another one agrees (X2, F5)."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import UserError

from .workbench_common import WorkbenchCommon


class TestIdentification(WorkbenchCommon):
    def setUp(self):
        super().setUp()
        self.customer = self.issue("P-1", amount="100.00").partner_id

    def unknown(self, cents, currency="usd"):
        charge = self.stripe.charge(cents, currency, metadata={})
        self.send_stripe()
        movement = self.movement("payment", charge["id"])
        self.assertEqual(movement.application, "unidentified", self.stopped())
        exception = movement.exception_id.with_user(self.operator)
        exception.fix_partner_id = self.customer
        return movement, exception

    def unid(self):
        return self.balance(self.role("UNID"))

    def entries(self):
        return self.env["account.move"].search_count([])

    def uses(self):
        return self.env["integration.limit.use"].search([])

    def test_up_to_the_limit_at_once_and_somebody_else_looks_at_it(self):
        movement, exception = self.unknown(500000)
        exception.action_identify()
        self.env.invalidate_all()
        self.assertEqual((movement.application, movement.partner_id), ("open", self.customer))
        self.assertEqual((self.unid(), exception.state), (Decimal("0"), "resolved"))
        use = self.uses()
        self.assertEqual(
            (use.kind, use.amount, use.user_id, use.partner_id, use.state),
            ("identification", 5000.0, self.operator, self.customer, "open"),
        )
        self.assertIn(movement.movement_id, use.detail)
        # It is no difference that counts for the person's day.
        self.assertFalse(self.root["integration.limit.counter"].search([("amount", "!=", 0)]))
        use.with_user(self.approver).action_review()
        self.assertEqual((use.state, use.reviewer_id), ("reviewed", self.approver))

    def test_a_cent_above_the_limit_nothing_is_booked_before_another_person_agrees(self):
        movement, exception = self.unknown(500001)
        before = self.entries()
        action = exception.action_identify()
        self.assertIn("5,000.00", action["context"]["default_summary"])
        self.ask(action)
        self.assertEqual(
            (self.entries(), movement.application, self.uses().ids), (before, "unidentified", [])
        )
        self.assertEqual(self.unid(), Decimal("-5000.01"))
        self.assertEqual((exception.approval_asked, exception.waits_for), (True, "approver"))
        request = self.env["integration.change.request"].search([("res_model", "=", exception._name)])
        self.assertEqual(
            (request.kind, request.amount, request.currency_id, request.requester_id),
            ("application", 5000.01, self.company.currency_id, self.operator),
        )
        [row] = request.preview["rows"]
        self.assertIn("5000.01", row["before"])
        self.assertIn(self.customer.name, row["after"])
        self.approver.group_ids |= self.env.ref("finance_integration.group_operator")
        for user in (self.operator, self.operator2):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                request.with_user(user).action_approve()
        self.assertEqual(self.entries(), before)
        request.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertEqual(self.entries(), before + 1)
        self.assertEqual((movement.application, movement.partner_id), ("open", self.customer))
        self.assertEqual((self.unid(), exception.state), (Decimal("0"), "resolved"))
        self.assertFalse(self.uses(), "no standing limit was used")
        with self.assertRaises(UserError):
            request.with_user(self.approver2).action_approve()
        self.assertEqual(self.entries(), before + 1)

    def test_who_asked_never_approves(self):
        _movement, exception = self.unknown(900000)
        self.approver.group_ids |= self.env.ref("finance_integration.group_operator")
        exception = exception.with_user(self.approver)
        action = exception.action_identify()
        values = {name.removeprefix("default_"): value for name, value in action["context"].items()}
        step = self.env["integration.exception.step"].with_user(self.approver)
        step.create({**values, "reason": "I know them"}).action_ask()
        request = self.env["integration.change.request"].search([("res_model", "=", exception._name)])
        with self.assertRaisesRegex(UserError, "own request"):
            request.with_user(self.approver).action_approve()
        self.assertEqual(self.unid(), Decimal("-9000.00"))

    def test_refused_it_stays_unidentified(self):
        movement, exception = self.unknown(900000)
        self.ask(exception.action_identify())
        self.decide(exception, yes=False)
        self.assertEqual((movement.application, self.unid()), ("unidentified", Decimal("-9000.00")))
        self.assertEqual((exception.state, exception.approval_asked), ("open", False))

    def test_the_dialog_who_could_it_be_is_judged_the_same_way(self):
        movement, exception = self.unknown(900000)
        wizard = self.env["integration.choose.party"].with_user(self.operator)
        wizard = wizard.create({"exception_id": exception.id, "partner_id": self.customer.id})
        self.ask(wizard.action_choose())
        self.assertEqual((movement.application, self.unid()), ("unidentified", Decimal("-9000.00")))
        self.decide(exception)
        self.assertEqual((movement.application, self.unid()), ("open", Decimal("0")))

    def test_the_limit_of_the_company_counts_and_in_the_currency_of_its_books(self):
        self.env["integration.workbench.setting"].create(
            {"company_id": self.company.id, "application_amount": 100.0}
        )
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "company_id": self.company.id,
                "name": date(2026, 3, 1),
                "inverse_company_rate": 1.25,
            }
        )
        self.stripe_connection._propose_balance_account(euro)
        little, first = self.unknown(8000, "eur")  # 100.00 USD
        much, second = self.unknown(8001, "eur")  # 100.01 USD
        first.action_identify()
        self.ask(second.action_identify())
        self.env.invalidate_all()
        self.assertEqual((little.application, much.application), ("open", "unidentified"))
        self.assertEqual(self.unid(), Decimal("-100.01"))
        request = self.env["integration.change.request"].search([("res_model", "=", second._name)])
        self.assertEqual((request.amount, request.currency_id), (100.01, self.company.currency_id))

    def test_what_was_put_together_by_hand_is_refused(self):
        movement, exception = self.unknown(900000)
        foreign = self.env["res.partner"].create(
            {"name": "Elsewhere", "company_id": self.setup_other_company()["company"].id}
        )
        for values in ({}, {"partner_id": "1"}, {"partner_id": 2**30}, {"partner_id": foreign.id}):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                exception._ask_step("identify", values, "forged")
        exception.sudo().fix_partner_id = foreign
        with self.assertRaises(UserError), self.env.cr.savepoint():
            exception.action_identify()
        self.assertEqual((movement.application, self.unid()), ("unidentified", Decimal("-9000.00")))

    def test_identified_meanwhile_it_is_not_booked_again(self):
        movement, exception = self.unknown(900000)
        self.ask(exception.action_identify())
        request = self.env["integration.change.request"].search([("res_model", "=", exception._name)])
        invoice = self.issue("P-9", amount="8000.00")
        placed = self.env["integration.classify"].with_user(self.operator)
        placed.create(
            {
                "movement_id": movement.id,
                "purpose": "invoices",
                "reason": "They told us",
                "invoice_ids": [(6, 0, invoice.ids)],
            }
        ).action_confirm()
        other = self.env["integration.change.request"].search([("res_model", "=", movement._name)])
        other.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        before = self.entries()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            request.with_user(self.approver).action_approve()
        self.assertEqual((self.entries(), self.unid()), (before, Decimal("0")))
