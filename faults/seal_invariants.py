# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What must hold of the seals over the audit trail, computed here without the product's code (A2)."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .books import Books

LISTED = struct.Struct(">BQ32s")
ZEROES = "0" * 64


def seals_follow_one_another(books: Books) -> list[str]:
    """Each seal names the one before, begins where that ended, and is signed with the key that it names."""
    keys = dict(books.sql("SELECT key_id, public_key FROM integration_audit_key"))
    problems = []
    before, last_id = ZEROES, 0
    rows = books.sql("SELECT number, text, signature FROM integration_audit_seal ORDER BY number")
    for expected, (number, text, signature) in enumerate(rows, start=1):
        seal = json.loads(text)
        facts = (number, seal["number"], seal["previous"], seal["first_id"])
        if facts != (expected, expected, before, last_id + 1):
            problems.append(f"seal {number} does not follow from the one before it")
        if not _signed(text, signature, keys.get(seal["key_id"], ""), seal["key_id"]):
            problems.append(f"seal {number} is not signed with the key that it names")
        before, last_id = hashlib.sha256(text.encode()).hexdigest(), seal["last_id"]
    return problems


def every_entry_is_what_was_sealed(books: Books) -> list[str]:
    """A seal covers exactly the entries between its numbers: none is missing, none was passed over, none came later."""
    problems = []
    for number, text, packed in books.sql(
        "SELECT number, text, entries FROM integration_audit_seal ORDER BY number"
    ):
        seal = json.loads(text)
        there = books.sql(
            "SELECT id, digest FROM integration_audit_leaf WHERE id BETWEEN %s AND %s ORDER BY id",
            seal["first_id"],
            seal["last_id"],
        )
        listed = [(entry, f"v1:{digest.hex()}") for _v, entry, digest in LISTED.iter_unpack(bytes(packed))]
        if [tuple(row) for row in there] != listed:
            problems.append(f"seal {number} lists {len(listed)} entries, {len(there)} are there")
        if _root(there) != seal["root"] or len(there) != seal["entries"]:
            problems.append(f"seal {number} covers other entries than those that are there")
    return problems


def every_seal_is_outside(books: Books, folder: Path) -> list[str]:
    """Each seal stands in the file of its trail, once and in order."""
    problems = []
    for (trail,) in books.sql("SELECT DISTINCT trail FROM integration_audit_seal"):
        texts = [
            text
            for (text,) in books.sql(
                "SELECT text FROM integration_audit_seal WHERE trail = %s ORDER BY number", trail
            )
        ]
        path = folder / f"seals-{trail}.ndjson"
        if _exported(path) != texts:
            problems.append(f"{len(texts)} seals, {len(_exported(path))} of them outside")
    return problems


def _exported(path: Path) -> list[str]:
    """Return the texts of the exported seals; half a line is what a killed process leaves."""
    texts = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            texts.append(json.loads(line)["seal"])
        except ValueError:
            continue
    return texts


def _signed(text: str, signature: str, public: str, key_id: str) -> bool:
    raw = base64.b64decode(public)
    if hashlib.sha256(raw).hexdigest() != key_id:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _root(entries: list) -> str:
    """The definition of RFC 6962, section 2.1, word for word."""
    if len(entries) == 1:
        [(number, digest)] = entries
        return hashlib.sha256(b"\x00" + f"{number} {digest}".encode()).hexdigest()
    if not entries:
        return hashlib.sha256(b"").hexdigest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    halves = bytes.fromhex(_root(entries[:split])) + bytes.fromhex(_root(entries[split:]))
    return hashlib.sha256(b"\x01" + halves).hexdigest()
