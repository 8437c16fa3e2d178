# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The monthly report on segregation of duties: held together, done together, accepted with a reason (C7, A6)."""

import base64
import csv
import io
from datetime import date, timedelta
from unittest.mock import patch

import psycopg2
from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..models.control import audit_leaf
from ..models.control.audit_leaf import LINKED_FROM, CarriedOut
from ..models.reports.monthly_duties import ACTIVITY
from .access_common import AccessCommon

HUB = "finance_integration"


class DutiesCommon(AccessCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.auditor, cls.approver = cls.people["auditor"], cls.people["approver"]
        cls.administrator = cls.people["administrator"]
        # Without real books behind it this pair is shown, not refused.
        cls.both = new_test_user(
            cls.env,
            "duties_both",
            groups=f"{HUB}.group_administrator,{HUB}.group_operator",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.today = fields.Date.context_today(cls.auditor)

    def make(self, first=None, last=None, user=None):
        values = {
            "code": "duties",
            "date_from": first or self.today.replace(day=1),
            "date_to": last or self.today.replace(day=1) + relativedelta(months=1, days=-1),
            "company_id": self.company.id,
        }
        wizard = self.env["integration.report.make"].with_user(user or self.auditor).create(values)
        return self.env["integration.report"].browse(wizard.action_make()["res_id"])

    def lines(self, report):
        content = base64.b64decode(report.sudo().with_context(bin_size=False).file).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(content)))
        start = rows.index([])
        return [dict(zip(rows[start + 1], row, strict=True)) for row in rows[start + 2 :]]

    def of(self, report, login, what):
        return [row for row in self.lines(report) if (row["Login"], row["What"]) == (login, what)]

    def act(self, user, action, record=None, **context):
        self.env["integration.audit.leaf"].with_user(user).sudo().with_context(**context)._append(
            [
                {
                    "action": action,
                    "company_id": self.company.id,
                    "user_id": user.id,
                    "res_model": record and record._name,
                    "res_id": record and record.id,
                }
            ]
        )

    def accept(self, until=None, by=None):
        row = self.env["integration.duty.exception"].with_user(self.administrator)
        row = row.create(
            {
                "company_id": self.company.id,
                "user_id": self.both.id,
                "conflict": "administer_operate",
                "reason": "Two people in the office",
                "valid_from": self.today.replace(day=1) - timedelta(days=60),
                "valid_until": until or self.today + timedelta(days=90),
            }
        )
        row.action_ask()
        row.request_id.with_user(by or self.approver).action_approve()
        self.env.invalidate_all()
        return row


