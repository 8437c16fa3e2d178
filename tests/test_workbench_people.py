# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who gets an exception, who is told when nobody acts, and where records show what concerns them (X3)."""

from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user

from ..models.workbench import digest
from .workbench_common import GROUP, WorkbenchCommon


class TestAssignment(WorkbenchCommon):
    def rule(self, users, **facts):
        values = {"name": "rule", "company_id": self.company.id, "user_ids": [(6, 0, users.ids)], **facts}
        return self.env["integration.assignment.rule"].with_user(self.administrator).create(values)

    def owner(self, code="mapping_missing"):
        return self.exceptions(code).user_id

    def test_the_first_rule_that_fits_decides(self):
        kind = self.env["integration.error.resolution"].search([("code", "=", "mapping_missing")])
        self.rule(self.operator2, connection_id=self.stripe_connection.id)
        self.rule(self.operator, reason_id=kind.id)
        self.rule(self.approver)
        self.unmapped(1)
        self.pay(2000, metadata={})
        self.assertEqual(self.owner(), self.operator)
        self.assertEqual(self.owner("payment_party_unknown"), self.operator2)

    def test_a_team_takes_turns(self):
        team = self.operator | self.operator2
        self.rule(team)
        for number in range(4):
            self.unmapped(1, code=f"X{number}")
        owners = [row.user_id.login for row in self.exceptions("mapping_missing")]
        self.assertEqual(sorted(owners), ["wb_operator", "wb_operator", "wb_operator2", "wb_operator2"])

    def test_a_rule_with_an_amount_waits_until_money_is_counted(self):
        self.rule(self.operator, amount_from=1000)
        self.unmapped(1, amount="100.00")
        self.env["integration.exception"]._recount_touched()
        self.assertFalse(self.owner())
        self.unmapped(9, amount="100.00", code="NEW")
        self.env["integration.exception"]._recount_touched()
        self.assertEqual(self.owner(), self.operator)

    def test_without_a_rule_the_owner_of_the_flow_gets_it_with_an_activity(self):
        flow = self.partner_connection.flow_ids.filtered(
            lambda row: row.kind == "invoice" and row.direction == "in"
        )
        flow.user_id = self.operator
        self.unmapped(1)
        exception = self.exceptions()
        self.assertEqual(exception.user_id, self.operator)
        task = exception.sudo().activity_ids
        self.assertEqual((len(task), task.user_id, task.summary), (1, self.operator, "A mapping is missing"))
        self.assertIn("Add the mapping", task.note)
        exception.user_id = self.operator2
        self.assertEqual(exception.sudo().activity_ids.user_id, self.operator2)
        self.give_mapping()
        self.drain(self.partner_connection)
        self.assertFalse(exception.sudo().activity_ids)

    def test_nobody_without_the_right_gets_exceptions(self):
        with self.assertRaises(ValidationError):
            self.rule(self.auditor)
        with self.assertRaises(AccessError):
            self.env["integration.assignment.rule"].with_user(self.operator).create({"name": "x"})
        foreign = self.setup_other_company()["company"]
        stranger = new_test_user(
            self.env,
            "wb_stranger",
            groups=GROUP % "operator",
            company_id=foreign.id,
            company_ids=[(6, 0, foreign.ids)],
        )
        self.rule(stranger | self.operator)
        self.unmapped(1)
        self.assertEqual(self.owner(), self.operator)

    def test_bulk_assignment_and_watching(self):
        for number in range(2):
            self.unmapped(1, code=f"X{number}")
        exceptions = self.exceptions().with_user(self.operator)
        context = exceptions.action_assign()["context"]
        wizard = (
            self.env["integration.assign.exceptions"]
            .with_user(self.operator)
            .create(
                {"exception_ids": [(6, 0, context["default_exception_ids"])], "user_id": self.operator2.id}
            )
        )
        wizard.action_assign()
        self.assertEqual(exceptions.user_id, self.operator2)
        exceptions.with_user(self.auditor).action_watch()
        self.assertIn(self.auditor.partner_id, exceptions[0].sudo().message_partner_ids)
        exceptions.with_user(self.auditor).action_watch()
        self.assertNotIn(self.auditor.partner_id, exceptions[0].sudo().message_partner_ids)


