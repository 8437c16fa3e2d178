# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The one way in which the hub calls the outside: guarded address, time limits, no redirects, bounded answer.

Never called inside a transaction that can be replayed. What failed before a byte left and what failed after it are
told apart exactly, by the moment at which the connection (with TLS: its handshake) was ready, not by the name of an
exception of the library.
"""

import os
import socket
import ssl
import tempfile
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import requests
import requests.exceptions
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError

from ...connectors.base import HttpAnswer
from ...engine import correlation
from ...engine.address_guard import check_address, check_url
from ...engine.errors import AuthorizationError, TransientError

CONNECT_TIMEOUT_SECONDS = 5
MAX_ANSWER_BYTES = 20_000_000
CHUNK_BYTES = 65_536
# A destination may answer slowly, but not for ever: the whole exchange takes at most so many times one read.
TOTAL_FACTOR = 4


class _Exchange:
    """How far one exchange got, and its end: when the time is over, its socket is shut from outside.

    A time limit for each read does not suffice: one byte every few seconds keeps to it for ever.
    """

    def __init__(self, total_seconds):
        self.sent = False
        self.expired = False
        self._sock = None
        self._ends_at = time.monotonic() + total_seconds
        self._lock = threading.Lock()
        self._timer = threading.Timer(total_seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self):
        self._timer.start()
        return self

    def __exit__(self, *_details):
        self._timer.cancel()
        with self._lock:
            self._sock = None

    def ready(self, sock):
        """From here on bytes leave; nothing is sent any more once the time is over."""
        with self._lock:
            if self.expired or time.monotonic() >= self._ends_at:
                self.expired = True
                raise ConnectTimeoutError(None, "the time was over before the connection was ready")
            self._sock = sock
            self.sent = True

    def _expire(self):
        with self._lock:
            self.expired = True
            if self._sock is not None:
                # The plain socket's own method: TLS would first say goodbye, and wait for an answer.
                with suppress(OSError):
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


class _Tracked:
    """A connection that checks the address it really reached, and tells its exchange when it is ready.

    The check happens before a byte is sent: a second DNS answer changes nothing.
    """

    exchange: _Exchange
    guarded: bool

    def _new_conn(self):
        sock = super()._new_conn()
        if self.guarded:
            try:
                check_address(sock.getpeername()[0])
            except AuthorizationError:
                sock.close()
                raise
        return sock

    def connect(self):  # pylint: disable=missing-return
        super().connect()
        try:
            self.exchange.ready(self.sock)
        except ConnectTimeoutError:
            self.close()
            raise


class _Adapter(HTTPAdapter):
    """Makes tracked connections for one exchange."""

    def __init__(self, exchange, guarded, ssl_context=None):
        self._ssl_context = ssl_context
        facts = {"exchange": exchange, "guarded": guarded}
        self._pools = {
            "http": _pool(HTTPConnectionPool, type("_HTTP", (_Tracked, HTTPConnection), facts)),
            "https": _pool(HTTPSConnectionPool, type("_HTTPS", (_Tracked, HTTPSConnection), facts)),
        }
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        if self._ssl_context is not None:
            kwargs["ssl_context"] = self._ssl_context
        result = super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools
        return result


def _pool(base, connection_class):
    return type(base.__name__, (base,), {"ConnectionCls": connection_class})


def _context_with(certificate):
    """Return a TLS context that shows a client certificate.

    OpenSSL reads certificates from files only: the file is the owner's alone, and gone before anything is sent.

    :raises AuthorizationError: ``secret_unusable``.
    """
    context = ssl.create_default_context()
    handle, path = tempfile.mkstemp(prefix="finance_integration_")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(certificate)
        context.load_cert_chain(path)
    except (OSError, ssl.SSLError, UnicodeEncodeError) as error:
        raise AuthorizationError("secret_unusable", "the client certificate cannot be used") from error
    finally:
        Path(path).unlink()
    return context


def send(request, allowed_hosts=(), max_answer_bytes=MAX_ANSWER_BYTES, total_seconds=None):
    """Send one request and return the answer, whatever its status.

    What is being worked on (``engine.correlation``) is named in headers, unless the request names it itself.

    :param request: an HttpRequest; its timeout covers each read.
    :param allowed_hosts: hosts that an administrator allowed by name although they are not public.
    :param max_answer_bytes: of a longer answer the rest is not read, and it says so (``cut_off``).
    :param total_seconds: limit of the whole exchange, default four times the request's own.
    :raises AuthorizationError: ``address_forbidden``; ``secret_unusable``: the client certificate is not one.
    :raises TransientError: ``destination_unavailable`` (nothing was sent), ``destination_timeout`` (it was sent, and no
        complete answer came: nobody knows whether it arrived).
    """
    target = check_url(request.url, allowed_hosts)
    now = correlation.current()
    headers = {**(now.headers() if now else {}), **request.headers}
    ssl_context = _context_with(request.certificate) if request.certificate else None
    total_seconds = total_seconds or TOTAL_FACTOR * request.timeout_seconds
    with requests.Session() as session, _Exchange(total_seconds) as exchange:
        session.trust_env = False
        adapter = _Adapter(exchange, guarded=not target.allowed_by_name, ssl_context=ssl_context)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        try:
            with closing(
                session.request(
                    request.method,
                    request.url,
                    data=request.body or None,
                    headers=headers,
                    timeout=(CONNECT_TIMEOUT_SECONDS, request.timeout_seconds),
                    allow_redirects=False,
                    stream=True,
                )
            ) as response:
                body, cut_off = _bounded(response, max_answer_bytes)
                if (
                    exchange.expired and not cut_off
                ):  # an answer without a length ends where the socket is shut
                    raise requests.exceptions.ReadTimeout
                told = {name.lower(): value for name, value in response.headers.items()}
                return HttpAnswer(response.status_code, told, body, cut_off)
        except (requests.exceptions.RequestException, HTTPError, OSError) as error:
            code = "destination_timeout" if exchange.sent else "destination_unavailable"
            detail = type(error).__name__
            if exchange.expired:
                detail = f"{detail}, not finished after {total_seconds} s"
            raise TransientError(code, detail, params={"host": target.host}) from error


def _bounded(response, max_answer_bytes):
    """Return (what was read, whether there was more); at most ``max_answer_bytes`` are kept."""
    body = bytearray()
    for chunk in response.iter_content(CHUNK_BYTES):
        body += chunk
        if len(body) > max_answer_bytes:
            return bytes(body[:max_answer_bytes]), True
    return bytes(body), False
