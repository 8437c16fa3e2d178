# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""kill -9 of the whole server, again and again: what was acknowledged is there, and nothing happens twice (E1, E2)."""

from __future__ import annotations

import random
import time

from devtools.environment import Environment

from .. import invariants, money_invariants
from ..feed import Feed
from ..hub import DRAINING, Hub
from ..outcome import Outcome
from ..shots import Volley

DELIVERIES = 400
CONNECTIONS = 6
KILLS = 4
# A sender that meets a dead server goes on until it is back.
SENDING_SECONDS = 300
BATCH_POSTED = (
    "SELECT count(*) FROM integration_message WHERE direction = 'in' AND status IN ('done', 'parked')"
)
STORED = "SELECT count(*) FROM integration_message WHERE direction = 'in'"


def run(
    env: Environment, outcome: Outcome, seed: int, deliveries: int = DELIVERIES, kills: int = KILLS
) -> None:
    """Send a mix; kill while events come in, then in the middle of batches; end with a look at everything."""
    feed, chance = Feed(seed), random.Random(f"kill/{seed}")
    mix = feed.mix(deliveries)
    with Hub(env, "kill-server") as hub:
        volley = Volley(hub, mix, connections=CONNECTIONS).start()
        _kill_between_accept_and_post(hub, outcome, chance)
        for _number in range(kills):
            _kill_in_a_batch(hub, outcome, chance)
        volley.join(SENDING_SECONDS)
        answers = dict(volley.acknowledged.answers)
        outcome.note(
            f"{len(mix)} deliveries, answers {answers} (0 = connection lost), all acknowledged in the end"
        )
        outcome.expect("answers other than 200 and lost connections", set(answers) - {0, 200}, set())
        outcome.note(f"worked off {hub.wait_drained():.1f} s later")
        seconds = hub.wait(
            lambda: not money_invariants.money_is_applied_to_its_invoice(hub), 120, "money meets its invoices"
        )
        outcome.note(f"money and invoices that a kill kept apart are joined {seconds:.1f} s later")
        outcome.expect("messages", hub.one(STORED), len({(d.to, d.event.id) for d in mix}))
        outcome.fail(invariants.broken(hub, volley.acknowledged.events, feed.gross_by_day))
        _note_result(hub, outcome)


def _kill_between_accept_and_post(hub: Hub, outcome: Outcome, chance: random.Random) -> None:
    """Kill once some events are stored; they were committed, so they are there afterwards."""
    wanted = chance.randrange(5, 40)
    hub.wait(lambda: hub.one(STORED) >= wanted, 60, f"{wanted} stored events")
    hub.kill()
    stored, done = hub.one(STORED), hub.one(BATCH_POSTED)
    _restart(hub, outcome, f"killed with {stored} events stored, {done} of them worked off")


def _kill_in_a_batch(hub: Hub, outcome: Outcome, chance: random.Random) -> None:
    """Kill while a transaction that writes is open, after a moment that the seed chooses."""
    try:
        hub.wait(lambda: hub.one(DRAINING) > 0, 90, "an open batch")
    except AssertionError:
        if not hub.one("SELECT count(*) FROM integration_message WHERE status = 'ready'"):
            outcome.note("nothing left to be killed")
            return
        raise
    time.sleep(chance.uniform(0, 1.2))
    open_batches = hub.one(DRAINING)
    hub.kill()
    stored, done = hub.one(STORED), hub.one(BATCH_POSTED)
    _restart(
        hub, outcome, f"killed with {open_batches} transaction(s) open, {stored} stored, {done} worked off"
    )


def _restart(hub: Hub, outcome: Outcome, text: str) -> None:
    done = hub.one(BATCH_POSTED)
    left = hub.one("SELECT count(*) FROM integration_message WHERE status = 'ready'")
    began = time.monotonic()
    hub.restart()
    up = time.monotonic() - began
    if not left:
        outcome.note(f"{text}; up again after {up:.1f} s")
        return
    hub.wait(lambda: hub.one(BATCH_POSTED) > done, 180, "work goes on after the restart")
    outcome.note(
        f"{text}; up again after {up:.1f} s, work goes on {time.monotonic() - began - up:.1f} s later by itself"
    )


def _note_result(hub: Hub, outcome: Outcome) -> None:
    counts = dict(hub.sql("SELECT status, count(*) FROM integration_message GROUP BY 1"))
    dead = hub.one("SELECT count(*) FROM queue_job WHERE state = 'failed'")
    outcome.note(f"messages {counts}, failed queue jobs {dead}")
