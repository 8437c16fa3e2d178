# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What must hold whatever happened: each invariant returns what breaks it, in words; nothing is an empty list.

The queries look at the whole database, so they hold for everything a run did, not for what it looked at. Those
about the books are in ``money_invariants.py``, those about the evidence in ``audit_invariants.py`` and
``seal_invariants.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal

from . import audit_invariants, money_invariants, seal_invariants
from .books import Books

SHOWN = 5
# The digest of a content as it is stored. What is encrypted cannot be looked into here: that it is genuine shows when
# it is worked off, since altered it cannot be opened at all.
STORED_DIGEST = (
    "CASE WHEN m.key_share IS NOT NULL AND substr(p.raw, 1, 4) = decode('00464931', 'hex') THEN m.body_digest"
    " ELSE encode(sha256(p.raw), 'hex') END"
)
# Event ids of a connection as they were acknowledged: (connection id, event id) → SHA-256 of the body.
Promises = Mapping[tuple[int, str], str]


def every_acknowledged_event_is_stored(books: Books, acknowledged: Promises) -> list[str]:
    """A 2xx is a promise: the event is in the inbox, once, with the bytes that were acknowledged (E1)."""
    stored = {
        (connection_id, event_id): digest
        for connection_id, event_id, digest in books.sql(
            f"SELECT m.connection_id, m.event_id, {STORED_DIGEST} FROM integration_message m"
            " JOIN integration_payload p ON p.message_id = m.id WHERE m.direction = 'in'"
        )
    }
    problems = []
    for key, digest in acknowledged.items():
        if key not in stored:
            problems.append(f"acknowledged but not stored: {key}")
        elif stored[key] != digest:
            problems.append(f"stored with another content than acknowledged: {key}")
    return problems


def one_message_per_event(books: Books) -> list[str]:
    """An event id is one message of its connection (E2)."""
    rows = books.sql(
        "SELECT connection_id, event_id, count(*) FROM integration_message WHERE direction = 'in'"
        " GROUP BY 1, 2 HAVING count(*) > 1"
    )
    return [
        f"{count} messages for event {event_id} of connection {connection}"
        for connection, event_id, count in rows
    ]


def every_event_is_accounted_for(books: Books) -> list[str]:
    """Per connection: stored = done + dead + held + parked + superseded + discarded + open; none is in no state."""
    rows = books.sql(
        """
        SELECT connection_id, direction, count(*),
               count(*) FILTER (WHERE status IN ('done', 'dead', 'held', 'parked', 'superseded', 'discarded')),
               count(*) FILTER (WHERE status IN ('ready', 'waiting', 'unknown'))
          FROM integration_message GROUP BY 1, 2
        """
    )
    return [
        f"connection {connection}, {direction}: {stored} stored, {ended} ended or stopped, {still_open} open"
        for connection, direction, stored, ended, still_open in rows
        if stored != ended + still_open
    ]


def exactly_the_bad_ones_stopped(books: Books, bad: Collection[str]) -> list[str]:
    """What stopped is what was made to be bad, event for event: no good one hangs, no bad one was booked."""
    stopped = dict(
        books.sql(
            "SELECT event_id, error_code FROM integration_message"
            " WHERE direction = 'in' AND status IN ('parked', 'dead')"
        )
    )
    problems = [
        f"event {event_id} stopped ({stopped[event_id]}) and is a good one"
        for event_id in sorted(stopped.keys() - set(bad))
    ]
    return problems + [
        f"event {event_id} is bad and did not stop" for event_id in sorted(set(bad) - stopped.keys())
    ]


def every_event_is_done_or_visibly_stopped(books: Books) -> list[str]:
    """Nothing hangs: done, or waiting with a next try, or stopped under an open exception (E5, E6, X1)."""
    rows = books.sql(
        """
        SELECT m.id, m.direction, m.event_type, m.status, m.error_code FROM integration_message m
          LEFT JOIN integration_exception e ON e.id = m.exception_id
         WHERE NOT (m.status IN ('done', 'superseded', 'discarded')
                    OR (m.status IN ('waiting', 'unknown') AND m.due_at IS NOT NULL)
                    OR (m.status IN ('parked', 'dead') AND COALESCE(e.state, '') = 'open')
                    OR (m.status = 'held' AND m.hold_reason = 'parent' AND m.waits_until IS NOT NULL)
                    OR (m.status = 'held' AND m.hold_reason = 'number' AND EXISTS (
                        SELECT FROM integration_sequence_gap g
                         WHERE g.series_id = m.series_id AND g.state = 'open' AND g.first_number < m.sequence))
                    OR ((m.status = 'held' AND COALESCE(m.hold_reason, 'order') = 'order'
                         OR m.status = 'ready' AND m.direction = 'out') AND EXISTS (
                        SELECT FROM integration_message b
                         WHERE b.connection_id = m.connection_id AND b.object_key = m.object_key AND b.id <> m.id
                           AND b.direction = m.direction AND b.status IN ('waiting', 'held', 'parked', 'dead'))))
        """
    )
    return [f"message {row[0]} ({row[1]} {row[2]}) hangs as {row[3]}, {row[4]}" for row in rows]


