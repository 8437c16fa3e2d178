# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Of what a payout consists, and whether that adds up to the cent (R2, O7).

Pure rules. The provider's list of a payout is one side, what the books hold of the same ledger lines is the
other; both
are compared with the amount that left for the bank. Amounts are exact decimals in the currency of the balance,
positive =
into the balance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from decimal import Decimal

ZERO = Decimal(0)
# Types of a ledger line, as the provider's list has them → the heading under which an accountant looks for them.
HEADINGS = {
    "payment": "gross",
    "payment_return": "gross",
    "refund": "refunds",
    "refund_return": "refunds",
    "fee": "fees",
    "dispute": "disputes",
    "dispute_return": "disputes",
    "reserve": "reserves",
    "reserve_release": "reserves",
    "conversion": "conversions",
    "payout": "earlier_payouts",
    "payout_return": "earlier_payouts",
    "adjustment": "adjustments",
    "unknown": "adjustments",
}
GROUPS = (
    "gross",
    "refunds",
    "fees",
    "disputes",
    "reserves",
    "conversions",
    "earlier_payouts",
    "adjustments",
)

WAITING, ADDS_UP, MISSING, DIFFERS = "waiting", "adds_up", "missing", "differs"


@dataclasses.dataclass(frozen=True)
class ToldLine:
    """One ledger line of the provider's list: ``gross`` − ``fee`` = ``net`` (a fee that is taken is positive)."""

    ledger_id: str
    type: str
    gross: Decimal
    fee: Decimal
    net: Decimal


@dataclasses.dataclass(frozen=True)
class Composition:
    """What the list of a payout says.

    ``sums``        per heading of GROUPS; together they are ``told``.
    ``told``        what the list adds up to; ``booked`` what the books hold of its lines.
    ``missing``     ledger ids that moved money and that the books do not have.
    ``differing``   ledger ids that the books have with another amount.
    ``difference``  the payout's amount minus what the list adds up to.
    """

    state: str
    sums: Mapping[str, Decimal]
    told: Decimal
    booked: Decimal
    missing: tuple[str, ...]
    differing: tuple[str, ...]
    difference: Decimal


def sums_of(lines: Iterable[ToldLine]) -> dict[str, Decimal]:
    """Return the sum per heading of GROUPS; the fee of a line stands under fees, whatever its line is."""
    sums = dict.fromkeys(GROUPS, ZERO)
    for line in lines:
        sums[HEADINGS.get(line.type, "adjustments")] += line.gross
        sums["fees"] -= line.fee
    return sums


def compose(
    amount: Decimal,
    lines: Iterable[ToldLine],
    booked: Mapping[str, Decimal],
    known: frozenset[str],
    before: frozenset[str] = frozenset(),
) -> Composition:
    """Compare the provider's list of a payout with the payout and with the books.

    :param amount: what left for the bank; negative where the bank was debited.
    :param booked: {ledger id: what the books hold of it}, of this list's lines.
    :param known: ledger ids of which the books know something, also where that moved nothing.
    :param before: ledger ids from before the day on which the books of this provider begin: they are in the opening
        balance, and nobody misses them.

    An authorisation that was captured in part is two lines at the provider and one amount in the books: lines are
    therefore only named as differing where the books and the list differ in total.
    """
    lines = list(lines)
    told = sum((line.net for line in lines), ZERO)
    in_books = sum((booked.get(line.ledger_id, ZERO) for line in lines), ZERO)
    absent = [line for line in lines if line.net and line.ledger_id not in known]
    missing = tuple(line.ledger_id for line in absent if line.ledger_id not in before)
    opening = sum((line.net for line in absent if line.ledger_id in before), ZERO)
    differing = ()
    if not missing and told - opening != in_books:
        differing = tuple(
            line.ledger_id
            for line in lines
            if booked.get(line.ledger_id, ZERO) != line.net and line.ledger_id not in before
        )
    difference = amount - told
    if not lines:
        state = WAITING
    elif missing:
        state = MISSING
    elif difference or differing:
        state = DIFFERS
    else:
        state = ADDS_UP
    return Composition(state, sums_of(lines), told, in_books, missing, differing, difference)
