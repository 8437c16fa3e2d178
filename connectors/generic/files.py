# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Files for the generic connector: each record becomes the same event that the webhook would have brought."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...engine.batch import ControlTotals
from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import ContractError
from ...engine.formats.base import FileEvent, Limits, Line, Trailer
from ...engine.formats.text import read_csv, read_ndjson
from ...engine.instants import format_instant
from ...engine.money import minor_units, parse_decimal
from ..reading import schema_violation
from .const import (
    BANK_LINE_COLUMNS,
    BANK_LINE_OPTIONAL_COLUMNS,
    ENTRY_COLUMNS,
    ENTRY_OPTIONAL_COLUMNS,
    ID_HEADER,
    MOVEMENT_COLUMNS,
    MOVEMENT_OPTIONAL_COLUMNS,
)
from .transformers import read_envelope

FileReader = Iterator["FileEvent | Trailer"]
# What one entry may hold; the canonical document allows no more.
MAX_ENTRY_ROWS = 5000


def read_documents(stream: BinaryIO, source: str, limits: Limits, settings: Mapping[str, Any]) -> FileReader:
    """Yield the events of an NDJSON file: each line is the body of a webhook with its ``id``."""
    for line in read_ndjson(stream, source, limits, _encoding(settings)):
        if isinstance(line, Trailer):
            yield line
            continue
        if line.problem:
            yield FileEvent(line.number, line.line, problem=line.problem)
            continue
        try:
            body = dict(line.value)
            event_id = body.pop("id", None)
            envelope = read_envelope(body, {ID_HEADER: event_id if isinstance(event_id, str) else ""})
        except ContractError as error:
            yield FileEvent(line.number, line.line, problem=error)
            continue
        totals = ControlTotals(1, sums_of(body["data"]))
        yield FileEvent(line.number, line.line, envelope, body, totals)


