# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Delivering to a healthy receiver, alone and beside one that never answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing

from devtools.environment import Environment
from simulators.local_server import HOST, serving
from simulators.partner import signing
from simulators.partner.receiver import Receiver, Troubles
from simulators.partner.server import PATH, receiver_server

from . import events
from .rounds import Check, Figure, until_fit
from .stage import Stage, allow_administrator, make_connection

TARGET = 0.9
LIMIT_SECONDS = 300
RATE_PER_SECOND = 1000
KIND = "event.invoice_posted"
OUT_SECRET = signing.make_secret("benchmark-out")


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Deliver the same number of events to the healthy receiver, with and without the dead one's events waiting."""
    rounds, count = (2, 60) if quick else (5, 600)
    with ExitStack() as stack:
        receiver = Receiver([OUT_SECRET], troubles=Troubles(percent=0))
        server = stack.enter_context(serving(receiver_server(receiver)))
        silent = stack.enter_context(closing(_Silence()))
        stage = stack.enter_context(Stage(env, "outbox"))
        ways = Deliveries(stage, f"{server.url}{PATH}", f"http://{HOST}:{silent.port}{PATH}")

        def measure() -> list[Figure]:
            alone, beside = [], []
            for _round in range(rounds):
                alone.append(ways.deliver(count))
                beside.append(ways.deliver(count, dead=count))
                say(f"outbox: alone {alone[-1]:.1f}/s, beside a dead one {beside[-1]:.1f}/s")
            context = f"{min(alone):.1f}–{max(alone):.1f} alone, {min(beside):.1f}–{max(beside):.1f} events/s beside"
            ratios = tuple(one / other for one, other in zip(beside, alone, strict=True))
            return [Figure("Deliveries beside a dead destination / alone", ratios, TARGET, context)]

        figures = until_fit(measure, say)
        taken = len(receiver.report()["events"])
        check = Check(
            "Deliveries: the healthy receiver has every event",
            taken == ways.sent,
            f"{ways.sent} events, {taken} taken",
        )
    return figures, [check]


class _Silence:
    """Takes connections and never says a word."""

    def __init__(self):
        self._socket = socket.create_server((HOST, 0), backlog=128)
        self.port = self._socket.getsockname()[1]
        self._held: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self._held.append(self._socket.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        """Give everything up."""
        self._socket.close()
        for held in self._held:
            held.close()


class Deliveries:
    """Two connections that hear of posted invoices, one of them in vain."""

    def __init__(self, stage: Stage, healthy_url: str, dead_url: str):
        self.stage = stage
        self.rpc = stage.start()
        allow_administrator(self.rpc)
        self.healthy = self._connection("Healthy", healthy_url)
        self.dead = self._connection("Dead", dead_url)
        self.sent = self.made = 0
        self.deliver(20)
        stage.analyze()

    def _connection(self, name: str, url: str) -> int:
        connection_id = make_connection(self.rpc, "generic", name, events.PARTNER_SECRET)
        self.rpc.call(
            "integration.connection", "write", [connection_id], {"delivery_url": url, "allowed_hosts": HOST}
        )
        # The pace at which a destination is called by default would be all that is measured.
        flows = self.rpc.call(
            "integration.flow", "search", [["connection_id", "=", connection_id], ["direction", "=", "out"]]
        )
        self.rpc.call("integration.flow", "write", flows, {"outbound_rate_per_second": RATE_PER_SECOND})
        self.rpc.call(
            "integration.credential",
            "create",
            [{"connection_id": connection_id, "purpose": "outbound_signature", "value": OUT_SECRET}],
        )
        self.rpc.call("integration.connection", "action_activate", [connection_id])
        return connection_id

    def deliver(self, count: int, dead: int = 0) -> float:
        """Write events to the outbox and wait until the healthy receiver has its own; return events per second."""
        if dead:
            self.rpc.call("finance.integration.bench", "publish_invoices", self.dead, dead, self.made)
            self.made += dead
        left = "SELECT count(*) FROM integration_message WHERE connection_id = %s AND status <> 'done'"
        begin = time.monotonic()
        self.rpc.call("finance.integration.bench", "publish_invoices", self.healthy, count, self.made)
        self.made += count
        self.sent += count
        self.stage.wait_until(lambda: not self.stage.value(left, self.healthy), LIMIT_SECONDS)
        return count / (time.monotonic() - begin)
