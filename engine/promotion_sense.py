# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What contradicts itself in a configuration, whoever has signed it (M5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .ownership import ANY_FIELD, ODOO, Rule, problems

_NUMBERED = re.compile(r"[\"'][a-z_.]*_ids?[\"']|[\"'](?:[a-z_.]+\.)?id[\"']", re.ASCII)


def names_records_by_number(domain: str) -> bool:
    """Whether conditions name records by their number, which means something else in another database."""
    return bool(_NUMBERED.search(domain or ""))


def spans_overlap(spans: Iterable[list]) -> bool:
    """Whether two of these [from, until, meaning] share a day, or one ends before it begins; None = no limit."""
    before = None
    for first, last, _meaning in sorted(spans, key=lambda span: span[0] or ""):
        if first and last and last < first:
            return True
        if before is not None and (not before[0] or not first or first <= before[0]):
            return True
        before = (last,)
    return False


def ownership_problems(rows: Mapping[str, Mapping[tuple[str, ...], Mapping[str, Any]]]) -> str:
    """Return the names of rules of ownership that are circular or contradict each other; '' = none."""
    # The rules know connections by number; here each name is one.
    named = {key[2] for key in rows.get("ownership", {})} | {key[0] for key in rows.get("connections", {})}
    named |= {values["owner_connection_id"] for values in rows.get("ownership", {}).values()}
    numbers = {name: number for number, name in enumerate(sorted(named - {""}), 1)}
    cast: dict[str, list[int]] = {}
    for (name,), values in rows.get("connections", {}).items():
        if values["system_role"]:
            cast.setdefault(values["system_role"], []).append(numbers[name])
    names = {}
    for (kind, field, connection), values in rows.get("ownership", {}).items():
        roles = [values[name] for name in ("owner_role", "owner_role_2", "owner_role_3") if values[name]]
        owners = {
            "odoo": (ODOO,),
            "role": tuple(f"role:{name}" for name in roles),
            "connection": (f"connection:{numbers.get(values['owner_connection_id'], '')}",),
        }.get(values["owner"], ())
        rule = Rule(
            kind,
            field or ANY_FIELD,
            owners,
            values["conflict"],
            1,
            numbers.get(connection),
            values["fills_empty"],
        )
        names[rule] = " ".join(filter(None, (kind, field, connection)))
    return ", ".join(names[rule] for problem in problems(names, cast) for rule in problem.rules)
