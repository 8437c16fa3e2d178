# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The partner's own lists: its tax codes and its cost centres, told as events of the generic webhook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ..sending import Event
from .documents import SYSTEM, as_event

# code, what the partner calls it, rate in percent
TAXES = (
    ("STD", "Sales tax, standard rate", "15"),
    ("RED", "Sales tax, reduced rate", "5"),
    ("EXEMPT", "Exempt from sales tax", "0"),
)
# code, what the partner calls it, the code above it
COST_CENTRES = (
    ("CC-100", "Sales", None),
    ("CC-110", "Sales North", "CC-100"),
    ("CC-120", "Sales South", "CC-100"),
)


def reference_code(
    catalogue: str, code: str, label: str, when: datetime, *, version: int = 1, **facts: Any
) -> dict[str, Any]:
    """Return a code of one of the partner's lists; ``facts`` are further fields of the contract."""
    return {
        "kind": "reference_code",
        "schema_version": "1",
        "source": {"system": SYSTEM, "object_id": f"{catalogue}-{code}", "version": version},
        "occurred_at": when.isoformat(),
        "catalogue": catalogue,
        "code": code,
        "label": label,
        **facts,
    }


def dimension(
    axis: str, code: str, label: str, when: datetime, *, version: int = 1, **facts: Any
) -> dict[str, Any]:
    """Return a value of one of the partner's analytic dimensions."""
    return {
        "kind": "dimension",
        "schema_version": "1",
        "source": {"system": SYSTEM, "object_id": f"{axis}-{code}", "version": version},
        "occurred_at": when.isoformat(),
        "dimension": axis,
        "code": code,
        "label": label,
        **facts,
    }


def lists(seed: object, when: datetime) -> Iterator[Event]:
    """Yield the events by which the partner tells its lists."""
    for code, label, rate in TAXES:
        told = reference_code("tax", code, label, when, rate_percent=rate)
        yield as_event(seed, "reference.updated", told)
    for code, label, above in COST_CENTRES:
        told = dimension("Cost centre", code, label, when, **({"parent": above} if above else {}))
        yield as_event(seed, "dimension.updated", told)
