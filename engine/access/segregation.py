# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Duties that one person must not hold, or must not do, together: the matrix of the accounting policy as data (C7).

Two kinds. *Rights*: two duties held by one person through groups; refused when rights are given, or reported. *Acts*:
one person doing both on the same record; refused at the second act, whatever rights the person holds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from .verbs import ADMINISTRATOR, APPROVER, OPERATOR, PAYLOAD_READER, _

# How hard a pair of rights is refused.
ALWAYS, PRODUCTION, REPORTED = "always", "production", "reported"
LEVELS = (ALWAYS, PRODUCTION, REPORTED)
# What a company chooses: refuse PRODUCTION pairs only with real books behind it, at any time, or never.
POLICIES = ("production", "strict", "reported")


@dataclasses.dataclass(frozen=True)
class Duty:
    """Something a person may do. ``groups``: any of them gives it, Odoo's implied groups count."""

    title: str
    groups: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Conflict:
    """Two duties that one person must not hold together. ``why`` says what could be done with both."""

    code: str
    first: str
    second: str
    level: str
    why: str


DUTIES: Mapping[str, Duty] = {
    "approve": Duty(_("approve changes, replays and reviews"), (APPROVER,)),
    "operate": Duty(_("resolve exceptions and apply money"), (OPERATOR,)),
    "administer_connections": Duty(_("set up connections and their secrets"), (ADMINISTRATOR,)),
    "administer_users": Duty(_("give rights to users"), ("base.group_erp_manager", "base.group_system")),
    "post": Duty(_("post entries, invoices and payments"), ("account.group_account_invoice",)),
    "configure_books": Duty(
        _("set lock dates and the chart of accounts"), ("account.group_account_manager",)
    ),
    "trust_banks": Duty(_("approve bank details"), ("account.group_validate_bank_account",)),
    "keep_suppliers": Duty(_("create and edit suppliers"), ("base.group_partner_manager",)),
    "read_payloads": Duty(_("read full contents of events"), (PAYLOAD_READER,)),
}

CONFLICTS: tuple[Conflict, ...] = (
    Conflict(
        "administer_approve",
        "administer_connections",
        "approve",
        ALWAYS,
        _("could enter a secret or open a flow and approve it alone"),
    ),
    Conflict(
        "administer_operate",
        "administer_connections",
        "operate",
        PRODUCTION,
        _("could change where events come from and decide what becomes of them"),
    ),
    Conflict(
        "administer_post",
        "administer_connections",
        "post",
        PRODUCTION,
        _("could change what a connection books and book the counter entry"),
    ),
    Conflict(
        "users_approve",
        "administer_users",
        "approve",
        PRODUCTION,
        _("could make the second person that an approval needs"),
    ),
    Conflict(
        "users_post",
        "administer_users",
        "post",
        REPORTED,
        _("could post under rights that this person has given"),
    ),
    Conflict(
        "users_trust",
        "administer_users",
        "trust_banks",
        PRODUCTION,
        _("could trust a bank account under rights that this person has given"),
    ),
    Conflict(
        "suppliers_trust",
        "keep_suppliers",
        "trust_banks",
        REPORTED,
        _("could enter a bank account and trust it; refused for the same account in any case"),
    ),
    Conflict(
        "trust_pay",
        "trust_banks",
        "post",
        REPORTED,
        _("could trust a bank account and pay to it"),
    ),
    Conflict(
        "locks_approve",
        "configure_books",
        "approve",
        REPORTED,
        _("could move a lock date and approve the late posting"),
    ),
)

# By which entries of the audit trail somebody is seen to have done a duty; a name that ends in a dot stands for all
# that begin with it. Posting, and what is not in the trail, is told by the records themselves.
DUTY_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "approve": (
        "change.approve", "change.done", "replay.approve", "limit.review", "exception.go_without",
        "exception.book_repeated",
    ),
    "operate": (
        "exception.apply", "exception.accept_difference", "exception.write_off", "exception.choose_customer",
        "exception.match",
        "exception.create_customer", "exception.ask_resend", "movement.classify", "message.retry", "message.discard",
        "message.correct",
    ),
    "administer_connections": (
        "connection.change", "connection.activate", "connection.pause", "endpoint.change", "credential.", "flow.change",
        "flow.settings", "role_account.change", "balance_account.change", "collection_agreement.change", "drop.change",
        "subscription.change", "rule.change",
    ),
    "configure_books": ("lock.set", "lock.open", "lock.exception_end"),
    "administer_users": ("access.grant", "access.withdraw"),
    "trust_banks": ("bank.trust", "bank.approved"),
    "keep_suppliers": ("bank.create", "bank.change", "bank.entered", "partner.create"),
}  # fmt: skip
# What is written in the name of an approver while something approved is carried out is not that person's own act.
CARRIED_OUT_BY = ("change.approve", "change.done")

