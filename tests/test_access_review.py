# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The access review: what it lists, who decides and signs it, and that it is never changed afterwards (A6)."""

import base64
import csv
import io
from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from ..engine.access import OPERATOR
from .access_common import AccessCommon

REVIEW = "integration.access.review"


class TestAccessReview(AccessCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.approver = cls.people["approver"]
        # The user of the other tests holds everything at once: it is no subject of these.
        cls.today = fields.Date.context_today(cls.env[REVIEW])

    def review(self, by="auditor"):
        return self.env[REVIEW].with_user(self.people[by]).create({"company_id": self.company.id})

    def drawn(self, by="auditor"):
        review = self.review(by)
        review.action_prepare()
        return review

    def line(self, review, user):
        return review.line_ids.filtered(lambda line: line.user_id == user)

    def decide_all(self, review, *deciders):
        for line in review.line_ids:
            decider = next(user for user in deciders if user != line.user_id)
            decided = line.with_user(decider)
            decided.remark = "Known and needed"
            decided.action_keep()

    # -- what it lists -----------------------------------------------------------------------------------------

    def test_it_lists_everybody_with_a_right_and_nobody_else(self):
        review = self.drawn()
        users = review.line_ids.user_id
        for role in ("auditor", "operator", "approver", "administrator", "reader", "service"):
            self.assertIn(self.people[role], users, role)
        for role in ("nobody", "accountant", "portal"):
            self.assertNotIn(self.people[role], users, role)
        self.assertEqual(review.prepared_by_id, self.people["auditor"])
        self.assertEqual(review.person_count + review.service_count, len(review.line_ids))

    def test_a_line_says_since_when_by_whom_and_what_is_unusual(self):
        nobody = self.people["nobody"]
        nobody.sudo().write({"group_ids": [Command.link(self.env.ref(OPERATOR).id)]})
        line = self.line(self.drawn(), nobody)
        self.assertIn("Operator", line.rights)
        self.assertIn(self.env.user.name, line.rights)
        self.assertEqual(line.granted_by, self.env.user.name)
        self.assertTrue(line.since)
        self.assertEqual((line.kind, line.conflicts, line.lacks_factor), ("person", False, False))
        self.assertIn("never signed in", line.findings)
        approver = self.line(self.drawn(), self.approver)
        self.assertTrue(approver.lacks_factor)
        self.assertIn("second factor", approver.findings)
        self.give_second_factor(self.approver)
        self.assertFalse(self.line(self.drawn(), self.approver).lacks_factor)

    def test_conflicts_and_powerful_people_are_shown(self):
        user = self.people["administrator"]
        user.sudo().write(
            {
                "group_ids": [
                    Command.link(self.env.ref(name).id)
                    for name in (OPERATOR, "base.group_system", "account.group_validate_bank_account")
                ]
            }
        )
        review = self.drawn()
        line = self.line(review, user)
        self.assertIn("resolve exceptions", line.conflicts)
        self.assertEqual((line.kind, line.manages_users, line.trusts_banks), ("settings", True, True))
        self.assertGreaterEqual(review.conflict_count, 1)
        self.assertGreaterEqual(review.bank_count, 1)

    def test_service_users_with_what_they_posted_and_who_tried_to_be_them(self):
        self.issue("P-1")
        self.stripe.charge(5000, "usd")
        self.send_stripe()
        service = self.stripe_connection.service_user_id
        service.sudo()._integration_note_refused()
        service.sudo()._integration_note_refused()
        review = self.drawn()
        line = self.line(review, service)
        posted = self.root["account.move"].search_count(
            [("create_uid", "=", service.id), ("state", "=", "posted"), ("company_id", "=", self.company.id)]
        )
        self.assertGreater(posted, 0)
        self.assertEqual((line.kind, line.entry_count, line.refused_sign_ins), ("service", posted, 1))
        self.assertIn(self.stripe_connection.balance_account_ids.journal_id.name, line.entries)
        self.assertIn("tried to sign in", line.findings)
        other = self.line(review, self.partner_connection.service_user_id)
        self.assertEqual((other.entry_count, other.refused_sign_ins), (1, 0))

    def test_a_service_user_follows_the_time_zone_of_its_connection_and_no_other(self):
        service = self.stripe_connection.service_user_id.sudo()
        with self.assertRaises(ValidationError):
            service.tz = "Asia/Tokyo"
        self.stripe_connection.time_zone = "Europe/Paris"
        self.assertEqual(service.tz, "Europe/Paris")
        service.partner_id.tz = "Asia/Tokyo"  # past the user
        self.assertIn("time zone", self.line(self.drawn(), service).findings)

    # -- deciding and signing ----------------------------------------------------------------------------------

    def test_another_person_decides_and_signs_and_then_nothing_changes(self):
        second = self.second_approver()
        review = self.drawn()
        with self.assert_refused("not decided yet"):
            review.with_user(self.approver).action_sign()
        self.decide_all(review, self.approver, second)
        review.with_user(self.approver).action_sign()
        self.assertEqual((review.state, review.signed_by_id), ("signed", self.approver))
        self.people["operator"].sudo().name = "Married since"  # no reason to doubt the signature
        self.assertTrue(review.is_unchanged)
        self.assertEqual(review.open_count, 0)
        for attempt in (
            lambda: review.with_user(self.approver).write({"note": "later"}),
            lambda: review.with_user(self.approver).action_prepare(),
            lambda: review.with_user(self.people["auditor"]).unlink(),
            lambda: review.line_ids[:1].with_user(second).write({"remark": "later"}),
            lambda: review.line_ids[:1].with_user(second).action_keep(),
            lambda: review.with_user(second).action_sign(),
        ):
            with self.assert_refused("signed"):
                attempt()
        # Who writes past the hub is found out.
        self.env.cr.execute(
            "UPDATE integration_access_review_line SET remark = 'forged' WHERE review_id = %s", [review.id]
        )
        self.env.invalidate_all()
        self.assertFalse(review.is_unchanged)
        leaves = self.env["integration.audit.leaf"].search([("res_model", "=", REVIEW)], order="id")
        self.assertEqual(leaves.mapped("action"), ["access_review.change", "access.prepare", "access.sign"])

    def test_who_drew_it_up_does_not_sign_it(self):
        review = self.drawn("approver")
        self.decide_all(review, self.approver, self.second_approver())
        with self.assert_refused("own list"):
            review.with_user(self.approver).action_sign()
        with (
            self.assertRaises(psycopg2.IntegrityError),
            self.env.cr.savepoint(),
            mute_logger("odoo.sql_db"),
        ):
            self.env.cr.execute(
                "UPDATE integration_access_review SET signed_by_id = prepared_by_id WHERE id = %s",
                [review.id],
            )

    def test_nobody_decides_about_own_rights_while_somebody_else_may(self):
        second = self.second_approver()
        review = self.drawn()
        own = self.line(review, self.approver).with_user(self.approver)
        own.remark = "I need it"
        with self.assertRaises(UserError) as caught:
            own.action_keep()
        self.assertIn(second.name, str(caught.exception))
        second.sudo().active = False
        own.action_keep()
        self.assertTrue(own.is_own_decision)

    def test_keeping_the_rest_leaves_what_needs_a_look(self):
        self.env.cr.execute(
            "INSERT INTO res_users_log (create_uid, create_date) VALUES (%s, now() AT TIME ZONE 'UTC')",
            [self.people["reader"].id],
        )
        self.env.invalidate_all()
        review = self.drawn()
        review.with_user(self.approver).action_keep_rest()
        self.assertEqual(self.line(review, self.people["reader"]).decision, "keep")
        left = review.line_ids.filtered(lambda line: not line.decision)
        self.assertTrue(left)
        self.assertTrue(all(line.findings for line in left))
        with self.assertRaises(UserError):
            review.with_user(self.approver).action_keep_rest()
        with self.assertRaises(UserError):  # what is unusual takes a remark
            left[:1].with_user(self.second_approver()).action_keep()

    def test_taking_away_is_a_task_for_whoever_manages_users(self):
        companies = {"company_id": self.company.id, "company_ids": [(6, 0, self.company.ids)]}
        groups = "base.group_erp_manager,finance_integration.group_auditor"
        manager = new_test_user(self.env, "users_manager", groups=groups, **companies)
        review = self.drawn()
        line = self.line(review, self.people["operator"]).with_user(self.approver)
        with self.assertRaises(UserError):
            line.action_withdraw()
        line.remark = "Left the team"
        line.action_withdraw()
        self.assertEqual(line.decision, "withdraw")
        self.assertTrue(self.people["operator"].has_group(OPERATOR))  # reviewing is not giving rights
        activity = review.sudo().activity_ids
        self.assertEqual(len(activity), 1)
        self.assertIn(self.people["operator"].name, activity.summary)
        self.assertIn(manager, review._holders(("base.group_erp_manager",)))
        self.assertTrue(activity.user_id.has_group("base.group_erp_manager"))

    def test_signing_asks_for_a_second_factor_with_real_books(self):
        review = self.drawn()
        self.decide_all(review, self.approver, self.second_approver())
        self.in_production()
        with self.assert_refused("second factor"):
            review.with_user(self.approver).action_sign()
        self.give_second_factor(self.approver)
        review.with_user(self.approver).action_sign()

    def test_lines_cannot_be_forged(self):
        review = self.drawn()
        line = review.line_ids[:1]
        for user in (self.approver, self.people["auditor"], self.people["administrator"]):
            for values in (
                {"decision": "keep"},
                {"findings": False},
                {"conflicts": False},
                {"has_factor": True},
            ):
                with self.assert_refused(str(values)):
                    line.with_user(user).write(values)
            with self.assertRaises(AccessError):
                line.with_user(user).unlink()

    def test_the_form_draws_up_a_review(self):
        with Form(self.env[REVIEW].with_user(self.people["auditor"])) as form:
            form.date_from = self.today.replace(day=1)
            form.date_to = self.today
        review = form.record
        review.action_prepare()
        self.assertEqual(review.state, "prepared")
        with self.assertRaises(UserError):
            review.date_to = self.today + timedelta(days=1)
        action = review.action_open_lines()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]), review.line_ids)
        opened = self.line(review, self.people["operator"]).with_user(self.people["auditor"])
        self.assertEqual(opened.action_open_user()["res_id"], self.people["operator"].id)

    # -- export and reminder -----------------------------------------------------------------------------------

    def test_the_export_holds_every_line_and_no_formula(self):
        self.people["operator"].sudo().name = '=HYPERLINK("http://evil.example")'
        review = self.drawn()
        action = review.action_export()
        attachment = self.env["ir.attachment"].browse(int(action["url"].split("/")[3].split("?")[0]))
        rows = list(csv.reader(io.StringIO(base64.b64decode(attachment.sudo().datas).decode("utf-8-sig"))))
        self.assertEqual(len(rows), len(review.line_ids) + 1)
        cells = [cell for row in rows for cell in row]
        self.assertIn('\'=HYPERLINK("http://evil.example")', cells)
        self.assertFalse([cell for cell in cells if cell.startswith(("=", "+", "@"))])

    def test_somebody_is_reminded_once_when_none_was_signed_in_time(self):
        cron = self.root[REVIEW]
        self.company.sudo().integration_reviewer_id = self.approver
        mine = [("company_id", "=", self.company.id)]
        cron._cron_remind()
        review = cron.search(mine)
        self.assertEqual((len(review), review.state), (1, "prepared"))
        self.assertEqual(review.activity_ids.user_id, self.approver)
        cron._cron_remind()
        self.assertEqual((cron.search_count(mine), len(review.activity_ids)), (1, 1))
        self.decide_all(review, self.approver, self.second_approver())
        review.with_user(self.approver).action_sign()
        self.assertFalse(review.sudo().activity_ids)
        cron._cron_remind()
        self.assertEqual(cron.search_count(mine), 1)
        self.env.cr.execute(
            "UPDATE integration_access_review SET signed_at = signed_at - interval '40 days' WHERE id = %s",
            [review.id],
        )
        self.env.invalidate_all()
        self.company.sudo().integration_review_days = 0
        cron._cron_remind()
        self.assertEqual(cron.search_count(mine), 1)
        self.company.sudo().integration_review_days = 31
        cron._cron_remind()
        self.assertEqual(cron.search_count(mine), 2)

    def test_without_a_named_reviewer_approvers_are_reminded(self):
        self.root[REVIEW]._cron_remind()
        review = self.root[REVIEW].search([("company_id", "=", self.company.id)])
        self.assertEqual(review.activity_ids.user_id, self.approver)

    def test_activating_a_connection_switches_the_reminder_on(self):
        cron = self.env.ref("finance_integration.cron_access_review").sudo()
        self.assertTrue(cron.active)
        self.assertEqual((cron.interval_number, cron.interval_type), (1, "days"))

    def test_settings_are_those_of_the_company(self):
        settings = self.env["res.config.settings"].sudo().create({"integration_review_days": 62})
        settings.integration_segregation = "strict"
        self.assertEqual(self.env.company.integration_review_days, 62)
        self.assertEqual(self.env.company.integration_segregation, "strict")
