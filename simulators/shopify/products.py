# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Products of the simulated shop, and what may be written to it: products, prices, tags.

Sources: https://shopify.dev/docs/api/admin-graphql/latest/objects/ProductVariant, …/mutations/productUpdate,
…/mutations/productVariantsBulkUpdate, …/mutations/productSet, …/mutations/tagsAdd, …/mutations/tagsRemove (a missing
right: ACCESS_DENIED; what is wrong with the input: userErrors in an answer with status 200).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from .. import wire
from ..sending import Event
from .graph import AskedWronglyError

if TYPE_CHECKING:
    from .state import Order, ShopifyShop

MAX_TITLE, MAX_TAG, MAX_TAGS = 255, 40, 250
_SKU = re.compile(r'sku:"((?:[^"\\]|\\.)*)"')


@dataclasses.dataclass
class Product:
    """A product with one variant, whose id is that of the product + 1; ``parent`` = a further variant of that one."""

    id: int
    title: str
    sku: str
    price: Decimal
    handle: str = ""
    status: str = "ACTIVE"
    parent: int = 0


def gid(kind: str, number: Any) -> str:
    return f"gid://shopify/{kind}/{number}"


def queries(shop: ShopifyShop, page: Callable[..., Any]) -> dict[str, Any]:
    """Return the fields of a query that concern products; ``page`` makes lists with pages."""

    def variants(first: int, query: str = "", **paging: Any) -> Any:
        wanted = _SKU.search(query)
        text = re.sub(r"\\(.)", r"\1", wanted.group(1)).lower() if wanted else ""
        # Shopify's search is loose: it finds what begins like it, too.
        found = [each for each in shop.products.values() if each.sku.lower().startswith(text)]
        found = [] if shop.search_lags else found
        return page(found, lambda each: variant_object(shop, each))(first, **paging)

    def variant(id: str) -> Any:  # noqa: A002 - the vendor's name
        found = shop.products.get(_number(id) - 1)
        return variant_object(shop, found) if found else None

    def by_identifier(identifier: dict[str, str]) -> Any:
        found = by_handle(shop, identifier["handle"])
        if found is None:
            return None
        shown = page(family(shop, found), lambda each: variant_object(shop, each))
        return {"id": gid("Product", found.id), "variants": shown}

    return {
        "shop": {"currencyCode": shop.currency, "taxesIncluded": shop.taxes_included},
        "productVariants": variants,
        "productVariant": variant,
        "productByIdentifier": by_identifier,
    }


def by_handle(shop: ShopifyShop, handle: str) -> Product | None:
    """Return the product with a handle."""
    found = (each for each in shop.products.values() if each.handle == handle and not each.parent)
    return next(found, None)


def family(shop: ShopifyShop, product: Product) -> list[Product]:
    """Return all variants of the product to which this one belongs."""
    number = product.parent or product.id
    return [each for each in shop.products.values() if number in (each.id, each.parent)]


def _number(name: str) -> int:
    text = name.rpartition("/")[2]
    return int(text) if text.isdigit() else 0


def variant_object(shop: ShopifyShop, product: Product) -> dict[str, Any]:
    """Return the variant of a product; prices are written with two decimals at least, also in yen."""
    written = product.price.quantize(Decimal(1).scaleb(-max(2, shop.decimals)))
    first, *others = family(shop, product)
    return {
        "id": gid("ProductVariant", product.id + 1),
        "sku": product.sku,
        "price": str(written),
        "product": {
            "id": gid("Product", first.id),
            "title": first.title,
            "hasOnlyDefaultVariant": not others,
        },
    }


