# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Correcting what arrived, in a copy (X5, accounting policy F6): only what can do no harm, never the facts.

The list of what may be edited is closed: a field that does not stand in ``EDITABLE`` is never edited, whatever kind of
value it holds. Amounts, currencies, dates, quantities, parties, tax numbers and bank details do not stand there, nor
does what identifies a document or decides its tax. Those are corrected at the source.

``DIRECT``    no effect on the books: an operator corrects it.
``APPROVED``  decides where or against what something is booked: a second person approves it first.
"""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .errors import BusinessError

DIRECT = "direct"
APPROVED = "approved"
MAX_EDITS = 100
MAX_VALUE_CHARACTERS = 1000

EDITABLE: dict[str, dict[str, str]] = {
    "customer": {
        "address.street": DIRECT,
        "address.street2": DIRECT,
        "address.city": DIRECT,
        "address.zip": DIRECT,
        "address.state": DIRECT,
        "address.country": DIRECT,
        "phone": DIRECT,
        "language": DIRECT,
        "note": DIRECT,
    },
    # Never a bank account: it is corrected at the source (policy F6).
    "supplier": {
        "address.street": DIRECT,
        "address.street2": DIRECT,
        "address.city": DIRECT,
        "address.zip": DIRECT,
        "address.state": DIRECT,
        "address.country": DIRECT,
        "phone": DIRECT,
        "language": DIRECT,
        "note": DIRECT,
        "payment_term": APPROVED,
    },
    "product": {
        "code": APPROVED,
        "unit": APPROVED,
        "income_account": APPROVED,
    },
    "invoice": {
        "reference": DIRECT,
        "note": DIRECT,
        "lines[].description": DIRECT,
        "lines[].line_id": DIRECT,
        "credit_of": APPROVED,
        "payment_term": APPROVED,
        "journal": APPROVED,
        "lines[].product": APPROVED,
        "lines[].account": APPROVED,
        "lines[].analytic[]": APPROVED,
    },
    "movement": {
        "description": DIRECT,
        "method": DIRECT,
        "failure_message": DIRECT,
        "references[].value": APPROVED,
    },
    "entry": {
        "reference": DIRECT,
        "description": DIRECT,
        "lines[].label": DIRECT,
        "journal": APPROVED,
        "lines[].account": APPROVED,
        "lines[].analytic[]": APPROVED,
    },
}
# Objects that may be added so that a field inside them can be given.
_OPTIONAL_OBJECTS = frozenset({"address"})
_STEP = re.compile(r"([a-z][a-z0-9_]*)((?:\[[0-9]{1,5}\])?)", re.ASCII)
_INDEX = re.compile(r"\[[0-9]+\]")
_ABSENT = object()


@dataclasses.dataclass(frozen=True)
class Edit:
    """One correction: ``path`` such as ``lines[0].description``; ``value`` a text, or None to leave the field out."""

    path: str
    value: str | None


def form_of(path: str) -> str:
    """Return ``path`` without its positions: ``lines[3].description`` becomes ``lines[].description``."""
    return _INDEX.sub("[]", path)


def effect_of(kind: str, path: str) -> str | None:
    """Return DIRECT or APPROVED, or None where the field is never edited."""
    return EDITABLE.get(kind, {}).get(form_of(path))


def needs_approval(kind: str, paths: Iterable[str]) -> bool:
    """Whether a second person must approve a correction of these fields."""
    return any(effect_of(kind, path) != DIRECT for path in paths)


def editable_fields(kind: str, document: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Return (path, value as it stands or None) of every field of ``document`` that may be corrected.

    A value that is no text (which breaks the contract) is shown as None: it can only be replaced.
    """
    found: list[tuple[str, str | None]] = []
    for form in EDITABLE.get(kind, {}):
        for path in _paths(form, document):
            value = _value_at(document, path)
            found.append((path, value if isinstance(value, str) else None))
    return found


def correct(kind: str, document: Mapping[str, Any], edits: Sequence[Edit]) -> dict[str, Any]:
    """Return a corrected copy of ``document`` (a canonical document as JSON); the original stays as it is.

    :raises BusinessError: ``field_not_editable``: a field is never edited, does not exist at that place or would get
        something else than a text of 1 to MAX_VALUE_CHARACTERS characters; or nothing, or too much, is edited.
    """
    if not edits or len(edits) > MAX_EDITS:
        raise _refused("?", f"{len(edits)} corrections")
    corrected = copy.deepcopy(dict(document))
    for edit in edits:
        _apply(kind, corrected, edit)
    verify(kind, document, corrected)
    return corrected


