# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Counts what a process asks of PostgreSQL, on every connection that it opens, and ends the process at one of them.

Installed in a child process of the sweep alone. A statement is whatever a cursor executes; a commit counts as one
where a transaction is open. Rolling back is left out: a process that is killed rolls back.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import psycopg2
import psycopg2.extensions

BEFORE, AFTER = "before", "after"
MODES = (BEFORE, AFTER)
TEXT_LENGTH = 90
_OPEN = (
    psycopg2.extensions.TRANSACTION_STATUS_INTRANS,
    psycopg2.extensions.TRANSACTION_STATUS_INERROR,
)
_KEYWORDS_OF_CURSOR = "cursor_factory"


class Trigger:
    """Counts statements; with ``at`` it kills this process before or after the one of that number (1 = first).

    ``tell`` is called with the text of the statement right before the end.
    """

    def __init__(self, tell: Callable[[str], None], at: int = 0, mode: str = BEFORE):
        if mode not in MODES:
            raise ValueError(f"unknown mode {mode!r}")
        self.count = 0
        self.verbs: dict[str, int] = {}
        self._tell = tell
        self._at = at
        self._mode = mode

    def run(self, text: str, statement: Callable):
        """Run one statement under the count."""
        self.count += 1
        verb = text.split(None, 1)[0].upper() if text.strip() else "?"
        self.verbs[verb] = self.verbs.get(verb, 0) + 1
        mine = self.count == self._at
        if mine and self._mode == BEFORE:
            self._end(text)
        result = statement()
        if mine:
            self._end(text)
        return result

    def _end(self, text: str) -> None:
        self._tell(" ".join(text.split())[:TEXT_LENGTH])
        os.kill(os.getpid(), signal.SIGKILL)


def install(trigger: Trigger) -> None:
    """Put ``trigger`` behind every connection that this process opens from now on."""
    connect = psycopg2.connect

    def counted_connect(*arguments, **keywords):
        given = keywords.pop("connection_factory", None) or psycopg2.extensions.connection
        return connect(*arguments, connection_factory=_counted(given, trigger), **keywords)

    psycopg2.connect = counted_connect


def _counted(base: type, trigger: Trigger) -> type:
    """Return a class of connections whose cursors and commits are counted."""

    class CountedCursor(psycopg2.extensions.cursor):
        def execute(self, query, values=None):
            text = query.decode() if isinstance(query, bytes) else str(query)
            return trigger.run(text, lambda: psycopg2.extensions.cursor.execute(self, query, values))

    class CountedConnection(base):
        def cursor(self, *arguments, **keywords):
            keywords.setdefault(_KEYWORDS_OF_CURSOR, CountedCursor)
            return super().cursor(*arguments, **keywords)

        def commit(self):
            if self.info_transaction_status() not in _OPEN:
                return base.commit(self)
            return trigger.run("COMMIT", lambda: base.commit(self))

        def info_transaction_status(self):
            return self.get_transaction_status()

    return CountedConnection
