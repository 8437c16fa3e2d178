# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Token bucket in whole numbers; the caller brings the time."""

from __future__ import annotations

import dataclasses
import threading

_NANOSECONDS = 1_000_000_000


@dataclasses.dataclass(frozen=True)
class Level:
    """What a bucket held at an instant, to be kept and handed on; below zero = promised to somebody already."""

    nanotokens: int
    at_nanoseconds: int


class TokenBucket:
    """Permits ``rate_per_second`` on average and ``burst`` at once; safe to share between threads.

    ``level`` is what another process left of the same bucket, by the same clock; None = full.
    """

    def __init__(self, rate_per_second: int, burst: int, level: Level | None = None):
        """:raises ValueError: a rate or burst below one."""
        if rate_per_second < 1 or burst < 1:
            raise ValueError("rate_per_second and burst must be at least 1")
        self.rate_per_second = rate_per_second
        self.burst = burst
        self._level: Level | None = level
        self._lock = threading.Lock()

    def take(self, now_nanoseconds: int, tokens: int = 1) -> int:
        """Take ``tokens`` at ``now_nanoseconds`` (monotonic clock); return 0, or the seconds to wait instead.

        A refusal takes nothing. The seconds are rounded up, so that waiting them always suffices (if nobody
        else comes first). A clock that runs backwards gives no tokens.

        :raises ValueError: more tokens than the bucket can ever hold, or none.
        """
        return -(-self.take_or_wait_nanoseconds(now_nanoseconds, tokens) // _NANOSECONDS)

    def take_or_wait_nanoseconds(self, now_nanoseconds: int, tokens: int = 1) -> int:
        """Like ``take``, with the time to wait in nanoseconds."""
        if not 1 <= tokens <= self.burst:
            raise ValueError(f"between 1 and {self.burst} tokens at once")
        return self._take(now_nanoseconds, tokens, tokens)

    def take_owing(self, now_nanoseconds: int, tokens: int) -> int:
        """Like ``take_or_wait_nanoseconds``, also for more than the bucket holds.

        It then gives them when it is full and owes the rest: whoever comes next waits until that is made up for, so
        that the rate holds on average.

        :raises ValueError: no tokens.
        """
        if tokens < 1:
            raise ValueError("at least one token")
        return self._take(now_nanoseconds, tokens, min(tokens, self.burst))

    def _take(self, now_nanoseconds: int, tokens: int, needed: int) -> int:
        """Take ``tokens`` when ``needed`` are there; return 0, or the nanoseconds until they are."""
        with self._lock:
            available = self._available(now_nanoseconds)
            missing = needed * _NANOSECONDS - available
            if missing <= 0:
                self._level = Level(available - tokens * _NANOSECONDS, now_nanoseconds)
                return 0
            self._level = Level(available, now_nanoseconds)
            return -(-missing // self.rate_per_second)

    def level_after(self, now_nanoseconds: int, tokens: int) -> Level:
        """Return the level when ``tokens`` more will have been taken: what to keep before doing what takes them.

        Whoever goes on from there, because the one who promised them died, sends too slowly rather than too fast.
        """
        with self._lock:
            return Level(self._available(now_nanoseconds) - tokens * _NANOSECONDS, now_nanoseconds)

    @property
    def level(self) -> Level | None:
        """What is left, None = full since the beginning."""
        return self._level

    def _available(self, now_nanoseconds: int) -> int:
        full = self.burst * _NANOSECONDS
        if self._level is None:
            return full
        elapsed = max(0, now_nanoseconds - self._level.at_nanoseconds)
        return min(full, self._level.nanotokens + elapsed * self.rate_per_second)
