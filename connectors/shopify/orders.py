# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Orders, fulfilments, refunds and customers of a shop → canonical documents.

The topic of a delivery is not signed, so it decides no more than which shape is read: whether an order is paid, edited
or cancelled is read from the order itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ...engine.canonical import Address, Document, PartyRef, Source
from ...engine.canonical import Customer as CanonicalCustomer
from ...engine.canonical.order import (
    FulfilledLine,
    Fulfilment,
    Order,
    OrderLine,
    OrderRefund,
    OrderTax,
    PaidBack,
    RefundAdjustment,
    RefundedLine,
)
from ...engine.errors import ContractError
from ...engine.instants import parse_instant
from ...engine.money import parse_decimal
from ..reading import clip, read_as, schema_violation
from . import wire
from .const import ADJUSTMENT_KINDS, FULFILMENT_STATUSES, REFUNDED_TRANSACTIONS, RESTOCK_TYPES

ZERO = Decimal(0)
HUNDRED = Decimal(100)


def order_documents(system: str, body: Any) -> list[Document]:
    """Return an order as it stands: quantities after edits, prices net of discounts and of included tax."""
    order = read_as(body, wire.Order)
    currency = order.currency.upper()
    lines = [line for item in order.line_items for line in _item_lines(item, order, currency)]
    lines += [
        _line(each, order, currency, "shipping", Decimal(1), each.title or "Shipping")
        for each in order.shipping_lines
        if not each.is_removed
    ]
    tip = wire.exact(order.total_tip_received or "0", currency)
    if tip:
        lines.append(
            OrderLine(
                line_id=f"{order.id}:tip",
                kind="tip",
                description="Tip",
                quantity=Decimal(1),
                unit_price=tip,
                net_amount=tip,
            )
        )
    net = sum((line.net_amount for line in lines), ZERO)
    tax = sum((each.amount for line in lines for each in line.taxes), ZERO)
    name = (
        " ".join(filter(None, (order.customer.first_name, order.customer.last_name)))
        if order.customer
        else None
    )
    customer = PartyRef(
        outside_id=str(order.customer.id) if order.customer else None,
        name=clip(name),
        email=clip(order.customer.email if order.customer else order.email) or clip(order.email),
    )
    return [
        Order(
            source=Source(system=system, object_id=str(order.id)),
            occurred_at=parse_instant(order.processed_at or order.created_at),
            number=order.name,
            currency=currency,
            customer=None if customer == PartyRef() else customer,
            taxes_included=order.taxes_included,
            status="cancelled" if order.cancelled_at else "open",
            payment_status=clip(order.financial_status, 64),
            fulfilment_status=clip(order.fulfillment_status, 64),
            lines=tuple(lines),
            total_net=net,
            total_tax=tax,
            total_gross=net + tax,
            paid_with=tuple(filter(None, (clip(each, 64) for each in order.payment_gateway_names))),
            note=clip(order.note),
        )
    ]


def _item_lines(item: wire.LineItem, order: wire.Order, currency: str) -> list[OrderLine]:
    quantity = Decimal(item.quantity if item.current_quantity is None else item.current_quantity)
    kind = "gift_card" if item.gift_card else "product"
    whole = _line(
        item, order, currency, kind, Decimal(item.quantity), item.title or item.sku or "–", clip(item.sku, 64)
    )
    lines = [whole if quantity == item.quantity else _part(whole, quantity, currency)]
    for index, duty in enumerate(item.duties):
        stated = ((duty.price_set or {}).get("shop_money") or {}) if isinstance(duty.price_set, dict) else {}
        price = stated.get("amount") if isinstance(stated, dict) else None
        if price is None:
            raise schema_violation("$.line_items.duties.price_set", "Expected shop_money with an amount")
        net = wire.exact(price, currency)
        lines.append(
            OrderLine(
                line_id=f"{item.id}:duty{index}",
                kind="duty",
                description=clip(duty.harmonized_system_code) or "Duty",
                quantity=Decimal(1),
                unit_price=net,
                net_amount=net,
                taxes=_taxes(duty.tax_lines, currency),
            )
        )
    return lines


def _line(
    item: Any,
    order: wire.Order,
    currency: str,
    kind: str,
    quantity: Decimal,
    title: str,
    product: str | None = None,
) -> OrderLine:
    """Return a line: its price less discounts, and less the tax where prices include it."""
    price = wire.exact(item.price, currency)
    discount = sum((wire.exact(each.amount, currency) for each in item.discount_allocations), ZERO)
    taxes = _taxes(item.tax_lines, currency)
    included = sum((tax.amount for tax in taxes), ZERO) if order.taxes_included else ZERO
    return OrderLine(
        line_id=str(item.id),
        kind=kind,
        description=clip(title) or "–",
        product=product,
        quantity=quantity,
        unit_price=price,
        discount=discount or None,
        net_amount=price * quantity - discount - included,
        taxes=taxes,
    )


def _part(line: OrderLine, quantity: Decimal, currency: str) -> OrderLine:
    """Return what is left of a line after an edit; discounts and taxes are stated for the quantity that was ordered.

    :raises ContractError: ``amount_not_exact``: the part of an amount is no whole cent; the order waits for a person.
    """
    whole = line.quantity

    def share(amount: Decimal) -> Decimal:
        part = amount * quantity
        if whole == 0 or (part / whole) * whole != part:
            raise ContractError("amount_not_exact", params={"amount": str(amount), "currency": currency})
        return wire.exact(part / whole, currency)

    return OrderLine(
        line_id=line.line_id,
        kind=line.kind,
        description=line.description,
        product=line.product,
        quantity=quantity,
        unit_price=line.unit_price,
        discount=share(line.discount) if line.discount else None,
        net_amount=share(line.net_amount),
        taxes=tuple(
            OrderTax(
                code=tax.code,
                amount=share(tax.amount),
                rate_percent=tax.rate_percent,
                channel_liable=tax.channel_liable,
            )
            for tax in line.taxes
        ),
    )


