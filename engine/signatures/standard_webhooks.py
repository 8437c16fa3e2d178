# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Standard Webhooks 1.0 signatures, https://github.com/standard-webhooks/standard-webhooks (spec).

Headers ``webhook-id``, ``webhook-timestamp`` (Unix seconds) and ``webhook-signature`` (a list separated by
spaces of ``<version>,<base64>``); signed is ``<id>.<timestamp>.<raw body>``. ``v1`` is HMAC-SHA256 with the
bytes after ``whsec_``; ``v1a`` is Ed25519, ``whpk_`` the public and ``whsk_`` the private key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets as random_source
from collections.abc import Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ..errors import AuthorizationError
from .base import (
    MAX_SIGNATURES,
    Scheme,
    Secret,
    SignedRequest,
    Verified,
    check_clock,
    decode_base64,
    required_secret,
    single_header,
    unix_seconds,
    usable_secrets,
)

_ID = "webhook-id"
_TIMESTAMP = "webhook-timestamp"
_SIGNATURE = "webhook-signature"
# The specification bounds a symmetric key to 24–64 bytes.
_MIN_KEY_BYTES = 24
_MAX_KEY_BYTES = 64
_ED25519_KEY_BYTES = 32
_ED25519_PAIR_BYTES = 64
# No dot: with one, the border between id and timestamp could be moved without changing the signed bytes.
_EVENT_ID = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,255}", re.ASCII)


class _StandardWebhooks(Scheme):
    """What both versions share: headers, signed bytes, clock."""

    version: str
    kept_headers = (_ID, _TIMESTAMP, _SIGNATURE)

    def verify(
        self, request: SignedRequest, secrets: Sequence[Secret], now: datetime, tolerance_seconds: int
    ) -> Verified:
        event_id = single_header(request, _ID)
        timestamp = single_header(request, _TIMESTAMP)
        header = single_header(request, _SIGNATURE)
        if not _EVENT_ID.fullmatch(event_id):
            raise AuthorizationError("signature_malformed", "the id holds a dot or an unusual character")
        signed_at = unix_seconds(timestamp)
        signatures = self._read_signatures(header)
        signed_text = _signed_text(event_id, timestamp, request.body)
        fitting = None
        usable = 0
        # No early exit: how long it takes must not tell which secret or signature came close.
        for secret in usable_secrets(secrets, now):
            key = self._verification_key(secret.value)
            if key is None:
                continue
            usable += 1
            for signature in signatures:
                if self._fits(key, signed_text, signature) and fitting is None:
                    fitting = secret
        if not usable:
            raise AuthorizationError("secret_unusable", f"no usable {self.version} secret")
        if fitting is None:
            raise AuthorizationError("signature_invalid")
        check_clock(signed_at, now, tolerance_seconds)
        return Verified(secret_id=fitting.id, signed_at=signed_at)

    def sign(
        self, body: bytes, secret_value: str, now: datetime, event_id: str, url: str = ""
    ) -> dict[str, str]:
        if not _EVENT_ID.fullmatch(event_id):
            raise ValueError("an event id has 1 to 255 visible characters and no dot")
        timestamp = str(int(now.timestamp()))
        signature = self._make(required_secret(secret_value), _signed_text(event_id, timestamp, body))
        encoded = base64.b64encode(signature).decode("ascii")
        return {_ID: event_id, _TIMESTAMP: timestamp, _SIGNATURE: f"{self.version},{encoded}"}

    def _read_signatures(self, header: str) -> list[bytes]:
        """Return the signatures of our version; other versions are ignored, never a fallback."""
        elements = header.split(" ")
        if len(elements) > MAX_SIGNATURES:
            raise AuthorizationError("signature_malformed", "too many signatures")
        ours = []
        for element in elements:
            version, separator, encoded = element.partition(",")
            if not separator:
                raise AuthorizationError("signature_malformed", "an element without version")
            if version == self.version:
                ours.append(decode_base64(encoded))
        if not ours:
            raise AuthorizationError("signature_missing", f"no {self.version} signature")
        return [signature for signature in ours if signature is not None]

    def _verification_key(self, secret_value: str) -> bytes | None:
        raise NotImplementedError

    def _fits(self, key: bytes, signed_text: bytes, signature: bytes) -> bool:
        raise NotImplementedError

    def _make(self, secret_value: str, signed_text: bytes) -> bytes:
        raise NotImplementedError


