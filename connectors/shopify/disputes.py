# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Disputes of Shopify Payments: how one stands, and the texts that are handed in as evidence. Nothing is sent here.

Sources: https://shopify.dev/docs/api/webhooks (disputes/create, disputes/update),
https://shopify.dev/docs/api/admin-rest/latest/resources/dispute (fields; type, status),
https://shopify.dev/docs/api/admin-graphql/2026-01/objects/ShopifyPaymentsDispute, …/ShopifyPaymentsDisputeEvidence,
…/input-objects/ShopifyPaymentsDisputeEvidenceUpdateInput, …/mutations/disputeEvidenceUpdate (``submitEvidence`` hands
it in for good; what it does not take it says as ``userErrors``). The input names files by the ids of uploads alone,
and this version has no way to upload one: files are handed in at Shopify.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

from ...engine.canonical import Amount, BalanceMovement, DisputeFacts, Document, Reference, Source
from ...engine.errors import BusinessError
from ...engine.instants import parse_instant
from ..base import HttpAnswer, HttpRequest
from ..reading import Wire, WireCurrency, WireId, clip, read_as, schema_violation
from . import wire
from .client import graphql, read_data
from .const import DISPUTE_STATES, INQUIRY

DAY_CHARACTERS = len("2026-03-02")
# A day alone: noon is the same day in nearly every zone; what ends on a day may end as it begins.
NOON, MIDNIGHT = "12:00:00Z", "00:00:00Z"
TEXTS = frozenset(
    {"customer_name", "customer_email_address", "product_description", "service_date", "uncategorized_text"}
)
_EVIDENCE = "disputeEvidence { id uncategorizedText }"
_FIND = f"query($id: ID!) {{ dispute(id: $id) {{ id evidenceSentOn {_EVIDENCE} }} }}"
_SUBMIT = f"""
mutation($id: ID!, $input: ShopifyPaymentsDisputeEvidenceUpdateInput!) {{
disputeEvidenceUpdate(id: $id, input: $input) {{ {_EVIDENCE} userErrors {{ field message }} }} }}"""


class Dispute(Wire, kw_only=True):
    """https://shopify.dev/docs/api/admin-rest/latest/resources/dispute"""

    id: wire.Number
    order_id: wire.Number | None = None
    type: wire.Text = None
    amount: wire.MoneyText
    currency: WireCurrency
    reason: wire.Text = None
    status: WireId
    initiated_at: WireId
    evidence_due_by: wire.Text = None
    evidence_sent_on: wire.Text = None
    finalized_on: wire.Text = None


def dispute_documents(system: str, body: Any) -> list[Document]:
    """How a dispute stands. It moves no money itself: what is withdrawn and given back are lines of the balance.

    A delivery does not say when it was written, but a dispute has a day for each of its steps: the last one counts.
    """
    told = read_as(body, Dispute)
    state = DISPUTE_STATES.get(told.status)
    if state is None:
        raise schema_violation("$.status", f"Expected one of {', '.join(sorted(DISPUTE_STATES))}")
    asks_only = told.type == INQUIRY
    if asks_only and state == "needs_response":
        state = "inquiry"
    currency = told.currency.upper()
    steps = (told.initiated_at, told.evidence_sent_on, told.finalized_on)
    return [
        BalanceMovement(
            source=Source(system=system, object_id=str(told.id)),
            occurred_at=parse_instant(told.initiated_at),
            type="dispute",
            movement_id=str(told.id),
            changes_balance=False,
            status="pending",
            amount=Amount(value=-wire.exact(told.amount, currency), currency=currency),
            references=(Reference(type="order", value=str(told.order_id)),) if told.order_id else (),
            description=clip(told.reason),
            dispute=DisputeFacts(
                state=state,
                told_at=max(_instant(step, NOON) for step in steps if step),
                evidence_due=_instant(told.evidence_due_by, MIDNIGHT) if told.evidence_due_by else None,
                evidence_given=bool(told.evidence_sent_on),
                in_ledger=not asks_only,
            ),
        )
    ]


