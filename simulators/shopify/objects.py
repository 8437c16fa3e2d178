# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The shop as its GraphQL API shows it: objects as maps from field to value, lists with pages as functions.

Sources: https://shopify.dev/docs/api/admin-graphql/latest/objects/Order, …/LineItem, …/Fulfillment, …/Refund,
…/OrderTransaction, …/ShopifyPaymentsBalanceTransaction, …/WebhookSubscription, …/usage/pagination-graphql
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import disputes
from .graph import AskedWronglyError
from .products import queries
from .shapes import financial_status, fulfilment_status

if TYPE_CHECKING:
    from .state import Item, Order, ShopifyShop

MAX_FIRST = 250
_SINCE = re.compile(r"updated_at:>='([^']+)'")


def gid(kind: str, number: Any) -> str:
    return f"gid://shopify/{kind}/{number}"


def stamp(at: dt.datetime | None) -> str | None:
    return at.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def pages(things: Sequence[Any], show: Callable[[Any], dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Return a list with pages: its cursor is the place of the last entry that was given."""

    def page(first: int, after: str | None = None, **_more: Any) -> dict[str, Any]:
        if not isinstance(first, int) or not 1 <= first <= MAX_FIRST:
            raise AskedWronglyError("argumentLiteralsIncompatible", f"first is 1 to {MAX_FIRST}")
        begin = int(after.removeprefix("place-")) if after else 0
        shown = things[begin : begin + first]
        end = begin + len(shown)
        info = {"hasNextPage": end < len(things), "endCursor": f"place-{end}" if shown else None}
        return {"pageInfo": info, "nodes": [show(each) for each in shown]}

    return page


def some(things: Sequence[Any], show: Callable[[Any], dict[str, Any]]) -> Callable[..., list[dict[str, Any]]]:
    """Return a list without pages."""
    return lambda first=MAX_FIRST: [show(each) for each in things[:first]]


def root(shop: ShopifyShop) -> dict[str, Any]:
    """Return what a query begins with."""

    def orders(query: str | None = None, sortKey: str = "PROCESSED_AT", **paging: Any) -> Any:  # noqa: N803
        if sortKey != "UPDATED_AT":
            raise AskedWronglyError("argumentLiteralsIncompatible", "the simulator sorts by UPDATED_AT alone")
        since = _SINCE.search(query or "")
        begin = dt.datetime.fromisoformat(since.group(1).replace("Z", "+00:00")) if since else None
        found = [each for each in shop.orders.values() if begin is None or each.updated >= begin]
        found.sort(key=lambda each: (each.updated, each.id))
        return pages(found, lambda each: order_object(shop, each))(**paging)

    def one(id: str) -> Any:  # noqa: A002 - the vendor's name
        found = shop.orders.get(int(id.rpartition("/")[2]))
        return order_object(shop, found) if found else None

    account = {"balanceTransactions": pages(shop.lines, lambda line: line_object(shop, line))}
    return {
        "orders": orders,
        "order": one,
        "shopifyPaymentsAccount": account if shop.lines else None,
        "webhookSubscriptions": pages(sorted(shop.subscriptions.items()), _subscription),
        **queries(shop, pages),
        **disputes.queries(shop),
    }


def _subscription(pair: tuple[str, str]) -> dict[str, Any]:
    endpoint = {"__typename": "WebhookHttpEndpoint", "callbackUrl": pair[1]}
    return {"id": gid("WebhookSubscription", pair[0]), "topic": pair[0], "endpoint": endpoint}


def money(shop: ShopifyShop, amount: Decimal) -> dict[str, Any]:
    """Return an amount; this API leaves needless zeros out (5.0)."""
    plain = amount.normalize()
    text = f"{plain:f}" if plain.as_tuple().exponent < 0 else f"{plain:f}.0"
    return {"shopMoney": {"amount": text, "currencyCode": shop.currency}}


def order_object(shop: ShopifyShop, order: Order) -> dict[str, Any]:
    """Return an order with all that belongs to it."""
    goods = [item for item in order.items if item.kind != "shipping"]
    sent = [item for item in order.items if item.kind == "shipping"]
    buyer, address = order.buyer, {"countryCodeV2": order.country, "company": order.company}
    return {
        "id": gid("Order", order.id),
        "name": order.name,
        "createdAt": stamp(order.at),
        "updatedAt": stamp(order.updated),
        "processedAt": stamp(order.at),
        "cancelledAt": stamp(order.cancelled),
        "displayFinancialStatus": financial_status(order).upper(),
        "displayFulfillmentStatus": (fulfilment_status(order) or "unfulfilled").upper(),
        "taxesIncluded": order.included,
        "test": order.test,
        "currencyCode": order.currency,
        "email": buyer["email"] if buyer else None,
        "note": None,
        "sourceName": order.channel,
        "tags": list(order.tags),
        "paymentGatewayNames": list(order.gateways),
        "purchasingEntity": {"__typename": "PurchasingCompany" if order.company else "Customer"},
        "customer": {
            "id": gid("Customer", buyer["id"]),
            "firstName": buyer["first_name"],
            "lastName": buyer["last_name"],
            "defaultEmailAddress": {"emailAddress": buyer["email"]},
        }
        if buyer
        else None,
        "shippingAddress": address,
        "billingAddress": address,
        "totalPriceSet": money(shop, order.total),
        "totalTipReceivedSet": money(shop, order.tip),
        "totalCashRoundingAdjustment": None,
        "lineItems": pages(goods, lambda item: _item(shop, item)),
        "shippingLines": pages(sent, lambda item: _shipping(shop, item)),
        "fulfillments": some(order.fulfilments, lambda made: _fulfilment(order, made)),
        "refunds": some(order.refunds, lambda made: _refund(shop, made)),
        "transactions": some(order.transactions, lambda made: _transaction(shop, order, made)),
    }


def _taxes(shop: ShopifyShop, item: Item) -> list[dict[str, Any]]:
    if item.kind == "gift_card":
        return []
    return [
        {
            "title": "VAT",
            "rate": item.rate,
            "channelLiable": item.channel_liable,
            "priceSet": money(shop, item.tax),
        }
    ]


def _item(shop: ShopifyShop, item: Item) -> dict[str, Any]:
    return {
        "id": gid("LineItem", item.id),
        "title": item.title,
        "sku": item.sku,
        "quantity": item.quantity,
        "currentQuantity": item.quantity - item.removed,
        "isGiftCard": item.kind == "gift_card",
        "originalUnitPriceSet": money(shop, item.price),
        "taxLines": _taxes(shop, item),
        "discountAllocations": [{"allocatedAmountSet": money(shop, item.discount)}] if item.discount else [],
        "duties": [],
    }


def _shipping(shop: ShopifyShop, item: Item) -> dict[str, Any]:
    return {
        "id": gid("ShippingLine", item.id),
        "title": item.title,
        "isRemoved": False,
        "originalPriceSet": money(shop, item.price),
        "taxLines": _taxes(shop, item),
        "discountAllocations": [],
    }


def _fulfilment(order: Order, made: dict[str, Any]) -> dict[str, Any]:
    lines = [
        {"quantity": n, "lineItem": {"id": gid("LineItem", each)}} for each, n in made["quantities"].items()
    ]
    return {
        "id": gid("Fulfillment", made["id"]),
        "name": f"{order.name}-F{made['number']}",
        "status": made["status"].upper(),
        "createdAt": stamp(made["at"]),
        "updatedAt": stamp(made["updated"]),
        "trackingInfo": [],
        "fulfillmentLineItems": pages(lines, dict),
    }


def _transaction(shop: ShopifyShop, order: Order, made: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": gid("OrderTransaction", made["id"]),
        "kind": made["kind"].upper(),
        "gateway": made["gateway"],
        "status": made["status"].upper(),
        "createdAt": stamp(made["at"]),
        "processedAt": stamp(made["at"]),
        "test": order.test,
        "authorizationCode": made["authorization"],
        "amountSet": money(shop, made["amount"]),
        "parentTransaction": None,
    }


def _refund(shop: ShopifyShop, made: dict[str, Any]) -> dict[str, Any]:
    given, taxed = made["shipping"]
    shipped = [{"id": gid("RefundShippingLine", made["id"]), "subtotalAmountSet": money(shop, given),
                "taxAmountSet": money(shop, taxed)}] if given else []  # fmt: skip
    kept = [{"id": gid("OrderAdjustment", made["id"]), "reason": "OTHER", "amountSet": money(shop, made["kept"]),
             "taxAmountSet": money(shop, Decimal(0))}] if made["kept"] else []  # fmt: skip
    lines = [
        {
            "id": gid("RefundLineItem", made["id"] * 10 + place),
            "quantity": line["quantity"],
            "restockType": line["restock"].upper(),
            "subtotalSet": money(shop, line["subtotal"]),
            "totalTaxSet": money(shop, line["tax"]),
            "lineItem": {"id": gid("LineItem", line["item"])},
        }
        for place, line in enumerate(made["lines"])
    ]
    sent = [
        {
            "id": gid("OrderTransaction", each["id"]),
            "kind": each["kind"].upper(),
            "gateway": each["gateway"],
            "status": each["status"].upper(),
            "amountSet": money(shop, each["amount"]),
        }
        for each in made["transactions"]
    ]
    return {
        "id": gid("Refund", made["id"]),
        "createdAt": stamp(made["at"]),
        "note": None,
        "refundLineItems": pages(lines, dict),
        "refundShippingLines": pages(shipped, dict),
        "orderAdjustments": pages(kept, dict),
        "transactions": pages(sent, dict),
    }


def line_object(shop: ShopifyShop, line: dict[str, Any]) -> dict[str, Any]:
    """Return a line of the balance of Shopify Payments."""
    order, payout = line["order"], line["payout"]
    return {
        "id": gid("ShopifyPaymentsBalanceTransaction", line["id"]),
        "type": line["kind"],
        "test": line["test"],
        "transactionDate": stamp(line["at"]),
        "amount": _plain(shop, line["amount"]),
        "fee": _plain(shop, line["fee"]),
        "net": _plain(shop, line["amount"] - line["fee"]),
        "sourceType": "DISPUTE" if line["kind"].startswith("DISPUTE_") else None,
        "sourceId": line["source"],
        "sourceOrderTransactionId": line["transaction"],
        "adjustmentReason": None,
        "associatedOrder": {"id": gid("Order", order.id), "name": order.name} if order else None,
        "associatedPayout": {"id": gid("ShopifyPaymentsPayout", payout)} if payout else None,
    }


def _plain(shop: ShopifyShop, amount: Decimal) -> dict[str, Any]:
    return money(shop, amount)["shopMoney"]
