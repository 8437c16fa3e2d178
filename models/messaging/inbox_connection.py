# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A database connection of each process that does nothing but store events.

Whenever a request borrows a connection from Odoo's pool, PostgreSQL is told to forget everything it has prepared
(``DISCARD ALL``). Planning the one statement that stores an event, and the checks of its foreign keys, again for
each event costs more than running it. This connection keeps its plans. Each statement is its own transaction under
READ COMMITTED: what ``store`` returns is committed.
"""

import json
import re
import threading
import time
from datetime import datetime, timedelta, timezone

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo.sql_db import connection_info_for

from ...connectors.registry import get_connector
from ...engine import correlation
from ...engine.canonical.base import MAX_VERSION
from .data_key import sealed_content
from .next_look import EXPECT, SWEEP

# The columns of an event in the order of ``event_values``, with their types; the last two are the payload's.
COLUMNS = {
    "company_id": "int",
    "connection_id": "int",
    "endpoint_id": "int",
    "flow_id": "int",
    "lane_id": "int",
    "origin": "text",
    "event_id": "text",
    "event_type": "text",
    "object_key": "text",
    "version": "bigint",
    "kind": "text",
    "occurred_at": "timestamp",
    "body_digest": "text",
    "correlation_id": "text",
    "trace_parent": "text",
    "trace_state": "text",
    "books_nothing": "bool",
    "key_share": "bytea",
}
TYPES = (*COLUMNS.values(), "bytea", "jsonb")
_GIVEN = ", ".join(COLUMNS)
STORE = f"""
    WITH stored AS (
        INSERT INTO integration_message ({_GIVEN}, direction, received_at, stage, status, attempt_count)
        VALUES ({", ".join(["%s"] * len(COLUMNS))}, 'in', now() AT TIME ZONE 'UTC', 'received', 'ready', 0)
        ON CONFLICT (connection_id, event_id) WHERE direction = 'in' DO NOTHING
        RETURNING id
    ), kept AS (
        INSERT INTO integration_payload (message_id, raw, headers) SELECT id, %s, %s FROM stored
    )
    SELECT id FROM stored
"""  # noqa: S608 - names of columns from above
# Many events at once: an array per column, the bodies as lines of one text (encrypted ones in base64). Their ids follow
# their order.
STORE_LINES = f"""
    WITH line AS (
        SELECT * FROM unnest({", ".join(f"%s::{kind}[]" for kind in COLUMNS.values())},
                             string_to_array(%s, E'\\n'))
                 WITH ORDINALITY AS l({_GIVEN}, raw, place)
    ), stored AS (
        INSERT INTO integration_message
               ({_GIVEN}, batch_id, direction, received_at, stage, status, attempt_count)
        SELECT {_GIVEN}, %s, 'in', now() AT TIME ZONE 'UTC', 'received', 'ready', 0 FROM line ORDER BY place
        ON CONFLICT (connection_id, event_id) WHERE direction = 'in' DO NOTHING
        RETURNING id, event_id
    ), kept AS (
        INSERT INTO integration_payload (message_id, raw, headers)
        SELECT stored.id, CASE WHEN line.key_share IS NULL THEN convert_to(line.raw, 'UTF8')
                               ELSE decode(line.raw, 'base64') END, '{{}}'
          FROM stored JOIN line USING (event_id)
    )
    SELECT event_id, id FROM stored
