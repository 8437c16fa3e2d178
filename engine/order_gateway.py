# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who tells the money of a shop's gateway (accounting policy F7): its own ledger, the bank, or the shop itself.

Source of the names: https://help.shopify.com/en/manual/payments (manual payments, gift cards, store credit), and
``gateway`` of https://shopify.dev/docs/api/admin-rest/latest/resources/transaction
"""

from __future__ import annotations

# What the shop keeps itself, with the role of the account on which it is owed.
SHOP_CREDIT = {"gift_card": "GIFT", "shopify_store_credit": "STCR", "store_credit": "STCR"}
# gateway → connector whose ledger tells its money.
COVERED_BY = {
    "shopify_payments": "shopify",
    "shop_pay": "shopify",
    "shop_pay_installments": "shopify",
    "paypal": "paypal",
    "paypal_express_checkout": "paypal",
    "stripe": "stripe",
}
# Nothing is moved by a ledger of a processor: the customer pays later, to the bank or to the till.
PAID_TO_THE_BANK = frozenset(
    {
        "manual",
        "cash",
        "cash_on_delivery",
        "cash_on_delivery_cod",
        "bank_deposit",
        "money_order",
        "bank_transfer",
    }
)
# What a gateway did that moved money; authorisations and voids move none.
TAKES = frozenset({"sale", "capture", "refund"})


def gateway_key(name: str) -> str:
    """Return a gateway's name in one form: shops write both "Cash on Delivery (COD)" and cash_on_delivery."""
    kept = "".join(letter if letter.isalnum() else " " for letter in name.casefold())
    return "_".join(kept.split())
