# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Standard Webhooks signatures (symmetric, ``v1``), written after the public specification alone.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. Signed
is ``<id>.<timestamp>.<raw body>`` with HMAC-SHA256, base64; the key is the base64 text after ``whsec_``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from ..sending import Event

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300


class BadSignatureError(Exception):
    """The headers do not prove who sent the body; the text says why."""


def make_secret(seed: object) -> str:
    """Return a 32-byte secret that follows from ``seed``, in the form in which secrets are handed over."""
    return PREFIX + base64.b64encode(hashlib.sha256(f"partner secret/{seed}".encode()).digest()).decode()


def key_of(secret: str) -> bytes:
    """Return the key bytes of a secret, padded or not.

    :raises ValueError: the secret is empty or not base64.
    """
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("the secret is not base64") from None
    if not key:
        raise ValueError("an empty secret signs nothing")
    return key


def signature(event_id: str, timestamp: int, body: bytes, secret: str) -> str:
    """Return the ``v1,…`` signature of one event."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: int) -> str:
    """Return the event's id when one of ``secrets`` signed it within the tolerance.

    Header names are expected in lower case.

    :raises BadSignatureError: a header is missing, the time is off, no signature matches.
    """
    event_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not event_id or not given or len(event_id) > 255 or "." in event_id:
        raise BadSignatureError("webhook-id or webhook-signature is missing or malformed")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise BadSignatureError("webhook-timestamp is missing or malformed")
    if abs(now - int(stamp)) > TOLERANCE_SECONDS:
        raise BadSignatureError("webhook-timestamp is too far from now")
    expected = [signature(event_id, int(stamp), body, secret).encode() for secret in secrets]
    for candidate in given.split(" ")[:10]:
        if any(hmac.compare_digest(candidate.encode(), right) for right in expected):
            return event_id
    raise BadSignatureError("no signature matches")


class PartnerSigner:
    """Signs with the connection's secret, and with the next one while it is changed."""

    def __init__(self, secret: str):
        key_of(secret)
        self._secrets = [secret]

    def roll(self, secret: str) -> None:
        """Sign with ``secret`` too from now on; at most two are valid at once."""
        key_of(secret)
        self._secrets = [*self._secrets, secret][-2:]

    def headers(self, event: Event, timestamp: int) -> dict[str, str]:
        """Return the three headers of ``event`` sent at ``timestamp``."""
        signatures = [signature(event.id, timestamp, event.body, secret) for secret in self._secrets]
        return {
            "webhook-id": event.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
        }
