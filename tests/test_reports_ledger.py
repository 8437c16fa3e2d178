# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reports on balances and on what people did with money, to the cent (A7)."""

from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.tests import new_test_user

from ..simulators.partner.documents import Line, invoice
from .common import ANNA
from .test_bank_details import IBAN, BankDetailsPeople
from .test_reports import ReportCommon
from .workbench_common import WorkbenchCommon


class TestBalances(ReportCommon):
    def setUp(self):
        super().setUp()
        self.deferred = self.env["account.account"].create(
            {"name": "Deferred revenue", "code": "259900", "account_type": "liability_current"}
        )
        self.env["integration.role.account"].create({"role": "DEF", "account_id": self.deferred.id})
        self.revenue = self.company_data["default_account_revenue"]

    def entry(self, day, lines, post=True, company=None):
        """Book an entry of (account, partner, balance) lines."""
        moves = self.env["account.move"].with_company(company or self.company)
        move = moves.create(
            {
                "date": day,
                "line_ids": [
                    (0, 0, {
                        "account_id": account.id, "partner_id": partner and partner.id,
                        "debit": max(balance, 0), "credit": max(-balance, 0),
                    })
                    for account, partner, balance in lines
                ],
            }
        )  # fmt: skip
        if post:
            move._post(soft=False)
        return move

    def test_deferred_revenue_rolls_forward_month_by_month(self):
        receivable = self.company_data["default_account_receivable"]
        self.entry(date(2026, 1, 15), [(receivable, self.partner_a, 1200.0), (self.deferred, None, -1200.0)])
        self.entry(date(2026, 2, 28), [(self.deferred, None, 100.01), (self.revenue, None, -100.01)])
        self.entry(date(2026, 3, 31), [(self.deferred, None, 99.99), (self.revenue, None, -99.99)])
        self.entry(date(2026, 3, 5), [(receivable, self.partner_a, 50.0), (self.deferred, None, -50.0)])
        self.entry(date(2026, 3, 6), [(self.deferred, None, 7.0), (self.revenue, None, -7.0)], post=False)
        rows = self.lines(self.make("deferred", first=date(2026, 2, 10), last=date(2026, 4, 20)))
        figures = [
            (row["From"], row["To"], row["Opening"], row["Added"], row["Released"], row["Closing"])
            for row in rows
        ]
        self.assertEqual(
            figures,
            [
                ("2026-02-10", "2026-02-28", "1200.00", "0.00", "100.01", "1099.99"),
                ("2026-03-01", "2026-03-31", "1099.99", "50.00", "99.99", "1050.00"),
                ("2026-04-01", "2026-04-20", "1050.00", "0.00", "0.00", "1050.00"),
            ],
        )
        self.assertEqual({row["Account"] for row in rows}, {"259900 Deferred revenue"})
        self.assertEqual([row["Journal items"] for row in rows], ["1", "2", "0"])

    def test_the_tax_ties_out_per_issuer_and_a_stated_difference_shows(self):
        own = self.init_invoice(
            "out_invoice", invoice_date="2026-03-04", amounts=[200.0], taxes=self.tax15, post=True
        )
        lines = [Line("Advice", Decimal(1), Decimal("99.99"), ("STD",))]
        document = invoice("T-1", ANNA, lines, self.clock.now, due_date=date(2026, 4, 1))
        message = self.send_partner("invoice.issued", document)
        told = self.became(message, "account.move")
        draft = self.init_invoice("out_invoice", invoice_date="2026-03-04", amounts=[500.0], taxes=self.tax15)
        self.assertEqual((own.amount_tax, told.amount_tax, draft.state), (30.0, 15.0, "draft"))
        rows = [
            row
            for row in self.lines(self.make("tax_tie_out", first=date(2026, 3, 1), last=date(2026, 3, 31)))
            if row["Tax"] == "Output tax 15 %"
        ]
        figures = {
            row["Issued by"]: (
                row["Documents"],
                row["Base"],
                row["Tax by the rate"],
                row["Tax booked"],
                row["Difference"],
            )
            for row in rows
        }
        self.assertEqual(
            figures,
            {
                "Odoo": ("1", "200.00", "30.00", "30.00", "0.00"),
                "Partner platform": ("1", "99.99", "15.00", "15.00", "0.00"),
            },
        )
        self.assertEqual(
            {(row["Month"], row["Rate (%)"], row["Use"]) for row in rows}, {("2026-03-01", "15", "Sales")}
        )
        self.env.cr.execute(
            "UPDATE account_move_line SET balance = balance - 0.02 WHERE move_id = %s AND tax_line_id IS NOT NULL",
            [told.id],
        )
        [row] = [
            row
            for row in self.lines(self.make("tax_tie_out", first=date(2026, 3, 1), last=date(2026, 3, 31)))
            if row["Issued by"] == "Partner platform"
        ]
        self.assertEqual((row["Tax booked"], row["Difference"]), ("15.02", "0.02"))

    def test_companies_owe_each_other_the_same_the_other_way_round(self):
        sister = self.setup_other_company(name="Sister Inc.")
        other, currency = sister["company"], self.company.currency_id
        self.assertEqual(other.currency_id, currency)
        receivable, payable = (
            self.company_data["default_account_receivable"],
            sister["default_account_payable"],
        )
        self.entry(date(2026, 3, 1), [(receivable, other.partner_id, 300.0), (self.revenue, None, -300.0)])
        self.entry(date(2026, 3, 2), [(receivable, other.partner_id, -0.25), (self.revenue, None, 0.25)])
        self.entry(date(2026, 4, 1), [(receivable, other.partner_id, 5.0), (self.revenue, None, -5.0)])
        self.entry(date(2026, 3, 3), [(receivable, self.partner_a, 70.0), (self.revenue, None, -70.0)])
        expense = sister["default_account_expense"]
        self.entry(
            date(2026, 3, 1),
            [(payable, self.company.partner_id, -300.0), (expense, None, 300.0)],
            company=other,
        )
        report = self.make("intercompany")
        [row] = self.lines(report)
        self.assertEqual((row["Other company"], row["Currency"]), ("Sister Inc.", currency.name))
        self.assertEqual((row["Balance"], row["Journal items"]), ("299.75", "2"))
        self.assertEqual((row["Oldest that is open today"], row["Last one"]), ("2026-03-01", "2026-03-02"))
        self.assertIn(receivable.code, row["Account"])
        self.assertEqual(report.totals, [["Balance", currency.name, "299.75"]])
        theirs = new_test_user(
            self.env, "reports-sister", groups="finance_integration.group_auditor", company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )  # fmt: skip
        wizard = self.env["integration.report.make"].with_user(theirs).create(
            {
                "code": "intercompany", "date_from": date(2026, 3, 1), "date_to": date(2026, 3, 31),
                "company_id": other.id,
            }
        )  # fmt: skip
        made = self.env["integration.report"].with_user(theirs).browse(wizard.action_make()["res_id"])
        [mirror] = self.lines(made)
        self.assertEqual((mirror["Other company"], mirror["Balance"]), (self.company.name, "-300.00"))

    def test_a_journal_is_named_in_words(self):
        move = self.became(self.sell("R-1"), "account.move")
        [row] = self.lines(self.make("entry_to_event"))
        self.assertEqual(row["Journal"], move.journal_id.name)