class TestEscalation(WorkbenchCommon):
    def setUp(self):
        super().setUp()
        self.setting = self.env["integration.workbench.setting"].create(
            {
                "company_id": self.company.id,
                "unassigned_hours": 4,
                "overdue_hours": 24,
                "lead_ids": [(6, 0, self.operator2.ids)],
                "approver_ids": [(6, 0, self.approver.ids)],
                "administrator_ids": [(6, 0, self.administrator.ids)],
            }
        )
        self.unmapped(1)
        self.exception = self.exceptions()

    def hours_later(self, hours, **columns):
        """Put what has happened so far into the past."""
        self.env.flush_all()
        for name in ("create_date", "deadline", "escalated_at"):
            self.env.cr.execute(
                f"UPDATE integration_exception SET {name} = {name} - make_interval(hours => %s) WHERE id = %s",
                [hours, self.exception.id],
            )
        self.env.invalidate_all()

    def told(self):
        return set(self.exception.sudo().activity_ids.user_id.mapped("login"))

    def escalate(self):
        self.env["integration.exception"]._cron_hourly()
        self.env.invalidate_all()
        return self.exception.level

    def test_nobodys_for_too_long(self):
        self.assertEqual(self.escalate(), "0")
        self.hours_later(5)
        self.assertEqual((self.escalate(), self.told()), ("1", {"wb_operator2"}))
        self.assertEqual(self.escalate(), "1")
        self.assertIn("Nobody has taken it", self.exception.message_ids[:1].body)
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "exception.escalate")])
        self.assertEqual(leaf.detail, "Team lead")

    def test_overdue_goes_up_level_by_level_and_no_further(self):
        self.exception.user_id = self.operator
        self.hours_later(24)  # the flow's agreement is over now
        self.assertEqual(self.escalate(), "0")
        for level, login in (("1", "wb_operator2"), ("2", "wb_approver"), ("3", "wb_administrator")):
            self.hours_later(25)
            self.assertEqual(self.escalate(), level)
            self.assertIn(login, self.told())
            self.assertEqual(self.escalate(), level)
        self.hours_later(100)
        before = len(self.exception.sudo().activity_ids)
        self.assertEqual((self.escalate(), len(self.exception.sudo().activity_ids)), ("3", before))

    def test_a_level_without_people_is_passed_over(self):
        self.setting.lead_ids = False
        self.hours_later(5)
        self.assertEqual((self.escalate(), self.told()), ("2", {"wb_approver"}))

    def test_switched_off_and_settled_nobody_is_told(self):
        self.setting.write({"unassigned_hours": 0, "overdue_hours": 0})
        self.hours_later(500)
        self.assertEqual(self.escalate(), "0")
        self.setting.write({"unassigned_hours": 4})
        self.give_mapping()
        self.drain(self.partner_connection)
        self.assertEqual((self.escalate(), self.exception.state), ("0", "resolved"))

    def test_due_in_working_hours(self):
        self.setting.write({"working_hours": True, "work_from": 9, "work_to": 17})
        # 15:00 in New York, two hours before the weekend
        friday = fields.Datetime.to_datetime("2026-03-06 20:00:00")
        with patch.object(fields.Datetime, "now", lambda: friday):
            due = self.env["integration.exception"]._due(self.company, "critical", None, "America/New_York")
        # Monday 11:00; the clocks changed on Sunday.
        self.assertEqual(due, fields.Datetime.to_datetime("2026-03-09 15:00:00"))

    def test_the_hourly_job_rests_until_a_connection_is_active(self):
        self.assertTrue(self.env.ref("finance_integration.cron_exceptions").active)
        self.assertIn("cron_exceptions", self.env["integration.connection"]._cron_names())


class TestDigest(WorkbenchCommon):
    def mails(self):
        return self.env["mail.mail"].sudo().search([("email_to", "ilike", "operator@books.example")])

    def send(self, hour=15):
        moment = datetime(2026, 3, 2, hour, 0, tzinfo=timezone.utc)
        with patch.object(digest, "utc_now", lambda: moment):
            return self.env["integration.work.view"]._send_digests()

    def test_once_a_day_in_the_morning_where_something_waits(self):
        my_work = self.env["integration.my.work"].with_user(self.operator)
        self.assertTrue(my_work.set_digest(True))
        self.unmapped(1)
        self.exceptions().with_user(self.operator).action_assign_to_me()
        self.assertEqual(self.send(hour=9), 0)  # four in the morning in New York
        self.assertEqual(self.send(), 1)
        mail = self.mails()
        self.assertEqual(len(mail), 1)
        self.assertIn("My exceptions: <b>1</b>", mail.body_html)
        self.assertIn("115.00", mail.body_html)
        self.assertEqual(self.send(), 0)

    def test_nothing_waits_no_mail(self):
        view = self.env["integration.work.view"].with_user(self.operator)._mine()
        view.write({"digest": True, "previous_visit_at": fields.Datetime.now() + timedelta(days=1)})
        self.assertEqual(self.send(), 0)
        self.assertFalse(self.mails())


class TestSubjects(WorkbenchCommon):
    def test_a_contact_shows_what_needs_somebody(self):
        invoice = self.issue("P-1")
        movement = self.pay(5000, metadata={})
        movement.exception_id.fix_partner_id = invoice.partner_id
        movement.exception_id.action_identify()
        self.env.invalidate_all()
        partner = invoice.partner_id.with_user(self.operator)
        self.assertEqual(partner.integration_open_count, 1)
        self.assertEqual(partner.integration_open_text, "Payment that names no invoice")
        self.assertEqual(partner.action_open_integration_exceptions()["res_id"], movement.exception_id.id)

    def test_an_order_shows_money_that_names_it(self):
        order = self.env["sale.order"].sudo().create({"partner_id": self.partner_a.id})
        movement = self.pay(5000, metadata={"order_number": order.name})
        self.env["integration.movement.reference"].sudo().create(
            {"movement_id": movement.id, "type": "order", "value": order.name}
        )
        self.env.invalidate_all()
        self.assertEqual(order.integration_open_count, 1)
        self.assertFalse(order.copy().integration_open_count)

    def test_a_changed_document_shows_on_its_invoice(self):
        invoice = self.issue("P-1", amount="100.00")
        changed = {**self.document("P-1"), "note": "changed"}
        changed["source"] = {**changed["source"], "version": 2}
        self.send_partner("invoice.issued", changed)
        self.env.invalidate_all()
        self.assertEqual(invoice.integration_exception_ids.code, "document_changed")

    def test_orders_and_payments_lead_to_their_events(self):
        purchase = self.env["purchase.order"].sudo().create({"partner_id": self.partner_a.id})
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.partner_a.id,
                "amount": 5.0,
            }
        )
        for record in (purchase, payment, self.partner_a):
            self.assertEqual((record.integration_open_count, record.integration_source_count), (0, 0))
            self.assertFalse(
                self.env["integration.message"].search(record.action_open_integration_source()["domain"])
            )
