# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Tables as CSV that a spreadsheet opens without running anything (C4)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

# What makes a spreadsheet take a cell for a formula, also behind a tab or a line break
# (OWASP, "CSV Injection"). The full-width signs are read as their plain forms by some programs.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# A spreadsheet's limit for one cell.
MAX_CELL_CHARACTERS = 32_767


def harmless(value: object) -> str:
    """Return ``value`` as the text of a cell that is never run; a number keeps its sign."""
    if value is None or value is False:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = str(value).replace("\x00", "")[: MAX_CELL_CHARACTERS - 1]
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS) else text


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a table as UTF-8 with byte order mark, cells quoted, lines ended by CR LF (RFC 4180).

    :raises ValueError: a row has another number of cells than ``head``.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([harmless(cell) for cell in head])
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"a row of {len(row)} cells under a head of {len(head)}")
        writer.writerow([harmless(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")
