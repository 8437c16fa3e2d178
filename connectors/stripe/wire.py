# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The fields of Stripe's objects that the connector uses (https://docs.stripe.com/api).

Amounts are integers in the currency's minor unit as Stripe counts it, times are Unix seconds. A field that
is "expandable" holds the id, null, or the whole object; ``Expandable`` reads all three.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from ..reading import MinorUnits, UnixSeconds, Wire, WireCurrency, WireId

Expandable = WireId | dict[str, Any] | None
Metadata = dict[str, str] | None
Text = Annotated[str, msgspec.Meta(max_length=5000)] | None
MAX_FEE_DETAILS = 50


class EventBody(Wire):
    """The object under ``data.object``; ``previous_attributes`` names what an ``*.updated`` event changed."""

    object: dict[str, Any]
    previous_attributes: dict[str, Any] | None = None


class Event(Wire):
    """https://docs.stripe.com/api/events/object"""

    id: WireId
    object: str
    type: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    created: UnixSeconds
    data: EventBody
    livemode: bool
    api_version: str | None = None
    account: WireId | None = None


class BillingDetails(Wire):
    name: Text = None
    email: Text = None


class PaymentMethodDetails(Wire):
    type: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class Charge(Wire):
    """https://docs.stripe.com/api/charges/object"""

    id: WireId
    amount: MinorUnits
    currency: WireCurrency
    created: UnixSeconds
    status: str
    captured: bool
    paid: bool
    amount_captured: MinorUnits | None = None
    balance_transaction: Expandable = None
    failure_balance_transaction: Expandable = None
    failure_code: Text = None
    failure_message: Text = None
    customer: Expandable = None
    billing_details: BillingDetails | None = None
    receipt_email: Text = None
    metadata: Metadata = None
    invoice: Expandable = None
    payment_intent: Expandable = None
    payment_method_details: PaymentMethodDetails | None = None
    description: Text = None


class Refund(Wire):
    """https://docs.stripe.com/api/refunds/object"""

    id: WireId
    amount: MinorUnits
    currency: WireCurrency
    created: UnixSeconds
    status: str | None = None
    charge: Expandable = None
    payment_intent: Expandable = None
    balance_transaction: Expandable = None
    failure_balance_transaction: Expandable = None
    failure_reason: Text = None
    reason: Text = None
    metadata: Metadata = None
    description: Text = None


class Payout(Wire):
    """https://docs.stripe.com/api/payouts/object"""

    id: WireId
    amount: MinorUnits
    currency: WireCurrency
    created: UnixSeconds
    status: str
    arrival_date: UnixSeconds | None = None
    balance_transaction: Expandable = None
    failure_balance_transaction: Expandable = None
    failure_code: Text = None
    failure_message: Text = None
    method: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    metadata: Metadata = None
    description: Text = None
    statement_descriptor: Text = None


class Dispute(Wire):
    """https://docs.stripe.com/api/disputes/object (as the source of a balance transaction)."""

    id: WireId
    charge: Expandable = None
    reason: Text = None


class EvidenceDetails(Wire):
    """https://docs.stripe.com/api/disputes/object#dispute_object-evidence_details"""

    due_by: UnixSeconds | None = None
    has_evidence: bool = False
    submission_count: Annotated[int, msgspec.Meta(ge=0, le=10**6)] = 0


class DisputeTold(Wire):
    """The same as an event tells it: with its state and what is disputed."""

    id: WireId
    amount: MinorUnits
    currency: WireCurrency
    created: UnixSeconds
    status: str
    charge: Expandable = None
    reason: Text = None
    evidence_details: EvidenceDetails | None = None


class FeeDetail(Wire):
    amount: MinorUnits
    currency: WireCurrency
    type: Annotated[str, msgspec.Meta(max_length=64)]
    description: Text = None


class BalanceTransaction(Wire):
    """https://docs.stripe.com/api/balance_transactions/object"""

    id: WireId
    object: str
    amount: MinorUnits
    currency: WireCurrency
    created: UnixSeconds
    fee: MinorUnits
    net: MinorUnits
    type: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    source: Expandable = None
    reporting_category: str | None = None
    balance_type: str | None = None
    fee_details: Annotated[tuple[FeeDetail, ...], msgspec.Meta(max_length=MAX_FEE_DETAILS)] = ()
    description: Text = None


class TransactionList(Wire):
    """https://docs.stripe.com/api/pagination"""

    object: str
    data: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=100)]
    has_more: bool


class BalancePart(Wire):
    amount: MinorUnits
    currency: WireCurrency


class Balance(Wire):
    """https://docs.stripe.com/api/balance/balance_object: available + pending is the payments balance."""

    object: str
    available: Annotated[tuple[BalancePart, ...], msgspec.Meta(max_length=200)]
    pending: Annotated[tuple[BalancePart, ...], msgspec.Meta(max_length=200)]
    livemode: bool


class Address(Wire):
    line1: Text = None
    line2: Text = None
    city: Text = None
    postal_code: Text = None
    state: Text = None
    country: Text = None


class Customer(Wire):
    """https://docs.stripe.com/api/customers/object; a deleted one may hold only its id."""

    id: WireId
    created: UnixSeconds | None = None
    name: Text = None
    business_name: Text = None
    email: Text = None
    phone: Text = None
    description: Text = None
    address: Address | None = None
    preferred_locales: Annotated[tuple[str, ...], msgspec.Meta(max_length=50)] | None = None
    currency: WireCurrency | None = None
    metadata: Metadata = None
    deleted: bool = False


def id_of(field: str | dict[str, Any] | None) -> str | None:
    """Return the id of an expandable field, or None when it is null or an object without an id."""
    if isinstance(field, dict):
        found = field.get("id")
        return found if isinstance(found, str) and 0 < len(found) <= 255 else None
    return field