# Acts on one record: {act: audit actions of the same person on the same record that stand against it}. A name that ends
# in a dot stands for all actions that begin with it.
ACTS: Mapping[str, tuple[str, ...]] = {
    # who asks for something does not approve it
    "change.approve": ("change.ask",),
    "replay.approve": ("replay.plan", "replay.request"),
    "mapping.approve": ("mapping.create", "mapping.change", "mapping.ask"),
    "contract.approve": ("contract.create", "contract.change"),
    "credential.approve": ("credential.",),
    "override.approve": ("override.ask", "override.change"),
    # who enters or edits a bank account, or approved its supplier, does not trust it, and who trusts does not pay
    "bank.trust": ("bank.create", "bank.change", "partner.supplier_approved", "partner.create"),
    "payment.release": ("bank.trust", "bill.enter", "match.override"),
    # who prepares does not review
    "task.review": ("task.prepare",),
    "reconciliation.review": ("reconciliation.prepare",),
    "journal.review": ("journal.post",),
    "access.sign": ("access.prepare",),
    # further pairs of the policy
    # who closes a period does not ask to book in it, and who asks for it does not open it
    "late_posting.ask": ("lock.set",),
    "lock.open": ("late_posting.ask",),
    "cash.apply": ("credit_note.issue", "refund.issue"),
    "fx_task.sign": ("rate.change",),
}


# What becomes of an act: refused; asked of another person; told by the monthly report, since Odoo performs it.
REFUSED, SECOND_PERSON, IN_REPORT, NOT_THERE = "refused", "second_person", "in_report", "not_there"
ACT_LEVELS: Mapping[str, str] = {
    "payment.release": IN_REPORT,
    "journal.review": IN_REPORT,
    "cash.apply": SECOND_PERSON,
    # Acts that nobody can perform yet.
    "task.review": NOT_THERE,
    "reconciliation.review": NOT_THERE,
    "fx_task.sign": NOT_THERE,
}

# So long a credit note or refund stands against applying money of its customer.
CREDITED_DAYS = 92


def duties_of(groups: Iterable[str]) -> frozenset[str]:
    """Return the duties that somebody with these groups (external ids, implied ones included) holds."""
    held = frozenset(groups)
    return frozenset(name for name, duty in DUTIES.items() if held.intersection(duty.groups))


def conflicts_of(groups: Iterable[str]) -> tuple[Conflict, ...]:
    """Return the pairs of duties that stand against each other, in the order of the matrix."""
    held = duties_of(groups)
    return tuple(row for row in CONFLICTS if row.first in held and row.second in held)


def new_conflicts(before: Iterable[str], after: Iterable[str]) -> tuple[Conflict, ...]:
    """Return what a change of groups adds: taking rights away is never refused because of what is left."""
    known = {row.code for row in conflicts_of(before)}
    return tuple(row for row in conflicts_of(after) if row.code not in known)


def is_refused(conflict: Conflict, policy: str, in_production: bool) -> bool:
    """Whether rights that make ``conflict`` are refused in a company.

    :param policy: one of POLICIES.
    :raises ValueError: unknown policy.
    """
    if policy not in POLICIES:
        raise ValueError(f"unknown policy {policy!r}")
    if conflict.level == ALWAYS:
        return True
    return conflict.level == PRODUCTION and (policy == "strict" or (policy == "production" and in_production))


def opposing(act: str, earlier: Iterable[str]) -> str | None:
    """Return the first of a person's ``earlier`` audit actions on a record that stands against ``act``.

    :raises KeyError: ``act`` is not in the table.
    """
    against = ACTS[act]
    for action in earlier:
        if any(_matches(action, name) for name in against):
            return action
    return None


def duty_of(action: str) -> str | None:
    """Return the duty that an entry of the audit trail shows, None where it shows none of the matrix."""
    for duty, names in DUTY_ACTIONS.items():
        if any(_matches(action, name) for name in names):
            return duty
    return None


def conflicts_done(done: Iterable[str]) -> tuple[Conflict, ...]:
    """Return the pairs of duties of which somebody has done both."""
    held = frozenset(done)
    return tuple(row for row in CONFLICTS if row.first in held and row.second in held)


def _matches(action: str, name: str) -> bool:
    return action == name or (name.endswith(".") and action.startswith(name))
