# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the partner sends: customers, invoices that it issued, requests for invoices, credit notes.

The bodies are plain dictionaries in the wire form of the hub's published contracts: amounts are decimal
strings, instants RFC 3339 with an offset. They are put together here by hand, as a partner would.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .. import wire
from ..ids import token
from ..sending import Event

TAX_RATES = {"STD": Decimal("0.15")}
CENT = Decimal("0.01")
SYSTEM = "partner"


@dataclasses.dataclass(frozen=True)
class Party:
    """One of the partner's customers."""

    id: str
    name: str
    email: str
    city: str = "Austin"
    country: str = "US"
    street: str = "100 Congress Avenue"
    zip: str = "78701"


@dataclasses.dataclass(frozen=True)
class Line:
    """One line: amounts in the document's currency, tax excluded."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    tax_codes: tuple[str, ...] = ("STD",)

    @property
    def net(self) -> Decimal:
        """Return the line's amount before tax, rounded half up to the cent."""
        return (self.quantity * self.unit_price).quantize(CENT, rounding=ROUND_HALF_UP)

    @property
    def taxes(self) -> list[tuple[str, Decimal]]:
        """Return code and amount of each tax of the line, rounded half up to the cent."""
        return [
            (code, (self.net * TAX_RATES[code]).quantize(CENT, rounding=ROUND_HALF_UP))
            for code in self.tax_codes
        ]


@dataclasses.dataclass(frozen=True)
class Totals:
    """Sums of a document's lines."""

    net: Decimal
    tax: Decimal

    @property
    def gross(self) -> Decimal:
        """Return what the customer owes."""
        return self.net + self.tax


def totals(lines: Sequence[Line]) -> Totals:
    """Return the sums of ``lines``."""
    return Totals(
        net=sum((line.net for line in lines), Decimal(0)),
        tax=sum((amount for line in lines for _code, amount in line.taxes), Decimal(0)),
    )


def customer(party: Party, when: datetime, version: int = 1) -> dict[str, Any]:
    """Return the canonical customer document of ``party``."""
    return {
        "kind": "customer",
        "schema_version": "1",
        "source": {"system": SYSTEM, "object_id": party.id, "version": version},
        "occurred_at": when.isoformat(),
        "name": party.name,
        "is_company": True,
        "email": party.email,
        "reference": party.id,
        "address": {
            "street": party.street,
            "city": party.city,
            "zip": party.zip,
            "country": party.country,
        },
        "status": "active",
    }


def invoice(
    number: str,
    party: Party,
    lines: Sequence[Line],
    when: datetime,
    *,
    due_date: date,
    currency: str = "USD",
    credit_of: str | None = None,
    version: int = 1,
) -> dict[str, Any]:
    """Return an invoice that the partner issued, with ``credit_of`` a credit note: its amounts are facts."""
    sums = totals(lines)
    document = {
        "kind": "invoice",
        "schema_version": "1",
        "source": {"system": SYSTEM, "object_id": number, "version": version},
        "occurred_at": when.isoformat(),
        "document_type": "credit_note" if credit_of else "invoice",
        "issuer": "source",
        "number": number,
        "issue_date": when.date().isoformat(),
        "due_date": due_date.isoformat(),
        "currency": currency,
        "customer": {"outside_id": party.id, "name": party.name, "email": party.email},
        "lines": [
            {
                "line_id": str(place),
                "description": line.description,
                "quantity": str(line.quantity),
                "unit_price": str(line.unit_price),
                "tax_codes": list(line.tax_codes),
                "net_amount": str(line.net),
                "taxes": [{"code": code, "amount": str(amount)} for code, amount in line.taxes],
            }
            for place, line in enumerate(lines, start=1)
        ],
        "total_net": str(sums.net),
        "total_tax": str(sums.tax),
        "total_gross": str(sums.gross),
    }
    if credit_of:
        document["credit_of"] = credit_of
    return document


def invoice_request(
    request_id: str,
    party: Party,
    lines: Sequence[Line],
    when: datetime,
    *,
    currency: str = "USD",
    version: int = 1,
) -> dict[str, Any]:
    """Return a request for an invoice that Odoo shall issue, with its own number, taxes and terms."""
    return {
        "kind": "invoice",
        "schema_version": "1",
        "source": {"system": SYSTEM, "object_id": request_id, "version": version},
        "occurred_at": when.isoformat(),
        "document_type": "invoice",
        "issuer": "odoo",
        "issue_date": when.date().isoformat(),
        "currency": currency,
        "customer": {"outside_id": party.id, "name": party.name, "email": party.email},
        "lines": [
            {
                "line_id": str(place),
                "description": line.description,
                "quantity": str(line.quantity),
                "unit_price": str(line.unit_price),
                "tax_codes": list(line.tax_codes),
            }
            for place, line in enumerate(lines, start=1)
        ],
        "reference": request_id,
    }


def as_event(seed: object, event_type: str, document: dict[str, Any]) -> Event:
    """Return ``document`` in the partner's envelope; its id follows from seed, type, object and version."""
    source = document["source"]
    event_id = "msg_" + token(seed, event_type, source["object_id"], source["version"])
    body = {"type": event_type, "timestamp": document["occurred_at"], "data": document}
    return Event(id=event_id, type=event_type, body=wire.compact(body))
