# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The connection that stores events: its statement, and what it does when the server goes away."""

from contextlib import contextmanager
from unittest.mock import patch

import psycopg2

from odoo.tests import TransactionCase

from ..models.messaging import inbox_connection
from ..models.messaging.inbox_connection import COLUMNS, EXECUTE, PREPARE, STORE, TYPES, InboxConnection


class FakeDatabase:
    """Hands out connections; the first ``lost`` ones fail when an event is stored."""

    def __init__(self, lost, error=psycopg2.OperationalError):
        self.lost = lost
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
        self.database.executed.append(statement)
        if self.fails and statement == EXECUTE:
            raise self.database.error("gone")

    def fetchone(self):
        return (7,)

    def close(self):
        self.database.closed += 1


class TestInboxConnection(TransactionCase):
    def store(self, connection, database):
        with patch.object(inbox_connection.psycopg2, "connect", database.connect):
            return connection.store((None,) * len(COLUMNS))

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
