# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reports for auditors: exact, frozen, sealed, and for those alone who may read the books (A7)."""

import base64
import csv
import io
from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from ..models.reports import report as report_module
from ..models.reports.definition import REPORTS
from ..simulators.partner.documents import Line, Party, invoice
from .common import ANNA, IntegrationCommon

FORMULA = Party("C-9", "=HYPERLINK(1)", "evil@spread.example")


class ReportCommon(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.auditor = new_test_user(
            self.env, "reports-auditor", groups="finance_integration.group_auditor", company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )  # fmt: skip

    def sell(self, number, party=ANNA, amount="100.00"):
        lines = [Line("Advice", Decimal(1), Decimal(amount))]
        return self.send_partner(
            "invoice.issued", invoice(number, party, lines, self.clock.now, due_date=date(2026, 4, 1))
        )

    def make(self, code, user=None, first=date(2026, 3, 1), last=date(2026, 3, 31)):
        values = {"code": code, "date_from": first, "date_to": last, "company_id": self.company.id}
        wizard = self.env["integration.report.make"].with_user(user or self.auditor).create(values)
        return (
            self.env["integration.report"]
            .with_user(user or self.auditor)
            .browse(wizard.action_make()["res_id"])
        )

    def file(self, report):
        return base64.b64decode(report.with_context(bin_size=False).file).decode("utf-8-sig")

    def lines(self, report):
        """Return the lines of the file as {heading: cell}."""
        rows = list(csv.reader(io.StringIO(self.file(report))))
        start = rows.index([])
        return [dict(zip(rows[start + 1], row, strict=True)) for row in rows[start + 2 :]]


class TestReports(ReportCommon):
    def test_every_report_answers_also_where_nothing_happened(self):
        for code in REPORTS:
            with self.subTest(code):
                report = self.make(code, first=date(2020, 1, 1), last=date(2020, 1, 31))
                self.assertEqual(report.row_count, len(self.lines(report)))
                self.assertTrue(report.genuine)

    def test_what_was_received_adds_up(self):
        self.sell("R-1")
        self.sell("R-2")
        self.stripe.charge(11500, "usd", metadata={"invoice_number": "R-1"})
        self.send_stripe()
        today = self.env["integration.message"].search([], limit=1).received_at.date()
        rows = self.lines(self.make("completeness", first=today, last=today))
        self.assertTrue(rows)
        for row in rows:
            parts = ("Booked", "Nothing to book", "Still waiting", "Stopped, needs a person", "Put aside")
            self.assertEqual(int(row["Received"]), sum(int(row[part]) for part in parts), row)
        [partner] = [row for row in rows if row["Connection"] == self.partner_connection.name]
        self.assertEqual((partner["Received"], partner["Booked"]), ("2", "2"))

    def test_an_event_leads_to_its_entry_and_back(self):
        message = self.sell("R-1")
        move = self.became(message, "account.move")
        today = message.received_at.date()
        [there] = [
            row
            for row in self.lines(self.make("event_to_entry", first=today, last=today))
            if row["Event"] == message.event_id
        ]
        self.assertEqual((there["Entry"], there["Amount"], there["State"]), (move.name, "115.00", "Done"))
        self.assertEqual(there["Digest of the event (SHA-256)"], message.body_digest)
        [back] = [row for row in self.lines(self.make("entry_to_event")) if row["Entry"] == move.name]
        self.assertEqual((back["Events"], back["Id at the source"]), (message.event_id, "R-1"))

    def test_money_that_is_not_applied_is_listed_with_what_is_open(self):
        self.stripe.charge(4200, "usd", description="who knows")
        self.send_stripe()
        report = self.make("unapplied")
        [row] = self.lines(report)
        self.assertEqual((row["Amount"], row["Still open"], row["State"]), ("42.00", "42.00", "Unidentified"))
        self.assertEqual(row["Age in days"], str((date(2026, 3, 31) - date(2026, 3, 2)).days))
        self.assertEqual(report.totals, [["Amount", "USD", "42.00"], ["Still open", "USD", "42.00"]])

    def test_a_refund_shows_whether_its_credit_note_is_there(self):
        self.sell("R-1")
        charge = self.stripe.charge(11500, "usd", metadata={"invoice_number": "R-1"}, settled=True)
        self.stripe.refund(charge["id"], 5000)
        self.send_stripe()
        [row] = self.lines(self.make("refunds"))
        self.assertEqual((row["Amount"], row["State"]), ("-50.00", "Waits for its credit note"))

    def test_a_locked_day_makes_a_late_posting(self):
        self.company.sudo().fiscalyear_lock_date = date(2026, 3, 31)
        move = self.became(self.sell("R-1"), "account.move")
        self.assertGreater(move.date, date(2026, 3, 31))
        rows = self.lines(self.make("late", first=date(2026, 4, 1), last=date(2026, 4, 30)))
        self.assertEqual([(row["Entry"], row["True date"]) for row in rows], [(move.name, "2026-03-02")])
        self.assertEqual([row["Entry"] for row in self.lines(self.make("cut_off"))], [move.name])

    def test_a_manual_entry_in_a_journal_of_the_hub(self):
        journal = self.partner_connection.issued_journal_id
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "journal_id": journal.id,
                "partner_id": self.partner_a.id,
                "invoice_date": date(2026, 3, 5),
                "invoice_line_ids": [(0, 0, {"name": "By hand", "price_unit": 10.0})],
            }
        )
        move._post(soft=False)
        self.sell("R-1")
        [row] = self.lines(self.make("manual"))
        self.assertEqual((row["Entry"], row["Booked by"]), (move.name, self.env.user.login))

    def test_decisions_and_set_up_come_from_the_audit_trail(self):
        today = date.today()  # noqa: DTZ011 - the audit trail has the true time
        first = today.replace(day=1)
        self.env["integration.audit.leaf"]._record_change(self.partner_connection, "connection.pause")
        rows = self.lines(self.make("configuration", first=first, last=today))
        self.assertIn("Connection paused", [row["What was done"] for row in rows])
        self.stripe.charge(4200, "usd", description="who knows")
        self.send_stripe()
        exception = self.exceptions()
        exception[:1]._resolve("Looked at")
        rows = self.lines(self.make("exceptions", first=first, last=today))
        self.assertIn("Looked at", [row["How"] for row in rows])


