# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Token bucket in whole numbers; the caller brings the time."""

from __future__ import annotations

import dataclasses
import threading

_NANOSECONDS = 1_000_000_000


@dataclasses.dataclass(frozen=True)
class _Level:
    nanotokens: int
    at_nanoseconds: int


class TokenBucket:
    """Permits ``rate_per_second`` on average and ``burst`` at once; safe to share between threads."""

    def __init__(self, rate_per_second: int, burst: int):
        """:raises ValueError: a rate or burst below one."""
        if rate_per_second < 1 or burst < 1:
            raise ValueError("rate_per_second and burst must be at least 1")
        self.rate_per_second = rate_per_second
        self.burst = burst
        self._level: _Level | None = None
        self._lock = threading.Lock()

    def take(self, now_nanoseconds: int, tokens: int = 1) -> int:
        """Take ``tokens`` at ``now_nanoseconds`` (monotonic clock); return 0, or the seconds to wait instead.

        A refusal takes nothing. The seconds are rounded up, so that waiting them always suffices (if nobody
        else comes first). A clock that runs backwards gives no tokens.

        :raises ValueError: more tokens than the bucket can ever hold, or none.
        """
        if not 1 <= tokens <= self.burst:
            raise ValueError(f"between 1 and {self.burst} tokens at once")
        with self._lock:
            available = self._available(now_nanoseconds)
            missing = tokens * _NANOSECONDS - available
            if missing <= 0:
                self._level = _Level(-missing, now_nanoseconds)
                return 0
            self._level = _Level(available, now_nanoseconds)
            return -(-missing // (self.rate_per_second * _NANOSECONDS))

    def _available(self, now_nanoseconds: int) -> int:
        full = self.burst * _NANOSECONDS
        if self._level is None:
            return full
        elapsed = max(0, now_nanoseconds - self._level.at_nanoseconds)
        return min(full, self._level.nanotokens + elapsed * self.rate_per_second)
