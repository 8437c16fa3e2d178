# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Text files: encoding and byte order mark, lines of bounded length, NDJSON and CSV as records."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from ..batch import ControlTotals, read_totals
from ..errors import ContractError
from ..json_guard import parse_json
from ..money import parse_decimal
from .base import Limits, Line, Trailer, corrupt, too_large, truncated

ENCODINGS = ("utf-8", "cp1252", "iso-8859-15")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
TRAILER_CELL = "TRAILER"
MAX_COLUMNS = 200
# csv.reader's own limit of a field; an unclosed quote swallows no more than this.
MAX_FIELD_CHARACTERS = 131_072


def open_text(stream: io.BufferedReader, source: str, encoding: str = "utf-8") -> io.TextIOWrapper:
    """Return the text of ``stream``. A byte order mark decides; without one, ``encoding`` does.

    :raises ContractError: ``file_corrupt``, an encoding that is not in ``ENCODINGS``.
    """
    if encoding not in ENCODINGS:
        raise corrupt(source, "an encoding that is not known")
    head = stream.peek(4)[:4]
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), encoding)
    return io.TextIOWrapper(stream, encoding=encoding, errors="strict", newline="")


def lines(text: io.TextIOWrapper, source: str, limits: Limits) -> Iterator[tuple[int, str | None, bool]]:
    """Yield (number, line without its end, whether it has an end); the line is None where it is too long.

    :raises ContractError: ``file_corrupt`` where the text is not in its encoding, what the stream raises.
    """
    number = 0
    while True:
        line = _read_line(text, source, number, limits.max_record_characters)
        if not line:
            return
        number += 1
        ended = line.endswith(("\n", "\r"))
        if len(line) >= limits.max_record_characters and not ended:
            while line and not line.endswith(("\n", "\r")):
                line = _read_line(text, source, number, limits.max_record_characters)
            yield number, None, bool(line)
            continue
        yield number, line.rstrip("\r\n"), ended


def _read_line(text: io.TextIOWrapper, source: str, number: int, limit: int) -> str:
    try:
        return text.readline(limit)
    except UnicodeDecodeError:
        raise corrupt(source, f"after line {number} the text is not in its encoding") from None


def read_ndjson(
    stream: BinaryIO, source: str, limits: Limits, encoding: str = "utf-8"
) -> Iterator[Line | Trailer]:
    """Yield the JSON object of each line, and the control totals from a last line ``{"control": {…}}``.

    A line that cannot be read becomes a ``Line`` with its problem, and reading goes on. Empty lines do not count.

    :raises ContractError: ``file_truncated`` (the last line is cut off), ``file_corrupt``, ``file_too_large``.
    """
    number, trailer = 0, None
    for place, line, ended in lines(open_text(stream, source, encoding), source, limits):
        if line is not None and not line.strip():
            continue
        if trailer:
            raise corrupt(source, f"line {place} stands after the control totals")
        try:
            value = _json_object(line, place, limits)
        except ContractError as error:
            if not ended:
                raise truncated(source, f"line {place}, the last one, is cut off") from None
            number += 1
            yield Line(number, place, problem=error)
            continue
        if value.keys() == {"control"}:
            trailer = Trailer(place, _totals_at(value["control"], source, place))
            yield trailer
            continue
        number += 1
        _check_number(number, source, limits)
        yield Line(number, place, value)


def _json_object(line: str | None, place: int, limits: Limits) -> Mapping:
    if line is None:
        raise ContractError(
            "body_too_large", f"line {place}", params={"limit": str(limits.max_record_characters)}
        )
    value = parse_json(line.encode())
    if not isinstance(value, Mapping):
        raise ContractError("not_an_object", f"line {place}")
    return value


def _totals_at(form: object, source: str, place: int) -> ControlTotals:
    try:
        return read_totals(form)
    except ContractError:
        raise corrupt(source, f"the control totals in line {place} cannot be read") from None


def _check_number(number: int, source: str, limits: Limits) -> None:
    if number > limits.max_records:
        raise too_large(source, f"more than {limits.max_records} records")


