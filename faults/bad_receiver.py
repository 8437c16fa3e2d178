# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A destination that lies, refuses, redirects, answers garbage or never; what it does follows from the seed."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter

from simulators.local_server import LocalServer, Reply, Request, json_reply
from simulators.partner.receiver import Receiver
from simulators.partner.server import PATH

GARBAGE = b"<html><body>\x00\xff welcome to the maintenance page</body></html>"
ELSEWHERE = "http://127.0.0.1:9/elsewhere"


class BadReceiver:
    """Wraps a receiver that takes events; the first tries of an event meet the manners of ``kinds``.

    ``slow`` answers after ``slow_seconds``; ``never`` holds the connection for ``hang_seconds``, event taken or not;
    ``garbage`` says 200 with bytes that are no answer; ``redirect`` sends elsewhere; ``too many`` asks to come back
    in a second; ``refuse`` is a 500; ``cut`` takes the event and hangs up.
    """

    def __init__(
        self, receiver: Receiver, seed: object, kinds: tuple[str, ...], most: int, hang_seconds: float
    ):
        self.receiver = receiver
        self.counts: Counter[str] = Counter()
        self.slow_seconds = 1.0
        self._seed = seed
        self._kinds = kinds
        self._most = most
        self._hang_seconds = hang_seconds
        self._tries: Counter[str] = Counter()
        self._lock = threading.Lock()

    def listen(self) -> LocalServer:
        """Return the server, ready to be run on a free port of this machine."""
        return LocalServer(self.answer)

    def answer(self, request: Request) -> Reply:
        """Answer one request."""
        if request.method == "GET" and request.path.startswith(f"{PATH}/"):
            said = self.receiver.asked(request.headers, request.path[len(PATH) + 1 :])
            return json_reply(said.status, said.body)
        if request.path != PATH:
            self.counts["asked elsewhere"] += 1
            return Reply(404, {}, b"")
        event_id = request.headers.get("webhook-id", "")
        with self._lock:
            self._tries[event_id] += 1
            manner = self._manner(event_id, self._tries[event_id])
            self.counts[manner or "taken"] += 1
        return self._behave(manner, request)

    def _manner(self, event_id: str, attempt: int) -> str | None:
        digest = hashlib.sha256(f"{self._seed}/{event_id}".encode()).digest()
        if attempt > digest[0] % (self._most + 1):
            return None
        return self._kinds[digest[attempt] % len(self._kinds)]

    def _behave(self, manner: str | None, request: Request) -> Reply:
        if manner == "redirect":
            return Reply(307, {"Location": ELSEWHERE}, b"")
        if manner == "too many":
            return Reply(429, {"Retry-After": "1"}, b"")
        if manner == "refuse":
            return Reply(500, {}, b"something broke")
        if manner == "never" and hashlib.sha256(request.body).digest()[0] % 2:
            time.sleep(self._hang_seconds)
            return Reply(500, {}, b"")
        verdict = self.receiver.receive(request.headers, request.body)
        if manner == "never":
            time.sleep(self._hang_seconds)
        if manner == "slow":
            time.sleep(self.slow_seconds)
        if manner == "garbage":
            return Reply(200, {"Content-Type": "text/html"}, GARBAGE)
        return Reply(verdict.status, {"Content-Type": "application/json"}, b"{}", reset=manner == "cut")
