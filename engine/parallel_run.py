# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Compares what a flow would book with what the books hold (parallel run before go-live)."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

VERDICTS = ("equal", "different", "missing", "only_in_books", "refused", "nothing")
# What counts when it is said how many are equal: the other ones book nothing.
COMPARED = ("equal", "different", "missing", "only_in_books")
FIELDS = ("reference", "partner", "amount", "currency", "date", "accounts")


@dataclasses.dataclass(frozen=True)
class Booking:
    """An entry as far as it is compared.

    ``partner``   any value that is equal for the same party, None where there is none.
    ``amount``    the document's total, in ``currency``.
    ``accounts``  (account code, debit minus credit in company currency) per line, in any order.
    """

    reference: str
    partner: int | None
    amount: Decimal
    currency: str
    date: date
    accounts: tuple[tuple[str, Decimal], ...]


def differences(computed: Booking, found: Booking) -> tuple[str, ...]:
    """Return the names of the FIELDS in which two bookings differ; empty = equal.

    Lines are compared as sums per account: how an entry is cut into lines is no difference.
    """
    different = []
    for name in FIELDS:
        one, other = getattr(computed, name), getattr(found, name)
        if name == "accounts":
            one, other = _sums(one), _sums(other)
        elif name == "reference":
            one, other = one.strip().casefold(), other.strip().casefold()
        if one != other:
            different.append(name)
    return tuple(different)


def _sums(accounts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    sums: Counter[str] = Counter()
    for code, amount in accounts:
        sums[code] += amount
    return {code: amount for code, amount in sums.items() if amount}


def summary(verdicts: Counter) -> tuple[int, int]:
    """Return (how many are equal, how many were compared)."""
    return verdicts["equal"], sum(verdicts[verdict] for verdict in COMPARED)
