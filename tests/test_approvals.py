# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One approval mechanism: a second person, the content as it was asked for, in time, enforced by the database (X4)."""

from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError

from .approval_common import CONTROLLER, GROUP, ApprovalCommon


class TestApproval(ApprovalCommon):
    def test_asked_seen_approved_and_done_once(self):
        request = self.ask()
        self.assertEqual(
            (request.state, request.kind, request.approvals_needed, request.requester_id),
            ("asked", "flow", 1, self.operator),
        )
        self.assertEqual(
            request.preview, {"rows": [{"field": "start_date", "before": "", "after": "2026-02-01"}]}
        )
        self.assertIn("02/01/2026", request.preview_html)
        self.assertFalse(request.at_stake, "no money is at stake")
        self.assertEqual(self.ask(slot="money", kind="entry", amount=1234.5).at_stake, "$\xa01,234.50")
        self.assertEqual(request.policy_id.name, "Every change: a second person")
        told = request.sudo().activity_ids.user_id
        self.assertLessEqual(self.ann | self.ben, told)
        self.assertNotIn(self.operator, told)
        self.assertFalse(request.may_decide)
        self.assertTrue(request.with_user(self.ann).may_decide)
        self.assertFalse(self.flow.start_date)
        request.with_user(self.ann).action_approve("Seen the plan")
        self.env.invalidate_all()
        self.assertEqual((request.state, request.approver_id), ("approved", self.ann))
        self.assertEqual(str(self.flow.start_date), "2026-02-01")
        [decision] = request.decision_ids
        self.assertEqual(
            (
                decision.user_id,
                decision.behalf_id,
                decision.verdict,
                decision.reason,
                decision.content_digest,
            ),
            (self.ann, self.ann, "approve", "Seen the plan", request.content_digest),
        )
        self.assertFalse(request.sudo().activity_ids)
        self.assertIn(self.operator.partner_id, request.sudo().message_ids.notified_partner_ids)
        self.assertEqual(self.leaves(request), [("change.ask", self.operator), ("change.approve", self.ann)])
        with self.assertRaisesRegex(UserError, "decided already"):
            request.with_user(self.ben).action_approve()

    def test_the_inbox_shows_what_waits_for_me_and_not_what_i_asked_for(self):
        mine, others = self.ask(user=self.ann), self.ask(flow=self.other_flow)
        inbox = self.env["integration.change.request"].with_user(self.ann).search([("may_decide", "=", True)])
        self.assertIn(others, inbox)
        self.assertNotIn(mine, inbox)
        left = self.env["integration.change.request"].with_user(self.ann).search([("may_decide", "=", False)])
        self.assertIn(mine, left)
        self.assertNotIn(others, left)
        self.assertIn("own request", mine.why_not)
        self.assertFalse(mine.with_user(self.auditor).may_decide)

    def test_who_does_not_decide(self):
        request = self.ask(user=self.ann, barred=self.ben)
        with self.assertRaisesRegex(UserError, "own request"):
            request.action_approve()
        with self.assertRaisesRegex(UserError, "prepared"):
            request.with_user(self.ben).action_approve()
        for user in (self.operator, self.auditor, self.administrator, self.controller):
            with self.assertRaises(AccessError):
                request.with_user(user).action_approve()
            with self.assertRaises(AccessError):
                request.with_user(user).action_refuse("No")
        for user in (self.env.ref("base.user_root"), self.partner_connection.service_user_id):
            with self.assertRaises(AccessError):
                request.with_user(user).action_approve()
        self.assertEqual((request.state, request.decision_ids.ids), ("asked", []))
        self.assertFalse(self.flow.start_date)

    def test_a_reason_is_asked_for_on_both_sides(self):
        with self.assertRaisesRegex(UserError, "Say why"):
            self.ask(reason=" ")
        request = self.ask()
        for reason in (None, "  "):
            with self.assertRaisesRegex(UserError, "Say why"):
                request.with_user(self.ann).action_refuse(reason)
        wizard = (
            self.env["integration.approval.refuse"]
            .with_user(self.ann)
            .create({"request_id": request.id, "reason": "Not before the audit"})
        )
        wizard.action_refuse()
        self.assertEqual((request.state, request.answer), ("refused", "Not before the audit"))
        self.assertIn("Not before the audit", request.sudo().message_ids[0].body)
        self.assertFalse(self.flow.start_date)

    def test_one_at_a_time_unless_told_apart(self):
        self.ask()
        with self.assertRaisesRegex(UserError, "waits for approval already"):
            self.ask(user=self.administrator)
        second = self.ask(slot="other")
        self.assertEqual(second.state, "asked")
        second.action_withdraw()
        self.assertEqual(
            (second.state, self.leaves(second)[-1]), ("withdrawn", ("change.withdraw", self.operator))
        )
        with self.assertRaisesRegex(UserError, "Only who asked"):
            self.ask(slot="third").with_user(self.ann).action_withdraw()

    def test_what_has_changed_meanwhile_is_not_approved(self):
        self.root["integration.flow"].browse(self.flow.id)._change_state("paused", "test")
        request = self.ask()
        self.assertFalse(request.is_stale)
        from ..models.messaging.flow_life import _KEY

        self.flow.with_context(integration_flow_life=_KEY).start_date = "2026-01-15"
        request.invalidate_recordset()
        self.assertTrue(request.is_stale)
        with self.assertRaisesRegex(UserError, "has changed since"):
            request.with_user(self.ann).action_approve()
        self.assertEqual((request.state, str(self.flow.start_date)), ("asked", "2026-01-15"))
        request.with_user(self.ann).action_refuse("Overtaken")
        self.assertEqual(request.state, "refused")

    def test_evidence_is_part_of_what_is_approved(self):
        paper = self.env["ir.attachment"].create({"name": "order.txt", "raw": b"signed"})
        request = self.ask(attachments=paper)
        self.assertEqual((paper.res_model, paper.res_id), (request._name, request.id))
        paper.sudo().raw = b"forged"
        with self.assertRaisesRegex(UserError, "not what was asked for"):
            request.with_user(self.ann).action_approve()
        paper.sudo().raw = b"signed"
        request.with_user(self.ann).action_approve()
        self.assertEqual(request.state, "approved")

    def test_evidence_of_another_record_stays_there(self):
        paper = self.env["ir.attachment"].create(
            {
                "name": "bill.txt",
                "raw": b"bill",
                "res_model": "res.partner",
                "res_id": self.company.partner_id.id,
            }
        )
        request = self.ask(attachments=paper)
        self.assertEqual((paper.res_model, paper.res_id), ("res.partner", self.company.partner_id.id))
        paper.sudo().unlink()
        with self.assertRaisesRegex(UserError, "not what was asked for"):
            request.with_user(self.ann).action_approve()

    def test_values_with_fractions_keep_their_digest(self):
        values = {"start_date": "2026-02-01", "rate": 0.1, "deep": {"x": [1.10, 2]}}
        requests = self.env["integration.change.request"].with_user(self.operator)
        request = requests._ask(self.flow, "Limit", values, "Audit", kind="write_off", amount=12.345)
        self.env.invalidate_all()
        request.sudo()._check_content()
        self.assertEqual(request.sudo()._content_now(), request.content_digest)

    def test_carried_out_later_and_only_in_time(self):
        request = self.ask(later=True)
        request.with_user(self.ann).action_approve()
        self.assertEqual((request.state, self.flow.start_date), ("agreed", False))
        self.assertEqual(request.valid_until - request.decided_at, timedelta(hours=72))
        with self.assertRaises(AccessError):
            request.with_user(self.auditor).action_carry_out()
        request.action_carry_out()
        self.env.invalidate_all()
        self.assertEqual((request.state, request.done_by_id), ("approved", self.operator))
        self.assertEqual(str(self.flow.start_date), "2026-02-01")
        late = self.ask(flow=self.other_flow, later=True)
        late.with_user(self.ann).action_approve()
        late.sudo()._set(valid_until=fields.Datetime.now() - timedelta(minutes=1))
        with self.assertRaisesRegex(UserError, "expired"):
            late.action_carry_out()
        self.refused_by_database(
            "UPDATE integration_change_request SET state = 'approved' WHERE id = %s", late.id
        )
        self.root["integration.change.request"]._cron_look()
        self.assertEqual((late.state, self.other_flow.start_date), ("expired", False))

    def test_what_nobody_decides_expires(self):
        request, young = self.ask(), self.ask(flow=self.other_flow)
        self.assertEqual(request.expires_at - request.requested_at, timedelta(hours=168))
        self.travel(request, days=8)
        with self.assertRaisesRegex(UserError, "time to decide is over"):
            request.with_user(self.ann).action_approve()
        self.root["integration.change.request"]._cron_look()
        self.assertEqual((request.state, young.state), ("expired", "asked"))
        self.assertEqual(self.leaves(request)[-1][0], "change.expire")
        self.assertFalse(request.sudo().activity_ids)
        self.assertEqual(self.ask().state, "asked", "it can be asked for again")

    def travel(self, request, **time):
        """Let a request be older; only a test, as the owner of the tables, can do that."""
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE integration_change_request DISABLE TRIGGER USER")
        self.env.cr.execute(
            "UPDATE integration_change_request SET requested_at = requested_at - %s, expires_at = expires_at - %s"
            " WHERE id = %s",
            [timedelta(**time), timedelta(**time), request.id],
        )
        self.env.cr.execute("ALTER TABLE integration_change_request ENABLE TRIGGER USER")
        self.env.invalidate_all()

    def test_what_waits_too_long_is_passed_on_once(self):
        request = self.ask()
        self.travel(request, hours=25)
        self.assertTrue(request.overdue)
        self.assertIn(request, request.search([("overdue", "=", True)]))
        before = len(request.sudo().activity_ids)
        Requests = self.root["integration.change.request"]
        self.assertEqual(Requests._cron_look(), (0, 1))
        self.assertEqual(len(request.sudo().activity_ids), before, "reminded, not doubled")
        self.assertIn("nobody has decided", request.sudo().activity_ids[0].note)
        self.assertEqual(Requests._cron_look(), (0, 0))
        self.assertEqual(self.leaves(request)[-1][0], "change.escalate")

    def test_the_hourly_look_rests_until_something_is_asked_for(self):
        cron = self.env.ref("finance_integration.cron_approvals").sudo()
        cron.active = False
        self.ask()
        self.assertTrue(cron.active)


