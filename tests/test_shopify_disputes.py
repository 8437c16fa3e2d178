# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Disputes of Shopify Payments: told with their day, tied to order and money, answered once (S3, R18, ADR 0068)."""

import base64
import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.queue_job.exception import RetryableJobError

from ..models.messaging import sent_once
from ..simulators.shopify.objects import line_object
from .shop_common import SHOP
from .test_shop_writing import WritingCommon

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


class DisputeCommon(WritingCommon):
    def setUp(self):
        super().setUp()
        self.map_tax("US VAT 20%")
        self._told = self._lines = 0
        self.placed = self.sim.place([("Cup", 2, "50.00")], shipping="5.00")
        self.sim.pay(self.placed)
        self.sim.fulfil(self.placed)

    def tell(self):
        """Bring in what the shop has told by webhooks since."""
        told, self._told = self.sim.events[self._told :], len(self.sim.events)
        self.hear(told)

    def hear(self, told):
        for event in told:
            self.accept(self.shop, event.body, {"x-shopify-topic": event.type, "x-shopify-shop-domain": SHOP})
        self.drain(self.shop)

    def fetch(self):
        """Bring in the lines of the balance since."""
        lines, self._lines = self.sim.lines[self._lines :], len(self.sim.lines)
        facts = self.shop.with_env(self.root)._pull_facts()
        for line in lines:
            body = {"object": "balance_transaction", **line_object(self.sim, line)}
            envelope = self.shop._connector().read_envelope(body, {})
            content = json.dumps(body).encode()
            self.root["integration.ingest"]._accept(facts, envelope, content, {}, "pull", origin="pull")
        self.drain(self.shop)

    def disputes(self):
        return self.env["integration.dispute"].search([("connection_id", "=", self.shop.id)])