class TestOverrides(WorkbenchCommon, ReportCommon):
    def today(self):
        return {
            "first": fields.Date.today() - timedelta(days=1),
            "last": fields.Date.today() + timedelta(days=1),
        }

    def short(self, rest):
        invoice = self.issue("S-1")
        self.pay(round(invoice.amount_total * 100) - rest, metadata={"invoice_number": "S-1"})
        return invoice, self.exceptions("payment_short").with_user(self.operator)

    def test_a_write_off_and_what_was_taken_apart_are_listed_with_their_amounts(self):
        self.assertEqual(self.lines(self.make("match_overrides", **self.today())), [])
        invoice, exception = self.short(50)
        self.assertEqual(self.lines(self.make("match_overrides", **self.today())), [])
        exception.action_write_off()
        self.env.invalidate_all()
        [row] = self.lines(self.make("match_overrides", **self.today()))
        self.assertEqual(row["What was decided"], "Rest written off within the limits")
        self.assertEqual(
            (row["By"], row["Amount"], row["State"], row["Second person"]),
            (self.operator.login, "0.50", "To be reviewed", ""),
        )
        self.env["integration.limit.use"].search([]).with_user(self.approver).action_review()
        line = invoice.line_ids.filtered(lambda row: row.display_type == "payment_term")
        line.remove_move_reconcile()
        rows = self.lines(self.make("match_overrides", **self.today()))
        self.assertEqual(
            [(row["Amount"], row["Second person"]) for row in rows if row["State"]],
            [("0.50", self.approver.login)],
        )
        undone = [row for row in rows if row["What was decided"] == "Matched entries taken apart"]
        self.assertEqual(sorted(row["Amount"] for row in undone), ["0.50", "1149.50"])
        self.assertEqual({(row["By"], row["Entry"]) for row in undone}, {(self.env.user.login, invoice.name)})
        decided = self.lines(self.make("decisions", **self.today()))
        self.assertEqual(
            len([row for row in decided if row["What was done"] == "Matching of entries undone"]), 2
        )
        configured = self.lines(self.make("configuration", **self.today()))
        self.assertNotIn("Matching of entries undone", [row["What was done"] for row in configured])

    def test_what_an_event_takes_apart_is_no_decision_of_a_person(self):
        invoice = self.issue("S-2")
        self.pay(115000, metadata={"invoice_number": "S-2"})
        self.assertEqual(invoice.payment_state, "paid")
        line = invoice.line_ids.filtered(lambda row: row.display_type == "payment_term")
        line.with_user(self.stripe_connection.service_user_id).sudo().remove_move_reconcile()
        self.env.invalidate_all()
        self.assertEqual(invoice.payment_state, "not_paid")
        self.assertEqual(self.lines(self.make("match_overrides", **self.today())), [])

    def test_a_write_off_above_the_limits_names_both_persons(self):
        _invoice, exception = self.short(100)
        setting = self.env["integration.workbench.setting"].create({"company_id": self.company.id})
        setting.write({"difference_amount": 0, "difference_percent": 0})
        self.ask(exception.action_write_off())
        self.assertEqual(self.lines(self.make("match_overrides", **self.today())), [])
        self.decide(exception)
        [row] = self.lines(self.make("match_overrides", **self.today()))
        self.assertEqual(row["What was decided"], "Rest written off after an approval")
        self.assertEqual(
            (row["By"], row["Second person"], row["State"]),
            (self.operator.login, self.approver.login, "Approved"),
        )


