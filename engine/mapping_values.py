# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which codes a document uses that need a mapping, and which mappings contradict what the source says of its codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from .errors import ContractError
from .money import parse_decimal

# Codes that mean what everybody takes them for (ISO codes, our own words): they need a mapping only where a source
# calls them otherwise.
OPTIONAL_KINDS = frozenset({"currency", "status", "country", "company"})
# No default for these: it would stand before what a code means by itself.
WITHOUT_DEFAULT = OPTIONAL_KINDS | {"unit"}


def values_of(kind: str, document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (kind of mapping, code) for every code of a document, in its stored wire form.

    :param kind: canonical kind of the document.
    """
    yield from _texts(
        document, {"journal": "journal", "payment_term": "payment_term", "currency": "currency"}
    )
    yield from _texts(_part(document, "source"), {"entity": "company"})
    if kind in ("customer", "supplier", "product", "movement"):
        yield from _texts(document, {"status": "status"})
    if kind == "product":
        yield from _texts(document, {"unit": "unit", "income_account": "account"})
        yield from (("tax", code) for code in dict.fromkeys(document.get("tax_codes") or ()) if code)
    yield from _texts(_part(document, "address"), {"country": "country"})
    for name in ("amount", "settled"):
        yield from _texts(_part(document, name), {"currency": "currency"})
    for line in document.get("lines") or ():
        if isinstance(line, Mapping):
            yield from _of_line(line)


def _of_line(line: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _texts(line, {"account": "account", "product": "product", "unit": "unit"})
    for code in line.get("analytic") or ():
        yield "analytic", code
    codes = [*(line.get("tax_codes") or ()), *(tax.get("code") for tax in line.get("taxes") or ())]
    for code in dict.fromkeys(codes):
        if code:
            yield "tax", code


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = document.get(name)
    return part if isinstance(part, Mapping) else {}


def _texts(part: Mapping[str, Any], kinds: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, kind in kinds.items():
        if isinstance(part.get(name), str) and part[name]:
            yield kind, part[name]


@dataclasses.dataclass(frozen=True)
class Mapped:
    """A value that is mapped, as far as its plausibility can be judged.

    ``stated_rate``  the rate in percent that the source states of a tax code, as text; '' = it does not say.
    ``own_rate``     the rate in percent of the tax to which it is mapped, None where it has no single rate.
    """

    value: str
    target: int
    stated_rate: str = ""
    own_rate: Decimal | None = None


# Two codes of these kinds never mean the same thing; of all other kinds, several often do.
NEVER_THE_SAME = frozenset({"currency", "company"})
RATE_DIFFERS, SAME_TARGET = "rate_differs", "same_target"


def doubtful(kind: str, mapped: Iterable[Mapped]) -> dict[str, str]:
    """Return {value: RATE_DIFFERS or SAME_TARGET} of mappings that contradict each other or their source.

    A tax code whose source states another rate than the tax has; two codes with different stated rates that lead to
    one tax; two currencies, or two legal entities, that are the same one.
    """
    mapped = list(mapped)
    found: dict[str, str] = {}
    by_target: dict[int, list[Mapped]] = {}
    for row in mapped:
        by_target.setdefault(row.target, []).append(row)
    for rows in by_target.values():
        rates = {_rate(row.stated_rate) for row in rows} - {None}
        if len(rows) > 1 and (kind in NEVER_THE_SAME or (kind == "tax" and len(rates) > 1)):
            found |= {row.value: SAME_TARGET for row in rows}
    if kind == "tax":
        for row in mapped:
            stated = _rate(row.stated_rate)
            if stated is not None and row.own_rate is not None and stated != row.own_rate:
                found[row.value] = RATE_DIFFERS
    return found


def _rate(text: str) -> Decimal | None:
    try:
        return parse_decimal(text) if text else None
    except ContractError:
        return None
