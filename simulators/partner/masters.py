# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The partner's own products and suppliers, told as events of the generic webhook.

Put together by hand in the wire form of the hub's published contracts, as a partner would.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ..sending import Event
from .documents import SYSTEM, as_event

# id there, number, name, price
CATALOGUE = (
    ("P-1", "BEANS-1KG", "Coffee beans 1 kg", "25.00"),
    ("P-2", "GRINDER", "Grinder", "180.00"),
    # Odoo's demo data has this one for 95.50: both prices stand side by side.
    ("P-3", "TRAINING", "Barista training", "99.00"),
)


def product(outside_id: str, name: str, when: datetime, *, version: int = 1, **facts: Any) -> dict[str, Any]:
    """Return a product as the partner knows it; ``facts`` are further fields of the contract."""
    return {
        "kind": "product",
        "schema_version": "1",
        "source": {"system": SYSTEM, "object_id": outside_id, "version": version},
        "occurred_at": when.isoformat(),
        "name": name,
        **facts,
    }


def supplier(outside_id: str, name: str, when: datetime, *, version: int = 1, **facts: Any) -> dict[str, Any]:
    """Return a supplier as the partner knows it."""
    return {
        "kind": "supplier",
        "schema_version": "1",
        "source": {"system": SYSTEM, "object_id": outside_id, "version": version},
        "occurred_at": when.isoformat(),
        "name": name,
        **facts,
    }


def bank_account(number: str, **facts: Any) -> dict[str, Any]:
    """Return a bank account as the partner names it."""
    return {"account_number": number, **facts}


def catalogue(seed: object, when: datetime, currency: str = "USD") -> Iterator[Event]:
    """Yield the events by which the partner tells its products."""
    for outside_id, code, name, price in CATALOGUE:
        told = product(outside_id, name, when, code=code, price=price, currency=currency, type="goods")
        yield as_event(seed, "product.updated", told)
