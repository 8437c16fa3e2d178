# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Bad input over real HTTP: a 4xx problem document or a stored event with an exception; never 5xx, nothing lost."""

from __future__ import annotations

import json

from devtools.environment import Environment

from .. import invariants
from ..bad_requests import Case, cases
from ..hub import Hub
from ..outcome import Outcome
from ..shots import RawAnswer, raw

HELD = "SELECT m.event_id, m.status, m.error_code, e.state FROM integration_message m LEFT JOIN integration_exception e ON e.id = m.exception_id"  # noqa: E501


def run(env: Environment, outcome: Outcome, seed: int) -> None:
    """Send every case; look at each answer, at what is stored, and at what became of it."""
    with Hub(env, "bad-input") as hub:
        told = cases(hub.partner, hub.stripe, seed)
        stored: dict[str, Case] = {}
        for case in told:
            before = hub.one("SELECT count(*) FROM integration_message")
            answer = raw(hub.server.url, case.request)
            outcome.fail([f"{case.name}: {text}" for text in _wrong(case, answer)])
            added = hub.one("SELECT count(*) FROM integration_message") - before
            outcome.expect(f"{case.name}: messages stored", added, 1 if case.stored else 0)
            if case.stored and added:
                event_id = hub.one("SELECT event_id FROM integration_message ORDER BY id DESC LIMIT 1")
                stored[event_id] = case
        outcome.note(f"{len(told)} requests, {len(stored)} of them stored")
        hub.wait_drained()
        rows = {event_id: (status, code, state) for event_id, status, code, state in hub.sql(HELD)}
        for event_id, case in stored.items():
            status, code, state = rows[event_id]
            if case.code is None:
                outcome.expect(f"{case.name}: status", status, "done")
            else:
                outcome.expect(
                    f"{case.name}: what stopped it", (code, status, state), (case.code, "parked", "open")
                )
        refused = sum(case.counted for case in told)
        counted = hub.one("SELECT sum(refused_count) FROM integration_endpoint")
        outcome.note(f"{refused} refusals at known addresses, {counted} counted so far")
        outcome.fail(invariants.broken(hub))


def _wrong(case: Case, answer: RawAnswer) -> list[str]:
    """Return what is wrong with an answer."""
    problems = []
    if answer.status != case.status:
        problems.append(f"answered {answer.status} instead of {case.status}: {answer.body[:200]!r}")
    if b"Traceback" in answer.body:
        problems.append("the answer shows a traceback")
    if 400 <= answer.status < 500 and case.problem:
        kind = answer.headers.get("content-type", "")
        if not kind.startswith("application/problem+json"):
            problems.append(f"the refusal is {kind!r}, not a problem document")
        elif json.loads(answer.body).get("status") != answer.status:
            problems.append("the problem document states another status")
    return problems
