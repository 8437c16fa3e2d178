# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the shop's webhooks hold: the REST shapes of orders and their parts, amounts as text."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .state import Item, Order, ShopifyShop


def stamp(at: dt.datetime | None) -> str | None:
    """Return an instant as Shopify writes it: with the shop's offset."""
    return at.astimezone(dt.timezone(dt.timedelta(hours=-5))).isoformat(timespec="seconds") if at else None


def body_of(shop: ShopifyShop, topic: str, order: Order, part: dict[str, Any] | None) -> dict[str, Any]:
    """Return the body of a delivery of a topic."""
    folder = topic.partition("/")[0]
    if part is None or folder == "orders":
        return _order(shop, order)
    return {"fulfillments": _fulfilment, "refunds": _refund, "order_transactions": _transaction}[folder](
        shop, order, part
    )


def financial_status(order: Order) -> str:
    """Return how far an order is paid, in the words of the REST API."""
    if order.refunds:
        return "refunded" if order.paid() <= 0 else "partially_refunded"
    if order.paid() >= order.total:
        return "paid"
    return "partially_paid" if order.paid() else "voided" if order.cancelled else "pending"


def fulfilment_status(order: Order) -> str | None:
    """Return how far an order is handed over; None = nothing is."""
    goods = [item for item in order.items if item.kind != "shipping"]
    if not any(item.handed_over for item in goods):
        return None
    return (
        "fulfilled" if all(item.handed_over + item.removed >= item.quantity for item in goods) else "partial"
    )


def _order(shop: ShopifyShop, order: Order) -> dict[str, Any]:
    address = {"country_code": order.country, "company": order.company}
    return {
        "id": order.id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order.id}",
        "name": order.name,
        "currency": order.currency,
        "created_at": stamp(order.at),
        "processed_at": stamp(order.at),
        "updated_at": stamp(order.updated),
        "cancelled_at": stamp(order.cancelled),
        "financial_status": financial_status(order),
        "fulfillment_status": fulfilment_status(order),
        "taxes_included": order.included,
        "test": order.test,
        "email": order.buyer["email"] if order.buyer else None,
        "customer": dict(order.buyer) if order.buyer else None,
        "shipping_address": address,
        "billing_address": address,
        "source_name": order.channel,
        "tags": ", ".join(order.tags),
        "total_price": shop.written(order.total),
        "total_tip_received": shop.written(order.tip),
        "payment_gateway_names": list(order.gateways),
        "note": None,
        "line_items": [_item(shop, item) for item in order.items if item.kind != "shipping"],
        "shipping_lines": [_shipping(shop, item) for item in order.items if item.kind == "shipping"],
    }


def _taxes(shop: ShopifyShop, item: Item) -> list[dict[str, Any]]:
    if item.kind == "gift_card":
        return []
    return [
        {
            "title": "VAT",
            "rate": item.rate,
            "price": shop.written(item.tax),
            "channel_liable": item.channel_liable,
        }
    ]


def _discounts(shop: ShopifyShop, item: Item) -> list[dict[str, Any]]:
    if not item.discount:
        return []
    return [{"amount": shop.written(item.discount), "discount_application_index": 0}]


def _item(shop: ShopifyShop, item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "sku": item.sku,
        "quantity": item.quantity,
        "current_quantity": item.quantity - item.removed,
        "price": shop.written(item.price),
        "gift_card": item.kind == "gift_card",
        "tax_lines": _taxes(shop, item),
        "discount_allocations": _discounts(shop, item),
        "duties": [],
    }


def _shipping(shop: ShopifyShop, item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "price": shop.written(item.price),
        "is_removed": False,
        "tax_lines": _taxes(shop, item),
        "discount_allocations": [],
    }


def _fulfilment(_shop: ShopifyShop, order: Order, made: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": made["id"],
        "order_id": order.id,
        "name": f"{order.name}.{made['number']}",
        "status": made["status"],
        "created_at": stamp(made["at"]),
        "updated_at": stamp(made["updated"]),
        "tracking_number": None,
        "line_items": [{"id": each, "quantity": number} for each, number in made["quantities"].items()],
    }


def _transaction(shop: ShopifyShop, order: Order, made: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": made["id"],
        "order_id": order.id,
        "kind": made["kind"],
        "gateway": made["gateway"],
        "status": made["status"],
        "created_at": stamp(made["at"]),
        "processed_at": stamp(made["at"]),
        "test": order.test,
        "authorization": made["authorization"],
        "parent_id": made["parent"],
        "amount": shop.written(made["amount"]),
        "currency": order.currency,
    }


def _refund(shop: ShopifyShop, order: Order, made: dict[str, Any]) -> dict[str, Any]:
    given, taxed = made["shipping"]
    shipped = [
        {
            "id": made["id"] * 10 + 1,
            "subtotal_amount_set": {"shop_money": _money(shop, order, given)},
            "tax_amount_set": {"shop_money": _money(shop, order, taxed)},
        }
    ]
    kept = _adjustment(shop, made["id"] * 10 + 2, "refund_discrepancy", "OTHER", made["kept"], Decimal(0))
    return {
        "id": made["id"],
        "order_id": order.id,
        "created_at": stamp(made["at"]),
        "processed_at": stamp(made["at"]),
        "note": None,
        "refund_line_items": [
            {
                "id": made["id"] * 10 + 5 + place,
                "line_item_id": line["item"],
                "quantity": line["quantity"],
                "restock_type": line["restock"],
                # In refunds these are numbers, everywhere else texts.
                "subtotal": line["subtotal"],
                "total_tax": line["tax"],
            }
            for place, line in enumerate(made["lines"])
        ],
        "refund_shipping_lines": shipped if given else [],
        "order_adjustments": [kept] if made["kept"] else [],
        "transactions": [_transaction(shop, order, each) for each in made["transactions"]],
    }


def _money(shop: ShopifyShop, order: Order, amount: Decimal) -> dict[str, Any]:
    return {"amount": shop.written(amount), "currency_code": order.currency}


def _adjustment(
    shop: ShopifyShop, number: int, kind: str, reason: str, amount: Decimal, tax: Decimal
) -> dict[str, Any]:
    return {
        "id": number,
        "kind": kind,
        "reason": reason,
        "amount": shop.written(amount),
        "tax_amount": shop.written(tax),
    }
