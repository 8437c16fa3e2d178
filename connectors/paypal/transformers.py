# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""PayPal's resources → canonical documents. What each event means in the books: this folder's README."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...engine.canonical import DisputeFacts, Document
from ..reading import clip, read_as, schema_violation
from . import wire
from .const import (
    CAPTURE,
    CAPTURE_STATUSES,
    DISPUTE_LOST,
    DISPUTE_OPEN,
    DISPUTE_OUR_TURN,
    DISPUTE_RESOLVED,
    REFUND,
    REFUND_STATUSES,
    REVERSAL,
)
from .shared import Context, references

_RESOURCE = "$.resource"


def _status(table: dict[str, str], word: str) -> str:
    status = table.get(word)
    if status is None:
        raise schema_violation(f"{_RESOURCE}.status", f"Expected one of {', '.join(sorted(table))}")
    return status


def capture_documents(context: Context, body: dict[str, Any]) -> list[Document]:
    """A capture: money from a customer, gross, and PayPal's fee.

    Pending (eCheck, review) and declined ones moved nothing. A refund that came since changes the capture's status and
    its time of change, not the day on which the money came.
    """
    capture = read_as(body, wire.Capture, _RESOURCE)
    status = _status(CAPTURE_STATUSES, capture.status)
    moved = status == "succeeded"
    changed = capture.update_time if capture.status == "COMPLETED" or not moved else None
    at = wire.instant(changed or capture.create_time, f"{_RESOURCE}.create_time")
    details = capture.status_details or wire.StatusDetails()
    payment = context.movement(
        object_id=capture.id,
        type="payment",
        movement_id=capture.id,
        changes_balance=moved,
        status=status,
        amount=wire.amount(capture.amount, f"{_RESOURCE}.amount.value"),
        balance_transaction=capture.id if moved else None,
        references=references(capture.invoice_id, capture.custom_id, _order_of(capture)),
        failure_code=clip(details.reason, 64) if status == "failed" else None,
        occurred_at=at,
    )
    if not moved:
        return [payment]
    fee = (capture.seller_receivable_breakdown or wire.Breakdown()).paypal_fee
    if fee is None or not wire.signed(fee):
        return [payment]
    taken = context.movement(
        object_id=capture.id,
        type="fee",
        movement_id=capture.id,
        amount=wire.amount(fee, f"{_RESOURCE}.seller_receivable_breakdown.paypal_fee.value", -1),
        balance_transaction=capture.id,
        related=capture.id,
        occurred_at=at,
    )
    return [payment, taken]


def _order_of(capture: wire.Capture) -> str | None:
    related = (capture.supplementary_data or {}).get("related_ids")
    found = related.get("order_id") if isinstance(related, dict) else None
    return found if isinstance(found, str) else None


def refund_documents(context: Context, body: dict[str, Any]) -> list[Document]:
    """A refund: gross. A fee that PayPal gives back is booked when the ledger has it."""
    return [_back(context, body, "refund")]


def reversal_documents(context: Context, body: dict[str, Any]) -> list[Document]:
    """Money that PayPal took back for a dispute, a chargeback or a bank's return; the invoice stays paid meanwhile."""
    return [_back(context, body, "dispute")]


def _back(context: Context, body: dict[str, Any], kind: str) -> Document:
    refund = read_as(body, wire.Refund, _RESOURCE)
    status = _status(REFUND_STATUSES, refund.status)
    moved = status == "succeeded"
    return context.movement(
        object_id=refund.id,
        type=kind,
        movement_id=refund.id,
        changes_balance=moved,
        status=status,
        amount=wire.amount(refund.amount, f"{_RESOURCE}.amount.value", -1),
        balance_transaction=refund.id if moved else None,
        related=capture_of(refund),
        references=references(refund.invoice_id, refund.custom_id),
        description=clip(refund.note_to_payer),
        occurred_at=wire.instant(refund.update_time or refund.create_time, f"{_RESOURCE}.create_time"),
    )


def capture_of(refund: wire.Refund) -> str | None:
    """Return the id of the capture that a refund gives back, from its link "up"."""
    for link in refund.links:
        before, mark, found = link.href.rpartition("/captures/")
        if link.rel == "up" and mark and before and found and len(found) <= 255 and "/" not in found:
            return found
    return None


def dispute_documents(context: Context, body: dict[str, Any]) -> list[Document]:
    """A dispute's state. It moves nothing: holds, reversals and chargebacks are lines of the ledger."""
    dispute = read_as(body, wire.Dispute, _RESOURCE)
    if dispute.status == DISPUTE_RESOLVED:
        outcome = (dispute.dispute_outcome or {}).get("outcome_code")
        lost = isinstance(outcome, str) and outcome in DISPUTE_LOST
        status = "succeeded" if lost else "cancelled"
    elif dispute.status in DISPUTE_OPEN:
        status = "pending"
    else:
        words = ", ".join(sorted({*DISPUTE_OPEN, DISPUTE_RESOLVED}))
        raise schema_violation(f"{_RESOURCE}.status", f"Expected one of {words}")
    disputed = next((each.seller_transaction_id for each in dispute.disputed_transactions), None)
    return [
        context.movement(
            object_id=dispute.dispute_id,
            type="dispute",
            movement_id=dispute.dispute_id,
            changes_balance=False,
            status=status,
            amount=wire.amount(dispute.dispute_amount, f"{_RESOURCE}.dispute_amount.value", -1),
            related=clip(disputed, 255),
            description=clip(dispute.reason),
            occurred_at=wire.instant(dispute.create_time, f"{_RESOURCE}.create_time"),
            dispute=DisputeFacts(
                state=_dispute_state(dispute, status),
                told_at=wire.instant(dispute.update_time or dispute.create_time, f"{_RESOURCE}.update_time"),
                evidence_due=wire.instant(
                    dispute.seller_response_due_date, f"{_RESOURCE}.seller_response_due_date"
                )
                if dispute.seller_response_due_date
                else None,
            ),
        )
    ]


def _dispute_state(dispute: wire.Dispute, status: str) -> str:
    """Return how a dispute stands: PayPal says whose turn it is, and in whose favour it was decided."""
    if dispute.status == DISPUTE_RESOLVED:
        return "lost" if status == "succeeded" else "won"
    return "needs_response" if dispute.status in DISPUTE_OUR_TURN else "under_review"


Reader = Callable[[Context, dict[str, Any]], list[Document]]
_CAPTURES = (
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.DENIED",
    "PAYMENT.CAPTURE.DECLINED",
)
_DISPUTES = ("CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "CUSTOMER.DISPUTE.RESOLVED")
READERS: dict[str, Reader] = {
    **dict.fromkeys((*_CAPTURES, CAPTURE), capture_documents),
    **dict.fromkeys(("PAYMENT.CAPTURE.REFUNDED", REFUND), refund_documents),
    **dict.fromkeys(("PAYMENT.CAPTURE.REVERSED", REVERSAL), reversal_documents),
    **dict.fromkeys(_DISPUTES, dispute_documents),
}
# Events that say something of money: the resource that is asked for, and the event type under which it is kept.
REFETCHED = {
    **dict.fromkeys(_CAPTURES, ("captures", CAPTURE)),
    "PAYMENT.CAPTURE.REFUNDED": ("refunds", REFUND),
    "PAYMENT.CAPTURE.REVERSED": ("refunds", REVERSAL),
}