def verify(kind: str, original: Mapping[str, Any], corrected: Mapping[str, Any]) -> list[str]:
    """Check that two versions of a document differ in editable fields only; returns the paths that differ.

    This looks at the documents themselves and at nothing that somebody says about them.

    :raises BusinessError: ``field_not_editable``.
    """
    paths = list(_differences("", original, corrected))
    for path in paths:
        if effect_of(kind, path) is None:
            raise _refused(path, "differs")
    return paths


def _apply(kind: str, document: dict[str, Any], edit: Edit) -> None:
    if not isinstance(edit.path, str) or effect_of(kind, edit.path) is None:
        raise _refused(str(edit.path)[:200], "never edited")
    if edit.value is not None and not (
        isinstance(edit.value, str) and 0 < len(edit.value) <= MAX_VALUE_CHARACTERS
    ):
        raise _refused(edit.path, "not a text of the right length")
    *parents, last = _steps(edit.path)
    place: Any = document
    for step in parents:
        if (
            isinstance(place, dict)
            and step not in place
            and step in _OPTIONAL_OBJECTS
            and edit.value is not None
        ):
            place[step] = {}
        place = _go(place, step, edit.path)
    if isinstance(last, int):
        _go(place, last, edit.path)
        if edit.value is None:
            raise _refused(edit.path, "cannot be left out")
        place[last] = edit.value
    elif not isinstance(place, dict):
        raise _refused(edit.path, "no such place")
    elif edit.value is None:
        place.pop(last, None)
    else:
        place[last] = edit.value


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    for part in path.split("."):
        match = _STEP.fullmatch(part)
        if not match:
            raise _refused(path[:200], "no path")
        steps.append(match[1])
        if match[2]:
            steps.append(int(match[2][1:-1]))
    return steps


def _go(place: Any, step: str | int, path: str) -> Any:
    known = (
        isinstance(place, list) and step < len(place)
        if isinstance(step, int)
        else (isinstance(place, dict) and step in place)
    )
    if not known:
        raise _refused(path, "no such place")
    return place[step]


def _paths(form: str, document: Mapping[str, Any]) -> list[str]:
    """Return the places in ``document`` that have this form; a missing optional field is a place, too."""
    paths: list[tuple[str, Any]] = [("", document)]
    parts = form.split(".")
    for number, part in enumerate(parts):
        name, many = part.removesuffix("[]"), part.endswith("[]")
        following = []
        for path, place in paths:
            if not isinstance(place, Mapping):
                continue
            here = f"{path}.{name}" if path else name
            value = place.get(name, _ABSENT)
            if many:
                rows = value if isinstance(value, list) else []
                following += [(f"{here}[{index}]", row) for index, row in enumerate(rows)]
            elif number == len(parts) - 1 or value is not _ABSENT:
                following.append((here, value))
            elif name in _OPTIONAL_OBJECTS:
                following.append((here, {}))
        paths = following
    return [path for path, _place in paths]


def _value_at(document: Mapping[str, Any], path: str) -> Any:
    place: Any = document
    for step in _steps(path):
        if isinstance(step, int):
            place = place[step]
        else:
            place = place.get(step) if isinstance(place, Mapping) else None
    return place


def _differences(path: str, left: Any, right: Any) -> Iterable[str]:
    """Yield the paths of the smallest parts that differ; True, 1 and 1.0 are three different things."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for name in [*left, *(name for name in right if name not in left)]:
            here = f"{path}.{name}" if path else str(name)
            yield from _differences(here, left.get(name, _ABSENT), right.get(name, _ABSENT))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from _differences(f"{path}[{index}]", one, other)
    elif left is _ABSENT and isinstance(right, Mapping) and right:
        yield from _differences(path, {}, right)
    elif type(left) is not type(right) or left != right:
        yield path


def _refused(path: str, why: str) -> BusinessError:
    return BusinessError("field_not_editable", why, params={"path": path})
