# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What Odoo writes to the shop: names and prices of products, tags of orders (Admin GraphQL API). Nothing is sent here.

Sources: https://shopify.dev/docs/api/admin-graphql/latest/queries/productVariants (search by sku), …/queries/order,
…/queries/productByIdentifier (by handle), …/objects/Product (hasOnlyDefaultVariant), …/mutations/productUpdate,
…/mutations/productVariantsBulkUpdate, …/mutations/productSet (with an identifier it makes a product once),
…/mutations/tagsAdd, …/mutations/tagsRemove. What Shopify refuses it says as ``userErrors`` of an answer 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from ...engine.money import parse_decimal
from ...engine.shop_writing import GONE, ORDER, SEVERAL, CannotWriteError, Held, Wish, Write, check_shop
from ..base import HttpAnswer, HttpRequest
from ..reading import Wire, WireId, read_as, schema_violation
from .client import graphql, read_data

# More variants than this with one article number are several for certain.
MAX_FOUND = 10

_SHOP = "shop { currencyCode taxesIncluded }"
_VARIANT = "id sku price product { id title hasOnlyDefaultVariant }"
_BY_SKU = f"""
query($query: String!) {{ {_SHOP} productVariants(first: {MAX_FOUND}, query: $query) {{ nodes {{ {_VARIANT} }} }} }}"""
# The search lags behind what was written; the handle of what we make does not.
_BY_SKU_OR_HANDLE = f"""
query($query: String!, $handle: String!) {{ {_SHOP} productVariants(first: {MAX_FOUND}, query: $query) {{
nodes {{ {_VARIANT} }} }} productByIdentifier(identifier: {{ handle: $handle }}) {{
variants(first: {MAX_FOUND}) {{ nodes {{ {_VARIANT} }} }} }} }}"""
_BY_ID = f"query($id: ID!) {{ {_SHOP} productVariant(id: $id) {{ {_VARIANT} }} }}"
_ORDER = "query($id: ID!) { order(id: $id) { id tags } }"
_NAME = """
mutation($product: ProductUpdateInput!) { productUpdate(product: $product) { product { id }
userErrors { field message } } }"""
_PRICE = """
mutation($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
productVariantsBulkUpdate(productId: $product, variants: $variants) { productVariants { id }
userErrors { field message } } }"""
_CREATE = """
mutation($identifier: ProductSetIdentifiers!, $input: ProductSetInput!) {
productSet(synchronous: true, identifier: $identifier, input: $input) {
product { id variants(first: 1) { nodes { id } } } userErrors { field message } } }"""
_TAGS_ADD = """
mutation($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) { node { id } userErrors { field message } } }"""
_TAGS_REMOVE = """
mutation($id: ID!, $tags: [String!]!) { tagsRemove(id: $id, tags: $tags) { node { id }
userErrors { field message } } }"""
# What a product without options has in Shopify.
_ONLY = {"optionName": "Title", "name": "Default Title"}


class _Product(Wire):
    id: WireId
    hasOnlyDefaultVariant: bool  # noqa: N815 - the vendor's names
    title: Annotated[str, msgspec.Meta(max_length=1000)] | None = None


class _Variant(Wire):
    id: WireId
    price: Annotated[str, msgspec.Meta(max_length=40)]
    product: _Product
    sku: Annotated[str, msgspec.Meta(max_length=1000)] | None = None


class _Shop(Wire):
    currencyCode: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]  # noqa: N815
    taxesIncluded: bool  # noqa: N815


class _Order(Wire):
    id: WireId
    tags: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=255)], ...], msgspec.Meta(max_length=300)
    ] = ()


class _UserError(Wire):
    message: Annotated[str, msgspec.Meta(max_length=5000)]


class _Made(Wire):
    userErrors: Annotated[tuple[_UserError, ...], msgspec.Meta(max_length=300)] = ()  # noqa: N815


def order_gid(number: str) -> str:
    """Return the id under which the GraphQL API knows an order of the REST API."""
    return number if number.startswith("gid://") else f"gid://shopify/Order/{number}"


