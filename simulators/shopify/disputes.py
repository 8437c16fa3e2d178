# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Disputes of the simulated shop, and the evidence that is handed in for them.

Sources: https://shopify.dev/docs/api/admin-rest/latest/resources/dispute (what a delivery holds),
https://shopify.dev/docs/api/admin-graphql/2026-01/objects/ShopifyPaymentsDispute, …/mutations/disputeEvidenceUpdate,
…/enums/DisputeEvidenceUpdateUserErrorCode (sent already, too late, too large).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .graph import AskedWronglyError
from .shapes import stamp

if TYPE_CHECKING:
    from .state import Order, ShopifyShop

SCOPE = "write_shopify_payments_dispute_evidences"
MAX_TEXT = 20_000
_FIELDS = frozenset(
    {
        "customerEmailAddress",
        "customerFirstName",
        "customerLastName",
        "refundRefusalExplanation",
        "submitEvidence",
        "uncategorizedText",
    }
)


@dataclasses.dataclass
class Dispute:
    """A dispute as Shopify Payments knows it; its evidence has the id of the dispute + 1."""

    id: int
    order: Order
    amount: Decimal
    kind: str
    reason: str
    at: dt.datetime
    due: dt.datetime
    status: str = "needs_response"
    sent: dt.datetime | None = None
    finalized: dt.datetime | None = None
    evidence: dict[str, Any] = dataclasses.field(default_factory=dict)
    submissions: int = 0


def body_of(shop: ShopifyShop, dispute: Dispute) -> dict[str, Any]:
    """Return what a delivery says of a dispute."""
    return {
        "id": dispute.id,
        "order_id": dispute.order.id,
        "type": dispute.kind,
        "amount": shop.written(dispute.amount),
        "currency": shop.currency,
        "reason": dispute.reason,
        "network_reason_code": "4837",
        "status": dispute.status,
        "evidence_due_by": stamp(dispute.due),
        "evidence_sent_on": stamp(dispute.sent),
        "finalized_on": stamp(dispute.finalized),
        "initiated_at": stamp(dispute.at),
    }


def queries(shop: ShopifyShop) -> dict[str, Any]:
    """Return the fields of a query that concern disputes."""

    def one(id: str) -> Any:  # noqa: A002 - the vendor's name
        found = shop.disputes.get(_number(id))
        if found is None:
            return None
        return {
            "id": f"gid://shopify/ShopifyPaymentsDispute/{found.id}",
            "evidenceSentOn": found.sent.date().isoformat() if found.sent else None,
            "disputeEvidence": _evidence(found),
        }

    return {"dispute": one}


def mutations(shop: ShopifyShop, scopes: frozenset[str]) -> dict[str, Callable[..., Any]]:
    """Return the mutations; ``scopes`` = what the app may do."""

    def update(id: str, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - the vendor's names
        if SCOPE not in scopes:
            raise AskedWronglyError("ACCESS_DENIED", f"Access denied. Required access: {SCOPE}")
        if unknown := input.keys() - _FIELDS:
            raise AskedWronglyError("argumentNotAccepted", f"no field {min(unknown)}")
        found = shop.disputes.get(_number(id) - 1)
        if wrong := _wrong(shop, found, input):
            return {
                "disputeEvidence": None,
                "userErrors": [{"field": ["disputeEvidence"], "message": wrong}],
            }
        found.evidence |= {name: value for name, value in input.items() if name != "submitEvidence"}
        if input.get("submitEvidence"):
            shop.take_evidence(found)
        return {"disputeEvidence": _evidence(found), "userErrors": []}

    return {"disputeEvidenceUpdate": update}


def _wrong(shop: ShopifyShop, found: Dispute | None, told: dict[str, Any]) -> str:
    if found is None:
        return "Dispute evidence could not be found"
    if found.sent or found.status != "needs_response":
        return "Evidence already accepted"
    if found.due < shop.clock.now:
        return "Evidence past due date"
    return "Combined text is too large" if sum(len(str(value)) for value in told.values()) > MAX_TEXT else ""


def _evidence(dispute: Dispute) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/ShopifyPaymentsDisputeEvidence/{dispute.id + 1}",
        "uncategorizedText": dispute.evidence.get("uncategorizedText"),
    }


def _number(name: str) -> int:
    text = name.rpartition("/")[2]
    return int(text) if text.isdigit() else 0
