# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One event, one effect: what a repeated delivery is, and the key under which an effect exists once."""

from __future__ import annotations

import enum
import hashlib
import hmac
import re

MAX_KEY_CHARACTERS = 255
_NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}", re.ASCII)


class Verdict(str, enum.Enum):
    """What a delivery is, compared with what is stored under the same event id."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


def judge(stored_digest: str | None, digest: str) -> Verdict:
    """Return the verdict on a body with ``digest`` when ``stored_digest`` (None = nothing) is stored.

    Both are SHA-256 in hex. The same id with another body is never a duplicate: one of them is false.
    """
    if not digest:
        raise ValueError("a digest is needed")
    if stored_digest is None:
        return Verdict.NEW
    same = hmac.compare_digest(stored_digest.encode("utf-8"), digest.encode("utf-8"))
    return Verdict.DUPLICATE if same else Verdict.CONFLICT


def effect_key(kind: str, object_id: str, effect: str) -> str:
    """Return the key under which ``effect`` on the outside object happens at most once per connection.

    ``kind`` and ``effect`` are our own names, ``object_id`` is the outside system's text; keys of different
    objects never meet. A key longer than MAX_KEY_CHARACTERS ends in a digest instead.

    :raises ValueError: an unusual name, or an empty object id.
    """
    if not _NAME.fullmatch(kind) or not _NAME.fullmatch(effect):
        raise ValueError(f"kind and effect are lower-case names, not {kind!r} and {effect!r}")
    if not object_id:
        raise ValueError("an object id is needed")
    # The object id comes last: the names before it hold no colon, so no two splits give the same text.
    plain = f"{kind}:{effect}:{object_id}"
    if len(plain) <= MAX_KEY_CHARACTERS and not object_id.startswith("sha256:"):
        return plain
    return f"{kind}:{effect}:sha256:{hashlib.sha256(object_id.encode('utf-8', 'surrogatepass')).hexdigest()}"
