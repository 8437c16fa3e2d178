# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The fields of Stripe Billing's objects that the connector uses.

Sources: https://docs.stripe.com/api/invoices/object, https://docs.stripe.com/api/invoice-line-item/object,
https://docs.stripe.com/api/credit_notes/object, https://docs.stripe.com/api/invoice-payment/object. Releases before
``basil`` call ``taxes`` ``tax_amounts`` and name charge and payment intent on the invoice
(https://docs.stripe.com/changelog/basil); both are read.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from ..reading import MinorUnits, UnixSeconds, Wire, WireCurrency, WireId
from .wire import Expandable, Metadata, Text

MAX_LINES = 2000
MAX_PARTS = 100
Number = Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None


class RateDetails(Wire):
    tax_rate: Expandable = None


class LineTax(Wire):
    """One tax of a line: ``taxes`` (basil and later) or ``tax_amounts`` (before)."""

    amount: MinorUnits
    tax_behavior: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    inclusive: bool | None = None
    tax_rate_details: RateDetails | None = None
    tax_rate: Expandable = None


Taxes = Annotated[tuple[LineTax, ...], msgspec.Meta(max_length=MAX_PARTS)] | None


class CreditGrant(Wire):
    """https://docs.stripe.com/api/billing/credit-grant/object: ``paid`` or ``promotional``."""

    id: WireId
    category: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class CreditUse(Wire):
    """https://docs.stripe.com/api/billing/credit-balance-transaction/object, with its grant where asked for."""

    id: WireId
    credit_grant: CreditGrant | str | None = None


class PartAmount(Wire):
    """A discount or a pre-tax credit of a line, in minor units, positive."""

    amount: MinorUnits
    credit_balance_transaction: dict[str, Any] | str | None = None
    type: Annotated[str, msgspec.Meta(max_length=64)] | None = None


Parts = Annotated[tuple[PartAmount, ...], msgspec.Meta(max_length=MAX_PARTS)] | None


class Period(Wire):
    start: UnixSeconds
    end: UnixSeconds


class PriceDetails(Wire):
    product: Expandable = None


class Pricing(Wire):
    price_details: PriceDetails | None = None


class Price(Wire):
    product: Expandable = None


class InvoiceLine(Wire):
    """``amount`` is before discounts; it holds those taxes that are included in the price."""

    id: WireId
    amount: MinorUnits
    currency: WireCurrency | None = None
    description: Text = None
    quantity: Annotated[int, msgspec.Meta(ge=0, le=10**12)] | None = None
    period: Period | None = None
    discount_amounts: Parts = None
    pretax_credit_amounts: Parts = None
    taxes: Taxes = None
    tax_amounts: Taxes = None
    pricing: Pricing | None = None
    price: Price | None = None


class LineList(Wire):
    data: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=MAX_LINES)]
    has_more: bool = False


class ShippingCost(Wire):
    """``amount_total`` is with taxes; ``taxes`` are told only where they are asked for."""

    amount_total: MinorUnits = 0
    amount_tax: MinorUnits = 0
    taxes: Taxes = None


class Shipped(Wire):
    """An invoice or a credit note that was asked for its shipping costs."""

    id: WireId
    shipping_cost: dict[str, Any] | None = None


class Transitions(Wire):
    finalized_at: UnixSeconds | None = None
    voided_at: UnixSeconds | None = None
    marked_uncollectible_at: UnixSeconds | None = None


class TaxId(Wire):
    type: str | None = None
    value: Annotated[str, msgspec.Meta(max_length=255)] | None = None


class SubscriptionDetails(Wire):
    subscription: Expandable = None


class Parent(Wire):
    subscription_details: SubscriptionDetails | None = None


class PaidBy(Wire):
    type: str | None = None
    payment_intent: Expandable = None
    charge: Expandable = None


class InvoicePayment(Wire, kw_only=True):
    """What pays an invoice; ``payment`` names the payment intent, or a charge without one."""

    id: WireId
    invoice: Expandable = None
    currency: WireCurrency
    status: str
    payment: PaidBy | None = None
    amount_paid: MinorUnits | None = None
    created: UnixSeconds | None = None


class PaymentList(Wire):
    data: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=MAX_PARTS)]
    has_more: bool = False


class Invoice(Wire, kw_only=True):
    id: WireId
    object: str
    currency: WireCurrency
    created: UnixSeconds
    status: str | None = None
    number: Number = None
    customer: Expandable = None
    customer_name: Text = None
    customer_email: Text = None
    customer_tax_ids: Annotated[tuple[TaxId, ...], msgspec.Meta(max_length=50)] | None = None
    lines: LineList
    subtotal: MinorUnits = 0
    total: MinorUnits
    total_excluding_tax: MinorUnits | None = None
    amount_due: MinorUnits | None = None
    amount_remaining: MinorUnits | None = None
    starting_balance: MinorUnits | None = None
    ending_balance: MinorUnits | None = None
    pre_payment_credit_notes_amount: MinorUnits | None = None
    shipping_cost: ShippingCost | None = None
    due_date: UnixSeconds | None = None
    effective_at: UnixSeconds | None = None
    status_transitions: Transitions | None = None
    parent: Parent | None = None
    subscription: Expandable = None
    payment_intent: Expandable = None
    charge: Expandable = None
    payments: PaymentList | None = None
    metadata: Metadata = None
    last_finalization_error: dict[str, Any] | None = None


class CreditLine(Wire):
    """``amount`` is before discounts and before taxes that are not in the price."""

    id: WireId
    amount: MinorUnits
    description: Text = None
    quantity: Annotated[int, msgspec.Meta(ge=0, le=10**12)] | None = None
    discount_amounts: Parts = None
    pretax_credit_amounts: Parts = None
    taxes: Taxes = None
    tax_amounts: Taxes = None


class Refunded(Wire):
    amount_refunded: MinorUnits = 0


class CreditNote(Wire, kw_only=True):
    id: WireId
    object: str
    currency: WireCurrency
    created: UnixSeconds
    status: str
    number: Number = None
    invoice: Expandable = None
    customer: Expandable = None
    lines: LineList
    total: MinorUnits
    total_excluding_tax: MinorUnits | None = None
    effective_at: UnixSeconds | None = None
    voided_at: UnixSeconds | None = None
    type: str | None = None
    pre_payment_amount: MinorUnits | None = None
    post_payment_amount: MinorUnits | None = None
    customer_balance_transaction: Expandable = None
    out_of_band_amount: MinorUnits | None = None
    refunds: Annotated[tuple[Refunded, ...], msgspec.Meta(max_length=MAX_PARTS)] | None = None
    shipping_cost: ShippingCost | None = None
    reason: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    memo: Text = None
