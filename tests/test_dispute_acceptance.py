# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A dispute is accepted by two people and told once; its last days are told in time (S1, R18, ADR 0063)."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError

from .common import ANNA
from .sending_common import SendingCommon


class DisputeCommon(SendingCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self.issue("P-1001")
        self.charge = self.stripe.charge(
            115000, "usd", settled=True, metadata={"invoice_number": "P-1001"}, name=ANNA.name
        )
        self.send_stripe()
        self.dispute = self.opened(self.charge["id"])
        self.startPatcher(patch.object(type(self.env["integration.fallback"]), "_cron_run"))  # it commits

    def opened(self, charge, days=9):
        told = self.stripe.open_dispute(charge)
        self.send_stripe()
        self.pull_stripe()
        dispute = self.env["integration.dispute"].search([("dispute_id", "=", told["id"])])
        dispute.sudo().evidence_due = fields.Datetime.now() + timedelta(days=days)
        return dispute

    def status(self):
        return self.stripe.disputes[self.dispute.dispute_id]["status"]


class TestDisputeAcceptance(DisputeCommon):
    def acceptance(self, approve=True):
        self.dispute.action_accept()
        acceptance = self.env["integration.dispute.acceptance"].create(
            {"dispute_id": self.dispute.id, "reason": "Nothing was delivered"}
        )
        acceptance.action_ask()
        if approve:
            self.request(acceptance).with_user(self.ann).action_approve()
            self.env.invalidate_all()
        return acceptance

    def test_two_people_accept_it_and_the_event_says_that_it_is_lost(self):
        entries = self.env["account.move"].search_count([])
        acceptance = self.acceptance()
        self.assertEqual((acceptance.state, self.status()), ("to_send", "needs_response"))
        path = f"/v1/disputes/{self.dispute.dispute_id}/close"
        self.assertEqual(self.send(acceptance), [("POST", path)])
        self.assertEqual((acceptance.state, self.status()), ("sent", "lost"))
        self.assertEqual(self.env["account.move"].search_count([]), entries)  # told, not booked
        self.assertEqual(self.send(acceptance), [])
        self.send_stripe()
        self.assertEqual(self.dispute.state, "lost")
        self.assertEqual(len(self.exceptions("dispute_lost")), 1)
        self.assertFalse(self.exceptions("dispute_opened"))
        self.dispute.action_book_loss()
        self.assertFalse(self.dispute.loss_move_id)  # that is a decision of its own

    def test_without_a_second_person_nothing_is_told(self):
        acceptance = self.acceptance(approve=False)
        with self.assertRaises(UserError):
            self.request(acceptance).action_approve()
        self.assertEqual(self.send(acceptance), [])
        request = self.request(acceptance)
        self.assertEqual(
            (request.kind, request.amount, request.currency_id.name), ("write_off", 1150.0, "USD")
        )
        with self.assertRaises(UserError):
            acceptance.reason = "Another one"
        with self.assertRaises(UserError):
            acceptance.unlink()
        request.with_user(self.ann).action_refuse("We defend it")
        self.env.invalidate_all()
        self.assertEqual((acceptance.state, self.status()), ("draft", "needs_response"))

    def test_a_lost_answer_is_asked_for_and_told_once(self):
        for way in ("after", "garbage"):
            with self.subTest(way=way):
                charge = self.stripe.charge(60000, "usd", settled=True, name=ANNA.name)
                self.send_stripe()
                self.dispute = self.opened(charge["id"])
                acceptance = self.acceptance()
                self.lose = way
                self.send(acceptance)
                self.assertEqual((acceptance.state, self.status()), ("unknown", "lost"))
                self.lose = None
                self.assertEqual(self.send(acceptance), [("GET", f"/v1/disputes/{self.dispute.dispute_id}")])
                self.assertEqual(acceptance.state, "sent")

    def test_what_did_not_go_out_or_was_put_off_is_told_again(self):
        acceptance = self.acceptance()
        for way, state in (("before", "to_send"), (429, "unknown"), (503, "unknown")):
            self.lose = way
            self.send(acceptance)
            self.assertEqual((acceptance.state, self.status()), (state, "needs_response"))
        self.lose = None
        self.send(acceptance)
        self.assertEqual((acceptance.state, self.status()), ("sent", "lost"))

    def test_refused_by_the_provider_it_is_told_to_a_person_and_can_be_begun_anew(self):
        acceptance = self.acceptance()
        self.stripe.submit_evidence(self.dispute.dispute_id, {"customer_name": "x"}, {})
        self.send(acceptance)
        self.assertEqual((acceptance.state, self.status()), ("refused", "under_review"))
        exception = self.exceptions("dispute_not_accepted")
        self.assertEqual((len(exception), exception.fix), (1, "dispute"))
        self.assertEqual(exception.action_open_dispute()["res_id"], self.dispute.id)
        self.send_stripe()
        self.assertFalse(self.dispute.can_accept)
        with self.assertRaises(UserError):
            self.dispute.action_accept()
        self.stripe.close_dispute(self.dispute.dispute_id, won=False)
        self.send_stripe()
        self.assertEqual(
            (self.dispute.state, exception.state), ("lost", "resolved"), "there is nothing to accept"
        )

    def test_what_is_defended_is_not_accepted_and_the_other_way_round(self):
        evidence = self.env["integration.dispute.evidence"].browse(self.dispute.action_evidence()["res_id"])
        acceptance = self.acceptance(approve=False)
        with self.assertRaises(UserError):  # both would reach the provider
            evidence.action_hand_in()
        self.request(acceptance).with_user(self.ann).action_refuse("No")
        self.env.invalidate_all()
        evidence.explanation = "It was delivered."
        evidence.action_hand_in()
        with self.assertRaises(UserError):
            acceptance.action_ask()
        self.assertEqual((acceptance.state, self.status()), ("draft", "needs_response"))

    def test_it_stands_otherwise_when_the_second_person_agrees(self):
        acceptance = self.acceptance(approve=False)
        self.stripe.close_dispute(self.dispute.dispute_id, won=True)
        self.send_stripe()
        with self.assertRaises(UserError):
            self.request(acceptance).with_user(self.ann).action_approve()
        self.assertEqual((self.send(acceptance), self.status()), ([], "won"))

    def test_it_stands_otherwise_before_it_is_told(self):
        for way, calls in ((None, []), (503, ["GET"])):
            with self.subTest(way=way):
                charge = self.stripe.charge(60000, "usd", settled=True, name=ANNA.name)
                self.send_stripe()
                self.dispute = self.opened(charge["id"])
                acceptance = self.acceptance()
                if way:
                    self.lose = way
                    self.send(acceptance)
                    self.assertEqual(acceptance.state, "unknown")
                    self.lose = None
                self.stripe.submit_evidence(self.dispute.dispute_id, {"customer_name": "x"}, {})
                self.send_stripe()
                self.assertEqual(self.dispute.state, "under_review")
                self.assertEqual([method for method, _path in self.send(acceptance)], calls)
                self.assertEqual((acceptance.state, self.status()), ("refused", "under_review"))
                self.assertIn("Being decided", acceptance.answer)
                exception = self.exceptions("dispute_not_accepted").filtered(
                    lambda row: row.params["dispute"] == self.dispute.dispute_id
                )
                self.assertEqual(len(exception), 1)
                self.assertEqual(self.send(acceptance), [])

    def test_it_is_lost_by_what_was_told_and_the_event_came_before_the_answer(self):
        acceptance = self.acceptance()
        self.lose = "after"
        self.send(acceptance)
        self.lose = None
        self.send_stripe()
        self.assertEqual((self.dispute.state, acceptance.state), ("lost", "unknown"))
        self.assertEqual([method for method, _path in self.send(acceptance)], ["GET"])
        self.assertEqual(acceptance.state, "sent")
        self.assertFalse(self.exceptions("dispute_not_accepted"))

    def test_a_loss_is_not_booked_when_it_is_won_after_all(self):
        self.stripe.close_dispute(self.dispute.dispute_id, won=False)
        self.send_stripe()
        self.dispute.action_book_loss()
        entries = self.env["account.move"].search_count([])
        request = self.request(self.dispute)
        self.dispute.sudo().state = "won"
        with self.assertRaises(UserError):
            request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertFalse(self.dispute.loss_move_id)
        self.assertEqual(self.env["account.move"].search_count([]), entries)
        self.dispute.sudo().state = "lost"
        request.with_user(self.ann).action_approve()
        self.env.invalidate_all()
        self.assertTrue(self.dispute.loss_move_id)

    def test_an_inquiry_is_never_accepted(self):
        other = self.stripe.charge(5000, "usd", settled=True, name=ANNA.name)
        told = self.stripe.open_inquiry(other["id"])
        self.send_stripe()
        inquiry = self.env["integration.dispute"].search([("dispute_id", "=", told["id"])])
        self.assertEqual((inquiry.state, inquiry.can_accept), ("inquiry", False))
        with self.assertRaises(UserError):
            inquiry.action_accept()

    def test_an_auditor_accepts_nothing(self):
        self.env.user.group_ids -= self.env.ref("finance_integration.group_operator")
        with self.assertRaises(AccessError):
            self.env["integration.dispute.acceptance"].create(
                {"dispute_id": self.dispute.id, "reason": "Because"}
            )


class TestDisputeDeadline(DisputeCommon):
    def near(self, hours=48):
        self.dispute.sudo().evidence_due = fields.Datetime.now() + timedelta(hours=hours)

    def evidence(self):
        evidence = self.env["integration.dispute.evidence"].browse(self.dispute.action_evidence()["res_id"])
        evidence.explanation = "It was delivered."
        evidence.action_hand_in()
        return evidence

    def test_nothing_is_told_before_the_last_days(self):
        self.sweep()
        self.assertEqual((self.dispute.warned_at, len(self.exceptions("evidence_deadline"))), (False, 0))
        self.near()
        self.sweep()
        exception = self.exceptions("evidence_deadline")
        self.assertEqual((len(exception), exception.severity), (1, "critical"))
        self.assertEqual(exception.deadline, self.dispute.evidence_due)
        self.sweep()
        self.assertEqual(len(self.exceptions("evidence_deadline")), 1)
        self.send(self.evidence())
        self.assertFalse(self.exceptions("evidence_deadline"))

    def test_a_pause_does_not_hide_the_last_days(self):
        self.stripe_connection.action_pause()
        self.near()
        self.sweep()
        self.assertEqual(len(self.exceptions("evidence_deadline")), 1)
        evidence = self.evidence()
        self.assertEqual(self.send(evidence), [])
        self.assertEqual(evidence.state, "to_send")
        self.assertFalse(self.exceptions("evidence_deadline"))
        held = self.exceptions("evidence_held_up")
        self.assertEqual((len(held), held.fix), (1, "connection"))
        self.stripe_connection.action_activate()
        self.sweep()
        self.assertFalse(self.exceptions("evidence_held_up"))
        self.send(evidence)
        self.assertEqual(evidence.state, "sent")
        self.assertFalse(self.exceptions("evidence_deadline"))

    def test_a_last_day_that_has_passed_is_told_apart_also_in_a_pause(self):
        self.stripe_connection.action_pause()
        self.near()
        self.sweep()
        evidence = self.evidence()
        self.sweep()
        held = self.exceptions("evidence_held_up")
        self.assertEqual((len(held), len(self.exceptions("evidence_missed"))), (1, 0))
        self.near(-1)
        self.assertEqual((self.dispute.warned_at, self.dispute.missed_at), (False, False))
        self.sweep()
        self.sweep()
        missed = self.exceptions("evidence_missed")
        self.assertEqual((len(missed), missed.severity, missed.fix), (1, "critical", "dispute"))
        # It is overdue at once: whoever is told of overdue exceptions is told of this one.
        self.assertEqual((missed.deadline, missed.is_overdue), (self.dispute.evidence_due, True))
        self.assertFalse(self.exceptions("evidence_held_up"))
        self.assertFalse(self.exceptions("evidence_deadline"))
        self.assertEqual((self.dispute.state, evidence.state), ("needs_response", "to_send"))
        # Given a longer time by the provider, it is an answer that is held up again.
        self.near(24)
        self.sweep()
        self.assertFalse(self.exceptions("evidence_missed"))
        self.assertEqual(len(self.exceptions("evidence_held_up")), 1)

    def test_a_last_day_long_ago_is_left_to_the_provider(self):
        self.near(-24 * 61)
        self.sweep()
        self.assertEqual((self.dispute.missed_at, len(self.exceptions("evidence_missed"))), (False, 0))

    def test_events_of_disputes_that_nobody_reads_are_told(self):
        self.stripe_connection.action_pause()
        charge = self.stripe.charge(5000, "usd", settled=True, name=ANNA.name)
        told = self.stripe.open_dispute(charge["id"])
        self.send_stripe()
        self.assertFalse(self.env["integration.dispute"].search([("dispute_id", "=", told["id"])]))
        self.sweep()
        self.assertEqual(len(self.exceptions("dispute_unread")), 1)
        self.stripe_connection.action_activate()
        self.env.flush_all()
        self.drain(self.stripe_connection)
        self.sweep()
        self.assertFalse(self.exceptions("dispute_unread"))
        found = self.env["integration.dispute"].search([("dispute_id", "=", told["id"])])
        self.assertEqual(len(found), 1, self.stopped())

    def test_a_later_last_day_begins_anew_and_what_is_over_is_told_no_more(self):
        self.near()
        self.sweep()
        self.assertTrue(self.dispute.warned_at)
        self.near(hours=24 * 9)
        self.assertFalse(self.dispute.warned_at)
        self.sweep()
        self.near(hours=-1)
        self.sweep()
        self.assertFalse(self.dispute.warned_at)
