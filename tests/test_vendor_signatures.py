# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Signatures of other vendors at both ways in: public addresses, fetched certificates, no weaker scheme (C3)."""

import io
import json
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..connectors.base import HttpAnswer
from ..controllers import fast_intake, reading
from ..controllers.fast_intake import FastIntake
from ..engine.errors import AuthorizationError, TransientError
from ..engine.signatures import get_scheme
from ..models.messaging import certificates, fetched
from ..simulators.paypal.signing import DEFAULT_URL, Authority
from .common import STRIPE_SECRET, IntegrationCommon

BODY = json.dumps(
    {
        "id": "evt_vendor_1",
        "object": "event",
        "type": "customer.created",
        "created": 1772452800,
        "livemode": False,
        "data": {"object": {"id": "cus_1", "object": "customer"}},
    }
).encode()


@tagged("post_install", "-at_install")
class TestVendorSignatures(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = Authority()
        cls.endpoint = cls.stripe_connection.endpoint_ids
        cls.webhook_credential = cls.stripe_connection.credential_ids.filtered(
            lambda row: row.purpose == "inbound_signature"
        )

    def setUp(self):
        super().setUp()
        reading._buckets.clear()
        fetched.forget()
        self.addCleanup(fetched.forget)
        self.scheme = "hubspot_v3"
        self.handed_on, self.stored, self.calls = [], [], []
        self.intake = FastIntake(self.hand_on)
        self.startPatcher(patch.object(fast_intake, "_database", lambda: self.env.cr.dbname))
        self.startPatcher(patch.object(fast_intake, "_look_up", lambda *_address: self.facts()))
        self.startPatcher(patch.object(fast_intake, "ring_lanes"))
        self.startPatcher(patch.object(fast_intake, "store_at_once", self.store))
        self.startPatcher(patch.object(certificates.http_client, "send", self.call))
        self.answer = HttpAnswer(200, {}, self.authority.chain_pem)

    def facts(self):
        """Return what is known of the address, as if its connector named the scheme of this test."""
        return self.env["integration.endpoint"]._address_facts(self.endpoint.key) | {"scheme": self.scheme}

    def hand_on(self, _environ, start_response):
        self.handed_on.append(True)
        start_response("418 Normal route", [])
        return [b""]

    def store(self, _database, values):
        self.stored.append(values)
        return 4711

    def call(self, request, allowed_hosts=(), max_bytes=None, total_seconds=None):
        self.calls.append((request.url, allowed_hosts, max_bytes, total_seconds))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def environ(self, headers, **changes):
        whole = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": self.endpoint.path,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(BODY)),
            "HTTP_HOST": "odoo.internal:8069",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(BODY),
        }
        whole |= {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()}
        return whole | changes

    def send(self, headers, **changes):
        """Send by the short way in; returns the status that it answered."""
        answered = []
        list(self.intake(self.environ(headers, **changes), lambda status, _headers: answered.append(status)))
        return answered[0]

    def verify(self, headers, ended=None, **changes):
        """Verify as the normal route does."""
        environ = self.environ(headers, **changes)
        before = (lambda: ended.append(True)) if ended is not None else None
        return reading.verify(self.facts(), BODY, reading.headers_of(environ), environ, before)

    def refused(self, headers, **changes):
        with self.assertRaises(reading.RefusedRequestError) as caught:
            self.verify(headers, **changes)
        return caught.exception.response[0], caught.exception.code

    # -- the address is signed -----------------------------------------------------------------------------

    def hubspot(self, url, now=None):
        now = now or datetime.now(timezone.utc)
        return get_scheme("hubspot_v3").sign(BODY, STRIPE_SECRET, now, "x", url)

    def test_the_public_address_counts_whatever_the_proxy_tells(self):
        headers = self.hubspot(self.endpoint.url)
        self.assertEqual(self.send(headers), "200 OK")
        self.assertEqual(len(self.stored), 1)
        self.assertEqual(self.verify(headers).secret_id, str(self.webhook_credential.id))
        with_query = self.hubspot(f"{self.endpoint.url}?src=a%20b")
        self.assertEqual(self.send(with_query, QUERY_STRING="src=a%20b"), "200 OK")
        self.assertEqual(self.handed_on, [])

    def test_the_address_as_received_counts_too_and_no_other(self):
        path = self.endpoint.path
        self.assertEqual(self.send(self.hubspot(f"http://odoo.internal:8069{path}")), "200 OK")
        self.stored.clear()
        for url in (f"https://evil.example{path}", f"{self.endpoint.url}?x=1", ""):
            self.assertEqual(self.send(self.hubspot(url)), "418 Normal route")
            self.assertEqual(self.refused(self.hubspot(url)), (401, "signature_invalid"))
        forwarded = {"HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_X_FORWARDED_PROTO": "https"}
        self.assertEqual(self.refused(self.hubspot(f"https://evil.example{path}"), **forwarded)[0], 401)
        with patch.dict(reading.config.options, {"proxy_mode": True}):
            self.assertTrue(self.verify(self.hubspot(f"https://evil.example{path}"), **forwarded))
        self.assertEqual(self.stored, [])

    def test_an_old_request_is_refused_by_both_ways(self):
        old = self.hubspot(self.endpoint.url, datetime.now(timezone.utc) - timedelta(seconds=301))
        self.assertEqual(self.send(old), "418 Normal route")
        self.assertEqual(self.refused(old), (401, "signature_stale"))
        self.assertEqual(self.stored, [])

    # -- the certificate is fetched ------------------------------------------------------------------------

    def paypal(self, **changes):
        self.scheme = "paypal"
        self.webhook_credential.value = self.authority.secret("WH1")
        self.env.invalidate_all()
        return self.authority.sign(BODY, "WH1", datetime.now(timezone.utc), **changes)

    def test_the_certificate_is_fetched_once_with_no_transaction_open(self):
        headers, ended = self.paypal(), []
        self.assertTrue(self.verify(headers, ended))
        self.assertEqual((ended, len(self.calls)), ([True], 1))
        self.assertEqual(self.calls[0], (DEFAULT_URL, (), 65_536, 10))
        self.assertEqual(self.send(headers), "200 OK")
        self.assertEqual((len(self.calls), len(self.stored)), (1, 1))

    def test_nothing_is_fetched_for_a_request_that_is_refused_anyway(self):
        for changes in (
            {"url": "https://api.sandbox.paypal.com.evil.example/v1/notifications/certs/CERT-1"},
            {"url": "https://169.254.169.254/v1/notifications/certs/CERT-1"},
        ):
            self.assertEqual(self.refused(self.paypal(**changes)), (401, "signature_malformed"))
        missing = {name: value for name, value in self.paypal().items() if not name.endswith("SIG")}
        self.assertEqual(self.refused(missing), (401, "signature_missing"))
        self.assertEqual(self.send(missing), "418 Normal route")
        self.assertEqual((self.calls, self.stored), ([], []))

    def test_a_certificate_that_cannot_be_had_is_not_the_senders_fault(self):
        headers = self.paypal()
        for answer in (
            TransientError("destination_timeout", params={"host": "api.sandbox.paypal.com"}),
            HttpAnswer(500, {}, b""),
            HttpAnswer(200, {}, b"<html>maintenance</html>"),
            HttpAnswer(200, {}, self.authority.chain_pem, cut_off=True),
        ):
            fetched.forget()
            self.answer = answer
            self.assertEqual(self.refused(headers)[0], 503)
            self.assertEqual(self.send(headers), "418 Normal route")
        self.assertEqual(len(self.calls), 4, "a failure is remembered for a moment")
        self.assertEqual(self.stored, [])

    def test_an_address_that_leads_inside_is_refused(self):
        self.answer = AuthorizationError("address_forbidden", params={"host": "api.sandbox.paypal.com"})
        self.assertEqual(self.refused(self.paypal()), (401, "address_forbidden"))

    def test_a_certificate_of_somebody_else_is_refused(self):
        headers = self.paypal()
        self.answer = HttpAnswer(200, {}, Authority().chain_pem)
        self.assertEqual(self.refused(headers), (401, "signature_invalid"))
        self.assertEqual(self.stored, [])

    # -- which scheme --------------------------------------------------------------------------------------

    def test_passwords_and_proxy_tokens_are_verified_and_never_kept(self):
        for scheme, secret, headers in (
            ("basic", "hub:secret", get_scheme("basic").sign(BODY, "hub:secret", self.clock.now, "x")),
            ("shopify", "shpss_1", get_scheme("shopify").sign(BODY, "shpss_1", self.clock.now, "x")),
        ):
            self.scheme = scheme
            self.webhook_credential.value = secret
            self.env.invalidate_all()
            self.intake = FastIntake(self.hand_on)  # which knows nothing of the secret before
            self.assertEqual(self.send(headers), "200 OK")
            self.assertTrue(self.verify(headers))
        kept = [json.loads(values[-1]) for values in self.stored]
        self.assertEqual([sorted(each) for each in kept], [[], ["x-shopify-hmac-sha256"]])

    def test_a_connection_takes_no_weaker_scheme_than_its_connector(self):
        for scheme in ("basic", "client_certificate", "shopify", "standard_webhooks_v1"):
            with self.assertRaises(ValidationError):
                self.endpoint.scheme = scheme
        self.partner_connection.endpoint_ids.scheme = "standard_webhooks_v1a"
