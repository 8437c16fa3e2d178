# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whether two companies agree on what one owes the other, and why they do not (policy F19, requirement A7).

Each item of one company should have its opposite at the other: the same reference, the same currency of the document.
"""

from __future__ import annotations

import dataclasses
import enum
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal


class Finding(str, enum.Enum):
    """What became of a reference. AGREES and RATE leave no difference in the currency of the document."""

    AGREES = "agrees"
    AMOUNT = "amount"
    TIMING = "timing"
    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    RATE = "rate"


@dataclasses.dataclass(frozen=True)
class Item:
    """A posted item towards the other company: debit positive.

    ``amount`` in ``currency`` (ISO 4217) of the document; ``in_books`` in ``books``, the currency of the company.
    """

    reference: str
    day: date
    currency: str
    amount: Decimal
    in_books: Decimal
    books: str


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the matrix; ``reference`` is empty for the balance of the pair in a currency.

    ``difference`` is ours plus theirs: zero where both agree. ``rate`` is the same in the currency of the books, None
    where the two companies keep their books in different currencies. The rows with a reference of one currency add up
    to the difference of its balance.
    """

    currency: str
    reference: str
    finding: Finding
    ours: Decimal
    theirs: Decimal
    difference: Decimal
    rate: Decimal | None
    first_day: date


def compare(ours: Iterable[Item], theirs: Iterable[Item], until: date) -> list[Row]:
    """Return per currency the balance of the pair, then each reference on which the two do not agree.

    :param ours, theirs: items of both companies towards each other, later ones than ``until`` too: they tell a matter
        of timing from something that is missing.
    :param until: last day whose items count.
    """
    by_currency: dict[str, tuple[list[Item], list[Item]]] = defaultdict(lambda: ([], []))
    for place, items in enumerate((ours, theirs)):
        for item in items:
            by_currency[item.currency][place].append(item)
    rows = []
    for currency in sorted(by_currency):
        mine, other = by_currency[currency]
        if counted := [item for item in (*mine, *other) if item.day <= until]:
            rows.append(_balance(currency, mine, other, counted, until))
            rows += _differences(currency, mine, other, until)
    return rows


def _balance(
    currency: str, ours: Sequence[Item], theirs: Sequence[Item], counted: Sequence[Item], until: date
) -> Row:
    mine, other = _sum(ours, until), _sum(theirs, until)
    rate = _rate(counted)
    finding = Finding.AGREES
    if mine + other:
        finding = Finding.AMOUNT
    elif rate:
        finding = Finding.RATE
    return Row(currency, "", finding, mine, other, mine + other, rate, min(item.day for item in counted))


def _differences(currency: str, ours: Sequence[Item], theirs: Sequence[Item], until: date) -> list[Row]:
    """Return the references with a difference, oldest first; what differs by its reference alone is no difference."""
    mine, other = _by_reference(ours), _by_reference(theirs)
    rows = []
    for reference in sorted(mine.keys() | other.keys()):
        left, right = mine.get(reference, []), other.get(reference, [])
        amounts = _sum(left, until), _sum(right, until)
        if not sum(amounts):
            continue
        counted = [item for item in (*left, *right) if item.day <= until]
        rows.append(
            Row(
                currency,
                reference,
                _finding(left, right, until),
                *amounts,
                sum(amounts),
                _rate(counted),
                min(item.day for item in counted),
            )
        )
    return sorted(_without_pairs(rows), key=lambda row: (row.first_day, row.reference))


def _finding(ours: Sequence[Item], theirs: Sequence[Item], until: date) -> Finding:
    here = [item for item in ours if item.day <= until]
    there = [item for item in theirs if item.day <= until]
    late = any(item.day > until for item in (*ours, *theirs))
    if late and not sum((item.amount for item in (*ours, *theirs)), Decimal(0)):
        return Finding.TIMING
    if not there:
        return Finding.MISSING_THERE
    if not here:
        return Finding.MISSING_HERE
    return Finding.AMOUNT


def _without_pairs(rows: Sequence[Row]) -> list[Row]:
    """Leave out two rows that are each other's opposite and unlike any third: the same thing under two references."""
    missing = (Finding.MISSING_HERE, Finding.MISSING_THERE)
    alone = defaultdict(list)
    for row in rows:
        if row.finding in missing:
            alone[abs(row.difference)].append(row)
    paired = {
        row.reference
        for pair in alone.values()
        if len(pair) == 2
        and pair[0].finding is not pair[1].finding
        and not pair[0].difference + pair[1].difference
        for row in pair
    }
    return [row for row in rows if row.reference not in paired]


def _by_reference(items: Iterable[Item]) -> dict[str, list[Item]]:
    found = defaultdict(list)
    for item in items:
        found[item.reference].append(item)
    return found


def _sum(items: Iterable[Item], until: date) -> Decimal:
    return sum((item.amount for item in items if item.day <= until), Decimal(0))


def _rate(items: Sequence[Item]) -> Decimal | None:
    """Return what both have together in the currency of their books, None where they keep different ones."""
    if len({item.books for item in items}) > 1:
        return None
    return sum((item.in_books for item in items), Decimal(0))
