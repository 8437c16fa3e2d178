# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O4, O22: what a shop sold, what it handed over, what it took back.

An order is no revenue and no receivable: revenue follows the fulfilment, money the payment (accounting policy F10).
The documents say what is needed for both: the lines with their net amounts and taxes, when which quantity left, what
came back with its reason, and which transactions of which gateway paid for it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from .base import Code, CountryCode, CurrencyCode, Document, Identifier, Label, Money, PartyRef, Struct

MAX_LINES = 2000
Lines = msgspec.Meta(max_length=MAX_LINES)


class OrderTax(Struct, kw_only=True):
    """One tax of a line in the order's currency; ``channel_liable``: the sales channel owes it, not the seller."""

    code: Code
    amount: Money
    rate_percent: Money | None = None
    channel_liable: bool = False


class OrderLine(Struct, kw_only=True):
    """A line; ``net_amount`` is after all discounts and before tax, both it and the taxes for the ``quantity`` ordered.

    ``kind``     what it is in the books: goods or services (``product``), a voucher that is money owed (``gift_card``),
                 ``shipping``, a ``tip``, import ``duty``, or the ``rounding`` of what was paid in cash.
    ``current``  how much of the quantity edits and refunds have left; None = all of it.
    ``follows``  line_id of the line together with which it is handed over.
    ``unit``     what the quantity counts, as on a line of an invoice; None = the product's own unit.
    """

    line_id: Identifier
    kind: Literal["product", "gift_card", "shipping", "tip", "duty", "rounding"]
    description: Label
    product: Code | None = None
    unit: Code | None = None
    quantity: Money
    current: Money | None = None
    follows: Identifier | None = None
    unit_price: Money
    discount: Money | None = None
    net_amount: Money
    taxes: Annotated[tuple[OrderTax, ...], msgspec.Meta(max_length=20)] = ()


class Order(Document, kw_only=True):
    """An order as the shop has it now: each version says everything.

    ``paid_with``    names of the gateways that took money for it; the money itself is told by whoever owns it.
    ``channel``      where it was sold, as the shop calls it; ``tax_country`` the country whose taxes it bears.
    ``business``     sold to a company, not to a consumer.
    """

    number: Identifier
    currency: CurrencyCode
    customer: PartyRef | None = None
    taxes_included: bool = False
    status: Literal["open", "cancelled"] = "open"
    payment_status: Code | None = None
    fulfilment_status: Code | None = None
    lines: Annotated[tuple[OrderLine, ...], Lines] = ()
    total_net: Money
    total_tax: Money
    total_gross: Money
    paid_with: Annotated[tuple[Code, ...], msgspec.Meta(max_length=20)] = ()
    channel: Code | None = None
    tax_country: CountryCode | None = None
    business: bool = False
    note: Label | None = None


class FulfilledLine(Struct, kw_only=True):
    """How much of an order's line was handed over."""

    line_id: Identifier
    quantity: Money


class Fulfilment(Document, kw_only=True):
    """Goods left, or a service was given: ``occurred_at`` is the day of the revenue. Cancelled ones did not happen.

    ``counter``  the how-manieth fulfilment of its order it is, as the shop counts them.
    """

    order: Identifier
    order_number: Identifier | None = None
    counter: Code | None = None
    status: Literal["success", "cancelled", "failed", "pending"] = "success"
    lines: Annotated[tuple[FulfilledLine, ...], Lines] = ()
    tracking: Label | None = None


class RefundedLine(Struct, kw_only=True):
    """What is taken back of an order's line; ``restock`` says what becomes of the goods.

    ``net_amount`` is as the shop states it: with the tax where the prices of the order include it.
    """

    line_id: Identifier
    quantity: Money
    restock: Literal["no_restock", "cancel", "return", "legacy_restock"] = "no_restock"
    net_amount: Money
    tax_amount: Money


class RefundAdjustment(Struct, kw_only=True):
    """What is given back beyond the lines, or kept from them (negative): its own reason and its own tax."""

    kind: Literal["shipping", "discrepancy", "fee", "other"]
    reason: Label | None = None
    net_amount: Money
    tax_amount: Money


class PaidBack(Struct, kw_only=True):
    """Money that a gateway gave back; it only links: the gateway's own connection tells the movement."""

    transaction_id: Identifier
    gateway: Code
    amount: Money


class OrderRefund(Document, kw_only=True):
    """A refund of an order: what it means for revenue, tax and goods, and which transactions gave the money back.

    ``currency``  None = the order's: goods were taken back, and the shop names no money.
    """

    order: Identifier
    currency: CurrencyCode | None = None
    lines: Annotated[tuple[RefundedLine, ...], Lines] = ()
    adjustments: Annotated[tuple[RefundAdjustment, ...], msgspec.Meta(max_length=100)] = ()
    paid_back: Annotated[tuple[PaidBack, ...], msgspec.Meta(max_length=100)] = ()
    total_net: Money
    total_tax: Money
    note: Label | None = None


class OrderPayment(Document, kw_only=True):
    """A transaction of a gateway for an order (O6): it links. Only vouchers and store credit, which the shop itself
    keeps, are moved by it; the money of every other gateway is told by whoever owns it.

    ``type``                what the gateway did; ``parent`` the transaction that it continues or takes back.
    ``amount``              positive in both directions, in ``currency``.
    ``provider_reference``  the gateway's own id of it: under that its ledger knows the money.
    """

    order: Identifier
    type: Literal["sale", "capture", "refund", "authorization", "void", "change"]
    status: Literal["success", "pending", "failure", "error"]
    gateway: Code
    currency: CurrencyCode
    amount: Money
    parent: Identifier | None = None
    provider_reference: Identifier | None = None
