# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The balance of Shopify Payments: each line is the final word on one movement and its fee."""

from __future__ import annotations

from typing import Any

from ...engine.canonical import Amount, BalanceMovement, Reference, Source
from ...engine.instants import parse_instant
from ..reading import clip, read_as, schema_violation
from . import wire
from .const import MOVEMENT_TYPES, SIGNS

# https://shopify.dev/docs/api/admin-graphql/latest/enums/ShopifyPaymentsSourceType
DISPUTE_SOURCE = "DISPUTE"


def balance_documents(system: str, body: Any) -> list[BalanceMovement]:
    """Return the movements of one line: the gross amount by its type, and the fee.

    :raises ContractError: gross, fee and net do not agree, or it is no line as Shopify documents it.
    """
    line = read_as(body, wire.BalanceTransaction)
    gross, fee, net = wire.amount(line.amount), wire.amount(line.fee), wire.amount(line.net)
    if len({gross.currency, fee.currency, net.currency}) != 1 or gross.value - fee.value != net.value:
        raise schema_violation("$.net", "Expected amount less fee, in one currency")
    if line.test:
        return []
    kind = line_type(line.type, gross)
    order = line.associatedOrder.name if line.associatedOrder else None
    payout = line.associatedPayout.id if line.associatedPayout else None
    facts: dict[str, Any] = {
        "source": Source(system=system, object_id=line.id),
        "occurred_at": parse_instant(line.transactionDate),
        "balance_transaction": line.id,
    }
    references = [Reference(type="order", value=order)] if order and len(order) <= 255 else []
    transaction = _plain_id(line.sourceOrderTransactionId)
    if transaction:
        references.append(Reference(type="order_transaction", value=transaction))
    dispute = _plain_id(line.sourceId) if line.sourceType == DISPUTE_SOURCE else None
    if dispute:
        references.append(Reference(type="dispute", value=dispute))
    booked = []
    if gross.value:
        booked.append(
            BalanceMovement(
                type=kind,
                movement_id=line.id,
                amount=gross,
                references=tuple(references),
                related=payout if kind not in ("payout", "payout_return") else None,
                method=clip(line.type.lower(), 64),
                description=clip(line.adjustmentReason),
                **facts,
            )
        )
    if fee.value:
        taken = Amount(value=-fee.value, currency=fee.currency)
        booked.append(
            BalanceMovement(
                type="fee", movement_id=f"{line.id}:fee"[:255], amount=taken, related=line.id, **facts
            )
        )
    return booked


def _plain_id(told: Any) -> str | None:
    """Return the number of an id, which the API writes as a number, a text or gid://shopify/…/number."""
    text = str(told).rpartition("/")[2] if isinstance(told, (str, int)) and not isinstance(told, bool) else ""
    return text if text.isascii() and text.isdigit() and len(text) <= 40 else None


def line_type(word: str, gross: Amount) -> str:
    """Return the canonical type, ``unknown`` where the word is in no table or contradicts the sign."""
    kind = MOVEMENT_TYPES.get(word, "unknown")
    sign = SIGNS.get(kind, 0)
    return "unknown" if sign and gross.value * sign < 0 else kind
