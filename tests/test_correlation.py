# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One id from the caller to the books, the log, the job and whoever is called next, and back with one click (A3)."""

from contextlib import contextmanager
from urllib.parse import urlsplit

from requests import Session

from odoo.tests import tagged

from ..connectors.base import HttpRequest
from ..engine import correlation
from ..engine.correlation import Correlation
from ..engine.trace_context import parse
from ..models.messaging import http_client, isolation
from ..simulators.local_server import LocalServer, json_reply, serving
from ..simulators.partner import documents
from ..simulators.partner.signing import make_secret
from .common import ANNA, IntegrationCommon
from .deliveries import deliver_here
from .signed_requests import SignedRequests

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
OUT_SECRET = make_secret("correlation")
send_for_real = Session.send
STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"


@tagged("post_install", "-at_install")
class TestCorrelationIn(SignedRequests):
    def events(self, value):
        """Return what the search box of events finds for an id."""
        return self.env["integration.message"].search(
            ["|", ("correlation_id", "=", value), ("trace_id", "=", value)], order="id"
        )

    def test_a_trace_is_kept_beside_the_callers_own_id(self):
        event = self.invoice_event("T-1")
        answer = self.send_event(
            event, X_Correlation_Id="order-77", traceparent=PARENT, tracestate=f"{STATE},"
        )
        self.assertEqual(answer.json()["correlation_id"], "order-77")
        self.assertEqual(answer.headers["X-Correlation-Id"], "order-77")
        message = self.stored()
        self.assertEqual((message.correlation_id, message.trace_parent), ("order-77", PARENT))
        self.assertEqual((message.trace_id, message.parent_span_id), (TRACE, "00f067aa0ba902b7"))
        self.assertEqual(message.trace_state, STATE)
        self.assertEqual(self.events("order-77"), message)
        self.assertEqual(self.events(TRACE), message)
        self.assertFalse(self.events(TRACE[:31] + "7"))
        self.assertFalse(self.events("%"))

    def test_a_trace_that_is_not_valid_is_as_none(self):
        answer = self.send_event(self.invoice_event("T-2"), traceparent=f"{PARENT}-more", tracestate=STATE)
        self.assertRegex(answer.json()["correlation_id"], r"\A[0-9a-f]{32}\Z")
        message = self.stored()
        self.assertNotEqual(message.correlation_id, TRACE)
        self.assertEqual((message.trace_parent, message.trace_state), (False, False))

    def test_a_refusal_names_the_callers_id(self):
        answer = self.send_event(self.invoice_event("T-3"), X_Correlation_Id="order-78", webhook_id="other")
        self.assert_refused(answer, 401, "signature_invalid")
        self.assertEqual(answer.json()["correlation_id"], "order-78")

    def test_the_entry_leads_to_the_event_and_back(self):
        self.send_event(self.invoice_event("T-4"), X_Correlation_Id="order-79", traceparent=PARENT)
        self.drain(self.partner_connection)
        message = self.stored()
        invoice = self.became(message, "account.move")
        self.assertEqual((invoice.state, invoice.integration_correlation_id), ("posted", "order-79"))
        for start in (invoice, *invoice.line_ids):
            action = start.action_open_integration_source()
            self.assertEqual((action["res_model"], action["res_id"]), ("integration.message", message.id))
        self.assertEqual(message.action_open_effect()["res_id"], invoice.id)
        self.assertEqual(set(message.leaf_ids.mapped("correlation_id")), {"order-79"})
        related = message.action_open_related()
        self.assertIn(message, self.env["integration.message"].search(related["domain"]))