class Changes:
    """The mutations. ``scopes`` = what the app may do."""

    def __init__(self, shop: ShopifyShop, scopes: frozenset[str]):
        self.shop, self.scopes = shop, scopes

    def mutations(self) -> dict[str, Any]:
        """Return the mutations by their names."""
        return {
            "productUpdate": self._update,
            "productVariantsBulkUpdate": self._prices,
            "productSet": self._set,
            "tagsAdd": lambda id, tags: self._tag(id, tags, add=True),  # noqa: A006 - the vendor's name
            "tagsRemove": lambda id, tags: self._tag(id, tags, add=False),  # noqa: A006
        }

    def _needs(self, scope: str) -> None:
        if scope not in self.scopes:
            raise AskedWronglyError("ACCESS_DENIED", f"Access denied. Required access: {scope}")

    def _update(self, product: dict[str, Any]) -> dict[str, Any]:
        self._needs("write_products")
        found = self.shop.products.get(_number(product["id"]))
        wrong = "Product does not exist" if found is None else _wrong_title(product.get("title", found.title))
        if wrong:
            return {"product": None, "userErrors": _errors("title", wrong)}
        found.title = product.get("title", found.title)
        self._tell(found)
        return {"product": {"id": product["id"]}, "userErrors": []}

    def _prices(self, productId: str, variants: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self._needs("write_products")
        found = self.shop.products.get(_number(productId))
        wrong = "Product does not exist" if found is None else ""
        own = {} if found is None else {each.id + 1: each for each in family(self.shop, found)}
        for each in variants:
            wrong = wrong or _wrong_price(each["price"])
            if not wrong and _number(each["id"]) not in own:
                wrong = "Product variant does not exist"
        if wrong:
            return {"productVariants": None, "userErrors": _errors("price", wrong)}
        for each in variants:
            own[_number(each["id"])].price = self._rounded(each["price"])
        self._tell(found)
        return {"productVariants": [{"id": each["id"]} for each in variants], "userErrors": []}

    def _rounded(self, price: str) -> Decimal:
        return Decimal(price).quantize(Decimal(1).scaleb(-self.shop.decimals), ROUND_HALF_UP)

    def _set(
        self,
        input: dict[str, Any],  # noqa: A002 - the vendor's name
        identifier: dict[str, str],
        synchronous: bool = True,
    ) -> dict[str, Any]:
        self._needs("write_products")
        [variant] = input["variants"]
        wrong = _wrong_title(input["title"]) or _wrong_price(variant.get("price", "0"))
        if wrong:
            return {"product": None, "userErrors": _errors("input", wrong)}
        found = by_handle(self.shop, identifier["handle"])
        if found is None:
            found = self.shop.stock(input["title"], variant["sku"], "0", handle=input["handle"])
        found.title, found.status = input["title"], input["status"]
        found.price = self._rounded(variant.get("price", "0"))
        self._tell(found)
        made = {"nodes": [{"id": gid("ProductVariant", found.id + 1)}]}
        return {"product": {"id": gid("Product", found.id), "variants": lambda first: made}, "userErrors": []}

    def _tag(self, id: str, tags: list[str], *, add: bool) -> dict[str, Any]:  # noqa: A002
        self._needs("write_orders")
        order: Order | None = self.shop.orders.get(_number(id))
        if order is None:
            return {"node": None, "userErrors": _errors("id", "Order does not exist")}
        low = {tag.lower() for tag in tags}
        kept = [tag for tag in order.tags if tag.lower() not in low]
        wanted = kept + list(tags) if add else kept
        if any(len(tag) > MAX_TAG for tag in tags) or len(wanted) > MAX_TAGS:
            return {"node": None, "userErrors": _errors("tags", "Tags are too long or too many")}
        if sorted(wanted) != sorted(order.tags):
            order.tags = sorted(wanted)
            self.shop.changed(order)
        return {"node": {"id": id}, "userErrors": []}

    def _tell(self, product: Product) -> None:
        if "PRODUCTS_UPDATE" not in self.shop.subscriptions:
            return
        variant = variant_object(self.shop, product)
        body = {
            "id": product.id,
            "title": product.title,
            "handle": product.handle,
            "status": product.status.lower(),
            "updated_at": self.shop.clock.now.isoformat(timespec="seconds"),
            "variants": [{"id": product.id + 1, "sku": product.sku, "price": variant["price"]}],
        }
        number = len(self.shop.events) + 1
        self.shop.events.append(Event(f"product-{number}", "products/update", wire.compact(body)))


def _wrong_title(title: str) -> str:
    if not title.strip():
        return "Title can't be blank"
    return "Title is too long (maximum is 255 characters)" if len(title) > MAX_TITLE else ""


def _wrong_price(price: str) -> str:
    try:
        amount = Decimal(price)
    except InvalidOperation:
        return "Price is not a number"
    return "Price must be greater than or equal to 0" if amount < 0 else ""


def _errors(field: str, message: str) -> list[dict[str, Any]]:
    return [{"field": [field], "message": message}]
