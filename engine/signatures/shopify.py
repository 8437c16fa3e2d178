# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Shopify webhook signatures, https://shopify.dev/docs/apps/build/webhooks/verify-deliveries.

``X-Shopify-Hmac-Sha256``, or without ``X-`` in the newer family of headers: HMAC-SHA256 of the raw body in base64, the
key is the app's client secret. Nothing else is signed: topic, shop, ids and times in the headers are anybody's word.
While a client secret is rotated Shopify signs with the oldest one that was not revoked, so both are accepted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random_source
from collections.abc import Sequence
from datetime import datetime

from ..errors import AuthorizationError
from .base import (
    Scheme,
    Secret,
    SignedRequest,
    Verified,
    decode_base64,
    header_values,
    required_secret,
    shared_secret_fits,
    single_header,
)

_HEADERS = ("X-Shopify-Hmac-Sha256", "Shopify-Hmac-Sha256")


class ShopifyScheme(Scheme):
    """HMAC-SHA256 of the body alone, base64; exactly one header of either family."""

    code = "shopify"
    name = "Shopify"
    kept_headers = tuple(name.lower() for name in _HEADERS)
    checks_clock = False

    def verify(
        self, request: SignedRequest, secrets: Sequence[Secret], now: datetime, tolerance_seconds: int
    ) -> Verified:
        present = [name for name in _HEADERS if header_values(request, name)]
        if len(present) > 1:
            raise AuthorizationError("signature_malformed", "a signature in both families of headers")
        header = single_header(request, present[0] if present else _HEADERS[0])
        given = decode_base64(header)
        if given is None or len(given) != hashlib.sha256().digest_size:
            raise AuthorizationError("signature_malformed", "no SHA-256 digest in base64")
        fitting = shared_secret_fits(secrets, now, lambda value: _digest(value, request.body), given)
        return Verified(secret_id=fitting.id, signed_at=None)

    def sign(
        self, body: bytes, secret_value: str, now: datetime, event_id: str, url: str = ""
    ) -> dict[str, str]:
        signature = _digest(required_secret(secret_value), body)
        return {_HEADERS[0]: base64.b64encode(signature).decode("ascii")}

    def generate_secret(self) -> str:
        return "shpss_" + random_source.token_hex(16)


def _digest(key: str, body: bytes) -> bytes:
    return hmac.new(key.encode("utf-8"), body, hashlib.sha256).digest()
