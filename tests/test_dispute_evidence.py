# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Evidence for a dispute is collected here and handed in once (S1, R18, ADR 0015, ADR 0057)."""

import base64
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo import fields
from odoo.exceptions import UserError

from ..connectors.base import HttpAnswer
from ..engine.errors import TransientError
from ..models.messaging import sent_once
from ..simulators.stripe.api import StripeApi
from .common import ANNA, IntegrationCommon

KEY = "sk_test_key_0123456789"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


class TestDisputeEvidence(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.api = StripeApi(self.stripe, KEY)
        self._secret(self.stripe_connection, "api", KEY)
        self.invoice = self.issue("P-1001")
        self.env["ir.attachment"].create(
            {"name": "P-1001.pdf", "raw": PDF, "res_model": "account.move", "res_id": self.invoice.id}
        )
        self.invoice.message_post(
            body="Delivered as agreed.", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        charge = self.stripe.charge(
            115000, "usd", settled=True, metadata={"invoice_number": "P-1001"}, name=ANNA.name
        )
        self.send_stripe()
        told = self.stripe.open_dispute(charge["id"])
        self.send_stripe()
        self.pull_stripe()
        self.dispute = self.env["integration.dispute"].search([("dispute_id", "=", told["id"])])
        self.dispute.sudo().evidence_due = fields.Datetime.now() + timedelta(days=3)
        self.asked, self.lose = [], set()
        self.startPatcher(
            patch.object(sent_once, "in_own_transaction", lambda _registry, what: what(self.root))
        )
        self.startPatcher(patch.object(sent_once.http_client, "send", self.call))

    def call(self, request, _allowed_hosts=(), _max_bytes=None, _total=None):
        parts = urlsplit(request.url)
        self.asked.append((request.method, parts.hostname, parts.path))
        if "before" in self.lose:
            raise TransientError("destination_unavailable")
        answer = self.api.handle(request.method, parts.path, parts.query, request.headers, request.body)
        submits = request.method == "POST" and parts.path.startswith("/v1/disputes/")
        if "after" in self.lose and submits:
            raise TransientError("destination_timeout")
        if "garbage" in self.lose and submits:
            return HttpAnswer(200, {}, b'{"object": "something else", "id": 7}')
        return HttpAnswer(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body
        )

    def evidence(self):
        return self.env["integration.dispute.evidence"].browse(self.dispute.action_evidence()["res_id"])

    def send(self, evidence):
        self.root["integration.dispute.evidence"].browse(evidence.id).due_at = False
        self.root["integration.dispute.evidence"].browse(evidence.id)._send()
        self.env.invalidate_all()

    def submissions(self):
        return self.stripe.disputes[self.dispute.dispute_id]["evidence_details"]["submission_count"]

    def test_it_is_collected_and_handed_in_once(self):
        evidence = self.evidence()
        self.assertEqual(self.evidence(), evidence)  # the same one again
        self.assertEqual((evidence.customer_name, evidence.customer_email), (ANNA.name, ANNA.email))
        self.assertIn("Advice", evidence.product)
        self.assertIn("Delivered as agreed.", evidence.explanation)
        self.assertEqual(base64.b64decode(evidence.file_ids.content), PDF)
        evidence.action_hand_in()
        with self.assertRaises(UserError):
            evidence.action_hand_in()
        with self.assertRaises(UserError):
            evidence.explanation = "Something else"
        with self.assertRaises(UserError):
            evidence.file_ids.file_name = "other.pdf"
        with self.assertRaises(UserError):
            evidence.unlink()
        self.send(evidence)
        self.send(evidence)
        self.assertEqual((evidence.state, self.submissions()), ("sent", 1))
        self.assertEqual(
            self.asked,
            [
                ("POST", "files.stripe.com", "/v1/files"),
                ("POST", "api.stripe.com", f"/v1/disputes/{self.dispute.dispute_id}"),
            ],
        )
        held = self.stripe.disputes[self.dispute.dispute_id]["evidence"]
        self.assertEqual((held["customer_name"], held["receipt"]), (ANNA.name, evidence.file_ids.outside_id))
        self.assertEqual(self.stripe.files[held["receipt"]]["size"], len(PDF))
        self.send_stripe()
        self.assertEqual((self.dispute.state, self.dispute.evidence_given), ("under_review", True))
        self.assertFalse(self.dispute.can_answer)

    def lost(self, way):
        evidence = self.evidence()
        evidence.action_hand_in()
        self.lose = {way}
        self.send(evidence)
        self.assertEqual((evidence.state, self.submissions()), ("unknown", 1))
        self.lose, self.asked = set(), []
        self.send(evidence)
        self.assertEqual((evidence.state, self.submissions()), ("sent", 1))
        self.assertEqual([method for method, _host, _path in self.asked], ["GET"])

    def test_a_lost_answer_is_asked_for_and_nothing_is_handed_in_twice(self):
        self.lost("after")

    def test_an_answer_that_nobody_can_read_is_asked_for(self):
        self.lost("garbage")

    def test_a_question_that_is_refused_says_nothing_of_what_was_sent(self):
        evidence = self.evidence()
        evidence.action_hand_in()
        self.lose = {"after"}
        self.send(evidence)
        held = self.stripe.disputes.pop(self.dispute.dispute_id)  # the question is answered with 404
        self.lose = set()
        self.send(evidence)
        self.assertEqual((evidence.state, evidence.tries), ("unknown", 2))
        self.stripe.disputes[self.dispute.dispute_id] = held
        self.send(evidence)
        self.assertEqual((evidence.state, self.submissions()), ("sent", 1))

    def test_what_did_not_go_out_is_sent_again(self):
        evidence = self.evidence()
        evidence.action_hand_in()
        self.lose = {"before"}
        self.send(evidence)
        self.assertEqual((evidence.state, self.submissions()), ("to_send", 0))
        self.lose = set()
        self.send(evidence)
        self.assertEqual((evidence.state, self.submissions()), ("sent", 1))

    def test_refused_it_is_told_and_can_be_collected_anew(self):
        evidence = self.evidence()
        evidence.action_hand_in()
        self.stripe.disputes[self.dispute.dispute_id]["status"] = "lost"
        self.send(evidence)
        self.assertEqual((evidence.state, self.submissions()), ("refused", 0))
        self.assertEqual(len(self.exceptions("evidence_not_given")), 1)
        again = self.evidence()
        self.assertNotEqual(again, evidence)
        self.assertEqual(again.state, "draft")

    def test_what_cannot_be_handed_in(self):
        evidence = self.evidence()
        self.dispute.sudo().evidence_due = fields.Datetime.now() - timedelta(minutes=1)
        with self.assertRaises(UserError):
            evidence.action_hand_in()
        self.dispute.sudo().write(
            {"evidence_due": fields.Datetime.now() + timedelta(days=1), "state": "under_review"}
        )
        with self.assertRaises(UserError):
            evidence.action_hand_in()
        self.dispute.sudo().state = "needs_response"
        evidence.write(
            {"customer_name": False, "customer_email": False, "product": False, "explanation": False}
        )
        evidence.file_ids.unlink()
        with self.assertRaises(UserError):
            evidence.action_hand_in()
        self.assertEqual((evidence.state, self.asked), ("draft", []))

    def test_a_file_that_is_none_of_evidence_is_refused_before_it_is_sent(self):
        evidence = self.evidence()
        evidence.file_ids.content = base64.b64encode(b"just text")
        evidence.action_hand_in()
        self.send(evidence)
        self.assertEqual((evidence.state, self.asked, self.submissions()), ("refused", [], 0))
