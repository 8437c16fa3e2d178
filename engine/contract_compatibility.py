# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What differs between two versions of a contract, and whom the difference would break (M4).

A contract is a JSON Schema as ``canonical.schemas`` publishes it: closed objects, lists, texts, whole numbers, yes/no.
Which differences break depends on who writes:

they write, we read (in)   what they send today must still be accepted: no field less, none more required, nothing
                           narrower.
we write, they read (out)  what they rely on must still come as it did: no field less, none optional that was there
                           always, nothing wider. A new field breaks nobody: readers pass over what they do not know.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

MAX_DEPTH = 12
DIRECTIONS = ("in", "out")
# Kinds of change → for whom they break.
BREAKS: dict[str, frozenset[str]] = {
    "added_optional": frozenset(),
    "added_required": frozenset({"in"}),
    "removed": frozenset({"in", "out"}),
    "made_required": frozenset({"in"}),
    "made_optional": frozenset({"out"}),
    "narrowed": frozenset({"in"}),
    "widened": frozenset({"out"}),
    "changed": frozenset({"in", "out"}),
    "classified": frozenset(),
}
# JSON Schema keyword → the larger its value, the wider (1) or the narrower (-1) the contract.
_BOUNDS = {
    "minLength": -1,
    "maxLength": 1,
    "minimum": -1,
    "maximum": 1,
    "exclusiveMinimum": -1,
    "exclusiveMaximum": 1,
    "minItems": -1,
    "maxItems": 1,
}


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a contract. ``path`` as in ``lines[].net_amount``; ``types`` of JSON, ``null`` among them."""

    path: str
    types: frozenset[str]
    required: bool
    values: frozenset[Any] | None = None
    texts: tuple[tuple[str, str], ...] = ()
    bounds: tuple[tuple[str, int], ...] = ()
    classification: str = ""
    description: str = ""


@dataclasses.dataclass(frozen=True)
class Change:
    """A difference: ``kind`` of BREAKS at ``path``, in words ``before`` and ``after``."""

    path: str
    kind: str
    before: str = ""
    after: str = ""

    def breaks(self, direction: str) -> bool:
        """Whether it breaks a flow of that direction.

        :raises ValueError: the direction is none of DIRECTIONS.
        """
        if direction not in DIRECTIONS:
            raise ValueError(f"unknown direction {direction!r}")
        return direction in BREAKS[self.kind]


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return what differs between two schemas, by path; equal ones give an empty list.

    Of an object that came or went as a whole, only the object is named.
    """
    before = {field.path: field for field in fields(old)}
    after = {field.path: field for field in fields(new)}
    changes: list[Change] = []
    gone: set[str] = set()
    for path, field in before.items():
        if path not in after:
            gone.add(path)
            if not _within(path, gone):
                changes.append(Change(path, "removed", before=_say(field)))
    come: set[str] = set()
    for path, field in after.items():
        if path not in before:
            come.add(path)
            if not _within(path, come):
                kind = "added_required" if field.required else "added_optional"
                changes.append(Change(path, kind, after=_say(field)))
        else:
            changes += _field_changes(before[path], field)
    return sorted(changes, key=lambda change: (change.path, change.kind))


def _within(path: str, parents: set[str]) -> bool:
    """Whether an object above ``path`` is among ``parents``."""
    while "." in path or path.endswith("[]"):
        path = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
        if path in parents:
            return True
    return False


def _field_changes(before: Field, after: Field) -> Iterator[Change]:
    path = after.path
    if before.required != after.required:
        yield Change(path, "made_required" if after.required else "made_optional")
    if before.types != after.types:
        kind = _by_size(after.types < before.types, after.types > before.types)
        yield Change(path, kind, _join(before.types), _join(after.types))
    if before.values != after.values:
        narrower = before.values is None or (after.values is not None and after.values < before.values)
        wider = after.values is None or (before.values is not None and after.values > before.values)
        yield Change(path, _by_size(narrower, wider), _join(before.values), _join(after.values))
    texts, new_texts = dict(before.texts), dict(after.texts)
    for name in sorted(texts.keys() | new_texts.keys()):
        was, is_now = texts.get(name), new_texts.get(name)
        if was != is_now:
            yield Change(path, _by_size(was is None, is_now is None), was or "", is_now or "")
    yield from _bound_changes(before, after)
    if before.classification != after.classification:
        yield Change(path, "classified", before.classification, after.classification)


