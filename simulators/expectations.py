# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the books must show after a scenario, reckoned without the hub."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

from .stripe.ledger import DayTotals

ZERO = Decimal("0.00")


@dataclasses.dataclass
class InvoiceExpectation:
    """One invoice of the partner, in its currency. ``applied`` counts only what belongs to it."""

    number: str
    currency: str
    gross: Decimal
    applied: Decimal = ZERO
    credited: Decimal = ZERO
    refunded: Decimal = ZERO

    @property
    def residual(self) -> Decimal:
        """Return what the customer still owes: a refund with its credit note changes nothing."""
        return max(ZERO, self.gross - self.applied)


@dataclasses.dataclass(frozen=True)
class ExpectedException:
    """Something that a person must look at: the hub's code for it, and the outside object that raised it."""

    reason: str
    object_id: str
    amount: Decimal
    currency: str


@dataclasses.dataclass
class Expectations:
    """Everything that a test can compare with the books; amounts in the major unit.

    ``days``             per day and settlement currency: the provider's totals and closing balance
    ``invoices``         per invoice number
    ``open_credits``     charge id -> amount and currency that stay on the customer's account
    ``unidentified``     charge id -> amount and currency whose payer nobody knows
    ``exceptions``       what must be on the workbench
    ``distinct_events``  number of different events that the hub must have kept, forged ones not counted
    ``duplicates``       deliveries that repeat an earlier one
    ``refused``          deliveries that must be refused
    """

    days: dict[tuple[date, str], DayTotals] = dataclasses.field(default_factory=dict)
    invoices: dict[str, InvoiceExpectation] = dataclasses.field(default_factory=dict)
    requested: list[str] = dataclasses.field(default_factory=list)
    open_credits: dict[str, tuple[Decimal, str]] = dataclasses.field(default_factory=dict)
    unidentified: dict[str, tuple[Decimal, str]] = dataclasses.field(default_factory=dict)
    exceptions: list[ExpectedException] = dataclasses.field(default_factory=list)
    distinct_events: int = 0
    duplicates: int = 0
    refused: int = 0

    def total(self, field: str, currency: str = "USD") -> Decimal:
        """Return the sum over all days of one amount of ``DayTotals``, for example ``"fees"``."""
        return sum(
            (getattr(day, field) for (_date, code), day in self.days.items() if code == currency), ZERO
        )

    def closing(self, currency: str = "USD", until: date | None = None) -> Decimal:
        """Return the balance at the end of the last day with a movement, at the latest ``until``."""
        closing = ZERO
        for (day, code), totals in sorted(self.days.items()):
            if code == currency and (until is None or day <= until):
                closing = totals.closing
        return closing
