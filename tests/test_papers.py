# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A paper is a PDF where one can be made, else a page that is ready to print; never an empty download (A7, R2, R17)."""

import json
from datetime import date

from odoo import http
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from .test_payouts import PayoutCommon
from .test_reports import ReportCommon

NOTE = "This page is the paper."
NO_PROGRAM = "This server has no program that makes PDF files"


class PaperCommon(PayoutCommon, ReportCommon):
    def pdf_program(self, state):
        """Let Odoo find the program that makes PDF files in this state."""
        self.patch(type(self.env["ir.actions.report"]), "get_wkhtmltopdf_state", lambda _self: state)

    def pages(self):
        """Return (record, name of its paper, what must stand on it) for each paper."""
        self.stripe_connection.fetch_from = date(2026, 3, 2)
        payout = self.pay_out()
        self.clock.advance(days=1)
        self.pull_stripe("balances")
        statement = self.env["integration.processor.statement"].search(
            [("connection_id", "=", self.stripe_connection.id)], order="date desc", limit=1
        )
        report = self.make("payouts")
        return [
            (payout, "report_payout", payout.payout_id),
            (statement, "report_processor_statement", "Open at the end of the day"),
            (report, "report_for_auditors", report.file_digest),
        ]


class TestPapers(PaperCommon):
    def test_with_the_program_the_button_asks_for_a_pdf(self):
        pages = self.pages()
        for state in ("ok", "upgrade"):
            self.pdf_program(state)
            for record, name, _text in pages:
                action = record.action_print()
                self.assertEqual(
                    (action["type"], action["report_type"], action["report_name"]),
                    ("ir.actions.report", "qweb-pdf", f"finance_integration.{name}"),
                )
                self.assertEqual(action["context"]["active_ids"], record.ids)

    def test_without_it_the_button_opens_the_page(self):
        pages = self.pages()
        for state in ("install", "broken", "workers"):
            self.pdf_program(state)
            for record, name, _text in pages:
                self.assertEqual(
                    record.action_print(),
                    {
                        "type": "ir.actions.act_url",
                        "url": f"/report/html/finance_integration.{name}/{record.id}",
                        "target": "new",
                    },
                )

    def test_the_page_says_how_it_comes_on_paper_and_the_pdf_does_not(self):
        self.pdf_program("install")
        reports = self.env["ir.actions.report"]
        for record, name, text in self.pages():
            page = reports._render_qweb_html(f"finance_integration.{name}", record.ids)[0].decode()
            for shown in (NOTE, NO_PROGRAM, "@media print", text):
                self.assertIn(shown, page, name)
            printed = reports._render_qweb_html(
                f"finance_integration.{name}", record.ids, data={"report_type": "pdf"}
            )[0].decode()
            self.assertNotIn(NOTE, printed)
            self.assertIn(text, printed)
        self.pdf_program("ok")
        page = reports._render_qweb_html("finance_integration.report_for_auditors", record.ids)[0].decode()
        self.assertIn("size: A4 landscape", page)
        self.assertNotIn(NO_PROGRAM, page)

    def test_who_may_not_read_gets_no_paper(self):
        payout = self.pay_out()
        stranger = new_test_user(self.env, "paper-stranger", groups="base.group_user")
        with self.assertRaises(AccessError):
            payout.with_user(stranger).action_print()


@tagged("post_install", "-at_install")
class TestPapersOverTheWire(PaperCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.auditor.write({"password": "reports-auditor"})
        self.authenticate("reports-auditor", "reports-auditor")

    def download(self, url):
        data = {"data": json.dumps([url, "qweb-pdf"]), "csrf_token": http.Request.csrf_token(self)}
        return self.url_open("/report/download", data=data)

    def test_each_way_to_a_pdf_gives_the_page(self):
        self.pdf_program("install")
        for record, name, text in self.pages():
            url = f"/report/pdf/finance_integration.{name}/{record.id}"
            for answer in (self.url_open(url), self.download(url)):
                self.assertEqual(answer.status_code, 200)
                self.assertTrue(answer.headers["Content-Type"].startswith("text/html"), name)
                self.assertIn(text, answer.text)
                self.assertIn(NO_PROGRAM, answer.text)
            self.assertIn(".html", answer.headers["Content-Disposition"])
            self.assertNotIn(".pdf", answer.headers["Content-Disposition"])

    def test_papers_of_others_are_left_alone(self):
        self.pdf_program("install")
        self.assertFalse(self.env["ir.actions.report"]._integration_no_pdf("account.report_invoice"))
