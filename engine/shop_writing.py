# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What Odoo wants a shop to hold, and what has to be written so that it does (S3).

A wish is the state that is wanted, not a change: it is compared with what the shop holds and only what differs is
written. So an answer that was lost needs no memory of what was sent, and a shop that already holds it is left alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .canonical_json import canonical_bytes, digest
from .money import is_exact, minor_units, plain

PRODUCT, ORDER = "product", "order"
# Only tags that begin like this are ever added or removed: all others are the shop's.
TAG_PREFIX = "odoo-"

# Why something is not written; the words for people are the caller's.
NOT_EXACT, NEGATIVE = "price_not_exact", "price_negative"
OTHER_CURRENCY, OTHER_TAXES = "other_currency", "other_taxes"
SEVERAL, NAMELESS, GONE = "several_found", "nameless", "gone"


class CannotWriteError(Exception):
    """A wish that cannot be written as it stands: ``reason`` is a word from above, ``params`` fill its sentence."""

    def __init__(self, reason: str, params: Mapping[str, str] | None = None):
        super().__init__(reason)
        self.reason = reason
        self.params = dict(params or {})


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a shop shall hold of one thing.

    ``subject``     PRODUCT or ORDER.
    ``outside_id``  its id in the shop, None while it is looked for by ``values["sku"]``.
    ``values``      product: sku, and of name, price (text, with currency and taxes_included) what is wanted;
                    order: tags. JSON.
    ``may_create``  whether a product that the shop does not have is made there.
    ``key``         under which it is made once.
    """

    subject: str
    values: Mapping[str, Any]
    outside_id: str | None = None
    may_create: bool = False
    key: str = ""


@dataclasses.dataclass(frozen=True)
class Held:
    """What the shop holds of it: ids, its ``values`` in the words of ``Wish``, and how the shop states prices.

    ``single``  whether the product has this one variant alone: then its title is this variant's.
    """

    outside_id: str
    values: Mapping[str, Any]
    parent_id: str = ""
    currency: str = ""
    taxes_included: bool | None = None
    single: bool = True


@dataclasses.dataclass(frozen=True)
class Write:
    """One thing to write: ``kind`` is create, name, price, tags_add or tags_remove; before and after are for people."""

    kind: str
    target: str
    values: Mapping[str, Any]
    before: str
    after: str


def wish_digest(values: Mapping[str, Any]) -> str:
    """Return by what two wishes are told apart."""
    return digest(canonical_bytes(dict(values)))


def price_text(price: Decimal, currency: str) -> str:
    """Return a price as exact text with the decimals of its currency; never rounded.

    :raises CannotWriteError: NOT_EXACT, NEGATIVE.
    :raises ContractError: ``unknown_currency``.
    """
    decimals = minor_units(currency)
    params = {"price": plain(price.normalize() + 0), "currency": currency}
    if price < 0:
        raise CannotWriteError(NEGATIVE, params)
    if not is_exact(price, decimals):
        raise CannotWriteError(NOT_EXACT, params)
    return plain(price.quantize(Decimal(1).scaleb(-decimals)))


def order_tags(
    *, invoiced: bool, complete: bool, total: Decimal, still_open: Decimal, credited: Decimal
) -> tuple[str, ...]:
    """Return what an order's tags say of its documents.

    :param complete: everything that is to be handed over is invoiced.
    :param total: what its invoices come to; ``still_open``: what of that nobody has paid or credited yet.
    :param credited: what its credit notes come to.
    """
    if not invoiced:
        return ()
    words = ["invoiced" if complete else "partly-invoiced"]
    if credited and credited >= total:
        words.append("credited")
    else:
        if credited:
            words.append("partly-credited")
        words.append("paid" if not still_open else "open" if still_open >= total else "partly-paid")
    return tuple(sorted(TAG_PREFIX + word for word in words))


def title_is_shared(wish: Wish, held: Held | None) -> bool:
    """Whether a title is to be changed that stands above several variants: whose it is has to be asked first."""
    return bool(held and not held.single and _name(wish, held))


def writes(wish: Wish, held: Held | None, *, owns_title: bool = True) -> list[Write]:
    """Return what has to be written, in order; empty = the shop holds it, or has no such thing.

    :param owns_title: the title above several variants is this product's; otherwise it stays as it is.
    :raises CannotWriteError: OTHER_CURRENCY, OTHER_TAXES, NAMELESS.
    """
    if wish.subject == ORDER:
        return _tags(wish, held) if held else []
    if held is None:
        return [_creation(wish)] if wish.may_create else []
    return [*(_name(wish, held) if held.single or owns_title else ()), *_price(wish, held)]


def check_shop(wish: Wish, currency: str, taxes_included: bool | None) -> None:
    """Refuse a price that the shop would read otherwise than Odoo means it.

    :raises CannotWriteError: OTHER_CURRENCY, OTHER_TAXES.
    """
    if "price" not in wish.values:
        return
    if wish.values["currency"] != currency:
        raise CannotWriteError(
            OTHER_CURRENCY, {"currency": wish.values["currency"], "shop_currency": currency}
        )
    meant = wish.values.get("taxes_included")
    if None not in (meant, taxes_included) and meant != taxes_included:
        raise CannotWriteError(OTHER_TAXES, {"shop": "with" if taxes_included else "without"})


def _creation(wish: Wish) -> Write:
    values = {**wish.values, "key": wish.key}
    if not values.get("name"):
        raise CannotWriteError(NAMELESS)
    return Write("create", "", values, "", " ".join(filter(None, (values["name"], values.get("price")))))


def _name(wish: Wish, held: Held) -> list[Write]:
    wanted, present = wish.values.get("name"), str(held.values.get("name") or "")
    if wanted is None or wanted == present:
        return []
    return [Write("name", held.parent_id, {"name": wanted}, present, wanted)]


def _price(wish: Wish, held: Held) -> list[Write]:
    if "price" not in wish.values:
        return []
    check_shop(wish, held.currency, held.taxes_included)
    wanted, present = Decimal(wish.values["price"]), held.values.get("price")
    if present is not None and Decimal(present) == wanted:
        return []
    values = {"price": wish.values["price"], "variant": held.outside_id}
    before, after = (f"{text or ''} {held.currency}".strip() for text in (present, wish.values["price"]))
    return [Write("price", held.parent_id, values, before, after)]


def _tags(wish: Wish, held: Held) -> list[Write]:
    """Shops tell tags apart without regard to case; a tag of ours that is not wanted any more is taken away."""
    present = {tag.lower(): tag for tag in held.values.get("tags", ())}
    wanted = set(wish.values["tags"])
    gone = sorted(tag for low, tag in present.items() if low.startswith(TAG_PREFIX) and low not in wanted)
    new = sorted(tag for tag in wanted if tag not in present)
    found = []
    if gone:
        found.append(Write("tags_remove", held.outside_id, {"tags": gone}, ", ".join(gone), ""))
    if new:
        found.append(Write("tags_add", held.outside_id, {"tags": new}, "", ", ".join(new)))
    return found