@tagged("post_install", "-at_install")
class TestShopifyDisputes(DisputeCommon):
    def test_a_dispute_names_its_order_and_is_tied_to_payment_and_money(self):
        self.tell()
        self.fetch()
        there = self.sim.open_dispute(self.placed)
        self.tell()
        dispute = self.disputes()
        self.assertEqual((dispute.dispute_id, dispute.state), (str(there.id), "needs_response"))
        self.assertEqual((dispute.amount, dispute.reason), (126.0, "fraudulent"))
        self.assertEqual(dispute.payment_id.type, "payment")
        self.assertEqual(dispute.partner_id.name, "Jo Buyer")
        self.assertEqual(dispute.invoice_ids, self.documents())
        asked = self.exceptions("dispute_opened")
        self.assertEqual((len(asked), asked.deadline), (1, there.due.replace(tzinfo=None)))
        self.fetch()
        self.assertEqual(self.disputes(), dispute)
        self.assertEqual((dispute.withdrawn, dispute.fees, dispute.given_back), (126.0, 15.0, 0.0))
        self.assertEqual(dispute.open_amount, 126.0)

    def test_money_that_comes_first_is_the_same_dispute(self):
        self.tell()
        self.fetch()
        there = self.sim.open_dispute(self.placed)
        self.fetch()
        dispute = self.disputes()
        self.assertEqual((dispute.dispute_id, dispute.state), (str(there.id), "not_told"))
        self.tell()
        self.assertEqual((self.disputes(), dispute.state), (dispute, "needs_response"))
        self.assertEqual((dispute.withdrawn, dispute.payment_id.amount), (126.0, 126.0))

    def test_a_payment_that_comes_after_its_dispute_is_found(self):
        self.sim.open_dispute(self.placed)
        self.tell()
        dispute = self.disputes()
        self.assertFalse(dispute.payment_id)
        self.fetch()
        self.assertEqual((dispute.payment_id.amount, dispute.withdrawn), (126.0, 126.0))

    def test_of_two_payments_of_an_order_the_one_of_the_amount_is_meant(self):
        other = self.sim.place([("Cup", 1, "50.00")])
        self.sim.pay(other, amount="20.00")
        self.sim.pay(other)
        self.tell()
        self.fetch()
        self.sim.open_dispute(other, "40.00")
        self.tell()
        self.assertEqual((self.disputes().amount, self.disputes().payment_id.amount), (40.0, 40.0))

    def test_what_is_won_comes_back_and_nothing_is_open(self):
        there = self.sim.open_dispute(self.placed)
        self.clock.advance(days=20)
        self.sim.decide(there, won=True)
        self.tell()
        self.fetch()
        dispute = self.disputes()
        self.assertEqual((dispute.state, dispute.given_back, dispute.fees), ("won", 126.0, 0.0))
        self.assertEqual(dispute.open_amount, 0.0)
        self.assertFalse(self.exceptions("dispute_opened") | self.exceptions("dispute_lost"))

    def test_what_is_lost_asks_for_a_decision(self):
        there = self.sim.open_dispute(self.placed)
        self.clock.advance(days=20)
        self.sim.decide(there, won=False)
        self.tell()
        self.fetch()
        self.assertEqual((self.disputes().state, len(self.exceptions("dispute_lost"))), ("lost", 1))

    def test_an_inquiry_moves_no_money(self):
        self.tell()
        self.fetch()
        entries = self.entries()
        self.sim.open_dispute(self.placed, inquiry=True)
        self.tell()
        self.fetch()
        self.assertEqual((self.disputes().state, self.disputes().withdrawn), ("inquiry", 0.0))
        self.assertEqual(self.entries(), entries)

    def test_an_inquiry_that_turns_into_a_chargeback_waits_for_an_answer_anew(self):
        self.tell()
        there = self.sim.open_dispute(self.placed, inquiry=True)
        self.clock.advance(days=1)
        self.sim.take_evidence(there)  # answered at Shopify itself
        self.tell()
        dispute = self.disputes()
        self.assertEqual((dispute.state, dispute.evidence_given), ("under_review", True))
        self.assertFalse(self.exceptions("dispute_opened"))
        self.clock.advance(days=3)
        self.sim.escalate(there)
        self.tell()
        self.fetch()
        self.assertEqual((self.disputes(), dispute.state), (dispute, "needs_response"))
        self.assertEqual(
            (dispute.evidence_given, dispute.can_answer, dispute.withdrawn), (False, True, 126.0)
        )
        asked = self.exceptions("dispute_opened")
        self.assertEqual((len(asked), asked.deadline), (1, there.due.replace(tzinfo=None)))

    def test_money_of_a_dispute_whose_last_days_have_begun_is_booked(self):
        self.tell()
        self.fetch()
        self.sim.open_dispute(self.placed)
        self.tell()
        dispute = self.disputes()
        dispute.sudo().evidence_due = fields.Datetime.add(fields.Datetime.now(), days=1)
        self.root["integration.dispute"]._sweep_deadlines()
        self.env.invalidate_all()
        self.assertTrue(dispute.warned_at)
        self.fetch()
        self.assertEqual((dispute.withdrawn, dispute.open_amount), (126.0, 126.0))
        self.assertFalse(self.exceptions("rights_missing"))
        self.assertEqual(len(self.exceptions("evidence_deadline")), 1)

    def test_a_late_word_of_the_inquiry_undoes_no_chargeback(self):
        there = self.sim.open_dispute(self.placed, inquiry=True)
        self.tell()
        self.clock.advance(days=1)
        self.sim.take_evidence(there)
        self.clock.advance(days=3)
        self.sim.escalate(there)
        *_told, of_inquiry, of_dispute = self.sim.events
        self.hear([of_dispute])
        self.hear([of_inquiry])
        self.assertEqual((self.disputes().state, self.disputes().evidence_given), ("needs_response", False))
        self.assertEqual(len(self.exceptions("dispute_opened")), 1)

    def test_money_of_two_disputes_that_one_payout_pays_out_stays_apart(self):
        other = self.sim.place([("Cup", 1, "50.00")])
        self.sim.pay(other)
        self.tell()
        self.fetch()
        there = [self.sim.open_dispute(self.placed), self.sim.open_dispute(other)]
        for line in self.sim.lines[-2:]:
            line["payout"] = 77
        self.fetch()  # the app may not read disputes: nothing tells of them but the money
        disputes = self.disputes().sorted("id")
        self.assertEqual(disputes.mapped("dispute_id"), [str(each.id) for each in there])
        self.assertEqual(disputes.mapped("withdrawn"), [126.0, 60.0])
        self.assertEqual(disputes.mapped("open_amount"), [126.0, 60.0])
        self.assertEqual(disputes.mapped("payment_ref"), [False, False])

    def test_a_payment_looks_at_disputes_of_its_own_order_alone(self):
        self.sim.open_dispute(self.placed)
        self.tell()
        dispute = self.disputes()
        self.assertFalse(dispute.payment_id)
        other = self.sim.place([("Cup", 1, "50.00")])
        self.sim.pay(other)
        self.tell()
        tied, tie = [], type(dispute)._tie
        with patch.object(type(dispute), "_tie", lambda rows: (tied.extend(rows.ids), tie(rows))):
            self._lines = len(self.sim.lines) - 1
            self.fetch()
        self.assertEqual((tied, dispute.payment_id.ids), ([], []))
        self._lines = 0
        self.fetch()
        self.assertEqual(dispute.payment_id.amount, 126.0)

    def test_an_order_that_comes_after_its_money_and_its_dispute_ties_them(self):
        self.sim.open_dispute(self.placed)
        *of_order, of_dispute = self.sim.events
        self.fetch()
        self.hear([of_dispute])
        dispute = self.disputes()
        self.assertEqual((dispute.withdrawn, dispute.payment_id.ids), (126.0, []))
        self.hear(of_order)
        self.assertEqual((dispute.payment_id.amount, dispute.partner_id.name), (126.0, "Jo Buyer"))


