# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O1: a customer as an outside system knows it."""

from __future__ import annotations

from typing import Literal

from .base import Address, Code, CurrencyCode, Document, Identifier, Label, PersonalText, TaxNumber


class Customer(Document, kw_only=True):
    """A customer record; ``source.version`` (or ``occurred_at``) orders its changes.

    ``written_as`` is the key under which the hub itself has written it there, where the source keeps one.
    """

    name: PersonalText
    is_company: bool = False
    email: PersonalText | None = None
    phone: PersonalText | None = None
    tax_id: TaxNumber | None = None
    reference: Identifier | None = None
    address: Address | None = None
    language: Code | None = None
    currency: CurrencyCode | None = None
    payment_term: Code | None = None
    status: Literal["active", "archived"] = "active"
    note: Label | None = None
    written_as: Identifier | None = None
