# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Sends events over real connections, many at once, and remembers what was acknowledged."""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from simulators.sending import Answer, post_over_http

from .feed import Delivery
from .hub import Address, Hub

TIMEOUT_SECONDS = 60
RETRY_SECONDS = 0.3
MAX_ANSWER_BYTES = 65_536


@dataclass
class Acknowledged:
    """What the hub answered 2xx to: (connection id, event id) → SHA-256 of the body."""

    events: dict[tuple[int, str], str] = field(default_factory=dict)
    answers: Counter = field(default_factory=Counter)
    verdicts: Counter = field(default_factory=Counter)

    def __post_init__(self):
        self._lock = threading.Lock()

    def note(self, address: Address, delivery: Delivery, answer: Answer) -> None:
        """Remember one answer (status 0 = the connection failed)."""
        with self._lock:
            self.answers[answer.status] += 1
            if answer.good:
                verdict = json.loads(answer.body)["status"]
                self.verdicts[verdict] += 1
                if verdict != "conflict":
                    digest = hashlib.sha256(delivery.event.body).hexdigest()
                    self.events.setdefault((address.id, delivery.event.id), digest)


def shoot(hub: Hub, address: Address, delivery: Delivery, server=None) -> Answer:
    """Send one delivery once, on a connection of its own."""
    headers = {"Content-Type": "application/json", **address.signer.headers(delivery.event, int(time.time()))}
    url = (server or hub.server).url + address.path
    return post_over_http(url, headers, delivery.event.body, TIMEOUT_SECONDS)


class Volley:
    """Sends deliveries from several threads until each is acknowledged or ``stop`` is called.

    A refused connection and an answer other than 2xx are tried again, as outside systems do; with
    ``once`` nothing is.
    """

    def __init__(
        self,
        hub: Hub,
        deliveries: Iterable[Delivery],
        *,
        connections: int = 4,
        once: bool = False,
        servers=None,
    ):
        self.hub = hub
        self.acknowledged = Acknowledged()
        self._servers = servers or [hub.server]
        self._once = once
        self._queue: queue.Queue[tuple[int, Delivery]] = queue.Queue()
        for place, delivery in enumerate(deliveries):
            self._queue.put((place, delivery))
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _number in range(connections)]

    def start(self) -> Volley:
        """Begin sending in the background."""
        for thread in self._threads:
            thread.start()
        return self

    def join(self, timeout_seconds: float) -> None:
        """Wait until everything is sent.

        :raises AssertionError: it takes longer.
        """
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
            if thread.is_alive():
                self.stop()
                raise AssertionError(f"sending took longer than {timeout_seconds:.0f} s\n{self.hub.state()}")

    def is_sending(self) -> bool:
        """Whether something is not acknowledged yet."""
        return any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Give up what is not sent yet."""
        self._stop.set()

    def _send(self) -> None:
        while not self._stop.is_set():
            try:
                place, delivery = self._queue.get_nowait()
            except queue.Empty:
                return
            address = getattr(self.hub, delivery.to)
            server = self._servers[place % len(self._servers)]
            while not self._stop.is_set():
                answer = shoot(self.hub, address, delivery, server)
                self.acknowledged.note(address, delivery, answer)
                if answer.good or self._once:
                    break
                time.sleep(RETRY_SECONDS)


def send_all(
    hub: Hub, deliveries: Iterable[Delivery], *, connections: int = 4, seconds: float = 120
) -> Acknowledged:
    """Send everything and return what was acknowledged."""
    volley = Volley(hub, deliveries, connections=connections).start()
    volley.join(seconds)
    return volley.acknowledged


# -- bytes as no library would send them --------------------------------------------------------------


@dataclass(frozen=True)
class RawAnswer:
    """The answer to raw bytes; status 0 = the connection ended without one."""

    status: int
    headers: dict[str, str]
    body: bytes


def raw(url: str, request: bytes, timeout_seconds: float = 30) -> RawAnswer:
    """Send ``request`` as it is and read the answer until the server closes."""
    parts = urlsplit(url)
    received = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=timeout_seconds) as connection:
        # The server may answer and close before everything is sent.
        with contextlib.suppress(OSError):
            connection.sendall(request)
        with contextlib.suppress(OSError):
            while len(received) < MAX_ANSWER_BYTES and (chunk := connection.recv(16_384)):
                received += chunk
                if _complete(received):
                    break
    head, _blank, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) < 2 or not words[1].isdigit():
        return RawAnswer(0, {}, received)
    headers = {
        name.strip().lower(): value.strip()
        for name, _colon, value in (line.partition(":") for line in lines[1:])
    }
    return RawAnswer(int(words[1]), headers, body)


def _complete(received: bytes) -> bool:
    head, blank, body = received.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _colon, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return bool(blank) and len(body) >= int(value)
    return False
