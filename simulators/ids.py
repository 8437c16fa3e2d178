# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Ids that look random but follow from a seed."""

from __future__ import annotations

import hashlib
import string
import threading
from collections import Counter

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def token(*parts: object, length: int = 24) -> str:
    """Return ``length`` (at most 40) letters and digits that follow from ``parts`` alone."""
    if not 1 <= length <= 40:
        raise ValueError("a token has 1 to 40 characters")
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    number = int.from_bytes(digest, "big")
    characters = []
    for _position in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[rest])
    return "".join(characters)


class IdSource:
    """Numbers the ids of each prefix on its own, so that one kind more does not change the others."""

    def __init__(self, seed: object):
        self.seed = seed
        self._counters: Counter[str] = Counter()
        self._lock = threading.Lock()

    def next(self, prefix: str, length: int = 24) -> str:
        """Return the next id of ``prefix``, for example ``ch_…``."""
        with self._lock:
            self._counters[prefix] += 1
            number = self._counters[prefix]
        return f"{prefix}_{token(self.seed, prefix, number, length=length)}"
