# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a code of an outside system means on a day: resolution, change without gaps, analytic shares (M2)."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .errors import BusinessError, MissingReferenceError

# Stands for: any other value.
DEFAULT = "*"
MAX_VALUE_CHARACTERS = 255
ONE_DAY = timedelta(days=1)
WHOLE = Decimal(100)
# Odoo keeps shares of an analytic distribution with few decimals; what is lost by that is no contradiction.
SHARE_TOLERANCE = Decimal("0.01")
MAX_SHARES = 1000


@dataclasses.dataclass(frozen=True)
class Version:
    """One version of a mapping: from the first to the last day (both included, None = unlimited) a value means this.

    ``usable``  False where the target is archived, so that nothing may be booked with it.
    """

    id: int
    kind: str
    value: str
    valid_from: date | None
    valid_until: date | None
    target: Any
    usable: bool = True

    def holds_on(self, day: date) -> bool:
        """Whether ``day`` lies in the time for which this version counts."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


class Verdict(str, enum.Enum):
    """How a value was found."""

    EXACT = "exact"  # mapped by itself
    DEFAULT = "default"  # by what counts for any other value
    EXPIRED = "expired"  # mapped by itself, but not for this day: never answered by the default
    ARCHIVED = "archived"  # mapped to something that is not used any more
    MISSING = "missing"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a value means on a day; ``version`` is the one that counts, or for EXPIRED the one that is nearest."""

    verdict: Verdict
    version: Version | None = None


class Table:
    """All versions in force of one connection."""

    def __init__(self, versions: Iterable[Version]):
        self._by_value: dict[tuple[str, str], list[Version]] = {}
        for version in versions:
            self._by_value.setdefault((version.kind, version.value), []).append(version)
        self.kinds = frozenset(kind for kind, _value in self._by_value)

    def look_up(self, kind: str, value: str, day: date) -> Answer:
        """Return what ``value`` means on ``day``.

        A value with a mapping of its own that does not count on that day is EXPIRED even where a default counts:
        somebody has ended it, and the default must not quietly take its place.
        """
        own = self._by_value.get((kind, value), ())
        if found := _on(own, day):
            return _answer(found, Verdict.EXACT if value != DEFAULT else Verdict.DEFAULT)
        if own and value != DEFAULT:
            return Answer(Verdict.EXPIRED, _nearest(own, day))
        if found := _on(self._by_value.get((kind, DEFAULT), ()), day):
            return _answer(found, Verdict.DEFAULT)
        return Answer(Verdict.MISSING)

    def resolve(self, kind: str, value: str, day: date, label: str | None = None) -> Version:
        """Return the version that counts for ``value`` on ``day``.

        :param label: what people call this kind of mapping.
        :raises MissingReferenceError: ``mapping_missing``, ``mapping_expired``, ``mapping_target_archived``.
        """
        answer = self.look_up(kind, value, day)
        if answer.verdict in (Verdict.EXACT, Verdict.DEFAULT):
            return answer.version
        detail = f"{kind}: {value} on {day}"
        params = {"mapping": label or kind, "value": value, "code": kind}
        if answer.verdict is Verdict.MISSING:
            raise MissingReferenceError("mapping_missing", detail, params=params)
        if answer.verdict is Verdict.EXPIRED:
            raise MissingReferenceError("mapping_expired", detail, params=params)
        raise MissingReferenceError("mapping_target_archived", detail, params=params)


def _on(versions: Iterable[Version], day: date) -> Version | None:
    return next((version for version in versions if version.holds_on(day)), None)


def _answer(version: Version, verdict: Verdict) -> Answer:
    return Answer(verdict if version.usable else Verdict.ARCHIVED, version)


def _nearest(versions: Sequence[Version], day: date) -> Version:
    def distance(version: Version) -> int:
        if version.valid_from is not None and day < version.valid_from:
            return (version.valid_from - day).days
        return (day - version.valid_until).days if version.valid_until is not None else 0

    return min(versions, key=distance)


# -- changing ------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Steps:
    """What a change does to the versions in force, so that no day gets two meanings and no other day another one.

    ``replaced``   ids of versions that no longer count for any day.
    ``cut``        (id, last day) of versions that end earlier.
    ``continued``  (id, first day, last day) of versions whose meaning goes on after the change: a new version each.
    """

    replaced: tuple[int, ...] = ()
    cut: tuple[tuple[int, date], ...] = ()
    continued: tuple[tuple[int, date, date | None], ...] = ()


def overlaps(
    first_from: date | None, first_until: date | None, from_: date | None, until: date | None
) -> bool:
    """Whether two spans of days (both ends included, None = unlimited) have a day in common."""
    return (first_until is None or from_ is None or from_ <= first_until) and (
        until is None or first_from is None or first_from <= until
    )


