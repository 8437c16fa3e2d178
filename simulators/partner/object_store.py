# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An object store that speaks the part of S3 that folders need; it checks each signature with code of its own."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, quote, unquote
from xml.sax.saxutils import escape

from ..local_server import LocalServer, Reply, Request, serving

KEY_ID, REGION, BUCKET = "AKIDSIMULATED", "eu-test-1", "bank-files"
XML = {"Content-Type": "application/xml"}
PROOF = re.compile(r"AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})")
MAX_SKEW = timedelta(minutes=15)


class SimulatedStore:
    """One bucket. ``troubles`` are answered instead of what was asked: a list of (method, status, code)."""

    def __init__(self, secret: str, page_keys: int = 1000):
        self.secret = secret
        self.page_keys = page_keys
        self.objects: dict[str, bytes] = {}
        self.troubles: list[tuple[str, int, str]] = []
        self.requests: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Reply:
        """Answer one request as the API reference has it."""
        with self._lock:
            self.requests.append((request.method, unquote(request.path)))
            if self.troubles and self.troubles[0][0] == request.method:
                _method, status, code = self.troubles.pop(0)
                return _error(status, code)
            if refused := self._refused(request):
                return _error(403, refused)
            bucket, _slash, key = unquote(request.path).lstrip("/").partition("/")
            if bucket != BUCKET:
                return _error(404, "NoSuchBucket")
            return self._list(parse_qs(request.query)) if not key else self._object(request, key)

    # -- signatures ----------------------------------------------------------------------------------

    def _refused(self, request: Request) -> str:
        """Return the code with which a request is refused, '' where its signature holds."""
        match = PROOF.fullmatch(request.headers.get("authorization", ""))
        if not match:
            return "AccessDenied"
        instant = request.headers["x-amz-date"]
        if refused := _scope_refused(match[1], instant):
            return refused
        if hashlib.sha256(request.body).hexdigest() != request.headers["x-amz-content-sha256"]:
            return "XAmzContentSHA256Mismatch"
        names = match[2].split(";")
        if "host" not in names or any(
            name.startswith("x-amz-") and name not in names for name in request.headers
        ):
            return "AccessDenied"
        query = "&".join(
            sorted(part if "=" in part else f"{part}=" for part in request.query.split("&") if part)
        )
        query = query.replace("+", "%20")
        lines = [request.method, quote(unquote(request.path), safe="/-._~"), query]
        lines += [f"{name}:{request.headers[name].strip()}" for name in names]
        lines += ["", match[2], request.headers["x-amz-content-sha256"]]
        day = instant[:8]
        scope = f"{day}/{REGION}/s3/aws4_request"
        text = (
            f"AWS4-HMAC-SHA256\n{instant}\n{scope}\n" + hashlib.sha256("\n".join(lines).encode()).hexdigest()
        )
        key = b"AWS4" + self.secret.encode()
        for part in (day, REGION, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        expected = hmac.new(key, text.encode(), "sha256").hexdigest()
        return "" if hmac.compare_digest(expected, match[3]) else "SignatureDoesNotMatch"

    # -- objects -------------------------------------------------------------------------------------

    def _list(self, query: dict[str, list[str]]) -> Reply:
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        below = sorted(
            key for key in self.objects if key.startswith(prefix) and "/" not in key[len(prefix) :]
        )
        rest = [key for key in below if key > after]
        page = rest[: self.page_keys]
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key])}</Size>"
            f"<ETag>{escape(_etag(self.objects[key]))}</ETag></Contents>"
            for key in page
        )
        more = len(rest) > len(page)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}{rows}</ListBucketResult>"
        )
        return Reply(200, XML, body.encode())

    def _object(self, request: Request, key: str) -> Reply:
        if request.method == "PUT":
            return self._put(request, key)
        if request.method == "DELETE":
            self.objects.pop(key, None)
            return Reply(204, {}, b"")
        return self._read(request, key)

    def _read(self, request: Request, key: str) -> Reply:
        if key not in self.objects:
            return _error(404, "NoSuchKey") if request.method == "GET" else Reply(404, {}, b"")
        content = self.objects[key]
        headers = {"ETag": _etag(content)}
        if request.method == "HEAD":
            return Reply(200, {**headers, "Content-Length": str(len(content))}, b"")
        if request.headers.get("if-match", headers["ETag"]) != headers["ETag"]:
            return _error(412, "PreconditionFailed")
        if match := re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", "")):
            return Reply(206, headers, content[int(match[1]) : int(match[2]) + 1])
        return Reply(200, headers, content)

    def _put(self, request: Request, key: str) -> Reply:
        source = unquote(request.headers.get("x-amz-copy-source", ""))
        if not source:
            self.objects[key] = request.body
            return Reply(200, {"ETag": _etag(request.body)}, b"")
        name = source.removeprefix(f"/{BUCKET}/")
        if name not in self.objects:
            return _error(404, "NoSuchKey")
        self.objects[key] = self.objects[name]
        return Reply(200, XML, b"<CopyObjectResult><ETag>x</ETag></CopyObjectResult>")


def _scope_refused(credential: str, instant: str) -> str:
    """Return the code with which the scope of a signature is refused, '' where it is right."""
    key_id, day, *rest = credential.split("/")
    if key_id != KEY_ID:
        return "InvalidAccessKeyId"
    if rest != [REGION, "s3", "aws4_request"]:
        return "AuthorizationHeaderMalformed"
    sent_at = datetime.strptime(instant, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    skewed = abs(datetime.now(timezone.utc) - sent_at) > MAX_SKEW or not instant.startswith(day)
    return "RequestTimeTooSkewed" if skewed else ""


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _error(status: int, code: str) -> Reply:
    return Reply(status, XML, f"<Error><Code>{code}</Code><Message>refused</Message></Error>".encode())


@contextlib.contextmanager
def serving_store(secret: str, page_keys: int = 1000) -> Iterator[tuple[SimulatedStore, str]]:
    """Serve a store on this machine; yields it with its address."""
    store = SimulatedStore(secret, page_keys)
    with serving(LocalServer(store.answer)) as server:
        yield store, server.url
