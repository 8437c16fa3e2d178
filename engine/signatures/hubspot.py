# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""HubSpot signatures of version 3,
https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation.

``X-HubSpot-Signature-v3``: HMAC-SHA256 in base64, the key is the app's client secret, over method, address, raw body
and
``X-HubSpot-Request-Timestamp`` (milliseconds), one after the other. The address is the public one, with twelve named
escapes decoded and all others left alone. The older versions are plain hashes in another header; they are never looked
at.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets as random_source
from collections.abc import Sequence
from datetime import datetime, timedelta

from ..errors import AuthorizationError
from ..instants import from_unix
from .base import (
    Scheme,
    Secret,
    SignedRequest,
    Verified,
    check_clock,
    decode_base64,
    required_secret,
    shared_secret_fits,
    single_header,
)

_SIGNATURE = "X-HubSpot-Signature-v3"
_TIMESTAMP = "X-HubSpot-Request-Timestamp"
_MILLISECONDS = re.compile(r"[1-9]\d{11,13}", re.ASCII)
_LAST_MILLISECOND = 4_102_444_800_000  # 2100-01-01
# The only escapes that HubSpot decodes before it signs; in one pass, so that "%253A" stays what it is.
_DECODED = {
    code: chr(int(code, 16))
    for code in ("3a", "2f", "3f", "40", "21", "24", "27", "28", "29", "2a", "2c", "3b")
}
_ESCAPE = re.compile("%(" + "|".join(_DECODED) + ")", re.IGNORECASE)


class HubSpotV3Scheme(Scheme):
    """HMAC-SHA256 over method, public address, body and time."""

    code = "hubspot_v3"
    name = "HubSpot (version 3)"
    kept_headers = (_SIGNATURE.lower(), _TIMESTAMP.lower())
    signs_url = True

    def verify(
        self, request: SignedRequest, secrets: Sequence[Secret], now: datetime, tolerance_seconds: int
    ) -> Verified:
        header = single_header(request, _SIGNATURE)
        timestamp = single_header(request, _TIMESTAMP)
        signed_at = _instant(timestamp)
        given = decode_base64(header)
        if given is None or len(given) != hashlib.sha256().digest_size:
            raise AuthorizationError("signature_malformed", "no SHA-256 digest in base64")
        text = _signed_text(request.method, request.url, request.body, timestamp)
        fitting = shared_secret_fits(secrets, now, lambda value: _digest(value, text), given)
        check_clock(signed_at, now, tolerance_seconds)
        return Verified(secret_id=fitting.id, signed_at=signed_at)

    def sign(
        self, body: bytes, secret_value: str, now: datetime, event_id: str, url: str = ""
    ) -> dict[str, str]:
        timestamp = str(int(now.timestamp() * 1000))
        signature = _digest(required_secret(secret_value), _signed_text("POST", url, body, timestamp))
        return {_SIGNATURE: base64.b64encode(signature).decode("ascii"), _TIMESTAMP: timestamp}

    def generate_secret(self) -> str:
        return random_source.token_hex(18)


def signed_address(url: str) -> str:
    """Return an address as HubSpot writes it before it signs."""
    return _ESCAPE.sub(lambda match: _DECODED[match[1].lower()], url)


def _instant(text: str) -> datetime:
    if not _MILLISECONDS.fullmatch(text) or int(text) > _LAST_MILLISECOND:
        raise AuthorizationError("signature_malformed", "the time is no count of milliseconds")
    seconds, milliseconds = divmod(int(text), 1000)
    return from_unix(seconds) + timedelta(milliseconds=milliseconds)


def _signed_text(method: str, url: str, body: bytes, timestamp: str) -> bytes:
    return f"{method}{signed_address(url)}".encode() + body + timestamp.encode("ascii")


def _digest(key: str, text: bytes) -> bytes:
    return hmac.new(key.encode("utf-8"), text, hashlib.sha256).digest()
