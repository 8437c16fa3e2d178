# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""When the simulated API misbehaves, and how: planned by the number of the request, never by chance."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Fault:
    """One misbehaviour: answer ``status`` instead of the truth, or (200) the truth after a delay."""

    status: int = 200
    retry_after_seconds: int | None = None
    delay_ms: int = 0


TOO_MANY = Fault(status=429, retry_after_seconds=1)
BROKEN = Fault(status=500)
SLOW = Fault(delay_ms=1_500)


class FaultPlan:
    """Which requests go wrong: by their number (1 = the first), and every ``every``-th one."""

    def __init__(
        self,
        at: Mapping[int, Fault] | None = None,
        every: int | None = None,
        every_fault: Fault = TOO_MANY,
    ):
        if every is not None and every < 2:
            raise ValueError("an API that always fails is no simulation of an API")
        self._at = dict(at or {})
        self._every = every
        self._every_fault = every_fault
        self._count = 0
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        """Return the number of requests so far."""
        return self._count

    def next(self) -> Fault | None:
        """Count a request and return its fault, None when it shall be answered well."""
        with self._lock:
            self._count += 1
            if self._count in self._at:
                return self._at[self._count]
            if self._every and self._count % self._every == 0:
                return self._every_fault
        return None
