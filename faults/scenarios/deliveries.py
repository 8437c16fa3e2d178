# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Deliveries to a receiver that fails, hangs and hangs up, while the server is killed: each event arrives (E8)."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager

from devtools.environment import Environment
from simulators.local_server import serving
from simulators.partner.receiver import Receiver, Troubles
from simulators.partner.server import PATH, receiver_server
from simulators.partner.signing import make_secret

from .. import invariants, money_invariants
from ..feed import Feed
from ..hub import Hub
from ..outcome import Outcome
from ..shots import send_all

DELIVERIES = 120
KILLS = 2
# Longer than the hub waits for an answer (15 s).
HANG_SECONDS = 20
TROUBLES = Troubles(percent=15, most=2, kinds=("500", "503", "reset", "reset", "timeout"))
OUTBOX = "SELECT count(*) FROM integration_message WHERE direction = 'out'"
ACKNOWLEDGED = OUTBOX + " AND stage = 'acknowledged' AND status = 'done'"
SECONDS = 420


def run(
    env: Environment,
    outcome: Outcome,
    seed: int,
    count: int = DELIVERIES,
    kills: int = KILLS,
    troubles: Troubles = TROUBLES,
) -> None:
    """Book a mix whose events go to a bad receiver; kill the server between deliveries."""
    feed, chance = Feed(seed), random.Random(f"deliveries/{seed}")
    name = f"deliveries-{seed}"
    receiver = Receiver([make_secret(name)], seed=seed, troubles=troubles)
    with (
        _listening(receiver) as url,
        Hub(env, "deliveries", delivery_url=url, outbound_secret=make_secret(name)) as hub,
    ):
        acknowledged = send_all(hub, feed.mix(count))
        for _number in range(kills):
            _kill_while_delivering(hub, outcome, chance, receiver)
        outcome.note(f"inbox worked off {hub.wait_drained(locks=False):.1f} s later")
        seconds = hub.wait(
            lambda: not money_invariants.money_is_applied_to_its_invoice(hub), 120, "money meets its invoices"
        )
        outcome.note(f"money and invoices that a kill kept apart are joined {seconds:.1f} s later")
        total = hub.one(OUTBOX)
        seconds = hub.wait(
            lambda: hub.one(ACKNOWLEDGED) == hub.one(OUTBOX), SECONDS, "the outbox is delivered"
        )
        outcome.note(
            f"{total} events acknowledged {seconds:.1f} s later; the receiver counts {dict(receiver.counts)}"
        )
        _compare(hub, outcome, receiver)
        outcome.fail(invariants.broken(hub, acknowledged.events, feed.gross_by_day))


@contextmanager
def _listening(receiver: Receiver):
    with serving(receiver_server(receiver, timeout_seconds=HANG_SECONDS)) as server:
        yield server.url + PATH


def _kill_while_delivering(hub: Hub, outcome: Outcome, chance: random.Random, receiver: Receiver) -> None:
    wanted = len(receiver.received()) + chance.randrange(5, 20)
    try:
        hub.wait(lambda: len(receiver.received()) >= wanted, 90, f"{wanted} events at the receiver")
    except AssertionError:
        outcome.note("too few events left for another kill")
        return
    time.sleep(chance.uniform(0, 0.5))
    hub.kill()
    told, done = len(receiver.received()), hub.one(ACKNOWLEDGED)
    hub.restart()
    began = time.monotonic()
    if done == hub.one(OUTBOX):
        outcome.note(f"killed with all {done} events acknowledged")
        return
    hub.wait(lambda: hub.one(ACKNOWLEDGED) > done, 180, "deliveries go on after the restart")
    outcome.note(
        f"killed with {told} events at the receiver, {done} known as acknowledged;"
        f" deliveries go on {time.monotonic() - began:.1f} s after the restart"
    )


def _compare(hub: Hub, outcome: Outcome, receiver: Receiver) -> None:
    """What the receiver took is what the outbox holds: the same ids, nothing refused, one body per id."""
    sent = {
        event_id
        for (event_id,) in hub.sql("SELECT event_id FROM integration_message WHERE direction = 'out'")
    }
    taken = {entry.id for entry in receiver.received()}
    outcome.expect("events that never arrived", sorted(sent - taken), [])
    outcome.expect("events that nobody sent", sorted(taken - sent), [])
    outcome.expect("signatures refused", receiver.counts["refused"], 0)
    outcome.expect("ids that came with two bodies", receiver.counts["conflicts"], 0)
    outcome.expect("bodies that were no event", receiver.counts["malformed"], 0)
    told = dict(hub.sql("SELECT kind, count(*) FROM integration_message WHERE direction = 'out' GROUP BY 1"))
    invoices = hub.one(
        "SELECT count(*) FROM account_move WHERE move_type = 'out_invoice' AND state = 'posted'"
    )
    outcome.expect("invoices told", told.get("event.invoice_posted"), invoices)
