# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What must hold whatever happened: each invariant returns what breaks it, in words; nothing is an empty list.

The queries look at the whole database, so they hold for everything a run did, not for what it looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from .hub import Hub
from .shots import Acknowledged

SHOWN = 5


def every_acknowledged_event_is_stored(hub: Hub, acknowledged: Acknowledged) -> list[str]:
    """A 2xx is a promise: the event is in the inbox, once, with the bytes that were acknowledged (E1)."""
    stored = {
        (connection_id, event_id): digest
        for connection_id, event_id, digest in hub.sql(
            "SELECT m.connection_id, m.event_id, encode(sha256(p.raw), 'hex') FROM integration_message m"
            " JOIN integration_payload p ON p.message_id = m.id WHERE m.direction = 'in'"
        )
    }
    problems = []
    for key, digest in acknowledged.events.items():
        if key not in stored:
            problems.append(f"acknowledged but not stored: {key}")
        elif stored[key] != digest:
            problems.append(f"stored with another content than acknowledged: {key}")
    return problems


def one_message_per_event(hub: Hub) -> list[str]:
    """An event id is one message of its connection (E2)."""
    rows = hub.sql(
        "SELECT connection_id, event_id, count(*) FROM integration_message WHERE direction = 'in'"
        " GROUP BY 1, 2 HAVING count(*) > 1"
    )
    return [
        f"{count} messages for event {event_id} of connection {connection}"
        for connection, event_id, count in rows
    ]


def every_event_is_done_or_visibly_stopped(hub: Hub) -> list[str]:
    """Nothing hangs: done, or waiting with a next try, or stopped under an open exception (E5, E6, X1)."""
    rows = hub.sql(
        """
        SELECT m.id, m.direction, m.event_type, m.status, m.error_code FROM integration_message m
          LEFT JOIN integration_exception e ON e.id = m.exception_id
         WHERE NOT (m.status IN ('done', 'superseded', 'discarded')
                    OR (m.status = 'waiting' AND m.due_at IS NOT NULL)
                    OR (m.status IN ('parked', 'dead') AND e.state = 'open')
                    OR (m.status = 'held' AND EXISTS (
                        SELECT FROM integration_message b
                         WHERE b.connection_id = m.connection_id AND b.object_key = m.object_key AND b.id < m.id
                           AND b.direction = m.direction AND b.status IN ('waiting', 'held', 'parked', 'dead'))))
        """
    )
    return [f"message {row[0]} ({row[1]} {row[2]}) hangs as {row[3]}, {row[4]}" for row in rows]


def no_effect_happened_twice(hub: Hub) -> list[str]:
    """An effect key, a movement, a statement line and an invoice of the issuer exist once."""
    problems = [
        f"effect {key} of connection {connection} happened {count} times"
        for connection, key, count in hub.sql(
            "SELECT connection_id, key, count(*) FROM integration_effect GROUP BY 1, 2 HAVING count(*) > 1"
        )
    ]
    problems += [
        f"movement {kind} {identity} was booked {count} times"
        for kind, identity, count in hub.sql(
            "SELECT type, movement_id, count(*) FROM integration_movement"
            " GROUP BY connection_id, 1, 2 HAVING count(*) > 1"
        )
    ]
    problems += [
        f"statement line {line} stands for {count} movements"
        for line, count in hub.sql(
            "SELECT l.id, count(v.id) FROM account_bank_statement_line l"
            " LEFT JOIN integration_movement v ON v.statement_line_id = l.id"
            " WHERE l.journal_id IN (SELECT journal_id FROM integration_balance_account)"
            " GROUP BY 1 HAVING count(v.id) <> 1"
        )
    ]
    problems += [
        f"document {reference} of {kind} was booked {count} times"
        for kind, reference, count in hub.sql(
            "SELECT move_type, ref, count(*) FROM account_move WHERE integration_issued_elsewhere AND state <> 'cancel'"
            " GROUP BY integration_connection_id, 1, 2 HAVING count(*) > 1"
        )
    ]
    return problems


def every_effect_has_its_record(hub: Hub) -> list[str]:
    """What a message is said to have become is there: effect and record are one transaction (E4)."""
    problems = []
    for (model,) in hub.sql("SELECT DISTINCT res_model FROM integration_effect WHERE res_model IS NOT NULL"):
        table = model.replace(".", "_")
        problems += [
            f"effect {key}: {model} {res_id} does not exist"
            for key, res_id in hub.sql(
                f"SELECT e.key, e.res_id FROM integration_effect e WHERE e.res_model = %s"
                f" AND NOT EXISTS (SELECT FROM {table} r WHERE r.id = e.res_id)",
                model,
            )
        ]
    problems += [
        f"{count} booked documents of connection {connection} belong to no event"
        for connection, count in hub.sql(
            "SELECT integration_connection_id, count(*) FROM account_move m WHERE integration_issued_elsewhere"
            " AND NOT EXISTS (SELECT FROM integration_effect e WHERE e.res_model = 'account.move' AND e.res_id = m.id)"
            " GROUP BY 1"
        )
    ]
    return problems


