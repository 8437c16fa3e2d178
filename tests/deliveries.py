# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What tests of deliveries share: the product's own loop in the test's transaction, a clock of their own, receivers."""

import time
from contextlib import contextmanager
from datetime import datetime, timezone
from unittest.mock import patch
from urllib.parse import urlsplit

from requests import Session

from odoo import fields

from ..models.messaging import delivery as delivery_module
from ..models.messaging.delivery import BUDGET_SECONDS
from ..models.messaging.shared_clock import NANOSECONDS, SharedClock
from ..simulators.local_server import serving
from ..simulators.partner.receiver import Receiver, Troubles
from ..simulators.partner.server import receiver_server
from ..simulators.partner.signing import make_secret
from .common import IntegrationCommon

send_for_real = Session.send
OUT_SECRET = make_secret("outbox")


def deliver_here(test, connection):
    """Send one batch of what is due; what the product does on own cursors happens here in the test's transaction."""
    delivery = test.root["integration.delivery"]
    test.env.flush_all()
    with patch.object(delivery_module, "in_own_transaction", lambda _registry, what: what(test.root)):
        batch = delivery._prepare_batch(connection.id)
        count = 0
        if batch.prepared:
            count, _slow = delivery._send_batch(None, connection.id, batch, time.monotonic() + BUDGET_SECONDS)
    test.env.flush_all()
    test.env.invalidate_all()
    return count


class SteppingClock(SharedClock):
    """A clock that a test sets; sleeping moves it on and takes no time."""

    def __init__(self, at=datetime(2026, 3, 2, 15, 0, tzinfo=timezone.utc)):
        self.nanoseconds = int(at.timestamp()) * NANOSECONDS
        self.slept = []

    def now_nanoseconds(self):
        return self.nanoseconds

    def sleep(self, nanoseconds):
        self.slept.append(nanoseconds)
        self.nanoseconds += nanoseconds

    def step(self, seconds):
        self.nanoseconds += int(seconds * NANOSECONDS)


class DeliveryCommon(IntegrationCommon):
    """A partner that hears of our events, and a clock in the test's hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._secret(cls.partner_connection, "outbound_signature", OUT_SECRET)
        cls.partner_connection.write(
            {"delivery_url": "http://127.0.0.1:9/hook", "allowed_hosts": "127.0.0.1"}
        )

    def setUp(self):
        super().setUp()
        self.shared_clock = SteppingClock()
        self.patch(type(self.env["integration.delivery"]), "_clock", lambda _model: self.shared_clock)

    @classmethod
    def _request_handler(cls, session, request, /, **options):
        """Let this test reach its own receiver: the framework's version takes no pair of timeouts."""
        if urlsplit(request.url).hostname != "127.0.0.1":
            raise AssertionError(f"a test must not call {request.url}")
        return send_for_real(session, request, **options)

    @contextmanager
    def receiving(self, *kinds, connection=None, timeout_seconds=2, drip_seconds=0.3, **facts):
        """Run a receiver on this machine that meets every event with ``kinds`` in turn, then takes it."""
        troubles = Troubles(percent=100, most=1, kinds=kinds) if kinds else Troubles(percent=0)
        receiver = Receiver([OUT_SECRET], seed="outbox", troubles=facts.pop("troubles", troubles), **facts)
        with serving(
            receiver_server(receiver, timeout_seconds=timeout_seconds, drip_seconds=drip_seconds)
        ) as server:
            (connection or self.partner_connection).delivery_url = f"{server.url}/events"
            yield receiver

    def outgoing(self):
        return self.env["integration.message"].search([("direction", "=", "out")], order="id")

    def tell(self, count=1, connection=None):
        """Write that many events to the outbox, each of an object of its own; returns them."""
        connection = connection or self.partner_connection
        flow = connection.flow_ids.filtered(lambda row: row.kind == "event.payment_failed")
        before = self.outgoing()
        for number in range(len(before), len(before) + count):
            message = self.root["integration.message"].create(
                {
                    "direction": "out",
                    "company_id": connection.company_id.id,
                    "connection_id": connection.id,
                    "flow_id": flow.id,
                    "origin": "odoo",
                    "event_id": f"evt_{connection.id}_{number}",
                    "event_type": flow.kind,
                    "object_key": f"movement:{number}",
                    "kind": flow.kind,
                    "occurred_at": "2026-03-02 15:00:00",
                }
            )
            self.root["integration.payload"].create(
                {"message_id": message.id, "documents": [{"movement_id": f"ch_{number}"}]}
            )
        return self.outgoing() - before

    def deliver(self, connection=None):
        return deliver_here(self, connection or self.partner_connection)

    def due_now(self, messages):
        """Let the pause of these events be over."""
        messages._write({"due_at": fields.Datetime.to_datetime("2026-01-01")})
        self.env.invalidate_all()

    def circuit(self, connection=None, direction="out"):
        self.env.invalidate_all()
        return self.root["integration.circuit"]._of((connection or self.partner_connection).id, direction)

    def states(self, messages):
        return [(row.stage, row.status, row.error_code) for row in messages]
