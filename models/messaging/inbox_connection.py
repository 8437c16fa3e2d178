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

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo.sql_db import connection_info_for

from ...connectors.registry import get_connector
from ...engine import correlation
from ...engine.canonical.base import MAX_VERSION

STORE = """
    WITH stored AS (
        INSERT INTO integration_message
               (direction, company_id, connection_id, endpoint_id, flow_id, lane_id, origin, event_id,
                event_type, object_key, version, kind, occurred_at, received_at, stage, status,
                attempt_count, body_digest, correlation_id, trace_parent, trace_state)
        VALUES ('in', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC',
                'received', 'ready', 0, %s, %s, %s, %s)
        ON CONFLICT (connection_id, event_id) WHERE direction = 'in' DO NOTHING
        RETURNING id
    ), kept AS (
        INSERT INTO integration_payload (message_id, raw, headers) SELECT id, %s, %s FROM stored
    )
    SELECT id FROM stored
"""
TYPES = (*["int"] * 5, *["text"] * 4, "bigint", "text", "timestamp", *["text"] * 4, "bytea", "jsonb")
_NUMBERS = iter(range(1, len(TYPES) + 1))
PREPARE = f"PREPARE store_event ({', '.join(TYPES)}) AS " + re.sub(
    "%s", lambda _match: f"${next(_NUMBERS)}", STORE
)
EXECUTE = f"EXECUTE store_event ({', '.join(['%s'] * len(TYPES))})"

_connections: dict[str, "InboxConnection"] = {}


def event_values(facts, envelope, event_id, raw, headers, body_digest, correlation_id, origin="push"):
    """Return the parameters of ``STORE``, in its order.

    :param facts: what ``integration.endpoint._address_facts`` says of the address (or the same from a pull).
    :param headers: dict of the headers needed to verify the signature again.
    """
    rule = get_connector(facts["connector"]).spec.events.get(envelope.event_type)
    kind = rule.kind if rule else None
    flow_id, lane_id = facts["flows"].get(kind, (None, None))
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
        raw,
        json.dumps(headers),
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

    def store(self, values):
        """Store one event and return its id, or None when its event id is known; committed on return.

        :param values: the parameters of ``STORE``, in its order.
        :raises psycopg2.Error: the database refuses; nothing is stored.
        """
        with self._lock:
            try:
                return self._execute(values)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                # The server may have been restarted. Was the event stored all the same, the answer is None.
                self.close()
                return self._execute(values)

    def _execute(self, values):
        if self._connection is None:
            self._open()
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(EXECUTE, values)
                row = cursor.fetchone()
        except psycopg2.ProgrammingError:  # another module has changed the tables since
            self.close()
            raise
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
