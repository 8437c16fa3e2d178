# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which product of Odoo an outside one is, when nobody has said so yet; a second one is never made by chance (M3).

Certain is the same barcode, or the same internal reference where the barcodes do not contradict it. Everything that is
only probable is for a person: it is neither linked nor made anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from .duplicates import normal_code, normal_name

ONE, NONE, ARCHIVED, UNCERTAIN = "one", "none", "archived", "uncertain"
# Why a person is asked.
REASONS = ("several", "barcode_differs", "taken", "spelled_otherwise", "same_name")


@dataclasses.dataclass(frozen=True)
class Known:
    """A product that could be meant.

    ``taken``  the same source knows it under another id already.
    """

    id: int
    name: str = ""
    code: str = ""
    barcode: str = ""
    active: bool = True
    taken: bool = False


@dataclasses.dataclass(frozen=True)
class Match:
    """What was found: ``kind`` is ONE, NONE, ARCHIVED or UNCERTAIN, ``ids`` those that could be meant."""

    kind: str
    ids: tuple[int, ...] = ()
    reason: str = ""


def spellings(code: str | None, barcode: str | None) -> frozenset[str]:
    """Return the keys by which products of another spelling are found, as ``engine.duplicates.keys_of`` has them."""
    found = {("reference", normal_code(code or "")), ("barcode", normal_code(barcode or ""))}
    return frozenset(f"{kind}:{text}" for kind, text in found if text)


def match(name: str, code: str | None, barcode: str | None, known: Iterable[Known]) -> Match:
    """Return which of ``known`` a product is that its source calls ``name``, ``code`` and ``barcode``."""
    known = list(known)
    same = [each for each in known if _same(each, code, barcode)]
    if not same:
        return _probable(name, code, barcode, [each for each in known if each.active])
    active = [each for each in same if each.active]
    if not active:
        return Match(ARCHIVED, tuple(sorted(each.id for each in same)))
    if len(active) > 1:
        return _uncertain(active, "several")
    [one] = active
    if one.taken:
        return _uncertain(active, "taken")
    if barcode and one.barcode and one.barcode != barcode:
        return _uncertain(active, "barcode_differs")
    return Match(ONE, (one.id,))


def _probable(name: str, code: str | None, barcode: str | None, known: list[Known]) -> Match:
    if close := [each for each in known if _spelled_otherwise(each, code, barcode)]:
        return _uncertain(close, "spelled_otherwise")
    # Without a number only the name tells who it is, which is enough to ask and not enough to link.
    if not code and not barcode and (called := [each for each in known if _same_name(each, name)]):
        return _uncertain(called, "same_name")
    return Match(NONE)


def _uncertain(found: Iterable[Known], reason: str) -> Match:
    return Match(UNCERTAIN, tuple(sorted(each.id for each in found)), reason)


def _same(one: Known, code: str | None, barcode: str | None) -> bool:
    return bool((barcode and one.barcode == barcode) or (code and one.code == code))


def _spelled_otherwise(one: Known, code: str | None, barcode: str | None) -> bool:
    pairs = ((one.code, code), (one.barcode, barcode))
    return any(
        mine and theirs and normal_code(mine) and normal_code(mine) == normal_code(theirs)
        for mine, theirs in pairs
    )


def _same_name(one: Known, name: str) -> bool:
    return bool(normal_name(name)) and normal_name(one.name) == normal_name(name)
