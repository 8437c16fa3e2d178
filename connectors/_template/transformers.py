# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Wire → canonical documents. Pure: no clock, no I/O, no Odoo; the same event gives the same documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...engine.canonical import Amount, BalanceMovement, Document, Reference, Source
from ...engine.errors import ContractError
from ...engine.instants import parse_instant
from ...engine.money import from_minor
from ..base import Envelope
from ..reading import MinorUnits, Wire, WireCurrency, WireId, read_as, schema_violation
from .const import PAYMENT_STATES


# STEP 4. Only the fields that you use. A missing or wrong one becomes a ContractError that names its path.
class Payment(Wire):
    id: WireId
    amount: MinorUnits
    currency: WireCurrency
    state: str
    paid_at: str
    invoice_number: WireId | None = None


class Event(Wire):
    id: WireId
    type: WireId
    sequence: int
    sent_at: str
    payment: Payment


def read_envelope(body: Any, headers: Mapping[str, str]) -> Envelope:
    """Return what the hub must know before it stores the event.

    STEP 5. Choose with care: the event id must stay the same when the vendor sends the event again, and
    events that must apply one after the other share their object key. The version orders them; None if there
    is none. Only where the vendor numbers *all* its events without holes, give that number as ``sequence`` (and the
    name of the numbering as ``series``, if it keeps several): a flow can then notice that one is missing.

    :raises ContractError: the body is not an event of this system.
    """
    event = read_as(body, Event)
    return Envelope(
        event_id=event.id,
        event_type=event.type,
        object_key=f"payment:{event.payment.id}",
        version=event.sequence if event.sequence >= 0 else None,
        occurred_at=parse_instant(event.sent_at),
        sequence=event.sequence if event.sequence >= 0 else None,
    )


def payment_documents(settings: Mapping[str, Any], body: Any) -> list[Document]:
    """Return the movement of a payment event.

    STEP 6. Money: exact, from the vendor's integer or text, never through a float. Sign: in is positive.
    Date: when it happened at the vendor, never now. The movement id is the identity under which it is booked
    once.

    :raises ContractError: a field is missing, has a wrong type or contradicts another.
    """
    payment = read_as(body, Event).payment
    status = PAYMENT_STATES.get(payment.state)
    if status is None:
        raise schema_violation("$.payment.state", f"Expected one of {', '.join(sorted(PAYMENT_STATES))}")
    currency = payment.currency.upper()
    number = payment.invoice_number
    return [
        BalanceMovement(
            source=Source(system=str(settings.get("system") or "example"), object_id=payment.id),
            occurred_at=parse_instant(payment.paid_at),
            movement_id=payment.id,
            type="payment",
            # A payment that failed moved nothing: it is told, not booked.
            changes_balance=status == "succeeded",
            status=status,
            amount=Amount(value=from_minor(payment.amount, currency), currency=currency),
            references=(Reference(type="invoice", value=number),) if number else (),
        )
    ]


def unknown(event_type: str) -> ContractError:
    return ContractError("unknown_event_type", params={"event_type": event_type[:100]})
