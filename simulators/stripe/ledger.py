# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The account's ledger: every movement of its balance, in the order in which it happened.

Types and reporting categories: https://docs.stripe.com/reports/balance-transaction-types and
https://docs.stripe.com/reports/reporting-categories.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, tzinfo
from decimal import Decimal

from ..clock import instant
from ..money import to_major

REPORTING_CATEGORIES = {
    "charge": "charge",
    "payment": "charge",
    "payment_failure_refund": "charge_failure",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payout": "payout",
    "payout_failure": "payout_reversal",
    "stripe_fee": "fee",
    "adjustment": "other_adjustment",
}


@dataclasses.dataclass(frozen=True)
class LedgerLine:
    """One balance transaction. Amounts in minor units of ``currency``; instants in seconds since 1970."""

    id: str
    type: str
    reporting_category: str
    amount: int
    fee: int
    currency: str
    source: str | None
    created: int
    available_on: int
    fee_details: tuple[dict, ...] = ()
    exchange_rate: Decimal | None = None
    description: str | None = None

    @property
    def net(self) -> int:
        """Return what the balance changed by."""
        return self.amount - self.fee


@dataclasses.dataclass(frozen=True)
class DayTotals:
    """What happened to one currency's balance on one day, in the major unit; outgoing amounts positive."""

    day: date
    currency: str
    opening: Decimal
    gross: Decimal
    refunds: Decimal
    refund_returns: Decimal
    payment_returns: Decimal
    disputes: Decimal
    fees: Decimal
    payouts: Decimal
    payout_returns: Decimal
    closing: Decimal
    lines: int

    @property
    def movement(self) -> Decimal:
        """Return the signed sum of the day's movements, fees included."""
        return (
            self.gross
            - self.refunds
            + self.refund_returns
            - self.payment_returns
            - self.disputes
            - self.fees
            - self.payouts
            + self.payout_returns
        )


# Reporting category -> field of DayTotals and the sign with which a line's amount enters it.
_COLUMNS = {
    "charge": ("gross", 1),
    "partial_capture_reversal": ("gross", 1),
    "charge_failure": ("payment_returns", -1),
    "refund": ("refunds", -1),
    "refund_failure": ("refund_returns", 1),
    "payout": ("payouts", -1),
    "payout_reversal": ("payout_returns", 1),
    "fee": ("fees", -1),
    "dispute": ("disputes", -1),
    "dispute_reversal": ("disputes", -1),
}


class Ledger:
    """Append-only list of ledger lines with the balances that follow from it."""

    def __init__(self):
        self._lines: list[LedgerLine] = []
        self._places: dict[str, int] = {}

    def __iter__(self) -> Iterator[LedgerLine]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def append(self, line: LedgerLine) -> LedgerLine:
        """Write one line.

        :raises ValueError: the id is taken, or the line is older than the one before it.
        """
        if line.id in self._places:
            raise ValueError(f"{line.id} is already in the ledger")
        if self._lines and line.created < self._lines[-1].created:
            raise ValueError("a ledger is written in the order of time")
        self._places[line.id] = len(self._lines)
        self._lines.append(line)
        return line

    def get(self, line_id: str) -> LedgerLine | None:
        """Return the line with this id, None where there is none."""
        place = self._places.get(line_id)
        return None if place is None else self._lines[place]

    def place(self, line_id: str) -> int | None:
        """Return the line's position, 0 = oldest, None where there is none."""
        return self._places.get(line_id)

    def currencies(self) -> list[str]:
        """Return the currencies (lower case) in which there is a balance."""
        return sorted({line.currency for line in self._lines})

    def balance(self, currency: str) -> int:
        """Return available and pending balance together, in minor units."""
        return sum(line.net for line in self._lines if line.currency == currency)

    def available(self, currency: str, timestamp: int) -> int:
        """Return what may be paid out at ``timestamp``, in minor units."""
        return sum(
            line.net for line in self._lines if line.currency == currency and line.available_on <= timestamp
        )

    def pending(self, currency: str, timestamp: int) -> int:
        """Return what is not yet available at ``timestamp``, in minor units."""
        return self.balance(currency) - self.available(currency, timestamp)

    def days(self, zone: tzinfo) -> dict[tuple[date, str], DayTotals]:
        """Return the totals of each day (in ``zone``) and currency (upper case) with a movement."""
        result: dict[tuple[date, str], DayTotals] = {}
        for currency in self.currencies():
            opening = 0
            lines_of: dict[date, list[LedgerLine]] = {}
            for line in self._lines:
                if line.currency == currency:
                    lines_of.setdefault(instant(line.created).astimezone(zone).date(), []).append(line)
            for day, lines in sorted(lines_of.items()):
                result[day, currency.upper()] = _day_totals(day, currency, opening, lines)
                opening += sum(line.net for line in lines)
        return result


def _day_totals(day: date, currency: str, opening: int, lines: list[LedgerLine]) -> DayTotals:
    columns = dict.fromkeys((field for field, _sign in _COLUMNS.values()), 0)
    for line in lines:
        field, sign = _COLUMNS[line.reporting_category]
        columns[field] += sign * line.amount
        columns["fees"] += line.fee
    return DayTotals(
        day=day,
        currency=currency.upper(),
        opening=to_major(opening, currency),
        closing=to_major(opening + sum(line.net for line in lines), currency),
        lines=len(lines),
        **{field: to_major(amount, currency) for field, amount in columns.items()},
    )
