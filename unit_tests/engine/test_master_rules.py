# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What suppliers and products must say beyond their schema (O2, O3)."""

from datetime import datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.engine.canonical.base import Source
from odoo.addons.finance_integration.engine.canonical.product import Product
from odoo.addons.finance_integration.engine.canonical.rules import check
from odoo.addons.finance_integration.engine.canonical.supplier import BankAccount, Supplier
from odoo.addons.finance_integration.engine.errors import ContractError

HEAD = {
    "source": Source(system="erp", object_id="1"),
    "occurred_at": datetime(2026, 3, 1, tzinfo=timezone.utc),
}


def product(**fields):
    return Product(**{**HEAD, "name": "Rye bread", **fields})


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"price": Decimal("1")}, "currency"),
        ({"currency": "EUR"}, "currency"),
        ({"price": Decimal("-1"), "currency": "EUR"}, "price"),
        ({"price": Decimal("0.0000001"), "currency": "EUR"}, "price"),
        ({"price": Decimal(10**9), "currency": "EUR"}, "price"),
        ({"tax_codes": ("*",)}, "tax_codes"),
        ({"income_account": "*"}, "tax_codes"),
        ({"name": ""}, "name"),
    ],
)
def test_a_product_that_cannot_be_kept_is_refused(fields, path):
    with pytest.raises(ContractError) as caught:
        check(product(**fields))
    assert (caught.value.code, caught.value.params["path"]) == ("schema_violation", path)


def test_the_longest_price_survives_a_floating_number():
    price = Decimal("999999999.999999")
    assert check(product(price=price, currency="JPY")) == ()
    assert Decimal(f"{float(price):.6f}") == price


def test_an_account_of_a_supplier_is_named_once():
    accounts = tuple(
        BankAccount(account_number=number) for number in ("BE68 5390 0754 7034", "be68539007547034")
    )
    with pytest.raises(ContractError) as caught:
        check(Supplier(**HEAD, name="Paper Mill", bank_accounts=accounts))
    assert caught.value.params["path"] == "bank_accounts"
    assert check(Supplier(**HEAD, name="Paper Mill", bank_accounts=accounts[:1])) == ()
    with pytest.raises(ContractError):
        check(Supplier(**HEAD, name="X", bank_accounts=(BankAccount(account_number="1234", currency="XXQ"),)))
