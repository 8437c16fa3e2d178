# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which tax of a company is meant by one of another company: by its name and everything that decides the amount (M8).

*15 %* is the name of the output tax and of the input tax of a chart, and in another company perhaps that of a tax of
another country. A name that fits is therefore no proof: what else is said has to fit, too, and exactly one tax.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Any

# What must be the same, in the order in which it is told. ``rate`` per cent, or an amount where ``kind`` is 'fixed'.
PARTS = ("rate", "kind", "use", "scope", "country", "included")
MISSING, SEVERAL, OTHER = "missing", "several", "other"


@dataclasses.dataclass(frozen=True)
class Match:
    """``found`` = key of the tax, or None and ``problem``: MISSING, SEVERAL (that fit), OTHER (none fits).

    ``differs`` where it is OTHER: (part, as it is there, as it is here) of the tax that fits best.
    """

    found: Hashable | None = None
    problem: str = ""
    differs: tuple[tuple[str, Any, Any], ...] = ()


def match_tax(wanted: Mapping[str, Any] | None, here: Sequence[tuple[Hashable, Mapping[str, Any]]]) -> Match:
    """Return which of the taxes of one name is meant.

    :param wanted: what is said of the tax (PARTS); None = nothing but its name, as older files do.
    :param here: (key, what it is) of every tax that has the name.
    """
    if not here:
        return Match(problem=MISSING)
    if wanted is None:
        return Match(found=here[0][0]) if len(here) == 1 else Match(problem=SEVERAL)
    compared = [(key, _differences(wanted, facts)) for key, facts in here]
    fitting = [key for key, differs in compared if not differs]
    if len(fitting) == 1:
        return Match(found=fitting[0])
    if fitting:
        return Match(problem=SEVERAL)
    return Match(problem=OTHER, differs=min((differs for _key, differs in compared), key=len))


def facts_of(taxes: Sequence[Mapping[str, Any]], name: str) -> tuple[Mapping[str, Any] | None, bool]:
    """Return (what is said of the tax of this name, whether that is certain); None = nothing is said of it.

    It is not certain where two taxes of one name are meant on different days.
    """
    said = [tax for tax in taxes if tax["name"] == name]
    return (said[0] if said else None), len(said) < 2


def _differences(wanted: Mapping[str, Any], here: Mapping[str, Any]) -> tuple[tuple[str, Any, Any], ...]:
    return tuple(
        (part, wanted[part], here[part]) for part in PARTS if not _same(part, wanted[part], here[part])
    )


def _same(part: str, one: Any, other: Any) -> bool:
    return Decimal(one) == Decimal(other) if part == "rate" else one == other
