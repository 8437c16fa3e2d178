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
from .signing import BadSignatureError, signature, verify

Action = Literal["answer", "timeout", "reset", "drip"]
# What goes wrong without the event being taken: (status, body, headers).
REFUSALS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "500": (500, b'{"error":"something broke"}', {}),
    "redirect": (302, b"", {"Location": "https://elsewhere.example.com/events?token=hidden"}),
    "garbage": (200, b"<html>We are down for maintenance.</html>", {"Content-Type": "text/html"}),
    "401": (401, b'{"error":"unknown sender"}', {}),
    "422": (422, b'{"error":"this event makes no sense here"}', {}),
    "huge": (200, b"x" * 200_000, {"Content-Type": "text/plain"}),
}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What to do with one request.

    ``action``  timeout = do not answer in time, reset = cut the connection, drip = answer byte by byte.
    ``raw``     what to answer instead of ``body``.
    """

    status: int
    body: dict
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    action: Action = "answer"
    raw: bytes | None = None


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
    """How often the receiver fails. ``percent`` of the events meet 1 to ``most`` failures first.

    ``kinds``: a name of REFUSALS; 503 and 429 (both ask for a pause); timeout (the event is taken, the answer comes
    too late); hang (it is not taken, either); drip (taken, the answer comes byte by byte); reset.
    """

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
        confirms: str = "plain",
        knows_the_question: bool = True,
    ):
        """``confirms``: plain | signed | later (202; confirmed when it is asked after ``settle``)."""
        if not secrets:
            raise ValueError("a receiver without a secret would believe anybody")
        self.secrets = list(secrets)
        self.seed = seed
        self.troubles = troubles or Troubles()
        self.counts: Counter[str] = Counter()
        self._clock = clock or SystemClock()
        self.confirms = confirms
        self.knows_the_question = knows_the_question
        self.most_at_once = 0
        self._keep = keep
        self._under_way: Counter[str] = Counter()
        self._settled: set[str] = set()
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

    def asked(self, headers: Mapping[str, str], event_id: str) -> Verdict:
        """Answer the signed question whether an event is here: 200 with its state, or 404."""
        lowered = {name.lower(): value for name, value in headers.items()}
        with self._lock:
            self.counts["questions"] += 1
            if not self.knows_the_question:
                return Verdict(405, {"error": "only POST"})
            try:
                named = verify(lowered, b"", self.secrets, seconds(self._clock.now))
            except BadSignatureError as reason:
                self.counts["refused"] += 1
                return Verdict(401, {"error": str(reason)})
            if named != event_id:
                return Verdict(401, {"error": "the signature is another event's"})
            if event_id not in self._received:
                return Verdict(404, {"error": "no such event", "id": event_id})
            return self._confirmation(event_id)

    def settle(self, event_id: str) -> None:
        """Be through with an event that was only taken over."""
        with self._lock:
            self._settled.add(event_id)

    def at_work(self, event_id: str, step: int) -> None:
        """Count how many requests with one event are under way at the same time."""
        with self._lock:
            self._under_way[event_id] += step
            self.most_at_once = max(self.most_at_once, self._under_way[event_id])

    def _confirmation(self, event_id: str, status: int = 200) -> Verdict:
        body = {"received": event_id}
        if self.confirms == "later":
            body["status"] = "received" if event_id in self._settled else "accepted"
            status = status if event_id in self._settled else 202
        if self.confirms != "signed":
            return Verdict(status, body)
        raw, stamp = wire.compact(body), seconds(self._clock.now)
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature(event_id, stamp, raw, self.secrets[0]),
        }
        return Verdict(status, body, headers, raw=raw)

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
            return self._confirmation(event_id)
        trouble = self.troubles.of(self.seed, event_id, attempt)
        if trouble:
            self.counts[f"trouble {trouble}"] += 1
            return self._trouble(trouble, event_id, event_type, body, attempt)
        self._remember(event_id, event_type, body, attempt)
        return self._confirmation(event_id)

    def _trouble(self, trouble: str, event_id: str, event_type: str, body: bytes, attempt: int) -> Verdict:
        if trouble == "timeout":
            # The nasty kind: the event is taken, but the sender never hears of it.
            self._remember(event_id, event_type, body, attempt)
            return Verdict(200, {"received": event_id}, action="timeout")
        if trouble == "drip":
            self._remember(event_id, event_type, body, attempt)
            return dataclasses.replace(self._confirmation(event_id), action="drip")
        if trouble == "hang":
            return Verdict(200, {}, action="timeout")
        if trouble == "reset":
            return Verdict(0, {}, action="reset")
        if trouble in ("503", "429"):
            headers = {"Retry-After": str(self.troubles.retry_after_seconds)}
            return Verdict(int(trouble), {"error": "not now"}, headers)
        status, raw, headers = REFUSALS[trouble]
        return Verdict(status, {}, headers, raw=raw)

    def _remember(self, event_id: str, event_type: str, body: bytes, attempt: int) -> None:
        self._received[event_id] = Received(event_id, event_type, body, self._clock.now, attempts=attempt)
        self.counts["received"] += 1
        if len(self._received) > self._keep:
            self._received.popitem(last=False)
