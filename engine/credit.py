# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""May a customer buy on credit? The rule, apart from where its facts come from (E15)."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from .money import EXACT

_ZERO = Decimal(0)
RELEASE, STOP = "release", "stop"
# What each purpose looks at.
LOOKS_AT = {
    "hold": frozenset({"customer_on_hold"}),
    "credit": frozenset({"customer_on_hold", "customer_archived", "credit_limit_exceeded"}),
    "order_release": frozenset(
        {"customer_on_hold", "customer_archived", "credit_limit_exceeded", "invoices_overdue"}
    ),
}


@dataclasses.dataclass(frozen=True)
class CreditFacts:
    """What the books say of one customer; amounts in the company's currency, in major units.

    ``limit``         None = no limit is set.
    ``overdue_days``  days since the oldest open invoice was due; 0 = none is overdue.
    """

    on_hold: bool = False
    archived: bool = False
    receivable: Decimal = _ZERO
    to_invoice: Decimal = _ZERO
    requested: Decimal = _ZERO
    limit: Decimal | None = None
    overdue: Decimal = _ZERO
    overdue_days: int = 0

    @property
    def exposure(self) -> Decimal:
        """What the customer would owe if the request were granted."""
        return EXACT.add(EXACT.add(self.receivable, self.to_invoice), self.requested)

    @property
    def available(self) -> Decimal | None:
        """What is left of the limit then; negative = exceeded, None = no limit."""
        return None if self.limit is None else EXACT.subtract(self.limit, self.exposure)


def decide(purpose: str, facts: CreditFacts, overdue_days_allowed: int) -> tuple[str, tuple[str, ...]]:
    """Return (``release`` or ``stop``, everything that speaks against it).

    :param purpose: a key of ``LOOKS_AT``.
    :param overdue_days_allowed: an invoice may be overdue for so many days; negative = it does not matter.
    """
    available = facts.available
    against = {
        "customer_on_hold": facts.on_hold,
        "customer_archived": facts.archived,
        "credit_limit_exceeded": available is not None and available < 0,
        "invoices_overdue": facts.overdue > 0 and 0 <= overdue_days_allowed < facts.overdue_days,
    }
    reasons = tuple(code for code, holds in against.items() if holds and code in LOOKS_AT[purpose])
    return (STOP if reasons else RELEASE), reasons


def decide_late(*, open_when_late: bool) -> tuple[str, tuple[str, ...]]:
    """Return the decision that was agreed for the case that the facts are not there in time."""
    return (RELEASE if open_when_late else STOP), ("answer_late",)
