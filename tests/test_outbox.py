# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Business events leave signed, at least once, under one id; they are acknowledged or stopped visibly (E8)."""

from contextlib import contextmanager
from urllib.parse import urlsplit

from requests import Session

from ..engine.json_guard import parse_json
from ..simulators.local_server import serving
from ..simulators.partner.receiver import Receiver, Troubles
from ..simulators.partner.server import receiver_server
from ..simulators.partner.signing import make_secret
from .common import IntegrationCommon
from .deliveries import deliver_here

send_for_real = Session.send
OUT_SECRET = make_secret("outbox")


class TestOutbox(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._secret(cls.partner_connection, "outbound_signature", OUT_SECRET)
        cls.partner_connection.write(
            {"delivery_url": "http://127.0.0.1:9/hook", "allowed_hosts": "127.0.0.1"}
        )

    @contextmanager
    def receiving(self, troubles=None):
        """Run a receiver on this machine and let the connection deliver to it."""
        receiver = Receiver([OUT_SECRET], seed="outbox", troubles=troubles or Troubles(percent=0))
        with serving(receiver_server(receiver)) as server:
            self.partner_connection.delivery_url = f"{server.url}/events"
            yield receiver

    @classmethod
    def _request_handler(cls, session, request, /, **options):
        """Let this test reach its own receiver: the framework's version takes no pair of timeouts."""
        if urlsplit(request.url).hostname != "127.0.0.1":
            raise AssertionError(f"a test must not call {request.url}")
        return send_for_real(session, request, **options)

    def outgoing(self):
        return self.env["integration.message"].search([("direction", "=", "out")], order="id")

    def deliver(self):
        """Send what is due now, once; what the product does on own cursors happens here in the test's transaction."""
        return deliver_here(self, self.partner_connection)

    def test_an_invoice_and_its_payment_are_told_and_acknowledged(self):
        with self.receiving() as receiver:
            invoice = self.issue("P-1")
            self.stripe.charge(115000, "usd", metadata={"invoice_number": "P-1"})
            self.send_stripe()
            posted, settled = self.outgoing()
            self.assertEqual((posted.kind, settled.kind), ("event.invoice_posted", "event.payment_settled"))
            self.assertEqual({posted.status, settled.status}, {"ready"})
            self.deliver()
            self.deliver()
            self.assertEqual((posted.stage, posted.status), ("acknowledged", "done"))
            self.assertEqual((settled.stage, settled.status), ("acknowledged", "done"))
            told = {row.type: parse_json(row.body) for row in receiver.received()}
        self.assertEqual(set(told), {"invoice.posted", "payment.settled"})
        body = told["invoice.posted"]["data"]
        self.assertEqual(body["total_gross"], {"value": "1150.00", "currency": "USD"})
        self.assertEqual((body["legal_number"], body["entry_number"]), ("P-1", invoice.name))
        self.assertEqual(body["customer_outside_id"], "C-1")
        self.assertEqual(body["references"], [{"type": "external", "value": "P-1"}])
        self.assertEqual(told["payment.settled"]["data"]["invoice_amount_due"]["value"], "0.00")

    def test_nothing_is_told_when_the_change_does_not_happen(self):
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.issue("P-2")
            self.assertEqual(len(self.outgoing()), 1)
            raise ZeroDivisionError
        self.assertFalse(self.outgoing())

    def test_a_receiver_that_is_down_gets_it_later_under_the_same_id(self):
        self.issue("P-3")
        message = self.outgoing()
        self.deliver()  # nobody listens on that port
        self.assertEqual(
            (message.status, message.error_code, message.attempt_count),
            ("waiting", "destination_unavailable", 1),
        )
        self.assertTrue(message.due_at)
        with self.receiving() as receiver:
            self.deliver()
            self.assertEqual(message.status, "waiting")  # its time has not come
            message._write({"due_at": message.received_at})
            self.deliver()
            self.assertEqual((message.status, message.attempt_count), ("done", 2))
            self.assertEqual([row.id for row in receiver.received()], [message.event_id])

    def test_a_refusal_stops_it_visibly_and_a_person_sends_it_again(self):
        self.issue("P-4")
        message = self.outgoing()
        wrong = self.env["integration.credential"].search([("purpose", "=", "outbound_signature")])
        with self.receiving() as receiver:
            wrong.value = make_secret("another")
            self.deliver()
            self.env.invalidate_all()
            self.assertEqual(message.status, "parked")
            self.assertFalse(receiver.received())
            exception = message.exception_id
            self.assertEqual(exception.code, message.error_code)
            wrong.value = OUT_SECRET
            message.action_try_again()
            self.deliver()
            self.assertEqual(message.status, "done")
            self.assertEqual(exception.state, "resolved")

    def test_a_forbidden_address_is_never_called(self):
        self.partner_connection.write(
            {"delivery_url": "https://169.254.169.254/latest", "allowed_hosts": False}
        )
        self.issue("P-5")
        message = self.outgoing()
        self.deliver()
        self.assertEqual((message.status, message.error_code), ("parked", "address_forbidden"))

    def test_later_events_of_one_object_wait_for_the_earlier(self):
        invoice = self.issue("P-6")
        self.stripe.charge(115000, "usd", metadata={"invoice_number": "P-6"})
        self.send_stripe()
        posted, settled = self.outgoing()
        self.assertEqual(posted.object_key, settled.object_key)
        self.deliver()
        self.assertEqual((posted.status, settled.status), ("waiting", "ready"))
        self.deliver()
        self.assertEqual((posted.attempt_count, settled.attempt_count), (1, 0))
        self.assertTrue(invoice.integration_movement_ids)
