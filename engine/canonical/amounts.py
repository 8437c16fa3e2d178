# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the rules of every document ask of its amounts: exact, of one currency, within what the books can hold."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ..errors import ContractError
from ..money import EXACT, PROVIDER_MINOR_UNITS, check_exact, minor_units, plain
from .base import Amount

# What binary floating point with 53 bits, in which Odoo computes, returns unchanged (IEEE 754 binary64).
MAX_SIGNIFICANT_DIGITS = 15
_ZERO = Decimal(0)


def decimals_of(currency: str, provider: str | None) -> int:
    """Return how many decimals an amount may have: those of ISO 4217, or fewer at a provider."""
    units = minor_units(currency)
    return min(units, PROVIDER_MINOR_UNITS.get(provider or "", {}).get(currency, units))


def check_each(amounts: Iterable[Decimal | None], currency: str, provider: str | None) -> None:
    """Refuse amounts that are not exact in their currency, or larger than the books can hold."""
    decimals = decimals_of(currency, provider)
    for amount in amounts:
        if amount is not None:
            check_exact(amount, currency, decimals)
            check_size(amount, currency)


def check_size(amount: Decimal, currency: str) -> None:
    """Refuse what the books could not hold to the last digit, also where it is only computed from a line."""
    if abs(amount) >= Decimal(1).scaleb(MAX_SIGNIFICANT_DIGITS - minor_units(currency)):
        raise ContractError("amount_too_large", params={"amount": f"{plain(amount)} {currency}"})


def check_amounts(amounts: Iterable[Amount | None], provider: str | None) -> None:
    """The same for amounts that name their currency."""
    for amount in amounts:
        if amount is not None:
            check_each([amount.value], amount.currency, provider)


def check_currency(amounts: Iterable[tuple[str, Amount | None]], currency: str) -> None:
    """Refuse amounts of another currency than the document's."""
    for path, amount in amounts:
        if amount is not None and amount.currency != currency:
            raise violation(f"{path}.currency", f"must be {currency} as the rest of the document")


def total_of(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum."""
    total = _ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def violation(path: str, problem: str) -> ContractError:
    """Return the error about a field that contradicts the schema or another field."""
    return ContractError("schema_violation", params={"path": path, "problem": problem})


def check_total(path: str, stated: Decimal | None, computed: Decimal, currency: str) -> None:
    """Refuse a total that is stated and is not the sum of its parts."""
    if stated is not None and stated != computed:
        raise ContractError(
            "totals_do_not_add_up",
            params={
                "path": path,
                "stated": plain(stated),
                "computed": plain(computed),
                "currency": currency,
            },
        )


def wrong_sign(amount: Decimal, path: str) -> ContractError:
    return ContractError("amount_sign", params={"amount": plain(amount), "path": path})
