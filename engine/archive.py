# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The file in which contents of old events are kept: gzip-compressed JSON lines that prove themselves.

Each line is the SHA-256 of a JSON object, a blank and the object. The first object names the format, each further one
holds an event (its raw bytes in base64, headers, documents), the last one counts the events and carries the SHA-256
over the digests of their lines in order. The bytes depend on nothing but the events, so packing them again gives the
same file.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from .errors import ContractError

FORMAT = "finance-integration-archive/1"
MAX_LINE_BYTES = 32_000_000


@dataclasses.dataclass(frozen=True)
class Kept:
    """The content of one event. ``raw`` may be empty: an outgoing event that was never sent has no bytes."""

    message_id: int
    event_id: str
    raw: bytes
    headers: Any = None
    documents: Any = None

    @property
    def digest(self) -> str:
        """SHA-256 of the raw bytes, as hex."""
        return hashlib.sha256(self.raw).hexdigest()


def pack(contents: Iterable[Kept]) -> bytes:
    """Return the archive of ``contents``; the caller bounds how many there are."""
    target = io.BytesIO()
    total = hashlib.sha256()
    count = 0
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0, compresslevel=6) as file:
        _write(file, {"format": FORMAT})
        for kept in contents:
            count += 1
            line_digest = _write(
                file,
                {
                    "message": kept.message_id,
                    "event": kept.event_id,
                    "raw": base64.b64encode(kept.raw).decode("ascii"),
                    "headers": kept.headers,
                    "documents": kept.documents,
                },
            )
            total.update(line_digest)
        _write(file, {"count": count, "digest": total.hexdigest()})
    return target.getvalue()


def unpack(archive: bytes) -> Iterator[Kept]:
    """Yield what was packed, each one checked; the count and the digest over all are checked at the end.

    :raises ContractError: ``archive_damaged``, with what is wrong as its detail. What was yielded before is sound.
    """
    total = hashlib.sha256()
    count = 0
    lines = _lines(archive)
    if next(lines, (b"", {}))[1].get("format") != FORMAT:
        raise _damaged("not an archive of a known format")
    for line_digest, line in lines:
        if "count" in line:
            if (line["count"], line.get("digest")) != (count, total.hexdigest()):
                raise _damaged(f"{count} events found, {line['count']} announced, or another digest")
            if next(lines, None) is not None:
                raise _damaged("something follows the last line")
            return
        total.update(line_digest)
        count += 1
        yield _read(line, count)
    raise _damaged(f"cut off after {count} events")


def _write(file: gzip.GzipFile, line: dict[str, Any]) -> bytes:
    text = json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode()
    line_digest = _digest(text)
    file.write(line_digest + b" " + text + b"\n")
    return line_digest


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode("ascii")


def _lines(archive: bytes) -> Iterator[tuple[bytes, dict[str, Any]]]:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(archive), mode="rb") as file:
            while line := file.readline(MAX_LINE_BYTES):
                stated, _blank, text = line.removesuffix(b"\n").partition(b" ")
                if _digest(text) != stated:
                    raise _damaged("a line has another digest")
                yield stated, json.loads(text)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _damaged(type(error).__name__) from error


def _read(line: dict[str, Any], number: int) -> Kept:
    try:
        raw = base64.b64decode(line["raw"], validate=True)
        return Kept(line["message"], line["event"], raw, line["headers"], line["documents"])
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise _damaged(f"event {number} cannot be read") from error


def _damaged(detail: str) -> ContractError:
    return ContractError("archive_damaged", detail)
