# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An agreed end: how much time is left, and an error when it is over."""

from __future__ import annotations

import time
from collections.abc import Callable


class TimeIsUpError(Exception):
    """The deadline has passed before the answer was there."""


class Deadline:
    """Ends ``limit_ms`` milliseconds after ``began`` (a reading of ``clock``, in nanoseconds; default now)."""

    def __init__(self, limit_ms: int, began: int | None = None, clock: Callable[[], int] = time.monotonic_ns):
        self._clock = clock
        self._began = clock() if began is None else began
        self._limit_ms = limit_ms

    @property
    def taken_ms(self) -> int:
        """Milliseconds since the beginning."""
        return (self._clock() - self._began) // 1_000_000

    def left_ms(self) -> int:
        """Return how many milliseconds are left, at least 1.

        :raises TimeIsUpError: none is.
        """
        left = self._limit_ms - self.taken_ms
        if left < 1:
            raise TimeIsUpError(f"{self._limit_ms} ms are over")
        return left
