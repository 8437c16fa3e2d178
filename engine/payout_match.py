# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which line of the bank statement a payout is: certain, or proposed with the reasons for and against (R2).

Pure rules. An item is money in transit between a provider and the bank, signed as the bank sees it: a payout comes in,
a payout that the bank gives back goes out. Certain is only what nobody could read otherwise: the amount and the
currency
are equal, the day is within reach, the bank's text names the payout or its provider, and no other item and no
other line
could be meant. Everything else is for a person, who sees why.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

# A bank may book a payout a little before the day the provider expects, and some working days after it.
DAYS_BEFORE = 2
DAYS_AFTER = 10
# Sums of several lines or payouts are looked for among so many, of so many parts.
MAX_CANDIDATES = 12
MAX_PARTS = 4
MAX_PROPOSALS = 5
# Shorter ids stand in a text by chance.
MIN_REFERENCE_CHARS = 6
# What a difference may be and still be a reason to show a line whose text names the payout's provider only.
NEAR_PART = Decimal("0.02")

EXACT, SEVERAL, DIFFERENCE, SPLIT, MERGED = "exact", "several", "difference", "split", "merged"


@dataclasses.dataclass(frozen=True)
class InTransit:
    """Money that left a provider for the bank, or comes back from there.

    ``amount``      as the bank sees it, in the currency's major unit: positive = comes in.
    ``created``     the first day on which the bank can have it; ``expected`` when the provider says it arrives.
    ``references``  ids that the bank's text may repeat.
    ``names``       what the provider calls itself in bank texts.
    """

    id: int
    amount: Decimal
    currency: str
    created: date
    expected: date | None = None
    references: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class BankLine:
    """A line of a bank statement that stands against nothing yet; ``text`` is everything that the bank wrote."""

    id: int
    amount: Decimal
    currency: str
    day: date
    text: str = ""


@dataclasses.dataclass(frozen=True)
class Proposal:
    """Items and lines that may belong together.

    ``kind``        why it is not certain: several fit, a difference, one payout in several lines, several in one
    line;
                    ``exact`` = everything fits but the text names nobody.
    ``difference``  lines minus items, in their currency.
    ``named``       the text of each line names an item, its provider, or nothing: 'payout', 'provider', ''.
    """

    items: tuple[int, ...]
    lines: tuple[int, ...]
    kind: str
    difference: Decimal
    named: str


@dataclasses.dataclass(frozen=True)
class Outcome:
    """``certain`` pairs (item id, line id), and ``proposals`` for a person, the likeliest first."""

    certain: tuple[tuple[int, int], ...]
    proposals: tuple[Proposal, ...]


def match(items: Iterable[InTransit], lines: Iterable[BankLine]) -> Outcome:
    """Return what is certain and what a person has to decide.

    :param items: money in transit; each id once.
    :param lines: lines of the bank accounts into which it may come; each id once.
    """
    items, lines = list(items), list(lines)
    certain = _certain(items, lines)
    taken_items = {item for item, _line in certain}
    taken_lines = {line for _item, line in certain}
    items = [item for item in items if item.id not in taken_items]
    lines = [line for line in lines if line.id not in taken_lines]
    return Outcome(tuple(certain), tuple(_proposals(items, lines)))


def naming(item: InTransit, line: BankLine) -> str:
    """Return what the bank's text names of this item: 'payout', 'provider' or '' (nothing)."""
    text = _plain(line.text)
    if any(
        len(_plain(reference)) >= MIN_REFERENCE_CHARS and _plain(reference) in text
        for reference in item.references
    ):
        return "payout"
    words = set(re.findall(r"[a-z0-9]+", line.text.lower()))
    for name in item.names:
        parts = re.findall(r"[a-z0-9]+", name.lower())
        if parts and (set(parts) <= words or (len("".join(parts)) >= 4 and "".join(parts) in text)):
            return "provider"
    return ""


