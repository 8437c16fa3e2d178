# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money of one company that pays another one's invoice: both entries or none, to the cent (C5, policy F19)."""

from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError

from .intercompany_common import DAY, IntercompanyCommon

NUMBER_ONLY = 5000


class TestCollected(IntercompanyCommon):
    def test_both_companies_book_the_same_each_by_its_own_user(self):
        invoice = self.bill()
        movement = self.paid(11500)
        row = self.collections()
        self.assertEqual(len(row), 1, self.stopped())
        own, theirs = row.move_id, row.payee_move_id
        self.assertEqual((row.kind, row.basis, row.amount, row.rest), ("collected", "amount", 115.0, 115.0))
        unid, usd = self.role("UNID"), self.company.currency_id
        hundred = Decimal("115.00")
        self.assertEqual(
            self.figures(own),
            {
                unid: (hundred, hundred, self.env["res.partner"]),
                self.owed: (-hundred, -hundred, self.other.partner_id),
            },
        )
        receivable = invoice.line_ids.filtered(lambda line: line.display_type == "payment_term").account_id
        self.assertEqual(
            self.figures(theirs),
            {
                self.due: (hundred, hundred, self.company.partner_id),
                receivable: (-hundred, -hundred, self.partner_a),
            },
        )
        for entry, company in ((own, self.company), (theirs, self.other)):
            self.assertEqual((entry.state, entry.date, entry.company_id), ("posted", DAY, company))
            self.assertEqual(entry.line_ids.currency_id, usd)
        self.assertEqual(own.ref, theirs.ref)
        self.assertEqual(own.ref, f"{movement.movement_id} / {invoice.name}")
        self.assertEqual(own.create_uid, self.stripe_connection.service_user_id)
        self.assertEqual(theirs.create_uid, self.agreement.payee_user_id)
        self.assertEqual(theirs.create_uid.company_ids, self.other)
        self.assertEqual((movement.application, self.balance(unid)), ("applied", Decimal("0")))
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertFalse(self.exceptions())

    def test_told_again_it_is_booked_once(self):
        self.bill()
        charge = self.stripe.charge(11500, "usd", metadata={"invoice_number": "B-1"})
        events = self.stripe_events()
        self.send_stripe(events)
        self.send_stripe(events)
        self.stripe.settle(charge["id"])
        self.send_stripe()
        self.assertEqual((len(self.collections()), self.between()), (1, (1, 1)))
        self.assertEqual(self.balance(self.owed), Decimal("-115.00"))
        self.assertEqual(self.balance(self.due), Decimal("115.00"))

    def test_a_number_alone_is_shown_and_booked_when_a_person_says_so(self):
        invoice = self.bill()
        movement = self.paid(NUMBER_ONLY)
        exception = self.exceptions("collect_to_confirm")
        self.assertEqual(self.exceptions(), exception)
        self.assertIn(f"{invoice.name} of Anna GmbH", exception.what)
        self.assertEqual((movement.application, self.between()), ("unidentified", (0, 0)))
        self.assertTrue(exception.may_collect)
        wizard, _action = self.confirm(exception)
        self.assertEqual((wizard.agreement_id, wizard.invoice_id), (self.agreement, invoice))
        self.assertIn("Anna GmbH", wizard.found)
        self.env.invalidate_all()
        row = self.collections()
        self.assertEqual((row.amount, row.basis, row.decided_by_id), (50.0, "person", self.operator))
        self.assertEqual((invoice.amount_residual, invoice.payment_state), (65.0, "partial"))
        self.assertEqual((movement.application, exception.state), ("applied", "resolved"))
        # The rest of it, to the cent, needs nobody.
        self.paid(6500)
        self.assertEqual([row.amount for row in self.collections()], [50.0, 65.0])
        self.assertEqual(invoice.amount_residual, 0.0)
        self.assertEqual(self.balance(self.owed), Decimal("-115.00"))
        self.assertEqual(self.balance(self.due), Decimal("115.00"))

    def test_the_preview_tells_both_entries_and_books_nothing(self):
        self.bill()
        self.paid(NUMBER_ONLY)
        action = self.exceptions().with_user(self.operator).action_collect()
        wizard = self.env["integration.collect"].with_user(self.operator).with_context(**action["context"])
        preview = wizard.browse(action["res_id"]).preview
        for part in ("50.00", "219900", "149900", "Anna GmbH", self.company.name):
            self.assertIn(part, preview)
        self.assertEqual(self.between(), (0, 0))

    def test_who_works_in_one_company_alone_decides_nothing_between_two(self):
        invoice = self.bill()
        self.paid(NUMBER_ONLY)
        exception = self.exceptions().with_user(self.operator2)
        with self.assertRaisesRegex(UserError, "works in both companies"):
            exception.action_collect()
        with self.assertRaisesRegex(UserError, "works in both companies"), self.env.cr.savepoint():
            exception._collect_confirmed(
                self.agreement.with_user(self.operator2), invoice.with_user(self.operator2)
            )
        self.assertEqual(self.between(), (0, 0))

    def test_who_sees_one_company_alone_sees_nothing_of_the_other(self):
        self.bill()
        movement = self.paid(11500)
        row = self.collections().with_user(self.clerk)
        clerk = self.env(user=self.clerk.id, context={"allowed_company_ids": self.other.ids})
        self.assertEqual(clerk["integration.collection"].search([]), row)
        self.assertEqual(row.with_env(clerk).payee_move_id.ref, row.reference)
        self.assertFalse(clerk["integration.movement"].search([]))
        self.assertFalse(clerk["account.move"].search([("company_id", "=", self.company.id)]))
        for record in (row.move_id, movement, self.owed):
            with self.assertRaises(AccessError):
                record.with_env(clerk).read(["display_name"])
        with self.assertRaisesRegex(UserError, "in which you do not work"):
            row.with_env(clerk).action_open_move()
        opened = row.with_env(clerk).action_open_payee_move()
        self.assertEqual(opened["res_id"], row.payee_move_id.id)
        with self.assertRaises(UserError):
            row.with_env(clerk).payee_move_id.action_open_integration_mirror()

    def test_more_than_the_invoice_leaves_a_rest_here(self):
        invoice = self.bill()
        movement = self.paid(12000)
        self.confirm(self.exceptions("collect_to_confirm"))
        self.env.invalidate_all()
        exception = self.exceptions("payment_excess")
        self.assertIn("$\xa05.00", exception.what)
        self.assertEqual((invoice.amount_residual, movement.application), (0.0, "unidentified"))
        self.assertEqual(self.balance(self.role("UNID")), Decimal("-5.00"))
        exception.fix_partner_id = self.partner_b
        exception.action_identify()
        self.env.invalidate_all()
        self.assertEqual(self.balance(self.role("UNID")), Decimal("0"))
        self.assertEqual(movement.counterpart_id.amount_residual, -5.0)
        self.assertEqual(self.balance(self.owed), Decimal("-115.00"))

    def test_the_invoice_comes_after_the_money(self):
        movement = self.paid(11500)
        self.assertEqual(self.exceptions().mapped("code"), ["payment_party_unknown"])
        invoice = self.bill(day=date(2026, 3, 5))
        waiting = self.root["integration.waiting"]
        self.assertTrue(waiting._movements_are_booked(self.other.ids))
        self.assertEqual(waiting._waiting_for(invoice.with_env(waiting.env)).ids, movement.ids)
        waiting._apply(invoice.ids)
        self.env.invalidate_all()
        self.assertEqual(self.collections().date, date(2026, 3, 5))
        self.assertEqual((movement.application, invoice.amount_residual), ("applied", 0.0))
        self.assertFalse(self.exceptions())

    def test_what_is_paid_already_or_in_another_currency_is_for_a_person(self):
        self.bill()
        self.paid(11500)
        self.paid(11500)
        self.assertEqual(self.exceptions().mapped("code"), ["collect_invoice_closed"])
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.bill("B-2", currency=euro)
        self.paid(11500, "B-2")
        self.assertEqual(
            sorted(self.exceptions().mapped("code")), ["collect_currency_differs", "collect_invoice_closed"]
        )
        self.assertEqual(self.between(), (1, 1))

    def test_an_invoice_here_goes_before_one_there(self):
        self.bill("P-1")
        own = self.issue("P-1", amount="100.00")
        movement = self.paid(11500, "P-1")
        self.assertEqual((movement.invoice_ids, own.amount_residual), (own, 0.0))
        self.assertEqual(self.between(), (0, 0))

    def test_without_an_agreement_in_force_it_stays_open_here(self):
        self.bill()
        self.agreement.action_end()
        self.paid(11500)
        self.assertEqual(self.exceptions().mapped("code"), ["payment_party_unknown"])
        self.assertFalse(self.exceptions().may_collect)
        self.assertEqual(self.between(), (0, 0))

    def test_entries_lead_to_each_other_and_neither_changes_alone(self):
        self.bill()
        self.paid(11500)
        row = self.collections()
        own, theirs = row.move_id.with_env(self.env), row.payee_move_id.with_env(self.env)
        self.assertEqual(own.action_open_integration_mirror()["res_id"], theirs.id)
        self.assertEqual(theirs.action_open_integration_mirror()["res_id"], own.id)
        self.assertIn("Anna GmbH", own.integration_mirror_text)
        for entry in (own, theirs):
            with self.assertRaisesRegex(UserError, "stand or fall together"), self.env.cr.savepoint():
                entry.button_draft()
            facts = entry._integration_explain()
            told = " ".join(fact.text for fact in facts)
            self.assertIn(f"{self.company.name} collects for Anna GmbH", told)
            self.assertIn("$\xa0115.00", told)
        self.assertIn(theirs.name, " ".join(fact.text for fact in own._integration_explain()))
        self.assertEqual({own.state, theirs.state}, {"posted"})


