# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The fields of Shopify's objects that are used; all others are ignored."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from ...engine.canonical import Amount
from ...engine.money import check_exact, minor_units, parse_decimal, round_to
from ..reading import Wire, WireCurrency, WireId

Text = Annotated[str, msgspec.Meta(max_length=5000)] | None
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
MoneyText = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Many = msgspec.Meta(max_length=2000)


class TaxLine(Wire, kw_only=True):
    title: Text = None
    price: MoneyText
    rate: Any = None
    channel_liable: bool | None = None


TaxLines = Annotated[tuple[TaxLine, ...], msgspec.Meta(max_length=50)]


class DiscountAllocation(Wire, kw_only=True):
    amount: MoneyText


Discounts = Annotated[tuple[DiscountAllocation, ...], msgspec.Meta(max_length=100)]


class Duty(Wire, kw_only=True):
    id: Number | str | None = None
    harmonized_system_code: Text = None
    price_set: dict[str, Any] | None = None
    tax_lines: TaxLines = ()


class LineItem(Wire, kw_only=True):
    """https://shopify.dev/docs/api/admin-rest/latest/resources/order (line_items)"""

    id: Number
    title: Text = None
    sku: Text = None
    quantity: Number
    current_quantity: Number | None = None
    price: MoneyText
    gift_card: bool = False
    tax_lines: TaxLines = ()
    discount_allocations: Discounts = ()
    duties: Annotated[tuple[Duty, ...], msgspec.Meta(max_length=50)] = ()


class ShippingLine(Wire, kw_only=True):
    id: Number
    title: Text = None
    price: MoneyText
    tax_lines: TaxLines = ()
    discount_allocations: Discounts = ()
    is_removed: bool = False


class Buyer(Wire, kw_only=True):
    id: Number
    email: Text = None
    first_name: Text = None
    last_name: Text = None


class Place(Wire, kw_only=True):
    country_code: Text = None
    company: Text = None


class Order(Wire, kw_only=True):
    """https://shopify.dev/docs/api/admin-rest/latest/resources/order"""

    id: Number
    name: WireId
    currency: WireCurrency
    created_at: WireId
    updated_at: WireId
    processed_at: Text = None
    cancelled_at: Text = None
    financial_status: Text = None
    fulfillment_status: Text = None
    taxes_included: bool
    test: bool = False
    email: Text = None
    customer: Buyer | None = None
    line_items: Annotated[tuple[LineItem, ...], Many]
    shipping_lines: Annotated[tuple[ShippingLine, ...], Many] = ()
    total_tip_received: MoneyText | None = None
    total_price: MoneyText | None = None
    total_cash_rounding_payment_adjustment_set: dict[str, Any] | None = None
    shipping_address: Place | None = None
    billing_address: Place | None = None
    source_name: Text = None
    company: Any = None
    payment_gateway_names: Annotated[tuple[str, ...], msgspec.Meta(max_length=20)] = ()
    note: Text = None


class FulfilledItem(Wire, kw_only=True):
    id: Number
    quantity: Number


class Fulfilment(Wire, kw_only=True):
    """https://shopify.dev/docs/api/admin-rest/latest/resources/fulfillment"""

    id: Number
    order_id: Number
    name: Text = None
    status: WireId
    created_at: WireId
    updated_at: WireId
    tracking_number: Text = None
    line_items: Annotated[tuple[FulfilledItem, ...], Many]


class RefundedItem(Wire, kw_only=True):
    line_item_id: Number
    quantity: Number
    restock_type: Text = None
    subtotal: Any
    total_tax: Any


class OrderAdjustment(Wire, kw_only=True):
    id: Number
    kind: Text = None
    reason: Text = None
    amount: MoneyText
    tax_amount: MoneyText


class RefundedShipping(Wire, kw_only=True):
    """Shipping that was given back; the tax is stated beside the amount, also where prices include it."""

    id: Number
    subtotal_amount_set: dict[str, Any]
    tax_amount_set: dict[str, Any] | None = None


class RefundTransaction(Wire, kw_only=True):
    id: Number
    kind: WireId
    gateway: WireId
    status: WireId
    amount: MoneyText
    currency: WireCurrency


class Refund(Wire, kw_only=True):
    """https://shopify.dev/docs/api/admin-rest/latest/resources/refund

    Since version 2024-10 given back shipping is in ``refund_shipping_lines``, no adjustment any more, and the kind of
    an adjustment is going to disappear.
    """

    id: Number
    order_id: Number
    created_at: WireId
    processed_at: Text = None
    note: Text = None
    refund_line_items: Annotated[tuple[RefundedItem, ...], Many] = ()
    refund_shipping_lines: Annotated[tuple[RefundedShipping, ...], msgspec.Meta(max_length=100)] = ()
    order_adjustments: Annotated[tuple[OrderAdjustment, ...], msgspec.Meta(max_length=100)] = ()
    transactions: Annotated[tuple[RefundTransaction, ...], msgspec.Meta(max_length=100)] = ()


class OrderTransaction(Wire, kw_only=True):
    """https://shopify.dev/docs/api/admin-rest/latest/resources/transaction"""

    id: Number
    order_id: Number
    kind: WireId
    gateway: WireId
    status: WireId
    created_at: WireId
    processed_at: Text = None
    amount: MoneyText
    currency: WireCurrency
    parent_id: Number | None = None
    authorization: Any = None


class CustomerAddress(Wire, kw_only=True):
    company: Text = None
    address1: Text = None
    address2: Text = None
    city: Text = None
    zip: Text = None
    province: Text = None
    country_code: Text = None


class Customer(Wire, kw_only=True):
    """https://shopify.dev/docs/api/admin-rest/latest/resources/customer; a deleted one holds its id alone."""

    id: Number
    updated_at: Text = None
    first_name: Text = None
    last_name: Text = None
    email: Text = None
    phone: Text = None
    currency: Text = None
    default_address: CustomerAddress | None = None


class Money(Wire, kw_only=True):
    """MoneyV2 of the GraphQL API: major units as text."""

    amount: MoneyText
    currencyCode: WireCurrency  # noqa: N815 - the vendor's name


class Named(Wire, kw_only=True):
    id: WireId
    name: Text = None


class BalanceTransaction(Wire, kw_only=True):
    """https://shopify.dev/docs/api/admin-graphql/latest/objects/ShopifyPaymentsBalanceTransaction"""

    id: WireId
    type: WireId
    test: bool = False
    transactionDate: WireId  # noqa: N815
    amount: Money
    fee: Money
    net: Money
    sourceType: Text = None  # noqa: N815
    sourceId: Any = None  # noqa: N815
    sourceOrderTransactionId: Any = None  # noqa: N815
    adjustmentReason: Text = None  # noqa: N815
    associatedOrder: Named | None = None  # noqa: N815
    associatedPayout: Named | None = None  # noqa: N815


def exact(text: object, currency: str) -> Decimal:
    """Return an amount as Shopify writes it (text; in refunds also a number), exact in its currency.

    Both of its APIs write the same amount in their own way (5.0, 5.00); it comes with the currency's decimals.

    :raises ContractError: ``invalid_amount``, ``amount_not_exact``, ``unknown_currency``.
    """
    value = parse_decimal(text)
    check_exact(value, currency)
    return round_to(value, minor_units(currency))


def amount(money: Money) -> Amount:
    """Return an amount of the GraphQL API with its own sign."""
    currency = money.currencyCode.upper()
    return Amount(value=exact(money.amount, currency), currency=currency)