def _taxes(tax_lines: tuple[wire.TaxLine, ...], currency: str) -> tuple[OrderTax, ...]:
    return tuple(
        OrderTax(
            code=clip(each.title, 64) or "Tax",
            amount=wire.exact(each.price, currency),
            rate_percent=None if each.rate is None else parse_decimal(each.rate) * HUNDRED,
            channel_liable=bool(each.channel_liable),
        )
        for each in tax_lines
    )


def fulfilment_documents(system: str, body: Any) -> list[Document]:
    """Return what left, and when: the day of the revenue."""
    told = read_as(body, wire.Fulfilment)
    status = FULFILMENT_STATUSES.get(told.status)
    if status is None:
        raise schema_violation("$.status", f"Expected one of {', '.join(sorted(FULFILMENT_STATUSES))}")
    return [
        Fulfilment(
            source=Source(system=system, object_id=str(told.id)),
            occurred_at=parse_instant(told.created_at),
            order=str(told.order_id),
            order_number=(told.name or "").partition(".")[0][:255] or None,
            status=status,
            lines=tuple(
                FulfilledLine(line_id=str(item.id), quantity=Decimal(item.quantity))
                for item in told.line_items
                if item.quantity
            ),
            tracking=clip(told.tracking_number),
        )
    ]


def refund_documents(system: str, body: Any) -> list[Document]:
    """Return a refund: lines with restock, adjustments of their own, and the transactions that gave the money back.

    An adjustment is written from the order's side: negative means that more is given back.
    """
    told = read_as(body, wire.Refund)
    currencies = {each.currency.upper() for each in told.transactions}
    currency = currencies.pop() if len(currencies) == 1 else None
    if currency is None:
        raise schema_violation("$.transactions", "Expected transactions of one currency")
    lines = tuple(_refunded(item, currency) for item in told.refund_line_items)
    adjustments = tuple(
        RefundAdjustment(
            kind=ADJUSTMENT_KINDS.get(each.kind, "other"),
            reason=clip(each.reason),
            net_amount=-wire.exact(each.amount, currency),
            tax_amount=-wire.exact(each.tax_amount, currency),
        )
        for each in told.order_adjustments
    )
    parts = (*lines, *adjustments)
    return [
        OrderRefund(
            source=Source(system=system, object_id=str(told.id)),
            occurred_at=parse_instant(told.processed_at or told.created_at),
            order=str(told.order_id),
            currency=currency,
            lines=lines,
            adjustments=adjustments,
            paid_back=tuple(
                PaidBack(
                    transaction_id=str(each.id),
                    gateway=each.gateway[:64],
                    amount=wire.exact(each.amount, currency),
                )
                for each in told.transactions
                if each.kind in REFUNDED_TRANSACTIONS and each.status == "success"
            ),
            total_net=sum((part.net_amount for part in parts), ZERO),
            total_tax=sum((part.tax_amount for part in parts), ZERO),
            note=clip(told.note),
        )
    ]


def _refunded(item: wire.RefundedItem, currency: str) -> RefundedLine:
    restock = item.restock_type or "no_restock"
    if restock not in RESTOCK_TYPES:
        raise schema_violation(
            "$.refund_line_items.restock_type", f"Expected one of {', '.join(RESTOCK_TYPES)}"
        )
    return RefundedLine(
        line_id=str(item.line_item_id),
        quantity=Decimal(item.quantity),
        restock=restock,
        net_amount=wire.exact(item.subtotal, currency),
        tax_amount=wire.exact(item.total_tax, currency),
    )


def customer_documents(system: str, body: Any, at: str | None, *, gone: bool) -> list[Document]:
    """Return a customer as the shop has it; a deleted one is archived, never removed.

    :param at: when it was told, for a deleted customer of which nothing but the id is left.
    """
    told = read_as(body, wire.Customer)
    address = told.default_address
    company = clip(address.company) if address else None
    name = clip(" ".join(filter(None, (told.first_name, told.last_name))))
    currency = (told.currency or "").upper()
    instant = told.updated_at or at
    if instant is None:
        raise schema_violation("$.updated_at", "Expected an instant")
    return [
        CanonicalCustomer(
            source=Source(system=system, object_id=str(told.id)),
            occurred_at=parse_instant(instant),
            name=company or name or clip(told.email) or str(told.id),
            is_company=bool(company),
            email=clip(told.email),
            phone=clip(told.phone),
            reference=str(told.id),
            address=_address(address),
            currency=currency if len(currency) == 3 and currency.isascii() and currency.isalpha() else None,
            status="archived" if gone else "active",
        )
    ]


def _address(address: wire.CustomerAddress | None) -> Address | None:
    if address is None:
        return None
    country = (address.country_code or "").strip().upper()
    found = Address(
        street=clip(address.address1),
        street2=clip(address.address2),
        city=clip(address.city),
        zip=clip(address.zip),
        state=clip(address.province),
        country=country if len(country) == 2 and country.isascii() and country.isalpha() else None,
    )
    return None if found == Address() else found


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Return a header of either family; None where it is missing."""
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}")
