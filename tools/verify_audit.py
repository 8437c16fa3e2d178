#!/usr/bin/env python3
# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Verify an exported audit trail, without Odoo and without the addon: this file and ``cryptography`` are enough.

    python3 verify_audit.py export.ndjson [--seals seals-….ndjson] [--key FINGERPRINT]

``--seals`` is the file of exported seals that the server keeps outside its database: with it, it is found out when the
last seals were deleted. ``--key`` is the fingerprint of the key that the newest seal must be signed with, as it was
noted outside the system. The exit code is 0 when everything holds, 1 when something does not, 2 when the file cannot be
read. The first thing that is broken is named; nothing after it is looked at.

Shares no code with the addon on purpose. The form of the file is described in docs/audit.md.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import dataclasses
import hashlib
import json
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SEAL_FIELDS = {
    *(
        "format",
        "trail",
        "number",
        "first_id",
        "last_id",
        "entries",
        "root",
        "previous",
        "sealed_at",
        "key_id",
    ),
}
LISTED = struct.Struct(">BQ32s")
MAX_LINE_BYTES = 4_000_000
TAIL = re.compile(
    rb',"id":([1-9][0-9]{0,18}),"digest":"v1:([0-9a-f]{64})"'
    rb'(?:,"seal":([1-9][0-9]{0,9}),"position":([0-9]{1,6}),"proof":\[((?:"[0-9a-f]{64}",?)*)\])?\}\n'
)
ENTRY = b'{"leaf":'


class BrokenError(Exception):
    """Something is not as it was sealed; the text names it."""


