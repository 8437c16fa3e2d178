# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who has to agree to what: policies with thresholds, tiers of different people, delegation, and the frozen content.

Pure rules (requirement X4, accounting policy F5 and "Default limits"). The shell says which policies exist, who belongs
to which group and who has decided so far; these functions say how many people are needed, whose turn it is and who may
never decide. The database enforces the same rules once more where they concern one request.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from .canonical_json import canonical_bytes

# What can be asked for. The first are those of requirement X4, the last is for what has no kind of its own.
KINDS = (
    "flow", "replay", "override", "mapping", "contract", "ownership", "credential", "bank_detail", "partner",
    "write_off", "application", "entry", "lock_waiver", "erasure", "bundle", "policy", "delegation", "connection",
    "other",
)  # fmt: skip
# Where the amount decides who agrees: an amount that nobody knows counts as one above every threshold.
MONEY_KINDS = frozenset({"replay", "override", "write_off", "application", "entry"})
MAX_TIERS = 5
MAX_APPROVALS = 10
MAX_HOURS = 24 * 366
MAX_DELEGATION_DAYS = 366
APPROVE, REFUSE = "approve", "refuse"


@dataclasses.dataclass(frozen=True)
class Tier:
    """One step of an approval: ``count`` different people, each of ``group`` or named in ``people``."""

    group: Hashable | None = None
    people: frozenset[int] = frozenset()
    count: int = 1

    def __post_init__(self):
        if self.group is None and not self.people:
            raise ValueError("a tier names a group or people")
        if not 1 <= self.count <= MAX_APPROVALS:
            raise ValueError(f"a tier asks for 1 to {MAX_APPROVALS} people")
        if self.group is None and len(self.people) < self.count:
            raise ValueError("a tier cannot ask for more people than it names")


@dataclasses.dataclass(frozen=True)
class Policy:
    """From which amount on which tiers have to agree.

    ``kind`` None = any kind; ``company`` None = every company; ``amount_from`` in ``currency``, inclusive.
    """

    id: int
    tiers: tuple[Tier, ...]
    kind: str | None = None
    company: int | None = None
    currency: str = ""
    amount_from: Decimal = Decimal(0)

    def __post_init__(self):
        if self.kind is not None and self.kind not in KINDS:
            raise ValueError(f"unknown kind of request {self.kind!r}")
        if not 1 <= len(self.tiers) <= MAX_TIERS:
            raise ValueError(f"a policy has 1 to {MAX_TIERS} tiers")
        if self.amount_from < 0:
            raise ValueError("a threshold is not negative")
        if self.amount_from and not self.currency:
            raise ValueError("a threshold has a currency")

    @property
    def approvals(self) -> int:
        """How many people have to agree."""
        return sum(tier.count for tier in self.tiers)


@dataclasses.dataclass(frozen=True)
class Subject:
    """What is asked for: its kind, the company, and what is at stake in each currency that a policy uses.

    ``amounts``: currency → amount (its size counts, not its sign); None = nobody knows or no money is at stake.
    """

    kind: str
    company: int
    amounts: Mapping[str, Decimal] | None = None

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of request {self.kind!r}")


def choose(policies: Iterable[Policy], subject: Subject) -> Policy | None:
    """Return the policy that holds for ``subject``; None when none fits.

    Of those that fit, the one that asks for the most people wins: another policy can add to what is asked, never take
    from it. Among equals the company's own comes first, then the one for exactly this kind, then the one whose
    threshold is nearest to the amount, then the newest.
    """
    fitting = [policy for policy in policies if _fits(policy, subject)]
    return max(fitting, key=lambda policy: _rank(policy, subject), default=None)


def choose_for_all(policies: Iterable[Policy], subjects: Iterable[Subject]) -> Policy | None:
    """Return the policy that asks for the most people among those that hold for each of ``subjects``.

    For what is several kinds of change at once; None when none fits any of them.
    """
    policies = list(policies)
    chosen = [choose(policies, subject) for subject in subjects]
    return max((policy for policy in chosen if policy), key=lambda policy: policy.approvals, default=None)


def _fits(policy: Policy, subject: Subject) -> bool:
    if policy.kind not in (None, subject.kind) or policy.company not in (None, subject.company):
        return False
    if not policy.amount_from:
        return True
    if subject.amounts is None:
        return subject.kind in MONEY_KINDS
    amount = subject.amounts.get(policy.currency)
    # No rate for this currency: nobody can say that the amount is small.
    return amount is None or abs(amount) >= policy.amount_from


def _rank(policy: Policy, subject: Subject) -> tuple:
    amount = abs((subject.amounts or {}).get(policy.currency) or 0)
    nearness = policy.amount_from / amount if amount else policy.amount_from
    return policy.approvals, policy.company is not None, policy.kind is not None, nearness, policy.id


# -- whose turn it is ----------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody who may decide: the id and the groups."""

    id: int
    groups: frozenset[Hashable] = frozenset()


@dataclasses.dataclass(frozen=True)
class Decision:
    """What ``person`` said in the right of ``behalf`` (the same person, unless it was delegated)."""

    person: int
    behalf: int
    verdict: str = APPROVE


