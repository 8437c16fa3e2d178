# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Lines and statements that a bank tells through a connection (O8; policy F1, F11, P1 and the rows of the bank)."""

from datetime import date
from unittest.mock import patch

from psycopg2 import errors

from odoo.exceptions import UserError, ValidationError
from odoo.tools import mute_logger

from . import test_entries
from .common import ANNA, IntegrationCommon
from .test_payouts import PayoutCommon

IBAN = "BE71 0961 2345 6769"


class BankCommon(IntegrationCommon):
    report = test_entries.TestEntries.report

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.company_data["default_journal_bank"]
        cls.give_account(cls.bank, IBAN)
        cls.partner_connection.bank_journal_ids = cls.bank

    @classmethod
    def give_account(cls, journal, number):
        journal.bank_account_id = cls.env["res.partner.bank"].create(
            {"acc_number": number, "partner_id": cls.company.partner_id.id}
        )

    def line(self, line_id="L-1", amount="100.00", event=None, **facts):
        """Let the bank tell of a line; returns the message."""
        values = {
            "account_number": IBAN,
            "line_id": line_id,
            "booking_date": "2026-03-02",
            "amount": {"value": amount, "currency": facts.pop("currency", "USD")},
            "text": f"TRANSFER {line_id}",
            **facts,
        }
        return self.report("bank_line.booked", "bank_line", event or line_id, **values)

    def statement(
        self, name="2026/01", opening="0.00", closing="100.00", days=("2026-03-02", "2026-03-02"), **facts
    ):
        values = {
            "account_number": IBAN.replace(" ", ""),
            "statement_id": name,
            "first_date": days[0],
            "last_date": days[1],
            "opening": {"value": opening, "currency": "USD"},
            "closing": {"value": closing, "currency": "USD"},
            **facts,
        }
        return self.report("bank_statement.closed", "bank_statement", f"{name}-{len(str(facts))}", **values)

    def told(self, name="2026/01"):
        return self.env["integration.bank.statement"].search([("name", "=", name)])

    def booked(self, line_id=None):
        domain = [("integration_bank_entry", "=", line_id)] if line_id else []
        return self.env["account.bank.statement.line"].search([("journal_id", "=", self.bank.id), *domain])