@tagged("post_install", "-at_install")
class TestEvidenceForShopify(DisputeCommon):
    def setUp(self):
        super().setUp()
        self.tell()
        self.fetch()
        invoice = self.documents()
        self.env["ir.attachment"].create(
            {"name": "invoice.pdf", "raw": PDF, "res_model": "account.move", "res_id": invoice.id}
        )
        self.there = self.sim.open_dispute(self.placed, days=3650)
        self.tell()
        self.dispute = self.disputes()
        self.evidence = self.env["integration.dispute.evidence"].browse(
            self.dispute.action_evidence()["res_id"]
        )

    def hand_in(self):
        self.evidence.explanation = "It was delivered."
        self.evidence.action_hand_in()
        self.send(self.evidence)

    def test_texts_are_handed_in_once_and_under_review_afterwards(self):
        self.assertEqual((self.evidence.customer_name, len(self.evidence.file_ids)), ("Jo Buyer", 0))
        self.assertFalse(self.evidence.takes_files)
        self.hand_in()
        self.assertEqual((self.evidence.state, self.there.submissions, self.calls), ("sent", 1, 2))
        self.assertIn("It was delivered.", self.there.evidence["uncategorizedText"])
        self.assertIn(self.evidence.key, self.there.evidence["uncategorizedText"])
        self.tell()
        self.assertEqual((self.dispute.state, self.dispute.evidence_given), ("under_review", True))
        self.assertFalse(self.exceptions("dispute_opened"))
        with self.assertRaises(UserError):
            self.evidence.action_hand_in()
        self.send(self.evidence)
        self.assertEqual((self.there.submissions, self.calls), (1, 2))

    def test_an_answer_that_was_lost_is_asked_for_and_nothing_is_handed_in_twice(self):
        self.lose = {"after"}
        self.hand_in()
        self.assertEqual((self.evidence.state, self.there.submissions), ("unknown", 1))
        self.lose = set()
        self.send(self.evidence)
        self.assertEqual((self.evidence.state, self.there.submissions, self.calls), ("sent", 1, 3))

    def test_a_second_try_beside_one_that_takes_long_asks_and_sends_nothing(self):
        beside = []

        def call(*arguments):
            if not beside:
                row = self.evidence.with_env(self.root)
                row.due_at = False
                with self.assertRaises(RetryableJobError) as refused:
                    row._send()
                beside.append(refused.exception.seconds)
            return self.call(*arguments)

        with patch.object(sent_once.http_client, "send", call):
            self.hand_in()
        self.assertEqual((beside, self.evidence.state), ([sent_once.FIRST_PAUSE_SECONDS], "sent"))
        self.assertEqual((self.there.submissions, self.calls), (1, 2))
        self.assertFalse(self.exceptions("evidence_not_given"))

    def test_a_file_that_would_be_left_behind_keeps_it_from_being_handed_in(self):
        self.env["integration.dispute.evidence.file"].create(
            {"evidence_id": self.evidence.id, "file_name": "a.pdf", "content": base64.b64encode(PDF)}
        )
        self.evidence.explanation = "It was delivered."
        with self.assertRaises(UserError):
            self.evidence.action_hand_in()
        self.assertEqual((self.evidence.state, self.there.submissions, self.calls), ("draft", 0, 0))

    def test_what_shopify_refuses_is_told_in_its_words(self):
        self.there.due = self.clock.now - timedelta(days=1)
        self.hand_in()
        exception = self.exceptions("evidence_not_given")
        self.assertEqual((self.evidence.state, self.there.submissions), ("refused", 0))
        self.assertIn("Evidence past due date", exception.what)
        self.assertIn(self.dispute.dispute_id, exception.what)

    def test_a_missing_right_is_said_after_some_tries_and_passes_when_it_is_given(self):
        self.api.scopes = frozenset()
        self.hand_in()
        for _time in range(sent_once.TRIES_BEFORE_ALARM - 1):
            self.send(self.evidence)
        self.assertEqual((self.evidence.state, len(self.exceptions("evidence_not_given"))), ("unknown", 1))
        self.api.scopes = frozenset({"write_shopify_payments_dispute_evidences"})
        self.send(self.evidence)
        self.assertEqual((self.evidence.state, self.there.submissions), ("sent", 1))
        self.assertFalse(self.exceptions("evidence_not_given"))


