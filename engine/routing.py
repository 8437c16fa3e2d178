# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which legal entity what a source says belongs to: by rules that people have approved, never by a guess (C5).

A rule is a mapping of kind ``company``; what it is about stands in its code:

===============  =============================================================
``SHOP1@EUR``    what the source calls SHOP1, in euro
``SHOP1``        what the source calls SHOP1, in every currency without a rule of its own
``@EUR``         everything in euro, whatever entity is named
``*``            what names no entity at all, in every currency without a rule
===============  =============================================================

The first that there is decides. An entity that is named and has no rule never falls to ``*``: a typing error at the
source must not put one company's money into another's books.
"""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

from .errors import MissingReferenceError
from .mapping import DEFAULT, Table, Verdict

KIND = "company"
OF_CURRENCY = "@"


@dataclasses.dataclass(frozen=True)
class Decision:
    """Where something goes: ``company_id``, and the rule that said so (its code and the id of its version)."""

    company_id: int
    code: str
    version_id: int


def codes_for(entity: str | None, currency: str | None) -> tuple[str, ...]:
    """Return the codes whose rules are asked for, in this order.

    :param entity: the legal entity as the source calls it, None where it names none.
    :param currency: ISO 4217 code of the balance or document, None where it has none.
    """
    found = []
    if entity and currency:
        found.append(f"{entity}{OF_CURRENCY}{currency}")
    if entity:
        found.append(entity)
    if currency:
        found.append(f"{OF_CURRENCY}{currency}")
    if not entity:
        found.append(DEFAULT)
    return tuple(found)


def decide(
    table: Table, entity: str | None, currency: str | None, day: date, label: str | None = None
) -> Decision:
    """Return where what belongs to ``entity`` in ``currency`` on ``day`` goes.

    A rule that somebody has ended, or that does not count yet, stops: the next, more general one does not quietly take
    its place.

    :param label: what people call this kind of mapping.
    :raises MissingReferenceError: ``legal_entity_unknown``: no rule matches; ``mapping_expired``,
        ``mapping_target_archived``: the one that matches does not count.
    """
    for code in codes_for(entity, currency):
        answer = table.look_up(KIND, code, day)
        by_default = answer.verdict is Verdict.DEFAULT or (
            answer.version is not None and answer.version.value != code
        )
        if answer.verdict is Verdict.MISSING or (by_default and code != DEFAULT):
            continue
        version = table.resolve(KIND, code, day, label)
        return Decision(version.target, code, version.id)
    raise MissingReferenceError(
        "legal_entity_unknown",
        f"entity {entity}, currency {currency}, on {day}",
        params={
            "entity": entity or "–",
            "currency": currency or "–",
            "value": codes_for(entity, currency)[0] if entity is None else entity,
            "code": KIND,
            "mapping": label or KIND,
        },
    )


def currency_of(document: Any) -> str | None:
    """Return the currency that decides about a document: of the balance that money reached, else of its amounts."""
    for name in ("settled", "amount", "closing"):
        part = getattr(document, name, None)
        if part is not None and getattr(part, "currency", None):
            return part.currency
    return getattr(document, "currency", None)


def identities(document: Any, kind: str) -> tuple[str, ...]:
    """Return under which ids the books of one company know a document, '' left out; empty for masters, which may be
    known to several companies.

    :param kind: canonical kind of the document.
    """
    if kind == "movement":
        return (document.movement_id,)
    if kind in ("invoice", "entry"):
        return (document.source.object_id,)
    return ()
