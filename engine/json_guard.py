# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reading JSON that a stranger wrote: exact numbers, no ambiguity, no way to crash the reader.

Stricter than RFC 8259 where the RFC leaves the behaviour open (I-JSON, RFC 7493, goes the same way).
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from .errors import ContractError

MAX_DEPTH = 64
MAX_BYTES = 10_000_000
MAX_NUMBER_CHARACTERS = 64
MAX_NUMBER_EXPONENT = 60

# A string (closed or not: an open one must not be scanned again from each of its quotes) or a bracket.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]+|\\.)*"?|[\[\]{}]', re.DOTALL)
_SURROGATE_OR_NUL = re.compile("[\ud800-\udfff\x00]")


def parse_json(raw: bytes, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> Any:
    """Return the value that ``raw`` (UTF-8, at most ``max_bytes``) writes; numbers become int or Decimal.

    Lone surrogates and NUL characters are refused because PostgreSQL's ``jsonb`` cannot store them.

    :raises ContractError: ``body_too_large``, ``invalid_json``, ``too_deep`` (more than ``max_depth``
        levels), ``duplicate_key``, ``number_out_of_range``. Nothing else is ever raised for any bytes.
    """
    if len(raw) > max_bytes:
        raise ContractError("body_too_large", params={"limit": str(max_bytes)})
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ContractError("invalid_json", f"not UTF-8 at byte {error.start}") from error
    _check_depth(text, max_depth)
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        # The message of JSONDecodeError names a position, never the content.
        detail = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise ContractError("invalid_json", detail) from error
    if "\\u" in text:
        _check_characters(value)
    return value


def parse_json_object(
    raw: bytes, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES
) -> dict[str, Any]:
    """Return the JSON object that ``raw`` writes.

    :raises ContractError: as ``parse_json``, and ``not_an_object``.
    """
    value = parse_json(raw, max_depth=max_depth, max_bytes=max_bytes)
    if not isinstance(value, dict):
        raise ContractError("not_an_object", type(value).__name__)
    return value


def _check_depth(text: str, max_depth: int) -> None:
    """Count the brackets before the parser sees them: its recursion is limited by the stack, not by us."""
    if text.count("[") + text.count("{") <= max_depth:  # too few to be too deep, wherever they stand
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        first = text[match.start()]
        if first in "[{":
            depth += 1
            if depth > max_depth:
                raise ContractError("too_deep", params={"limit": str(max_depth)})
        elif first in "]}":
            depth -= 1


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise ContractError("duplicate_key", params={"key": _printable(key)})
            seen.add(key)
    return result


def _parse_int(text: str) -> int:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise ContractError("number_out_of_range", f"{len(text)} characters")
    return int(text)


def _parse_decimal(text: str) -> Decimal:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise ContractError("number_out_of_range", f"{len(text)} characters")
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if abs(exponent) > MAX_NUMBER_EXPONENT or abs(number.adjusted()) > MAX_NUMBER_EXPONENT:
        raise ContractError("number_out_of_range", "exponent")
    return number


def _refuse_constant(name: str) -> None:
    raise ContractError("invalid_json", f"{name} is no JSON number")


def _check_characters(value: Any) -> None:
    """Walk without recursion; only ``\\u`` escapes can bring in what a strict decoder keeps out."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            if _SURROGATE_OR_NUL.search(current):
                raise ContractError("invalid_json", "a lone surrogate or a NUL character")
        elif isinstance(current, dict):
            pending.extend(current.keys())
            pending.extend(current.values())
        elif isinstance(current, list):
            pending.extend(current)


def _printable(key: str) -> str:
    return key[:80].encode("ascii", "backslashreplace").decode("ascii")


# Made once: ``json.loads`` with hooks makes a decoder for each text.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_pairs,
    parse_int=_parse_int,
    parse_float=_parse_decimal,
    parse_constant=_refuse_constant,
)
