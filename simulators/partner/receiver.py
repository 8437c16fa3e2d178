# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The partner's ear: takes the hub's signed events, sometimes badly, and remembers what it took.

What goes wrong is planned by the seed: the first tries of some events fail, later ones succeed, so that
every event that the sender does not give up arrives.
"""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from .. import wire
from ..clock import Clock, SystemClock, seconds
from .signing import BadSignatureError, verify

Action = Literal["answer", "timeout", "reset"]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What to do with one request. ``timeout`` = do not answer in time, ``reset`` = cut the connection."""

    status: int
    body: dict
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    action: Action = "answer"


@dataclasses.dataclass
class Received:
    """An event that was taken; ``deliveries`` counts it again and again, ``attempts`` the failed ones too."""

    id: str
    type: str
    body: bytes
    first_at: datetime
    deliveries: int = 1
    attempts: int = 1


@dataclasses.dataclass(frozen=True)
class Troubles:
    """How often the receiver fails. ``percent`` of the events meet 1 to ``most`` failures first."""

    percent: int = 25
    most: int = 2
    kinds: tuple[str, ...] = ("500", "503", "timeout", "reset")
    retry_after_seconds: int = 1

    def of(self, seed: object, event_id: str, attempt: int) -> str | None:
        """Return the trouble that ``attempt`` (1 = first) of an event meets, None when it is taken."""
        if not self.percent or not self.kinds:
            return None
        digest = hashlib.sha256(f"{seed}/{event_id}".encode()).digest()
        if digest[0] * 100 // 256 >= self.percent or attempt > 1 + digest[1] % self.most:
            return None
        return self.kinds[digest[1 + attempt] % len(self.kinds)]


class Receiver:
    """Takes events. At most ``keep`` are remembered; the oldest are forgotten first."""

    def __init__(
        self,
        secrets: Sequence[str],
        *,
        seed: object = 1,
        troubles: Troubles | None = None,
        clock: Clock | None = None,
        keep: int = 10_000,
    ):
        if not secrets:
            raise ValueError("a receiver without a secret would believe anybody")
        self.secrets = list(secrets)
        self.seed = seed
        self.troubles = troubles or Troubles()
        self.counts: Counter[str] = Counter()
        self._clock = clock or SystemClock()
        self._keep = keep
        self._received: OrderedDict[str, Received] = OrderedDict()
        self._attempts: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def receive(self, headers: Mapping[str, str], body: bytes) -> Verdict:
        """Judge one request (header names in any case) and return what to answer."""
        lowered = {name.lower(): value for name, value in headers.items()}
        with self._lock:
            try:
                event_id = verify(lowered, body, self.secrets, seconds(self._clock.now))
            except BadSignatureError as reason:
                self.counts["refused"] += 1
                return Verdict(401, {"error": str(reason)})
            try:
                event_type = wire.parse(body)["type"]
            except (ValueError, KeyError, TypeError):
                self.counts["malformed"] += 1
                return Verdict(400, {"error": "the body is no event"})
            return self._take(event_id, str(event_type), body)

    def received(self) -> list[Received]:
        """Return what was taken, oldest first."""
        with self._lock:
            return [dataclasses.replace(entry) for entry in self._received.values()]

    def report(self) -> dict:
        """Return what was taken as a JSON document."""
        return {
            "count": len(self._received),
            "counts": dict(self.counts),
            "events": [
                {
                    "id": entry.id,
                    "type": entry.type,
                    "first_at": entry.first_at.isoformat(),
                    "deliveries": entry.deliveries,
                    "attempts": entry.attempts,
                    "body": wire.parse(entry.body),
                }
                for entry in self.received()
            ],
        }

    def _take(self, event_id: str, event_type: str, body: bytes) -> Verdict:
        attempt = self._attempts.pop(event_id, 0) + 1
        self._attempts[event_id] = attempt
        if len(self._attempts) > self._keep:
            self._attempts.popitem(last=False)
        known = self._received.get(event_id)
        if known:
            known.attempts = attempt
            if known.body != body:
                self.counts["conflicts"] += 1
                return Verdict(409, {"error": "this id came with another body before", "id": event_id})
            known.deliveries += 1
            self.counts["duplicates"] += 1
            return Verdict(200, {"received": event_id})
        trouble = self.troubles.of(self.seed, event_id, attempt)
        if trouble:
            self.counts[f"trouble {trouble}"] += 1
            return self._trouble(trouble, event_id, event_type, body, attempt)
        self._remember(event_id, event_type, body, attempt)
        return Verdict(200, {"received": event_id})

    def _trouble(self, trouble: str, event_id: str, event_type: str, body: bytes, attempt: int) -> Verdict:
        if trouble == "timeout":
            # The nasty kind: the event is taken, but the sender never hears of it.
            self._remember(event_id, event_type, body, attempt)
            return Verdict(200, {"received": event_id}, action="timeout")
        if trouble == "reset":
            return Verdict(0, {}, action="reset")
        if trouble == "503":
            headers = {"Retry-After": str(self.troubles.retry_after_seconds)}
            return Verdict(503, {"error": "closed for maintenance"}, headers)
        return Verdict(500, {"error": "something broke"})

    def _remember(self, event_id: str, event_type: str, body: bytes, attempt: int) -> None:
        self._received[event_id] = Received(event_id, event_type, body, self._clock.now, attempts=attempt)
        self.counts["received"] += 1
        if len(self._received) > self._keep:
            self._received.popitem(last=False)
