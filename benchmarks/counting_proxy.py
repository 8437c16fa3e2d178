# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A door to PostgreSQL that counts the statements going through it.

Works for every user and server, where ``pg_stat_statements`` or statement logging need a superuser. Only the
client's message types are read (https://www.postgresql.org/docs/current/protocol-message-formats.html):
``Q`` (simple query) and ``E`` (execute). Bytes pass unchanged, encrypted connections are not offered.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter

HOST = "127.0.0.1"
SSL_REQUEST = 80_877_103
GSS_REQUEST = 80_877_104
CHUNK_BYTES = 65_536
COUNTED = (b"Q", b"E")


class CountingProxy:
    """Listens on a free port of this machine and passes connections on to ``host``:``port``."""

    def __init__(self, host: str, port: int):
        self._target = (host, port)
        self.statements = 0
        self.kinds: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._listener = socket.create_server((HOST, 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            first = self._startup(client)
            if not first:
                return
            with socket.create_connection(self._target) as server:
                server.sendall(first)
                back = threading.Thread(target=_pass, args=(server, client), daemon=True)
                back.start()
                self._count_and_pass(client, server)

    @staticmethod
    def _startup(client: socket.socket) -> bytes:
        """Decline encryption and return the start-up message."""
        while head := _exactly(client, 8):
            length, code = struct.unpack("!II", head)
            if code not in (SSL_REQUEST, GSS_REQUEST):
                return head + _exactly(client, length - 8)
            client.sendall(b"N")
        return b""

    def _count_and_pass(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while head := _exactly(client, 5):
                body = _exactly(client, struct.unpack("!I", head[1:])[0] - 4)
                if head[:1] in COUNTED:
                    with self._lock:
                        self.statements += 1
                        self.kinds[body[:60].decode("utf-8", "replace").strip()] += 1
                server.sendall(head + body)
        except OSError:
            return
        finally:
            _shut(server)


def _exactly(source: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        chunk = source.recv(size - len(received))
        if not chunk:
            return b""
        received += chunk
    return received


def _pass(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(CHUNK_BYTES):
            target.sendall(chunk)
    except OSError:
        return
    finally:
        _shut(target)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
