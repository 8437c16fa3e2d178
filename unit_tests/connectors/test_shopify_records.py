# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Names, prices and tags as Shopify's GraphQL API takes them, and what it says when it does not (S3)."""

import json
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.finance_integration.connectors.base import HttpAnswer
from odoo.addons.finance_integration.connectors.registry import get_connector
from odoo.addons.finance_integration.engine.errors import AuthorizationError, ContractError, TransientError
from odoo.addons.finance_integration.engine.shop_writing import (
    GONE,
    OTHER_CURRENCY,
    SEVERAL,
    CannotWriteError,
    Held,
    Wish,
    Write,
    writes,
)
from odoo.addons.finance_integration.simulators.clock import SimulatedClock
from odoo.addons.finance_integration.simulators.shopify.api import ShopifyApi
from odoo.addons.finance_integration.simulators.shopify.state import ShopifyShop

SHOPIFY = get_connector("shopify")
SETTINGS = {"outside_account": "anna.myshopify.com"}
TOKEN = "shpat_1"
VALUES = {"sku": "CUP-1", "name": "Cup", "price": "12.50", "currency": "USD", "taxes_included": None}


@pytest.fixture
def shop():
    return ShopifyShop("records", SimulatedClock(datetime(2026, 3, 2, 15, 0, tzinfo=timezone.utc)))


@pytest.fixture
def api(shop):
    return ShopifyApi(shop, TOKEN)


def call(api, request):
    path = request.url.removeprefix("https://anna.myshopify.com")
    status, headers, body = api.handle(request.method, path, request.headers, request.body)
    return HttpAnswer(status, {name.lower(): value for name, value in headers.items()}, body)


def held(api, wish):
    return SHOPIFY.record_held(call(api, SHOPIFY.record_find(wish, SETTINGS, TOKEN)), wish)


def write(api, one):
    return SHOPIFY.record_written(call(api, SHOPIFY.record_write(one, SETTINGS, TOKEN)), one)


def wish(**changes):
    return Wish("product", VALUES, key="ab12", **changes)


def answer(data, status=200):
    return HttpAnswer(status, {}, json.dumps(data).encode())


def test_requests_go_to_the_pinned_version_with_the_token_in_the_header():
    request = SHOPIFY.record_find(wish(), SETTINGS, TOKEN)
    assert request.url == "https://anna.myshopify.com/admin/api/2026-01/graphql.json"
    assert request.headers["x-shopify-access-token"] == TOKEN
    assert TOKEN not in repr(request)
    assert json.loads(request.body)["variables"] == {"query": 'sku:"CUP-1"'}


def test_an_article_number_cannot_break_out_of_the_search():
    request = SHOPIFY.record_find(Wish("product", {"sku": 'a" OR sku:"b\\'}), SETTINGS, TOKEN)
    assert json.loads(request.body)["variables"] == {"query": 'sku:"a\\" OR sku:\\"b\\\\"'}


def test_a_product_is_found_by_its_article_number_letter_by_letter(shop, api):
    shop.stock("Other", "CUP-10", "1.00")
    shop.stock("Low", "cup-1", "2.00")
    assert held(api, wish()) is None
    made = shop.stock("Mug", "CUP-1", "11.00")
    found = held(api, wish())
    assert found == Held(
        f"gid://shopify/ProductVariant/{made.id + 1}",
        {"name": "Mug", "price": "11.00"},
        f"gid://shopify/Product/{made.id}",
        "USD",
        taxes_included=False,
    )
    assert held(api, wish(outside_id=found.outside_id)) == found
    assert held(api, wish(outside_id="gid://shopify/ProductVariant/9")) is None


def test_a_known_variant_counts_while_its_number_is_ours(shop, api):
    made = shop.stock("Mug", "CUP-1", "11.00")
    known = wish(outside_id=f"gid://shopify/ProductVariant/{made.id + 1}")
    assert held(api, known).values == {"name": "Mug", "price": "11.00"}
    for other in ("cup-1", "CUP-10", ""):
        made.sku = other
        assert held(api, known) is None


