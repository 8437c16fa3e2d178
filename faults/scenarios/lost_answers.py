# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A server is killed between "sent" and "recorded"; a destination hangs beside a healthy one (E7, E8).

What was sent and never recorded is asked for, not sent again. Two servers deliver from one outbox; no event is under
way twice at the same time. A destination that never answers delays nobody else.
"""

from __future__ import annotations

import time
from contextlib import contextmanager

from devtools.environment import Environment
from simulators.local_server import HOST, serving
from simulators.partner.receiver import Receiver, Troubles
from simulators.partner.server import PATH, receiver_server
from simulators.partner.signing import make_secret

from .. import invariants
from ..feed import Feed
from ..hub import Hub
from ..outcome import Outcome
from ..shots import send_all

INVOICES = 12
# The sender waits for 15 s; the receiver has taken the event and says nothing for longer.
HOLD_SECONDS = 25
SECONDS = 240
HEALTHY_SECONDS = 60
LOST = Troubles(percent=100, most=1, kinds=("timeout",))
DEAD = Troubles(percent=100, most=10_000, kinds=("hang",))
OUT = "SELECT count(*) FROM integration_message WHERE direction = 'out'"
ACKNOWLEDGED = OUT + " AND stage = 'acknowledged' AND status = 'done'"
SENDING = "SELECT message_id FROM integration_attempt WHERE outcome = 'sending'"
TRIES = "SELECT trigger, outcome FROM integration_attempt WHERE message_id = %s ORDER BY id"


def killed_while_sending(env: Environment, outcome: Outcome, seed: int, invoices: int = 2) -> None:
    """Kill the server while the receiver, who has the event, holds its answer back; then run two servers."""
    feed, name = Feed(seed), f"lost-{seed}"
    receiver = Receiver([make_secret(name)], seed=seed, troubles=LOST)
    with (
        _listening(receiver) as url,
        Hub(env, "lost", delivery_url=url, outbound_secret=make_secret(name)) as hub,
    ):
        acknowledged = send_all(hub, [feed.invoice() for _number in range(invoices)])
        hub.wait_drained(locks=False)
        hub.wait(lambda: bool(receiver.received()), 60, "an event at the receiver")
        hub.kill()
        left = hub.sql(SENDING)
        outcome.expect("tries that were begun and not recorded", len(left), 1)
        taken = receiver.received()[0]
        receiver.troubles = Troubles(percent=0)
        hub.restart()
        hub.add_server(workers=2)
        seconds = hub.wait(lambda: hub.one(ACKNOWLEDGED) == invoices, SECONDS, "the outbox is delivered")
        outcome.note(f"all {invoices} events acknowledged {seconds:.1f} s after the restart")
        for (message_id,) in left:
            tries = hub.sql(TRIES, message_id)
            outcome.expect("what was done about the lost one", tries, [("queue", "unknown"), ("ask", "done")])
        [again] = [entry for entry in receiver.received() if entry.id == taken.id]
        outcome.expect("how often the receiver got the lost one", again.deliveries, 1)
        outcome.expect("events sent twice at the same time", receiver.most_at_once, 1)
        outcome.expect("events that came twice", receiver.counts["duplicates"], 0)
        outcome.fail(invariants.broken(hub, acknowledged.events))


def dead_beside_healthy(env: Environment, outcome: Outcome, seed: int, invoices: int = INVOICES) -> None:
    """One destination never answers; the other gets everything meanwhile, and the job runner stays free."""
    feed, name = Feed(seed), f"dead-{seed}"
    dead = Receiver([make_secret(name)], seed=seed, troubles=DEAD)
    healthy = Receiver([make_secret(name)], seed=seed, troubles=Troubles(percent=0))
    with (
        _listening(dead) as dead_url,
        _listening(healthy) as healthy_url,
        Hub(env, "dead", delivery_url=dead_url, outbound_secret=make_secret(name)) as hub,
    ):
        other = _connect(hub, healthy_url, make_secret(name))
        acknowledged = send_all(hub, [feed.invoice() for _number in range(invoices)])
        began = time.monotonic()
        hub.wait_drained(locks=False)
        counted = f"{ACKNOWLEDGED} AND connection_id = {other}"
        hub.wait(lambda: hub.one(counted) == invoices, HEALTHY_SECONDS, "the healthy one has everything")
        outcome.note(f"the healthy destination had all {invoices} after {time.monotonic() - began:.1f} s")
        outcome.expect("events at the healthy one", len(healthy.received()), invoices)
        hub.wait(
            lambda: hub.one("SELECT count(*) FROM integration_circuit WHERE state <> 'closed'") == 1,
            SECONDS,
            "the circuit of the dead one opens",
        )
        tries = hub.one(
            "SELECT count(*) FROM integration_attempt a JOIN integration_message m ON m.id = a.message_id"
            " WHERE m.direction = 'out' AND m.connection_id <> %s",
            other,
        )
        outcome.note(f"the dead one was tried {tries} times in {time.monotonic() - began:.0f} s")
        again = send_all(hub, [feed.invoice()])
        hub.wait(
            lambda: hub.one(counted) == invoices + 1, HEALTHY_SECONDS, "a new event passes the dead one by"
        )
        outcome.expect("events at the dead one", len(dead.received()), 0)
        outcome.expect(
            "invoices that were not acknowledged", len(acknowledged.events | again.events), invoices + 1
        )
        # Set free, it gets everything: nothing was lost or used up meanwhile.
        dead.troubles = Troubles(percent=0)
        hub.odoo().call("integration.connection", "action_resume", [hub.partner.id])
        hub.wait(lambda: hub.one(ACKNOWLEDGED) == hub.one(OUT), SECONDS, "the dead one gets everything, too")
        outcome.expect("events at the one that was dead", len(dead.received()), invoices + 1)
        outcome.fail(invariants.broken(hub, acknowledged.events))


def _connect(hub: Hub, url: str, secret: str) -> int:
    odoo = hub.odoo()
    inbound = {"inbound_signature": make_secret("other"), "outbound_signature": secret}
    connection = hub._connect(odoo, "generic", "Healthy platform", inbound)
    odoo.call(
        "integration.connection", "write", [connection.id], {"delivery_url": url, "allowed_hosts": HOST}
    )
    odoo.call("integration.connection", "action_activate", [connection.id])
    return connection.id


@contextmanager
def _listening(receiver: Receiver):
    with serving(receiver_server(receiver, timeout_seconds=HOLD_SECONDS)) as server:
        yield server.url + PATH
