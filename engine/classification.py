# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What of a canonical document may be shown to whom: by the class that its published schema gives each field."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from typing import Any

from .canonical.base import CLASSIFICATIONS
from .canonical.registry import KINDS, latest_version
from .canonical.schemas import classification_of
from .redaction import MASK

# A shorter text stands in too many other places to be hidden wherever it stands.
MIN_HIDDEN_CHARS = 3


@functools.lru_cache(maxsize=128)
def _levels(kind: str) -> dict[str, str]:
    return classification_of(kind, latest_version(kind)) if kind in KINDS else {}


@functools.lru_cache(maxsize=128)
def highest_class(kind: str) -> str:
    """Return the strictest class that a field of ``kind`` has; of an unknown kind the strictest there is."""
    levels = _levels(kind)
    return max(levels.values(), key=CLASSIFICATIONS.index) if levels else CLASSIFICATIONS[-1]


def masked(kind: str, document: Any, hidden: Collection[str]) -> Any:
    """Return a copy of a ``document`` (its wire form) in which fields of the ``hidden`` classes read "•••".

    A field that the schema does not know counts as ``internal``.
    """
    return _masked(document, "", _levels(kind), hidden)


def _masked(value: Any, path: str, levels: dict[str, str], hidden: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: _masked(part, f"{path}.{name}" if path else name, levels, hidden)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [_masked(part, f"{path}[]", levels, hidden) for part in value]
    if value in (None, "") or levels.get(path) not in hidden:
        return value
    return MASK


def hidden_texts(kind: str, document: Any, hidden: Collection[str]) -> frozenset[str]:
    """Return the texts of the fields of the ``hidden`` classes: they are to be hidden in the raw content, too."""
    return frozenset(_texts(document, "", _levels(kind), hidden))


def _texts(value: Any, path: str, levels: dict[str, str], hidden: Collection[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, f"{path}.{name}" if path else name, levels, hidden)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, f"{path}[]", levels, hidden)
    elif isinstance(value, str) and len(value) >= MIN_HIDDEN_CHARS and levels.get(path) in hidden:
        yield value
