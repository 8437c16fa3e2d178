# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What must hold of the evidence: tries, audit entries, jobs, deliveries; each invariant returns what breaks it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import psycopg2

from .books import Books

LEAF_FIELDS = (
    "company_id", "user_id", "action", "connection_id", "message_id", "res_model", "res_id", "correlation_id",
    "subject_digest", "detail", "request_id",
)  # fmt: skip
# What somebody who wants to hide something would try; each must be refused by the database itself.
TAMPERING = (
    "UPDATE integration_audit_leaf SET detail = 'x' WHERE id = (SELECT min(id) FROM integration_audit_leaf)",
    "DELETE FROM integration_audit_leaf WHERE id = (SELECT max(id) FROM integration_audit_leaf)",
    "TRUNCATE integration_audit_leaf CASCADE",
)


def every_attempt_is_written(books: Books) -> list[str]:
    """Tries are part of the transaction whose outcome they tell (E4)."""
    return [
        f"message {message} counts {counted} tries, {written} are written down"
        for message, counted, written in books.sql(
            "SELECT m.id, m.attempt_count, count(a.id) FROM integration_message m"
            " LEFT JOIN integration_attempt a ON a.message_id = m.id"
            " GROUP BY m.id HAVING m.attempt_count <> count(a.id)"
        )
    ]


def every_outcome_is_in_the_audit_trail(books: Books) -> list[str]:
    """What is done, overtaken or put aside has its audit entry, and no entry was written twice for one try (A1)."""
    problems = [
        f"message {message} is {status} without an entry in the audit trail"
        for message, status in books.sql(
            "SELECT id, status FROM integration_message m WHERE status IN ('done', 'superseded', 'discarded')"
            " AND NOT EXISTS (SELECT FROM integration_audit_leaf l WHERE l.message_id = m.id)"
        )
    ]
    problems += [
        f"message {message} was booked {count} times according to the audit trail"
        for message, count in books.sql(
            "SELECT l.message_id, count(*) FROM integration_audit_leaf l JOIN integration_message m"
            " ON m.id = l.message_id WHERE m.direction = 'in' AND l.action = 'message.done'"
            " GROUP BY 1 HAVING count(*) > 1"
        )
    ]
    return problems


def audit_entries_are_genuine(books: Books) -> list[str]:
    """Each entry has the digest of what it says, computed here without the product's code (A2)."""
    rows = books.sql(
        f"SELECT id, digest, to_char(recorded_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), {', '.join(LEAF_FIELDS)}"
        " FROM integration_audit_leaf ORDER BY id"
    )
    problems = []
    for entry_id, stated, recorded_at, *values in rows:
        stamp = recorded_at.rstrip("0").rstrip(".") + "Z"
        fields = dict(zip(LEAF_FIELDS, values, strict=True)) | {"recorded_at": stamp}
        if fields["request_id"] is None:  # a field that came later: where it is empty it is not hashed
            del fields["request_id"]
        text = json.dumps(
            {"fields": fields, "version": "v1"}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        if stated != f"v1:{hashlib.sha256(text.encode()).hexdigest()}":
            problems.append(f"audit entry {entry_id} is not what was written")
    return problems


def audit_entries_cannot_be_changed(books: Books) -> list[str]:
    """The database refuses to change, delete or empty the audit trail (A1)."""
    if not books.one("SELECT EXISTS (SELECT FROM integration_audit_leaf)"):
        return []
    return [f"the database accepted: {statement}" for statement in TAMPERING if _accepted(books, statement)]


def _accepted(books: Books, statement: str) -> bool:
    """Whether the statement would go through; a block that ends in an error leaves nothing behind."""
    body = f"BEGIN {statement}; RAISE EXCEPTION 'accepted' USING ERRCODE = 'P0002'; END"
    try:
        books.sql(f"DO $$ {body} $$")
    except psycopg2.Error as error:
        return error.pgcode == "P0002"
    return True


def no_job_failed(books: Books) -> list[str]:
    """Nothing that was expected raises out of a queue job (E11)."""
    return [
        f"queue job {name} failed {count} times: {reason}"
        for name, reason, count in books.sql(
            "SELECT method_name, exc_name || ': ' || left(exc_message, 200), count(*) FROM queue_job"
            " WHERE state = 'failed' GROUP BY 1, 2"
        )
    ]


def every_delivery_arrived(books: Books, taken: Mapping[str, set[bytes]]) -> list[str]:
    """What is acknowledged has arrived, what arrived was told, and under one id there was one content (E8).

    :param taken: event id → the different bodies that the receiver took under it.
    """
    sent = dict(books.sql("SELECT event_id, status FROM integration_message WHERE direction = 'out'"))
    problems = [
        f"event {event_id} is acknowledged and never arrived"
        for event_id, status in sent.items()
        if status == "done" and event_id not in taken
    ]
    problems += [
        f"event {event_id} arrived and was never told" for event_id in sorted(taken.keys() - sent.keys())
    ]
    problems += [
        f"event {event_id} arrived with {len(bodies)} contents"
        for event_id, bodies in taken.items()
        if len(bodies) > 1
    ]
    return problems


def the_logs_are_clean(books: Books) -> list[str]:
    """No warning and no error that the scenario does not expect."""
    return books.log_problems()
