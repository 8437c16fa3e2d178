# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A wire between Odoo and PostgreSQL that is cut where it hurts.

Reads the frontend/backend protocol as far as it must
(https://www.postgresql.org/docs/current/protocol-message-formats.html): texts of simple queries on the way to the
server, CommandComplete on the way back.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from dataclasses import dataclass

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CHUNK_BYTES = 65_536
KEPT_CHARS = 2000
KEPT_QUERIES = 200
ENDS = ("BEGIN", "COMMIT", "ROLLBACK;", "ABORT")
QUERY = b"Q"
# CommandComplete, ErrorResponse, ReadyForQuery: the server has dealt with the query.
DEALT_WITH = (b"C", b"E", b"Z")


@dataclass(frozen=True)
class Cut:
    """Where to cut a connection, once.

    ``pattern`` is searched in the text of a query; the ``skip``-th match counts (0 = the next). Before: the query
    never reaches the server. Else the server carries it out, and its answer is never read. ``within``: a query of the
    same transaction must have matched this.
    """

    name: str
    pattern: str
    before: bool
    skip: int = 0
    within: str = ""


class Proxy:
    """Context manager: listens on a port of this machine and hands everything on, until a cut is armed."""

    def __init__(self, host: str, port: int):
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._armed: Cut | None = None
        self._to_skip = 0
        self._fired = threading.Event()
        self.cut_text = ""

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_details) -> None:
        self._listener.close()

    def arm(self, cut: Cut) -> None:
        """Cut the next connection on which ``cut`` comes true."""
        with self._lock:
            self._fired.clear()
            self._to_skip = cut.skip
            self._armed = cut

    def wait(self, seconds: float) -> bool:
        """Wait until the armed cut was made; a cut that was not made in time is disarmed."""
        made = self._fired.wait(seconds)
        with self._lock:
            self._armed = None
        return made

    def takes(self, text: str, transaction: list[str]) -> Cut | None:
        """Return the armed cut when this query of a transaction is the one; it is disarmed then."""
        with self._lock:
            cut = self._armed
            if cut is None or not re.search(cut.pattern, text):
                return None
            if cut.within and not any(re.search(cut.within, earlier) for earlier in transaction):
                return None
            if self._to_skip:
                self._to_skip -= 1
                return None
            self._armed = None
            self.cut_text = " ".join(text.split())[:90]
            return cut

    def made(self) -> None:
        """Note that the cut was made."""
        self._fired.set()

    def _listen(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:  # closed
                return
            try:
                server = socket.create_connection(self._target, timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for end in (client, server):  # an answer must not wait for the next packet
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Wire(self, client, server).start()


class _Wire:
    """One connection: two threads that hand on whole messages."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket):
        self._proxy = proxy
        self._client = client
        self._server = server
        self._swallow = threading.Event()
        self._transaction: list[str] = []

    def start(self) -> None:
        """Hand on in both directions."""
        for work in (self._to_server, self._to_client):
            threading.Thread(target=self._until_closed, args=(work,), daemon=True).start()

    def _until_closed(self, work) -> None:
        with contextlib.suppress(OSError, EOFError):
            work()
        self._close()

    def _close(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                end.close()

    def _to_server(self) -> None:
        self._hand_on_start()
        while True:
            kind, body = _message(self._client)
            cut = None
            if kind == QUERY:
                cut = self._look_at(body[4:].rstrip(b"\0").decode("utf-8", "replace"))
            if cut and cut.before:
                self._close()
                self._proxy.made()
                return
            if cut:
                self._swallow.set()
            self._server.sendall(kind + body)

    def _look_at(self, text: str) -> Cut | None:
        cut = self._proxy.takes(text, self._transaction)
        if text.startswith(ENDS):
            self._transaction.clear()
        else:
            self._transaction.append(text[:KEPT_CHARS])
            del self._transaction[:-KEPT_QUERIES]
        return cut

    def _hand_on_start(self) -> None:
        """The first message has no type; encryption is declined."""
        while True:
            head = _exactly(self._client, 4)
            rest = _exactly(self._client, struct.unpack("!I", head)[0] - 4)
            if struct.unpack("!I", rest[:4])[0] not in (SSL_REQUEST, GSS_REQUEST):
                self._server.sendall(head + rest)
                return
            self._client.sendall(b"N")

    def _to_client(self) -> None:
        while True:
            kind, body = _message(self._server)
            if self._swallow.is_set():
                if kind in DEALT_WITH:  # a commit is durable now
                    self._close()
                    self._proxy.made()
                    return
                continue
            self._client.sendall(kind + body)


def _message(end: socket.socket) -> tuple[bytes, bytes]:
    """Return the type and the rest (length included) of the next message."""
    kind = _exactly(end, 1)
    length = _exactly(end, 4)
    return kind, length + _exactly(end, struct.unpack("!I", length)[0] - 4)


def _exactly(end: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = end.recv(min(count - len(parts), CHUNK_BYTES))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