def find_request(wish: Wish, settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the question what the shop holds of it; it changes nothing."""
    if wish.subject == ORDER:
        return graphql(_ORDER, {"id": order_gid(wish.outside_id or "")}, settings, secret)
    if wish.outside_id:
        return graphql(_BY_ID, {"id": wish.outside_id}, settings, secret)
    sku = str(wish.values["sku"]).replace("\\", "\\\\").replace('"', '\\"')
    asked = {"query": f'sku:"{sku}"'}
    if wish.may_create:
        return graphql(_BY_SKU_OR_HANDLE, {**asked, "handle": _handle(wish.key)}, settings, secret)
    return graphql(_BY_SKU, asked, settings, secret)


def read_held(answer: HttpAnswer, wish: Wish) -> Held | None:
    """Return what the shop holds, None where it has no such thing.

    Shopify's search is loose: an article number counts where it is equal, letter by letter. So does a variant that
    is known by its id: under another number it is something else by now.

    :raises CannotWriteError: SEVERAL variants have the number; GONE: what we made has another one; a product that is
        to be made would be priced wrongly.
    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    data = read_data(answer)
    if wish.subject == ORDER:
        order = data.get("order")
        if order is None:
            return None
        found = read_as(order, _Order, "$.data.order")
        return Held(found.id, {"tags": found.tags})
    shop = read_as(data.get("shop"), _Shop, "$.data.shop")
    variant = _one_variant(data, wish) or _made_before(data, wish)
    if variant is None:
        if wish.may_create:
            check_shop(wish, shop.currencyCode, shop.taxesIncluded)
        return None
    parse_decimal(variant.price)
    return Held(
        variant.id,
        {"name": variant.product.title, "price": variant.price},
        variant.product.id,
        shop.currencyCode,
        shop.taxesIncluded,
        single=variant.product.hasOnlyDefaultVariant,
    )


def _one_variant(data: Mapping[str, Any], wish: Wish) -> _Variant | None:
    if wish.outside_id:
        found = data.get("productVariant")
        variant = None if found is None else read_as(found, _Variant, "$.data.productVariant")
        return variant if variant and variant.sku == wish.values["sku"] else None
    return _with_number(data.get("productVariants"), wish, "$.data.productVariants")


def _made_before(data: Mapping[str, Any], wish: Wish) -> _Variant | None:
    """Return what an earlier creation made, of which the search does not know yet."""
    if not wish.may_create or wish.outside_id:
        return None
    made = data.get("productByIdentifier")
    if made is None:
        return None
    place = "$.data.productByIdentifier.variants"
    found = _with_number(made.get("variants") if isinstance(made, Mapping) else None, wish, place)
    if found is None:
        raise CannotWriteError(GONE, {"sku": str(wish.values["sku"])})
    return found


def _with_number(listed: Any, wish: Wish, place: str) -> _Variant | None:
    nodes = listed.get("nodes") if isinstance(listed, Mapping) else None
    if not isinstance(nodes, list) or len(nodes) > MAX_FOUND:
        raise schema_violation(f"{place}.nodes", "Expected a short list")
    read = [read_as(node, _Variant, f"{place}.nodes[{index}]") for index, node in enumerate(nodes)]
    same = [variant for variant in read if variant.sku == wish.values["sku"]]
    if len(same) > 1:
        raise CannotWriteError(SEVERAL, {"sku": str(wish.values["sku"])})
    return same[0] if same else None


def write_request(write: Write, settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the request that writes one thing; sent twice it has one effect."""
    query, variables = {
        "name": lambda: (_NAME, {"product": {"id": write.target, "title": write.values["name"]}}),
        "price": lambda: (
            _PRICE,
            {
                "product": write.target,
                "variants": [{"id": write.values["variant"], "price": write.values["price"]}],
            },
        ),
        "create": lambda: (_CREATE, _creation(write.values)),
        "tags_add": lambda: (_TAGS_ADD, {"id": write.target, "tags": write.values["tags"]}),
        "tags_remove": lambda: (_TAGS_REMOVE, {"id": write.target, "tags": write.values["tags"]}),
    }[write.kind]()
    return graphql(query, variables, settings, secret)


def _handle(key: str) -> str:
    """Return the handle of what we make: ours alone, so that it is found, and a repeated request makes no second."""
    return f"odoo-{key}"


def _creation(values: Mapping[str, Any]) -> dict[str, Any]:
    handle = _handle(values["key"])
    variant = {"optionValues": [_ONLY], "sku": values["sku"]}
    if "price" in values:
        variant["price"] = values["price"]
    made = {
        "title": values["name"],
        "handle": handle,
        # A person at the shop looks at it before it is sold.
        "status": "DRAFT",
        "productOptions": [{"name": _ONLY["optionName"], "values": [{"name": _ONLY["name"]}]}],
        "variants": [variant],
    }
    return {"identifier": {"handle": handle}, "input": made}


_ANSWERS = {
    "name": "productUpdate",
    "price": "productVariantsBulkUpdate",
    "create": "productSet",
    "tags_add": "tagsAdd",
    "tags_remove": "tagsRemove",
}


def read_written(answer: HttpAnswer, write: Write) -> tuple[str, str | None]:
    """Return (why Shopify refuses it, in its own words; '' = it is written, id of the variant that was made or None).

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    name = _ANSWERS[write.kind]
    said = read_data(answer).get(name)
    made = read_as(said, _Made, f"$.data.{name}")
    if made.userErrors:
        return "; ".join(error.message for error in made.userErrors)[:300], None
    if write.kind != "create":
        return "", None
    try:
        variant = said["product"]["variants"]["nodes"][0]["id"]
    except (KeyError, IndexError, TypeError):
        raise schema_violation(f"$.data.{name}.product", "Expected the product with its variant") from None
    return "", read_as(variant, WireId, f"$.data.{name}.product.variants.nodes[0].id")
