# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Seals over the audit trail: what is signed, the list of sealed entries, and what a verification finds.

A seal covers the entries with the numbers ``first_id`` to ``last_id``, without a hole to the seal before it. Its text
names the Merkle root over them and the digest of the seal before; the text is signed with Ed25519 (RFC 8032). Leaves
of the tree are ``"<number> <digest>"``, so that an entry cannot change its number either. Beside each seal stands the
list of what it covers: it proves nothing by itself, its root does, but it tells *which* entry is not what was sealed.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json
import re
import struct
from collections.abc import Iterable, Mapping, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from .audit_leaf import LEAF_VERSION, merkle_root

FORMAT = "finance-integration-seal/1"
NO_SEAL = "0" * 64
MAX_ENTRIES = 16_384
MAX_TEXT_CHARACTERS = 2_000
_MAX_NUMBER = 2**63 - 1
_SEED_BYTES = 32
_HEX_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LISTED = struct.Struct(">BQ32s")
_VERSIONS = {1: LEAF_VERSION}
_NUMBERS = {version: number for number, version in _VERSIONS.items()}


class SealError(ValueError):
    """A text is no seal, a list no list, a key no key."""


@dataclasses.dataclass(frozen=True)
class Seal:
    """What one seal says.

    ``trail``  names the chain of seals; a database that is restored from a copy goes on under another name.
    ``previous``  digest of the text of the seal before, NO_SEAL for the first.
    ``sealed_at``  RFC 3339, UTC.
    ``key_id``  SHA-256 of the public key.
    """

    trail: str
    number: int
    first_id: int
    last_id: int
    entries: int
    root: str
    previous: str
    sealed_at: str
    key_id: str

    @property
    def text(self) -> str:
        """The one form in which a seal is signed: JSON with sorted keys, without blanks."""
        whole = {"format": FORMAT, **dataclasses.asdict(self)}
        return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the text; the next seal names it."""
        return text_digest(self.text)


def text_digest(text: str) -> str:
    """Return the SHA-256 (hex) of a seal's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_seal(text: str) -> Seal:
    """Return the seal that ``text`` writes; only the one form in which it was signed is read.

    :raises SealError: something else.
    """
    if len(text) > MAX_TEXT_CHARACTERS:
        raise SealError("too long for a seal")
    try:
        whole = json.loads(text)
        stated = whole.pop("format")
        seal = Seal(**whole)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise SealError("no seal") from error
    numbers = (seal.number, seal.first_id, seal.last_id, seal.entries)
    if stated != FORMAT or not all(type(number) is int and 0 < number <= _MAX_NUMBER for number in numbers):
        raise SealError("no seal of a known form")
    texts = (seal.trail, seal.root, seal.previous, seal.sealed_at, seal.key_id)
    if not all(isinstance(part, str) for part in texts):
        raise SealError("no seal of a known form")
    if not all(_HEX_SHA256.fullmatch(part) for part in (seal.root, seal.previous, seal.key_id)):
        raise SealError("a digest has another form")
    if seal.last_id < seal.first_id or seal.entries > min(MAX_ENTRIES, seal.last_id - seal.first_id + 1):
        raise SealError("its numbers contradict each other")
    if seal.text != text:
        raise SealError("written in another way than it is signed")
    return seal


# -- keys and signatures -------------------------------------------------------------------------------------


def new_seed() -> str:
    """Return a new private key: the base64 of its 32 bytes."""
    raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return base64.b64encode(raw).decode("ascii")


