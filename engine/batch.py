# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Life and control totals of a batch: one file, one fetched list or one sent batch of events.

A batch is complete, or it is visibly incomplete until a person decides. Totals are exact decimals per currency.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from .errors import ContractError
from .lifecycle import IllegalTransition
from .money import EXACT, minor_units, parse_decimal, plain

STATES = (
    "receiving",
    "interrupted",
    "complete",
    "incomplete",
    "accepted",
    "refused",
    "repeated",
    "replaced",
    "cancelled",
)
STATE_MEANINGS = {
    "receiving": "it is being read",
    "interrupted": "reading stopped at something that passes by itself; it goes on where it stopped",
    "complete": "read to its end, and the control totals agree",
    "incomplete": "something is missing or differs: a person decides",
    "accepted": "incomplete, and an approver accepted it as it is",
    "refused": "nothing of it is used until a person decides",
    "repeated": "the same content was read before; nothing was read again",
    "replaced": "a later one brought what was missing",
    "cancelled": "a person put it aside",
}
# Somebody is still at it.
OPEN_STATES = frozenset({"receiving", "interrupted"})
NEEDS_PERSON = frozenset({"incomplete", "refused"})
# What waits for the whole batch may be booked.
RELEASED_STATES = frozenset({"complete", "accepted"})
FINAL_STATES = frozenset({"complete", "accepted", "repeated", "replaced", "cancelled"})

# (source, target): trigger
TRANSITIONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("receiving", "interrupted"): "interrupt",
        ("interrupted", "receiving"): "resume",
        ("receiving", "complete"): "close",
        ("receiving", "incomplete"): "close",
        ("receiving", "refused"): "refuse",
        ("receiving", "repeated"): "recognise",
        ("interrupted", "incomplete"): "give_up",
        ("interrupted", "cancelled"): "put_aside",
        ("incomplete", "receiving"): "read_again",
        ("refused", "receiving"): "read_again",
        ("incomplete", "accepted"): "accept",
        ("incomplete", "replaced"): "replace",
        ("refused", "replaced"): "replace",
        ("incomplete", "cancelled"): "put_aside",
        ("refused", "cancelled"): "put_aside",
    }
)


def check_step(source: str, target: str) -> str:
    """Return the trigger that leads a batch from ``source`` to ``target``.

    :raises IllegalTransition: the table does not know the step.
    """
    trigger = TRANSITIONS.get((source, target))
    if trigger is None:
        raise IllegalTransition(f"batch: {source} to {target}")
    return trigger


@dataclasses.dataclass(frozen=True)
class ControlTotals:
    """How many records there are and what they sum up to, per ISO 4217 code, in major units.

    ``count`` or ``sums`` is None where nobody said it; a None is not compared.
    """

    count: int | None = None
    sums: Mapping[str, Decimal] | None = None

    def plus(self, other: ControlTotals) -> ControlTotals:
        """Return the totals of both together; what one of them does not say counts as nothing."""
        count = None if self.count is None and other.count is None else (self.count or 0) + (other.count or 0)
        if self.sums is None and other.sums is None:
            return ControlTotals(count)
        sums = dict(self.sums or {})
        for currency, amount in (other.sums or {}).items():
            sums[currency] = EXACT.add(sums.get(currency, Decimal(0)), amount)
        return ControlTotals(count, sums)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form; amounts are decimal strings."""
        form: dict[str, Any] = {}
        if self.count is not None:
            form["count"] = self.count
        if self.sums is not None:
            form["sums"] = {currency: plain(amount) for currency, amount in sorted(self.sums.items())}
        return form

    def __bool__(self) -> bool:
        return self.count is not None or self.sums is not None


NO_TOTALS = ControlTotals()


def read_totals(form: Any) -> ControlTotals:
    """Return the totals that the JSON form ``{"count": 3, "sums": {"EUR": "12.50"}}`` writes.

    Both parts may be left out. None is no totals; a ``ControlTotals`` comes back as it is.

    :raises ContractError: ``schema_violation``, ``invalid_amount``, ``unknown_currency``.
    """
    if form is None:
        return NO_TOTALS
    if isinstance(form, ControlTotals):
        return form
    if not isinstance(form, Mapping) or form.keys() - {"count", "sums"}:
        raise _violation("control", "Expected an object with “count” and “sums”")
    count, sums = form.get("count"), form.get("sums")
    if count is not None and (type(count) is not int or not 0 <= count < 2**31):
        raise _violation("control.count", "Expected a whole number")
    if sums is None:
        return ControlTotals(count)
    if not isinstance(sums, Mapping) or len(sums) > 200:
        raise _violation("control.sums", "Expected one amount per currency")
    amounts = {}
    for currency, text in sums.items():
        minor_units(currency)
        amounts[currency] = parse_decimal(text)
    return ControlTotals(count, amounts)


@dataclasses.dataclass(frozen=True)
class Difference:
    """One total that does not agree. ``currency`` is None where the number of records differs."""

    currency: str | None
    declared: Decimal
    counted: Decimal

    @property
    def missing(self) -> Decimal:
        """Declared minus counted: positive = something is missing, negative = there is too much."""
        return EXACT.subtract(self.declared, self.counted)


def differences(declared: ControlTotals, counted: ControlTotals) -> tuple[Difference, ...]:
    """Return what does not agree, the number of records first, then currencies by code.

    A currency on one side only counts as zero on the other; what was not declared is not compared.
    """
    found = []
    if declared.count is not None and declared.count != (counted.count or 0):
        found.append(Difference(None, Decimal(declared.count), Decimal(counted.count or 0)))
    if declared.sums is not None:
        present = counted.sums or {}
        for currency in sorted({*declared.sums, *present}):
            pair = declared.sums.get(currency, Decimal(0)), present.get(currency, Decimal(0))
            if pair[0] != pair[1]:
                found.append(Difference(currency, *pair))
    return tuple(found)


def percent_done(
    declared_count: int | None, counted_count: int, size_bytes: int | None, read_bytes: int
) -> int:
    """Return how much was read, 0 to 100: by records where their number is known, else by bytes."""
    whole, part = (declared_count, counted_count) if declared_count else (size_bytes or 0, read_bytes)
    if not whole or whole < 0:
        return 0
    return min(100, max(0, part * 100 // whole))


def _violation(path: str, problem: str) -> ContractError:
    return ContractError("schema_violation", f"{path}: {problem}", params={"path": path, "problem": problem})
