# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What Stripe keeps for itself.

Standard prices: 2.9 % + 0.30 for a card in the United States, 0.8 % and at most 5.00 for an ACH debit
(https://stripe.com/pricing). The fixed part depends on the currency in which the charge settles.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal

from ..money import round_half_up, step

CARD_FIXED_PARTS = {
    "usd": 30,
    "eur": 25,
    "gbp": 20,
    "cad": 30,
    "aud": 30,
    "chf": 30,
    "jpy": 30,
    "kwd": 90,
}


@dataclasses.dataclass(frozen=True)
class FeePlan:
    """Prices of one account; fixed parts and limits in minor units of the settlement currency."""

    card_rate: Decimal = Decimal("0.029")
    card_fixed: Mapping[str, int] = dataclasses.field(default_factory=lambda: dict(CARD_FIXED_PARTS))
    debit_rate: Decimal = Decimal("0.008")
    debit_limit: int = 500
    debit_failure: int = 400
    dispute: int = 1500

    def card(self, amount: int, currency: str) -> int:
        """Return the fee for a card payment of ``amount`` minor units, rounded half up."""
        fixed = self.card_fixed.get(currency, 30 * step(currency))
        return round_half_up(amount * self.card_rate + fixed, step(currency))

    def debit(self, amount: int, currency: str) -> int:
        """Return the fee for a bank debit of ``amount`` minor units, rounded half up, limited."""
        return min(round_half_up(amount * self.debit_rate, step(currency)), self.debit_limit)


def details(amount: int, currency: str, description: str) -> list[dict]:
    """Return Stripe's break-down of a fee; empty where nothing is charged."""
    if not amount:
        return []
    return [
        {
            "amount": amount,
            "application": None,
            "currency": currency,
            "description": description,
            "type": "stripe_fee",
        }
    ]
