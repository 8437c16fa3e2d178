# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The one way in which the hub calls the outside: guarded address, explicit timeouts, no redirects, bounded answer.

Never called inside a transaction that can be replayed.
"""

from contextlib import closing

import requests
import requests.exceptions
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ...connectors.base import HttpAnswer
from ...engine import correlation
from ...engine.address_guard import check_address, check_url
from ...engine.errors import AuthorizationError, TransientError

CONNECT_TIMEOUT_SECONDS = 5
MAX_ANSWER_BYTES = 20_000_000
CHUNK_BYTES = 65_536


class _Guard:
    """Checks the address that was really reached, before a byte is sent: a second DNS answer changes nothing."""

    def _new_conn(self):
        sock = super()._new_conn()
        try:
            check_address(sock.getpeername()[0])
        except AuthorizationError:
            sock.close()
            raise
        return sock


class _GuardedHTTP(_Guard, HTTPConnection):
    pass


class _GuardedHTTPS(_Guard, HTTPSConnection):
    pass


class _GuardedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _GuardedHTTP


class _GuardedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS


class _GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args, **kwargs):
        result = super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _GuardedHTTPPool, "https": _GuardedHTTPSPool}
        return result


def send(request, allowed_hosts=(), max_answer_bytes=MAX_ANSWER_BYTES):
    """Send one request and return the answer, whatever its status.

    What is being worked on (``engine.correlation``) is named in headers, unless the request names it itself.

    :param request: an HttpRequest; its timeout covers each read.
    :param allowed_hosts: hosts that an administrator allowed by name although they are not public.
    :raises AuthorizationError: ``address_forbidden``.
    :raises TransientError: ``destination_unavailable`` (nothing was sent), ``destination_timeout`` (sent, no answer).
    """
    target = check_url(request.url, allowed_hosts)
    now = correlation.current()
    headers = {**(now.headers() if now else {}), **request.headers}
    with requests.Session() as session:
        session.trust_env = False
        if not target.allowed_by_name:
            session.mount("http://", _GuardedAdapter())
            session.mount("https://", _GuardedAdapter())
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
                body = _bounded(response, max_answer_bytes)
                told = {name.lower(): value for name, value in response.headers.items()}
                return HttpAnswer(status=response.status_code, headers=told, body=body)
        except requests.exceptions.ConnectTimeout as error:
            raise TransientError(
                "destination_unavailable", type(error).__name__, params={"host": target.host}
            ) from error
        except requests.exceptions.Timeout as error:
            raise TransientError(
                "destination_timeout", type(error).__name__, params={"host": target.host}
            ) from error
        except requests.exceptions.RequestException as error:
            raise TransientError(
                "destination_unavailable", type(error).__name__, params={"host": target.host}
            ) from error


def _bounded(response, max_answer_bytes):
    """Read at most ``max_answer_bytes``; what a destination says beyond that is cut off."""
    body = bytearray()
    for chunk in response.iter_content(CHUNK_BYTES):
        body += chunk
        if len(body) > max_answer_bytes:
            break
    return bytes(body[:max_answer_bytes])
