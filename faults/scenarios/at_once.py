# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Batches and questions over many connections at once: one message per event, one answer per question (E2, E9, E15)."""

from __future__ import annotations

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor

from devtools.environment import Environment
from simulators.partner import signing
from simulators.sending import Answer, Event, post_over_http

from .. import invariants
from ..feed import Feed
from ..hub import Hub
from ..outcome import Outcome

CONNECTIONS = 12
TIMEOUT_SECONDS = 120


def _send(hub: Hub, path: str, media: str, event_id: str, body: bytes) -> Answer:
    headers = {
        "Content-Type": media,
        **hub.partner.signer.headers(Event(event_id, "", body), int(time.time())),
    }
    return post_over_http(hub.server.url + path, headers, body, TIMEOUT_SECONDS)


def batches(env: Environment, outcome: Outcome, seed: int, events: int = 60, requests: int = 24) -> None:
    """Send batches that overlap, each in an order of its own: PostgreSQL sees deadlocks, the senders do not."""
    chance = random.Random(seed)
    feed = Feed(seed)
    lines = []
    for _number in range(events):
        event = feed.invoice().event
        lines.append(json.dumps({"id": event.id, **json.loads(event.body)}).encode())
    bodies = [b"\n".join(chance.sample(lines, events * 2 // 3)) for _request in range(requests)]
    with Hub(env, "at-once-batches") as hub:
        path = f"{hub.partner.path}/batch"
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            answers = list(
                pool.map(
                    lambda pair: _send(hub, path, "application/x-ndjson", f"batch_{pair[0]}", pair[1]),
                    enumerate(bodies),
                )
            )
        told = [json.loads(answer.body) for answer in answers if answer.good]
        outcome.note(
            f"{requests} overlapping batches of {events * 2 // 3} lines over {CONNECTIONS} connections"
        )
        outcome.expect("answers", {answer.status for answer in answers}, {200})
        sent = {json.loads(line)["id"] for body in bodies for line in body.split(b"\n")}
        outcome.expect("lines that were new", sum(each["new"] for each in told), len(sent))
        outcome.expect(
            "lines with a verdict",
            sum(each["new"] + each["duplicate"] for each in told),
            sum(each["lines"] for each in told),
        )
        outcome.expect("states", {each["status"] for each in told}, {"complete"})
        stored = hub.sql(
            "SELECT event_id, count(*) FROM integration_message WHERE direction = 'in' GROUP BY 1"
        )
        outcome.expect("messages", {event_id for event_id, count in stored if count == 1}, sent)
        again = json.loads(_send(hub, path, "application/x-ndjson", "batch_0", bodies[0]).body)
        outcome.expect("the first batch again", (again["repeated"], again["new"]), (True, 0))
        hub.wait_drained()
        outcome.expect(
            "invoices",
            hub.one("SELECT count(*) FROM account_move WHERE move_type = 'out_invoice' AND state = 'posted'"),
            len(sent),
        )
        outcome.fail(invariants.broken(hub))


def questions(env: Environment, outcome: Outcome, seed: int, requests: int = 60) -> None:
    """Ask one question many times at once, and many questions: each has one answer, signed, kept once."""
    feed = Feed(seed)
    with Hub(env, "at-once-questions") as hub:
        delivery = feed.customer(feed.parties[0], 1)
        _send(hub, hub.partner.path, "application/json", delivery.event.id, delivery.event.body)
        hub.wait_drained()
        path = hub.partner.path.replace("/in/", "/query/")

        def ask(number: int) -> Answer:
            question = {
                "kind": "query.credit",
                "schema_version": "1",
                "source": {"system": "shop", "object_id": f"q-{number % (requests // 10)}"},
                "occurred_at": "2026-03-02T15:00:00Z",
                "customer": feed.parties[0].id,
                "time_limit_ms": 10_000,
            }
            body = json.dumps(question).encode()
            return _send(hub, path, "application/json", f"ask_{number}", body)

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            answers = list(pool.map(ask, range(requests)))
        outcome.expect("answers", {answer.status for answer in answers}, {200})
        said: dict[str, set[bytes]] = {}
        for answer in answers:
            if answer.good:
                signing.verify(dict(answer.headers), answer.body, [hub.partner.secret], int(time.time()))
                said.setdefault(json.loads(answer.body)["query_id"], set()).add(answer.body)
        outcome.note(f"{requests} requests with {len(said)} questions over {CONNECTIONS} connections")
        outcome.expect("answers per question", {len(bodies) for bodies in said.values()}, {1})
        outcome.expect(
            "outcomes",
            hub.sql("SELECT outcome, decision, count(*) FROM integration_query_answer GROUP BY 1, 2"),
            [("answered", "release", requests // 10)],
        )
        outcome.fail(invariants.broken(hub))
