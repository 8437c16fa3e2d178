# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the GraphQL API says of an order and its parts, in the shape in which the webhooks say it."""

from __future__ import annotations

from typing import Any

from ..reading import schema_violation


def nodes_of(part: Any) -> list[dict[str, Any]]:
    """Return the entries of a list with pages."""
    found = part.get("nodes") if isinstance(part, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def listed(node: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the entries of a list without pages."""
    found = node.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def plain_id(told: Any) -> int:
    """Return the number in gid://shopify/Order/123.

    :raises ContractError: there is none.
    """
    text = told.rpartition("/")[2].partition("?")[0] if isinstance(told, str) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise schema_violation("$.id", "Expected an id of Shopify")
    return int(text)


def _part(node: dict[str, Any], name: str) -> dict[str, Any]:
    found = node.get(name)
    return found if isinstance(found, dict) else {}


def _amount(bag: Any) -> Any:
    money = bag.get("shopMoney") if isinstance(bag, dict) else None
    return money.get("amount") if isinstance(money, dict) else None


def _currency(bag: Any) -> Any:
    money = bag.get("shopMoney") if isinstance(bag, dict) else None
    return money.get("currencyCode") if isinstance(money, dict) else None


def _word(told: Any) -> Any:
    return told.lower() if isinstance(told, str) else told


def order_shape(node: dict[str, Any]) -> dict[str, Any]:
    """Return an order as orders/updated has it."""
    buyer = node.get("customer")
    rounding = node.get("totalCashRoundingAdjustment")
    entity = node.get("purchasingEntity")
    return {
        "id": plain_id(node["id"]),
        "name": node.get("name"),
        "currency": node.get("currencyCode"),
        "created_at": node.get("createdAt"),
        "updated_at": node["updatedAt"],
        "processed_at": node.get("processedAt"),
        "cancelled_at": node.get("cancelledAt"),
        "financial_status": _word(node.get("displayFinancialStatus")),
        "fulfillment_status": _word(node.get("displayFulfillmentStatus")),
        "taxes_included": node.get("taxesIncluded"),
        "test": bool(node.get("test")),
        "email": node.get("email"),
        "customer": {
            "id": plain_id(buyer.get("id")),
            "email": _part(buyer, "defaultEmailAddress").get("emailAddress"),
            "first_name": buyer.get("firstName"),
            "last_name": buyer.get("lastName"),
        }
        if isinstance(buyer, dict)
        else None,
        "company": _company(entity) if isinstance(entity, dict) else None,
        "shipping_address": _place(node.get("shippingAddress")),
        "billing_address": _place(node.get("billingAddress")),
        "total_price": _amount(node.get("totalPriceSet")),
        "total_tip_received": _amount(node.get("totalTipReceivedSet")),
        "total_cash_rounding_payment_adjustment_set": {
            "shop_money": {"amount": _amount(rounding.get("paymentSet"))}
        }
        if isinstance(rounding, dict)
        else None,
        "payment_gateway_names": node.get("paymentGatewayNames") or [],
        "source_name": node.get("sourceName"),
        "note": node.get("note"),
        "line_items": [_item(each) for each in nodes_of(node.get("lineItems"))],
        "shipping_lines": [_shipping(each) for each in nodes_of(node.get("shippingLines"))],
    }


def _company(entity: dict[str, Any]) -> dict[str, Any]:
    return {"named": True} if entity.get("__typename") == "PurchasingCompany" else {}


def _place(told: Any) -> dict[str, Any] | None:
    if not isinstance(told, dict):
        return None
    return {"country_code": told.get("countryCodeV2"), "company": told.get("company")}


def _taxes(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "title": each.get("title"),
            "rate": each.get("rate"),
            "price": _amount(each.get("priceSet")),
            "channel_liable": each.get("channelLiable"),
        }
        for each in listed(part, "taxLines")
    ]


def _discounts(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"amount": _amount(each.get("allocatedAmountSet"))} for each in listed(part, "discountAllocations")
    ]


def _item(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": plain_id(line.get("id")),
        "title": line.get("title"),
        "sku": line.get("sku"),
        "quantity": line.get("quantity"),
        "current_quantity": line.get("currentQuantity"),
        "price": _amount(line.get("originalUnitPriceSet")),
        "gift_card": bool(line.get("isGiftCard")),
        "tax_lines": _taxes(line),
        "discount_allocations": _discounts(line),
        "duties": [
            {
                "id": each.get("id"),
                "harmonized_system_code": each.get("harmonizedSystemCode"),
                "price_set": {"shop_money": {"amount": _amount(each.get("price"))}},
                "tax_lines": _taxes(each),
            }
            for each in listed(line, "duties")
        ],
    }


def _shipping(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": plain_id(line.get("id")),
        "title": line.get("title"),
        "price": _amount(line.get("originalPriceSet")),
        "is_removed": bool(line.get("isRemoved")),
        "tax_lines": _taxes(line),
        "discount_allocations": _discounts(line),
    }


def fulfilment_shape(told: dict[str, Any], order_id: int) -> dict[str, Any]:
    """Return a fulfilment as fulfillments/update has it."""
    tracking = listed(told, "trackingInfo")
    return {
        "id": plain_id(told.get("id")),
        "order_id": order_id,
        "name": told.get("name"),
        "status": _word(told.get("status")),
        "created_at": told.get("createdAt"),
        "updated_at": told.get("updatedAt"),
        "tracking_number": tracking[0].get("number") if tracking else None,
        "line_items": [
            {"id": plain_id(_part(each, "lineItem").get("id")), "quantity": each.get("quantity")}
            for each in nodes_of(told.get("fulfillmentLineItems"))
        ],
    }


def transaction_shape(told: dict[str, Any], order_id: int) -> dict[str, Any]:
    """Return a transaction as order_transactions/create has it."""
    parent = told.get("parentTransaction")
    return {
        "id": plain_id(told.get("id")),
        "order_id": order_id,
        "kind": _word(told.get("kind")),
        "gateway": told.get("gateway"),
        "status": _word(told.get("status")),
        "created_at": told.get("createdAt"),
        "processed_at": told.get("processedAt"),
        "test": bool(told.get("test")),
        "authorization": told.get("authorizationCode"),
        "parent_id": plain_id(parent.get("id")) if isinstance(parent, dict) else None,
        "amount": _amount(told.get("amountSet")),
        "currency": _currency(told.get("amountSet")),
    }


def refund_shape(told: dict[str, Any], order_id: int) -> dict[str, Any]:
    """Return a refund as refunds/create has it."""
    return {
        "id": plain_id(told.get("id")),
        "order_id": order_id,
        "created_at": told.get("createdAt"),
        "note": told.get("note"),
        "refund_line_items": [
            {
                "line_item_id": plain_id(_part(each, "lineItem").get("id")),
                "quantity": each.get("quantity"),
                "restock_type": _word(each.get("restockType")),
                "subtotal": _amount(each.get("subtotalSet")),
                "total_tax": _amount(each.get("totalTaxSet")),
            }
            for each in nodes_of(told.get("refundLineItems"))
        ],
        "order_adjustments": [
            *(_given_back(each) for each in nodes_of(told.get("refundShippingLines"))),
            *(_adjusted(each) for each in nodes_of(told.get("orderAdjustments"))),
        ],
        "transactions": [
            {
                "id": plain_id(each.get("id")),
                "kind": _word(each.get("kind")),
                "gateway": each.get("gateway"),
                "status": _word(each.get("status")),
                "amount": _amount(each.get("amountSet")),
                "currency": _currency(each.get("amountSet")),
            }
            for each in nodes_of(told.get("transactions"))
        ],
    }


def _given_back(each: dict[str, Any]) -> dict[str, Any]:
    """Return given back shipping as the webhook writes it: an adjustment, from the order's side."""
    return {
        "id": plain_id(each.get("id")),
        "kind": "shipping_refund",
        "reason": "Shipping refund",
        "amount": _negative(_amount(each.get("subtotalAmountSet"))),
        "tax_amount": _negative(_amount(each.get("taxAmountSet"))),
    }


def _adjusted(each: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": plain_id(each.get("id")),
        "kind": "refund_discrepancy",
        "reason": each.get("reason"),
        "amount": _amount(each.get("amountSet")),
        "tax_amount": _amount(each.get("taxAmountSet")),
    }


def _negative(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    return text.removeprefix("-") if text.startswith("-") else f"-{text}"
