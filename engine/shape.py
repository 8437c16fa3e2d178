# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The shape of what a source sends, and what of it has changed: new, vanished and differently typed fields (M4).

Only names and types are looked at, never values. Everything is bounded: no source fills a table by inventing names.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

MAX_DEPTH = 8
MAX_FIELDS = 400
# Beyond this many names, an object is a list of things under names, and not a form.
MAX_NAMES = 60
MAX_NAME_CHARACTERS = 64
# Of a list only the first elements are looked at.
MAX_ELEMENTS = 5
# What is below these names is the sender's own, different from event to event.
FREE_NAMES = frozenset({"metadata", "meta_data", "custom_fields", "attributes", "extra", "tags", "labels"})
# So many events are read before anything counts as a change.
LEARN_SAMPLES = 20
# A field that was always there counts as vanished after so many events in a row without it.
GONE_AFTER = 20
NOTHING = "nothing"

Shape = dict[str, str]


def shape_of(body: Any) -> Shape:
    """Return {path: type} of a parsed JSON body; types are text, number, yes_no, nothing, list, object.

    A path reads ``data.lines[].amount``. Where a list holds elements of several types, they are joined with ``|``.
    """
    shape: Shape = {}
    _walk(body, "", shape, 0)
    return shape


def _walk(value: Any, path: str, shape: Shape, depth: int) -> None:
    if path:
        if path not in shape and len(shape) >= MAX_FIELDS:
            return
        shape[path] = _joined(shape.get(path), _type(value))
    if depth >= MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        if _is_free(path, value):
            return
        for name, part in value.items():
            short = str(name)[:MAX_NAME_CHARACTERS]
            _walk(part, f"{path}.{short}" if path else short, shape, depth + 1)
    elif isinstance(value, (list, tuple)):
        for part in value[:MAX_ELEMENTS]:
            _walk(part, f"{path}[]", shape, depth + 1)


def _is_free(path: str, value: Mapping[str, Any]) -> bool:
    return len(value) > MAX_NAMES or path.rpartition(".")[2].removesuffix("[]").lower() in FREE_NAMES


def _joined(known: str | None, kind: str) -> str:
    return "|".join(sorted({*(known.split("|") if known else ()), kind}))


def _type(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes_no"
    if isinstance(value, (int, Decimal, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    return "object" if isinstance(value, Mapping) else "list"


@dataclasses.dataclass
class Known:
    """What is known of one field: its types, whether every event has had it, and for how many it has been missing."""

    types: set[str]
    steady: bool = True
    missing: int = 0
    gone: bool = False


@dataclasses.dataclass
class Memory:
    """What is known of one kind of event of one source. ``samples`` counts the events that were looked at."""

    samples: int = 0
    fields: dict[str, Known] = dataclasses.field(default_factory=dict)

    @property
    def learning(self) -> bool:
        """Whether nothing counts as a change yet."""
        return self.samples < LEARN_SAMPLES


@dataclasses.dataclass(frozen=True)
class Difference:
    """``kind`` is new, changed, gone, back, or learned (noticed while nothing counts as a change yet)."""

    path: str
    kind: str
    before: str = ""
    after: str = ""


def observe(memory: Memory, shape: Shape) -> list[Difference]:
    """Take one more event into ``memory`` and return what differs from what was known.

    An empty value says nothing of its type. A part whose parent is missing is not missing itself, and of a new object
    only the object is named.
    """
    learning = memory.learning
    memory.samples += 1
    found: list[Difference] = []
    for path, text in shape.items():
        types = set(text.split("|"))
        known = memory.fields.get(path)
        if known is None:
            if len(memory.fields) >= MAX_FIELDS:
                continue
            memory.fields[path] = Known(types, steady=memory.samples == 1)
            parent_is_new = any(row.path == _parent(path) and row.kind == "new" for row in found)
            if learning or parent_is_new:
                found.append(Difference(path, "learned", after=text))
            else:
                found.append(Difference(path, "new", after=text))
            continue
        found += _seen_again(path, known, types, learning)
    found += _not_seen(memory, shape, learning)
    return found


def _seen_again(path: str, known: Known, types: set[str], learning: bool) -> list[Difference]:
    found = []
    if known.gone:
        found.append(Difference(path, "back", after="|".join(sorted(types))))
    known.missing, known.gone = 0, False
    more = types - known.types - {NOTHING}
    if more or (NOTHING in types and NOTHING not in known.types):
        before = known.types - {NOTHING}
        text = "|".join(sorted(known.types))
        known.types |= types
        kind = "changed" if more and before and not learning else "learned"
        found.append(Difference(path, kind, text, "|".join(sorted(known.types))))
    return found


def _not_seen(memory: Memory, shape: Shape, learning: bool) -> list[Difference]:
    found = []
    for path, known in memory.fields.items():
        if path in shape or (_parent(path) and _parent(path) not in shape) or _is_of_empty_list(path, shape):
            continue
        if learning:
            if known.steady:
                known.steady = False
                found.append(Difference(path, "learned"))
            continue
        known.missing += 1
        if known.steady and not known.gone and known.missing >= GONE_AFTER:
            known.gone = True
            found.append(Difference(path, "gone", before="|".join(sorted(known.types))))
    return found


def _parent(path: str) -> str:
    return path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]


def _is_of_empty_list(path: str, shape: Shape) -> bool:
    """Whether it stands in a list that is empty in this event."""
    at = path.rfind("[]")
    return at >= 0 and path[: at + 2] not in shape
