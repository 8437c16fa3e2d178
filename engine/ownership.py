# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who owns which field of which object, and what becomes of a write by somebody else (M1)."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

ODOO = "odoo"
ANY_FIELD = "*"
CONFLICT_RULES = ("owner_wins", "newest_wins", "ask")
# What a system is to the company; several connections may play one role.
ROLES = (
    "crm",
    "shop",
    "billing",
    "procurement",
    "stock",
    "tax_engine",
    "processor",
    "bank",
    "expense",
    "payroll",
)
# What customers and suppliers have in common.
CONTACT = (
    "name",
    "is_company",
    "email",
    "phone",
    "reference",
    "note",
    "language",
    "status",
    "address",
    "tax_id",
)
# What of each object can have an owner of its own.
FIELDS: dict[str, tuple[str, ...]] = {
    "customer": (*CONTACT, "payment_term", "billing", "credit_limit", "hold"),
    "supplier": (*CONTACT, "bank", "payment_term"),
    "product": (
        "name",
        "type",
        "reference",
        "barcode",
        "price",
        "unit",
        "tax_category",
        "accounts",
        "status",
    ),
    "order": (),
    "fulfilment": (),
    "invoice": ("document", "tax_amount"),
    "movement": (),
    "bank_statement": (),
    "purchase_order": (),
    "receipt": (),
    "supplier_invoice": ("match", "release"),
    "expense": ("approval",),
    "payroll": ("amounts",),
    "ledger": ("periods", "locks", "chart", "rates"),
}
# A wrong value here costs money or tax: taking it over needs a second person.
GUARDED = frozenset(
    {"tax_id", "payment_term", "billing", "credit_limit", "hold", "bank", "tax_category", "accounts"}
)
# Never another system's, whatever a rule says: money goes where these values say (policy F21).
RESERVED = frozenset({("supplier", "bank")})

# Kinds of documents of which a company may say which systems bring them, with the object and the field of the rule.
# What belongs to an order is judged as the order. Money is not among them: what moved is booked, whoever tells it (F1).
JUDGED_DOCUMENTS: dict[str, tuple[str, str]] = {
    "invoice": ("invoice", "document"),
    "order": ("order", ANY_FIELD),
    "order_payment": ("order", ANY_FIELD),
    "order_refund": ("order", ANY_FIELD),
    "fulfilment": ("fulfilment", ANY_FIELD),
}