@tagged("post_install", "-at_install")
class TestEvidenceAfterAnInquiry(DisputeCommon):
    def evidence(self):
        opened = self.disputes().action_evidence()["res_id"]
        return self.env["integration.dispute.evidence"].browse(opened)

    def hand_in(self, evidence):
        evidence.action_hand_in()
        self.send(evidence)
        self.tell()

    def test_the_chargeback_takes_evidence_of_its_own(self):
        self.tell()
        self.fetch()
        there = self.sim.open_dispute(self.placed, inquiry=True, days=3650)
        self.tell()
        first = self.evidence()
        first.explanation = "It was delivered."
        self.hand_in(first)
        self.assertEqual((first.state, there.submissions), ("sent", 1))
        self.assertEqual((self.disputes().state, self.evidence()), ("under_review", first))
        self.sim.escalate(there, days=3660)
        self.tell()
        second = self.evidence()
        self.assertEqual((first.for_inquiry, first.state), (True, "sent"))
        self.assertEqual((second.state, second.explanation), ("draft", "It was delivered."))
        self.assertNotEqual(second, first)
        self.hand_in(second)
        self.assertEqual((second.state, there.submissions), ("sent", 2))
        self.assertIn(second.key, there.evidence["uncategorizedText"])
        self.assertEqual((self.disputes().state, self.evidence()), ("under_review", second))
        self.assertFalse(self.exceptions("dispute_opened"))
