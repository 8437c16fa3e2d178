# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reports on what came in: is it complete, what did it become, what was kept from being booked twice."""

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from .definition import (
    AMOUNT,
    DAY,
    INSTANT,
    NUMBER,
    Column,
    Report,
    Scope,
    define,
    in_period,
    local_day,
    translated,
)

_lt = LazyTranslate(__name__)
_RECEIVED = SQL("m.received_at")


def _completeness(scope: Scope) -> SQL:
    return SQL(
        """
        SELECT c.name, day.day, day.received, day.booked, day.nothing, day.open, day.stopped, day.aside,
               COALESCE(b.batches, 0), COALESCE(b.incomplete, 0)
          FROM (SELECT m.connection_id, %(day)s AS day, count(*) AS received,
                       count(*) FILTER (WHERE m.status = 'done'
                                          AND EXISTS (SELECT FROM integration_effect e
                                                       WHERE e.message_id = m.id)) AS booked,
                       count(*) FILTER (WHERE m.status IN ('done', 'superseded')
                                          AND NOT EXISTS (SELECT FROM integration_effect e
                                                           WHERE e.message_id = m.id)) AS nothing,
                       count(*) FILTER (WHERE m.status IN ('ready', 'waiting', 'held', 'unknown')) AS open,
                       count(*) FILTER (WHERE m.status IN ('parked', 'dead')) AS stopped,
                       count(*) FILTER (WHERE m.status = 'discarded') AS aside
                  FROM integration_message m
                 WHERE m.direction = 'in' AND m.company_id = %(company)s AND %(period)s
                 GROUP BY 1, 2) day
          JOIN integration_connection c ON c.id = day.connection_id
          LEFT JOIN (SELECT b.connection_id, %(batch_day)s AS day, count(*) AS batches,
                            count(*) FILTER (WHERE b.state NOT IN ('complete', 'accepted', 'repeated', 'replaced',
                                                                   'cancelled')) AS incomplete
                       FROM integration_batch b
                      WHERE b.company_id = %(company)s AND %(batch_period)s
                      GROUP BY 1, 2) b ON b.connection_id = day.connection_id AND b.day = day.day
         ORDER BY c.name, day.day
        """,
        company=scope.company_id,
        day=local_day(_RECEIVED, scope),
        period=in_period(_RECEIVED, scope),
        batch_day=local_day(SQL("b.create_date"), scope),
        batch_period=in_period(SQL("b.create_date"), scope),
    )


define(
    Report(
        code="completeness",
        sequence=10,
        title=_lt("Completeness of what came in"),
        question=_lt(
            "Of every event that was received: how many are in the books, had nothing to book, still wait, were "
            "stopped "
            "or put aside by a person. Nothing may be missing: the columns add up to what was received."
        ),
        columns=(
            Column(_lt("Connection")),
            Column(_lt("Received on"), DAY),
            Column(_lt("Received"), NUMBER),
            Column(_lt("Booked"), NUMBER),
            Column(_lt("Nothing to book"), NUMBER),
            Column(_lt("Still waiting"), NUMBER),
            Column(_lt("Stopped, needs a person"), NUMBER),
            Column(_lt("Put aside"), NUMBER),
            Column(_lt("Files and lists"), NUMBER),
            Column(_lt("Of them not complete"), NUMBER),
        ),
        query=_completeness,
    )
)


def _events_to_entries(scope: Scope) -> SQL:
    return SQL(
        """
        SELECT c.name, m.event_id, m.event_type, m.received_at, m.status, u.name, v.name, v.date, m.amount,
               m.correlation_id, m.body_digest
          FROM integration_message m
          JOIN integration_connection c ON c.id = m.connection_id
          LEFT JOIN integration_effect e ON e.message_id = m.id AND e.res_model IN
               ('account.move', 'account.bank.statement.line')
          LEFT JOIN account_bank_statement_line s
                 ON e.res_model = 'account.bank.statement.line' AND s.id = e.res_id
          LEFT JOIN account_move v ON v.id = CASE WHEN e.res_model = 'account.move' THEN e.res_id ELSE s.move_id END
          LEFT JOIN res_currency u ON u.id = m.currency_id
         WHERE m.direction = 'in' AND m.company_id = %(company)s AND %(period)s
         ORDER BY m.id, v.id
        """,
        company=scope.company_id,
        period=in_period(_RECEIVED, scope),
    )


