# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What two configurations differ in, what an import does about it, and how that is taken back (M5, M8).

An operation is JSON: ``{"section", "key", "op", "before", "after"}`` with ``op`` 'add', 'change' or 'remove' and the
values of all fields before and after (None where the record is not there). An import adds and changes; what only the
target has stays. Taking it back is the same operations the other way round.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from .promotion import SECTIONS, Rows, Section
from .promotion_values import empty_of

ADDED, CHANGED, ONLY_HERE, SAME = "added", "changed", "only_here", "same"
# Kinds of approval that the parts of a configuration would need by themselves.
KIND_OF_SECTION = {
    "connections": "other",
    "balance_accounts": "other",
    "flows": "flow",
    "role_accounts": "other",
    "collection_agreements": "mapping",
    "mappings": "mapping",
    "ownership": "ownership",
    "subscriptions": "other",
    "rules": "policy",
    "shared_rules": "policy",
    "assignment_rules": "other",
    "limits": "policy",
    "approval_rules": "policy",
    "shared_approval_rules": "policy",
}
_DAY = timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Difference:
    """How one record of a bundle compares with the target; ``fields`` = names of the fields that differ."""

    section: str
    key: tuple[str, ...]
    change: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    fields: tuple[str, ...] = ()


def compare(target: Rows, bundle: Rows) -> list[Difference]:
    """Return every record of both configurations, in the order of the sections and keys.

    A field that a bundle of an older form does not say stays as it is in the target.
    """
    found = []
    for section, shape in SECTIONS.items():
        here, there = target.get(section, {}), bundle.get(section, {})
        for key in sorted(here.keys() | there.keys()):
            before = here.get(key)
            after = _whole(shape, there.get(key), before)
            if after is None:
                found.append(Difference(section, key, ONLY_HERE, before, None))
            elif before is None:
                found.append(Difference(section, key, ADDED, None, after, tuple(shape.fields)))
            else:
                names = tuple(name for name in shape.fields if before[name] != after[name])
                found.append(Difference(section, key, CHANGED if names else SAME, before, after, names))
    return found


def operations(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    """Return what an import does, as JSON."""
    return [
        {
            "section": difference.section,
            "key": list(difference.key),
            "op": "add" if difference.change == ADDED else "change",
            "before": dict(difference.before) if difference.before is not None else None,
            "after": dict(difference.after or {}),
        }
        for difference in differences
        if difference.change in (ADDED, CHANGED)
    ]


def completed(planned: Iterable[Mapping[str, Any]], target: Rows) -> list[dict[str, Any]]:
    """Return operations that were written down when records had fewer fields, with those as they are in ``target``."""
    return [
        {
            **operation,
            **{
                side: _whole(
                    SECTIONS[operation["section"]],
                    operation[side],
                    target.get(operation["section"], {}).get(tuple(operation["key"])),
                )
                for side in ("before", "after")
            },
        }
        for operation in planned
    ]


def _whole(shape: Section, values: Mapping[str, Any] | None, now: Mapping[str, Any] | None):
    if values is None or values.keys() >= shape.fields.keys():
        return values
    now = now or {}
    unsaid = {name: now.get(name, empty_of(kind)) for name, kind in shape.fields.items()}
    return {**unsaid, **values}


def inverse(done: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what takes ``done`` back, last first."""
    turned = {"add": "remove", "remove": "add", "change": "change"}
    return [
        {
            **operation,
            "op": turned[operation["op"]],
            "before": operation["after"],
            "after": operation["before"],
        }
        for operation in reversed(list(done))
    ]


def kinds_of(planned: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the kinds of approval that these operations would need one by one."""
    return sorted({KIND_OF_SECTION[operation["section"]] for operation in planned})


def as_changed(target: Rows, planned: Iterable[Mapping[str, Any]]) -> Rows:
    """Return the configuration that ``target`` becomes when these operations are carried out."""
    result = {section: dict(rows) for section, rows in target.items()}
    for operation in planned:
        rows, key = result.setdefault(operation["section"], {}), tuple(operation["key"])
        if operation["op"] == "remove":
            rows.pop(key, None)
        else:
            rows[key] = dict(operation["after"])
    return result


# -- mappings: by day ---------------------------------------------------------------------------------------------


def span_lines(
    before: Sequence[Sequence[str | None]],
    after: Sequence[Sequence[str | None]],
    from_day: date | None = None,
) -> list[dict[str, Any]]:
    """Return the lines of a proposal that turn the days ``before`` into those ``after``.

    :param before, after: [from, until, meaning] as ISO days, None = no limit; the spans of each share no day.
    :param from_day: earlier days stay as they are: what was booked on them was booked under what held.
    :returns: dicts with action ('end' or 'set'), from, until (ISO or None), means; ends come first.
    """
    old = [_span(row, from_day) for row in before]
    new = [_span(row, from_day) for row in after]
    old, new = [row for row in old if row], [row for row in new if row]
    ends, sets = [], []
    # What gets another meaning needs no end of its own.
    for first, last, _meaning in old:
        for start, end in _rest((first, last), new):
            ends.append(_line("end", start, end, None))
    for first, last, meaning in new:
        same = [row for row in old if row[2] == meaning]
        for start, end in _rest((first, last), same):
            sets.append(_line("set", start, end, meaning))
    return ends + sets


def merged_spans(spans: Iterable[Sequence[str | None]]) -> list[list[str | None]]:
    """Return spans in order, those that follow each other without a gap and mean the same as one."""
    merged: list[list[str | None]] = []
    for first, last, meaning in sorted(spans, key=lambda span: span[0] or ""):
        before = merged[-1] if merged else None
        if before and before[2] == meaning and _follows(before[1], first):
            before[1] = last
        else:
            merged.append([first, last, meaning])
    return merged


def _follows(last: str | None, first: str | None) -> bool:
    return bool(last and first) and date.fromisoformat(last) + _DAY == date.fromisoformat(first)


def _span(row, from_day):
    first = date.fromisoformat(row[0]) if row[0] else date.min
    last = date.fromisoformat(row[1]) if row[1] else date.max
    first = max(first, from_day) if from_day else first
    return (first, last, row[2]) if first <= last else None


def _rest(span: tuple[date, date], others: Iterable[tuple[date, date, Any]]) -> list[tuple[date, date]]:
    """Return the parts of ``span`` that none of ``others`` covers."""
    parts = [span]
    for other_first, other_last, _meaning in others:
        left = []
        for first, last in parts:
            if other_last < first or last < other_first:
                left.append((first, last))
                continue
            if first < other_first:
                left.append((first, other_first - _DAY))
            if other_last < last:
                left.append((other_last + _DAY, last))
        parts = left
    return parts


def _line(action: str, first: date, last: date, meaning: str | None) -> dict[str, Any]:
    return {
        "action": action,
        "from": None if first == date.min else first.isoformat(),
        "until": None if last == date.max else last.isoformat(),
        "means": meaning,
    }
