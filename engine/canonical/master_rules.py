# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What customers, suppliers and products must say beyond their schema."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ..errors import ContractError
from ..money import is_exact, minor_units, plain
from .base import Document
from .customer import Customer
from .product import Product
from .supplier import Supplier

# A list price is one of a unit and may be finer than an amount. Both limits together keep it within the 15 digits
# that the floating numbers in which Odoo keeps it return unchanged.
MAX_PRICE_DECIMALS = 6
MAX_PRICE = Decimal(10**9)


def _violation(path: str, problem: str) -> ContractError:
    return ContractError("schema_violation", params={"path": path, "problem": problem})


def _check_customer(customer: Customer, _provider: str | None) -> list[str]:
    if customer.currency is not None:
        minor_units(customer.currency)
    return []


def _check_supplier(supplier: Supplier, _provider: str | None) -> list[str]:
    for currency in (supplier.currency, *(account.currency for account in supplier.bank_accounts)):
        if currency is not None:
            minor_units(currency)
    numbers = ["".join(account.account_number.split()).upper() for account in supplier.bank_accounts]
    if len(set(numbers)) != len(numbers):
        raise _violation("bank_accounts", "one account is named twice")
    return []


def _check_product(product: Product, _provider: str | None) -> list[str]:
    if (product.price is None) != (product.currency is None):
        raise _violation("currency", "a price has a currency, and a currency is that of a price")
    if product.price is not None:
        minor_units(product.currency)
        if not 0 <= product.price < MAX_PRICE or not is_exact(product.price, MAX_PRICE_DECIMALS):
            raise _violation(
                "price", f"from 0 to below {plain(MAX_PRICE)}, with at most {MAX_PRICE_DECIMALS} decimals"
            )
    if "*" in (*product.tax_codes, product.income_account, product.unit):
        raise _violation("tax_codes", "* stands for any value that nobody has mapped and cannot be a code")
    return []


MASTER_RULES: dict[type[Document], Callable[..., list[str]]] = {
    Customer: _check_customer,
    Supplier: _check_supplier,
    Product: _check_product,
}