def within_reach(item: InTransit, line: BankLine) -> bool:
    """Say whether the bank can have booked this item on the line's day."""
    earliest = item.created - timedelta(days=DAYS_BEFORE)
    return earliest <= line.day <= (item.expected or item.created) + timedelta(days=DAYS_AFTER)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _certain(items: Sequence[InTransit], lines: Sequence[BankLine]) -> list[tuple[int, int]]:
    """Return pairs that cannot be read otherwise.

    A text that names the payout decides among equal amounts; one that names its provider only decides where nothing
    else has this amount. A line whose text names another payout is none of this one.
    """
    fits = [
        (item, line, naming(item, line))
        for item in items
        for line in lines
        if item.currency == line.currency and item.amount == line.amount and within_reach(item, line)
    ]
    found: list[tuple[int, int]] = []
    for wanted in ("payout", "provider"):
        taken_items = {item for item, _line in found}
        taken_lines = {line for _item, line in found}
        left = [fit for fit in fits if fit[0].id not in taken_items and fit[1].id not in taken_lines]
        good = [fit for fit in left if fit[2] == wanted]
        # With the payout's own name other lines of the same amount do not matter, without it they do.
        rivals = good if wanted == "payout" else left
        for item, line, _named in good:
            alone = sum(other.id == item.id for other, _line, _n in rivals) == 1
            alone &= sum(other.id == line.id for _item, other, _n in rivals) == 1
            if alone:
                found.append((item.id, line.id))
    return found


def _proposals(items: Sequence[InTransit], lines: Sequence[BankLine]) -> list[Proposal]:
    found: dict[tuple[tuple[int, ...], tuple[int, ...]], Proposal] = {}
    for item in items:
        near = [line for line in lines if line.currency == item.currency and within_reach(item, line)]
        for proposal in [*_same_amount(item, near), *_split(item, near), *_different(item, near)][
            :MAX_PROPOSALS
        ]:
            found.setdefault((proposal.items, proposal.lines), proposal)
    for line in lines:
        near_items = [item for item in items if line.currency == item.currency and within_reach(item, line)]
        for proposal in _merged(line, near_items)[:MAX_PROPOSALS]:
            found.setdefault((proposal.items, proposal.lines), proposal)
    return list(found.values())


def _same_amount(item: InTransit, lines: Sequence[BankLine]) -> list[Proposal]:
    same = [line for line in lines if line.amount == item.amount]
    kind = EXACT if len(same) == 1 else SEVERAL
    same.sort(key=lambda line: (not naming(item, line), abs(line.day - (item.expected or item.created))))
    return [Proposal((item.id,), (line.id,), kind, Decimal(0), naming(item, line)) for line in same]


def _different(item: InTransit, lines: Sequence[BankLine]) -> list[Proposal]:
    """Return lines of another amount: with the payout's own name, or with its provider's and nearly the amount."""
    found = []
    for line in lines:
        if line.amount == item.amount or (line.amount > 0) != (item.amount > 0):
            continue
        named, difference = naming(item, line), line.amount - item.amount
        near = abs(difference) <= abs(item.amount) * NEAR_PART
        if named == "payout" or (named == "provider" and near):
            found.append(Proposal((item.id,), (line.id,), DIFFERENCE, difference, named))
    return sorted(found, key=lambda proposal: (proposal.named != "payout", abs(proposal.difference)))


def _split(item: InTransit, lines: Sequence[BankLine]) -> list[Proposal]:
    """Return sets of lines that together are this one payout; each has to name it or its provider."""
    named = [line for line in lines if naming(item, line) and abs(line.amount) < abs(item.amount)]
    return [
        Proposal((item.id,), tuple(line.id for line in parts), SPLIT, Decimal(0), naming(item, parts[0]))
        for parts in _sums(named, item.amount)
    ]


def _merged(line: BankLine, items: Sequence[InTransit]) -> list[Proposal]:
    """Return sets of payouts that together are this one line."""
    smaller = [item for item in items if abs(item.amount) < abs(line.amount)]
    return [
        Proposal(tuple(item.id for item in parts), (line.id,), MERGED, Decimal(0), naming(parts[0], line))
        for parts in _sums(smaller, line.amount)
    ]


def _sums(parts: Sequence, total: Decimal) -> list[tuple]:
    """Return the sets of two or more parts whose amounts are ``total``, the smallest sets first; bounded."""
    parts = list(parts)[:MAX_CANDIDATES]
    found = []
    for count in range(2, min(MAX_PARTS, len(parts)) + 1):
        found += [
            chosen
            for chosen in itertools.combinations(parts, count)
            if sum((part.amount for part in chosen), Decimal(0)) == total
        ]
    return found
