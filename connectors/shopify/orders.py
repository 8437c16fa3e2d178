# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Orders, fulfilments, refunds and customers of a shop → canonical documents.

The topic of a delivery is not signed, so it decides no more than which shape is read: whether an order is paid, edited
or cancelled is read from the order itself.
"""

from __future__ import annotations

import re
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
    OrderPayment,
    OrderRefund,
    OrderTax,
    PaidBack,
    RefundAdjustment,
    RefundedLine,
)
from ...engine.errors import ContractError
from ...engine.instants import parse_instant
from ...engine.money import parse_decimal, plain
from ..reading import clip, read_as, schema_violation
from . import wire
from .const import (
    ADJUSTMENT_KINDS,
    DISCREPANCY_ADJUSTMENT,
    FULFILMENT_STATUSES,
    REFUNDED_TRANSACTIONS,
    RESTOCK_TYPES,
    SHIPPING_ADJUSTMENT,
    TRANSACTION_KINDS,
    TRANSACTION_STATUSES,
)

ZERO = Decimal(0)
HUNDRED = Decimal(100)


def order_documents(system: str, body: Any) -> list[Document]:
    """Return an order as it stands: lines net of discounts and of included tax, for what was ordered.

    :raises ContractError: ``totals_do_not_add_up``: the lines of an order that nobody has edited do not come to its
        total.
    """
    order = read_as(body, wire.Order)
    currency = order.currency.upper()
    country = _tax_country(order)
    lines = [line for item in order.line_items for line in _item_lines(item, order, currency, country)]
    lines += [
        _line(each, order, currency, country, "shipping", Decimal(1), each.title or "Shipping")
        for each in order.shipping_lines
        if not each.is_removed
    ]
    lines += _extra(order, currency, "tip", "Tip", order.total_tip_received)
    _check_total(order, lines, currency)
    rounding = _shop_money(order.total_cash_rounding_payment_adjustment_set)
    lines += _extra(order, currency, "rounding", "Cash rounding", rounding)
    net = sum((line.net_amount for line in lines), ZERO)
    tax = sum((each.amount for line in lines for each in line.taxes), ZERO)
    customer = _customer(order)
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
            channel=clip(order.source_name, 64),
            tax_country=country,
            business=bool(order.company)
            or any(place and place.company for place in (order.billing_address, order.shipping_address)),
            note=clip(order.note),
        )
    ]


def _shop_money(told: dict[str, Any] | None) -> Any:
    """Return the amount in the shop's currency of a pair of amounts, None where there is none."""
    money = told.get("shop_money") if told else None
    return money.get("amount") if isinstance(money, dict) else None


def _customer(order: wire.Order) -> PartyRef:
    buyer = order.customer
    name = " ".join(filter(None, (buyer.first_name, buyer.last_name))) if buyer else None
    return PartyRef(
        outside_id=str(buyer.id) if buyer else None,
        name=clip(name),
        email=clip(buyer.email if buyer else order.email) or clip(order.email),
    )


def _tax_country(order: wire.Order) -> str | None:
    """Return the country whose taxes an order bears: where it is sent, else where it is billed."""
    for address in (order.shipping_address, order.billing_address):
        code = (address.country_code or "").strip().upper() if address else ""
        if len(code) == 2 and code.isascii() and code.isalpha():
            return code
    return None


def _check_total(order: wire.Order, lines: list[OrderLine], currency: str) -> None:
    """Compare the lines with the total that the shop states; what was edited is stated in other fields."""
    edited = any(item.current_quantity not in (None, item.quantity) for item in order.line_items)
    if order.total_price is None or edited or any(each.is_removed for each in order.shipping_lines):
        return
    stated = wire.exact(order.total_price, currency)
    computed = sum((line.net_amount + sum(tax.amount for tax in line.taxes) for line in lines), ZERO)
    if stated != computed:
        raise ContractError(
            "totals_do_not_add_up",
            params={
                "path": "$.total_price",
                "stated": plain(stated),
                "computed": plain(computed),
                "currency": currency,
            },
        )


