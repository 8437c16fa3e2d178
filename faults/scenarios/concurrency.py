# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The same event from many connections at once: one message, one effect (E2)."""

from __future__ import annotations

import dataclasses
import random

from devtools.environment import Environment

from .. import invariants
from ..feed import Delivery, Feed
from ..hub import Hub
from ..outcome import Outcome
from ..shots import Volley

REQUESTS = 100
CONNECTIONS = 16
SECONDS = 120


def same_event(env: Environment, outcome: Outcome, seed: int, requests: int = REQUESTS) -> None:
    """Send one invoice and one payment ``requests`` times each over ``CONNECTIONS`` connections."""
    feed = Feed(seed)
    invoice = feed.invoice()
    payment = feed.charge()[0]
    deliveries = [invoice, payment] * requests
    with Hub(env, "same-event") as hub:
        volley = Volley(hub, deliveries, connections=CONNECTIONS, once=True).start()
        volley.join(SECONDS)
        answers, verdicts = volley.acknowledged.answers, volley.acknowledged.verdicts
        outcome.note(f"{len(deliveries)} requests: answers {dict(answers)}, verdicts {dict(verdicts)}")
        outcome.expect("answers", dict(answers), {200: len(deliveries)})
        outcome.expect("verdicts", dict(verdicts), {"new": 2, "duplicate": len(deliveries) - 2})
        outcome.note(f"worked off {hub.wait_drained():.1f} s after the last answer")
        outcome.expect(
            "messages", hub.one("SELECT count(*) FROM integration_message WHERE direction = 'in'"), 2
        )
        outcome.expect(
            "messages done", hub.one("SELECT count(*) FROM integration_message WHERE status = 'done'"), 2
        )
        outcome.expect(
            "invoices", hub.one("SELECT count(*) FROM account_move WHERE move_type = 'out_invoice'"), 1
        )
        outcome.expect(
            "movements", hub.one("SELECT count(*) FROM integration_movement WHERE changes_balance"), 1
        )
        outcome.expect(
            "payment state",
            hub.sql("SELECT payment_state FROM account_move WHERE move_type = 'out_invoice'"),
            [("paid",)],
        )
        outcome.fail(invariants.broken(hub, volley.acknowledged.events, feed.gross_by_day))


def two_bodies(env: Environment, outcome: Outcome, seed: int, requests: int = REQUESTS) -> None:
    """Send two contents under one event id, many times and mixed: one is booked, the other is kept as a conflict."""
    feed = Feed(seed)
    first, other = feed.invoice(), feed.invoice()
    forged = Delivery("partner", dataclasses.replace(other.event, id=first.event.id))
    deliveries = [first, forged] * (requests // 2)
    random.Random(seed).shuffle(deliveries)
    with Hub(env, "two-bodies") as hub:
        volley = Volley(hub, deliveries, connections=CONNECTIONS, once=True).start()
        volley.join(SECONDS)
        answers, verdicts = volley.acknowledged.answers, volley.acknowledged.verdicts
        outcome.note(f"{len(deliveries)} requests: answers {dict(answers)}, verdicts {dict(verdicts)}")
        outcome.expect("answers", dict(answers), {200: len(deliveries)})
        outcome.expect("new", verdicts["new"], 1)
        outcome.expect("conflicts", verdicts["conflict"], requests // 2)
        hub.wait_drained()
        rows = hub.sql(
            f"SELECT m.status, m.error_code, {invariants.STORED_DIGEST} = m.body_digest FROM integration_message m"
            " JOIN integration_payload p ON p.message_id = m.id ORDER BY m.id"
        )
        outcome.expect("what is stored", rows, [("done", None, True), ("parked", "event_id_conflict", True)])
        outcome.expect(
            "invoices", hub.one("SELECT count(*) FROM account_move WHERE move_type = 'out_invoice'"), 1
        )
        outcome.expect(
            "exceptions",
            hub.sql("SELECT code, state FROM integration_exception"),
            [("event_id_conflict", "open")],
        )
        outcome.fail(invariants.broken(hub))