class TestPaymentRuns(BankDetailsPeople, ReportCommon):
    def test_a_payment_shows_its_account_as_it_was_when_it_went_out(self):
        bank = self.approved()
        payments = self.payment(bank) | self.payment(bank)
        draft = self.payment(bank)
        payments.action_post()
        # A test is one transaction, whose entries all bear the instant of its beginning.
        moment = fields.Datetime.now() + timedelta(seconds=1)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_payment SET create_date = %s WHERE id = ANY(%s)", [moment, payments.ids]
        )
        self.env.cr.execute(
            "UPDATE account_move SET create_date = %s WHERE id = ANY(%s)", [moment, payments.move_id.ids]
        )
        self.env.invalidate_all()
        with patch.object(fields.Datetime, "now", return_value=moment + timedelta(hours=1)):
            bank.with_user(self.clerk).action_integration_stop()
        self.env.invalidate_all()
        today = fields.Date.today()
        rows = self.lines(
            self.make("payment_runs", first=today - timedelta(days=1), last=today + timedelta(days=1))
        )
        self.assertEqual({row["Payment"] for row in rows}, set(payments.mapped("name")))
        self.assertEqual(draft.state, "draft")
        for row in rows:
            self.assertEqual((row["Amount"], row["Made together"]), ("10.00", "2"))
            self.assertEqual(
                (row["Bank account"], row["The account when it was paid"], row["Account approved by"]),
                (f"…{IBAN[-4:]}", "Approved for payments", self.ann.login),
            )
            self.assertEqual(row["The account today"], "Not approved")
            self.assertEqual((row["Paid to"], row["Entered by"]), ("Paper Mill", self.clerk.login))
        before = self.lines(self.make("payment_runs", first=date(2020, 1, 1), last=date(2020, 1, 31)))
        self.assertEqual(before, [])
