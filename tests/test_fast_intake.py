# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The short way in answers the plain case and hands on everything else, with nothing taken away (E1, E2, E7, C3)."""

import io
import json
import time
from unittest.mock import patch

import psycopg2

from odoo import http
from odoo.tests import tagged

from ..controllers import fast_intake, reading
from ..controllers.fast_intake import FastIntake
from ..models.messaging.inbox_connection import STORE
from ..simulators.partner import documents
from ..simulators.partner.signing import PartnerSigner
from ..simulators.sending import Event
from .common import ANNA, PARTNER_SECRET, IntegrationCommon


class Odoo:
    """Stands for the normal route: keeps what is handed on to it."""

    def __init__(self):
        self.asked = []

    def __call__(self, environ, start_response):
        self.asked.append((environ["wsgi.input"].read(), environ.get(reading.ADMITTED)))
        start_response("418 Normal route", [])
        return [b"normal"]


@tagged("post_install", "-at_install")
class TestFastIntake(IntegrationCommon):
    def setUp(self):
        super().setUp()
        reading._buckets.clear()
        self.odoo = Odoo()
        self.intake = FastIntake(self.odoo)
        self.endpoint = self.partner_connection.endpoint_ids
        self.startPatcher(patch.object(fast_intake, "_database", lambda: self.env.cr.dbname))
        self.startPatcher(patch.object(fast_intake, "_look_up", self.look_up))
        self.rung = self.startPatcher(patch.object(fast_intake, "ring_lanes"))
        self.stored = []
        self.startPatcher(patch.object(fast_intake, "store_at_once", self.store))
        self.looked_up = 0
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"))
        document = documents.invoice("F-1", ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        self.sign(documents.as_event("webhook", "invoice.issued", document))

    def sign(self, event):
        self.body = event.body
        self.headers = PartnerSigner(PARTNER_SECRET).headers(event, int(time.time()))

    def look_up(self, database, key):
        self.assertEqual(database, self.env.cr.dbname)
        self.looked_up += 1
        return self.env["integration.endpoint"]._address_facts(key)

    def store(self, database, values):
        self.stored.append(values)
        return 4711

    def send(self, body=None, method="POST", path=None, **environ):
        """Return (status line, headers, body) of the answer."""
        body = self.body if body is None else body
        whole = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path or self.endpoint.path,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        for name, value in self.headers.items():
            if name.lower() != "content-type":
                whole["HTTP_" + name.upper().replace("-", "_")] = value
        answered = []
        chunks = self.intake(
            whole | environ, lambda status, headers: answered.append((status, dict(headers)))
        )
        return (*answered[0], b"".join(chunks))

    def assert_handed_on(self, answer, body=None):
        self.assertEqual(answer[0], "418 Normal route")
        self.assertEqual([asked[0] for asked in self.odoo.asked], [self.body if body is None else body])

    def test_a_new_event_is_stored_and_acknowledged(self):
        status, headers, body = self.send(HTTP_X_CORRELATION_ID="order-17")
        self.assertEqual(status, "200 OK")
        self.assertEqual(json.loads(body), {"status": "new", "message": 4711, "correlation_id": "order-17"})
        self.assertEqual(headers["Content-Length"], str(len(body)))
        self.assertEqual(headers["X-Correlation-Id"], "order-17")
        self.assertEqual(self.odoo.asked, [])
        (values,) = self.stored
        self.assertEqual(values[:3], (self.company.id, self.partner_connection.id, self.endpoint.id))
        share, stored = values[-3:-1]
        self.assertEqual(self.env["integration.payload"]._opened(stored, share), self.body)
        self.assertNotIn(self.body[:40], stored)
        self.assertEqual(self.rung.call_args.args[1], (self.partner_connection.flow_ids.lane_id.id,))

    def test_its_statement_is_the_one_of_the_normal_route(self):
        """What it would store is taken by the database, and is the event that the normal route stores."""
        self.send()
        self.env.cr.execute(STORE, self.stored[0])
        message = self.env["integration.message"].browse(self.env.cr.fetchone()[0])
        self.assertEqual(message.event_type, "invoice.issued")
        self.assertEqual((message.stage, message.status, message.origin), ("received", "ready", "push"))

    def test_a_known_event_is_handed_on(self):
        self.startPatcher(patch.object(fast_intake, "store_at_once", lambda *_args: None))
        self.assert_handed_on(self.send())
        self.assertTrue(self.odoo.asked[0][1], "it must not be counted against the rate twice")
        self.assertFalse(self.rung.called)

    def test_what_is_no_plain_case_is_handed_on_whole_and_not_stored(self):
        cases = {
            "wrong signature": {"HTTP_WEBHOOK_SIGNATURE": "v1,AAAA"},
            "no signature": {"HTTP_WEBHOOK_SIGNATURE": ""},
            "stale": {"HTTP_WEBHOOK_TIMESTAMP": "1000000000"},
            "form": {"CONTENT_TYPE": "application/x-www-form-urlencoded"},
            "encoded": {"HTTP_CONTENT_ENCODING": "gzip"},
            "no length": {"CONTENT_LENGTH": ""},
            "garbled length": {"CONTENT_LENGTH": "12,13"},
            "too long": {"CONTENT_LENGTH": "99999999"},
            "truncated": {"CONTENT_LENGTH": str(len(self.body) + 1)},
            "unknown address": {"path": self.endpoint.path + "x"},
            "strange address": {"path": self.endpoint.path + "/../x"},
            "another method": {"method": "PUT"},
            "another page": {"path": "/web/login"},
        }
        for name, changes in cases.items():
            with self.subTest(name):
                self.odoo.asked.clear()
                self.assert_handed_on(self.send(**changes))
        self.assertEqual(self.stored, [])

    def test_a_signed_text_that_is_no_event_is_handed_on(self):
        for body in (b"[]", b"{", b'{"a": 1, "a": 2}', b"\xff"):
            with self.subTest(body):
                self.odoo.asked.clear()
                self.sign(Event("evt_1", "invoice.issued", body))
                self.assert_handed_on(self.send())
        self.assertEqual(self.stored, [])

    def test_a_sender_that_falls_silent_is_handed_on_as_truncated(self):
        class Silent:
            def read(self, _count):  # pylint: disable=method-required-super
                raise TimeoutError

        answer = self.send(**{"wsgi.input": Silent()})
        self.assert_handed_on(answer, b"")

    def test_a_database_that_refuses_is_left_to_the_normal_route(self):
        def refuse(*_args):
            raise psycopg2.ProgrammingError("changed")

        self.startPatcher(patch.object(fast_intake, "store_at_once", refuse))
        self.assert_handed_on(self.send())

    def test_while_the_database_is_away_senders_are_asked_to_come_back(self):
        """Odoo itself would answer 404: it knows no address then."""
        for name in ("store_at_once", "_look_up"):
            for error in (psycopg2.OperationalError("gone"), psycopg2.InterfaceError("closed")):
                with self.subTest(name=name, error=type(error).__name__):
                    self.intake._facts.clear()
                    with patch.object(fast_intake, name, side_effect=error):
                        status, headers, body = self.send()
                    self.assertEqual(status, "503 Service Unavailable")
                    self.assertEqual(headers["Retry-After"], "5")
                    self.assertEqual(headers["Content-Type"], "application/problem+json")
                    self.assertEqual(json.loads(body)["code"], "temporarily_unavailable")
        self.assertEqual((self.odoo.asked, self.stored), ([], []))

    def test_a_flood_is_left_to_the_normal_route(self):
        with patch.object(reading._buckets, "take", return_value=2_500_000_000):
            self.assert_handed_on(self.send())
        self.assertEqual(self.stored, [])
        self.assertIsNone(self.odoo.asked[0][1])

    def test_facts_are_looked_up_again_after_a_second(self):
        now = [1000.0]
        with patch.object(fast_intake.time, "monotonic", lambda: now[0]):
            self.send()
            self.send()
            self.assertEqual((self.looked_up, len(self.stored)), (1, 2))
            self.endpoint.active = False
            now[0] += fast_intake.FACTS_SECONDS + 0.01
            self.assert_handed_on(self.send())
        self.assertEqual((self.looked_up, len(self.stored)), (2, 2))

    def test_it_is_put_in_front_once_and_is_odoo_to_everybody_else(self):
        with patch.object(http, "root", http.root):
            inner = http.root
            fast_intake.install()
            fast_intake.install()
            self.assertIsInstance(http.root, FastIntake)
            self.assertIs(http.root._application, inner)
            self.assertIs(http.root.session_store, inner.session_store)
