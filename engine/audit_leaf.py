# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Digests of audit entries, and Merkle trees over them.

The tree is that of RFC 6962 (Certificate Transparency), section 2.1: SHA-256, leaves hashed with the prefix
0x00 and inner nodes with 0x01, so that a node can never be shown as a leaf. Leaves here are the hex digests
of entries; their text is hashed as ASCII.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence

from .canonical_json import MAX_SAFE_INTEGER, canonical_bytes, digest

LEAF_VERSION = "v1"
# SHA-256 of nothing: the root of a tree without leaves (RFC 6962, section 2.1).
EMPTY_ROOT = hashlib.sha256(b"").hexdigest()
MAX_PROOF_LENGTH = 64
_HEX_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LEAF_PREFIX = b"\x00"
_NODE_PREFIX = b"\x01"


def leaf_digest(fields: Mapping[str, str | int | None], version: str = LEAF_VERSION) -> str:
    """Return ``"v1:"`` and the SHA-256 (hex) over the canonical JSON of an audit entry's ``fields``.

    The version is part of what is hashed and of the result: an old digest stays verifiable for ever.

    :raises ValueError: unknown version.
    :raises TypeError: a value that is no text, whole number or None.
    """
    if version != LEAF_VERSION:
        raise ValueError(f"unknown version {version!r} of leaf digests")
    for name, value in fields.items():
        if (
            not isinstance(name, str)
            or isinstance(value, bool)
            or not isinstance(value, (str, int, type(None)))
        ):
            raise TypeError(f"{name!r} must be a text, a whole number or None")
    return f"{version}:{digest(_canonical_leaf(version, fields))}"


def leaf_digests(
    shared: Mapping[str, str | int | None], columns: Mapping[str, Sequence[str | int | None]]
) -> list[str]:
    """Return ``leaf_digest`` of many entries that have all but a few fields in common.

    :param shared: the fields that are the same in all of them.
    :param columns: field → its value in each entry, all of one length. No field is in both.
    :raises TypeError: a value that is no text, whole number or None.
    :raises ValueError: columns of different length.
    """
    if not columns:
        raise ValueError("entries that differ in nothing")
    rows = zip(*columns.values(), strict=True)
    names = tuple(columns)
    places = {name: f"\x00{place}\x00" for place, name in enumerate(names)}
    pattern = _canonical_leaf(LEAF_VERSION, {**shared, **places}).decode("utf-8")
    parts = re.split(r'"\\u0000(\d+)\\u0000"', pattern)
    fixed, order = parts[::2], [int(place) for place in parts[1::2]]
    if len(order) != len(names):  # a shared value looks like a place: nothing that is worth a shorter way
        return [leaf_digest({**shared, **dict(zip(names, row, strict=True))}) for row in rows]
    return [_filled_digest(fixed, order, row) for row in rows]


def _filled_digest(fixed: list[str], order: list[int], row: Sequence[str | int | None]) -> str:
    texts = [fixed[0]]
    for place, text in zip(order, fixed[1:], strict=True):
        value = row[place]
        if isinstance(value, str):
            texts.append(_TEXT(value))
        elif value is None:
            texts.append("null")
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_SAFE_INTEGER:
            texts.append(str(value))
        else:
            raise TypeError(f"{value!r} must be a text, a whole number or None")
        texts.append(text)
    return f"{LEAF_VERSION}:{digest(''.join(texts).encode('utf-8'))}"


def leaf_bytes(fields: Mapping[str, str | int | None], version: str = LEAF_VERSION) -> bytes:
    """Return what is hashed for an entry with these ``fields``: its canonical JSON, the version included."""
    return _canonical_leaf(version, fields)


def _canonical_leaf(version: str, fields: Mapping[str, str | int | None]) -> bytes:
    """Return the RFC 8785 form of a leaf. Each event has one, and flat ASCII keys need no general serialiser.

    What the shorter way does not write in exactly that form (keys beyond ASCII, large numbers) goes the general way.
    """
    whole = {"version": version, "fields": dict(fields)}
    for name, value in fields.items():
        if not name.isascii() or (isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER):
            return canonical_bytes(whole)
    try:
        return _FLAT(whole).encode("utf-8")
    except UnicodeEncodeError:
        return canonical_bytes(whole)  # says what is wrong with it


