# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Gaps and doubles in the numbers of an issuer: found, explained, and gone when the document arrives (M6, F8)."""

from datetime import date, timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from ..simulators.partner.documents import Line, invoice
from .common import BEN
from .master_common import GROUP, MasterCommon


class TestLegalNumbers(MasterCommon):
    def check(self, as_of=date(2026, 3, 31), date_from=date(2026, 1, 1)):
        self.root["integration.legal.series"]._check(
            self.partner_connection.with_env(self.root), date_from, as_of
        )
        self.env.invalidate_all()
        return self.env["integration.legal.series"].search([("company_id", "=", self.company.id)])

    def gaps(self, state="open"):
        return self.env["integration.legal.gap"].search(
            [("company_id", "=", self.company.id), ("state", "=", state)], order="id"
        )

    def age(self):
        """Let what was noticed be noticed two days earlier."""
        self.gaps().sudo().write({"found_at": fields.Datetime.now() - timedelta(days=2)})

    def test_missing_numbers_are_listed_by_series_and_as_of_a_day(self):
        for number in ("RE-2026-0001", "RE-2026-0004", "GS-2026-0001"):
            self.issue(number)
        self.clock.advance(days=20)
        self.issue("RE-2026-0007")
        series = self.check(as_of=date(2026, 3, 10))
        self.assertEqual(series.mapped("name"), ["GS-2026-#", "RE-2026-#"])
        row = series[1]
        self.assertEqual(
            (row.number_count, row.missing_count, row.as_of, row.first_text, row.last_text),
            (2, 2, date(2026, 3, 10), "RE-2026-1", "RE-2026-4"),
        )
        self.assertEqual(self.gaps().text, "RE-2026-2 … RE-2026-3")
        row = self.check()[1]
        self.assertEqual((row.number_count, row.missing_count), (3, 4))
        self.assertEqual(self.gaps().mapped("count"), [2, 2])
        gaps = self.env["integration.legal.gap"].search(row.action_open_gaps()["domain"])
        self.assertEqual(gaps, self.gaps().sorted("id", reverse=True))

    def test_odoos_own_invoices_are_none_of_the_issuers(self):
        self.issue("RE-1")
        other = self.init_invoice("out_invoice", amounts=[10], post=True)
        other.ref = "RE-3"
        self.assertFalse(self.check().missing_count)

    def test_a_gap_is_told_after_a_day_and_closes_when_the_document_arrives(self):
        for number in ("RE-1", "RE-3"):
            self.issue(number)
        self.check()
        self.assertFalse(self.exceptions("legal_number_missing"))
        self.age()
        self.check()
        exception = self.exceptions("legal_number_missing")
        self.assertEqual((len(exception), exception.fix), (1, "legal_numbers"))
        self.assertIn("RE-2", exception.what)
        shown = self.env["integration.legal.gap"].search(exception.action_open_legal_numbers()["domain"])
        self.assertEqual(shown, self.gaps())
        with self.assertRaises(UserError):
            exception.action_mark_resolved()
        self.issue("RE-2", party=BEN)
        self.check()
        self.assertFalse(self.gaps())
        self.assertEqual(self.gaps("arrived").text, "RE-2")
        self.assertEqual(exception.state, "resolved")

    def test_what_was_explained_stays_explained_also_in_part(self):
        for number in ("RE-1", "RE-5"):
            self.issue(number)
        self.check()
        gap = self.gaps().with_user(self.operator)
        with self.assertRaises(UserError):
            gap.action_explain()
        gap.reason = "Cancelled before they were sent"
        gap.action_explain()
        self.assertEqual((gap.state, gap.explained_by_id), ("explained", self.operator))
        with self.assertRaises(UserError):
            gap.reason = "Something else"
        self.age()
        self.check()
        self.assertFalse(self.exceptions("legal_number_missing"))
        self.issue("RE-3")
        self.check()
        self.assertFalse(self.gaps())
        self.assertEqual(self.gaps("explained").mapped("text"), ["RE-2", "RE-4"])
        self.assertEqual(set(self.gaps("explained").mapped("reason")), {"Cancelled before they were sent"})

    def test_a_document_that_has_stopped_is_not_lost(self):
        for number in ("RE-1", "RE-3"):
            self.issue(number)
        self.stop("RE-2")
        self.check()
        self.assertTrue(self.gaps().is_received)

    def stop(self, number):
        """Bring in an invoice that waits for its tax mapping."""
        document = invoice(
            number, BEN, [Line("Advice", Decimal(1), Decimal(100))], self.clock.now, due_date=date(2026, 4, 1)
        )
        document["lines"][0]["tax_codes"], document["lines"][0]["taxes"][0]["code"] = ["ODD"], "ODD"
        message = self.send_partner("invoice.issued", document)
        self.assertEqual(message.status, "parked")

    def test_the_same_number_twice_is_found_whoever_wrote_it(self):
        for number in ("RE-7", "RE-8"):
            self.issue(number)
        moves = self.env["account.move"].search([("ref", "in", ("RE-7", "RE-8"))], order="id")
        self.check()
        self.assertFalse(self.gaps())
        moves[1].ref = "RE-007"
        self.check()
        self.assertEqual(set(self.gaps().mapped("text")), {"RE-7", "RE-007"})
        self.assertEqual(len(self.exceptions("legal_number_missing")), 1)
        moves[1].ref = "RE-8"
        self.check()
        self.assertFalse(self.gaps())

    def test_the_dialog_and_the_daily_check(self):
        for number in ("RE-1", "RE-3"):
            self.issue(number)
        check = (
            self.env["integration.legal.check"]
            .with_user(self.operator)
            .create(
                {
                    "connection_id": self.partner_connection.id,
                    "date_from": date(2026, 3, 1),
                    "as_of": date(2026, 3, 31),
                }
            )
        )
        action = check.action_check()
        series = self.env["integration.legal.series"].search(action["domain"])
        self.assertEqual(series.missing_count, 1)
        series.with_user(self.operator).action_check()
        check.date_from = date(2026, 4, 1)
        with self.assertRaises(UserError):
            check.action_check()
        self.root["integration.legal.series"]._cron_check()
        self.assertEqual(len(self.gaps()), 1)

    def test_who_may_explain(self):
        for number in ("RE-1", "RE-3"):
            self.issue(number)
        self.check()
        facts = {"company_id": self.company.id, "company_ids": [(6, 0, self.company.ids)]}
        auditor = new_test_user(self.env, "l_auditor", groups=GROUP % "auditor", **facts)
        gap = self.gaps()
        with self.assertRaises(AccessError):
            gap.with_user(auditor).reason = "Mine"
        with self.assertRaises(AccessError):
            gap.with_user(auditor).action_explain()
        with self.assertRaises(UserError):
            gap.series_id.with_user(auditor).action_check()
        with self.assertRaises(UserError):
            gap.with_user(self.operator).write({"state": "explained"})
        other = self.setup_other_company()["company"]
        foreigner = new_test_user(
            self.env,
            "l_foreigner",
            groups=GROUP % "operator",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        self.assertFalse(self.env["integration.legal.gap"].with_user(foreigner).search([]))
        self.assertFalse(self.env["integration.legal.series"].with_user(foreigner).search([]))
