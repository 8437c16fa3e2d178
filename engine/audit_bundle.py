# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The file that an auditor takes away: audit entries, the seals over them and the public keys, a JSON object per line.

In this order: one object that says what the file is; the keys; the seals, from the first one that covers an entry of
the file to the newest; then the entries. They come in one of two forms: seal by seal, each with the list of what it
covers, so that a deleted or inserted entry is found (``of_seal`` lines), or one by one, each with the proof that its
seal covers it. Entries without a seal come last. The last line counts.

The object of an entry is written exactly as it was hashed, so that whoever verifies hashes what stands in the file.
``tools/verify_audit.py`` verifies such a file without this addon.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping, Sequence

from .audit_leaf import leaf_bytes

FORMAT = "finance-integration-audit/1"


@dataclasses.dataclass(frozen=True)
class Proof:
    """Where an entry stands in its seal; ``siblings`` lead from it to the root (hex)."""

    seal: int
    position: int
    siblings: Sequence[str]


def _line(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


def head_line(facts: Mapping[str, object]) -> bytes:
    """Return the first line; ``facts`` say when and for whom the file was made and what was chosen."""
    return _line({"format": FORMAT, **facts})


def key_line(key_id: str, public: str, since: str) -> bytes:
    """Return the line of a public key."""
    return _line({"key": key_id, "public_key": public, "since": since})


def seal_line(text: str, signature: str) -> bytes:
    """Return the line of a seal."""
    return _line({"seal": text, "signature": signature})


def list_line(number: int, packed: bytes) -> bytes:
    """Return the line that stands before the entries of a seal: the list of what it covers."""
    return _line({"of_seal": number, "list": base64.b64encode(packed).decode("ascii")})


def entry_line(
    entry_id: int, digest: str, fields: Mapping[str, str | int | None], proof: Proof | None = None
) -> bytes:
    """Return the line of an entry, with its proof where it stands alone."""
    line = b'{"leaf":%s,"id":%d,"digest":"%s"' % (leaf_bytes(fields), entry_id, digest.encode("ascii"))
    if proof:
        siblings = json.dumps(list(proof.siblings), separators=(",", ":")).encode("ascii")
        line += b',"seal":%d,"position":%d,"proof":%s' % (proof.seal, proof.position, siblings)
    return line + b"}\n"


def end_line(entries: int, seals: int) -> bytes:
    """Return the last line: a file without it was cut off."""
    return _line({"end": {"entries": entries, "seals": seals}})
