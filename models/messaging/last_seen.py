# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""When each secret verified a request last: remembered in this process, written down once an hour at most.

A write per event would make the row of a secret the hottest of the database. So a process writes when it sees a secret
for the first time, and then once per hour of use; what is shown is right to the hour.
"""

import contextlib
import logging
import threading
import time

import psycopg2

from odoo.sql_db import db_connect
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

WRITE_EVERY_SECONDS = 3600

_written: dict[tuple[str, int], float] = {}
_lock = threading.Lock()


def note(dbname, credential_id):
    """Remember that a secret verified a request now; once an hour that is written, in a transaction of its own."""
    key, now = (dbname, credential_id), time.monotonic()
    written = _written.get(key)
    if written is not None and now - written < WRITE_EVERY_SECONDS:
        return
    with _lock:
        if _written.get(key) != written:  # another thread is at it
            return
        _written[key] = now
    try:
        _write(dbname, credential_id)
    except psycopg2.Error as error:  # nothing depends on it; an hour later it is written again
        _logger.info("the use of secret %s was not noted: %s", credential_id, type(error).__name__)


def _write(dbname, credential_id):
    """Write it unless somebody changes the secret at this moment: no request waits for that."""
    with contextlib.closing(db_connect(dbname).cursor()) as cr:
        cr.execute(
            SQL(
                """
                UPDATE integration_credential SET last_seen_at = now() AT TIME ZONE 'UTC'
                 WHERE id = (SELECT id FROM integration_credential WHERE id = %s FOR UPDATE SKIP LOCKED)
                """,
                credential_id,
            ),
            log_exceptions=False,
        )
        cr.commit()  # pylint: disable=invalid-commit


def forget():
    """Forget what was written when."""
    with _lock:
        _written.clear()