@dataclasses.dataclass(frozen=True)
class Rule:
    """Who owns a field, for whom.

    ``owners``      ``odoo``, ``role:<one of ROLES>`` or ``connection:<id>``; several own it together.
    ``conflict``    one of CONFLICT_RULES: what becomes of a differing write by somebody else.
    ``company``     id of the company, None = of every company.
    ``connection``  id of the connection whose writes it judges, None = of every one.
    ``fills_empty`` whether somebody else may fill in what is empty.
    """

    object: str
    field: str
    owners: tuple[str, ...]
    conflict: str = "owner_wins"
    company: int | None = None
    connection: int | None = None
    fills_empty: bool = True

    @property
    def key(self) -> tuple[str, str, int | None, int | None]:
        """What it is about; two rules about the same contradict each other."""
        return (self.object, self.field, self.company, self.connection)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What becomes of a write: ``action`` is accept, keep_out or ask; ``why`` says by which consideration.

    ``why``: owner, nobody (no owner is known), was_empty, newest, older, owner_wins, ask, second_name, shared,
    other_role.
    """

    action: str
    why: str

    @property
    def lands(self) -> bool:
        """Whether the value is written."""
        return self.action == "accept"


def _role(*names: str) -> tuple[str, ...]:
    return tuple(f"role:{name}" for name in names)


# The matrix that is shipped. What is not named for an object falls under its ``*``.
DEFAULTS: tuple[Rule, ...] = (
    Rule("customer", ANY_FIELD, _role("crm")),
    Rule("customer", "tax_id", (ODOO,), "ask"),
    Rule("customer", "payment_term", (ODOO,), "ask"),
    Rule("customer", "billing", (ODOO,), "ask", fills_empty=False),
    Rule("customer", "credit_limit", (ODOO,), "ask", fills_empty=False),
    Rule("customer", "hold", (ODOO,), "ask", fills_empty=False),
    Rule("supplier", ANY_FIELD, _role("procurement")),
    Rule("supplier", "tax_id", (ODOO,), "ask", fills_empty=False),
    Rule("supplier", "bank", (ODOO,), "ask", fills_empty=False),
    Rule("product", ANY_FIELD, (ODOO,)),
    Rule("product", "tax_category", (ODOO,), "ask", fills_empty=False),
    Rule("product", "accounts", (ODOO,), "ask", fills_empty=False),
    Rule("order", ANY_FIELD, _role("crm", "shop")),
    Rule("fulfilment", ANY_FIELD, _role("shop", "stock")),
    Rule("invoice", ANY_FIELD, _role("shop", "billing")),
    Rule("invoice", "tax_amount", _role("tax_engine", "billing", "shop")),
    Rule("movement", ANY_FIELD, _role("processor")),
    Rule("bank_statement", ANY_FIELD, _role("bank")),
    Rule("purchase_order", ANY_FIELD, _role("procurement")),
    Rule("receipt", ANY_FIELD, _role("procurement")),
    Rule("supplier_invoice", ANY_FIELD, (ODOO,)),
    Rule("expense", ANY_FIELD, _role("expense")),
    Rule("payroll", ANY_FIELD, _role("payroll")),
    Rule("ledger", ANY_FIELD, (ODOO,)),
)


def rule_for(
    rules: Iterable[Rule], object_type: str, field: str, company: int | None, connection: int | None
) -> Rule | None:
    """Return the rule that decides about a write, None where no rule speaks of the object.

    A rule about the field goes before one about the whole object, then one for the connection before one for all, then
    one for the company: that a company gives its customers to its shop does not hand over their tax numbers.
    """
    fitting = [
        rule
        for rule in rules
        if rule.object == object_type
        and rule.field in (field, ANY_FIELD)
        and rule.company in (None, company)
        and rule.connection in (None, connection)
    ]
    return max(fitting, key=_precedence, default=None)


def _precedence(rule: Rule) -> tuple[bool, bool, bool]:
    return (rule.field != ANY_FIELD, rule.connection is not None, rule.company is not None)


def owners_of(rule: Rule, cast: Mapping[str, Iterable[int]], home: int | None) -> frozenset[str]:
    """Return who owns it: ``odoo`` and ``connection:<id>``.

    :param cast: role → ids of the connections of the company that play it.
    :param home: id of the connection that first brought the record. It stands in while nobody plays the role: a hub
        with one source then works without being told, and a second source does not overwrite the first.
    """
    owners: set[str] = set()
    vacant = False
    for owner in rule.owners:
        kind, _colon, name = owner.partition(":")
        if kind != "role":
            owners.add(owner)
        elif players := list(cast.get(name, ())):
            owners |= {f"connection:{player}" for player in players}
        else:
            vacant = True
    if vacant and not owners and home is not None:
        owners.add(f"connection:{home}")
    return frozenset(owners)


def judge(
    rule: Rule | None,
    writer: str,
    owners: frozenset[str],
    *,
    is_empty: bool,
    told_at: datetime | None = None,
    known_at: datetime | None = None,
    second_name: bool = False,
) -> Verdict:
    """Return what becomes of a write that differs from what is there.

    :param writer: ``odoo`` or ``connection:<id>``.
    :param is_empty: nothing is there yet.
    :param told_at: aware instant at which the writer's value came to be; ``known_at`` that of the value that is there.
    :param second_name: the writer knows the record under several ids, and this is not the leading one: two of its own
        records would take turns in overwriting each other.
    """
    if second_name or rule is None:
        return Verdict("ask", "second_name" if second_name else "ask")
    if writer in owners or not owners:
        return Verdict("accept", "owner" if owners else "nobody")
    if is_empty and rule.fills_empty:
        return Verdict("accept", "was_empty")
    if rule.conflict == "newest_wins":
        newer = known_at is None or (told_at is not None and told_at > known_at)
        return Verdict("accept", "newest") if newer else Verdict("keep_out", "older")
    return Verdict("ask", "ask") if rule.conflict == "ask" else Verdict("keep_out", "owner_wins")


def judge_document(rule: Rule | None, writer: str, owners: frozenset[str]) -> Verdict:
    """Return what becomes of a whole document: it is booked, or it is kept out.

    A document is there or not, so that nothing of it can be filled in. By the rules that are shipped it belongs to who
    issues it, which is whoever sends it; only a rule of the company's own keeps one out.
    """
    if rule is None or rule.company is None:
        return Verdict("accept", "nobody")
    if writer in owners or not owners:
        return Verdict("accept", "owner" if owners else "nobody")
    if rule.conflict == "newest_wins":
        return Verdict("accept", "newest")
    return Verdict("ask", "ask") if rule.conflict == "ask" else Verdict("keep_out", "owner_wins")


def together(verdict: Verdict, *, shared: bool = False, others: Iterable[Verdict] = ()) -> Verdict:
    """Return what becomes of a write that concerns more than the one record in the one role of which it speaks.

    :param shared: the value is one of several records (variants of a product): whoever writes it changes them all.
    :param others: verdicts on the same write by the rules of what else the record is (a supplier that is a customer,
        too): two owners of one value would take turns in overwriting each other.
    """
    if not verdict.lands:
        return verdict
    if shared:
        return Verdict("ask", "shared")
    return verdict if all(other.lands for other in others) else Verdict("ask", "other_role")


@dataclasses.dataclass(frozen=True)
class Problem:
    """Why a set of rules cannot hold; ``rules`` are those concerned.

    ``kind``: unknown, twice, reserved, circular or rivals.
    """

    kind: str
    rules: tuple[Rule, ...]


def problems(rules: Iterable[Rule], cast: Mapping[str, Iterable[int]] | None = None) -> list[Problem]:
    """Return what contradicts itself in ``rules``; empty = they can hold together.

    reserved: it would give another system what belongs to Odoo for good.
    circular: connections leave a field to one another until it comes round, so nobody could ever write it.
    rivals: two connections are each named the only owner for their own writes, and neither gives way.
    """
    rules = list(rules)
    found = [Problem("unknown", (rule,)) for rule in rules if not _is_known(rule)]
    found += [
        Problem("reserved", (rule,))
        for rule in rules
        if (rule.object, rule.field) in RESERVED and (rule.owners != (ODOO,) or rule.conflict != "ask")
    ]
    by_key = defaultdict(list)
    for rule in rules:
        by_key[rule.key].append(rule)
    found += [Problem("twice", tuple(same)) for same in by_key.values() if len(same) > 1]
    by_subject = defaultdict(list)
    for rule in rules:
        if rule.connection is not None:
            by_subject[rule.object, rule.field, rule.company].append(rule)
    for group in by_subject.values():
        found += _circles(group, cast or {})
        claims = [rule for rule in group if f"connection:{rule.connection}" in rule.owners]
        if len(claims) > 1 and any(rule.conflict != "newest_wins" for rule in claims):
            found.append(Problem("rivals", tuple(claims)))
    return found


def _is_known(rule: Rule) -> bool:
    if rule.object not in FIELDS or rule.conflict not in CONFLICT_RULES or not rule.owners:
        return False
    if rule.field != ANY_FIELD and rule.field not in FIELDS[rule.object]:
        return False
    return all(_is_known_owner(owner) for owner in rule.owners)


def _is_known_owner(owner: str) -> bool:
    kind, _colon, name = owner.partition(":")
    if kind == "role":
        return name in ROLES
    return owner == ODOO or (kind == "connection" and name.isascii() and name.isdecimal())


def _circles(rules: list[Rule], cast: Mapping[str, Iterable[int]]) -> list[Problem]:
    """Return the circles in which connections leave a field to each other; one that owns it itself ends the way."""
    leaves_to: dict[int, list[int]] = {}
    rule_of = {rule.connection: rule for rule in rules if rule.connection is not None}
    for connection, rule in rule_of.items():
        owners = owners_of(rule, cast, None)
        others = [int(owner.partition(":")[2]) for owner in owners if owner.startswith("connection:")]
        # Where Odoo or the connection itself may write, nobody waits in vain.
        leaves_to[connection] = [] if ODOO in owners or connection in others else others
    found, seen = [], set()
    for start in sorted(leaves_to):
        circle = _circle_from(start, leaves_to)
        if circle and not seen & set(circle):
            seen |= set(circle)
            found.append(Problem("circular", tuple(rule_of[connection] for connection in circle)))
    return found


def _circle_from(start: int, leaves_to: Mapping[int, list[int]]) -> list[int]:
    """Return connections that ``start`` leads to and that lead back to themselves, or an empty list."""
    path: list[int] = []
    done: set[int] = set()

    def walk(connection: int) -> list[int]:
        if connection in path:
            return path[path.index(connection) :]
        if connection in done:
            return []
        path.append(connection)
        for following in leaves_to.get(connection, ()):
            if circle := walk(following):
                return circle
        path.pop()
        done.add(connection)
        return []

    return walk(start)
