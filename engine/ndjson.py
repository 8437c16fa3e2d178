# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Many events in one body: one JSON object per line (NDJSON, https://github.com/ndjson/ndjson-spec).

Lines end with LF or CRLF, the last one may end with the body; empty lines count for nothing. The last line may be a
trailer that states control totals: ``{"control": {"count": 3, "sums": {"EUR": "12.50"}}}``.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from .errors import ContractError
from .json_guard import parse_json

MEDIA_TYPE = "application/x-ndjson"
MAX_BYTES = 10_000_000
MAX_LINES = 10_000
TRAILER_KEY = "control"
# A trailer is short; a longer line is an event, whatever it looks like.
MAX_TRAILER_BYTES = 20_000
# Of UTF-8, UTF-16 and UTF-32 in both orders; NDJSON is UTF-8 without one.
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class UnreadableBatchError(Exception):
    """The body as a whole cannot be read as lines. ``code`` is stable, the text is for the sender."""

    def __init__(self, code: str, text: str):
        super().__init__(text)
        self.code = code
        self.text = text


@dataclasses.dataclass(frozen=True)
class Lines:
    """The events of a body as (line number from 1, bytes), and the totals that its trailer states, or None."""

    events: list[tuple[int, bytes]]
    declared: Any = None


def count_lines(raw: bytes) -> int:
    """Return how many lines ``raw`` has at most; cheap, for limits before anything is read."""
    return raw.count(b"\n") + 1


def split(raw: bytes) -> Lines:
    """Return the lines of ``raw``; what is wrong inside a line is found when the line is read.

    :raises UnreadableBatchError: ``batch_encoding``, ``batch_too_many_lines``, ``batch_empty``, ``batch_trailer``.
    """
    if raw.startswith(_BYTE_ORDER_MARKS) or b"\x00" in raw[:4]:
        raise UnreadableBatchError("batch_encoding", "A batch is UTF-8 without a byte order mark.")
    # One more for a line feed at the end, one for the trailer.
    if count_lines(raw) > MAX_LINES + 2:
        raise too_many_lines()
    lines = [
        (number, line)
        for number, untrimmed in enumerate(raw.split(b"\n"), start=1)
        if (line := untrimmed.strip(b" \t\r"))
    ]
    declared = _trailer(lines[-1][1]) if lines else None
    if declared is not None:
        lines.pop()
    if not lines:
        raise UnreadableBatchError("batch_empty", "A batch has at least one event.")
    if len(lines) > MAX_LINES:
        raise too_many_lines()
    return Lines(lines, declared)


def too_many_lines() -> UnreadableBatchError:
    """Return the refusal of a body with more than ``MAX_LINES`` events."""
    return UnreadableBatchError("batch_too_many_lines", f"A batch has at most {MAX_LINES} lines.")


def _trailer(line: bytes) -> Any:
    """Return what a trailer states, None when the line is none."""
    if len(line) > MAX_TRAILER_BYTES or f'"{TRAILER_KEY}"'.encode() not in line[:64]:
        return None
    try:
        value = parse_json(line)
    except ContractError:
        return None  # an event that cannot be read; it is refused as one
    if not isinstance(value, dict) or set(value) != {TRAILER_KEY}:
        return None
    if not isinstance(value[TRAILER_KEY], dict):
        raise UnreadableBatchError("batch_trailer", "The control totals of the last line cannot be read.")
    return value[TRAILER_KEY]
