# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a shop shall hold is compared with what it holds; only what differs is written, and never a rounded price."""

from decimal import Decimal

import pytest

from odoo.addons.finance_integration.engine.errors import ContractError
from odoo.addons.finance_integration.engine.shop_writing import (
    NAMELESS,
    NEGATIVE,
    NOT_EXACT,
    OTHER_CURRENCY,
    OTHER_TAXES,
    CannotWriteError,
    Held,
    Wish,
    order_tags,
    price_text,
    title_is_shared,
    wish_digest,
    writes,
)

PRICED = {"sku": "CUP-1", "name": "Cup", "price": "12.50", "currency": "EUR", "taxes_included": True}


def held(name="Cup", price="12.50", currency="EUR", included=True, single=True):
    return Held("gid://v/1", {"name": name, "price": price}, "gid://p/1", currency, included, single)


def product(**changes):
    return Wish("product", {**PRICED, **changes}, key="k1")


@pytest.mark.parametrize(
    ("price", "currency", "text"),
    [
        ("12.5", "EUR", "12.50"),
        ("12", "JPY", "12"),
        ("12.00", "JPY", "12"),
        ("0", "USD", "0.00"),
        ("1.234", "KWD", "1.234"),
        ("1E+3", "EUR", "1000.00"),
    ],
)
def test_a_price_has_the_decimals_of_its_currency(price, currency, text):
    assert price_text(Decimal(price), currency) == text


@pytest.mark.parametrize(
    ("price", "currency", "reason"),
    [("12.345", "EUR", NOT_EXACT), ("12.5", "JPY", NOT_EXACT), ("-1", "EUR", NEGATIVE)],
)
def test_a_price_is_never_rounded(price, currency, reason):
    with pytest.raises(CannotWriteError) as caught:
        price_text(Decimal(price), currency)
    assert caught.value.reason == reason
    assert caught.value.params == {"price": price, "currency": currency}


def test_an_unknown_currency_is_named():
    with pytest.raises(ContractError):
        price_text(Decimal(1), "XXQ")


def test_what_the_shop_holds_already_is_not_written():
    assert writes(product(), held()) == []
    assert writes(product(), held(price="12.5")) == []
    assert writes(Wish("product", {"sku": "CUP-1", "name": "Cup"}), held(currency="USD")) == []


def test_only_what_differs_is_written():
    [one] = writes(product(), held(price="11.00"))
    assert (one.kind, one.target, one.values) == (
        "price",
        "gid://p/1",
        {"price": "12.50", "variant": "gid://v/1"},
    )
    assert (one.before, one.after) == ("11.00 EUR", "12.50 EUR")
    [one] = writes(product(), held(name="Mug"))
    assert (one.kind, one.values, one.before) == ("name", {"name": "Cup"}, "Mug")
    assert [each.kind for each in writes(product(), held("Mug", "1.00"))] == ["name", "price"]
    # What is not chosen stays the shop's.
    assert writes(Wish("product", {"sku": "CUP-1", "name": "Cup"}), held(price="1.00")) == []


def test_a_title_above_several_variants_is_written_by_its_owner_alone():
    several = held(name="Mugs", single=False)
    assert title_is_shared(product(), several)
    assert writes(product(), several, owns_title=False) == []
    assert [each.kind for each in writes(product(), several)] == ["name"]
    assert [each.kind for each in writes(product(), held(name="Mugs"), owns_title=False)] == ["name"]
    # Nobody has to be asked where the title stays as it is.
    assert not title_is_shared(product(), held(single=False))
    assert not title_is_shared(product(), held(name="Mugs"))
    assert not title_is_shared(Wish("product", {"sku": "CUP-1"}), several)
    assert not title_is_shared(product(), None)


@pytest.mark.parametrize(
    ("shop", "reason"), [({"currency": "USD"}, OTHER_CURRENCY), ({"included": False}, OTHER_TAXES)]
)
def test_a_price_that_the_shop_would_read_otherwise_is_refused(shop, reason):
    with pytest.raises(CannotWriteError) as caught:
        writes(product(), held(price="11.00", **shop))
    assert caught.value.reason == reason


def test_where_nobody_says_whether_taxes_are_included_the_price_counts_as_it_is():
    [one] = writes(product(taxes_included=None), held(price="11.00", included=False))
    assert one.values["price"] == "12.50"


def test_a_product_that_the_shop_does_not_have_is_made_only_where_that_is_wanted():
    assert writes(product(), None) == []
    wish = Wish("product", PRICED, may_create=True, key="k1")
    [one] = writes(wish, None)
    assert (one.kind, one.values["key"], one.after) == ("create", "k1", "Cup 12.50")
    with pytest.raises(CannotWriteError) as caught:
        writes(Wish("product", {"sku": "CUP-1", "price": "1.00", "currency": "EUR"}, may_create=True), None)
    assert caught.value.reason == NAMELESS


def test_only_tags_of_ours_are_touched():
    wish = Wish("order", {"tags": ["odoo-invoiced", "odoo-paid"]}, "1")
    present = Held("gid://o/1", {"tags": ("VIP", "Odoo-Invoiced", "odoo-open", "wholesale")})
    gone, new = writes(wish, present)
    assert (gone.kind, gone.values) == ("tags_remove", {"tags": ["odoo-open"]})
    assert (new.kind, new.values) == ("tags_add", {"tags": ["odoo-paid"]})
    assert writes(wish, Held("gid://o/1", {"tags": ("VIP", "odoo-invoiced", "odoo-paid")})) == []
    assert writes(wish, None) == []


@pytest.mark.parametrize(
    ("facts", "tags"),
    [
        ((False, False, "0", "0", "0"), ()),
        ((True, False, "50", "50", "0"), ("odoo-open", "odoo-partly-invoiced")),
        ((True, True, "50", "20", "0"), ("odoo-invoiced", "odoo-partly-paid")),
        ((True, True, "50", "0", "0"), ("odoo-invoiced", "odoo-paid")),
        ((True, True, "50", "0", "10"), ("odoo-invoiced", "odoo-paid", "odoo-partly-credited")),
        ((True, True, "50", "0", "50"), ("odoo-credited", "odoo-invoiced")),
    ],
)
def test_tags_say_how_far_an_order_is(facts, tags):
    invoiced, complete, total, still_open, credited = facts
    assert (
        order_tags(
            invoiced=invoiced,
            complete=complete,
            total=Decimal(total),
            still_open=Decimal(still_open),
            credited=Decimal(credited),
        )
        == tags
    )


def test_two_wishes_are_told_apart_by_their_values():
    assert wish_digest(PRICED) == wish_digest(dict(reversed(PRICED.items())))
    assert wish_digest(PRICED) != wish_digest({**PRICED, "price": "12.51"})
