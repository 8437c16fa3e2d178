# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A source's own words in what it sends: replaced by ours where they are mapped, before anything is decided (M2).

The bytes that came in stay as they are; what is translated here is what the hub reads out of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from .canonical.base import Document, Struct

Meaning = Callable[[str], str]


def with_currencies(document: Document, meaning: Meaning) -> Document:
    """Return ``document`` with every currency code replaced by what it means.

    Amounts are not touched: a mapping says how a currency is called, never how much it is worth.

    :param meaning: gives the ISO 4217 code for a code of the source; the code itself where it has no other meaning.
    """
    return _translated(document, meaning)


def _translated(value: Any, meaning: Meaning) -> Any:
    if isinstance(value, tuple):
        parts = tuple(_translated(part, meaning) for part in value)
        return parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    if not isinstance(value, Struct):
        return value
    changed = {}
    for name in value.__struct_fields__:
        old = getattr(value, name)
        new = meaning(old) if name == "currency" and isinstance(old, str) else _translated(old, meaning)
        if new is not old and new != old:
            changed[name] = new
    return msgspec.structs.replace(value, **changed) if changed else value


def with_word(body: Any, path: Sequence[str], meaning: Meaning) -> Any:
    """Return ``body`` (parsed JSON) in which the text at ``path`` is replaced by what it means.

    Where there is no text at that place, ``body`` comes back: what is wrong with it is for the contract to say.
    """
    if not isinstance(body, Mapping) or not path or path[0] not in body:
        return body
    old = body[path[0]]
    if len(path) > 1:
        new = with_word(old, path[1:], meaning)
    else:
        new = meaning(old) if isinstance(old, str) else old
    return body if new is old else {**body, path[0]: new}
