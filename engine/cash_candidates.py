# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What money that came in could pay: open documents by likelihood, with reasons, and a proposal. A person decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import combinations

# Best first.
LIKELIHOODS = ("exact", "likely", "possible")
REASONS = ("reference", "amount", "sum", "oldest", "amount_only", "similar_reference")
# Sums are looked for among so many of a customer's oldest documents, of at most so many parts.
MAX_SUMMED = 14
MAX_PARTS = 4


@dataclasses.dataclass(frozen=True)
class OpenDocument:
    """An open document; ``residual`` is what is left to pay, positive, in the money's currency."""

    id: int
    numbers: tuple[str, ...]
    residual: Decimal
    due: date
    same_customer: bool


@dataclasses.dataclass(frozen=True)
class Suggestion:
    """``proposed`` is how much of the money would pay this document, 0 where it is only shown."""

    id: int
    likelihood: str
    reasons: tuple[str, ...]
    proposed: Decimal


def suggest(
    amount: Decimal, references: Iterable[str], documents: Sequence[OpenDocument]
) -> list[Suggestion]:
    """Return suggestions, best first; what is proposed never comes to more than ``amount`` nor than what is open.

    :param amount: the money that is to be applied, positive.
    :param references: what the money itself names.
    """
    named = {_plain(reference) for reference in references} - {""}
    documents = sorted(documents, key=lambda row: (row.due, row.id))
    own = [row for row in documents if row.same_customer]
    summed = _sum_of(amount, own[:MAX_SUMMED])
    judged = []
    for row in documents:
        reasons = _reasons(row, amount, named, summed)
        if reasons:
            judged.append((_likelihood(reasons), reasons, row))
    judged.sort(key=lambda part: (LIKELIHOODS.index(part[0]), part[2].due, part[2].id))
    left = amount
    suggestions = []
    certain = any(likelihood != "possible" for likelihood, _reasons_of, _row in judged)
    for likelihood, reasons, row in judged:
        # Another customer's document is never proposed, only shown; guesses stand back where something better is there.
        wanted = likelihood == "exact" or (row.same_customer and (likelihood == "likely" or not certain))
        proposed = min(left, row.residual) if wanted else Decimal(0)
        left -= proposed
        suggestions.append(Suggestion(row.id, likelihood, reasons, proposed))
    return suggestions


def _reasons(row: OpenDocument, amount: Decimal, named: set[str], summed: frozenset[int]) -> tuple[str, ...]:
    reasons = []
    numbers = {_plain(number) for number in row.numbers} - {""}
    if numbers & named:
        reasons.append("reference")
    elif any(_similar(number, reference) for number in numbers for reference in named):
        reasons.append("similar_reference")
    if row.residual == amount:
        reasons.append("amount" if row.same_customer else "amount_only")
    elif row.id in summed:
        reasons.append("sum")
    if row.same_customer and not reasons:
        reasons.append("oldest")
    return tuple(reasons)


def _likelihood(reasons: tuple[str, ...]) -> str:
    if "reference" in reasons:
        return "exact"
    if {"amount", "sum"} & set(reasons) or ("similar_reference" in reasons and "amount_only" in reasons):
        return "likely"
    return "possible"


def _plain(number: str) -> str:
    return "".join(letter for letter in number.casefold() if letter.isalnum())


def _similar(number: str, reference: str) -> bool:
    """Whether one is written inside the other, as in "payment for INV 2026 0042"."""
    shorter, longer = sorted((number, reference), key=len)
    return len(shorter) >= 4 and shorter in longer


def _sum_of(amount: Decimal, documents: Sequence[OpenDocument]) -> frozenset[int]:
    """Return the ids of the fewest documents that together come to ``amount``, where that is so one way only."""
    for parts in range(2, MAX_PARTS + 1):
        found = [
            rows for rows in combinations(documents, parts) if sum(row.residual for row in rows) == amount
        ]
        if len(found) == 1:
            return frozenset(row.id for row in found[0])
        if found:
            return frozenset()
    return frozenset()
