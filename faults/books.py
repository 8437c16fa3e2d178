# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How the invariants look at a database: read-only questions in SQL, and what the server logs say."""

from __future__ import annotations

import time
from typing import Protocol

import psycopg2

RETRY_SECONDS = 0.2


class Books(Protocol):
    """What an invariant needs of the thing that it looks at."""

    def sql(self, statement: str, *values) -> list[tuple]:
        """Return the rows of one query."""

    def one(self, statement: str, *values):
        """Return the single value of a query."""

    def log_problems(self) -> list[str]:
        """Return the warnings and errors in the server logs that nobody expects."""


class Database:
    """One kept connection to a database; each query is a transaction of its own.

    ``patience_seconds``: how long a server that is away is waited for before a query fails.
    """

    def __init__(self, cluster, name: str, patience_seconds: float = 0.0):
        self.cluster = cluster
        self.name = name
        self.patience_seconds = patience_seconds
        self._connection = None

    def sql(self, statement: str, *values) -> list[tuple]:
        """Return the rows of one query, [] where it has none.

        :raises psycopg2.Error: the server refuses it, or stays away longer than the patience lasts.
        """
        deadline = time.monotonic() + self.patience_seconds
        fresh = self._connection is None
        while True:
            try:
                return self._rows(statement, values)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self.close()
                if fresh and time.monotonic() >= deadline:
                    raise
                if fresh:
                    time.sleep(RETRY_SECONDS)
                fresh = True

    def one(self, statement: str, *values):
        """Return the single value of a query."""
        return self.sql(statement, *values)[0][0]

    def close(self) -> None:
        """Give the connection up; the next query opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _rows(self, statement: str, values: tuple) -> list[tuple]:
        if self._connection is None:
            cluster = self.cluster
            self._connection = psycopg2.connect(
                host=cluster.host,
                port=cluster.port,
                user=cluster.user,
                password=cluster.password,
                dbname=self.name,
                connect_timeout=10,
                application_name="faults",
            )
            self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
