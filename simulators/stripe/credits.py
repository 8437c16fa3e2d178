# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Billing credits of the simulated account: grants to customers, and what invoices used of them.

Source: https://docs.stripe.com/api/billing/credit-grant, https://docs.stripe.com/api/billing/credit-balance-transaction
(a transaction names its grant by its id, unless it is asked to be expanded).
"""

from __future__ import annotations

import copy

from .holdings import Holdings, RefusedError
from .shapes import Shape


class Credits(Holdings):
    """The credit grants of one account."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.credit_grants: dict[str, Shape] = {}
        self.credit_uses: dict[str, Shape] = {}

    def grant_credit(
        self, customer_id: str, amount: int, currency: str, category: str = "promotional"
    ) -> Shape:
        """Grant billing credits; ``category``: ``paid`` or ``promotional``."""
        self._held(self.customers, customer_id)
        if amount <= 0 or category not in ("paid", "promotional"):
            raise RefusedError("that is no credit grant")
        made = {
            "id": self.ids.next("credgr"),
            "object": "billing.credit_grant",
            "amount": {"monetary": {"currency": currency, "value": amount}, "type": "monetary"},
            "category": category,
            "created": self.clock.timestamp,
            "customer": customer_id,
            "livemode": self.livemode,
        }
        self._keep(self.credit_grants, made)
        return copy.deepcopy(made)

    def use_credit(self, grant_id: str, amount: int) -> Shape:
        """Take an amount out of a grant; returns what a line says of it."""
        grant = self._held(self.credit_grants, grant_id)
        used = sum(
            one["debit"]["amount"] for one in self.credit_uses.values() if one["credit_grant"] == grant_id
        )
        if not 0 < amount <= grant["amount"]["monetary"]["value"] - used:
            raise RefusedError(f"{grant_id} does not hold {amount}")
        made = {
            "id": self.ids.next("cbtxn"),
            "object": "billing.credit_balance_transaction",
            "created": self.clock.timestamp,
            "credit_grant": grant_id,
            "customer": grant["customer"],
            "debit": {"amount": amount, "type": "credits_applied"},
            "livemode": self.livemode,
            "type": "debit",
        }
        self._keep(self.credit_uses, made)
        return {
            "amount": amount,
            "credit_balance_transaction": made["id"],
            "type": "credit_balance_transaction",
        }

    def credit_uses_of(self, customer_id: str, expanded: bool) -> list[Shape]:
        """Return what a customer used, newest first."""
        told = [dict(one) for one in self.credit_uses.values() if one["customer"] == customer_id]
        if expanded:
            for one in told:
                one["credit_grant"] = dict(self.credit_grants[one["credit_grant"]])
        return told[::-1]
