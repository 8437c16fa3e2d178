# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Disputes of Shopify Payments: told with their day, tied to order and money, answered once (S3, R18, ADR 0068)."""

import base64
import json
from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged

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
