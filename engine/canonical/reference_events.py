# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O3, O15, O16: own lists as other systems are told of them: accounts, taxes, terms, dimensions, products, words.

Other systems book by these codes. They are told of each change, and of the whole list when somebody asks for it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from .base import INTERNAL, Code, CurrencyCode, Document, Identifier, Label, Money, classified

Flag = Annotated[bool, classified(INTERNAL)]
Days = Annotated[int, classified(INTERNAL, ge=0)]


class ReferenceEvent(Document, kw_only=True):
    """What every event about an entry of a list says.

    ``change`` is ``added``, ``changed``, ``ended`` (not to be used any more) or ``listed`` (nothing changed: the whole
    list was asked for). ``record_id`` never changes; ``code`` is what people use, and may be changed or missing.
    """

    change: Literal["added", "changed", "ended", "listed"]
    record_id: Identifier
    company: Label
    code: Code | None = None
    label: Label
    active: Flag = True


class DimensionChanged(ReferenceEvent, kw_only=True):
    """A value of an analytic dimension. ``dimension`` names the axis, ``branch`` the part of it that it lies in."""

    dimension: Label
    branch: Label | None = None


class AccountChanged(ReferenceEvent, kw_only=True):
    """An account of the chart. ``account_type`` is Odoo's word; ``currency`` is there when it is kept in only one."""

    account_type: Code
    currency: CurrencyCode | None = None
    reconcilable: Flag = False


class TaxChanged(ReferenceEvent, kw_only=True):
    """A tax. ``rate_percent`` is missing where it is no percentage; ``use`` is ``sale``, ``purchase`` or ``none``."""

    use: Code
    computation: Code
    rate_percent: Money | None = None
    price_includes_tax: Flag = False


class TermPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One instalment: ``percent`` of the total or a fixed ``amount``, due ``days`` after what ``counted_from`` says."""

    counted_from: Code
    days: Days
    percent: Money | None = None
    fixed: Money | None = None


class PaymentTermChanged(ReferenceEvent, kw_only=True):
    """A payment term with its instalments."""

    parts: Annotated[tuple[TermPart, ...], msgspec.Meta(max_length=50)] = ()


class CurrencyChanged(ReferenceEvent, kw_only=True):
    """A currency in which the company may book. ``code`` is its ISO 4217 code."""

    decimal_places: Days


class ProductChanged(ReferenceEvent, kw_only=True):
    """A product as it is sold: ``code`` is its internal reference.

    ``price`` is the list price of one ``unit`` before discounts; it may have more decimals than an amount.
    """

    price: Money
    currency: CurrencyCode
    barcode: Identifier | None = None
    category: Label | None = None
    unit: Label | None = None
    price_includes_tax: Flag = False
    tax_ids: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=20)] = ()


class StatusChanged(ReferenceEvent, kw_only=True):
    """A status word of the hub's own answers and events: ``code`` is the word, ``about`` what it is a status of."""

    about: Code


REFERENCE_EVENTS: tuple[type[ReferenceEvent], ...] = (
    AccountChanged,
    CurrencyChanged,
    DimensionChanged,
    PaymentTermChanged,
    ProductChanged,
    StatusChanged,
    TaxChanged,
)