class StandardWebhooksV1(_StandardWebhooks):
    """HMAC-SHA256 with a shared secret."""

    code = "standard_webhooks_v1"
    name = "Standard Webhooks (shared secret)"
    version = "v1"

    def generate_secret(self) -> str:
        return "whsec_" + base64.b64encode(random_source.token_bytes(32)).decode("ascii")

    def _verification_key(self, secret_value: str) -> bytes | None:
        key = decode_base64(secret_value.strip().removeprefix("whsec_"))
        if key is None or not _MIN_KEY_BYTES <= len(key) <= _MAX_KEY_BYTES:
            return None
        return key

    def _fits(self, key: bytes, signed_text: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(hmac.new(key, signed_text, hashlib.sha256).digest(), signature)

    def _make(self, secret_value: str, signed_text: bytes) -> bytes:
        key = self._verification_key(secret_value)
        if key is None:
            raise AuthorizationError("secret_unusable", "whsec_ needs 24 to 64 bytes in base64")
        return hmac.new(key, signed_text, hashlib.sha256).digest()


class StandardWebhooksV1a(_StandardWebhooks):
    """Ed25519: the sender keeps ``whsk_``, the receiver needs ``whpk_`` only (``whsk_`` contains it)."""

    code = "standard_webhooks_v1a"
    name = "Standard Webhooks (key pair)"
    version = "v1a"

    def generate_secret(self) -> str:
        private_key = Ed25519PrivateKey.generate()
        seed = private_key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return "whsk_" + base64.b64encode(seed + _public_bytes(private_key)).decode("ascii")

    def check_secret(self, secret_value: str, now: datetime) -> None:
        if self._verification_key(required_secret(secret_value)) is None:
            raise AuthorizationError("secret_unusable", "neither whpk_ nor whsk_")

    def public_key(self, secret_value: str) -> str:
        """Return the ``whpk_`` text that belongs to a ``whsk_`` secret, for the receiver.

        :raises AuthorizationError: ``secret_unusable``.
        """
        return "whpk_" + base64.b64encode(_public_bytes(_private_key(secret_value))).decode("ascii")

    def _verification_key(self, secret_value: str) -> bytes | None:
        text = secret_value.strip()
        if text.startswith("whsk_"):
            try:
                return _public_bytes(_private_key(text))
            except AuthorizationError:
                return None
        if not text.startswith("whpk_"):
            return None
        key = decode_base64(text.removeprefix("whpk_"))
        return key if key is not None and len(key) == _ED25519_KEY_BYTES else None

    def _fits(self, key: bytes, signed_text: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, signed_text)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _make(self, secret_value: str, signed_text: bytes) -> bytes:
        return _private_key(secret_value).sign(signed_text)


def _public_bytes(private_key: Ed25519PrivateKey) -> bytes:
    return private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _private_key(secret_value: str) -> Ed25519PrivateKey:
    """Read a ``whsk_`` text: the 32-byte seed, alone or followed by its 32-byte public key."""
    text = secret_value.strip()
    raw = decode_base64(text.removeprefix("whsk_")) if text.startswith("whsk_") else None
    if raw is None or len(raw) not in (_ED25519_KEY_BYTES, _ED25519_PAIR_BYTES):
        raise AuthorizationError("secret_unusable", "whsk_ needs 32 or 64 bytes in base64")
    private_key = Ed25519PrivateKey.from_private_bytes(raw[:_ED25519_KEY_BYTES])
    stated_public = raw[_ED25519_KEY_BYTES:]
    if stated_public and stated_public != _public_bytes(private_key):
        raise AuthorizationError("secret_unusable", "the halves of the key pair do not belong together")
    return private_key


def _signed_text(event_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{event_id}.{timestamp}.".encode("ascii") + body
