# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Shopify's words as tables, each with the page that it was read from."""

from __future__ import annotations

import re

from ..base import Need

DOCUMENTATION_URL = "https://shopify.dev/docs/api/webhooks"
API_VERSION = "2026-01"

NEEDS = (
    Need("account", "Address of the shop, name.myshopify.com", "Shopify admin: Settings, Domains."),
    Need(
        "inbound_signature",
        "Client secret of an app made for this shop alone",
        "Shopify admin: Settings, Apps and sales channels, Develop apps, the app, API credentials.",
    ),
    Need(
        "api",
        "Admin API access token, shpat_…",
        "As above, once the app is installed; read rights on orders, fulfilments, customers, Shopify Payments payouts, "
        "where wanted also on products and disputes; to write names and prices write_products, tags write_orders, "
        "evidence write_shopify_payments_dispute_evidences.",
    ),
    Need("address", "Nothing to enter", "The hub subscribes to the topics itself, with the access token."),
)
# https://shopify.dev/docs/apps/build/webhooks: what a delivery says of itself; none of it is signed.
HEADERS = ("topic", "shop-domain", "api-version", "webhook-id", "event-id", "triggered-at", "test")
ENVELOPE_HEADERS = tuple(f"{family}{name}" for family in ("x-shopify-", "shopify-") for name in HEADERS)
SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,100}\.myshopify\.com")

SENSITIVE_KEYS = frozenset(
    {
        "email",
        "contact_email",
        "phone",
        "first_name",
        "last_name",
        "name",
        "company",
        "address1",
        "address2",
        "zip",
        "latitude",
        "longitude",
        "browser_ip",
        "client_details",
        "default_address",
        "addresses",
        "billing_address",
        "shipping_address",
        "note_attributes",
        "receipt",
        "payment_details",
        "token",
        "cart_token",
        "checkout_token",
        "order_status_url",
    }
)

ORDER_TOPICS = ("orders/create", "orders/updated", "orders/edited", "orders/paid", "orders/cancelled")
FULFILMENT_TOPICS = ("fulfillments/create", "fulfillments/update")
REFUND_TOPIC = "refunds/create"
CUSTOMER_TOPICS = ("customers/create", "customers/update", "customers/delete")
PRODUCT_TOPICS = ("products/create", "products/update")
DELETED_PRODUCT_TOPIC = "products/delete"
TRANSACTION_TOPIC = "order_transactions/create"
UNINSTALLED_TOPIC = "app/uninstalled"
DISPUTE_TOPICS = ("disputes/create", "disputes/update")
BALANCE_TRANSACTION = "balance_transaction"
PULLED_ORDER = "pulled_order"
# What must be subscribed to; orders/edited holds the edit alone, orders/updated follows it with the whole order.
WANTED_TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/cancelled",
    *FULFILMENT_TOPICS,
    REFUND_TOPIC,
    TRANSACTION_TOPIC,
    *CUSTOMER_TOPICS,
    UNINSTALLED_TOPIC,
)

# Subscribed to where the app may read products and disputes; a shop that does not give that right does without them.
OPTIONAL_TOPICS = (*PRODUCT_TOPICS, *DISPUTE_TOPICS)

# https://shopify.dev/docs/api/admin-rest/latest/resources/fulfillment (status)
FULFILMENT_STATUSES = {
    "success": "success",
    "cancelled": "cancelled",
    "error": "failed",
    "failure": "failed",
    "pending": "pending",
    "open": "pending",
}
# https://shopify.dev/docs/api/admin-rest/latest/resources/refund (restock_type, order_adjustments.kind)
RESTOCK_TYPES = ("no_restock", "cancel", "return", "legacy_restock")
SHIPPING_ADJUSTMENT, DISCREPANCY_ADJUSTMENT = "shipping_refund", "refund_discrepancy"
ADJUSTMENT_KINDS = {SHIPPING_ADJUSTMENT: "shipping", DISCREPANCY_ADJUSTMENT: "discrepancy"}
REFUNDED_TRANSACTIONS = ("refund", "void")
# https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderTransactionKind, …/OrderTransactionStatus; the REST API
# has the same words in lower case.
TRANSACTION_KINDS = {
    "authorization": "authorization",
    "emv_authorization": "authorization",
    "capture": "capture",
    "sale": "sale",
    "void": "void",
    "refund": "refund",
    "change": "change",
}
TRANSACTION_STATUSES = {
    "success": "success",
    "pending": "pending",
    "awaiting_response": "pending",
    "unknown": "pending",
    "failure": "failure",
    "error": "error",
}

# https://shopify.dev/docs/api/admin-rest/latest/resources/dispute (type, status): an inquiry asks first, and no money
# moves; what the merchant has accepted is lost, what he has refunded ends without a decision.
INQUIRY = "inquiry"
DISPUTE_STATES = {
    "needs_response": "needs_response",
    "under_review": "under_review",
    "charge_refunded": "closed",
    "accepted": "lost",
    "won": "won",
    "lost": "lost",
}
# https://shopify.dev/docs/api/admin-graphql/latest/enums/ShopifyPaymentsTransactionType: what a line of the balance of
# Shopify Payments is. A type that is not here goes to suspense the same day: credits and debits of other products of
# Shopify, bills of apps, loans, taxes and labels need a person's decision once per kind.
MOVEMENT_TYPES = {
    "CHARGE": "payment",
    "REFUND": "refund",
    "REFUND_FAILURE": "refund_return",
    "DISPUTE_WITHDRAWAL": "dispute",
    "DISPUTE_REVERSAL": "dispute_return",
    "CHARGEBACK_HOLD": "reserve",
    "CHARGEBACK_HOLD_RELEASE": "reserve_release",
    "RESERVED_FUNDS": "reserve",
    "RESERVED_FUNDS_REVERSAL": "reserve_release",
    "RESERVED_FUNDS_WITHDRAWAL": "reserve_release",
    "RISK_WITHDRAWAL": "reserve",
    "RISK_REVERSAL": "reserve_release",
    "TRANSFER": "payout",
    "TRANSFER_FAILURE": "payout_return",
    "TRANSFER_CANCEL": "payout_return",
    "TRANSFER_REFUND": "payout_return",
    "CHARGEBACK_FEE": "fee",
    "CHARGEBACK_FEE_REFUND": "fee",
    "STRIPE_FEE": "fee",
    "APPLICATION_FEE_REFUND": "fee",
}
# The sign that a type has in the balance; the other sign is something that we do not know.
SIGNS = {
    "payment": 1,
    "refund": -1,
    "refund_return": 1,
    "dispute": -1,
    "dispute_return": 1,
    "reserve": -1,
    "reserve_release": 1,
    "payout": -1,
    "payout_return": 1,
}
PAGE_SIZE = 100