def every_attempt_is_written(hub: Hub) -> list[str]:
    """Tries and audit entries are part of the transaction whose outcome they tell (A1)."""
    problems = [
        f"message {message} counts {counted} tries, {written} are written down"
        for message, counted, written in hub.sql(
            "SELECT m.id, m.attempt_count, count(a.id) FROM integration_message m"
            " LEFT JOIN integration_attempt a ON a.message_id = m.id"
            " GROUP BY m.id HAVING m.attempt_count <> count(a.id)"
        )
    ]
    problems += [
        f"message {message} is {status} without an entry in the audit trail"
        for message, status in hub.sql(
            "SELECT id, status FROM integration_message m WHERE status IN ('done', 'superseded')"
            " AND NOT EXISTS (SELECT FROM integration_audit_leaf l WHERE l.message_id = m.id)"
        )
    ]
    return problems


def objects_were_applied_in_order(hub: Hub) -> list[str]:
    """The events of one outside object were worked off in the order in which they came in (E3)."""
    rows = hub.sql(
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


def debits_equal_credits(hub: Hub) -> list[str]:
    """Each entry and the whole ledger balance; no draft is left behind in a journal of the hub."""
    problems = [
        f"entry {name} does not balance: {balance}"
        for name, balance in hub.sql(
            "SELECT m.name, sum(l.balance) FROM account_move m JOIN account_move_line l ON l.move_id = m.id"
            " WHERE m.state = 'posted' GROUP BY m.id, m.name"
            " HAVING sum(l.balance) <> 0 OR sum(l.debit) <> sum(l.credit)"
        )
    ]
    problems += [
        f"{count} draft entries are left in journal {code}"
        for code, count in hub.sql(
            "SELECT j.code, count(*) FROM account_move m JOIN account_journal j ON j.id = m.journal_id"
            " WHERE m.state = 'draft' GROUP BY 1"
        )
    ]
    return problems


def numbering_has_no_gaps(hub: Hub) -> list[str]:
    """Per journal and series the numbers run from 1 without a gap and without a repetition (M6)."""
    rows = hub.sql(
        "SELECT j.code, m.sequence_prefix, count(*), count(DISTINCT m.sequence_number), min(m.sequence_number),"
        " max(m.sequence_number) FROM account_move m JOIN account_journal j ON j.id = m.journal_id"
        " WHERE m.state = 'posted' GROUP BY 1, 2"
    )
    return [
        f"journal {code}, series {prefix}: {count} entries, {distinct} numbers from {first} to {last}"
        for code, prefix, count, distinct, first, last in rows
        if not (count == distinct == last and first == 1)
    ]


def money_is_applied_to_its_invoice(hub: Hub) -> list[str]:
    """A payment that names a posted, unpaid invoice is applied to it, whichever of the two came first (F1)."""
    rows = hub.sql(
        "SELECT v.movement_id, m.ref FROM integration_movement v"
        " JOIN integration_movement_reference r ON r.movement_id = v.id AND r.type = 'invoice'"
        " JOIN account_move m ON m.ref = r.value AND m.move_type = 'out_invoice' AND m.state = 'posted'"
        " WHERE v.type = 'payment' AND v.application IN ('open', 'unidentified')"
        " AND m.payment_state IN ('not_paid', 'partial') AND m.currency_id = v.currency_id"
    )
    return [f"payment {payment} waits although invoice {number} is open" for payment, number in rows]


def cash_equals(hub: Hub, expected: Decimal) -> list[str]:
    """The cash account of the provider shows the provider's balance, to the cent (R17)."""
    shown = hub.one(
        "SELECT COALESCE(sum(l.balance), 0) FROM account_move_line l"
        " JOIN account_journal j ON j.default_account_id = l.account_id"
        " JOIN integration_balance_account b ON b.journal_id = j.id WHERE l.parent_state = 'posted'"
    )
    lines = hub.one(
        "SELECT COALESCE(sum(amount), 0) FROM account_bank_statement_line"
        " WHERE journal_id IN (SELECT journal_id FROM integration_balance_account)"
    )
    problems = [] if shown == expected else [f"the cash account shows {shown}, the provider holds {expected}"]
    if lines != expected:
        problems.append(f"the statement lines add up to {lines}, the provider holds {expected}")
    return problems


def the_logs_are_clean(hub: Hub) -> list[str]:
    """No warning and no error that nobody expects."""
    return hub.log_problems()


ALWAYS: tuple[Callable[[Hub], list[str]], ...] = (
    one_message_per_event,
    every_event_is_done_or_visibly_stopped,
    no_effect_happened_twice,
    every_effect_has_its_record,
    every_attempt_is_written,
    objects_were_applied_in_order,
    debits_equal_credits,
    numbering_has_no_gaps,
    money_is_applied_to_its_invoice,
    the_logs_are_clean,
)


def broken(hub: Hub, acknowledged: Acknowledged | None = None, cash: Decimal | None = None) -> list[str]:
    """Return everything that does not hold, each line with the invariant's name before it."""
    checks = [(check.__name__, lambda check=check: check(hub)) for check in ALWAYS]
    if acknowledged is not None:
        name = every_acknowledged_event_is_stored.__name__
        checks.append((name, lambda: every_acknowledged_event_is_stored(hub, acknowledged)))
    if cash is not None:
        checks.append((cash_equals.__name__, lambda: cash_equals(hub, cash)))
    problems = []
    for name, check in checks:
        found = check()
        problems += [f"{name.replace('_', ' ')}: {text}" for text in found[:SHOWN]]
        if len(found) > SHOWN:
            problems.append(f"{name.replace('_', ' ')}: … and {len(found) - SHOWN} more")
    return problems