class TestDutiesReport(DutiesCommon):
    def test_who_holds_both_is_listed_with_what_could_be_done(self):
        report = self.make()
        [row] = self.of(report, "duties_both", "Holds both")
        self.assertEqual(
            (row["May"], row["And may"], row["Accepted"], row["How strict"]),
            (
                "set up connections and their secrets",
                "resolve exceptions and apply money",
                "no",
                "Refused with real books",
            ),
        )
        self.assertIn("could change where events come from", row["Together"])
        for login in ("role_auditor", "role_operator", "role_approver"):
            self.assertFalse(self.of(report, login, "Holds both"), login)
        self.assertTrue(report.genuine)
        self.assertEqual(report.leaf_id.subject_digest, report.file_digest)

    def test_who_did_both_in_the_period_is_listed_once_with_both_acts(self):
        self.act(self.both, "connection.change", self.partner_connection)
        self.act(self.both, "exception.write_off")
        self.act(self.both, "exception.apply")
        self.act(self.people["operator"], "exception.apply")
        report = self.make()
        [row] = self.of(report, "duties_both", "Did both in the period")
        self.assertEqual(row["On"], f"integration.connection,{self.partner_connection.id}")
        self.assertTrue(row["First done at"] and row["Then done at"])
        self.assertFalse(self.of(report, "role_operator", "Did both in the period"))
        last_year = self.make(date(2020, 1, 1), date(2020, 1, 31))
        self.assertFalse(self.of(last_year, "duties_both", "Did both in the period"))

    def test_what_is_written_while_something_approved_is_carried_out_is_no_act_of_the_approver(self):
        request = self.accept().request_id
        self.act(
            self.approver,
            "role_account.change",
            self.partner_connection,
            integration_carried_out=CarriedOut(request.id),
        )
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "role_account.change")], limit=1)
        self.assertEqual((leaf.request_id, leaf.genuine), (request, True))
        self.assertFalse(self.of(self.make(), "role_approver", "Did both in the period"))

    def test_carrying_out_a_request_its_entries_name_it(self):
        setting = self.env["integration.workbench.setting"].with_user(self.administrator)
        setting = setting.create({"company_id": self.company.id})
        requests = self.env["integration.change.request"].with_user(self.administrator)
        request = requests._ask(setting, "Other limits", {"difference_amount": 2.0}, "Bank charges")
        request.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertEqual(setting.difference_amount, 2.0)
        Leaf = self.env["integration.audit.leaf"]
        leaves = Leaf.search([("request_id", "=", request.id)])
        self.assertEqual(
            {(leaf.action, leaf.res_model, leaf.res_id, leaf.user_id) for leaf in leaves},
            {
                (action, setting._name, setting.id, self.approver)
                for action in ("limit.change", "workbench_setting.change")
            },
        )
        self.assertEqual([leaf._is_genuine() for leaf in leaves], [True, True])
        about = Leaf.search([("res_model", "=", request._name), ("res_id", "=", request.id)])
        self.assertEqual(set(about.mapped("action")), {"change.ask", "change.approve"})
        self.assertEqual(about.request_id.ids, [], "asking and deciding are own acts")
        # The link is part of what is sealed: without it the digest is another one.
        others = tuple(name for name in audit_leaf.LEAF_FIELDS if name != "request_id")
        with patch.object(audit_leaf, "LEAF_FIELDS", others):
            self.assertEqual([leaf._is_genuine() for leaf in leaves], [False, False])

    def test_an_own_act_right_after_an_approval_is_the_approvers_own(self):
        request = self.accept().request_id
        # Neither a second after it, nor with a context as a call from outside could bring it.
        for told in (
            {},
            {"integration_carried_out": request.id},
            {"integration_carried_out": {"request_id": 1}},
        ):
            self.act(self.approver, "role_account.change", self.partner_connection, **told)
        leaves = self.env["integration.audit.leaf"].search([("action", "=", "role_account.change")], limit=3)
        self.assertEqual(leaves.mapped("request_id").ids, [])
        [row] = self.of(self.make(), "role_approver", "Did both in the period")
        self.assertIn(f"integration.connection,{self.partner_connection.id}", (row["On"], row["On (then)"]))

    def test_a_request_that_somebody_else_approved_covers_nothing(self):
        request = self.accept().request_id
        self.act(self.both, "change.approve", request)
        other = self.env["integration.change.request"].search([("id", "!=", request.id)], limit=1)
        self.act(
            self.both,
            "role_account.change",
            self.partner_connection,
            integration_carried_out=CarriedOut(other.id or request.id + 1),
        )
        self.assertTrue(self.of(self.make(), "duties_both", "Did both in the period"))

    def test_entries_of_a_version_before_count_as_they_did(self):
        request = self.accept().request_id
        self.act(self.approver, "role_account.change", self.partner_connection)
        last = self.env["integration.audit.leaf"].search([], limit=1)
        self.env["ir.config_parameter"].sudo().set_param(LINKED_FROM, str(last.id + 1))
        self.assertFalse(self.of(self.make(), "role_approver", "Did both in the period"))
        self.env["ir.config_parameter"].sudo().set_param(LINKED_FROM, str(last.id))
        self.assertTrue(self.of(self.make(), "role_approver", "Did both in the period"))
        self.assertEqual(request.approver_id, self.approver)

    def test_both_acts_on_one_record_are_found(self):
        self.act(self.approver, "replay.plan", self.partner_connection)
        self.act(self.approver, "replay.approve", self.partner_connection)
        [row] = self.of(self.make(), "role_approver", "Did both on one record")
        self.assertEqual(row["On"], row["On (then)"])

    def test_what_is_accepted_stands_there_with_its_reason(self):
        self.accept()
        [row] = self.of(self.make(), "duties_both", "Holds both")
        self.assertEqual(
            (row["Accepted"], row["Why it is accepted"], row["Accepted by"]),
            ("yes", "Two people in the office", "role_approver"),
        )

    def test_what_was_accepted_until_yesterday_is_accepted_no_more(self):
        self.accept(until=self.today - timedelta(days=1))
        [row] = self.of(self.make(), "duties_both", "Holds both")
        self.assertEqual(row["Accepted"], "no")

    def test_another_company_is_not_in_it(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "duties_elsewhere",
            groups=f"{HUB}.group_administrator,{HUB}.group_operator",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        self.assertFalse(self.of(self.make(), stranger.login, "Holds both"))

    def test_only_auditors_make_it(self):
        with self.assertRaises(AccessError):
            self.make(user=self.people["nobody"])


class TestMonthlyDuties(DutiesCommon):
    def monthly(self):
        return self.env["integration.report"].search(
            [("code", "=", "duties"), ("company_id", "=", self.company.id), ("user_id", "=", self.root.uid)]
        )

    def test_it_is_made_once_per_finished_month_and_the_auditors_get_a_task(self):
        Reports = self.root["integration.report"]
        self.assertGreaterEqual(Reports._cron_duties(), 1)
        report = self.monthly()
        first = self.today.replace(day=1) - relativedelta(months=1)
        self.assertEqual(
            (report.date_from, report.date_to), (first, first + relativedelta(months=1, days=-1))
        )
        self.assertTrue(report.genuine)
        told = self.env["mail.activity"].search(
            [("res_model", "=", "integration.report"), ("res_id", "=", report.id)]
        )
        self.assertIn(self.auditor, told.user_id)
        for role in ("operator", "approver", "administrator", "nobody"):
            self.assertNotIn(self.people[role], told.user_id, role)
        self.assertEqual(told.activity_type_id, self.env.ref(ACTIVITY))
        before = len(told)
        Reports._cron_duties()
        self.assertEqual(self.monthly(), report)
        self.assertEqual(len(report.sudo().activity_ids), before)
        mine = told.filtered(lambda row: row.user_id == self.auditor).with_user(self.auditor)
        mine.action_feedback("Read")
        self.assertEqual(len(report.sudo().activity_ids), before - 1)

    def test_the_job_works_where_a_connection_works(self):
        self.assertTrue(self.env.ref("finance_integration.cron_duties_report").active)

    def test_it_stays_as_it_was_made(self):
        self.root["integration.report"]._cron_duties()
        report = self.monthly()
        with self.assertRaises(UserError):
            report.with_user(self.auditor).write({"row_count": 0})
        with self.assertRaises(UserError):
            report.sudo().unlink()


class TestAcceptedConflicts(DutiesCommon):
    def test_the_person_concerned_never_accepts(self):
        self.both.sudo().group_ids |= self.env.ref("account.group_account_manager")
        row = self.accept_draft()
        with self.assertRaises(UserError):
            row.request_id.with_user(self.both).action_approve()
        with self.assertRaises(UserError):
            row.request_id.with_user(self.administrator).action_approve()
        self.assertEqual(row.state, "asked")
        self.env.flush_all()
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "UPDATE integration_duty_exception SET accepted_by_id = user_id WHERE id = %s", [row.id]
            )

    def accept_draft(self):
        row = self.env["integration.duty.exception"].with_user(self.administrator)
        row = row.create(
            {
                "company_id": self.company.id,
                "user_id": self.both.id,
                "conflict": "administer_operate",
                "reason": "Two people in the office",
                "valid_until": self.today + timedelta(days=90),
            }
        )
        row.action_ask()
        return row

    def test_accepted_it_is_not_changed_and_ends_at_once(self):
        row = self.accept()
        self.assertEqual((row.state, row.accepted_by_id), ("accepted", self.approver))
        with self.assertRaises(UserError):
            row.with_user(self.administrator).valid_until = self.today + timedelta(days=200)
        with self.assertRaises(UserError):
            row.with_user(self.administrator).write({"state": "draft"})
        with self.assertRaises(UserError):
            row.with_user(self.administrator).unlink()
        row.with_user(self.administrator).action_end()
        self.assertEqual(row.state, "ended")
        [line] = self.of(self.make(), "duties_both", "Holds both")
        self.assertEqual(line["Accepted"], "no")

    def test_refused_it_is_a_draft_again(self):
        row = self.accept_draft()
        row.request_id.with_user(self.approver).action_refuse("Split the duties")
        self.env.invalidate_all()
        self.assertEqual((row.state, row.accepted_by_id.ids), ("draft", []))

    def test_not_longer_than_a_year(self):
        row = self.accept_draft()
        self.env.flush_all()
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "UPDATE integration_duty_exception SET valid_until = valid_from + 400 WHERE id = %s", [row.id]
            )