class TestForgery(ApprovalCommon):
    """Whatever is sent over the wire, with whatever context: nothing but the buttons moves a request."""

    def test_a_request_is_neither_made_nor_written_nor_deleted_by_hand(self):
        request = self.ask()
        values = {
            "name": "x", "company_id": self.company.id, "res_model": "integration.flow", "res_id": self.flow.id,
            "reason": "x", "requester_id": self.auditor.id, "requested_at": "2026-01-01 00:00:00",
        }  # fmt: skip
        contexts = ({}, {"integration_change_request": True}, {"integration_change_request": "object"})
        for user in (self.ann, self.operator, self.administrator):
            for context in contexts:
                seen = request.with_user(user).with_context(**context)
                for record in (seen, seen.sudo()):
                    with self.assertRaises(UserError):
                        record.create(values)
                    for forged in (
                        {
                            "state": "approved",
                            "approver_id": self.ann.id,
                            "decided_at": "2026-01-01 00:00:00",
                        },
                        {"requester_id": self.auditor.id},
                        {"values": {"start_date": "2020-01-01"}},
                        {"barred_ids": [(5,)]},
                        {"approvals_needed": 0},
                        {
                            "decision_ids": [
                                (0, 0, {"user_id": user.id, "behalf_id": user.id, "verdict": "approve"})
                            ]
                        },
                    ):
                        with self.assertRaises(UserError):
                            record.write(forged)
                    with self.assertRaises(UserError):
                        record.unlink()
        self.assertEqual((request.state, request.decision_ids.ids), ("asked", []))

    def test_a_decision_is_neither_made_nor_written_nor_deleted_by_hand(self):
        request = self.ask()
        values = {
            "request_id": request.id, "company_id": self.company.id, "user_id": self.ann.id,
            "behalf_id": self.ann.id, "verdict": "approve", "decided_at": "2026-01-01 00:00:00",
        }  # fmt: skip
        Decisions = self.env["integration.approval.decision"]
        for context in ({}, {"integration_approval_decision": True}):
            for model in (Decisions.with_user(self.ann), Decisions.sudo()):
                with self.assertRaises(UserError):
                    model.with_context(**context).create(values)
        request.with_user(self.ann).action_approve()
        for decision in (request.decision_ids, request.decision_ids.sudo()):
            with self.assertRaises(UserError):
                decision.write({"verdict": "refuse"})
            with self.assertRaises(UserError):
                decision.unlink()

    def test_the_database_refuses_too_few_people_and_other_content(self):
        request = self.ask(kind="lock_waiver")
        self.assertEqual(request.approvals_needed, 2)
        now = fields.Datetime.now()
        forged = "UPDATE integration_change_request SET state = %s, approver_id = %s, decided_at = %s WHERE id = %s"
        for state in ("approved", "agreed", "refused"):
            self.refused_by_database(forged, state, self.ann.id, now, request.id)
        request.with_user(self.ann).action_approve()
        self.assertEqual((request.state, request.approval_count), ("asked", 1))
        self.refused_by_database(forged, "approved", self.ann.id, now, request.id)
        for column, value in (
            ("values", '{"start_date": "2020-01-01"}'),
            ("requester_id", self.auditor.id),
            ("approvals_needed", 1),
            ("tiers", "[]"),
            ("content_digest", "x"),
            ("amount", 1),
            ("reason", "x"),
            ("expires_at", "2030-01-01"),
            ("res_id", self.other_flow.id),
            ("approver_id", self.ben.id),
        ):
            self.refused_by_database(
                f'UPDATE integration_change_request SET "{column}" = %s WHERE id = %s', value, request.id
            )
        self.refused_by_database("DELETE FROM integration_change_request WHERE id = %s", request.id)
        request.with_user(self.controller).action_approve()
        self.assertEqual(request.state, "approved")
        for state in ("asked", "refused", "withdrawn"):
            self.refused_by_database(
                "UPDATE integration_change_request SET state = %s WHERE id = %s", state, request.id
            )

    def test_the_database_refuses_the_requester_the_barred_and_a_second_vote(self):
        request = self.ask(user=self.ann, barred=self.ben, kind="lock_waiver")
        insert = """
            INSERT INTO integration_approval_decision
                   (request_id, company_id, user_id, behalf_id, verdict, content_digest, decided_at)
            VALUES (%s, %s, %s, %s, 'approve', %s, now())
        """
        cara, dan = self.person("ap_cara", GROUP % "approver"), self.person("ap_dan", GROUP % "approver")

        def refused(user, behalf, digest=request.content_digest, error=IntegrityError):
            self.refused_by_database(
                insert, request.id, self.company.id, user.id, behalf.id, digest, error=error
            )

        refused(self.ann, self.ann)
        refused(cara, self.ann)  # in the name of who asked
        refused(self.ben, self.ben)
        refused(cara, self.ben)
        refused(cara, cara, digest="of something else")
        request.with_user(cara).action_approve()
        refused(cara, cara)
        refused(dan, cara)
        refused(cara, dan)
        for statement in (
            "UPDATE integration_approval_decision SET verdict = 'refuse' WHERE request_id = %s",
            "DELETE FROM integration_approval_decision WHERE request_id = %s",
            "TRUNCATE integration_approval_decision -- %s",
        ):
            self.refused_by_database(statement, request.id)

    def test_another_company_sees_and_decides_nothing(self):
        request = self.ask()
        other = self.setup_other_company()["company"]
        stranger = self.person("ap_stranger", f"{GROUP % 'approver'},{CONTROLLER}")
        stranger.sudo().write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        with self.assertRaises(AccessError):
            request.with_user(stranger).action_approve()
        for model in ("integration.change.request", "integration.approval.decision"):
            seen = self.env[model].with_user(stranger).search([])
            self.assertFalse(seen.sudo().filtered(lambda row: row.company_id == self.company), model)
        self.assertNotIn(stranger, request.sudo().activity_ids.user_id)

    def test_accounting_people_see_their_own_requests_only(self):
        clerk = self.person("ap_clerk", "account.group_account_invoice")
        theirs, own = self.ask(), self.ask(user=clerk, flow=self.other_flow)
        seen = self.env["integration.change.request"].with_user(clerk).search([])
        self.assertIn(own, seen)
        self.assertNotIn(theirs, seen)
        with self.assertRaises(AccessError):
            theirs.with_user(clerk).action_refuse("No")
