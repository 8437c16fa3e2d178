# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One byte form per value (RFC 8785, JSON Canonicalization Scheme), and digests over it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import rfc8785

from .errors import ContractError
from .instants import format_instant
from .money import plain

if TYPE_CHECKING:
    from .canonical.base import Document

# RFC 8785 writes numbers as IEEE doubles do; beyond this an integer would not be exact.
MAX_SAFE_INTEGER = 2**53 - 1


def to_plain(value: Any) -> Any:
    """Return ``value`` with JSON types only: decimals as plain strings, instants as RFC 3339, dates as ISO.

    :raises TypeError: a float, or a type that has no exact JSON form.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: to_plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(part) for part in value]
    raise TypeError(f"{type(value).__name__} has no exact JSON form")


def canonical_bytes(value: Any) -> bytes:
    """Return the RFC 8785 bytes of ``value``; decimals and integers beyond 2^53 are written as strings.

    :raises TypeError: a float, a key that is no string, or a type without exact JSON form.
    :raises ContractError: ``invalid_json`` for text that is not valid Unicode.
    """
    try:
        return rfc8785.dumps(_canonical(to_plain(value)))
    except UnicodeEncodeError as error:
        raise ContractError("invalid_json", "a lone surrogate") from error
    except rfc8785.CanonicalizationError as error:
        raise ContractError("invalid_json", type(error).__name__) from error


def _canonical(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_SAFE_INTEGER:
        return str(value)
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("keys of a JSON object are strings")
        return {key: _canonical(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_canonical(part) for part in value]
    return value


def digest(raw: bytes) -> str:
    """Return the SHA-256 of ``raw`` in lower-case hex (64 characters)."""
    return hashlib.sha256(raw).hexdigest()


_SETTLING = frozenset({"credit_change", "debt_change"})


def document_digest(document: Document) -> str:
    """Return the digest of a canonical document, its kind and version included (SHA-256 hex).

    The number of the event that carried it is left out: the same content told again is the same document. So is what a
    document did to a customer's credit or debt: that settles it, and changes nothing of it.
    """
    from .canonical.registry import encode, kind_of  # the registry needs this module's to_plain

    kind, version = kind_of(document)
    plain = {name: value for name, value in encode(document).items() if name not in _SETTLING}
    source = {name: value for name, value in plain["source"].items() if name not in ("sequence", "series")}
    return digest(
        canonical_bytes({"kind": kind, "version": version, "document": {**plain, "source": source}})
    )
