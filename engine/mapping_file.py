# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Mappings as a CSV file: read line by line with every problem named, written so that no spreadsheet runs a cell."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping
from datetime import date

from .errors import ContractError
from .formats.base import Limits, Trailer
from .formats.text import read_csv, safe_cell
from .mapping import clean_value, overlaps

COLUMNS = ("what", "value", "means", "from", "until")
OPTIONAL_COLUMNS = ("action", "label")
ACTIONS = ("set", "end")
LIMITS = Limits(
    max_bytes=1_000_000, max_unpacked_bytes=1_000_000, max_record_characters=20_000, max_records=2000
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of a file. ``line`` is where it begins; ``means`` is the text that names what the value means."""

    line: int
    kind: str
    value: str
    means: str = ""
    first: date | None = None
    last: date | None = None
    action: str = "set"


@dataclasses.dataclass(frozen=True)
class Problem:
    """What is wrong with a line; ``code`` is one of the keys for which the dialog has words."""

    line: int
    code: str
    value: str = ""


def read_rows(content: bytes, kinds: Iterable[str]) -> tuple[list[Row], list[Problem]]:
    """Return the rows of a file and everything that is wrong with it; whoever reads it takes all rows or none.

    :param kinds: the kinds of mapping that exist.
    """
    kinds = frozenset(kinds)
    rows: list[Row] = []
    problems: list[Problem] = []
    if len(content) > LIMITS.max_bytes:
        return [], [Problem(0, "file_too_large")]
    stream = io.BufferedReader(io.BytesIO(content))
    try:
        for line in read_csv(stream, "mappings", LIMITS, COLUMNS, OPTIONAL_COLUMNS):
            if isinstance(line, Trailer):
                problems.append(Problem(line.line, "not_a_row"))
            elif line.problem:
                problems.append(Problem(line.line, "wrong_columns"))
            else:
                _read(line.line, line.value, kinds, rows, problems)
    except ContractError as error:
        problems.append(Problem(0, error.code, error.params.get("problem", "")))
    problems += _contradictions(rows)
    return rows, sorted(problems, key=lambda problem: problem.line)


def _read(
    place: int, cells: Mapping[str, str], kinds: frozenset[str], rows: list[Row], problems: list[Problem]
) -> None:
    cells = {name: _unguarded(cell) for name, cell in cells.items()}
    found: list[str] = []
    kind, action = cells.get("what", ""), cells.get("action", "set")
    value = cells.get("value", "")
    if kind not in kinds:
        found.append("unknown_kind")
    if action not in ACTIONS:
        found.append("unknown_action")
    try:
        value = clean_value(value)
    except ValueError as error:
        found.append(f"value_{str(error).replace(' ', '_')}")
    days = []
    for name in ("from", "until"):
        try:
            days.append(date.fromisoformat(cells[name]) if name in cells else None)
        except ValueError:
            found.append("wrong_date")
            days.append(None)
    first, last = days
    if first and last and last < first:
        found.append("days_in_wrong_order")
    if action == "set" and not cells.get("means"):
        found.append("no_meaning")
    problems += [Problem(place, code, value[:80]) for code in found]
    if not found:
        rows.append(Row(place, kind, value, cells.get("means", ""), first, last, action))


def _contradictions(rows: Iterable[Row]) -> list[Problem]:
    """Return a problem for each row whose days are taken by an earlier row of the same value."""
    problems = []
    earlier: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        known = earlier.setdefault((row.kind, row.value), [])
        if any(overlaps(other.first, other.last, row.first, row.last) for other in known):
            problems.append(Problem(row.line, "days_twice", row.value[:80]))
        known.append(row)
    return problems


def _unguarded(cell: str) -> str:
    """Return a cell without the apostrophe that keeps a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def write_rows(rows: Iterable[Row], labels: Mapping[tuple[str, str], str]) -> bytes:
    """Return a file that ``read_rows`` reads as the same rows, and that no spreadsheet runs.

    :param labels: {(kind, value): what the source calls it}; for people, not read back.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *OPTIONAL_COLUMNS])
    for row in rows:
        first, last = (day.isoformat() if day else "" for day in (row.first, row.last))
        cells = [
            row.kind,
            row.value,
            row.means,
            first,
            last,
            row.action,
            labels.get((row.kind, row.value), ""),
        ]
        writer.writerow([safe_cell(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")