class TestBothOrNone(IntercompanyCommon):
    def failing(self, error):
        posting = type(self.env["integration.posting.application"])
        return patch.object(posting, "_match_customer", side_effect=error)

    def test_what_fails_there_leaves_nothing_here_and_the_money_is_booked(self):
        invoice = self.bill()
        for number, error in enumerate((UserError("The journal is on holiday"), RuntimeError("unexpected"))):
            with self.subTest(error=error), self.failing(error):
                charge = self.stripe.charge(11500, "usd", metadata={"invoice_number": "B-1"})
                self.assert_done(self.send_stripe())
            movement = self.movement("payment", charge["id"])
            self.assertEqual((movement.move_id.state, movement.move_id.date), ("posted", DAY))
            self.assertEqual(movement.application, "unidentified")
            self.assertEqual((self.between(), len(self.collections())), ((0, 0), 0))
            self.assertEqual(self.balance(self.role("UNID")), Decimal("-115.00") * (number + 1))
        self.assertEqual(set(self.exceptions().mapped("code")), {"collect_refused"})
        self.assertIn("on holiday", " ".join(self.exceptions().mapped("what")))
        self.assertEqual(invoice.amount_residual, 115.0)
        # Mended, one press books both; the other money finds nothing left to pay.
        first = self.exceptions().sorted("id")[0]
        self.confirm(first)
        self.env.invalidate_all()
        self.assertEqual((self.between(), invoice.amount_residual), ((1, 1), 0.0))
        with self.assertRaisesRegex(UserError, "Nothing is left"), self.env.cr.savepoint():
            self.confirm(
                self.exceptions("collect_refused"), agreement_id=self.agreement.id, invoice_id=invoice.id
            )
        self.assertEqual(self.between(), (1, 1))

    def test_the_same_money_is_never_booked_twice_for_one_invoice(self):
        invoice = self.bill(amount=300.0)
        movement = self.paid(NUMBER_ONLY)
        self.confirm(self.exceptions())
        service = self.stripe_connection._as_service()
        posting = service.env["integration.posting.application"]
        payee = self.agreement.with_env(service.env)._as_payee()
        error = posting._collect(
            movement.with_env(service.env), self.agreement.with_env(service.env),
            invoice.with_env(payee.env), Decimal(50), DAY, "person",
        )  # fmt: skip
        self.assertEqual(error.code, "collect_refused")
        self.assertIn("already", error.params["reason"])
        self.assertEqual((self.between(), len(self.collections())), ((1, 1), 1))

    def test_a_day_that_is_locked_there_stops_both_until_the_controller_decides(self):
        invoice = self.bill()
        self.other.sudo().fiscalyear_lock_date = date(2026, 3, 31)
        movement = self.paid(11500)
        self.assertEqual(movement.move_id.date, DAY)
        exception = self.exceptions("collect_locked")
        self.assertIn("Anna GmbH are locked", exception.what)
        self.assertEqual((self.between(), movement.application), ((0, 0), "unidentified"))
        wizard, action = self.confirm(exception)
        self.assertIn("locked", wizard.day_text)
        self.assertEqual(self.between(), (0, 0))
        self.ask(action)
        self.assertEqual(self.between(), (0, 0))
        self.decide(exception)
        row = self.collections()
        self.assertEqual((row.move_id.date, row.payee_move_id.date), (date(2026, 4, 1), date(2026, 4, 1)))
        self.assertEqual((invoice.amount_residual, movement.application), (0.0, "applied"))

    def test_a_day_that_is_locked_here_stops_both(self):
        self.bill()
        self.company.sudo().fiscalyear_lock_date = date(2026, 3, 31)
        movement = self.paid(11500)
        self.assertEqual(movement.move_id.date, date(2026, 4, 1))
        self.assertEqual(self.between(), (0, 0))
        self.assertEqual(sorted(self.exceptions().mapped("code")), ["collect_locked", "late_movement"])

    def test_an_approver_of_one_company_alone_does_not_decide(self):
        self.bill()
        self.other.sudo().fiscalyear_lock_date = date(2026, 3, 31)
        self.paid(11500)
        exception = self.exceptions("collect_locked")
        self.ask(self.confirm(exception)[1])
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.decide(exception, self.approver2)
        self.assertEqual(self.between(), (0, 0))