def read_csv(
    stream: BinaryIO,
    source: str,
    limits: Limits,
    required: Sequence[str],
    optional: Sequence[str] = (),
    encoding: str = "utf-8",
) -> Iterator[Line | Trailer]:
    """Yield each row as {column: text}, empty cells left out, and the totals from a last row ``TRAILER,3,EUR=12.50``.

    The first row names the columns, in any order; comma, semicolon or tab separates. A row with another number of
    cells becomes a ``Line`` with its problem, and reading goes on.

    :raises ContractError: ``file_corrupt`` (columns missing, unknown or doubled; quotes that do not fit),
        ``file_truncated`` (the last row is cut off), ``file_too_large``.
    """
    feed = _CsvFeed(lines(open_text(stream, source, encoding), source, limits), source)
    rows = feed.rows()
    columns = _columns(next(rows, None), source, required, optional)
    number, trailer = 0, None
    for place, cells in rows:
        if trailer:
            raise corrupt(source, f"line {place} stands after the control totals")
        if cells[0] == TRAILER_CELL:
            trailer = Trailer(place, _csv_totals(cells, source, place))
            yield trailer
            continue
        number += 1
        _check_number(number, source, limits)
        if len(cells) == len(columns):
            pairs = zip(columns, cells, strict=True)
            yield Line(number, place, {name: cell.strip() for name, cell in pairs if cell.strip()})
        elif not feed.ended:
            raise truncated(source, f"line {place}, the last one, is cut off")
        else:
            problem = f"{len(cells)} cells where {len(columns)} columns are named"
            yield Line(number, place, problem=_row_problem(problem))


class _CsvFeed:
    """Feeds lines to the CSV reader and keeps where it is."""

    def __init__(self, numbered: Iterator[tuple[int, str | None, bool]], source: str):
        self._numbered = numbered
        self._source = source
        self._first: str | None = None
        self.place = 0
        self.ended = True

    def _lines(self) -> Iterator[str]:
        for number, line, ended in self._numbered:
            self.place, self.ended = number, ended
            if line is None:
                raise too_large(self._source, f"line {number} is too long")
            yield f"{line}\n"

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line on which the row begins, its cells); empty rows are left out."""
        source = self._lines()
        head = next(source, "")
        separator = max(",;\t", key=head.count)
        reader = csv.reader(_again(head, source), delimiter=separator, strict=True)
        begins = 1
        while True:
            try:
                cells = next(reader, None)
            except csv.Error:
                what = truncated if not self.ended else corrupt
                raise what(
                    self._source, f"the row in line {begins} has quotes that do not fit or is too long"
                ) from None
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = self.place + 1


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


def _columns(
    head: tuple[int, list[str]] | None, source: str, required: Sequence[str], optional: Sequence[str]
) -> list[str]:
    if head is None:
        raise truncated(source, "it is empty")
    names = [cell.strip() for cell in head[1]]
    known = {*required, *optional}
    problems = []
    if len(names) > MAX_COLUMNS or len(set(names)) != len(names):
        problems.append("a column is named twice, or there are too many")
    if missing := [name for name in required if name not in names]:
        problems.append(f"the columns {', '.join(missing)} are missing")
    elif unknown := [name[:40] for name in names if name not in known]:
        problems.append(f"the columns {', '.join(unknown[:5])} are not known")
    if problems:
        raise corrupt(source, "; ".join(problems))
    return names


def _csv_totals(cells: Sequence[str], source: str, place: int) -> ControlTotals:
    count, *sums = [cell.strip() for cell in cells[1:] if cell.strip()] or [""]
    form: dict = {"sums": {}} if sums else {}
    if not count.isascii() or not count.isdecimal() or len(count) > 9:
        raise corrupt(source, f"the control totals in line {place} cannot be read")
    form["count"] = int(count)
    for cell in sums:
        currency, equals, amount = cell.partition("=")
        if not equals or currency in form["sums"]:
            raise corrupt(source, f"the control totals in line {place} cannot be read")
        form["sums"][currency] = amount
    return _totals_at(form, source, place)


def _row_problem(problem: str) -> ContractError:
    return ContractError("schema_violation", problem, params={"path": "row", "problem": problem})


def safe_cell(value: object) -> str:
    """Return ``value`` as a CSV cell that no spreadsheet takes for a formula (OWASP, "CSV Injection").

    A plain number stays as it is, also a negative one; any other text that begins like a formula gets an apostrophe.
    """
    text = "" if value is None else str(value)
    if not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")):
        return text
    try:
        parse_decimal(text)
    except ContractError:
        return f"'{text}"
    return text
