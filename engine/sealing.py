# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Contents of events, encrypted so that each one can be made unreadable alone (C9).

A *data key* (32 random bytes, one per connection) is kept encrypted with the server's keys. Each event has a *share*:
the number of the data key and 16 random bytes. The event's own key is derived from both by HKDF-Expand with SHA-256
(RFC 5869, 2.3; the data key is uniformly random and so serves as PRK). Without its share a content cannot be read,
whoever has the data key; without the data key, no content of the connection. What is written is AES-256-GCM:

    magic (4) · form (1) · nonce (12) · ciphertext and tag

The magic begins with NUL, with which no JSON text begins, so that what is sealed is told from what is not.
"""

from __future__ import annotations

import hmac
import os
import struct
import zlib
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .canonical import KINDS
from .canonical.base import CLASSIFICATIONS, CONFIDENTIAL
from .canonical.schemas import classification_of
from .errors import AuthorizationError, BusinessError

MAGIC = b"\x00FI1"
RAW, DOCUMENTS, BATCH = b"raw", b"documents", b"batch"
QUESTION, ANSWER = b"question", b"answer"
DATA_KEY_BYTES = 32
SHARE_BYTES = 20
# The content of an erased event that had not been encrypted.
ERASED = MAGIC + b"\xff"
_PLAIN, _PACKED = b"\x00", b"\x01"
_NONCE_BYTES = 12
_HEAD_BYTES = len(MAGIC) + 1 + _NONCE_BYTES
_INFO = b"finance integration content "
# From here on PostgreSQL would compress a text by itself; what is encrypted it cannot.
PACK_FROM_BYTES = 2000

CLASSIFIED, ALL, NOTHING = "classified", "all", "none"
POLICIES = (CLASSIFIED, ALL, NOTHING)


def new_data_key() -> bytes:
    """Return a new random data key."""
    return os.urandom(DATA_KEY_BYTES)


def new_share(data_key_id: int) -> bytes:
    """Return a new random share of one event."""
    return struct.pack(">I", data_key_id) + os.urandom(SHARE_BYTES - 4)


def data_key_id_of(share: bytes) -> int:
    """Return the number of the data key to which a share belongs.

    :raises AuthorizationError: ``content_unreadable``.
    """
    if len(share) != SHARE_BYTES:
        raise AuthorizationError("content_unreadable", "the share has another length")
    return struct.unpack(">I", share[:4])[0]


def is_sealed(stored: bytes) -> bool:
    """Whether ``stored`` is encrypted (or erased)."""
    return stored[: len(MAGIC)] == MAGIC


def seal(data_key: bytes, share: bytes, content: bytes, purpose: bytes, *, pack: bool = True) -> bytes:
    """Return ``content`` encrypted for ``purpose``; ``pack`` = compress it first where that is worth it."""
    form = _PLAIN
    if pack and len(content) >= PACK_FROM_BYTES:
        packed = zlib.compress(content, 1)
        if len(packed) < len(content):
            content, form = packed, _PACKED
    nonce = os.urandom(_NONCE_BYTES)
    return MAGIC + form + nonce + AESGCM(_key(data_key, share)).encrypt(nonce, content, purpose + form)


def unseal(data_key: bytes, share: bytes | None, stored: bytes, purpose: bytes) -> bytes:
    """Return the content that was sealed.

    :raises BusinessError: ``content_erased``: there is no share any more.
    :raises AuthorizationError: ``content_unreadable``: another key, another share, or it was altered.
    """
    if share is None or stored == ERASED:
        raise BusinessError("content_erased")
    form, nonce = stored[len(MAGIC) : len(MAGIC) + 1], stored[len(MAGIC) + 1 : _HEAD_BYTES]
    try:
        content = AESGCM(_key(data_key, share)).decrypt(nonce, stored[_HEAD_BYTES:], purpose + form)
    except (InvalidTag, ValueError) as error:
        raise AuthorizationError("content_unreadable", type(error).__name__) from error
    return zlib.decompress(content) if form == _PACKED else content


def _key(data_key: bytes, share: bytes) -> bytes:
    return hmac.digest(data_key, _INFO + share + b"\x01", "sha256")


def plain_kinds(policy: str) -> frozenset[str] | None:
    """Return the canonical kinds whose events are stored as they come; None = nothing is encrypted.

    What is not known to be harmless is encrypted: event types that no connector knows, and those that book nothing.
    """
    if policy == NOTHING:
        return None
    if policy == ALL:
        return frozenset()
    return _HARMLESS


def _is_harmless(kind: str) -> bool:
    limit = CLASSIFICATIONS.index(CONFIDENTIAL)
    return all(
        CLASSIFICATIONS.index(level) < limit
        for version in KINDS[kind]
        for level in classification_of(kind, version).values()
    )


_HARMLESS: frozenset[str] = frozenset(kind for kind in KINDS if _is_harmless(kind))


def as_json(sealed: bytes) -> dict[str, str]:
    """Return sealed documents as the JSON value in which they are stored."""
    return {"sealed": sealed.hex()}


def from_json(value: Any) -> bytes | None:
    """Return what ``as_json`` was given, None when ``value`` is something else."""
    if not isinstance(value, dict) or value.keys() != {"sealed"} or not isinstance(value["sealed"], str):
        return None
    try:
        return bytes.fromhex(value["sealed"])
    except ValueError:
        return None