def sums_of(document: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return what a document adds to the control totals; nothing where its amount cannot be read."""
    kind = document.get("kind")
    try:
        if kind in ("movement", "bank_line"):
            return _sum(document["amount"]["value"], document["amount"]["currency"])
        if kind == "invoice":
            return _sum(document["total_gross"], document["currency"])
        if kind == "entry":
            debits = [parse_decimal(line["debit"]) for line in document["lines"] if line.get("debit")]
            return _sum(sum(debits, Decimal(0)), document["currency"])
    except (KeyError, TypeError, AttributeError, ContractError):
        return {}
    return {}


def _sum(value: object, currency: str) -> dict[str, Decimal]:
    minor_units(currency)
    return {currency: parse_decimal(value)}


def read_movements(stream: BinaryIO, source: str, limits: Limits, settings: Mapping[str, Any]) -> FileReader:
    """Yield the events of a CSV file in which each row is a balance movement."""
    rows = read_csv(stream, source, limits, MOVEMENT_COLUMNS, MOVEMENT_OPTIONAL_COLUMNS, _encoding(settings))
    for row in rows:
        if isinstance(row, Trailer):
            yield row
            continue
        try:
            yield _movement_event(row, settings)
        except ContractError as error:
            yield FileEvent(row.number, row.line, problem=error)


def _movement_event(row: Line, settings: Mapping[str, Any]) -> FileEvent:
    if row.problem:
        raise row.problem
    cells = row.value
    _need(cells, MOVEMENT_COLUMNS)
    amount = _sum(cells["amount"], cells["currency"])
    document = {
        "kind": "movement",
        "schema_version": "1",
        "source": _source(cells["movement_id"], cells, settings),
        "occurred_at": cells["occurred_at"],
        "amount": {"value": cells["amount"], "currency": cells["currency"]},
        **_given(
            cells,
            "movement_id",
            "type",
            "status",
            "balance_transaction",
            "related",
            "method",
            "description",
        ),
    }
    if "changes_balance" in cells:
        document["changes_balance"] = _yes_or_no(cells["changes_balance"])
    if "settled_amount" in cells:
        document["settled"] = {
            "value": cells["settled_amount"],
            "currency": cells.get("settled_currency", cells["currency"]),
        }
    if customer := _renamed(
        cells, {"customer_id": "outside_id", "customer_name": "name", "customer_email": "email"}
    ):
        document["customer"] = customer
    if references := [{"type": name, "value": cells[name]} for name in ("invoice", "order") if name in cells]:
        document["references"] = references
    return _event(
        row.number, row.line, "movement.reported", cells["occurred_at"], document, ControlTotals(1, amount)
    )


def read_bank_lines(stream: BinaryIO, source: str, limits: Limits, settings: Mapping[str, Any]) -> FileReader:
    """Yield the events of a CSV file in which each row is a line that the bank has booked."""
    rows = read_csv(
        stream, source, limits, BANK_LINE_COLUMNS, BANK_LINE_OPTIONAL_COLUMNS, _encoding(settings)
    )
    for row in rows:
        if isinstance(row, Trailer):
            yield row
            continue
        try:
            yield _bank_line_event(row, settings)
        except ContractError as error:
            yield FileEvent(row.number, row.line, problem=error)


def _bank_line_event(row: Line, settings: Mapping[str, Any]) -> FileEvent:
    if row.problem:
        raise row.problem
    cells = row.value
    _need(cells, BANK_LINE_COLUMNS)
    occurred_at = _beginning_of(cells["booking_date"], settings)
    account, line_id = cells["account_number"], cells["line_id"]
    document = {
        "kind": "bank_line",
        "schema_version": "1",
        # The bank's id is its own within one account only, whose number is nobody's business in a list of events.
        "source": _source(f"{digest(account.replace(' ', '').encode())[:12]}:{line_id}", cells, settings),
        "occurred_at": occurred_at,
        "amount": {"value": cells["amount"], "currency": cells["currency"]},
        **_given(cells, *BANK_LINE_COLUMNS[:3]),
        **_given(
            cells,
            "value_date",
            "text",
            "party_name",
            "party_account",
            "end_to_end_id",
            "bank_code",
            "returns",
            "statement",
        ),
    }
    if "original_amount" in cells:
        currency = cells.get("original_currency", cells["currency"])
        document["original"] = {"value": cells["original_amount"], "currency": currency}
    if "invoice" in cells:
        document["references"] = [{"type": "invoice", "value": cells["invoice"]}]
    totals = ControlTotals(1, _sum(cells["amount"], cells["currency"]))
    return _event(row.number, row.line, "bank_line.booked", occurred_at, document, totals)


def read_entries(stream: BinaryIO, source: str, limits: Limits, settings: Mapping[str, Any]) -> FileReader:
    """Yield the events of a CSV file of entry lines; rows that follow each other with one reference are one entry.

    The control totals count rows and sum up their debits.
    """
    number, group = 0, []
    trailer = None
    for row in read_csv(stream, source, limits, ENTRY_COLUMNS, ENTRY_OPTIONAL_COLUMNS, _encoding(settings)):
        if isinstance(row, Trailer):
            trailer = row
            continue
        if group and (row.problem or row.value.get("reference") != group[0].value.get("reference")):
            number += 1
            yield _entry_or_problem(number, group, settings)
            group = []
        if row.problem:
            number += 1
            yield FileEvent(number, row.line, problem=row.problem)
        elif len(group) == MAX_ENTRY_ROWS:
            raise ContractError(
                "file_too_large",
                params={"source": source, "problem": f"an entry with more than {MAX_ENTRY_ROWS} lines"},
            )
        else:
            group.append(row)
    if group:
        yield _entry_or_problem(number + 1, group, settings)
    if trailer:
        yield trailer


def _entry_or_problem(number: int, rows: list[Line], settings: Mapping[str, Any]) -> FileEvent:
    try:
        return _entry_event(number, rows, settings)
    except ContractError as error:
        return FileEvent(number, rows[0].line, problem=error)


def _entry_event(number: int, rows: list[Line], settings: Mapping[str, Any]) -> FileEvent:
    head = rows[0].value
    debits, lines = Decimal(0), []
    for row in rows:
        cells = row.value
        _need(cells, ("reference", "date", "currency", "account"))
        if any(cells.get(name) != head.get(name) for name in ("date", "currency", "journal", "occurred_at")):
            raise schema_violation("row", "date, currency and journal must be equal within one entry")
        line = _given(cells, "account", "debit", "credit", "label")
        if "analytic" in cells:
            line["analytic"] = cells["analytic"].split("|")
        if party := _renamed(cells, {"party_id": "outside_id", "party_name": "name"}):
            line["party"] = party
        debits += parse_decimal(cells["debit"]) if "debit" in cells else Decimal(0)
        lines.append(line)
    occurred_at = head.get("occurred_at") or _beginning_of(head["date"], settings)
    document = {
        "kind": "entry",
        "schema_version": "1",
        "source": _source(head["reference"], head, settings),
        "occurred_at": occurred_at,
        "lines": lines,
        **_given(head, "reference", "date", "currency", "journal", "description"),
    }
    totals = ControlTotals(len(rows), _sum(debits, head["currency"]))
    return _event(number, rows[0].line, "entry.reported", occurred_at, document, totals)


def _event(
    number: int, line: int, event_type: str, timestamp: str, document: dict[str, Any], totals: ControlTotals
) -> FileEvent:
    """Return the event of a row. Its id follows from what it says: the same row twice is one event."""
    body = {"type": event_type, "timestamp": timestamp, "data": document}
    object_id = document["source"]["object_id"]
    event_id = f"{event_type}:{object_id[:120]}:{digest(canonical_bytes(body))[:32]}"
    return FileEvent(number, line, read_envelope(body, {ID_HEADER: event_id}), body, totals)


def _source(object_id: str, cells: Mapping[str, str], settings: Mapping[str, Any]) -> dict[str, Any]:
    source: dict[str, Any] = {"system": str(settings.get("system") or "file"), "object_id": object_id}
    if "version" in cells:
        if not cells["version"].isascii() or not cells["version"].isdecimal():
            raise schema_violation("version", "Expected a whole number")
        source["version"] = int(cells["version"][:20])
    return {**source, **_given(cells, "approver", "approved_at")}


def _need(cells: Mapping[str, str], names: tuple[str, ...]) -> None:
    for name in names:
        if name not in cells:
            raise schema_violation(name, "The cell is empty")


def _given(cells: Mapping[str, str], *names: str) -> dict[str, Any]:
    return {name: cells[name] for name in names if name in cells}


def _renamed(cells: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {new: cells[old] for old, new in names.items() if old in cells}


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("yes", "no"):
        raise schema_violation("changes_balance", "Expected “yes” or “no”")
    return text.lower() == "yes"


def _beginning_of(day: str, settings: Mapping[str, Any]) -> str:
    """Return the beginning of a day in the time zone of the books: an entry states its day, not its hour."""
    try:
        zone = ZoneInfo(str(settings.get("time_zone") or "UTC"))
        return format_instant(dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), zone))
    except (ValueError, ZoneInfoNotFoundError):
        raise ContractError("date_invalid", params={"value": day[:40]}) from None


def _encoding(settings: Mapping[str, Any]) -> str:
    return str(settings.get("encoding") or "utf-8")


READERS = {
    "ndjson": read_documents,
    "movements_csv": read_movements,
    "entries_csv": read_entries,
    "bank_lines_csv": read_bank_lines,
}