class TestEvidence(ReportCommon):
    def test_a_report_is_frozen_and_recorded(self):
        self.sell("R-1")
        report = self.make("entry_to_event")
        before = self.file(report)
        self.sell("R-2")
        self.assertEqual(self.file(report), before)
        leaf = report.leaf_id
        self.assertEqual((leaf.user_id, leaf.subject_digest), (self.auditor, report.file_digest))
        self.assertTrue(report.genuine)
        self.assertEqual(self.make("entry_to_event").row_count, report.row_count + 1)

    def test_a_changed_file_is_noticed(self):
        report = self.make("entry_to_event")
        report.sudo().file = base64.b64encode(b"something else")
        report.invalidate_recordset()
        self.assertFalse(report.genuine)

    def test_it_is_neither_changed_nor_deleted(self):
        report = self.make("entry_to_event")
        for user in (self.auditor, self.env.user):
            with self.assertRaises(UserError):  # also what Odoo's rights refuse
                report.with_user(user).write({"row_count": 1})
            with self.assertRaises(UserError):
                report.with_user(user).unlink()
        with self.assertRaises(UserError):
            report.sudo().unlink()

    def test_what_a_spreadsheet_would_compute_is_text(self):
        self.sell("R-9", FORMULA)
        self.stripe.charge(4200, "usd", description="who knows")
        self.send_stripe()
        self.root["integration.movement"].search([]).write({"customer_name": FORMULA.name})
        report = self.make("unapplied")
        self.assertIn("'=HYPERLINK(1)", self.file(report))
        self.assertIn(">=HYPERLINK(1)<", report.table_html.replace("&gt;", ">"))

    def test_only_who_may_read_the_books_makes_one(self):
        outsider = new_test_user(self.env, "reports-outsider", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.make("entry_to_event", user=outsider)
        self.assertFalse(self.env["integration.report"].search_count([]))

    def test_another_company_is_neither_asked_nor_seen(self):
        other = self.env["res.company"].create({"name": "Somebody else"})
        report = self.make("entry_to_event")
        stranger = new_test_user(
            self.env, "reports-stranger", groups="finance_integration.group_auditor", company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )  # fmt: skip
        with self.assertRaises(AccessError):
            report.with_user(stranger).read(["file"])
        with self.assertRaises(AccessError):
            self.make("entry_to_event", user=stranger)

    def test_limits_are_told(self):
        with self.assertRaises(UserError):
            self.make("late", first=date(2026, 3, 31), last=date(2026, 3, 1))
        with self.assertRaises(UserError):
            self.make("late", first=date(2020, 1, 1), last=date(2026, 3, 1))
        self.sell("R-1")
        self.sell("R-2")
        self.patch(report_module, "MAX_ROWS", 1)
        with self.assertRaises(UserError):
            self.make("entry_to_event")

    def test_paper_names_the_digest(self):
        self.sell("R-1")
        report = self.make("entry_to_event")
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "finance_integration.report_for_auditors", report.ids
        )
        self.assertIn(report.file_digest, html.decode())
        self.assertIn("R-1", html.decode())
        self.assertIn(report.file_name, report.action_download()["url"])
