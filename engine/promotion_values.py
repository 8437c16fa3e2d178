# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a value of a configuration may be: the kinds of values in a bundle, and whether one is of its kind (M5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_TEXT = 5_000
MAX_LINES = 100

# What a value may be; ``ref:`` = what a record of that kind is called, ``refs:`` = a list of such.
TEXT, WHOLE, DECIMAL, FLAG, DAY, SPANS, TIERS = "text", "whole", "decimal", "flag", "day", "spans", "tiers"
# The events that a rule waits for, and what it then does.
PARTS, STEPS = "parts", "steps"
# What the taxes are that a mapping names.
TAXES = "taxes"
# Parts of an agreement of two companies that are found in the books of the other one: a contact that stands for a
# company ('' = its own), an account, a journal.
CONTACT, PAYEE_ACCOUNT, PAYEE_JOURNAL = "ref:other_contact", "ref:payee_account", "ref:payee_journal"
ELSEWHERE = (CONTACT, PAYEE_ACCOUNT, PAYEE_JOURNAL)


def is_text(value: Any) -> bool:
    """Whether it is a text that is not too long."""
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _is_decimal(value: Any) -> bool:
    try:
        return is_text(value) and Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _is_day(value: Any) -> bool:
    if value is None:
        return True
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_tier(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"group", "people", "count"}
        and is_text(value["group"])
        and _are_texts(value["people"])
        and _is_whole(value["count"])
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31


def _is_span(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and _is_day(value[0])
        and _is_day(value[1])
        and is_text(value[2])
        and bool(value[2])
    )


def _has(parts: Mapping[str, Callable[[Any], bool]]) -> Callable[[Any], bool]:
    """Return a check for a list of objects that have exactly these parts."""

    def check(value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) <= MAX_LINES
            and all(
                isinstance(row, dict)
                and row.keys() == parts.keys()
                and all(holds(row[name]) for name, holds in parts.items())
                for row in value
            )
        )

    return check


_CHECKS: dict[str, Callable[[Any], bool]] = {
    TEXT: is_text,
    WHOLE: _is_whole,
    DECIMAL: _is_decimal,
    FLAG: lambda value: isinstance(value, bool),
    DAY: _is_day,
    SPANS: lambda value: isinstance(value, list) and all(map(_is_span, value)),
    TIERS: lambda value: isinstance(value, list) and 0 < len(value) <= 5 and all(map(_is_tier, value)),
    PARTS: _has(
        {
            "kind": is_text,
            "journals": _are_texts,
            "countries": _are_texts,
            "amount_from": _is_decimal,
            "currency": is_text,
            "domain": is_text,
        }
    ),
    TAXES: _has(
        {
            "name": is_text,
            "rate": _is_decimal,
            "kind": is_text,
            "use": is_text,
            "scope": is_text,
            "country": is_text,
            "included": lambda value: isinstance(value, bool),
        }
    ),
    STEPS: _has(
        {
            "action": is_text,
            "role": is_text,
            "person": is_text,
            "summary": is_text,
            "within_days": _is_whole,
            "publish": is_text,
            "connection": is_text,
            # Names its connection, its direction and what it carries; empty where none is meant.
            "flow": lambda value: _are_texts(value) and len(value) in (0, 3),
        }
    ),
}


# What a field says that was never set.
_EMPTY: dict[str, Any] = {
    TEXT: "", WHOLE: 0, DECIMAL: "0", FLAG: False, DAY: None, SPANS: [], TIERS: [], PARTS: [], STEPS: [], TAXES: [],
}  # fmt: skip


def empty_of(kind: str) -> Any:
    """Return the value of a field of this kind that was never set."""
    if kind.startswith("ref"):
        return [] if kind.startswith("refs:") else ""
    value = _EMPTY[kind]
    return [] if value == [] else value


def fits(kind: str, value: Any) -> bool:
    """Whether ``value``, as it comes from JSON, is of this kind."""
    if kind.startswith("refs:"):
        return _are_texts(value)
    return is_text(value) if kind.startswith("ref:") else _CHECKS[kind](value)
