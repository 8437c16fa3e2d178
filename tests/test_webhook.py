# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The inbound route answers by its rules, stores what it accepts and counts what it refuses (E1, E2, E7, C3)."""

import json
import time
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ..controllers import reading, webhook
from ..simulators.partner import documents
from ..simulators.partner.signing import PartnerSigner, make_secret
from ..simulators.sending import Event
from .common import ANNA, PARTNER_SECRET, IntegrationCommon

JSON = "application/json"
HOUR_SECONDS = 3600


@tagged("post_install", "-at_install")
class TestWebhook(IntegrationCommon, HttpCase):
    def setUp(self):
        super().setUp()
        reading._buckets.clear()
        webhook._refusals.clear()
        self.startPatcher(patch.object(webhook, "REFUSALS_WRITTEN_EVERY_SECONDS", HOUR_SECONDS))
        self.endpoint = self.partner_connection.endpoint_ids
        self.signer = PartnerSigner(PARTNER_SECRET)
        self.number = 0
        # What the route does after its commit runs on cursors of its own and is tested with real processes.
        self.rung = self.startPatcher(patch.object(webhook, "ring_lanes"))

    def event(self, **changes):
        """Return the next invoice of the partner, with changed top-level fields (None = left out)."""
        self.number += 1
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"))
        document = documents.invoice(
            f"W-{self.number}", ANNA, [line], self.clock.now, due_date=self.clock.now.date()
        )
        event = documents.as_event("webhook", "invoice.issued", document)
        if not changes:
            return event
        body = {
            name: value for name, value in {**json.loads(event.body), **changes}.items() if value is not None
        }
        return Event(event.id, event.type, json.dumps(body).encode())

    def send(self, event, *, shift_seconds=0, signer=None, key=None, method="POST", **headers):
        """Send one event; ``headers`` replace or (None) remove those of a correct request."""
        signed = (signer or self.signer).headers(event, int(time.time()) + shift_seconds)
        sent = {
            "Content-Type": JSON,
            **signed,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.url_open(
            f"/integration/v1/in/{key or self.endpoint.key}",
            data=event.body,
            headers={name: value for name, value in sent.items() if value is not None},
            method=method,
        )

    def stored(self):
        self.env.invalidate_all()
        return self.env["integration.message"].search(
            [("connection_id", "=", self.partner_connection.id)], order="id"
        )

    def assert_refused(self, answer, status, code):
        """The answer is a problem document that says why and shows nothing of the inside."""
        self.assertEqual(answer.status_code, status, answer.text)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        problem = answer.json()
        self.assertEqual((problem["status"], problem["code"]), (status, code))
        self.assertTrue(problem["title"] and problem["detail"] and problem["correlation_id"])
        self.assertNotIn("Traceback", answer.text)

    def assert_counted(self, count, code):
        self.env.invalidate_all()
        self.assertEqual((self.endpoint.refused_count, self.endpoint.last_refusal), (count, code))

    # -- what is accepted ------------------------------------------------------------------------------------

    def test_an_event_is_stored_as_it_came_and_answered_with_its_verdict(self):
        event = self.event()
        answer = self.send(event, X_Correlation_Id="order-77")
        self.assertEqual(answer.status_code, 200)
        message = self.stored()
        self.assertEqual(len(message), 1)
        self.assertEqual(
            answer.json(), {"status": "new", "message": message.id, "correlation_id": "order-77"}
        )
        self.assertEqual(answer.headers["X-Correlation-Id"], "order-77")
        self.assertEqual((message.stage, message.status, message.event_id), ("received", "ready", event.id))
        self.assertEqual(message.correlation_id, "order-77")
        payload = self.env["integration.payload"]
        self.assertEqual(payload._raw_by_message(message.ids), {message.id: event.body})
        kept = payload.sudo().search([("message_id", "=", message.id)]).headers
        self.assertEqual(set(kept), {"webhook-id", "webhook-timestamp", "webhook-signature"})
        self.assertEqual(self.endpoint.refused_count, 0)

    def test_a_repeated_delivery_is_a_duplicate(self):
        event = self.event()
        verdicts = [self.send(event).json() for _delivery in range(3)]
        self.assertEqual([verdict["status"] for verdict in verdicts], ["new", "duplicate", "duplicate"])
        self.assertEqual({verdict["message"] for verdict in verdicts}, {self.stored().id})

    def test_another_content_under_a_known_id_is_a_conflict_and_kept(self):
        event = self.event()
        self.send(event)
        other = Event(event.id, event.type, self.event().body)
        verdicts = [self.send(other).json()["status"] for _delivery in range(2)]
        self.assertEqual(verdicts, ["conflict", "conflict"])
        self.assertEqual(self.stored().mapped("status"), ["ready", "parked"])
        self.assertEqual(self.exceptions().mapped("code"), ["event_id_conflict"])

    def test_an_unknown_event_type_is_kept_for_a_person(self):
        self.assertEqual(self.send(self.event(type="moon.landed")).json()["status"], "new")
        self.drain(self.partner_connection)
        message = self.stored()
        self.assertEqual((message.status, message.error_code), ("parked", "unknown_event_type"))
        self.assertEqual(message.exception_id.state, "open")

    def test_a_trace_id_becomes_the_correlation_id(self):
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        answer = self.send(self.event(), traceparent=f"00-{trace}-00f067aa0ba902b7-01")
        self.assertEqual(answer.json()["correlation_id"], trace)
        made = self.send(self.event(), X_Correlation_Id="no blanks allowed").json()["correlation_id"]
        self.assertRegex(made, r"\A[0-9a-f]{32}\Z")

    def test_both_secrets_are_valid_during_a_rotation(self):
        new = make_secret("the next one")
        self._secret(self.partner_connection, "inbound_signature", new)
        self.assertEqual(self.send(self.event()).status_code, 200)
        self.assertEqual(self.send(self.event(), signer=PartnerSigner(new)).status_code, 200)

    # -- what is refused -------------------------------------------------------------------------------------

    def test_signatures_that_do_not_hold(self):
        event = self.event()
        other = PartnerSigner(make_secret("somebody else"))
        self.assert_refused(self.send(event, signer=other), 401, "signature_invalid")
        self.assert_refused(self.send(event, webhook_signature=None), 401, "signature_missing")
        self.assert_refused(self.send(event, webhook_id="another"), 401, "signature_invalid")
        self.assert_refused(self.send(event, shift_seconds=-3600), 401, "signature_stale")
        self.assert_refused(self.send(event, shift_seconds=3600), 401, "signature_future")
        twice = self.signer.headers(event, int(time.time()))["webhook-signature"]
        self.assert_refused(self.send(event, webhook_signature=f"{twice},{twice}"), 401, "signature_invalid")
        self.assertFalse(self.stored())
        self.assert_counted(4, "signature_future")  # each reason at once, two repetitions later
        webhook._refusals.update(
            {key: (count, at - 2 * HOUR_SECONDS) for key, (count, at) in webhook._refusals.items()}
        )
        self.send(event, signer=other)
        self.assert_counted(7, "signature_invalid")
        codes = {"signature_invalid", "signature_missing", "signature_stale", "signature_future"}
        self.assertEqual(set(self.exceptions().mapped("code")), codes)

    def test_bodies_that_are_no_event(self):
        for body, code in (
            (b"hello", "invalid_json"),
            (b"[1, 2]", "schema_violation"),
            (b'{"type": "x", "type": "y"}', "duplicate_key"),
            (b'{"a": NaN}', "invalid_json"),
            (b'{"a": "\\u0000"}', "invalid_json"),
            (b'{"a": "\xff"}', "invalid_json"),
            (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
            (b'{"a": 1e999999}', "number_out_of_range"),
        ):
            with self.subTest(body=body[:30]):
                self.assert_refused(self.send(Event("bad", "", body)), 400, code)
        self.assert_refused(self.send(self.event(timestamp="yesterday")), 400, "date_invalid")
        self.assert_refused(self.send(self.event(type=None)), 400, "schema_violation")
        self.assertFalse(self.stored())
        self.assertFalse(self.exceptions(), "a body that cannot be read is the sender's affair")

    def test_requests_that_are_not_as_agreed(self):
        event = self.event()
        self.assert_refused(self.send(event, Content_Type="text/xml"), 415, "media_type")
        self.assert_refused(self.send(event, Content_Encoding="gzip"), 415, "content_encoding")
        self.assert_refused(self.send(Event("empty", "", b"")), 400, "body_empty")
        self.assert_refused(self.send(Event("big", "", b"x" * 1_000_001)), 413, "body_too_large")
        self.assert_counted(4, "body_too_large")
        self.assertEqual(self.send(event, method="GET").status_code, 405)
        self.assertEqual(self.send(event, method="PUT").status_code, 405)
        self.assertFalse(self.stored())

    def test_a_body_without_a_length_is_refused(self):
        event = self.event()
        headers = {"Content-Type": JSON, **self.signer.headers(event, int(time.time()))}
        answer = self.url_open(
            f"/integration/v1/in/{self.endpoint.key}", data=iter([event.body]), headers=headers, method="POST"
        )
        self.assert_refused(answer, 411, "length_required")
        self.assertFalse(self.stored())

    def test_unknown_and_disabled_addresses_answer_alike(self):
        event = self.event()
        unknown = self.send(event, key="nobody-knows-this")
        for key in ("a%00b", "%ff%fe", "x" * 3000, "'%20OR%201=1--"):
            self.assert_refused(self.send(event, key=key), 404, "unknown_address")
        self.endpoint.active = False
        self.env.flush_all()
        disabled = self.send(event)
        for answer in (unknown, disabled):
            self.assert_refused(answer, 404, "unknown_address")
        self.assertEqual(unknown.json()["detail"], disabled.json()["detail"])

    def test_a_flood_is_slowed_down(self):
        event = self.event()
        with patch.object(reading._buckets, "take", return_value=2_500_000_000):
            answer = self.send(event)
        self.assert_refused(answer, 429, "rate_limited")
        self.assertEqual(answer.headers["Retry-After"], "3")
        self.assertFalse(self.stored())

    def test_an_odd_version_is_kept_and_stops_visibly(self):
        content = json.loads(self.event().body)["data"]
        content["source"]["version"] = 10**30
        self.assertEqual(self.send(self.event(data=content)).status_code, 200)
        self.drain(self.partner_connection)
        message = self.stored()
        self.assertEqual(
            (message.status, message.error_code, message.version), ("parked", "schema_violation", 0)
        )
