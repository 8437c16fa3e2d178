# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Connections to PostgreSQL that are cut: before a statement, and between a commit and its answer (E1, E2)."""

from __future__ import annotations

import random

from devtools.environment import Environment
from simulators.local_server import serving
from simulators.partner.receiver import Receiver, Troubles
from simulators.partner.server import PATH, receiver_server
from simulators.partner.signing import make_secret

from .. import invariants
from ..feed import Feed
from ..hub import LOSS_TRACES, Hub
from ..outcome import Outcome
from ..proxy import Cut, Proxy
from ..rounds import Rounds

STORE = r"^EXECUTE store_event"
RECORDED = r"UPDATE integration_message AS m"
DELIVERED = r"acknowledgement"
JOB = r"queue_job"
WAIT_SECONDS = 20
# Cuts at a statement that the seed chooses.
ANYWHERE = 4
MOST_SKIPPED = 250


def cuts(chance: random.Random, anywhere: int = ANYWHERE) -> list[Cut]:
    """Return the cuts of a run, in the order in which they are made."""
    named = [
        Cut("the inbox, before it stores", STORE, before=True),
        Cut("the inbox, stored but not answered", STORE, before=False),
        Cut("a batch, before it writes down its outcome", RECORDED, before=True),
        Cut("a batch, before its commit", "^COMMIT", before=True, within=RECORDED),
        Cut("a batch, committed but not answered", "^COMMIT", before=False, within=RECORDED),
        Cut("the lock of a lane, taken but not answered", "pg_try_advisory_lock", before=False),
        Cut("the lock of a lane, before it is given back", "pg_advisory_unlock", before=True),
        Cut("a delivery, before its record is committed", "^COMMIT", before=True, within=DELIVERED),
        Cut("a delivery, committed but not answered", "^COMMIT", before=False, within=DELIVERED),
        Cut("a queue job, before its commit", "^COMMIT", before=True, within=JOB),
        Cut("a queue job, committed but not answered", "^COMMIT", before=False, within=JOB),
    ]
    drawn = [
        Cut(f"anywhere, after {skip} statements", ".", before=bool(chance.randrange(2)), skip=skip)
        for skip in (chance.randrange(MOST_SKIPPED) for _number in range(anywhere))
    ]
    return named + drawn


def run(env: Environment, outcome: Outcome, seed: int, anywhere: int = ANYWHERE, only: str = "") -> None:
    """Make each cut while events come in; work must go on by itself."""
    feed, chance = Feed(seed), random.Random(f"cuts/{seed}")
    secret = make_secret(f"connections-{seed}")
    receiver = Receiver([secret], seed=seed, troubles=Troubles(percent=0))
    with (
        serving(receiver_server(receiver)) as ear,
        Proxy(env.cluster.host, env.cluster.port) as proxy,
        Hub(
            env,
            "connections",
            delivery_url=ear.url + PATH,
            outbound_secret=secret,
            db_port=proxy.port,
            expected_traces=LOSS_TRACES,
        ) as hub,
    ):
        play = Rounds(hub, outcome, feed)
        play.prepare()
        for cut in cuts(chance, anywhere):
            if only in cut.name:
                play.play(f"cut: {cut.name}", lambda cut=cut: _cut(proxy, cut))
        taken = {entry.id: {entry.body} for entry in receiver.received()}
        outcome.fail(invariants.broken(hub, play.acknowledged, feed.gross_by_day, [], taken))


def _cut(proxy: Proxy, cut: Cut) -> str | None:
    proxy.arm(cut)
    return f"at {proxy.cut_text!r}" if proxy.wait(WAIT_SECONDS) else None
