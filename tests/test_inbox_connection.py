# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The connection that stores events: its statement, and what it does when the server goes away."""

from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from unittest.mock import patch

import psycopg2

from odoo.tests import TransactionCase

from ..models.messaging import inbox_connection
from ..models.messaging.inbox_connection import COLUMNS, EXECUTE, PREPARE, STORE, TYPES, InboxConnection
from ..models.messaging.next_look import EXPECT


class FakeDatabase:
    """Hands out connections; the first ``lost`` ones fail when an event is stored."""

    def __init__(self, lost, error=psycopg2.OperationalError, known=False):
        self.lost = lost
        self.known = known
        self.error = error
        self.opened = self.closed = 0
        self.executed = []

    def connect(self, **_info):
        self.opened += 1
        return FakeConnection(self, fails=self.opened <= self.lost)


class FakeConnection:
    def __init__(self, database, fails):
        self.database = database
        self.fails = fails

    def set_session(self, **session):
        self.session = session

    @contextmanager
    def cursor(self):
        yield self

    def execute(self, statement, values=None):
        assert self.session["autocommit"]
        if statement == EXPECT:
            return
        self.database.executed.append(statement)
        if self.fails and statement == EXECUTE:
            raise self.database.error("gone")

    def fetchone(self):
        if not self.database.known:
            return (7,)
        return None if self.database.executed[-1] == EXECUTE else (11,)

    def close(self):
        self.database.closed += 1


class TestInboxConnection(TransactionCase):
    def store(self, connection, database):
        with patch.object(inbox_connection.psycopg2, "connect", database.connect):
            return connection.store((None,) * len(TYPES))

    def test_statement_and_types_fit(self):
        """PostgreSQL itself takes the prepared form: as many parameters as values, each of a fitting type."""
        self.assertEqual(STORE.count("%s"), len(TYPES))
        self.env.cr.execute(PREPARE)
        self.env.cr.execute(
            "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'store_event'"
        )
        self.assertEqual(len(self.env.cr.fetchone()[0]), len(TYPES))
        self.env.cr.execute("DEALLOCATE store_event")

    def test_one_connection_serves_all_events(self):
        database, connection = FakeDatabase(lost=0), InboxConnection(self.env.cr.dbname)
        self.assertEqual([self.store(connection, database) for _event in range(3)], [7, 7, 7])
        self.assertEqual((database.opened, database.closed), (1, 0))
        self.assertEqual(database.executed, [PREPARE, EXECUTE, EXECUTE, EXECUTE])

    def test_a_lost_connection_is_replaced_once(self):
        database, connection = FakeDatabase(lost=1), InboxConnection(self.env.cr.dbname)
        self.assertEqual(self.store(connection, database), 7)
        self.assertEqual((database.opened, database.closed), (2, 1))

    def test_a_server_that_stays_away_is_an_error(self):
        database, connection = FakeDatabase(lost=9), InboxConnection(self.env.cr.dbname)
        with self.assertRaises(psycopg2.OperationalError):
            self.store(connection, database)
        self.assertEqual(database.opened, 2)

    def test_changed_tables_make_a_new_connection_for_the_next_event(self):
        database = FakeDatabase(lost=1, error=psycopg2.ProgrammingError)
        connection = InboxConnection(self.env.cr.dbname)
        with self.assertRaises(psycopg2.ProgrammingError):
            self.store(connection, database)
        self.assertEqual(self.store(connection, database), 7)
        self.assertEqual((database.opened, database.closed), (2, 1))

    def test_an_event_that_was_stored_without_an_answer_is_found_again(self):
        """Taken for a repetition, the sender would be told so, and nobody would be told that there is work."""
        database, connection = FakeDatabase(lost=1, known=True), InboxConnection(self.env.cr.dbname)
        self.assertEqual(self.store(connection, database), 11)
        self.assertEqual(database.executed[-2:][0], EXECUTE)
        self.assertIn("body_digest = %(body_digest)s", database.executed[-1])

    def test_what_somebody_else_stored_stays_a_repetition(self):
        database, connection = FakeDatabase(lost=0, known=True), InboxConnection(self.env.cr.dbname)
        self.assertIsNone(self.store(connection, database))
        self.assertEqual(database.executed, [PREPARE, EXECUTE])

    def test_the_question_for_an_event_of_ours_is_one_that_postgresql_takes(self):
        connection = InboxConnection(self.env.cr.dbname)
        connection._connection = SimpleNamespace(cursor=lambda: nullcontext(self.env.cr))
        values = dict.fromkeys(COLUMNS) | {"connection_id": 0, "event_id": "x", "body_digest": "x"}
        self.assertIsNone(connection._stored_by_us((*(values[name] for name in COLUMNS), b"", "{}")))
