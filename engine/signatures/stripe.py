# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Stripe webhook signatures, https://docs.stripe.com/webhooks/signature (manual verification).

``Stripe-Signature: t=<unix>,v1=<hex>[,v1=<hex>…]``; HMAC-SHA256 over ``<t>.<raw body>`` with the whole
``whsec_…`` text as key. During a roll of the secret there are several ``v1``, and any of them may fit.
Other schemes (``v0``) are ignored, so that nobody can talk us down to a weaker one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets as random_source
from collections.abc import Sequence
from datetime import datetime

from ..errors import AuthorizationError
from .base import (
    MAX_SIGNATURES,
    Scheme,
    Secret,
    SignedRequest,
    Verified,
    check_clock,
    required_secret,
    single_header,
    unix_seconds,
    usable_secrets,
)

_HEADER = "Stripe-Signature"
_HEX_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class StripeScheme(Scheme):
    """HMAC-SHA256, hex, several signatures in one header."""

    code = "stripe"
    name = "Stripe"
    kept_headers = ("stripe-signature",)

    def verify(
        self, request: SignedRequest, secrets: Sequence[Secret], now: datetime, tolerance_seconds: int
    ) -> Verified:
        header = single_header(request, _HEADER)
        timestamp, signatures = _read_header(header)
        signed_at = unix_seconds(timestamp)
        signed_text = timestamp.encode("ascii") + b"." + request.body
        fitting = None
        # No early exit: how long it takes must not tell which secret or signature came close.
        for secret in usable_secrets(secrets, now):
            expected = _hex_digest(secret.value, signed_text)
            for signature in signatures:
                if hmac.compare_digest(expected, signature) and fitting is None:
                    fitting = secret
        if fitting is None:
            raise AuthorizationError("signature_invalid")
        check_clock(signed_at, now, tolerance_seconds)
        return Verified(secret_id=fitting.id, signed_at=signed_at)

    def sign(
        self, body: bytes, secret_value: str, now: datetime, event_id: str, url: str = ""
    ) -> dict[str, str]:
        timestamp = str(int(now.timestamp()))
        signature = _hex_digest(required_secret(secret_value), timestamp.encode("ascii") + b"." + body)
        return {_HEADER: f"t={timestamp},v1={signature}"}

    def generate_secret(self) -> str:
        return "whsec_" + random_source.token_hex(32)


def _read_header(header: str) -> tuple[str, list[str]]:
    timestamps = []
    signatures = []
    for element in header.split(","):
        key, separator, value = element.strip().partition("=")
        if not separator:
            raise AuthorizationError("signature_malformed", "an element without value")
        if key == "t":
            timestamps.append(value)
        elif key == "v1":
            signatures.append(value)
    if len(timestamps) != 1:
        raise AuthorizationError("signature_malformed", f"{len(timestamps)} times instead of one")
    if not signatures:
        raise AuthorizationError("signature_missing", "no v1 signature")
    if len(signatures) > MAX_SIGNATURES:
        raise AuthorizationError("signature_malformed", "too many signatures")
    return timestamps[0], [signature for signature in signatures if _HEX_SHA256.fullmatch(signature)]


def _hex_digest(key: str, signed_text: bytes) -> str:
    return hmac.new(key.encode("utf-8"), signed_text, hashlib.sha256).hexdigest()
