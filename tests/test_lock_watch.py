# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who opens a locked period leaves a trace, is seen, and has not asked for it himself (F11, C7, A1, A7)."""

import base64
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError

from .approval_common import CONTROLLER, ApprovalCommon

LOCKED = "2026-01-31"


class TestLockWatch(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_controller = cls.person("lw_controller", CONTROLLER)
        for person in (cls.ann, cls.controller, cls.other_controller):
            person.sudo().totp_secret = "JBSWY3DPEHPK3PXP"
            person.invalidate_recordset(["totp_enabled"])
        cls.company.sudo().fiscalyear_lock_date = LOCKED

    def move(self, day, user=None):
        """Move the global lock date as dialogs do it: as superuser, in the name of the person."""
        self.company.with_user(user or self.controller).sudo().fiscalyear_lock_date = day
        self.env.invalidate_all()

    def grant(self, day="2025-12-31", user=None, **facts):
        locks = self.env["account.lock_exception"].with_user(user or self.controller)
        return locks.create(
            {"fiscalyear_lock_date": day, "company_id": self.company.id, "user_id": False, **facts}
        )

    def in_a_day(self):
        return fields.Datetime.now() + timedelta(days=1)

    def entries(self, *actions):
        self.env.flush_all()
        domain = [
            ("res_model", "=", "res.company"),
            ("res_id", "=", self.company.id),
            ("action", "in", actions),
        ]
        return self.root["integration.audit.leaf"].search(domain, order="id")

    def raised(self, code="lock_opened", state="open"):
        return self.root["integration.exception"].search([("code", "=", code), ("state", "=", state)])

    def agree(self, day):
        """Let two people agree that the period of ``day`` is reopened."""
        shown = {"rows": [{"field": "date", "before": day, "after": "is reopened by hand"}]}
        request = self.ask(kind="lock_waiver", preview=shown)
        for person in (self.ann, self.other_controller):
            request.with_user(person).action_approve()
        self.assertEqual(request.state, "approved")
        return request

    def late_document(self):
        return self.root["integration.exception"]._raise_cause(
            self.partner_connection,
            "late_document",
            {"date": "2026-01-15", "booked_on": "2026-02-01"},
            cause="late",
        )

    def ask_to_reopen(self, user):
        wizard = self.env["integration.exception.step"].with_user(user)
        exception = self.late_document().with_user(user)
        return wizard.create(
            {"exception_id": exception.id, "step": "reopen", "values": {}, "reason": "Late bill"}
        ).action_ask()

    def test_each_change_of_a_lock_date_is_in_the_audit_trail(self):
        self.move("2026-02-28")
        self.move("2026-01-31")
        found = self.entries("lock.set", "lock.open")
        self.assertEqual(
            [(leaf.action, leaf.user_id, leaf.detail) for leaf in found[-2:]],
            [
                ("lock.set", self.controller, "fiscalyear_lock_date: 2026-01-31 → 2026-02-28"),
                ("lock.open", self.controller, "fiscalyear_lock_date: 2026-02-28 → 2026-01-31"),
            ],
        )
        count = len(self.entries("lock.set", "lock.open"))
        self.move("2026-01-31")
        self.assertEqual(len(self.entries("lock.set", "lock.open")), count)

    def test_an_opening_that_nobody_agreed_to_is_seen_and_closes_when_it_is_locked_again(self):
        self.move("2026-01-31")
        self.assertFalse(self.raised())
        self.move("2025-12-31")
        opened = self.raised()
        self.assertEqual((len(opened), opened.company_id, opened.severity), (1, self.company, "high"))
        self.assertIn(self.controller.name, opened.what)
        self.assertEqual(opened.waits_for, "approver")
        self.move("2026-01-15")
        self.assertEqual(self.raised(), opened)
        self.move("2026-01-31")
        self.assertFalse(self.raised())
        self.assertEqual(opened.state, "resolved")

    def test_an_agreed_opening_is_only_written_down(self):
        self.agree("2026-01-15")
        self.move("2025-12-31")
        self.assertFalse(self.raised())
        self.assertEqual(self.entries("lock.open").user_id, self.controller)

    def test_an_agreement_about_another_day_or_of_long_ago_does_not_count(self):
        request = self.agree("2025-11-15")
        self.move("2025-12-31")
        self.assertEqual(len(self.raised()), 1)
        self.move("2026-01-31")
        self.move("2025-10-31")
        self.assertFalse(self.raised())
        self.move("2026-01-31")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE integration_change_request SET decided_at = decided_at - interval '32 days' WHERE id = %s",
            [request.id],
        )
        self.move("2025-10-31")
        self.assertEqual(len(self.raised()), 1)

    def test_an_exception_without_an_end_is_seen_even_where_it_was_agreed(self):
        self.agree("2026-01-15")
        lock = self.grant()
        self.assertEqual(len(self.raised("lock_opened_endless")), 1)
        self.assertEqual(
            self.entries("lock.open").detail,
            f"exception {lock.id}, fiscalyear_lock_date: 2026-01-31 → 2025-12-31; everyone; no end",
        )
        lock.action_revoke()
        self.assertFalse(self.raised("lock_opened_endless"))
        self.assertEqual(self.entries("lock.exception_end").user_id, self.controller)

    def test_an_exception_with_an_end_needs_an_agreement_and_closes_itself_when_it_is_over(self):
        lock = self.grant(end_datetime=self.in_a_day(), user_id=self.operator.id)
        self.assertIn(f"user {self.operator.id}", self.entries("lock.open").detail)
        self.assertEqual(len(self.raised()), 1)
        self.root["integration.exception"]._settle_ended_openings()
        self.assertEqual(len(self.raised()), 1)
        lock.sudo().end_datetime = fields.Datetime.now() - timedelta(hours=1)
        self.env.invalidate_all()
        self.root["integration.exception"]._settle_ended_openings()
        self.assertFalse(self.raised())

    def test_a_company_without_connections_is_written_down_and_not_asked_about(self):
        other = self.root["res.company"].create({"name": "Without connections"})
        other.fiscalyear_lock_date = LOCKED
        other.fiscalyear_lock_date = False
        self.assertFalse(self.raised())
        found = self.root["integration.audit.leaf"].search(
            [("res_model", "=", "res.company"), ("res_id", "=", other.id), ("action", "like", "lock.")],
            order="id",
        )
        self.assertEqual(found.mapped("action"), ["lock.set", "lock.open"])

    def test_who_asked_to_reopen_opens_nothing(self):
        self.company.sudo().integration_segregation = "strict"
        self.ask_to_reopen(self.operator)
        self.assertEqual(self.entries("late_posting.ask").user_id, self.operator)
        with self.assertRaisesRegex(UserError, "second person"), self.env.cr.savepoint():
            self.move("2025-12-31", self.operator)
        self.env.invalidate_all()
        self.assertEqual(self.company.fiscalyear_lock_date, fields.Date.to_date(LOCKED))
        locks = self.env["account.lock_exception"].with_user(self.operator).sudo()
        with self.assertRaisesRegex(UserError, "second person"), self.env.cr.savepoint():
            locks.create(
                {"fiscalyear_lock_date": "2025-12-31", "company_id": self.company.id, "user_id": False}
            )
        domain = [("company_id", "=", self.company.id)]
        self.assertFalse(self.root["account.lock_exception"].search_count(domain))
        self.move("2026-02-28", self.operator)
        self.assertEqual(self.company.fiscalyear_lock_date, fields.Date.to_date("2026-02-28"))

    def test_who_set_the_lock_date_does_not_ask_to_reopen(self):
        self.company.sudo().integration_segregation = "strict"
        self.move("2026-02-28", self.operator)
        with self.assertRaisesRegex(UserError, "second person"), self.env.cr.savepoint():
            self.ask_to_reopen(self.operator)
        self.assertFalse(self.root["integration.change.request"].search_count([("kind", "=", "lock_waiver")]))

    def test_where_duties_are_only_reported_it_goes_on_and_the_report_names_it(self):
        self.company.sudo().integration_segregation = "reported"
        self.move("2026-02-28", self.operator)
        self.ask_to_reopen(self.operator)
        self.move("2025-12-31", self.operator)
        found = self.entries("late_posting.ask", "lock.set", "lock.open")[-3:]
        self.assertEqual(found.mapped("action"), ["lock.set", "late_posting.ask", "lock.open"])
        self.assertEqual(found.user_id, self.operator)
        today = fields.Date.context_today(self.auditor)
        wizard = (
            self.env["integration.report.make"]
            .with_user(self.auditor)
            .create({"code": "duties", "date_from": today, "date_to": today, "company_id": self.company.id})
        )
        report = self.env["integration.report"].browse(wizard.action_make()["res_id"])
        content = base64.b64decode(report.sudo().with_context(bin_size=False).file).decode("utf-8-sig")
        both = [row for row in content.splitlines() if row.startswith("Did both on one record,ap_operator")]
        self.assertEqual(len(both), 2)
        self.assertIn("Lock date set", both[0])
        self.assertIn("Asked to reopen a period", both[0])
        self.assertIn("Asked to reopen a period", both[1])
        self.assertIn("Locked period opened", both[1])