class UnreadableError(Exception):
    """The file is no export, or is cut off."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf_hash(number: int, digest: str) -> bytes:
    """The leaf of an entry in the tree of its seal (RFC 6962, section 2.1)."""
    return sha256(b"\x00%d v1:%s" % (number, digest.encode("ascii")))


def root_of(hashes: list[bytes]) -> str:
    """The Merkle root over leaves: an odd last node moves up unchanged."""
    level = hashes
    while len(level) > 1:
        odd = level[len(level) - 1 :] if len(level) % 2 else []
        level = [
            sha256(b"\x01" + level[place] + level[place + 1]) for place in range(0, len(level) - 1, 2)
        ] + odd
    return level[0].hex() if level else sha256(b"").hex()


def root_by_proof(leaf: bytes, position: int, size: int, proof: list[bytes]) -> str:
    """The root to which a proof leads (RFC 9162, section 2.1.3.2); empty when it does not fit the size."""
    node, last, current = position, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return ""
        if node % 2 or node == last:
            current = sha256(b"\x01" + sibling + current)
            while node % 2 == 0 and node:
                node //= 2
                last //= 2
        else:
            current = sha256(b"\x01" + current + sibling)
        node //= 2
        last //= 2
    return current.hex() if last == 0 and position < size else ""


@dataclasses.dataclass
class Count:
    """What was looked at."""

    entries: int = 0
    unsealed: int = 0
    hidden: int = 0
    seals: int = 0
    heads: int = 0
    newest_key: str = ""
    newest: int = 0
    first: int = 0


class Verifier:
    """Reads an export line by line; memory holds one seal's entries and the seals."""

    def __init__(self):
        self.keys: dict[str, str] = {}
        self.seals: dict[int, dict] = {}
        self.digests: dict[int, str] = {}
        self.last: dict | None = None
        self.last_digest = ""
        self.replaced: set[str] = set()
        self.count = Count()
        self.complete = False
        self.group: tuple[int, list[tuple[int, str]]] | None = None
        self.found: list[tuple[int, str]] = []
        self.before = 0
        self.listed_seals: list[int] = []
        self.ended = False

    def run(self, lines: Iterator[bytes]) -> Count:
        """Verify the whole file.

        :raises BrokenError: naming the first thing that is not as it was sealed.
        :raises UnreadableError: it is no export.
        """
        first = self._object(next(lines, b""))
        if first.get("format") != "finance-integration-audit/1":
            raise UnreadableError("this is not an export of an audit trail")
        self.complete = first.get("complete") is True
        for line in lines:
            if self.ended:
                raise UnreadableError("something follows the last line")
            if line.startswith(ENTRY):
                self._entry(line)
            else:
                self._other(self._object(line))
        if not self.ended:
            raise UnreadableError("the file is cut off")
        return self.count

    @staticmethod
    def _object(line: bytes) -> dict:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UnreadableError("a line is no JSON object") from error
        if not isinstance(value, dict):
            raise UnreadableError("a line is no JSON object")
        return value

    def _other(self, value: dict) -> None:
        if "key" in value:
            self._key(value)
        elif "seal" in value:
            self._seal(value)
        elif "of_seal" in value:
            self._end_group()
            self._begin_group(value)
        elif "end" in value:
            self._end_group()
            self._end(value["end"])
        else:
            raise UnreadableError("a line of an unknown kind")

    # -- keys and seals ----------------------------------------------------------------------------------

    def _key(self, value: dict) -> None:
        public = decoded(value.get("public_key"))
        if sha256(public).hex() != value["key"]:
            raise BrokenError(f"key {str(value['key'])[:16]}… is not the one that its fingerprint names")
        self.keys[value["key"]] = public

    def _seal(self, value: dict) -> None:
        text = value["seal"]
        expected = self.last["number"] + 1 if self.last else None
        seal = read_seal(text, expected)
        number = seal["number"]
        if expected and number != expected:
            raise BrokenError(f"seal {expected} is missing")
        if self.last and (seal["previous"], seal["first_id"]) != (self.last_digest, self.last["last_id"] + 1):
            raise BrokenError(f"seal {number} does not follow from the one before it")
        if number == 1 and (seal["previous"], seal["first_id"]) != ("0" * 64, 1):
            raise BrokenError("seal 1 is not the first one")
        public = self.keys.get(seal["key_id"])
        if public is None:
            raise BrokenError(f"seal {number} is signed with a key that is not known")
        if not signed(text, value.get("signature"), public):
            raise BrokenError(f"the signature of seal {number} is forged")
        if seal["key_id"] in self.replaced:
            raise BrokenError(f"seal {number} is signed with a key that had been replaced before")
        if self.last and self.last["key_id"] != seal["key_id"]:
            self.replaced.add(self.last["key_id"])
        self.last, self.last_digest = seal, sha256(text.encode()).hex()
        self.seals[number], self.digests[number] = seal, self.last_digest
        self.count.seals += 1
        self.count.first = self.count.first or number
        self.count.newest, self.count.newest_key = number, seal["key_id"]

    # -- entries -----------------------------------------------------------------------------------------

    def _entry(self, line: bytes) -> None:
        """The text between the marks is what was hashed; the rest of the line has one form only."""
        place = line.rfind(b',"id":')
        tail = TAIL.fullmatch(line, place) if place > 0 else None
        if tail is None:
            raise UnreadableError("an entry of an unknown form")
        number, stated = int(tail[1]), tail[2].decode("ascii")
        if hashlib.sha256(line[len(ENTRY) : place]).hexdigest() != stated:
            raise BrokenError(f"entry {number} was changed")
        if self.group is not None and tail[3] is None and number <= self.seals[self.group[0]]["last_id"]:
            self.found.append((number, stated))
        elif number <= self.before:
            raise BrokenError(f"entry {number} stands in another order or twice")
        elif tail[3] is not None:
            self._proof(number, stated, tail)
        else:
            self._end_group()
            if self.last and number <= self.last["last_id"]:
                raise BrokenError(f"entry {number} was inserted later")
            self.count.unsealed += 1
        self.before = max(self.before, number)
        self.count.entries += 1

    def _proof(self, number: int, stated: str, tail: re.Match) -> None:
        seal = self.seals.get(int(tail[3]))
        if seal is None:
            raise BrokenError(f"the seal of entry {number} is missing")
        proof = [bytes.fromhex(text.decode("ascii")) for text in re.findall(rb"[0-9a-f]{64}", tail[5])]
        root = root_by_proof(leaf_hash(number, stated), int(tail[4]), seal["entries"], proof)
        if root != seal["root"]:
            raise BrokenError(f"entry {number} is not what seal {seal['number']} covers")

    def _begin_group(self, value: dict) -> None:
        number = value["of_seal"]
        seal = self.seals.get(number)
        if seal is None or (self.listed_seals and number != self.listed_seals[-1] + 1):
            raise BrokenError(f"the list of seal {number} stands in another order, or its seal is missing")
        packed = decoded(value.get("list"))
        if len(packed) % LISTED.size:
            raise BrokenError(f"the list of seal {number} was changed")
        listed = [
            (entry, digest.hex()) for version, entry, digest in LISTED.iter_unpack(packed) if version == 1
        ]
        if len(listed) != seal["entries"] or root_of([leaf_hash(*pair) for pair in listed]) != seal["root"]:
            raise BrokenError(f"the list of seal {number} was changed")
        self.listed_seals.append(number)
        self.group, self.found = (number, listed), []

    def _end_group(self) -> None:
        """Compare the entries that stood after a list with it."""
        if self.group is None:
            return
        number, listed = self.group
        self.group = None
        if self.found == listed:
            return
        sealed = dict(listed)
        seen = 0
        for entry, digest in self.found:
            if entry not in sealed:
                raise BrokenError(f"entry {entry} was inserted later")
            if entry <= seen:
                raise BrokenError(f"entry {entry} stands in another order or twice")
            if sealed[entry] != digest:
                raise BrokenError(f"entry {entry} was changed")
            seen = entry
        present = {entry for entry, _digest in self.found}
        missing = [entry for entry, _digest in listed if entry not in present]
        if self.complete and missing:
            raise BrokenError(f"entry {missing[0]} of seal {number} was deleted")
        self.count.hidden += len(missing)

    def _end(self, value: dict) -> None:
        self.ended = True
        if not isinstance(value, dict) or value.get("entries") != self.count.entries:
            raise BrokenError("the file holds another number of entries than it was written with")
        if value.get("seals") != self.count.seals:
            raise BrokenError("the file holds another number of seals than it was written with")


