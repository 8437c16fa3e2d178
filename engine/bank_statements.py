# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""In which order a bank has closed several statements of one day: each begins where the one before it ended."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal

# So many orders are tried at most that eight statements have; no bank closes more on a day for people to read.
MAX_CHAINED = 8


@dataclasses.dataclass(frozen=True)
class Told:
    """What a bank says of one statement of an account, in the currency of the account.

    ``number``  ours, to know it by.
    """

    number: int
    opening: Decimal
    closing: Decimal


def in_order(told: Sequence[Told], start: Decimal | None) -> tuple[Told, ...]:
    """Return the statements of one day in the order in which they follow one another.

    Names of statements need not sort as the bank wrote them ("9/2026", "10/2026"), so the balances decide: all of them
    are one chain from where the day before ended. Where they are none, something is missing or wrong, and they
    stay in the order given; of several chains the one that is nearest to it is taken.

    :param told: in the order of their names.
    :param start: where the day before ended; None where nothing was told of an earlier day.
    """
    found = _chain(tuple(told), start) if len(told) <= MAX_CHAINED else None
    return tuple(told) if found is None else found


def _chain(rest: tuple[Told, ...], end: Decimal | None) -> tuple[Told, ...] | None:
    if not rest:
        return ()
    for place, statement in enumerate(rest):
        if end is None or statement.opening == end:
            after = _chain((*rest[:place], *rest[place + 1 :]), statement.closing)
            if after is not None:
                return (statement, *after)
    return None