def _instant(text: str, time: str) -> datetime:
    """Return an instant; of a day alone that time of it."""
    return parse_instant(f"{text}T{time}" if len(text) == DAY_CHARACTERS else text)


# -- evidence ------------------------------------------------------------------------------------------------


class _Evidence(Wire):
    id: WireId
    uncategorizedText: Annotated[str, msgspec.Meta(max_length=200_000)] | None = None  # noqa: N815 - the vendor's names


class _Found(Wire):
    id: WireId
    disputeEvidence: _Evidence  # noqa: N815
    evidenceSentOn: wire.Text = None  # noqa: N815


class _UserError(Wire):
    message: Annotated[str, msgspec.Meta(max_length=5000)]


class _Updated(Wire):
    disputeEvidence: _Evidence | None = None  # noqa: N815
    userErrors: Annotated[tuple[_UserError, ...], msgspec.Meta(max_length=300)] = ()  # noqa: N815


def evidence_find_request(dispute: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the question how a dispute stands, and under which id its evidence is kept."""
    return graphql(_FIND, {"id": f"gid://shopify/ShopifyPaymentsDispute/{dispute}"}, settings, secret)


def evidence_place(answer: HttpAnswer) -> str:
    """Return the id under which the evidence of a dispute is kept."""
    return _found(answer).disputeEvidence.id


def evidence_submit_request(
    place: str,
    texts: Mapping[str, str],
    files: Mapping[str, str],
    key: str,
    settings: Mapping[str, Any],
    secret: str,
) -> HttpRequest:
    """Return the request that hands evidence in for good.

    Shopify keeps no key with it: ours ends the text, so that it is found there.

    :raises ContractError: there are files, or a text that Shopify has no place for.
    """
    if files or texts.keys() - TEXTS:
        raise schema_violation("evidence", "Shopify takes texts alone, and not this one")
    parts = [
        texts.get("uncategorized_text"),
        _labelled("What was sold", texts.get("product_description")),
        _labelled("Delivered or rendered on", texts.get("service_date")),
        _labelled("Reference", key),
    ]
    told = {"uncategorizedText": "\n\n".join(filter(None, parts)), "submitEvidence": True}
    if name := texts.get("customer_name"):
        first, _space, told["customerLastName"] = name.rpartition(" ")
        if first:
            told["customerFirstName"] = first
    if address := texts.get("customer_email_address"):
        told["customerEmailAddress"] = address
    return graphql(_SUBMIT, {"id": place, "input": told}, settings, secret)


def evidence_submitted(answer: HttpAnswer, key: str) -> bool:
    """Say whether the evidence with this key was handed in, by the answer to either request.

    :raises BusinessError: ``evidence_not_given``, in Shopify's words.
    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    data = read_data(answer)
    if "disputeEvidenceUpdate" not in data:
        found = _found(answer)
        return bool(found.evidenceSentOn) and key in (found.disputeEvidence.uncategorizedText or "")
    told = read_as(data["disputeEvidenceUpdate"], _Updated, "$.data.disputeEvidenceUpdate")
    if told.userErrors:
        reason = "; ".join(error.message for error in told.userErrors)[:300]
        # Which dispute it is and until when, whoever hands it in knows.
        raise BusinessError(
            "evidence_not_given", params={"dispute": "the dispute", "due": "–", "reason": reason}
        )
    if told.disputeEvidence is None:
        raise schema_violation("$.data.disputeEvidenceUpdate.disputeEvidence", "Expected the evidence")
    return key in (told.disputeEvidence.uncategorizedText or "")


def _found(answer: HttpAnswer) -> _Found:
    return read_as(read_data(answer).get("dispute"), _Found, "$.data.dispute")


def _labelled(label: str, text: str | None) -> str | None:
    return f"{label}: {text}" if text else None
