# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Pairs of duties that Odoo's own buttons perform: told by the report, or asked of a second person (C7)."""

from datetime import date

from odoo.exceptions import UserError
from odoo.fields import Command

from .test_duties_report import DutiesCommon
from .workbench_common import WorkbenchCommon

SAME = "Did both on one record"


class TestPairsInTheBooks(DutiesCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant, cls.other = cls.people["accountant"], cls.env.user

    def bill(self, user=None):
        bill = (
            self.env["account.move"]
            .with_user(user or self.accountant)
            .create(
                {
                    "move_type": "in_invoice",
                    "partner_id": self.partner_a.id,
                    "invoice_date": self.today,
                    "invoice_line_ids": [Command.create({"name": "Paper", "price_unit": 100, "tax_ids": []})],
                }
            )
        )
        bill.action_post()
        return bill

    def pay(self, bill, user=None):
        wizards = self.env["account.payment.register"].with_user(user or self.accountant)
        wizard = wizards.with_context(active_model="account.move", active_ids=bill.ids).create({})
        return wizard._create_payments()

    def found(self, login="role_accountant"):
        self.env.flush_all()
        return [
            (row["First done"], row["On"], row["Then done"], row["On (then)"])
            for row in self.of(self.make(), login, SAME)
        ]

    def test_a_bill_that_was_entered_and_paid_by_one_person(self):
        bill = self.bill()
        payment = self.pay(bill)
        self.assertEqual(
            self.found(),
            [("Bill entered", f"account.move,{bill.id}", "Payment made", f"account.payment,{payment.id}")],
        )

    def test_a_bill_that_somebody_else_paid_is_in_nobodys_list(self):
        self.pay(self.bill(self.other))
        self.assertEqual(self.found(), [])

    def test_a_bank_account_that_was_approved_and_paid_to_by_one_person(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "BE68539007547034", "partner_id": self.partner_a.id}
        )
        self.act(self.accountant, "bank.approved", bank)
        payment = (
            self.env["account.payment"]
            .with_user(self.accountant)
            .create(
                {
                    "payment_type": "outbound",
                    "partner_type": "supplier",
                    "partner_id": self.partner_a.id,
                    "partner_bank_id": bank.id,
                    "amount": 10.0,
                    "journal_id": self.company_data["default_journal_bank"].id,
                }
            )
        )
        payment.action_post()
        self.env.flush_all()
        # In a test everything is created when its transaction began.
        self.env.cr.execute(
            "UPDATE account_payment SET create_date = create_date + interval '1 hour' WHERE id = %s",
            [payment.id],
        )
        self.assertEqual(
            self.found(),
            [
                (
                    "Bank account trusted",
                    f"res.partner.bank,{bank.id}",
                    "Payment made",
                    f"account.payment,{payment.id}",
                )
            ],
        )

    def settle(self):
        """Let what waits for the end of a transaction happen, such as tracked values."""
        self.env.flush_all()
        self.env.cr.flush()

    def entry(self, amount=50):
        """Return a posted entry of the accountant that waits for its review."""
        accounts = self.company_data["default_account_revenue"], self.company_data["default_account_expense"]
        lines = [
            Command.create({"account_id": account.id, "debit": debit, "credit": credit})
            for account, debit, credit in zip(accounts, (0, amount), (amount, 0), strict=True)
        ]
        moves = (
            self.env["account.move"]
            .with_user(self.accountant)
            .with_context(tracking_disable=False, mail_notrack=False)
        )
        entry = moves.create({"line_ids": lines})
        entry.action_post()
        self.settle()
        entry.checked = False
        self.settle()
        return entry

    def review(self, entry, user):
        entry.with_user(user).button_set_checked()
        self.settle()

    def test_an_entry_that_who_made_it_marked_as_reviewed(self):
        entry = self.entry()
        self.assertEqual(self.found(), [])
        self.review(entry, self.accountant)
        name = f"account.move,{entry.id}"
        self.assertEqual(self.found(), [("Entry made", name, "Entry marked as reviewed", name)])

    def test_an_entry_that_somebody_else_reviewed_is_in_nobodys_list(self):
        self.review(self.entry(), self.other)
        self.assertEqual((self.found(), self.found(self.other.login)), ([], []))

    def journals(self, *entries):
        report = self.make_report("manual_journals")
        wanted = {entry.name for entry in entries}
        return [
            (row["Entry"], row["Amount"], row["Made by"], row["Second person"], row["Nobody else"])
            for row in self.lines(report)
            if row["Entry"] in wanted
        ]

    def make_report(self, code):
        self.settle()
        values = {"code": code, "date_from": self.today, "date_to": self.today, "company_id": self.company.id}
        wizard = self.env["integration.report.make"].with_user(self.auditor).create(values)
        return self.env["integration.report"].browse(wizard.action_make()["res_id"])

    def test_entries_by_hand_say_who_else_has_seen_them(self):
        small, alone, seen = self.entry(), self.entry(amount=10000), self.entry(amount=10000)
        self.review(seen, self.other)
        self.pay(self.bill(self.other))  # what Odoo books for a payment is not made by hand
        self.assertEqual(
            self.journals(small, alone, seen),
            [
                (small.name, "50.00", "role_accountant", "", ""),
                (alone.name, "10000.00", "role_accountant", "", "above the limit, seen by nobody else"),
                (seen.name, "10000.00", "role_accountant", self.other.login, ""),
            ],
        )
        names = {row["Entry"] for row in self.lines(self.make_report("manual_journals"))}
        self.assertEqual(names, {small.name, alone.name, seen.name})

    def test_a_credit_note_and_money_of_the_same_customer_matched_by_hand(self):
        note = self._create_invoice("out_refund")
        invoice = self._create_invoice("out_invoice")
        payment = self.pay(invoice)
        self.assertTrue(payment)
        self.assertEqual(
            self.found(),
            [
                (
                    "Credit note or refund for the same customer",
                    f"account.move,{note.id}",
                    "Money of a customer applied",
                    f"res.partner,{self.partner_a.id}",
                )
            ],
        )

    def _create_invoice(self, move_type):
        moves = self.env["account.move"].with_user(self.accountant)
        move = moves.create(
            {
                "move_type": move_type,
                "partner_id": self.partner_a.id,
                "invoice_date": self.today,
                "invoice_line_ids": [Command.create({"name": "Advice", "price_unit": 80, "tax_ids": []})],
            }
        )
        move.action_post()
        return move