class TestCorrelationThrough(IntegrationCommon):
    """What follows from an event carries its id: the money, the calls, the log, the jobs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._secret(cls.partner_connection, "outbound_signature", OUT_SECRET)
        cls.partner_connection.write({"delivery_url": "http://127.0.0.1:9/x", "allowed_hosts": "127.0.0.1"})

    @classmethod
    def _request_handler(cls, session, request, /, **options):
        """Let this test reach its own listener."""
        if urlsplit(request.url).hostname != "127.0.0.1":
            raise AssertionError(f"a test must not call {request.url}")
        return send_for_real(session, request, **options)

    @contextmanager
    def listening(self):
        """Run a listener on this machine that notes the headers of each call."""
        heard = []

        def answering(request):
            heard.append(request.headers)
            return json_reply(200, {})

        with serving(LocalServer(answering)) as server:
            self.partner_connection.delivery_url = f"{server.url}/events"
            yield heard

    def invoice(self, number):
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("100.00"))
        document = documents.invoice(number, ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        event = documents.as_event("trace", "invoice.issued", document)
        return event.body, {"webhook-id": event.id}

    def outgoing(self):
        return self.env["integration.message"].search([("direction", "=", "out")], order="id")

    def test_what_is_told_carries_the_callers_trace(self):
        with self.listening() as heard:
            with correlation.scope(Correlation("order-80", parse(PARENT, STATE))):
                _verdict, message = self.accept(
                    self.partner_connection, *self.invoice("T-9"), correlation_id="order-80"
                )
            self.drain(self.partner_connection)
            deliver_here(self, self.partner_connection)
        [headers] = heard
        self.assertEqual(headers["x-correlation-id"], "order-80")
        self.assertEqual(headers["tracestate"], STATE)
        child = parse(headers["traceparent"])
        self.assertEqual((child.trace_id, child.flags), (TRACE, 1))
        self.assertNotEqual(child.span_id, message.parent_span_id)
        outgoing = self.outgoing()
        self.assertEqual((outgoing.correlation_id, outgoing.status), ("order-80", "done"))
        self.assertEqual(set(outgoing.leaf_ids.mapped("correlation_id")), {"order-80"})
        found = self.env["integration.message"].search([("trace_id", "=", TRACE)], order="id")
        self.assertEqual(found, message | outgoing, "what follows from an event of a trace belongs to it")

    def test_every_entry_of_a_payment_leads_to_its_event(self):
        self.issue("P-7", tax=False)
        self.stripe.charge(100000, "usd", metadata={"invoice_number": "P-7"})
        self.stripe.charge(5000, "usd")
        messages = self.send_stripe()
        moves = self.env["account.move"].search(
            [("integration_connection_id", "=", self.stripe_connection.id)]
        )
        self.assertEqual(len(moves), 2)
        for line in moves.line_ids:
            action = line.action_open_integration_source()
            found = messages.browse(action.get("res_id")) or messages.search(action["domain"])
            self.assertTrue(found and found <= messages, line.move_id.name)
            self.assertIn(line.move_id.id, self._effects_of(found))

    def _effects_of(self, messages):
        return [move.id for message in messages for move in self.became(message, "account.move")]

    def test_an_event_that_fails_in_the_drain_logs_its_own_id(self):
        seen = []

        def broken(_connector, _event):
            seen.append(correlation.current().correlation_id)
            isolation._logger.warning("something odd: %s", "100 %")
            raise ZeroDivisionError

        self.patch(type(self.partner_connection._connector()), "transform", broken)
        with self.assertLogs(isolation._logger, "WARNING") as logs:
            self.accept(self.partner_connection, *self.invoice("T-10"), correlation_id="order-82")
            self.drain(self.partner_connection)
            self.assertEqual(seen, ["order-82"], self.stopped())
            self.assertIn("internal_error", self.stopped())
        self.assertEqual(logs.records[0].getMessage(), "something odd: 100 % [correlation order-82]")
        self.assertEqual(logs.records[0].correlation_id, "order-82")
        self.assertIsNone(correlation.current())

    def test_jobs_say_what_rang_them(self):
        lane = self.partner_connection.flow_ids.lane_id
        with correlation.scope(Correlation("order-83")):
            lane.with_env(self.root)._ring()
            self.root["integration.delivery"]._ring(self.partner_connection.ids)
        jobs = self.root["queue.job"].search([("name", "like", "order-83")])
        self.assertEqual(
            set(jobs.mapped("name")),
            {f"Work off {lane.name} · order-83", "Deliver to Partner platform · order-83"},
        )

    def test_calls_to_the_outside_name_what_is_worked_on_unless_they_say_it_themselves(self):
        with self.listening() as heard, correlation.scope(Correlation("order-84", parse(PARENT, STATE))):
            url = self.partner_connection.delivery_url
            http_client.send(HttpRequest("POST", url, {}, b"{}"), ["127.0.0.1"])
            http_client.send(HttpRequest("POST", url, {"X-Correlation-Id": "own"}, b"{}"), ["127.0.0.1"])
        self.assertEqual([headers["x-correlation-id"] for headers in heard], ["order-84", "own"])
        self.assertEqual({parse(headers["traceparent"]).trace_id for headers in heard}, {TRACE})
        self.assertEqual(len({headers["traceparent"] for headers in heard}), 2, "each call is a span")