def test_whether_a_title_stands_above_several_variants_is_read_too(shop, api):
    made = shop.stock("Mug", "CUP-1", "11.00")
    assert held(api, wish()).single
    other = shop.stock("", "CUP-2", "11.00", of=made)
    assert not held(api, wish()).single
    second = held(api, Wish("product", {**VALUES, "sku": "CUP-2"}))
    assert (second.single, second.parent_id) == (False, f"gid://shopify/Product/{made.id}")
    assert second.outside_id == f"gid://shopify/ProductVariant/{other.id + 1}"
    [price] = writes(wish(), held(api, wish()), owns_title=False)
    assert write(api, price) == ("", None)
    assert (made.title, made.price, other.price) == ("Mug", Decimal("12.50"), Decimal("11.00"))


def test_two_with_one_article_number_are_nobody_s_guess(shop, api):
    shop.stock("A", "CUP-1", "1.00")
    shop.stock("B", "CUP-1", "1.00")
    with pytest.raises(CannotWriteError) as caught:
        held(api, wish())
    assert (caught.value.reason, caught.value.params) == (SEVERAL, {"sku": "CUP-1"})


def test_what_differs_is_written_and_then_nothing_differs(shop, api):
    made = shop.stock("Mug", "CUP-1", "11.00")
    for one in writes(wish(), held(api, wish())):
        assert write(api, one) == ("", None)
    assert (made.title, made.price) == ("Cup", Decimal("12.50"))
    assert writes(wish(), held(api, wish())) == []
    assert len(api.asked) == 4


@pytest.mark.parametrize(
    ("currency", "price", "written"), [("JPY", "1200", "1200"), ("KWD", "1.250", "1.250")]
)
def test_currencies_with_other_decimals(currency, price, written):
    shop = ShopifyShop(
        "records", SimulatedClock(datetime(2026, 3, 2, tzinfo=timezone.utc)), currency=currency
    )
    api = ShopifyApi(shop, TOKEN)
    made = shop.stock("Cup", "CUP-1", "1")
    one = Wish("product", {**VALUES, "price": price, "currency": currency})
    [change] = writes(one, held(api, one))
    assert write(api, change) == ("", None)
    assert made.price == Decimal(written)
    assert writes(one, held(api, one)) == []


def test_a_missing_product_is_made_once_under_its_own_handle(shop, api):
    one = wish(may_create=True)
    [creation] = writes(one, held(api, one))
    first, second = write(api, creation), write(api, creation)
    [made] = shop.products.values()
    assert first == second == ("", f"gid://shopify/ProductVariant/{made.id + 1}")
    assert (made.title, made.sku, made.price, made.status) == ("Cup", "CUP-1", Decimal("12.50"), "DRAFT")
    assert made.handle == "odoo-ab12"


def test_what_was_made_is_found_by_its_handle_before_the_search_knows_it(shop, api):
    one = wish(may_create=True)
    [creation] = writes(one, held(api, one))
    _none, variant = write(api, creation)
    shop.search_lags = True
    assert held(api, one).outside_id == variant
    assert writes(one, held(api, one)) == []
    # Without leave to make anything the handle is nobody's question.
    assert held(api, wish()) is None
    assert "productByIdentifier" not in api.asked[-1]


def test_what_was_made_and_has_another_number_by_now_is_not_made_over(shop, api):
    one = wish(may_create=True)
    [creation] = writes(one, held(api, one))
    write(api, creation)
    [made] = shop.products.values()
    made.sku = "CUP-B"
    with pytest.raises(CannotWriteError) as caught:
        held(api, one)
    assert (caught.value.reason, caught.value.params) == (GONE, {"sku": "CUP-1"})