class TestMoneyOfACreditedCustomer(WorkbenchCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self.issue("P-1", amount="100.00", due_date=date(2026, 3, 10))
        self.customer = self.invoice.partner_id
        self.company.sudo().integration_segregation = "strict"

    def credit(self, user):
        note = (
            self.env["account.move"]
            .with_user(user)
            .sudo()
            .create(
                {
                    "move_type": "out_refund",
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "invoice_date": date(2026, 3, 3),
                    "invoice_line_ids": [
                        Command.create({"name": "Goodwill", "price_unit": 20, "tax_ids": []})
                    ],
                }
            )
        )
        note.action_post()
        return note

    def unknown(self):
        charge = self.stripe.charge(11500, "usd", metadata={})
        self.send_stripe()
        movement = self.movement("payment", charge["id"])
        exception = movement.exception_id.with_user(self.operator)
        exception.fix_partner_id = self.customer
        return movement, exception

    def leaves_of_cash(self):
        self.env.flush_all()
        return self.root["integration.audit.leaf"].search([("action", "=", "cash.apply")], order="id")

    def test_without_a_credit_note_of_ones_own_it_is_applied_at_once_and_recorded(self):
        self.credit(self.approver)
        movement, exception = self.unknown()
        exception.action_identify()
        self.env.invalidate_all()
        self.assertEqual(movement.application, "open")
        leaf = self.leaves_of_cash()
        self.assertEqual(
            (leaf.user_id, leaf.res_model, leaf.res_id), (self.operator, "res.partner", self.customer.id)
        )

    def test_who_has_credited_the_customer_asks_another_person(self):
        self.credit(self.operator)
        movement, exception = self.unknown()
        action = exception.action_identify()
        self.assertIn("another person decides", action["context"]["default_summary"])
        self.assertEqual(movement.application, "unidentified")
        self.ask(action)
        self.decide(exception)
        self.env.invalidate_all()
        self.assertEqual(movement.application, "open")
        leaf = self.leaves_of_cash()
        self.assertEqual((len(leaf), leaf.request_id.requester_id), (1, self.operator))

    def test_an_approver_who_has_credited_the_customer_does_not_decide(self):
        self.credit(self.operator)
        self.credit(self.approver)
        movement, exception = self.unknown()
        self.ask(exception.action_identify())
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.decide(exception)
        self.env.invalidate_all()
        self.assertEqual(movement.application, "unidentified")

    def test_a_credit_note_of_long_ago_or_where_duties_are_only_reported_does_not_count(self):
        note = self.credit(self.operator)
        self.company.sudo().integration_segregation = "reported"
        limits = self.env["integration.limit.use"].with_user(self.operator)
        self.assertFalse(limits._credited_by(self.company, self.customer, self.operator))
        self.company.sudo().integration_segregation = "strict"
        self.assertEqual(limits._credited_by(self.company, self.customer, self.operator), self.operator)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET create_date = create_date - interval '93 days' WHERE id = %s", [note.id]
        )
        self.env.invalidate_all()
        self.assertFalse(limits._credited_by(self.company, self.customer, self.operator))