class TestBankLines(BankCommon):
    def test_a_line_is_booked_on_the_day_of_the_bank_against_suspense(self):
        message = self.line(
            party_name="Café du Coin", party_account="BE68539007547034", end_to_end_id="E2E-9"
        )
        self.assert_done(message)
        line = self.booked("L-1")
        self.assertEqual(self.became(message, "account.move"), line.move_id)
        self.assertEqual((line.amount, line.date, line.move_id.state), (100.0, date(2026, 3, 2), "posted"))
        self.assertEqual((line.payment_ref, line.partner_name), ("TRANSFER L-1", "Café du Coin"))
        self.assertEqual((line.ref, line.account_number), ("E2E-9", "BE68539007547034"))
        self.assertEqual(line.move_id.create_uid, self.partner_connection.service_user_id)
        _liquidity, suspense, others = line._seek_for_lines()
        self.assertEqual((suspense.balance, len(others), line.is_reconciled), (-100.0, 0, False))
        self.assertFalse(self.exceptions())

    def test_it_is_booked_once_whoever_tells_it_again(self):
        self.line()
        again = self.line(event="other-event")
        self.assertEqual((again.status, len(again.effect_ids)), ("done", 0))
        self.assertEqual(len(self.booked()), 1)
        self.line(event="third", amount="120.00")
        self.assertEqual((len(self.booked()), self.booked().amount), (1, 100.0))
        exception = self.exceptions("bank_line_differs")
        self.assertEqual(len(exception), 1)
        self.assertIn("120.00", exception.what)

    @mute_logger("odoo.sql_db")
    def test_the_database_refuses_the_same_line_in_one_account(self):
        self.line()
        with self.assertRaises(errors.UniqueViolation), self.env.cr.savepoint():
            self.root["account.bank.statement.line"].create(
                {
                    "journal_id": self.bank.id,
                    "date": date(2026, 3, 2),
                    "amount": 1.0,
                    "payment_ref": "again",
                    "integration_bank_entry": "L-1",
                }
            )

    def test_what_a_person_imported_is_adopted(self):
        values = {"journal_id": self.bank.id, "date": date(2026, 3, 2), "amount": 100.0}
        imported = self.env["account.bank.statement.line"].create(
            [values | {"payment_ref": "Transfer  l-1"}, values | {"payment_ref": "Another payer"}]
        )
        message = self.line()
        self.assert_done(message)
        self.assertIn("recognised, not booked again", message.error_text)
        self.assertEqual(self.booked(), imported)
        self.assertEqual(imported.mapped("integration_bank_entry"), ["L-1", False])
        self.line("L-2", text="TRANSFER L-1")  # a second payment with the same words
        self.assertEqual(len(self.booked()), 3)

    def test_an_account_that_nobody_has_waits_and_goes_on(self):
        message = self.line(account_number="BE68 5390 0754 7034")
        exception = self.exceptions("bank_account_unknown")
        self.assertEqual((message.exception_id, len(self.booked())), (exception, 0))
        self.assertIn("…7034", exception.what)
        self.assertNotIn("5390", exception.what)
        other = self.env["account.journal"].create(
            {"name": "Second bank", "code": "BNK9", "type": "bank", "company_id": self.company.id}
        )
        with self.assertRaisesRegex(ValidationError, "no account number"):
            self.partner_connection.bank_journal_ids |= other
        self.give_account(other, "BE68539007547034")
        self.partner_connection.bank_journal_ids |= other
        self.drain(self.partner_connection)
        self.assert_done(message)
        self.assertEqual(self.became(message, "account.move").journal_id, other)

    def test_another_currency_than_the_account_has_is_refused(self):
        self.setup_other_currency("EUR")
        message = self.line(currency="EUR")
        self.assertEqual(self.exceptions("bank_currency_differs"), message.exception_id)
        self.assertFalse(self.booked())

    def test_the_balance_of_a_provider_is_no_bank_account(self):
        mirror = self.stripe_connection.balance_account_ids.journal_id[:1]
        self.give_account(mirror, "BE68539007547034")
        with self.assertRaisesRegex(ValidationError, "is no journal of a bank account"):
            self.partner_connection.bank_journal_ids |= mirror

    def test_a_locked_day_is_booked_on_the_first_open_one_and_told(self):
        self.company.fiscalyear_lock_date = date(2026, 3, 5)
        message = self.line()
        self.assert_done(message)
        line = self.booked("L-1")
        self.assertEqual((line.date, line.integration_event_date), (date(2026, 3, 6), date(2026, 3, 2)))
        self.assertEqual(len(self.exceptions("late_movement")), 1)

    def test_a_currency_that_the_bank_converted_is_kept(self):
        currency = self.setup_other_currency("EUR")
        self.line(original={"value": "90.00", "currency": "EUR"})
        line = self.booked("L-1")
        self.assertEqual(
            (line.amount, line.foreign_currency_id, line.amount_currency), (100.0, currency, 90.0)
        )