class TestCollectedInOtherCurrency(IntercompanyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        for company in cls.both:
            for day, rate in ((date(2026, 3, 1), 0.5), (DAY, 0.4)):
                cls.env["res.currency.rate"].create(
                    {"currency_id": cls.euro.id, "company_id": company.id, "name": day, "rate": rate}
                )
        cls.stripe_connection._propose_balance_account(cls.euro)

    def test_both_sides_are_in_the_currency_of_the_document(self):
        invoice = self.bill(amount=70.0, currency=self.euro)
        self.assertEqual(invoice.amount_total_signed, 140.0)
        self.paid(7000, currency="eur")
        row = self.collections()
        self.assertEqual((row.currency_id, row.amount), (self.euro, 70.0), self.stopped())
        self.assertEqual(self.figures(row.move_id)[self.owed][:2], (Decimal("-70.00"), Decimal("-175.00")))
        self.assertEqual(self.figures(row.payee_move_id)[self.due][:2], (Decimal("70.00"), Decimal("175.00")))
        self.assertEqual((row.move_id | row.payee_move_id).line_ids.currency_id, self.euro)
        self.assertEqual((invoice.amount_residual, invoice.currency_id), (0.0, self.euro))
        difference = self.root["account.move.line"].search(
            [
                ("company_id", "=", self.other.id),
                ("account_id", "in", (
                    self.other.income_currency_exchange_account_id | self.other.expense_currency_exchange_account_id
                ).ids),
            ]
        )  # fmt: skip
        self.assertEqual(round(sum(difference.mapped("balance")), 2), -35.0)
        self.assertEqual(difference.move_id.create_uid, self.agreement.payee_user_id)

    def test_a_part_takes_its_share_of_the_books(self):
        invoice = self.bill(amount=100.0, currency=self.euro)
        self.paid(3333, currency="eur")
        self.confirm(self.exceptions("collect_to_confirm"))
        self.env.invalidate_all()
        row = self.collections()
        self.assertEqual(self.figures(row.move_id)[self.owed][:2], (Decimal("-33.33"), Decimal("-83.33")))
        self.assertEqual(self.figures(row.payee_move_id)[self.due][:2], (Decimal("33.33"), Decimal("83.33")))
        self.assertEqual(invoice.amount_residual, 66.67)
        self.assertEqual(self.balance(self.role("UNID")), Decimal("0"))
