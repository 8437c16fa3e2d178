# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Sends prepared requests over real connections from several processes, as cheaply as possible.

Client and server share the cores, so the client does as little as it can: requests are complete byte
strings made beforehand, answers are read to their end and only their status is kept.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence

HOST = "127.0.0.1"
TIMEOUT_SECONDS = 60
MAX_ANSWER_BYTES = 1_000_000
PROCESSES = 2
CONNECTIONS_PER_PROCESS = 4


@dataclasses.dataclass(frozen=True)
class Load:
    """What came of sending: how long it took and the count of each status (0 = no answer)."""

    seconds: float
    statuses: Counter
    slowest_ms: float

    @property
    def per_second(self) -> float:
        """Requests answered per second."""
        return sum(self.statuses.values()) / self.seconds

    @property
    def all_good(self) -> bool:
        """Whether every request was answered with a 2xx status."""
        return all(200 <= status < 300 for status in self.statuses)


def post(path: str, port: int, body: bytes, headers: dict[str, str]) -> bytes:
    """Return a complete POST request as bytes."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}:{port}", "Connection: keep-alive"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("ascii") + body


def send_all(
    port: int,
    requests: Sequence[bytes],
    processes: int = PROCESSES,
    connections: int = CONNECTIONS_PER_PROCESS,
) -> Load:
    """Send every request once, over ``processes`` × ``connections`` connections at a time."""
    context = multiprocessing.get_context("fork")
    start = context.Barrier(processes + 1)
    results = context.SimpleQueue()
    children = [
        context.Process(target=_child, args=(port, requests[number::processes], connections, start, results))
        for number in range(processes)
    ]
    for child in children:
        child.start()
    start.wait(TIMEOUT_SECONDS)
    begin = time.monotonic()
    statuses: Counter = Counter()
    slowest = 0.0
    for _child_process in children:
        counted, longest = results.get()
        statuses.update(counted)
        slowest = max(slowest, longest)
    seconds = time.monotonic() - begin
    for child in children:
        child.join(TIMEOUT_SECONDS)
    return Load(seconds, statuses, slowest * 1000)


def _child(port, requests, connections, start, results) -> None:
    statuses: list[list[int]] = [[] for _ in range(connections)]
    longest = [0.0] * connections
    threads = [
        threading.Thread(
            target=_work, args=(port, requests[number::connections], statuses[number], longest, number)
        )
        for number in range(connections)
    ]
    start.wait(TIMEOUT_SECONDS)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((Counter(status for part in statuses for status in part), max(longest)))


def _work(port, requests, statuses, longest, number) -> None:
    connection = None
    for request in requests:
        begin = time.monotonic()
        try:
            if connection is None:
                connection = socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(request)
            status, keep = _read_answer(connection)
        except OSError:
            status, keep = 0, False
        statuses.append(status)
        longest[number] = max(longest[number], time.monotonic() - begin)
        if not keep and connection is not None:
            connection.close()
            connection = None
    if connection is not None:
        connection.close()


def _read_answer(connection: socket.socket) -> tuple[int, bool]:
    """Read one answer; return its status and whether the connection stays open."""
    received = b""
    while b"\r\n\r\n" not in received and len(received) < MAX_ANSWER_BYTES:
        chunk = connection.recv(65_536)
        if not chunk:
            return 0, False
        received += chunk
    head, _, rest = received.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    missing = int(headers.get(b"content-length", b"0")) - len(rest)
    while missing > 0:
        chunk = connection.recv(65_536)
        if not chunk:
            return 0, False
        missing -= len(chunk)
    keep = first.startswith(b"HTTP/1.1") and headers.get(b"connection", b"").lower() != b"close"
    return int(first.split(b" ", 2)[1]), keep


def send_paced(port: int, requests: Sequence[bytes], per_second: float, connections: int = 8) -> list[float]:
    """Send requests at a fixed pace, whatever the answers do; return how long each took from its planned moment.

    A request that has to wait for a free connection has waited: that time counts (no coordinated omission).
    """
    begin = time.monotonic() + 0.1
    took: list[list[float]] = [[] for _ in range(connections)]
    refused: list[int] = []

    def work(number: int) -> None:
        connection = None
        for place in range(number, len(requests), connections):
            planned = begin + place / per_second
            time.sleep(max(planned - time.monotonic(), 0))
            if connection is None:
                connection = socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(requests[place])
            status, keep = _read_answer(connection)
            if 200 <= status < 300:
                took[number].append(time.monotonic() - planned)
            else:
                refused.append(status)
            if not keep:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if sum(map(len, took)) != len(requests):
        raise RuntimeError(f"not every request was taken; other answers: {dict(Counter(refused))}")
    return [seconds for part in took for seconds in part]
