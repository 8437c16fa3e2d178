# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Destinations that are slow, fail, lie or never answer, one after the other and all at once (E7, E8).

Each event arrives, or ends in a state that a person sees; it is told under one id with one content. The inbox goes on
meanwhile.
"""

from __future__ import annotations

from devtools.environment import Environment
from simulators.local_server import serving
from simulators.partner.receiver import Receiver, Troubles
from simulators.partner.server import PATH
from simulators.partner.signing import make_secret

from .. import invariants
from ..bad_receiver import BadReceiver
from ..feed import PARTIES, Feed
from ..hub import BUSY_TRACES, OPEN_OUT, Hub
from ..outcome import Outcome
from ..shots import send_all

DELIVERIES = 40
# Longer than the hub waits for an answer (15 s).
HANG_SECONDS = 18
SECONDS = 420
KINDS = {
    "slow": ("slow",),
    "failing": ("refuse", "cut"),
    "asking to wait": ("too many",),
    "lying": ("garbage", "redirect"),
    "all of it": ("slow", "refuse", "cut", "too many", "garbage"),
    "never answering": ("never",),
}
STOPPED = (
    "SELECT error_code, count(*) FROM integration_message WHERE direction = 'out' AND status IN ('parked', 'dead')"
    " GROUP BY 1 ORDER BY 1"
)


def run(env: Environment, outcome: Outcome, seed: int, count: int = DELIVERIES, only=tuple(KINDS)) -> None:
    """Let each kind of destination take the events of a mix."""
    for name in only:
        _one(env, outcome, seed, name, count if name != "never answering" else PARTIES + max(count // 6, 4))


def _one(env: Environment, outcome: Outcome, seed: int, name: str, count: int) -> None:
    feed = Feed(f"{seed}/{name}")
    secret = make_secret(f"destinations-{seed}")
    receiver = Receiver([secret], seed=seed, troubles=Troubles(percent=0))
    bad = BadReceiver(receiver, seed, KINDS[name], most=2, hang_seconds=HANG_SECONDS)
    with (
        serving(bad.listen()) as ear,
        Hub(
            env,
            "destinations",
            delivery_url=ear.url + PATH,
            outbound_secret=secret,
            expected_traces=BUSY_TRACES,
        ) as hub,
    ):
        acknowledged = send_all(hub, feed.mix(count))
        inbox = hub.wait_drained(SECONDS)
        outbox = hub.wait(lambda: not hub.one(OPEN_OUT), SECONDS, "the outbox is at rest")
        total = hub.one("SELECT count(*) FROM integration_message WHERE direction = 'out'")
        stopped = dict(hub.sql(STOPPED))
        outcome.shots += sum(bad.counts.values())
        outcome.note(
            f"{name}: {total} events, manners {dict(bad.counts)}; inbox worked off after {inbox:.1f} s, outbox"
            f" {outbox:.1f} s later, stopped {stopped}"
        )
        if not total or not bad.counts.keys() & set(KINDS[name]):
            outcome.fail([f"{name}: the destination was never asked in its manner, nothing is proven"])
        if bad.counts["asked elsewhere"]:
            outcome.fail([f"{name}: a redirect was followed"])
        if "redirect" not in KINDS[name]:
            outcome.expect(f"{name}: events that stopped", stopped, {})
        taken = {entry.id: {entry.body} for entry in receiver.received()}
        outcome.expect(
            f"{name}: contents refused", receiver.counts["conflicts"] + receiver.counts["refused"], 0
        )
        problems = invariants.broken(hub, acknowledged.events, feed.gross_by_day, [], taken)
        outcome.fail([f"{name}: {text}" for text in problems])
