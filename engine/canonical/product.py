# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O3: a product as an outside system knows it, as far as it is sold."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from .base import INTERNAL, Code, CurrencyCode, Document, Identifier, Money, classified

Name = Annotated[str, classified(INTERNAL, min_length=1, max_length=500)]


class Product(Document, kw_only=True):
    """A product, a service, or one variant of a product; ``source.version`` (or ``occurred_at``) orders its changes.

    ``source.object_id`` is its id there, ``code`` the number that people use (the internal reference in Odoo).
    ``price`` is the list price of one ``unit`` before discounts, in ``currency``; it may have more decimals than an
    amount. ``tax_codes`` is its tax category, ``income_account`` where its sales are booked, both in the source's own
    codes. What is left out is not said.
    """

    name: Name
    type: Literal["goods", "service"] | None = None
    code: Code | None = None
    barcode: Identifier | None = None
    price: Money | None = None
    currency: CurrencyCode | None = None
    unit: Code | None = None
    tax_codes: Annotated[tuple[Code, ...], msgspec.Meta(max_length=20)] = ()
    income_account: Code | None = None
    status: Literal["active", "archived"] = "active"