def plan_change(versions: Iterable[Version], valid_from: date | None, valid_until: date | None) -> Steps:
    """Return what must happen to ``versions`` of one value so that nothing of them counts from first to last day.

    :raises ValueError: the last day is before the first.
    """
    if valid_from is not None and valid_until is not None and valid_until < valid_from:
        raise ValueError("the last day is before the first")
    replaced, cut, continued = [], [], []
    for version in versions:
        if not overlaps(version.valid_from, version.valid_until, valid_from, valid_until):
            continue
        begins_before = valid_from is not None and (
            version.valid_from is None or version.valid_from < valid_from
        )
        ends_after = valid_until is not None and (
            version.valid_until is None or version.valid_until > valid_until
        )
        if begins_before:
            cut.append((version.id, valid_from - ONE_DAY))
        else:
            replaced.append(version.id)
        if ends_after:
            continued.append((version.id, valid_until + ONE_DAY, version.valid_until))
    return Steps(tuple(replaced), tuple(cut), tuple(continued))


# -- values --------------------------------------------------------------------------------------------------


def clean_value(text: str | None) -> str:
    """Return a code of an outside system as it is kept: without blanks around it.

    :raises ValueError: it is empty, too long, or holds characters that nobody can see; the text says which.
    """
    value = (text or "").strip()
    if not value:
        raise ValueError("empty")
    if len(value) > MAX_VALUE_CHARACTERS:
        raise ValueError("too long")
    if not value.isprintable():
        raise ValueError("not printable")
    return value


# -- analytic shares -----------------------------------------------------------------------------------------

Distribution = Mapping[str, Any]


def shares(distribution: Distribution) -> dict[frozenset[int], Decimal]:
    """Return {account ids: percent} of an analytic distribution as Odoo writes it ({"4,7": 60.0, "5": 40}).

    :raises ValueError: it is no such distribution.
    """
    if not isinstance(distribution, Mapping) or not 0 < len(distribution) <= MAX_SHARES:
        raise ValueError("not an analytic distribution")
    result: dict[frozenset[int], Decimal] = {}
    for key, percent in distribution.items():
        parts = str(key).split(",")
        if not all(part.isascii() and part.isdecimal() for part in parts) or isinstance(percent, bool):
            raise ValueError("not an analytic distribution")
        share = Decimal(str(percent))
        if not share.is_finite() or share <= 0:
            raise ValueError("a share is not a positive number")
        accounts = frozenset(map(int, parts))
        result[accounts] = result.get(accounts, Decimal(0)) + share
    return result


def broken_plan(distribution: Distribution, plan_of: Callable[[int], int]) -> int | None:
    """Return a plan to which a distribution does not give exactly 100 %, None where every plan it names is whole.

    :param plan_of: gives the (root) plan of an analytic account.
    :raises ValueError: it is no distribution, or one share names two accounts of one plan.
    """
    totals: dict[int, Decimal] = {}
    for accounts, share in shares(distribution).items():
        plans = [plan_of(account) for account in accounts]
        if len(set(plans)) != len(plans):
            raise ValueError("one share names two accounts of one plan")
        for plan in plans:
            totals[plan] = totals.get(plan, Decimal(0)) + share
    return next((plan for plan, total in totals.items() if abs(total - WHOLE) > SHARE_TOLERANCE), None)


def combine(distributions: Sequence[Distribution], plan_of: Callable[[int], int]) -> dict[str, Decimal]:
    """Return the one distribution that several codes of a line say together: a cost centre and a project, say.

    Codes of different plans multiply: 60/40 over two departments and one project give 60 and 40 % of the project.

    :param plan_of: gives the (root) plan of an analytic account.
    :raises BusinessError: ``analytic_contradiction``: two codes say something of the same plan.
    """
    combined: dict[frozenset[int], Decimal] = {frozenset(): WHOLE}
    for distribution in distributions:
        step: dict[frozenset[int], Decimal] = {}
        for known, known_share in combined.items():
            for accounts, share in shares(distribution).items():
                if {plan_of(account) for account in known} & {plan_of(account) for account in accounts}:
                    raise BusinessError("analytic_contradiction")
                key = known | accounts
                step[key] = step.get(key, Decimal(0)) + known_share * share / WHOLE
        combined = step
        if len(combined) > MAX_SHARES:
            raise BusinessError("analytic_contradiction", f"more than {MAX_SHARES} shares")
    return {
        ",".join(map(str, sorted(accounts))): share.normalize() + Decimal(0)
        for accounts, share in combined.items()
        if accounts
    }


# -- lists of codes ------------------------------------------------------------------------------------------


def circle_above(code: str, parent: str | None, above: Mapping[str, str | None]) -> str | None:
    """Return the code at which the way up from ``code`` under ``parent`` comes back to ``code``, None if it ends.

    :param above: {code: code above it} of what is known so far.
    """
    seen = {code}
    while parent is not None and parent not in seen:
        seen.add(parent)
        last, parent = parent, above.get(parent)
        if parent == code:
            return last
    return parent if parent == code else None
