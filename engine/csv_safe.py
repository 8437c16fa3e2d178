# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""CSV that a spreadsheet reads as text and never as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal

# What begins a formula in one of the common spreadsheets (OWASP, "CSV Injection"), full-width forms included.
_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: str | int | Decimal | None) -> str:
    """Return ``value`` as a cell; an apostrophe goes before a text that a spreadsheet would compute."""
    if value is None:
        return ""
    if isinstance(value, (int, Decimal)):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return "'" + value if value.lstrip(" \u00a0").startswith(_BEGINNINGS) else value


def csv_line(cells: Sequence[str | int | Decimal | None]) -> bytes:
    """Return one line of CSV (RFC 4180) in UTF-8, each cell made safe."""
    target = io.StringIO()
    csv.writer(target, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return target.getvalue().encode("utf-8", "replace")