"""  # noqa: S608 - names of columns from above
_NUMBERS = iter(range(1, len(TYPES) + 1))
PREPARE = f"PREPARE store_event ({', '.join(TYPES)}) AS " + re.sub(
    "%s", lambda _match: f"${next(_NUMBERS)}", STORE
)
EXECUTE = f"EXECUTE store_event ({', '.join(['%s'] * len(TYPES))})"

# Before the first event of each such time it is written down that the scheduler looks after it: whatever becomes of
# this process, what it acknowledges is found.
LOOKED_AFTER_SECONDS = 60
LOOK_AFTER_SECONDS = 2 * LOOKED_AFTER_SECONDS

_connections: dict[str, "InboxConnection"] = {}


def event_values(
    facts, envelope, event_id, raw, headers, body_digest, correlation_id, origin="push", in_batch=False
):
    """Return the parameters of ``STORE``, in its order.

    :param facts: what ``integration.endpoint._address_facts`` says of the address (or the same from a pull).
    :param headers: dict of the headers needed to verify the signature again.
    """
    rule = get_connector(facts["connector"]).spec.events.get(envelope.event_type)
    kind = rule.kind if rule else None
    flow_id, lane_id = facts["flows"].get(kind, (None, None))
    share, stored = sealed_content(facts, kind, raw)
    return (
        facts["company_id"],
        facts["connection_id"],
        facts.get("endpoint_id"),
        flow_id,
        lane_id or facts["default_lane"],
        origin,
        event_id,
        envelope.event_type,
        envelope.object_key,
        _column_version(envelope.version),
        kind,
        envelope.occurred_at and envelope.occurred_at.replace(tzinfo=None),
        body_digest,
        correlation_id,
        *trace_columns(),
        origin == "push" and not in_batch and _books_nothing(facts, rule, envelope),
        share,
        stored,
        json.dumps(headers),
    )


def _books_nothing(facts, rule, envelope):
    """Whether an event of a type without effect on the books is meant for us; else it is looked at more closely."""
    account, expected = envelope.account, facts["outside_account"]
    return (
        rule is not None
        and not rule.kind
        and not (account and expected and account != expected)
        and envelope.live in (None, facts["environment"] == "production")
    )


def trace_columns():
    """Return (trace_parent, trace_state) of what is being worked on, as they are stored."""
    now = correlation.current()
    if now is None or now.trace is None:
        return None, None
    return now.trace.parent, now.trace.state or None


def _column_version(version):
    """Return a version that the column holds; one beyond 64 bits is found wrong when the event is understood."""
    return version if version is not None and 0 <= version <= MAX_VERSION else None


class InboxConnection:
    """The connection to one database; threads take turns."""

    def __init__(self, dbname):
        self._dbname = dbname
        self._lock = threading.Lock()
        self._connection = None
        self._looked_after_until = 0.0

    def store(self, values):
        """Store one event and return its id, or None when its event id is known; committed on return.

        :param values: the parameters of ``STORE``, in its order.
        :raises psycopg2.Error: the database refuses; nothing is stored.
        """
        with self._lock:
            try:
                return self._execute(values)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                # The server may have been restarted, or the answer to a commit was lost.
                self.close()
                return self._execute(values) or self._stored_by_us(values)

    def _execute(self, values):
        if self._connection is None:
            self._open()
        try:
            with self._connection.cursor() as cursor:
                self._expect_a_look(cursor)
                cursor.execute(EXECUTE, values)
                row = cursor.fetchone()
        except psycopg2.ProgrammingError:  # another module has changed the tables since
            self.close()
            raise
        return row[0] if row else None

    def _expect_a_look(self, cursor):
        now = time.monotonic()
        if now < self._looked_after_until:
            return
        instant = datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)
        after = instant + timedelta(seconds=LOOKED_AFTER_SECONDS)
        at = instant + timedelta(seconds=LOOK_AFTER_SECONDS)
        cursor.execute(EXPECT, {"after": after, "at": at, "cron": SWEEP})
        self._looked_after_until = now + LOOKED_AFTER_SECONDS

    def _stored_by_us(self, values):
        """Return the id of the event that the try before this one stored although its answer was lost, else None.

        Taken for a repetition, nobody would be told that there is work to do.
        """
        named = dict(zip(COLUMNS, values, strict=False))  # without the payload
        with self._connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT id FROM integration_message
                 WHERE connection_id = %(connection_id)s AND event_id = %(event_id)s AND direction = 'in'
                   AND body_digest = %(body_digest)s AND correlation_id = %(correlation_id)s AND status = 'ready'
                """,
                named,
            )
            row = cursor.fetchone()
        return row[0] if row else None

    def _open(self):
        _database, info = connection_info_for(self._dbname)
        connection = psycopg2.connect(**info)
        connection.set_session(isolation_level=ISOLATION_LEVEL_READ_COMMITTED, autocommit=True)
        with connection.cursor() as cursor:
            cursor.execute(PREPARE)
        self._connection = connection

    def close(self):
        """Give the connection up; the next event opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def store_at_once(dbname, values):
    """Store one event in a transaction of its own; see ``InboxConnection.store``."""
    connection = _connections.get(dbname)
    if connection is None:
        connection = _connections.setdefault(dbname, InboxConnection(dbname))
    return connection.store(values)
