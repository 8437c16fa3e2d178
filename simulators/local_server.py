# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A small HTTP server for the simulators: this machine only, everything bounded."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

from . import wire

HOST = "127.0.0.1"
MAX_BODY_BYTES = 1_000_000
MAX_CONNECTIONS = 32
SOCKET_TIMEOUT_SECONDS = 30


class Request(NamedTuple):
    """A request as received; header names in lower case, ``query`` raw."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Reply(NamedTuple):
    """What to answer; ``reset`` = cut the connection instead, ``drip_seconds`` = pause after each byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    reset: bool = False
    drip_seconds: float = 0


Answering = Callable[[Request], Reply]


def json_reply(status: int, document: object, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply that carries ``document`` as JSON."""
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, wire.compact(document))


def json_object(request: Request) -> dict:
    """Return the JSON object in the request's body, {} where there is no body.

    :raises ValueError: the body is not JSON.
    :raises TypeError: it is something else than an object.
    """
    content = json.loads(request.body or b"{}")
    if not isinstance(content, dict):
        raise TypeError("a JSON object is expected")
    return content


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SOCKET_TIMEOUT_SECONDS
    server: LocalServer

    def _serve(self) -> None:
        text = self.headers.get("Content-Length", "0")
        if not (text.isascii() and text.isdigit() and len(text) <= 10) or "Transfer-Encoding" in self.headers:
            self._send(json_reply(411, {"error": "Content-Length is required"}))
            self.close_connection = True
            return
        if int(text) > MAX_BODY_BYTES:
            self._send(json_reply(413, {"error": f"more than {MAX_BODY_BYTES} bytes"}))
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        reply = self.server.answering(
            Request(
                self.command,
                parts.path,
                parts.query,
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(int(text)),
            )
        )
        if reply.reset:
            # Linger 0 makes the kernel send RST: the peer sees its connection die after it sent everything.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self._send(reply)

    # The names are given by http.server.
    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def _send(self, reply: Reply) -> None:
        # The other side may have given up waiting; that is its good right.
        with contextlib.suppress(ConnectionError):
            self.send_response_only(reply.status)
            if "Date" not in reply.headers:
                self.send_header("Date", self.date_time_string())
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if (
                "Content-Length" not in reply.headers
            ):  # the answer to HEAD names the length of what it leaves out
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if not reply.drip_seconds:
                self.wfile.write(reply.body)
                return
            for number in range(len(reply.body)):
                self.wfile.write(reply.body[number : number + 1])
                time.sleep(reply.drip_seconds)

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *_arguments: object) -> None:
        """Write no log: requests carry secrets."""


class LocalServer(ThreadingHTTPServer):
    """Serves ``answering`` on a port of 127.0.0.1 (0 = any free one), in threads of a bounded number."""

    daemon_threads = True
    request_queue_size = MAX_CONNECTIONS

    def __init__(self, answering: Answering, port: int = 0):
        super().__init__((HOST, port), _Connection)
        self.answering = answering
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)

    @property
    def url(self) -> str:
        """Return the address without a path, for example http://127.0.0.1:40001."""
        return f"http://{HOST}:{self.server_address[1]}"

    def process_request(self, request, client_address) -> None:
        """Serve a connection in a thread of its own, unless too many are open: then hang up."""
        if not self._places.acquire(timeout=1):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            # No thread could be started: give the place back, or it would be lost for ever.
            self._places.release()
            raise

    def process_request_thread(self, request, client_address) -> None:
        """Serve one connection and free its place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request, client_address) -> None:
        """Stay silent when a peer hangs up; everything else is shown as usual."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def serving(server: LocalServer) -> Iterator[LocalServer]:
    """Run ``server`` in the background inside the block, and close it after."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