def _extra(order: wire.Order, currency: str, kind: str, title: str, stated: Any) -> list[OrderLine]:
    """Return a line of its own for an amount of the whole order, none where there is none."""
    amount = wire.exact(stated or "0", currency)
    if not amount:
        return []
    return [
        OrderLine(
            line_id=f"{order.id}:{kind}",
            kind=kind,
            description=title,
            quantity=Decimal(1),
            unit_price=amount,
            net_amount=amount,
        )
    ]


def _item_lines(
    item: wire.LineItem, order: wire.Order, currency: str, country: str | None
) -> list[OrderLine]:
    kind = "gift_card" if item.gift_card else "product"
    title = item.title or item.sku or "–"
    lines = [_line(item, order, currency, country, kind, Decimal(item.quantity), title, clip(item.sku, 64))]
    for index, duty in enumerate(item.duties):
        price = _shop_money(duty.price_set)
        if price is None:
            raise schema_violation("$.line_items.duties.price_set", "Expected shop_money with an amount")
        net = wire.exact(price, currency)
        lines.append(
            OrderLine(
                line_id=f"{item.id}:duty{index}",
                kind="duty",
                description=clip(duty.harmonized_system_code) or "Duty",
                quantity=Decimal(item.quantity),
                follows=str(item.id),
                unit_price=net,
                net_amount=net,
                taxes=_taxes(duty.tax_lines, currency, country),
            )
        )
    return lines


def _line(
    item: Any,
    order: wire.Order,
    currency: str,
    country: str | None,
    kind: str,
    quantity: Decimal,
    title: str,
    product: str | None = None,
) -> OrderLine:
    """Return a line: its price less discounts, and less the tax where prices include it."""
    price = wire.exact(item.price, currency)
    discount = sum((wire.exact(each.amount, currency) for each in item.discount_allocations), ZERO)
    taxes = _taxes(item.tax_lines, currency, country)
    included = sum((tax.amount for tax in taxes), ZERO) if order.taxes_included else ZERO
    current = getattr(item, "current_quantity", None)
    return OrderLine(
        line_id=str(item.id),
        kind=kind,
        description=clip(title) or "–",
        product=product,
        quantity=quantity,
        current=None if current in (None, quantity) else Decimal(current),
        unit_price=price,
        discount=discount or None,
        net_amount=price * quantity - discount - included,
        taxes=taxes,
    )


def _taxes(tax_lines: tuple[wire.TaxLine, ...], currency: str, country: str | None) -> tuple[OrderTax, ...]:
    return tuple(
        OrderTax(
            code=_tax_code(each.title, rate, country),
            amount=wire.exact(each.price, currency),
            rate_percent=rate,
            channel_liable=bool(each.channel_liable),
        )
        for each in tax_lines
        for rate in (None if each.rate is None else parse_decimal(each.rate) * HUNDRED,)
    )


def _tax_code(title: str | None, rate: Decimal | None, country: str | None) -> str:
    """Return the code of a tax: a shop calls every rate of every country by the same name."""
    name = (title or "").strip()[:40] or "Tax"
    percent = "" if rate is None or "%" in name else f"{plain(rate.normalize())}%"
    return " ".join(filter(None, (country, name, percent)))[:64]


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
            order_number=(_NUMBER.sub("", told.name or ""))[:255] or None,
            counter=_counter(told.name),
            status=status,
            lines=tuple(
                FulfilledLine(line_id=str(item.id), quantity=Decimal(item.quantity))
                for item in told.line_items
                if item.quantity
            ),
            tracking=clip(told.tracking_number),
        )
    ]


# REST writes #1001.1, the GraphQL API #1001-F1.
_NUMBER = re.compile(r"(?:\.|-F)([0-9]{1,6})$")


def _counter(name: str | None) -> str | None:
    found = _NUMBER.search(name or "")
    return found.group(1) if found else None