def no_effect_happened_twice(books: Books) -> list[str]:
    """An effect key, a movement, a statement line and an invoice of the issuer exist once."""
    problems = [
        f"effect {key} of connection {connection} happened {count} times"
        for connection, key, count in books.sql(
            "SELECT connection_id, key, count(*) FROM integration_effect GROUP BY 1, 2 HAVING count(*) > 1"
        )
    ]
    problems += [
        f"movement {kind} {identity} was booked {count} times"
        for kind, identity, count in books.sql(
            "SELECT type, movement_id, count(*) FROM integration_movement"
            " GROUP BY connection_id, 1, 2 HAVING count(*) > 1"
        )
    ]
    problems += [
        f"statement line {line} stands for {count} movements"
        for line, count in books.sql(
            "SELECT l.id, count(v.id) FROM account_bank_statement_line l"
            " LEFT JOIN integration_movement v ON v.statement_line_id = l.id"
            " WHERE l.journal_id IN (SELECT journal_id FROM integration_balance_account)"
            " GROUP BY 1 HAVING count(v.id) <> 1"
        )
    ]
    problems += [
        f"document {reference} of {kind} was booked {count} times"
        for kind, reference, count in books.sql(
            "SELECT move_type, ref, count(*) FROM account_move WHERE integration_issued_elsewhere AND state <> 'cancel'"
            " GROUP BY integration_connection_id, 1, 2 HAVING count(*) > 1"
        )
    ]
    return problems


def every_effect_has_its_record(books: Books) -> list[str]:
    """What a message is said to have become is there: effect and record are one transaction (E4)."""
    problems = []
    for (model,) in books.sql(
        "SELECT DISTINCT res_model FROM integration_effect WHERE res_model IS NOT NULL"
    ):
        table = model.replace(".", "_")
        problems += [
            f"effect {key}: {model} {res_id} does not exist"
            for key, res_id in books.sql(
                f"SELECT e.key, e.res_id FROM integration_effect e WHERE e.res_model = %s"
                f" AND NOT EXISTS (SELECT FROM {table} r WHERE r.id = e.res_id)",
                model,
            )
        ]
    problems += [
        f"{count} booked documents of connection {connection} belong to no event"
        for connection, count in books.sql(
            "SELECT integration_connection_id, count(*) FROM account_move m WHERE integration_issued_elsewhere"
            " AND NOT EXISTS (SELECT FROM integration_effect e WHERE e.res_model = 'account.move' AND e.res_id = m.id)"
            " GROUP BY 1"
        )
    ]
    return problems


def objects_were_applied_in_order(books: Books) -> list[str]:
    """The events of one outside object were worked off in the order in which they came in (E3)."""
    rows = books.sql(
        """
        SELECT object_key, message_id, before FROM (
            SELECT m.connection_id, m.object_key, a.message_id,
                   max(a.message_id) OVER (PARTITION BY m.connection_id, m.object_key ORDER BY a.id
                                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
              FROM integration_attempt a JOIN integration_message m ON m.id = a.message_id
             WHERE m.direction = 'in' AND a.outcome IN ('done', 'superseded')) AS tries
         WHERE message_id < before
        """
    )
    return [f"{key}: message {message} was applied after message {before}" for key, message, before in rows]


def versions_never_go_back(books: Books) -> list[str]:
    """No older version of an object is applied after a newer one (E3)."""
    rows = books.sql(
        """
        SELECT object_key, version, before FROM (
            SELECT m.object_key, m.version,
                   max(m.version) OVER (PARTITION BY m.connection_id, m.object_key ORDER BY a.id
                                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
              FROM integration_attempt a JOIN integration_message m ON m.id = a.message_id
             WHERE m.direction = 'in' AND a.outcome = 'done' AND m.version IS NOT NULL
               AND m.kind IN ('customer', 'invoice', 'entry')) AS applied
         WHERE version < before
        """
    )
    return [f"{key}: version {version} was applied after version {before}" for key, version, before in rows]


ALWAYS: tuple[Callable[[Books], list[str]], ...] = (
    one_message_per_event,
    every_event_is_accounted_for,
    every_event_is_done_or_visibly_stopped,
    no_effect_happened_twice,
    every_effect_has_its_record,
    objects_were_applied_in_order,
    versions_never_go_back,
    money_invariants.debits_equal_credits,
    money_invariants.numbering_has_no_gaps,
    money_invariants.money_is_applied_to_its_invoice,
    audit_invariants.every_attempt_is_written,
    audit_invariants.every_outcome_is_in_the_audit_trail,
    audit_invariants.audit_entries_are_genuine,
    audit_invariants.audit_entries_cannot_be_changed,
    seal_invariants.seals_follow_one_another,
    seal_invariants.every_entry_is_what_was_sealed,
    audit_invariants.no_job_failed,
    audit_invariants.the_logs_are_clean,
)


def broken(
    books: Books,
    acknowledged: Promises | None = None,
    money: Mapping[date, Decimal] | None = None,
    bad: Collection[str] | None = None,
    taken: Mapping[str, set[bytes]] | None = None,
) -> list[str]:
    """Return everything that does not hold, each line with the invariant's name before it.

    What is not given is not compared: ``acknowledged`` events, ``money`` per day at the provider, the ids of ``bad``
    events, and what a receiver has ``taken``.
    """
    checks = [(check, lambda check=check: check(books)) for check in ALWAYS]
    for check, expected in (
        (every_acknowledged_event_is_stored, acknowledged),
        (money_invariants.money_agrees_with_the_provider, money),
        (exactly_the_bad_ones_stopped, bad),
        (audit_invariants.every_delivery_arrived, taken),
    ):
        if expected is not None:
            checks.append((check, lambda check=check, expected=expected: check(books, expected)))
    problems = []
    for check, look in checks:
        name, found = check.__name__.replace("_", " "), look()
        problems += [f"{name}: {text}" for text in found[:SHOWN]]
        if len(found) > SHOWN:
            problems.append(f"{name}: … and {len(found) - SHOWN} more")
    return problems
