# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the tests of the inbound routes share: correctly signed requests of the partner, and what refusals look like."""

import json
import time
from unittest.mock import patch

from odoo.tests import HttpCase

from ..controllers import reading, webhook
from ..simulators.partner import documents
from ..simulators.partner.signing import PartnerSigner
from ..simulators.sending import Event
from .common import ANNA, PARTNER_SECRET, IntegrationCommon

JSON = "application/json"


class SignedRequests(IntegrationCommon, HttpCase):
    """A partner that sends to its address over HTTP."""

    def setUp(self):
        super().setUp()
        reading._buckets.clear()
        webhook._refusals.clear()
        self.endpoint = self.partner_connection.endpoint_ids
        self.signer = PartnerSigner(PARTNER_SECRET)
        # What a route does after its commit runs on cursors of its own and is tested with real processes.
        self.rung = self.startPatcher(patch("odoo.addons.finance_integration.controllers.webhook.ring_lanes"))

    def invoice_event(self, number, amount="100.00", currency="USD"):
        """Return the event with which the partner tells of an invoice of one line."""
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal(amount))
        document = documents.invoice(number, ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        return documents.as_event("routes", "invoice.issued", {**document, "currency": currency})

    def post(self, path, body, event_id, *, media_type=JSON, signer=None, shift_seconds=0, **headers):
        """Send signed bytes; ``headers`` replace or (None) remove those of a correct request."""
        signed = (signer or self.signer).headers(Event(event_id, "", body), int(time.time()) + shift_seconds)
        sent = {"Content-Type": media_type, **signed}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value is not None}
        return self.url_open(path, data=body, headers=sent, method="POST")

    def send_event(self, event, **options):
        return self.post(f"/integration/v1/in/{self.endpoint.key}", event.body, event.id, **options)

    def stored(self):
        self.env.invalidate_all()
        return self.env["integration.message"].search(
            [("connection_id", "=", self.partner_connection.id), ("direction", "=", "in")], order="id"
        )

    def assert_refused(self, answer, status, code):
        """The answer is a problem document that says why and shows nothing of the inside."""
        self.assertEqual(answer.status_code, status, answer.text)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        problem = answer.json()
        self.assertEqual((problem["status"], problem["code"]), (status, code))
        self.assertTrue(problem["title"] and problem["detail"] and problem["correlation_id"])
        self.assertNotIn("Traceback", answer.text)


def dump(content):
    return json.dumps(content).encode()
