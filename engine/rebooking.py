# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What changes where an entry is reversed and booked anew: per line, per account, and a mark of the whole plan."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from .canonical_json import canonical_bytes


@dataclasses.dataclass(frozen=True)
class Item:
    """One journal item, in the currency of the books; amounts are exact and never negative.

    ``account`` is its code and name, as people read it.
    """

    account: str
    partner: str
    label: str
    debit: Decimal
    credit: Decimal

    @property
    def balance(self) -> Decimal:
        return self.debit - self.credit


def unchanged(before: Iterable[Item], after: Iterable[Item]) -> list[Item]:
    """Return the items that stand in both entries alike, each as often as in both, in the order of the old entry."""
    left = Counter(after)
    kept = []
    for item in before:
        if left[item]:
            left[item] -= 1
            kept.append(item)
    return kept


def per_account(before: Iterable[Item], after: Iterable[Item]) -> list[tuple[str, Decimal, Decimal]]:
    """Return (account, balance before, balance after) of every account that one of both touches, by account.

    :param before: what is in the books of this document now.
    :param after: what would be in the books of it: the same, with what would be booked besides.
    """
    sums: dict[str, list[Decimal]] = {}
    for column, items in enumerate((before, after)):
        for item in items:
            sums.setdefault(item.account, [Decimal(0), Decimal(0)])[column] += item.balance
    return [(account, old, new) for account, (old, new) in sorted(sums.items())]


def plan_mark(plan: Mapping[str, Any]) -> str:
    """Return the digest (SHA-256 hex) of what is planned; two plans with one mark book the same.

    :param plan: texts, integers, exact amounts, dates, and lists or mappings of these.
    :raises TypeError: a float: it has no exact form.
    """
    return hashlib.sha256(canonical_bytes(plan)).hexdigest()
