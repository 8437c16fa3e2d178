# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An OAuth 2.0 token endpoint: client credentials, refresh tokens that are replaced at each use, JWT bearer.

RFC 6749, RFC 7523; a refresh token that is shown a second time ends the whole permission, as RFC 9700, 4.14.2 asks.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import threading
import time
from urllib.parse import parse_qs, unquote_plus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from .local_server import LocalServer, Reply, Request, json_reply

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclasses.dataclass
class TokenEndpoint:
    """One authorization server with one client.

    ``status`` answers everything with it; ``seconds`` is how long tokens live; ``slow_seconds`` how long it thinks.
    ``issued`` are the access tokens it gave out, in order; ``valid`` those that an API would accept.
    """

    client_id: str = "hub"
    client_secret: str = "s3cret & söhne"
    refresh_token: str = "refresh-0"
    public_key: object = None
    audience: str = ""
    seconds: int = 3600
    status: int = 0
    slow_seconds: float = 0
    issued: list[str] = dataclasses.field(default_factory=list)
    valid: set[str] = dataclasses.field(default_factory=set)
    used_refresh_tokens: set[str] = dataclasses.field(default_factory=set)
    withdrawn: bool = False
    requests: int = 0
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def answer(self, request: Request) -> Reply:
        """Answer one request to the token endpoint."""
        with self.lock:
            self.requests += 1
        if self.slow_seconds:
            time.sleep(self.slow_seconds)
        if self.status:
            return json_reply(self.status, {"error": "server_error"})
        with self.lock:
            return self._answer(request)

    def _answer(self, request: Request) -> Reply:
        if self.status:
            return json_reply(self.status, {"error": "server_error"})
        if (
            request.method != "POST"
            or request.headers.get("content-type") != "application/x-www-form-urlencoded"
        ):
            return json_reply(400, {"error": "invalid_request"})
        form = {name: values[0] for name, values in parse_qs(request.body.decode("ascii")).items()}
        grant = form.get("grant_type")
        if grant == JWT_GRANT:
            return self._issue() if self._assertion_holds(form.get("assertion", "")) else _refused()
        if self._client(request, form) != (self.client_id, self.client_secret):
            return json_reply(401, {"error": "invalid_client"})
        if grant == "refresh_token":
            return self._refresh(form.get("refresh_token", ""))
        known = grant == "client_credentials"
        return self._issue() if known else json_reply(400, {"error": "unsupported_grant_type"})

    def _client(self, request: Request, form: dict[str, str]) -> tuple[str, str]:
        kind, _blank, encoded = request.headers.get("authorization", "").partition(" ")
        if kind != "Basic":
            return form.get("client_id", ""), form.get("client_secret", "")
        user, _colon, password = base64.b64decode(encoded).decode("ascii").partition(":")
        return unquote_plus(user), unquote_plus(password)

    def _refresh(self, shown: str) -> Reply:
        if shown in self.used_refresh_tokens:
            self.withdrawn = True
        if self.withdrawn or shown != self.refresh_token:
            return _refused()
        self.used_refresh_tokens.add(shown)
        self.refresh_token = f"refresh-{len(self.used_refresh_tokens)}"
        return self._issue(refresh_token=self.refresh_token)

    def _issue(self, **more: str) -> Reply:
        token = f"access-{len(self.issued) + 1}"
        self.issued.append(token)
        self.valid.add(token)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self.seconds, **more}
        return json_reply(200, answer, {"Cache-Control": "no-store"})

    def _assertion_holds(self, assertion: str) -> bool:
        try:
            header, claims, signature = (_from_base64url(part) for part in assertion.split("."))
            told, said = json.loads(header), json.loads(claims)
            signed = assertion.rpartition(".")[0].encode("ascii")
            self.public_key.verify(signature, signed, PKCS1v15(), SHA256())
        except (ValueError, AttributeError, InvalidSignature, binascii.Error):
            return False
        now = time.time()
        return (
            told.get("alg") == "RS256"
            and said.get("iss") == self.client_id
            and said.get("aud") == self.audience
            and said["iat"] <= now + 5
            and now < said["exp"] <= now + 3600
        )


def _refused() -> Reply:
    return json_reply(400, {"error": "invalid_grant"})


def _from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token_server(endpoint: TokenEndpoint, port: int = 0) -> LocalServer:
    """Return a server of this endpoint; run it with ``serving``."""
    return LocalServer(endpoint.answer, port)
