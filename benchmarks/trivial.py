# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Events that book nothing, through the drain, against one empty queue job for each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from devtools.environment import Environment

from . import events, http_load
from .rounds import Check, Figure, until_fit
from .stage import STRIPE_SECRET, Stage, allow_administrator, make_connection, path_of

TARGET = 100
LIMIT_SECONDS = 300
EVENT_TYPE = "payment_intent.created"
QUEUED = (
    "SELECT EXISTS (SELECT FROM integration_message"
    " WHERE direction = 'in' AND status IN ('ready', 'waiting') AND lane_id IS NOT NULL)"
)


def run(env: Environment, say: Callable[[str], None], *, quick: bool) -> tuple[list[Figure], list[Check]]:
    """Drain copies of one event that books nothing; run as many empty jobs as fit in the time."""
    rounds, count, jobs = (2, 2000, 100) if quick else (5, 60_000, 600)
    with Stage(env, "trivial") as stage:
        ways = Trivial(stage)

        def measure() -> list[Figure]:
            ours, theirs = [], []
            for _round in range(rounds):
                ours.append(ways.drain(count))
                theirs.append(ways.jobs(jobs))
                say(f"trivial: drain {ours[-1]:.0f}/s, jobs {theirs[-1]:.0f}/s: {ours[-1] / theirs[-1]:.0f}")
            context = f"{min(ours):.0f}–{max(ours):.0f} events/s; {min(theirs):.0f}–{max(theirs):.0f} jobs/s"
            ratios = tuple(one / other for one, other in zip(ours, theirs, strict=True))
            return [
                Figure("Events that book nothing: drain / one empty queue job each", ratios, TARGET, context)
            ]

        figures = until_fit(measure, say)
        return figures, [ways.all_done()]


class Trivial:
    """Copies of one stored event, and empty jobs."""

    def __init__(self, stage: Stage):
        self.stage = stage
        self.rpc = stage.start()
        allow_administrator(self.rpc)
        self.connection_id = make_connection(self.rpc, "stripe", "Stripe", STRIPE_SECRET)
        self.path = path_of(self.rpc, self.connection_id)
        self._activate()
        told, signer = events.stripe_charges("trivial", 1, STRIPE_SECRET)
        body = json.loads(told[0].body) | {"type": EVENT_TYPE, "id": "evt_model"}
        body["data"]["object"] = {"id": "pi_1", "object": "payment_intent", "created": body["created"]}
        event = events.Event("evt_model", EVENT_TYPE, json.dumps(body).encode())
        load = http_load.send_all(
            stage.port, events.signed([event], signer, self.path, stage.port), processes=1
        )
        if not load.all_good:
            raise RuntimeError(f"the hub answered {dict(load.statuses)}")
        stage.wait_until(lambda: self._done() == 1, LIMIT_SECONDS)
        self.copies = self.ran = 0
        self.drain(500)
        self.jobs(20)
        stage.analyze()

    def _activate(self) -> None:
        self.rpc.call("integration.connection", "action_activate", [self.connection_id])

    def _done(self) -> int:
        return self.stage.value(
            "SELECT count(*) FROM integration_message WHERE status = 'done' AND event_type = %s"
            " AND event_id NOT LIKE 'old-%%'",
            EVENT_TYPE,
        )

    def drain(self, count: int) -> float:
        """Let copies of the event wait, open the connection; return events worked off per second.

        While the clock runs only the index of the queue is asked: counting what is done reads the whole inbox, and
        would take a growing part of the machine from one side alone.
        """
        self.rpc.call("integration.connection", "action_pause", [self.connection_id])
        self.stage.wait_no_jobs()
        last = self.stage.value("SELECT max(id) FROM integration_message")
        self.stage.copy_event("evt_model", count, self.copies)
        self.copies += count
        self.stage.settle()
        begin = time.monotonic()
        self._activate()
        self.stage.wait_until(lambda: not self.stage.value(QUEUED), LIMIT_SECONDS)
        seconds = time.monotonic() - begin
        done = self.stage.value(
            "SELECT count(*) FROM integration_message WHERE id > %s AND status = 'done'", last
        )
        if done != count:
            raise RuntimeError(f"{done} of {count} events are done")
        self.stage.wait_no_jobs()
        return count / seconds

    def jobs(self, count: int) -> float:
        """Run empty jobs, two at a time; return jobs per second."""
        self.stage.settle()
        self.rpc.call("finance.integration.bench", "enqueue_nothing", count)
        self.ran += count
        query = "SELECT count(*) FROM queue_job WHERE state = 'done' AND method_name = '_nothing'"
        begin = time.monotonic()
        before = self.stage.value(query)
        self.stage.wait_until(lambda: self.stage.value(query) == self.ran, LIMIT_SECONDS)
        return (self.ran - before) / (time.monotonic() - begin)

    def all_done(self) -> Check:
        """Each copy has one try, one entry in the audit trail, and no effect."""
        facts = self.stage.rows(
            "SELECT (SELECT count(*) FROM integration_message WHERE status = 'done' AND attempt_count = 1),"
            " (SELECT count(DISTINCT message_id) FROM integration_attempt),"
            " (SELECT count(DISTINCT message_id) FROM integration_audit_leaf WHERE action = 'message.nothing'),"
            " (SELECT count(*) FROM integration_effect)"
        )[0]
        expected = self.copies + 1
        return Check(
            "Events that book nothing: each has its try and its audit entry",
            facts == (expected, expected, expected, 0),
            f"done, tries, audit entries, effects: {facts}, expected {expected}",
        )