def payment_documents(system: str, body: Any) -> list[Document]:
    """Return a transaction of a gateway; kinds that Shopify invents later are refused by name."""
    told = read_as(body, wire.OrderTransaction)
    if told.kind not in TRANSACTION_KINDS:
        raise schema_violation("$.kind", f"Expected one of {', '.join(TRANSACTION_KINDS)}")
    if told.status not in TRANSACTION_STATUSES:
        raise schema_violation("$.status", f"Expected one of {', '.join(TRANSACTION_STATUSES)}")
    currency = told.currency.upper()
    reference = told.authorization if isinstance(told.authorization, str) else None
    return [
        OrderPayment(
            source=Source(system=system, object_id=str(told.id)),
            occurred_at=parse_instant(told.processed_at or told.created_at),
            order=str(told.order_id),
            type=TRANSACTION_KINDS[told.kind],
            status=TRANSACTION_STATUSES[told.status],
            gateway=told.gateway[:64],
            currency=currency,
            amount=wire.exact(told.amount, currency),
            parent=str(told.parent_id) if told.parent_id else None,
            provider_reference=clip(reference, 255),
        )
    ]


def refund_documents(system: str, body: Any) -> list[Document]:
    """Return a refund: lines with restock, adjustments of their own, and the transactions that gave the money back.

    An adjustment is written from the order's side: negative means that more is given back.

    The ``subtotal`` of a line is on the basis of the order's prices, so with the tax where ``taxes_included`` is set;
    given back shipping and adjustments are before tax in either case. Shopify's pages name the fields without saying
    that (https://shopify.dev/docs/api/admin-rest/latest/resources/refund,
    https://shopify.dev/docs/api/admin-graphql/latest/objects/RefundLineItem); deliveries as published by others show
    price × quantity − discounts, and Microsoft's open source connector for Business Central books it so: a credit memo
    at prices with VAT whose line comes to the subtotal, while for shipping it adds the tax
    (github.com/microsoft/BCApps, ShpfyCreateSalesDocRefund.Codeunit.al, read November 2026). A line that contradicts
    this is refused when it is booked (``refund_tax_unclear``).
    """
    told = read_as(body, wire.Refund)
    currencies = {each.currency.upper() for each in told.transactions}
    if len(currencies) > 1:
        raise schema_violation("$.transactions", "Expected transactions of one currency")
    currency = currencies.pop() if currencies else None
    lines = tuple(_refunded(item, currency) for item in told.refund_line_items)
    adjustments = (
        *(_shipping_back(each, currency) for each in told.refund_shipping_lines),
        *(_adjustment(each, currency) for each in told.order_adjustments if _is_told_once(each, told)),
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


def _is_told_once(adjustment: wire.OrderAdjustment, told: wire.Refund) -> bool:
    """Whether an adjustment is nothing that the lines of shipping say already."""
    return not (told.refund_shipping_lines and adjustment.kind == SHIPPING_ADJUSTMENT)


def _shipping_back(told: wire.RefundedShipping, currency: str | None) -> RefundAdjustment:
    """Return given back shipping.

    :raises ContractError: ``schema_violation``: an amount is missing; a tax is never guessed.
    """
    amount, tax = _shop_money(told.subtotal_amount_set), _shop_money(told.tax_amount_set)
    if amount is None or tax is None:
        raise schema_violation(
            "$.refund_shipping_lines", "Expected the amount and its tax in the shop's money"
        )
    return RefundAdjustment(
        kind="shipping",
        reason="Shipping refund",
        net_amount=_exact(amount, currency),
        tax_amount=_exact(tax, currency),
    )


def _adjustment(told: wire.OrderAdjustment, currency: str | None) -> RefundAdjustment:
    return RefundAdjustment(
        kind=ADJUSTMENT_KINDS.get(told.kind or DISCREPANCY_ADJUSTMENT, "other"),
        reason=clip(told.reason),
        net_amount=-_exact(told.amount, currency),
        tax_amount=-_exact(told.tax_amount, currency),
    )


def _exact(stated: Any, currency: str | None) -> Decimal:
    """Return an amount; where a refund names no money, the order's currency is what it must be exact in."""
    return parse_decimal(stated) if currency is None else wire.exact(stated, currency)


def _refunded(item: wire.RefundedItem, currency: str | None) -> RefundedLine:
    restock = item.restock_type or "no_restock"
    if restock not in RESTOCK_TYPES:
        raise schema_violation(
            "$.refund_line_items.restock_type", f"Expected one of {', '.join(RESTOCK_TYPES)}"
        )
    return RefundedLine(
        line_id=str(item.line_item_id),
        quantity=Decimal(item.quantity),
        restock=restock,
        net_amount=_exact(item.subtotal, currency),
        tax_amount=_exact(item.total_tax, currency),
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