def test_a_product_is_not_made_with_a_price_in_another_currency(shop, api):
    one = Wish("product", {**VALUES, "currency": "EUR"}, may_create=True, key="k")
    with pytest.raises(CannotWriteError) as caught:
        held(api, one)
    assert caught.value.reason == OTHER_CURRENCY
    assert shop.products == {}


def test_tags_are_added_and_taken_away_and_others_stay(shop, api):
    order = shop.place([("Cup", 1, "10.00")])
    order.tags = ["VIP", "odoo-open"]
    one = Wish("order", {"tags": ["odoo-invoiced", "odoo-paid"]}, str(order.id))
    for change in writes(one, held(api, one)):
        assert write(api, change) == ("", None)
    assert order.tags == ["VIP", "odoo-invoiced", "odoo-paid"]
    assert writes(one, held(api, one)) == []
    assert held(api, Wish("order", {"tags": []}, "1")) is None


def test_what_shopify_refuses_is_told_in_its_words(shop, api):
    made = shop.stock("Mug", "CUP-1", "11.00")
    target = f"gid://shopify/Product/{made.id}"
    refusal, _made = write(api, Write("name", target, {"name": "x" * 300}, "", ""))
    assert refusal == "Title is too long (maximum is 255 characters)"
    assert made.title == "Mug"
    refusal, _made = write(api, Write("name", "gid://shopify/Product/1", {"name": "x"}, "", ""))
    assert refusal == "Product does not exist"


def test_a_missing_right_is_no_refusal_of_the_product(shop):
    api = ShopifyApi(shop, TOKEN, scopes=frozenset({"write_orders"}))
    shop.stock("Mug", "CUP-1", "11.00")
    [change, _price] = writes(wish(), held(api, wish()))
    with pytest.raises(AuthorizationError) as caught:
        write(api, change)
    assert caught.value.code == "credential_refused"
    api.roll("shpat_2")
    with pytest.raises(AuthorizationError):
        held(api, wish())


def test_a_spent_budget_says_when_to_come_back(shop):
    shop.stock("Mug", "CUP-1", "11.00")
    api = ShopifyApi(shop, TOKEN, budget=25)
    found = held(api, wish())
    change = writes(wish(), found)[0]
    api.budget = 0
    with pytest.raises(TransientError) as caught:
        write(api, change)
    assert (caught.value.code, caught.value.retry_after_seconds) == ("source_rate_limited", 1)
    assert next(iter(shop.products.values())).title == "Mug"


@pytest.mark.parametrize(
    "said",
    [
        {"data": {"shop": None, "productVariants": {"nodes": []}}},
        {
            "data": {
                "shop": {"currencyCode": "USD", "taxesIncluded": False},
                "productVariants": {"nodes": [7]},
            }
        },
        {"data": {"shop": {"currencyCode": "USD", "taxesIncluded": False}}},
        {
            "data": {
                "shop": {"currencyCode": "USD", "taxesIncluded": False},
                "productVariants": {"nodes": [{"id": "1", "price": "1.00", "product": {"id": "2"}}]},
            }
        },
        {"data": None},
        {"errors": [{"message": "no"}]},
    ],
)
def test_an_answer_of_another_shape_is_named(said):
    with pytest.raises(ContractError):
        SHOPIFY.record_held(answer(said), wish())


def test_a_handle_that_is_answered_in_another_shape_is_named():
    shop = {"currencyCode": "USD", "taxesIncluded": False}
    said = {"shop": shop, "productVariants": {"nodes": []}, "productByIdentifier": {"variants": None}}
    with pytest.raises(ContractError):
        SHOPIFY.record_held(answer({"data": said}), wish(may_create=True))


def test_a_creation_that_does_not_say_what_was_made_is_no_success():
    with pytest.raises(ContractError):
        SHOPIFY.record_written(
            answer({"data": {"productSet": {"product": None, "userErrors": []}}}),
            Write("create", "", {}, "", ""),
        )