class TestReceipts(BankCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self.issue("B-10012", ANNA, "100.00", tax=False)
        self.receivable = self.invoice.line_ids.filtered(lambda line: line.display_type == "payment_term")

    def test_a_receipt_that_names_an_invoice_pays_it(self):
        message = self.line(text="Invoice B-10012, thank you")
        self.assert_done(message)
        line = self.booked("L-1")
        self.assertEqual((self.receivable.amount_residual, line.is_reconciled), (0.0, True))
        self.assertIn(self.invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(line.partner_id, self.invoice.commercial_partner_id)
        self.assertEqual(len(line.move_id.line_ids), 2)  # the item on suspense was replaced

    def test_too_little_leaves_the_rest_on_the_invoice_and_too_much_a_credit(self):
        self.line("L-1", "40.00", references=[{"type": "invoice", "value": "B-10012"}])
        self.assertEqual(self.receivable.amount_residual, 60.0)
        self.line("L-2", "70.00", text="B-10012 rest")
        self.assertEqual(self.receivable.amount_residual, 0.0)
        credit = self.booked("L-2")._seek_for_lines()[2]
        self.assertEqual((credit.amount_residual, credit.account_id), (-10.0, self.receivable.account_id))

    def test_several_invoices_are_paid_only_with_their_sum(self):
        second = self.issue("B-10013", ANNA, "50.00", tax=False)
        self.line("L-1", "120.00", text="B-10012 B-10013")
        self.assertEqual((self.receivable.amount_residual, second.amount_residual), (100.0, 50.0))
        self.assertFalse(self.booked("L-1").is_reconciled)
        self.line("L-2", "150.00", text="B-10012 B-10013")
        self.assertEqual((self.receivable.amount_residual, second.amount_residual), (0.0, 0.0))

    def test_beside_a_paid_invoice_only_the_exact_amount_is_certain(self):
        second = self.issue("B-10013", ANNA, "50.00", tax=False)
        self.line("L-1", "100.00", text="B-10012")
        self.line("L-2", "150.00", text="B-10012 B-10013")
        self.assertEqual((second.amount_residual, self.booked("L-2").is_reconciled), (50.0, False))
        self.line("L-3", "50.00", text="B-10012 B-10013")
        self.assertEqual(second.amount_residual, 0.0)

    def test_a_short_word_of_the_payer_names_nothing(self):
        other = self.issue("B1", ANNA, "100.00", tax=False)
        self.line("L-1", "100.00", text="TRANSFER", end_to_end_id="B1")
        self.assertEqual((other.amount_residual, self.booked("L-1").is_reconciled), (100.0, False))

    def test_money_that_goes_out_pays_no_invoice_of_ours(self):
        self.line(amount="-100.00", text="B-10012")
        self.assertEqual(self.receivable.amount_residual, 100.0)
        self.assertFalse(self.booked("L-1").is_reconciled)

    def test_a_returned_receipt_opens_the_invoice_again(self):
        self.line("L-1", text="B-10012")
        self.line("L-2", "-100.00", text="RETURN", returns="L-1")
        self.assertEqual(self.receivable.amount_residual, 100.0)
        self.assertEqual(self.booked().mapped("is_reconciled"), [True, True])
        self.assertEqual(self.balance(self.bank.default_account_id), 0)
        self.assertEqual(self.balance(self.bank.suspense_account_id), 0)

    def test_a_return_that_comes_before_its_receipt_opens_the_invoice_all_the_same(self):
        self.line("L-2", "-100.00", text="RETURN", returns="L-1")
        self.assertFalse(self.booked("L-2").is_reconciled)
        self.line("L-1", text="B-10012")
        self.assertEqual(self.receivable.amount_residual, 100.0)
        self.assertEqual(self.booked().mapped("is_reconciled"), [True, True])
        self.assertEqual(self.balance(self.bank.suspense_account_id), 0)

    def test_a_return_of_what_is_not_matched_waits_on_suspense(self):
        self.line("L-1")
        self.line("L-2", "-100.00", text="RETURN", returns="L-1")
        self.assertEqual(self.booked().mapped("is_reconciled"), [False, False])

    def test_where_odoo_refuses_the_match_the_money_stays_booked(self):
        posting = type(self.env["integration.posting.application"])
        with patch.object(posting, "_reconcile", side_effect=UserError("Locked by the auditor")):
            message = self.line(text="B-10012")
        self.assert_done(message)
        line = self.booked("L-1")
        suspense = line._seek_for_lines()[1]
        self.assertEqual(
            (line.amount, suspense.balance, self.receivable.amount_residual), (100.0, -100.0, 100.0)
        )
        exception = self.exceptions("bank_line_unmatched")
        self.assertIn("Locked by the auditor", exception.what)
        self.assertEqual((exception.fix, exception.at_stake), ("match", "$\xa0100.00"))

    def unmatched(self, line_id="L-1"):
        """Let Odoo refuse to match a receipt that names our invoice; returns the exception and the line."""
        posting = type(self.env["integration.posting.application"])
        with patch.object(posting, "_reconcile", side_effect=UserError("Locked by the auditor")):
            self.line(line_id, text="B-10012")
        return self.exceptions("bank_line_unmatched"), self.booked(line_id)

    def test_the_button_matches_once_the_reason_is_gone(self):
        exception, line = self.unmatched()
        posting = type(self.env["integration.posting.application"])
        with (
            patch.object(posting, "_reconcile", side_effect=UserError("Still locked")),
            self.assertRaisesRegex(UserError, "Odoo refuses it still: Still locked"),
        ):
            exception.action_match_now()
        self.assertEqual((exception.state, line.is_reconciled), ("open", False))
        exception.action_match_now()
        self.assertEqual(
            (exception.state, line.is_reconciled, self.receivable.amount_residual, len(self.booked())),
            ("resolved", True, 0.0, 1),
        )
        with self.assertRaisesRegex(UserError, "settled in the meantime"):
            exception.action_match_now()

    def test_the_button_matches_nothing_that_is_not_certain_any_more(self):
        exception, line = self.unmatched()
        self.receivable.move_id.button_draft()
        with self.assertRaisesRegex(UserError, "not certain any more"):
            exception.action_match_now()
        self.assertEqual((exception.state, line.is_reconciled), ("open", False))

    def test_what_a_person_matched_in_odoo_closes_by_itself(self):
        exception, line = self.unmatched()
        self.root["integration.waiting"]._cron_notice()
        self.assertEqual(exception.state, "open")
        posting = self.env["integration.posting.bank_receipt"]
        posting._match_again(line, self.receivable.move_id, line.browse())
        self.root["integration.waiting"]._cron_notice()
        self.assertEqual((exception.state, self.receivable.amount_residual), ("resolved", 0.0))

    def test_a_refused_return_is_told_by_its_own_line(self):
        self.line("L-2", "-100.00", text="RETURN", returns="L-1", booking_date="2026-03-03")
        posting = type(self.env["integration.posting.bank_receipt"])
        with patch.object(posting, "_take_back", side_effect=UserError("Locked by the auditor")):
            self.line("L-1", text="B-10012")
        exception = self.exceptions("bank_line_unmatched")
        self.assertEqual((exception.params["line"], exception.params["date"]), ("L-2", "2026-03-03"))
        self.assertEqual(self.receivable.amount_residual, 0.0)
        exception.action_match_now()
        self.assertEqual((exception.state, self.receivable.amount_residual), ("resolved", 100.0))


class TestBankStatements(BankCommon):
    def test_a_statement_that_adds_up_agrees_and_becomes_odoos(self):
        self.line("L-1", "150.00")
        self.line("L-2", "-50.00")
        self.statement(line_count=2)
        told = self.told()
        self.assertEqual((told.state, told.booked_count, told.booked_total), ("agrees", 2, 100.0))
        mirror = told.statement_id
        self.assertEqual(
            (mirror.balance_start, mirror.balance_end_real, len(mirror.line_ids)), (0.0, 100.0, 2)
        )
        self.assertTrue(mirror.is_complete)
        self.assertFalse(self.exceptions("bank_statement_differs"))

    def test_a_missing_line_is_told_and_its_coming_closes_that(self):
        self.line("L-1", "150.00")
        self.statement(line_count=2)
        told = self.told()
        exception = self.exceptions("bank_statement_differs")
        self.assertEqual((told.state, told.difference, len(exception)), ("differs", -50.0, 1))
        self.assertIn(
            "the bank lists 2 lines, the books hold 1; the books hold $\xa050.00 too much", exception.what
        )
        self.line("L-2", "-50.00")
        self.assertEqual((told.state, told.difference, exception.state), ("agrees", 0.0, "resolved"))

    def test_lines_that_name_their_statement_come_before_it(self):
        self.line("L-1", "60.00", statement="2026/02")
        self.line("L-2", "40.00", statement="2026/01")
        self.assertEqual(self.told("2026/01").state, "waiting")
        self.statement("2026/01", closing="40.00", line_count=1)
        self.statement("2026/02", opening="40.00", line_count=1)
        self.assertEqual([self.told(name).state for name in ("2026/01", "2026/02")], ["agrees", "agrees"])
        self.assertEqual(self.told("2026/02").gap, 0.0)

    def test_a_statement_between_two_that_is_missing_shows(self):
        self.statement("2026/01", closing="0.00")
        self.statement("2026/03", opening="25.00", closing="25.00", days=("2026-03-04", "2026-03-04"))
        late = self.told("2026/03")
        self.assertEqual((late.state, late.gap, late.difference), ("differs", 25.0, 0.0))
        self.line("L-1", "25.00", booking_date="2026-03-03")
        self.statement("2026/02", closing="25.00", days=("2026-03-03", "2026-03-03"))
        self.assertEqual((late.state, late.gap), ("agrees", 0.0))
        self.assertFalse(self.exceptions("bank_statement_differs"))

    def test_several_statements_of_a_day_follow_one_another_by_their_balances(self):
        """“10/2026” sorts before “9/2026”, and the bank tells them in any order."""
        self.line("L-1", "100.00", booking_date="2026-03-01", statement="8/2026")
        self.line("L-2", "50.00", statement="9/2026")
        self.line("L-3", "-20.00", statement="10/2026")
        self.statement("10/2026", opening="150.00", closing="130.00", line_count=1)
        self.statement("8/2026", days=("2026-03-01", "2026-03-01"), line_count=1)
        self.assertEqual(self.told("10/2026").gap, 50.0)
        self.statement("9/2026", opening="100.00", closing="150.00", line_count=1)
        told = [self.told(f"{number}/2026") for number in (8, 9, 10)]
        self.assertEqual([(row.state, row.gap) for row in told], [("agrees", 0.0)] * 3)
        self.assertFalse(self.exceptions("bank_statement_differs"))

    def test_what_an_agreeing_statement_holds_is_reconciled(self):
        first, second = self.line("L-1", "150.00"), self.line("L-2", "-50.00")
        late = self.line("L-3", booking_date="2026-03-05")
        statement = self.statement(line_count=2)
        events = first | second | statement
        self.assertEqual(events.mapped("stage"), ["reconciled"] * 3)
        self.assertEqual(
            (late.stage, first.covered_by), ("posted", f"integration.bank.statement,{self.told().id}")
        )
        self.line("L-4", "7.00")
        self.assertEqual(
            (self.told().state, first.stage, bool(first.uncovered_at)), ("differs", "posted", True)
        )
        self.assertEqual(first.covered_by_name, self.told().display_name)

    def test_lines_in_a_statement_of_a_person_stay_there(self):
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.bank.id,
                "date": date(2026, 3, 2),
                "amount": 100.0,
                "payment_ref": "Transfer L-1",
            }
        )
        own = self.env["account.bank.statement"].create({"name": "Mine", "line_ids": [(6, 0, line.ids)]})
        self.line("L-1")
        self.statement(line_count=1)
        told = self.told()
        self.assertEqual((told.state, told.statement_id.id, line.statement_id), ("agrees", False, own))

    def test_a_statement_that_contradicts_itself_is_refused(self):
        message = self.statement(closing="90.00", line_total={"value": "100.00", "currency": "USD"})
        self.assertEqual(message.exception_id.code, "totals_do_not_add_up")
        self.assertFalse(self.told())

    def test_told_again_it_changes_nothing_and_corrected_it_counts(self):
        first = self.statement(closing="90.00")
        self.assertEqual(self.told().state, "differs")
        self.line("L-1")
        second = self.statement(line_count=1)
        self.assertEqual((self.told().message_id, self.told().state), (second, "agrees"))
        self.assertNotEqual(first, second)

    def test_people_compare_and_change_nothing_else(self):
        self.line()
        self.statement()
        told = self.told()
        told.action_compare()
        self.assertEqual(told.state, "agrees")
        operator = self.env["res.users"].create(
            {
                "name": "Operator",
                "login": "bank_operator",
                "group_ids": [(4, self.env.ref("finance_integration.group_operator").id)],
                "company_ids": [(4, self.company.id)],
                "company_id": self.company.id,
            }
        )
        with self.assertRaises(UserError):
            told.with_user(operator).write({"closing": 7.0})
        self.assertEqual(told.closing, 100.0)
        lines = self.env[told.action_open_lines()["res_model"]].search(told.action_open_lines()["domain"])
        self.assertEqual(lines, self.booked("L-1"))


class TestPayoutsThroughTheBank(PayoutCommon, BankCommon):
    def test_a_payout_is_found_among_lines_that_the_bank_tells(self):
        payout = self.pay_out()
        self.assertEqual(payout.bank_state, "transit")
        self.line("L-1", "1260.25", text=f"STRIPE {payout.payout_id}", booking_date="2026-03-06")
        self.root["integration.payout.look"]._look(self.company.id)
        self.assertEqual((payout.bank_state, payout.bank_line_ids), ("matched", self.booked("L-1")))
        self.assertEqual(self.balance(self.bank.suspense_account_id), 0)
