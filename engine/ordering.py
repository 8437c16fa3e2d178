# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Order per key: what may be applied together, what came too late, what a newer version replaces."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Element = TypeVar("Element")


def waves(elements: Iterable[Element], key: Callable[[Element], Hashable]) -> list[list[Element]]:
    """Split an ordered sequence so that wave k holds the k-th element of each key, in their order.

    Each wave can be applied in bulk; wave after wave, the elements of one key keep their order.
    """
    result: list[list[Element]] = []
    seen: dict[Hashable, int] = {}
    for element in elements:
        wave = seen.get(key(element), 0)
        seen[key(element)] = wave + 1
        if wave == len(result):
            result.append([])
        result[wave].append(element)
    return result


def is_superseded(applied_version: int | None, version: int | None) -> bool:
    """Say whether ``version`` of an object is older than the one already applied.

    An equal version is not superseded: sources count in whole seconds, and two events may share one.
    Without a version on either side nothing can be said, so the answer is no.
    """
    return applied_version is not None and version is not None and version < applied_version


class Versioning(str, enum.Enum):
    """What the versions of one outside object are to each other."""

    STATE = "state"  # each says everything: the newest one is right, all others are history
    DOCUMENT = "document"  # booked once; a change of what is booked is for a person
    FACT = "fact"  # each tells what happened: it stays true whatever is told later


# Money that moved is a fact (accounting policy F1): a late message about it may tell something that no newer
# one repeats, so it is never left out; what it says of money that is booked already changes nothing.
VERSIONING: dict[str, Versioning] = {
    "customer": Versioning.STATE,
    "supplier": Versioning.STATE,
    "product": Versioning.STATE,
    "provider_balance": Versioning.STATE,
    "bank_statement": Versioning.STATE,
    "dimension": Versioning.STATE,
    "reference_code": Versioning.STATE,
    "order": Versioning.STATE,
    # Of several versions of a fulfilment each tells what happened then; the rules for it compare them themselves.
    "fulfilment": Versioning.FACT,
    "order_refund": Versioning.FACT,
    "order_payment": Versioning.FACT,
    "invoice": Versioning.DOCUMENT,
    # A payment told late still pays; which of several is newest says nothing.
    "invoice_status": Versioning.FACT,
    "entry": Versioning.DOCUMENT,
    "cancellation": Versioning.DOCUMENT,
    "movement": Versioning.FACT,
    "settlement": Versioning.FACT,
    "bank_line": Versioning.FACT,
}
# Where the source does not count them, changes are ordered by their time.
ORDERED_BY_TIME = frozenset({"customer", "supplier", "product"})
# Kinds of which a newer version makes an older one that could not be applied pointless.
REPLACEABLE_KINDS = frozenset(kind for kind, way in VERSIONING.items() if way is not Versioning.FACT)


@dataclasses.dataclass(frozen=True)
class Version:
    """One version of an outside object.

    ``number``    larger = newer.
    ``is_exact``  the source itself counts versions: two contents under one number contradict each other. Not
                  exact = derived from a time, in which two events may well coincide.
    ``digest``    SHA-256 of the content.
    """

    number: int
    is_exact: bool
    digest: str


class Standing(str, enum.Enum):
    """How a version stands to the one that was applied last."""

    NEWER = "newer"
    SAME = "same"
    OLDER = "older"
    CONFLICT = "conflict"


def stand(applied: Version | None, told: Version | None) -> Standing:
    """Return how ``told`` stands to ``applied``; where either says nothing, the order of arrival counts (NEWER)."""
    if applied is None or told is None or told.number > applied.number:
        return Standing.NEWER
    if is_superseded(applied.number, told.number):
        return Standing.OLDER
    if told.digest == applied.digest:
        return Standing.SAME
    return Standing.CONFLICT if applied.is_exact and told.is_exact else Standing.NEWER


def replaces(
    kind: str | None, version: int | None, older_kind: str | None, older_version: int | None
) -> bool:
    """Say whether an event makes an earlier, stopped event of the same object pointless.

    Only within one kind whose versions replace one another, and only a strictly newer version.
    """
    return kind == older_kind and kind in REPLACEABLE_KINDS and is_superseded(version, older_version)
