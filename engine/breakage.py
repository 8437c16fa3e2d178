# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How much of what is owed for gift cards will never be asked for, and may be revenue by now (accounting policy F26).

Pure. Proportional method of IFRS 15, B46: expected breakage is earned in the pattern in which the other rights are
used; never more than what is still owed. Where the law gives unused balances to the state there is no breakage at all:
that a person has to know.
"""

from __future__ import annotations

from decimal import Decimal

from .money import minor_units, round_to

ZERO, HUNDRED = Decimal(0), Decimal(100)


def earned(sold: Decimal, redeemed: Decimal, rate_percent: Decimal, currency: str) -> Decimal:
    """Return the breakage that is earned altogether, in the currency of the amounts.

    :param sold: what was ever owed for gift cards; ``redeemed``: what of it was used, both positive.
    :param rate_percent: how much of what is sold will never be used, above 0 and below 100.
    """
    if not ZERO < rate_percent < HUNDRED:
        raise ValueError("The expected breakage is above 0 and below 100 per cent")
    if sold <= ZERO or redeemed <= ZERO:
        return ZERO
    expected = sold * rate_percent / HUNDRED
    share = min(redeemed / (sold - expected), Decimal(1))
    return max(min(round_to(expected * share, minor_units(currency)), sold - redeemed), ZERO)
