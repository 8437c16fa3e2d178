# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money: exact decimals with a currency; never float, never silently rounded.

Minor units come from ISO 4217 (through the library ``iso4217``); where a provider counts otherwise on
its wire, ``PROVIDER_MINOR_UNITS`` says so with the vendor's documentation.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation
from types import MappingProxyType

import iso4217

from .errors import ContractError

MAX_DIGITS = 30
# The digits, a leading zero, the point and the minus.
MAX_TEXT_CHARACTERS = MAX_DIGITS + 3
# Wide enough for every product of two permitted numbers: results are exact or an error, never rounded.
EXACT = Context(prec=4 * MAX_DIGITS, traps=[Inexact, InvalidOperation])
_ROUNDING = Context(prec=4 * MAX_DIGITS, traps=[InvalidOperation])
_PLAIN_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)

# https://docs.stripe.com/currencies: ISK and UGX are written with two decimals for compatibility although
# they have none (the last two digits are 00); MGA counts as zero-decimal although ISO gives it two;
# HUF and TWD are two-decimal for charges (payouts must be whole). Three-decimal currencies (BHD, JOD, KWD,
# OMR, TND) count in thousandths, with a last digit of 0 in charges.
_STRIPE = {"ISK": 2, "UGX": 2, "MGA": 0, "HUF": 2, "TWD": 2}
PROVIDER_MINOR_UNITS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {"stripe": MappingProxyType(_STRIPE)}
)


# Withdrawn in recent years (ISO 4217 list three): documents of that time, refunds and history still say them.
_WITHDRAWN = {"ANG": 2, "BGN": 2, "CUC": 2, "HRK": 2, "SLL": 2, "ZWL": 2}


def _read_minor_units() -> dict[str, int]:
    """Return the minor units of each ISO 4217 currency; metals and test codes ("N.A.") are no money."""
    units = dict(_WITHDRAWN)
    for code, row in iso4217.raw_table.items():
        text = row["CcyMnrUnts"]
        if code and text and text.isdigit():
            units[code] = int(text)
    return units


_MINOR_UNITS = _read_minor_units()


def minor_units(currency: str) -> int:
    """Return the number of decimals that ISO 4217 gives ``currency`` (upper-case alphabetic code).

    :raises ContractError: ``unknown_currency``.
    """
    try:
        return _MINOR_UNITS[currency]
    except (KeyError, TypeError):
        raise ContractError("unknown_currency", params={"currency": str(currency)[:16]}) from None


def is_currency(code: str) -> bool:
    """Whether ISO 4217 knows a currency of this (upper-case alphabetic) code."""
    return code in _MINOR_UNITS


def parse_decimal(value: object) -> Decimal:
    """Return the exact decimal that ``value`` writes: a plain decimal string, an int or a finite Decimal.

    Exponents, spaces, signs other than one minus, NaN, Infinity, more than MAX_DIGITS digits, floats and
    booleans are refused: each of them hides an amount that somebody did not mean.

    :raises ContractError: ``invalid_amount``.
    """
    if isinstance(value, bool):
        raise _invalid_amount(value)
    if isinstance(value, int):
        if abs(value) >= 10**MAX_DIGITS:
            raise _invalid_amount("…")
        return Decimal(value)
    if isinstance(value, Decimal):
        return _check_decimal(value)
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARACTERS or not _PLAIN_DECIMAL.fullmatch(value):
        raise _invalid_amount(value)
    return _check_decimal(Decimal(value))


def _check_decimal(value: Decimal) -> Decimal:
    _sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise _invalid_amount(value)
    if max(len(digits), len(digits) + exponent, -exponent) > MAX_DIGITS:
        raise _invalid_amount(value)
    if exponent > 0:
        value = value.quantize(Decimal(1), context=EXACT)
    return value.copy_abs() if value.is_zero() else value


def _invalid_amount(value: object) -> ContractError:
    return ContractError("invalid_amount", params={"value": str(value)[:40]})


def plain(value: Decimal) -> str:
    """Return ``value`` in plain notation, never with an exponent; trailing zeros stay as they are."""
    return format(value, "f")