def _bound_changes(before: Field, after: Field) -> Iterator[Change]:
    bounds, new_bounds = dict(before.bounds), dict(after.bounds)
    for name in sorted(bounds.keys() | new_bounds.keys()):
        was, is_now = bounds.get(name), new_bounds.get(name)
        if was == is_now:
            continue
        if was is None or is_now is None:
            kind = _by_size(was is None, is_now is None)
        else:
            kind = "widened" if (is_now - was) * _BOUNDS[name] > 0 else "narrowed"
        yield Change(path=after.path, kind=kind, before=_bound(name, was), after=_bound(name, is_now))


def _by_size(narrower: bool, wider: bool) -> str:
    if narrower:
        return "narrowed"
    return "widened" if wider else "changed"


def _bound(name: str, value: int | None) -> str:
    return "" if value is None else f"{name} {value}"


def _join(values: frozenset[Any] | None) -> str:
    return "" if values is None else ", ".join(sorted(map(str, values)))


def _say(field: Field) -> str:
    return _join(field.types - {"null"}) or "null"


# -- reading a schema ----------------------------------------------------------------------------------------


def fields(schema: Mapping[str, Any]) -> list[Field]:
    """Return every field of a schema, objects and lists before what is in them, in the order of the schema.

    :raises ValueError: a reference leads nowhere.
    """
    found: dict[str, Field] = {}
    _read(schema, schema.get("$defs", {}), "", found, required=True, depth=0)
    return list(found.values())


def _read(
    part: Mapping[str, Any],
    definitions: Mapping[str, Any],
    path: str,
    found: dict[str, Field],
    *,
    required: bool,
    depth: int,
) -> None:
    readings = list(_readings(part, definitions, 0))
    if path:
        _note(path, required, part, readings, found)
    if depth >= MAX_DEPTH:
        return
    for reading in readings:
        wanted = set(reading.get("required", ()))
        for name, child in reading.get("properties", {}).items():
            # Of several readings, a field is required only where each of them asks for it.
            needed = name in wanted and all(
                name in other.get("required", ()) for other in readings if "properties" in other
            )
            below = f"{path}.{name}" if path else name
            _read(child, definitions, below, found, required=needed, depth=depth + 1)
        if isinstance(reading.get("items"), Mapping):
            _read(reading["items"], definitions, f"{path}[]", found, required=True, depth=depth + 1)


def _readings(
    part: Mapping[str, Any], definitions: Mapping[str, Any], depth: int
) -> Iterator[Mapping[str, Any]]:
    """Yield the alternatives of a part with references followed."""
    if depth > MAX_DEPTH:
        return
    if "$ref" in part:
        name = str(part["$ref"]).rpartition("/")[2]
        if name not in definitions:
            raise ValueError(f"the schema refers to {name!r}, which it does not have")
        yield from _readings(definitions[name], definitions, depth + 1)
    elif "anyOf" in part:
        for choice in part["anyOf"]:
            yield from _readings(choice, definitions, depth + 1)
    else:
        yield part


def _note(
    path: str,
    required: bool,
    part: Mapping[str, Any],
    readings: list[Mapping[str, Any]],
    found: dict[str, Field],
) -> None:
    types: set[str] = set()
    values: set[Any] | None = set()
    texts: dict[str, str] = {}
    bounds: dict[str, int] = {}
    words = dict(part)
    for reading in readings:
        types |= set(_types(reading))
        if reading.get("type") == "null":
            continue
        words = {**reading, **words}
        texts |= {name: str(reading[name]) for name in ("pattern", "format") if name in reading}
        bounds |= {name: reading[name] for name in _BOUNDS if name in reading}
        if values is not None and ("enum" in reading or "const" in reading):
            values |= set(reading.get("enum", [reading.get("const")]))
        else:
            values = None
    known = found.get(path)
    found[path] = Field(
        path,
        frozenset(types) | (known.types if known else frozenset()),
        required and (known.required if known else True),
        frozenset(values) if values else None,
        tuple(sorted(texts.items())),
        tuple(sorted(bounds.items())),
        str(words.get("x-classification", "")),
        str(words.get("description", "")),
    )


def _types(reading: Mapping[str, Any]) -> Iterator[str]:
    stated = reading.get("type")
    if isinstance(stated, str):
        yield stated
    elif isinstance(stated, (list, tuple)):
        yield from stated
    else:
        for value in reading.get("enum", [reading.get("const")]):
            yield {str: "string", bool: "boolean", int: "integer"}.get(type(value), "any")
