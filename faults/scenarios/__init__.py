# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The scenarios by name, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable

from devtools.environment import Environment

from ..outcome import Outcome
from . import (
    at_once,
    bad_input,
    concurrency,
    connections,
    crash_sweep,
    database,
    deliveries,
    destinations,
    kill_server,
    kill_worker,
    senders,
    two_servers,
)
from . import lost_answers

Scenario = Callable[[Environment, Outcome, int], None]

SCENARIOS: dict[str, Scenario] = {
    "same-event": concurrency.same_event,
    "two-bodies": concurrency.two_bodies,
    "senders": senders.run,
    "crash-sweep": crash_sweep.run,
    "batches-at-once": at_once.batches,
    "questions-at-once": at_once.questions,
    "kill-server": kill_server.run,
    "kill-worker": kill_worker.run,
    "connections": connections.run,
    "database": database.run,
    "deliveries": deliveries.run,
    "destinations": destinations.run,
    "lost-answers": lost_answers.killed_while_sending,
    "dead-destination": lost_answers.dead_beside_healthy,
    "two-servers": two_servers.run,
    "bad-input": bad_input.run,
}
# These take how many statements lie between two kills, and which workloads are meant.
SWEEPS = ("crash-sweep",)
