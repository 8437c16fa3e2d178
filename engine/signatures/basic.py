# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""User and password in the header, RFC 7617: who speaks is known, what was said is not signed.

The secret is ``user:password``. The header is never stored: whoever reads it can speak as the sender.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets as random_source
from collections.abc import Sequence
from datetime import datetime

from ..errors import AuthorizationError
from .base import Scheme, Secret, SignedRequest, Verified, required_secret, shared_secret_fits, single_header

_HEADER = "Authorization"


class BasicScheme(Scheme):
    """The same user and password with each event."""

    code = "basic"
    name = "User and password (HTTP Basic)"
    kept_headers = ()
    signs_body = False
    checks_clock = False

    def verify(
        self, request: SignedRequest, secrets: Sequence[Secret], now: datetime, tolerance_seconds: int
    ) -> Verified:
        given = _read(single_header(request, _HEADER))
        # Digests have one length, whatever the length of a password.
        fitting = shared_secret_fits(secrets, now, lambda value: _digest(_pair(value)), _digest(given))
        return Verified(secret_id=fitting.id, signed_at=None)

    def sign(
        self, body: bytes, secret_value: str, now: datetime, event_id: str, url: str = ""
    ) -> dict[str, str]:
        return {_HEADER: "Basic " + base64.b64encode(_pair(secret_value)).decode("ascii")}

    def generate_secret(self) -> str:
        return "hub:" + random_source.token_urlsafe(32)


def _pair(value: str) -> bytes:
    user, colon, password = required_secret(value).partition(":")
    if not (user and colon and password):
        raise AuthorizationError("secret_unusable", "user and password are needed, with a colon between them")
    return value.encode("utf-8")


def _read(header: str) -> bytes:
    word, _blank, encoded = header.strip().partition(" ")
    if word.lower() != "basic":
        raise AuthorizationError("signature_malformed", "another kind of authorization")
    try:
        pair = base64.b64decode(encoded.strip().encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        pair = b""
    if b":" not in pair:
        raise AuthorizationError("signature_malformed", "no user and password in base64")
    return pair


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
