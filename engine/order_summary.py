# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One document for the sales to consumers of a day: what belongs into it, and its lines (accounting policy F10).

Pure. A summary stands for one channel, currency and tax country of one day; its lines for one kind of sale at one set
of taxes. What comes for a day that is closed goes into the first open one: nothing is ever counted twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from .canonical_json import to_plain
from .order_progress import Part, Sum

SOLD, BACK = "sold", "back"
ONE_DAY = dt.timedelta(days=1)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What one step of an order adds: ``way`` SOLD, or BACK for what was taken back; the part is positive in both."""

    step: int
    way: str
    part: Part


class SummaryLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a summary and the steps of orders that are in it; positive for what was sold and for what came back."""

    way: str
    part: Part
    steps: tuple[int, ...]


def day_of(day: dt.date, closed_until: dt.date | None) -> dt.date:
    """Return the day in whose summary something goes: its own, or the first after the last that is closed."""
    return day if closed_until is None or day > closed_until else closed_until + ONE_DAY


def lines_of(entries: Iterable[Entry]) -> list[SummaryLine]:
    """Return the lines of a summary, one for each kind, article and set of taxes, sold and taken back apart."""
    found: dict[tuple, list[Entry]] = {}
    for entry in entries:
        part = entry.part
        key = (entry.way, part.kind, part.product or "", tuple(sorted(part.amount.taxes)))
        found.setdefault(key, []).append(entry)
    return [_line(key, found[key]) for key in sorted(found)]


def _line(key: tuple, entries: list[Entry]) -> SummaryLine:
    way, kind, product, taxes = key
    amount = Sum()
    for entry in entries:
        amount = amount.plus(entry.part.amount)
    return SummaryLine(
        way=way,
        part=Part(
            line_id="",
            kind=kind,
            description=product or " ".join([kind.replace("_", " "), *taxes]),
            product=product or None,
            amount=amount,
        ),
        steps=tuple(sorted({entry.step for entry in entries})),
    )


def kept(parts: Iterable[Part], way: str) -> list[dict]:
    """Return parts as JSON keeps them until their summary is made."""
    return [
        {"way": way, "part": to_plain(msgspec.to_builtins(part, builtin_types=(Decimal,)))} for part in parts
    ]


def read(items: Iterable[Mapping], step: int) -> list[Entry]:
    """Return what was kept of a step."""
    return [msgspec.convert({**item, "step": step}, Entry, strict=False) for item in items]


def turned(items: Iterable[Mapping]) -> list[dict]:
    """Return items that take others back."""
    return [{**item, "way": BACK if item["way"] == SOLD else SOLD} for item in items]
