# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money in the smallest unit, as Stripe's API writes it.

Source: https://docs.stripe.com/currencies (minor units in API amounts). ISK and UGX have no decimals
in ISO 4217 use, but two in Stripe's API; three-decimal amounts end in 0 there.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"],
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


def digits(currency: str) -> int:
    """Return the number of decimals that Stripe's API uses for ``currency`` (any case)."""
    code = currency.lower()
    if code in ZERO_DECIMAL:
        return 0
    return 3 if code in THREE_DECIMAL else 2


def step(currency: str) -> int:
    """Return the smallest amount, in minor units, by which two amounts of ``currency`` may differ."""
    return 10 if currency.lower() in THREE_DECIMAL else 1


def to_minor(amount: Decimal, currency: str) -> int:
    """Return ``amount`` (major unit) in minor units.

    :raises ValueError: ``amount`` has more decimals than the currency.
    """
    scaled = amount.scaleb(digits(currency))
    if scaled != scaled.to_integral_value() or int(scaled) % step(currency):
        raise ValueError(f"{amount} {currency.upper()} has too many decimals")
    return int(scaled)


def to_major(minor: int, currency: str) -> Decimal:
    """Return ``minor`` units of ``currency`` in the major unit, exact."""
    return Decimal(minor).scaleb(-digits(currency))


def round_half_up(amount: Decimal, multiple: int = 1) -> int:
    """Return ``amount`` (minor units, with a fraction) rounded to a ``multiple``, halves away from zero."""
    return int((amount / multiple).quantize(Decimal(1), rounding=ROUND_HALF_UP)) * multiple
