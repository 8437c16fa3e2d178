# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where a simulator gets the time from."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from typing import Protocol


class Clock(Protocol):
    """Anything that tells an instant."""

    @property
    def now(self) -> datetime:
        """Return the present instant, UTC-aware."""


class SystemClock:
    """The time of this machine."""

    @property
    def now(self) -> datetime:
        """Return the present instant, UTC-aware."""
        return datetime.now(timezone.utc)


class SimulatedClock:
    """A clock that moves only when it is told to, and never back."""

    def __init__(self, start: datetime):
        """Start at the UTC-aware instant ``start``.

        :raises ValueError: ``start`` has no time zone.
        """
        if start.tzinfo is None:
            raise ValueError("a simulated clock needs an instant with a time zone")
        self._now = start.astimezone(timezone.utc)
        self._lock = threading.Lock()

    @property
    def now(self) -> datetime:
        """Return the present simulated instant, UTC-aware."""
        return self._now

    @property
    def timestamp(self) -> int:
        """Return the present simulated instant in whole seconds since 1970-01-01 UTC."""
        return seconds(self._now)

    def advance(self, **span: int) -> datetime:
        """Move on by ``timedelta(**span)`` and return the new instant.

        :raises ValueError: the span is negative.
        """
        with self._lock:
            return self._move(self._now + timedelta(**span))

    def move_to(self, instant: datetime) -> datetime:
        """Move on to ``instant`` and return it.

        :raises ValueError: ``instant`` lies in the simulated past.
        """
        with self._lock:
            return self._move(instant)

    def _move(self, instant: datetime) -> datetime:
        instant = instant.astimezone(timezone.utc)
        if instant < self._now:
            raise ValueError(f"the simulated clock cannot go back from {self._now} to {instant}")
        self._now = instant
        return instant


def seconds(instant: datetime) -> int:
    """Return ``instant`` in whole seconds since 1970-01-01 UTC, rounded down."""
    return int((instant - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(seconds=1))


def instant(timestamp: int) -> datetime:
    """Return the UTC-aware instant of whole ``timestamp`` seconds since 1970-01-01 UTC."""
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=timestamp)