def is_exact(amount: Decimal, decimals: int) -> bool:
    """Say whether ``amount`` can be written with ``decimals`` decimals without rounding."""
    if amount.is_zero():
        return True
    exponent = amount.normalize(EXACT).as_tuple().exponent
    return exponent >= -decimals


def check_exact(amount: Decimal, currency: str, decimals: int | None = None) -> None:
    """Refuse an ``amount`` (major unit) that has more decimals than ``currency`` knows.

    ``decimals`` overrides ISO 4217, for instance for a provider that knows fewer.

    :raises ContractError: ``amount_not_exact``, ``unknown_currency``.
    """
    allowed = minor_units(currency) if decimals is None else decimals
    if not is_exact(amount, allowed):
        raise ContractError("amount_not_exact", params={"amount": f"{plain(amount)} {currency}"})


def round_to(amount: Decimal, decimals: int) -> Decimal:
    """Return ``amount`` rounded half away from zero to ``decimals``: to *compare* with a stated amount."""
    return amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP, context=_ROUNDING)


def _wire_units(currency: str, exceptions: Mapping[str, int] | None) -> int:
    iso_units = minor_units(currency)
    return (exceptions or {}).get(currency, iso_units)


def from_minor(amount: int, currency: str, exceptions: Mapping[str, int] | None = None) -> Decimal:
    """Return the major-unit amount of an integer count of minor units (1999, EUR → 19.99).

    ``exceptions`` are the provider's own minor units by currency (``PROVIDER_MINOR_UNITS[...]``).

    :raises ContractError: ``invalid_amount`` (no int, too long), ``unknown_currency``; ``amount_not_exact``
        when the provider counts finer than the currency and the rest is not zero (5.50 ISK).
    """
    if type(amount) is not int:
        raise _invalid_amount(amount)
    value = parse_decimal(amount).scaleb(-_wire_units(currency, exceptions), context=EXACT)
    check_exact(value, currency)
    return value.quantize(Decimal(1).scaleb(-minor_units(currency)), context=EXACT)


def to_minor(amount: Decimal, currency: str, exceptions: Mapping[str, int] | None = None) -> int:
    """Return the count of the provider's minor units of a major-unit ``amount``.

    :raises ContractError: ``amount_not_exact``, ``unknown_currency``, ``invalid_amount``.
    """
    if not isinstance(amount, Decimal):
        raise _invalid_amount(amount)
    amount = parse_decimal(amount)
    units = _wire_units(currency, exceptions)
    check_exact(amount, currency, min(units, minor_units(currency)))
    return int(amount.scaleb(units, context=EXACT))


@functools.total_ordering
@dataclasses.dataclass(frozen=True)
class Money:
    """An exact ``amount`` in the major unit of ``currency``.

    Arithmetic and comparison need the same currency (``TypeError`` otherwise: adding euros to dollars is
    a programming error, not a condition). Equal amounts are equal whatever their trailing zeros.

    :raises ContractError: ``unknown_currency``, ``amount_not_exact``, ``invalid_amount``.
    """

    amount: Decimal
    currency: str

    def __post_init__(self):
        if not isinstance(self.amount, Decimal):
            raise _invalid_amount(self.amount)
        amount = parse_decimal(self.amount)
        check_exact(amount, self.currency)
        object.__setattr__(self, "amount", amount)

    def _other(self, other: object) -> Decimal:
        if not isinstance(other, Money) or other.currency != self.currency:
            raise TypeError(
                f"cannot combine {self.currency} with {getattr(other, 'currency', type(other).__name__)}"
            )
        return other.amount

    def __add__(self, other: Money) -> Money:
        return Money(EXACT.add(self.amount, self._other(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(EXACT.subtract(self.amount, self._other(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(EXACT.minus(self.amount), self.currency)

    def __abs__(self) -> Money:
        return Money(self.amount.copy_abs(), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._other(other)

    def __bool__(self) -> bool:
        return not self.amount.is_zero()

    def __str__(self) -> str:
        return f"{plain(self.amount)} {self.currency}"
