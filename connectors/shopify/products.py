# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Products of a shop → canonical documents, one per variant: that is what an order names, and what has a number.

Source: https://shopify.dev/docs/api/webhooks (products/create, products/update),
https://shopify.dev/docs/api/admin-rest/latest/resources/product (fields)
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from ...engine.canonical import Document, Product, Source
from ...engine.instants import parse_instant
from ..reading import Wire, WireId, clip, read_as
from .wire import Number, Text

# How Shopify calls the only variant of a product without options.
ONLY_VARIANT = "Default Title"
MAX_NAME_CHARS = 500


class Variant(Wire, kw_only=True):
    id: Number
    title: Text = None
    sku: Text = None
    barcode: Text = None


class ShopProduct(Wire, kw_only=True):
    id: Number
    title: Text = None
    status: Text = None
    updated_at: WireId
    variants: Annotated[tuple[Variant, ...], msgspec.Meta(min_length=1, max_length=2000)]


def product_documents(system: str, body: Any) -> list[Document]:
    """Return the variants of a product as the shop has it.

    A price is left out: the event does not say its currency. What is in preparation counts as in use.
    """
    told = read_as(body, ShopProduct)
    name = clip(told.title) or str(told.id)
    return [
        Product(
            source=Source(system=system, object_id=str(variant.id)),
            occurred_at=parse_instant(told.updated_at),
            name=_name(name, variant)[:MAX_NAME_CHARS],
            code=(variant.sku or "").strip() or None,
            barcode=(variant.barcode or "").strip() or None,
            status="archived" if told.status == "archived" else "active",
        )
        for variant in told.variants
    ]


def _name(name: str, variant: Variant) -> str:
    title = clip(variant.title)
    return f"{name} – {title}" if title and title != ONLY_VARIANT else name