def read_seal(text: object, expected: int | None) -> dict:
    """Return the fields of a seal; only the one form in which it was signed is read."""
    try:
        seal = json.loads(text)
        form = json.dumps(seal, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        good = seal.keys() == SEAL_FIELDS and seal["format"] == "finance-integration-seal/1" and form == text
        numbers = [seal[name] for name in ("number", "first_id", "last_id", "entries")]
        good = good and all(type(number) is int and number > 0 for number in numbers)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        good = False
    if not good:
        raise BrokenError(f"seal {expected or ''} is not a seal any more".replace("  ", " "))
    return seal


def signed(text: str, signature: object, public: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(decoded(signature), text.encode())
    except (InvalidSignature, ValueError, BrokenError):
        return False
    return True


def decoded(text: object) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError, binascii.Error) as error:
        raise BrokenError("a key, a signature or a list is no base64 any more") from error


def lines_of(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, none longer than the limit."""
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE_BYTES):
            if not line.endswith(b"\n"):
                raise UnreadableError("a line is too long, or the file is cut off")
            yield line


def compare_heads(path: Path, verifier: Verifier) -> int:
    """Compare the seals that the server exported with those of the file; returns how many were compared."""
    compared, expected = 0, None
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE_BYTES):
            try:
                text = json.loads(line)["seal"]
                number = json.loads(text)["number"]
            except (ValueError, TypeError, KeyError):
                continue  # half a line: the server ended while it wrote, the seal follows on the next one
            if expected is not None and number != expected:
                raise BrokenError(f"the exported seals have a hole before seal {expected}")
            expected = number + 1
            if verifier.count.newest and number > verifier.count.newest:
                raise BrokenError(f"seal {number} was exported and is not there any more")
            if number in verifier.digests:
                if sha256(text.encode()).hex() != verifier.digests[number]:
                    raise BrokenError(f"seal {number} is not the one that was exported")
                compared += 1
    return compared


def verify(path: Path, heads: Path | None = None, key: str | None = None) -> Count:
    """Verify an export.

    :raises BrokenError: :raises UnreadableError: :raises OSError:
    """
    verifier = Verifier()
    count = verifier.run(lines_of(path))
    if heads:
        count.heads = compare_heads(heads, verifier)
    wanted = (key or "").replace(" ", "").lower()
    if wanted and (len(wanted) < 16 or not count.newest_key.startswith(wanted)):
        raise BrokenError(
            f"seal {count.newest} is not signed with the key {wanted}, but with {count.newest_key}"
        )
    return count


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", type=Path)
    parser.add_argument("--seals", type=Path, help="file of exported seals")
    parser.add_argument(
        "--key", help="fingerprint of the key of the newest seal, at least its first 16 characters"
    )
    options = parser.parse_args(arguments)
    try:
        count = verify(options.export, options.seals, options.key)
    except BrokenError as problem:
        print(f"BROKEN: {problem}.")
        return 1
    except (UnreadableError, OSError) as problem:
        print(f"NOT READABLE: {problem}.")
        return 2
    sealed = count.entries - count.unsealed
    print(f"HOLDS: {sealed} sealed entries, seals {count.first} to {count.newest}.")
    if count.hidden:
        print(f"{count.hidden} entries of other companies are sealed with them and not in this file.")
    if count.unsealed:
        print(f"{count.unsealed} entries are not sealed yet: nothing proves that they are unchanged.")
    if options.seals:
        print(f"{count.heads} of these seals are the same as those that were exported.")
    else:
        print("Not compared with exported seals: whether the last ones were deleted is not known (--seals).")
    if not options.key:
        print(
            f"The newest seal is signed with key {count.newest_key}: compare it with the one you were given."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
