# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""PayPal's settlement report (STL, CSV): one section per account and currencies, with control totals of its own.

Source: https://developer.paypal.com/docs/reports/sftp-reports/settlement-report/ and the specification's version 9. The
first cell of each row names its kind: RH, FH, SH, CH (names of the columns), SB (a transaction), SF and RF (totals per
currency of the section, of the report), SC and RC (numbers of transactions), FF (rows of the file). A file without its
FF is cut off; whether all rows came is what the totals say.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, BinaryIO

from ...engine.batch import ControlTotals
from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import ContractError
from ...engine.formats.base import FileEvent, Limits, Trailer, corrupt, too_large, truncated
from ...engine.formats.text import lines, open_text
from ..base import Envelope
from ..reading import schema_violation
from .const import REPORT_LINE
from .ledger import ID, NEEDED, read_line, report_money

KINDS = frozenset({"RH", "FH", "SH", "CH", "SB", "SF", "SC", "RF", "RC", "CF", "FF"})
# RH: kind, when it was made, reporting window, account, version.
ACCOUNT_PLACE = 3
# SF: kind, currency, gross credits, gross debits, fee credits, fee debits; balances follow.
TOTALS = (2, 3, 4, 5)
TOTAL_SIGNS = (1, -1, 1, -1)
MAX_CELLS = 100


class _Report:
    """What was read of a report so far."""

    def __init__(self, source: str):
        self.source = source
        self.account = ""
        self.columns: list[str] = []
        self.number = 0
        self.declared_count: int | None = None
        self.declared_sums: dict[str, Decimal] | None = None
        self.in_file: int | None = None
        self.last_line = 0

    def heading(self, cells: list[str], place: int) -> None:
        names = [" ".join(name.split()) for name in cells[1:]]
        if len(set(names)) != len(names) or not set(NEEDED) <= set(names):
            raise corrupt(self.source, f"line {place} does not name the columns that are needed, each once")
        self.columns = names

    def section_totals(self, cells: list[str], place: int) -> None:
        """Add the totals of one currency of a section."""
        currency = cells[1].upper() if len(cells) > max(TOTALS) else ""
        try:
            parts = [report_money(cells[index] or "0", currency, f"line {place}") for index in TOTALS]
        except (ContractError, IndexError):
            raise corrupt(self.source, f"the totals in line {place} cannot be read") from None
        total = sum((sign * part for sign, part in zip(TOTAL_SIGNS, parts, strict=True)), Decimal(0))
        sums = self.declared_sums = self.declared_sums or {}
        sums[currency] = sums.get(currency, Decimal(0)) + total

    def count(self, cells: list[str], place: int) -> int:
        if len(cells) < 2 or not (cells[1].isascii() and cells[1].isdigit()) or len(cells[1]) > 9:
            raise corrupt(self.source, f"line {place} states no number")
        return int(cells[1])


def read_report(
    stream: BinaryIO, source: str, limits: Limits, settings: Mapping[str, Any]
) -> Iterator[FileEvent | Trailer]:
    """Yield an event per transaction of a report, and its control totals.

    :raises ContractError: ``file_corrupt``, ``file_truncated``, ``file_too_large``; ``wrong_account``: it is another
        account's report.
    """
    report = _Report(source)
    for place, cells in _rows(stream, source, limits, settings):
        report.last_line = place
        kind = cells[0]
        if report.in_file is not None:
            raise corrupt(source, f"line {place} stands after the end of the report")
        if kind not in KINDS:
            raise corrupt(source, f"line {place} is of a kind that no report has")
        if kind == "SB":
            yield _event(report, cells, place, limits)
        else:
            _structure(report, kind, cells, place, settings)
    if report.in_file is None:
        raise truncated(source, "the row that ends the file (FF) is missing")
    yield Trailer(report.last_line, ControlTotals(report.declared_count, report.declared_sums))


def _structure(report: _Report, kind: str, cells: list[str], place: int, settings: Mapping[str, Any]) -> None:
    if kind == "RH" and len(cells) > ACCOUNT_PLACE:
        report.account = cells[ACCOUNT_PLACE]
        expected = settings.get("outside_account")
        if expected and report.account and report.account != expected:
            raise ContractError(
                "wrong_account", params={"account": report.account[:64], "expected": expected}
            )
    elif kind == "CH":
        report.heading(cells, place)
    elif kind == "SF":
        report.section_totals(cells, place)
    elif kind == "SC":
        report.declared_count = (report.declared_count or 0) + report.count(cells, place)
    elif kind == "FF":
        report.in_file = report.count(cells, place)


def _event(report: _Report, cells: list[str], place: int, limits: Limits) -> FileEvent:
    report.number += 1
    if report.number > limits.max_records:
        raise too_large(report.source, f"more than {limits.max_records} records")
    if not report.columns:
        raise corrupt(report.source, f"line {place} stands before the names of its columns")
    try:
        if len(cells) - 1 != len(report.columns):
            raise schema_violation(
                "row", f"{len(cells) - 1} cells where {len(report.columns)} columns are named"
            )
        named = zip(report.columns, cells[1:], strict=True)
        body = {"object": REPORT_LINE, "cells": {name: cell for name, cell in named if name and cell}}
        line = read_line(body)
    except ContractError as error:
        return FileEvent(report.number, place, problem=error)
    envelope = Envelope(
        event_id=f"{line.id[:150]}:{digest(canonical_bytes(body))[:32]}",
        event_type=REPORT_LINE,
        object_key=f"transaction:{line.id}"[:255],
        occurred_at=line.at,
        account=report.account or None,
    )
    return FileEvent(report.number, place, envelope, body, ControlTotals(1, line.totals()))


def _rows(
    stream: BinaryIO, source: str, limits: Limits, settings: Mapping[str, Any]
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, its cells); a quoted cell holds no line break in a report, so each line stands alone."""
    text = open_text(stream, source, str(settings.get("encoding") or "utf-8"))
    for place, line, ended in lines(text, source, limits):
        if line is None:
            raise too_large(source, f"line {place} is too long")
        if not line.strip():
            continue
        separator = "\t" if line.count("\t") > line.count(",") else ","
        try:
            cells = next(csv.reader([line], delimiter=separator, strict=True))
        except csv.Error:
            if not ended:
                raise truncated(source, f"line {place}, the last one, is cut off") from None
            raise corrupt(source, f"line {place} has quotes that do not fit") from None
        if len(cells) > MAX_CELLS:
            raise corrupt(source, f"line {place} has more than {MAX_CELLS} cells")
        yield place, [cell.strip() for cell in cells]


__all__ = ["ID", "read_report"]