class SigningKey:
    """A private key for sealing.

    :raises SealError: ``seed`` is not the base64 of 32 bytes.
    """

    def __init__(self, seed: str):
        try:
            raw = base64.b64decode(seed, validate=True)
        except (ValueError, binascii.Error) as error:
            raise SealError("a key for sealing is the base64 of 32 bytes") from error
        if len(raw) != _SEED_BYTES:
            raise SealError("a key for sealing is the base64 of 32 bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(raw)
        public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = base64.b64encode(public).decode("ascii")
        self.id = key_id_of(self.public)

    def sign(self, text: str) -> str:
        """Return the signature of ``text`` in base64."""
        return base64.b64encode(self._key.sign(text.encode())).decode("ascii")


def key_id_of(public: str) -> str:
    """Return the id of a public key (base64): the SHA-256 (hex) of its bytes, so that none can be exchanged.

    :raises SealError: no base64.
    """
    try:
        return hashlib.sha256(base64.b64decode(public, validate=True)).hexdigest()
    except (ValueError, binascii.Error) as error:
        raise SealError("no public key") from error


def signature_holds(text: str, signature: str, public: str) -> bool:
    """Say whether ``signature`` (base64) of ``text`` was made with the key of ``public`` (base64)."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), text.encode("utf-8", "surrogatepass"))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


# -- the list of what a seal covers --------------------------------------------------------------------------


def leaf_text(entry_id: int, digest: str) -> str:
    """Return the leaf of the tree for one entry."""
    return f"{entry_id} {digest}"


def root_of(entries: Sequence[tuple[int, str]]) -> str:
    """Return the Merkle root over (number, digest) pairs in their order."""
    return merkle_root([leaf_text(entry_id, digest) for entry_id, digest in entries])


def pack_list(entries: Iterable[tuple[int, str]]) -> bytes:
    """Return (number, digest) pairs as 41 bytes each.

    :raises SealError: a digest of another form than ``v1:<64 hex digits>``.
    """
    packed = []
    for entry_id, digest in entries:
        version, _colon, digits = digest.partition(":")
        if version not in _NUMBERS or not _HEX_SHA256.fullmatch(digits) or not 0 < entry_id <= _MAX_NUMBER:
            raise SealError(f"entry {entry_id} has no digest of a known form")
        packed.append(_LISTED.pack(_NUMBERS[version], entry_id, bytes.fromhex(digits)))
    return b"".join(packed)


def read_list(packed: bytes) -> list[tuple[int, str]]:
    """Return the pairs that ``pack_list`` packed.

    :raises SealError: something else.
    """
    if len(packed) % _LISTED.size or len(packed) > MAX_ENTRIES * _LISTED.size:
        raise SealError("no list of entries")
    try:
        return [
            (entry_id, f"{_VERSIONS[version]}:{digits.hex()}")
            for version, entry_id, digits in _LISTED.iter_unpack(packed)
        ]
    except KeyError as error:
        raise SealError("no list of entries") from error


# -- verification --------------------------------------------------------------------------------------------

# What can be wrong; the words are for people, in the order in which they are looked for.
FLAWS = {
    "seal_unreadable": "seal %(seal)s is not a seal any more",
    "seal_missing": "seal %(seal)s is missing",
    "seal_order": "seal %(seal)s stands where another one belongs",
    "seal_chain": "seal %(seal)s does not follow from the one before it",
    "seal_key": "seal %(seal)s is signed with a key that is not known",
    "seal_old_key": "seal %(seal)s is signed with a key that had been replaced before",
    "seal_signature": "the signature of seal %(seal)s is forged",
    "seal_list": "the list of seal %(seal)s was changed; its entries are what was sealed",
    "seal_content": "the entries of seal %(seal)s are not what was sealed",
    "entry_changed": "entry %(entry)s was changed",
    "entry_missing": "entry %(entry)s was deleted",
    "entry_inserted": "entry %(entry)s was inserted later",
    "seal_not_ours": "seal %(seal)s is the newest and is signed with a key that this server does not hold",
    "head_missing": "seal %(seal)s was exported and is not there any more",
    "head_differs": "seal %(seal)s is not the one that was exported",
    "heads_unreadable": "the exported seals cannot be read at seal %(seal)s",
}


@dataclasses.dataclass(frozen=True)
class Flaw:
    """The first thing that is not as it was sealed: ``code`` is one of FLAWS; entry and seal where they apply."""

    code: str
    seal: int | None = None
    entry: int | None = None

    @property
    def words(self) -> str:
        """The finding in plain words."""
        return FLAWS[self.code] % {"seal": self.seal, "entry": self.entry}


class Chain:
    """Looks at seals one after the other; remembers the last one that held.

    :param keys: key id → public key (base64), of all keys that were ever used.
    :param last: the text of the seal before the first one that is looked at; None to begin at the first seal.
    :param replaced: ids of keys that were replaced before that.
    :raises SealError: ``last`` is no seal.
    """

    def __init__(self, keys: Mapping[str, str], last: str | None = None, replaced: Iterable[str] = ()):
        self._keys = keys
        self._replaced = set(replaced)
        self.last = read_seal(last) if last else None

    def follow(self, text: str, signature: str) -> Flaw | None:
        """Look at the next seal; None when it holds and follows from the one before."""
        number = self.last.number + 1 if self.last else 1
        try:
            seal = read_seal(text)
        except SealError:
            return Flaw("seal_unreadable", seal=number)
        code = self._out_of_place(seal, number) or self._not_signed(seal, text, signature)
        if code:
            return Flaw(code, seal=number)
        if self.last and self.last.key_id != seal.key_id:
            self._replaced.add(self.last.key_id)
        self.last = seal
        return None

    def _out_of_place(self, seal: Seal, number: int) -> str:
        if seal.number != number:
            return "seal_missing" if seal.number > number else "seal_order"
        before = (self.last.digest, self.last.last_id) if self.last else (NO_SEAL, 0)
        return "" if (seal.previous, seal.first_id - 1) == before else "seal_chain"

    def _not_signed(self, seal: Seal, text: str, signature: str) -> str:
        public = self._keys.get(seal.key_id)
        if public is None or key_id_of(public) != seal.key_id:
            return "seal_key"
        if not signature_holds(text, signature, public):
            return "seal_signature"
        return "seal_old_key" if seal.key_id in self._replaced else ""


def check_entries(seal: Seal, packed: bytes, entries: Sequence[tuple[int, str, str]]) -> Flaw | None:
    """Compare the entries of a seal with what was sealed; None when each is what it was.

    :param packed: the list that stands beside the seal.
    :param entries: (number, digest that the entry states, digest of what it says), ascending by number.
    """
    try:
        listed = read_list(packed)
    except SealError:
        listed = []
    if len(listed) != seal.entries or root_of(listed) != seal.root:
        return _check_without_list(seal, entries)
    for (sealed_id, digest), (entry_id, stated, true) in zip(listed, entries, strict=False):
        if entry_id != sealed_id:
            inserted = entry_id < sealed_id
            return Flaw(
                "entry_inserted" if inserted else "entry_missing", seal.number, min(entry_id, sealed_id)
            )
        if not stated == true == digest:
            return Flaw("entry_changed", seal.number, entry_id)
    if len(entries) < len(listed):
        return Flaw("entry_missing", seal.number, listed[len(entries)][0])
    if len(entries) > len(listed):
        return Flaw("entry_inserted", seal.number, entries[len(listed)][0])
    return None


def _check_without_list(seal: Seal, entries: Sequence[tuple[int, str, str]]) -> Flaw:
    """Tell as much as the root alone tells, when the list beside the seal is not the one that was sealed."""
    found = [(entry_id, true) for entry_id, _stated, true in entries]
    if len(found) == seal.entries and root_of(found) == seal.root:
        return Flaw("seal_list", seal=seal.number)
    changed = next((entry_id for entry_id, stated, true in entries if stated != true), None)
    if changed is not None:
        return Flaw("entry_changed", seal.number, changed)
    return Flaw("seal_content", seal=seal.number)


def check_head(
    number: int, text: str, signature: str, digest: str | None, keys: Mapping[str, str]
) -> Flaw | None:
    """Compare an exported seal with the one of its number that is there.

    :param number: the number under which the seal stands in the exported file.
    :param digest: of the seal that is there; None when there is none.
    """
    try:
        seal = read_seal(text)
    except SealError:
        return Flaw("heads_unreadable", seal=number)
    if digest is None:
        return Flaw("head_missing", seal=seal.number)
    if digest != seal.digest:
        return Flaw("head_differs", seal=seal.number)
    public = keys.get(seal.key_id)
    if public is not None and not signature_holds(text, signature, public):
        return Flaw("seal_signature", seal=seal.number)
    return None
