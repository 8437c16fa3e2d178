# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One clock for all processes and hosts that share a database: the database's, carried on locally."""

import time
from datetime import timezone

from odoo.tools import SQL

from ...engine.instants import from_unix

NANOSECONDS = 1_000_000_000


class SharedClock:
    """Tells the time of the database without asking it again; made at the beginning of a batch."""

    def __init__(self, cr):
        cr.execute(SQL("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"))
        self._offset_nanoseconds = cr.fetchone()[0] * 1000 - time.monotonic_ns()

    def now_nanoseconds(self):
        """Nanoseconds since the epoch; never goes backwards within one clock."""
        return time.monotonic_ns() + self._offset_nanoseconds

    def now(self):
        """The same instant, UTC-aware, to the second."""
        return from_unix(self.now_nanoseconds() // NANOSECONDS)

    def sleep(self, nanoseconds):
        """Wait."""
        time.sleep(nanoseconds / NANOSECONDS)


def as_utc(naive):
    """Return what Odoo stores (naive, UTC) as an aware instant, None for nothing."""
    return naive.replace(tzinfo=timezone.utc) if naive else None


def as_stored(aware):
    """Return an aware instant as Odoo stores it, False for nothing."""
    return aware.astimezone(timezone.utc).replace(tzinfo=None) if aware else False