define(
    Report(
        code="event_to_entry",
        sequence=20,
        title=_lt("From each event to its entries"),
        question=_lt("What became of each event that was received in the period."),
        columns=(
            Column(_lt("Connection")),
            Column(_lt("Event")),
            Column(_lt("Type")),
            Column(_lt("Received at"), INSTANT),
            Column(_lt("State"), labels=("integration.message", "status")),
            Column(_lt("Currency")),
            Column(_lt("Entry")),
            Column(_lt("Accounting date"), DAY),
            Column(_lt("Amount"), AMOUNT),
            Column(_lt("Correlation")),
            Column(_lt("Digest of the event (SHA-256)")),
        ),
        query=_events_to_entries,
        currency_column=5,
    )
)


def _entries_to_events(scope: Scope) -> SQL:
    return SQL(
        """
        SELECT v.name, %(journal)s, v.date, v.integration_event_date, c.name, v.integration_source_id,
               (SELECT string_agg(DISTINCT m.event_id, ', ') FROM integration_message m
                 WHERE m.id IN (SELECT e.message_id FROM integration_effect e
                                 WHERE e.res_model = 'account.move' AND e.res_id = v.id)
                    OR m.id IN (SELECT w.message_id FROM integration_movement w
                                 WHERE w.statement_line_id = v.statement_line_id)),
               u.name, v.amount_total, v.integration_correlation_id
          FROM account_move v
          JOIN account_journal j ON j.id = v.journal_id
          JOIN integration_connection c ON c.id = v.integration_connection_id
          JOIN res_currency u ON u.id = v.currency_id
         WHERE v.company_id = %(company)s AND v.state = 'posted' AND v.date BETWEEN %(first)s AND %(last)s
         ORDER BY v.date, v.id
        """,
        journal=translated(SQL("j.name"), scope),
        company=scope.company_id,
        first=scope.date_from,
        last=scope.date_to,
    )


define(
    Report(
        code="entry_to_event",
        sequence=30,
        title=_lt("From each entry to its events"),
        question=_lt(
            "Where each entry that the hub booked comes from. An entry without event was added by Odoo itself "
            "when money "
            "was matched (exchange difference, tax due on payment); its correlation leads to the event behind it."
        ),
        columns=(
            Column(_lt("Entry")),
            Column(_lt("Journal")),
            Column(_lt("Accounting date"), DAY),
            Column(_lt("True date"), DAY),
            Column(_lt("Connection")),
            Column(_lt("Id at the source")),
            Column(_lt("Events")),
            Column(_lt("Currency")),
            Column(_lt("Amount"), AMOUNT),
            Column(_lt("Correlation")),
        ),
        query=_entries_to_events,
        currency_column=7,
    )
)


def _duplicates(scope: Scope) -> SQL:
    return SQL(
        """
        SELECT c.name, m.event_id, m.event_type, m.received_at,
               CASE WHEN m.error_code = 'event_id_conflict' THEN ':conflict' ELSE ':repeated' END,
               m.status, u.name, m.amount
          FROM integration_message m
          JOIN integration_connection c ON c.id = m.connection_id
          LEFT JOIN res_currency u ON u.id = m.currency_id
         WHERE m.direction = 'in' AND m.company_id = %(company)s AND %(period)s
           AND (m.error_code = 'event_id_conflict'
                OR EXISTS (SELECT FROM integration_attempt a WHERE a.message_id = m.id AND a.outcome = 'duplicate'))
         ORDER BY m.id
        """,
        company=scope.company_id,
        period=in_period(_RECEIVED, scope),
    )


define(
    Report(
        code="duplicates",
        sequence=80,
        title=_lt("What was kept from being booked twice"),
        question=_lt(
            "Events that told what was in the books already, and events whose id came a second time with other "
            "content. "
            "Deliveries of the very same event are answered and leave no event of their own."
        ),
        columns=(
            Column(_lt("Connection")),
            Column(_lt("Event")),
            Column(_lt("Type")),
            Column(_lt("Received at"), INSTANT),
            Column(
                _lt("Why it was not booked"),
                words={
                    ":conflict": _lt("Same id, other content"),
                    ":repeated": _lt("In the books already"),
                },
            ),
            Column(_lt("State"), labels=("integration.message", "status")),
            Column(_lt("Currency")),
            Column(_lt("Amount"), AMOUNT),
        ),
        query=_duplicates,
        currency_column=6,
    )
)