_FLAT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_TEXT = json.JSONEncoder(ensure_ascii=False).encode


def verify_leaf(fields: Mapping[str, str | int | None], stated_digest: str) -> bool:
    """Say whether ``stated_digest`` is the digest of ``fields``; an unknown version or form is a no."""
    version, separator, _hex_digits = stated_digest.partition(":")
    if not separator or version != LEAF_VERSION:
        return False
    return hmac.compare_digest(leaf_digest(fields, version).encode("ascii"), stated_digest.encode("utf-8"))


def merkle_root(leaves: Sequence[str]) -> str:
    """Return the root (hex) of the tree over ``leaves`` in their order."""
    return _root([_leaf_hash(leaf) for leaf in leaves]).hex() if leaves else EMPTY_ROOT


def inclusion_proof(leaves: Sequence[str], index: int) -> list[str]:
    """Return the sibling hashes (hex, from the leaf up) that lead from leaf ``index`` to the root.

    :raises IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} among {len(leaves)}")
    hashes = [_leaf_hash(leaf) for leaf in leaves]
    proof: list[str] = []
    while len(hashes) > 1:
        split = _split(len(hashes))
        if index < split:
            proof.append(_root(hashes[split:]).hex())
            hashes = hashes[:split]
        else:
            proof.append(_root(hashes[:split]).hex())
            hashes = hashes[split:]
            index -= split
    proof.reverse()
    return proof


def verify_inclusion(leaf: str, index: int, size: int, proof: Sequence[str], root: str) -> bool:
    """Say whether ``proof`` shows that ``leaf`` is number ``index`` of the ``size`` leaves below ``root``.

    The algorithm of RFC 9162, section 2.1.3.2. Anything malformed is a no, never an exception.
    """
    if not 0 <= index < size or len(proof) > MAX_PROOF_LENGTH:
        return False
    if not all(_HEX_SHA256.fullmatch(sibling) for sibling in proof) or not _HEX_SHA256.fullmatch(root):
        return False
    node, last = index, size - 1
    current = _leaf_hash(leaf)
    for sibling in map(bytes.fromhex, proof):
        if last == 0:
            return False
        if node % 2 or node == last:
            current = _node_hash(sibling, current)
            while node % 2 == 0 and node != 0:
                node //= 2
                last //= 2
        else:
            current = _node_hash(current, sibling)
        node //= 2
        last //= 2
    return last == 0 and hmac.compare_digest(current, bytes.fromhex(root))


def _root(hashes: list[bytes]) -> bytes:
    """Fold level by level; an odd last node moves up unchanged, which gives RFC 6962's tree."""
    level = hashes
    while len(level) > 1:
        level = _fold(level)
    return level[0]


def _fold(level: list[bytes]) -> list[bytes]:
    paired = [_node_hash(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return paired + level[len(level) - 1 :] if len(level) % 2 else paired


class MerkleTree:
    """The tree over some leaves, kept whole, so that proofs of many of them cost little each."""

    def __init__(self, leaves: Sequence[str]):
        self._levels = [[_leaf_hash(leaf) for leaf in leaves]]
        while len(self._levels[-1]) > 1:
            self._levels.append(_fold(self._levels[-1]))

    @property
    def root(self) -> str:
        """The same as ``merkle_root`` of the leaves."""
        return self._levels[-1][0].hex() if self._levels[-1] else EMPTY_ROOT

    def proof(self, index: int) -> list[str]:
        """Return the same as ``inclusion_proof`` of leaf ``index``.

        :raises IndexError: there is no such leaf.
        """
        if not 0 <= index < len(self._levels[0]):
            raise IndexError(f"no leaf {index} among {len(self._levels[0])}")
        proof = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                proof.append(level[sibling].hex())
            index //= 2
        return proof


def _split(size: int) -> int:
    """Return the largest power of two below ``size`` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _leaf_hash(leaf: str) -> bytes:
    return hashlib.sha256(_LEAF_PREFIX + leaf.encode("utf-8", "surrogatepass")).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE_PREFIX + left + right).digest()