class NotEntitled(ValueError):  # noqa: N818 - named for what it is
    """This person does not decide about this now.

    ``reason``: 'barred' asked for it or prepared it; 'twice' has decided already, or somebody did in this person's
    right; 'delegated_by_barred' and 'delegated_twice' say the same of whoever delegated; 'not_entitled' belongs to
    nobody who is asked; 'decided' nothing is left to decide.
    """

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def open_tier(tiers: Sequence[Tier], decisions: Sequence[Decision]) -> int | None:
    """Return the index of the tier whose turn it is; None when all have agreed or somebody has refused."""
    if any(decision.verdict == REFUSE for decision in decisions):
        return None
    given = len(decisions)
    for index, tier in enumerate(tiers):
        if given < tier.count:
            return index
        given -= tier.count
    return None


def is_agreed(tiers: Sequence[Tier], decisions: Sequence[Decision]) -> bool:
    """Whether everybody who has to agree has done so, and nobody refused."""
    approvals = sum(decision.verdict == APPROVE for decision in decisions)
    return approvals == len(decisions) and approvals >= sum(tier.count for tier in tiers)


def decides_as(
    tiers: Sequence[Tier],
    decisions: Sequence[Decision],
    barred: Collection[int],
    person: Person,
    delegators: Sequence[Person] = (),
) -> int:
    """Return in whose right ``person`` decides now: the own id, or that of one who delegated to this person.

    :param barred: who asked for it, and who prepared it: they never decide, nor does anybody in their name.
    :param delegators: those who have delegated to this person today. What was delegated to them is not handed on.
    :raises NotEntitled: with the reason.
    """
    index = open_tier(tiers, decisions)
    if index is None:
        raise NotEntitled("decided")
    taken = {decision.person for decision in decisions} | {decision.behalf for decision in decisions}
    if person.id in barred:
        raise NotEntitled("barred")
    if person.id in taken:
        raise NotEntitled("twice")
    if belongs_to(tiers[index], person):
        return person.id
    reason = "not_entitled"
    for delegator in delegators:
        if not belongs_to(tiers[index], delegator):
            continue
        if delegator.id in barred:
            reason = "delegated_by_barred"
        elif delegator.id in taken:
            reason = "delegated_twice"
        else:
            return delegator.id
    raise NotEntitled(reason)


def belongs_to(tier: Tier, person: Person) -> bool:
    """Whether ``person`` is one of those whom this tier asks."""
    return person.id in tier.people or (tier.group is not None and tier.group in person.groups)


# -- delegation ----------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Delegation:
    """``delegator`` lets ``delegate`` decide instead, on every day from ``first`` to ``last``, both inclusive."""

    delegator: int
    delegate: int
    first: date
    last: date


def delegation_fault(new: Delegation, others: Iterable[Delegation]) -> str | None:
    """Return why ``new`` is not possible beside ``others``; None when it is.

    'self' to oneself; 'dates' ends before it begins; 'too_long' more than MAX_DELEGATION_DAYS; 'circle' the delegate
    has, at the same time, delegated to the delegator, directly or through others.
    """
    if new.delegator == new.delegate:
        return "self"
    if new.last < new.first:
        return "dates"
    if (new.last - new.first).days >= MAX_DELEGATION_DAYS:
        return "too_long"
    known = [row for row in others if row.first <= new.last and new.first <= row.last]
    reached, open_people = set(), [new.delegate]
    while open_people:
        person = open_people.pop()
        if person == new.delegator:
            return "circle"
        if person not in reached:
            reached.add(person)
            open_people += [row.delegate for row in known if row.delegator == person]
    return None


# -- time and content ----------------------------------------------------------------------------------------


def deadline(start: datetime, hours: int) -> datetime:
    """Return the end of a period of ``hours`` (1 to MAX_HOURS) that begins at ``start``.

    :raises ValueError: fewer or more hours.
    """
    if not 1 <= hours <= MAX_HOURS:
        raise ValueError(f"1 to {MAX_HOURS} hours, not {hours}")
    return start + timedelta(hours=hours)


def content_digest(content: Mapping[str, Any]) -> str:
    """Return the digest (SHA-256 hex) of everything that is asked for; what is carried out must have the same.

    :raises TypeError: a value without exact JSON form, such as a float.
    """
    return hashlib.sha256(canonical_bytes(content)).hexdigest()


def preview_core(preview: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a preview must still hold when it is carried out: everything but words for people."""
    rows = [
        {
            "field": row.get("field") or row.get("label"),
            "before": row.get("before"),
            "after": row.get("after"),
        }
        for row in preview.get("rows") or ()
    ]
    return {"rows": rows, "entries": preview.get("entries") or [], "digest": preview.get("digest")}


def preview_facts(preview: Mapping[str, Any]) -> dict[str, Any]:
    """Return what two previews are compared by: its core without which sentence a text is, which versions may add."""
    core = preview_core(preview)
    entries = [{name: part for name, part in entry.items() if name != "words"} for entry in core["entries"]]
    return {**core, "entries": entries}
