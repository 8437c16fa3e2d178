# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Standing limits (accounting policy F5): what an operator may do at once, and what needs a second person.

All amounts are positive, in the currency of the company's books.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal

POLICY = "policy"
APPROVAL = "approval"
# Why a second person is needed; the words are the shell's.
REASONS = (
    "difference_above_limit",
    "user_day_cap",
    "partner_month_cap",
    "application_above_limit",
    "write_off_above_limit",
    "classification_cap",
    "classification_other",
    "identification_above_limit",
    "credited_by_same_person",
)
# What money in suspense can turn out to be.
CUSTOMER, INVOICES, REFUND, FEE, TRANSFER, BILLS, EXPENSE, OTHER = (
    "customer",
    "invoices",
    "refund",
    "fee",
    "transfer",
    "bills",
    "expense",
    "other",
)
PURPOSES = (CUSTOMER, INVOICES, REFUND, FEE, TRANSFER, BILLS, EXPENSE, OTHER)
# What counts for the day of the person who says it.
COUNTED = (FEE, TRANSFER, EXPENSE)


@dataclasses.dataclass(frozen=True)
class Limits:
    """What is allowed without asking somebody else.

    ``difference_amount``     a difference of one document up to this amount ...
    ``difference_percent``    ... or up to this part of the document, in percent.
    ``user_day_amount``       sum of the differences that one person accepts per company and day.
    ``partner_month_amount``  sum of the differences accepted for one partner per calendar month.
    ``application_amount``    money whose reference is not exact is applied, and unidentified money is said to be a
                              customer's, up to this amount.
    ``write_off_amount``      above the difference limits: a team lead up to this amount, above it the controller.
    """

    difference_amount: Decimal = Decimal("1.00")
    difference_percent: Decimal = Decimal("0.1")
    user_day_amount: Decimal = Decimal(50)
    partner_month_amount: Decimal = Decimal(200)
    application_amount: Decimal = Decimal(5000)
    write_off_amount: Decimal = Decimal(500)

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if getattr(self, field.name) < 0:
                raise ValueError(f"{field.name} is negative")

    def looser_than(self, other: Limits) -> list[str]:
        """Return the names of the limits in which this one allows more than ``other``."""
        return [
            field.name
            for field in dataclasses.fields(self)
            if getattr(self, field.name) > getattr(other, field.name)
        ]


DEFAULTS = Limits()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether a step is taken under the standing policy or needs approval, and why; ``limit`` is what was exceeded."""

    step: str
    reason: str = ""
    limit: Decimal = Decimal(0)

    @property
    def at_once(self) -> bool:
        return self.step == POLICY


AT_ONCE = Verdict(POLICY)


def tolerance(limits: Limits, document_total: Decimal) -> Decimal:
    """Return the largest difference of a document of ``document_total`` that may be accepted at once."""
    return max(limits.difference_amount, abs(document_total) * limits.difference_percent / 100)


def judge_difference(
    limits: Limits,
    amount: Decimal,
    document_total: Decimal,
    *,
    used_today: Decimal,
    used_this_month: Decimal,
) -> Verdict:
    """Judge whether a person accepts a difference at once.

    :param used_today: what this person has accepted in the company on this day.
    :param used_this_month: what was accepted for this partner in this month, by whomever.
    """
    amount = abs(amount)
    allowed = tolerance(limits, document_total)
    if amount > allowed:
        reason = "difference_above_limit" if amount <= limits.write_off_amount else "write_off_above_limit"
        return Verdict(
            APPROVAL, reason, allowed if reason == "difference_above_limit" else limits.write_off_amount
        )
    if used_today + amount > limits.user_day_amount:
        return Verdict(APPROVAL, "user_day_cap", limits.user_day_amount)
    if used_this_month + amount > limits.partner_month_amount:
        return Verdict(APPROVAL, "partner_month_cap", limits.partner_month_amount)
    return AT_ONCE


def judge_application(limits: Limits, amount: Decimal, *, exact: bool) -> Verdict:
    """Judge whether a person applies money at once.

    :param exact: the money itself names every document to which it is applied.
    """
    if exact or abs(amount) <= limits.application_amount:
        return AT_ONCE
    return Verdict(APPROVAL, "application_above_limit", limits.application_amount)


def judge_identification(limits: Limits, amount: Decimal) -> Verdict:
    """Judge whether a person says at once whose unidentified money is.

    Money that names a document of its payer is never unidentified: here nothing but the person's word says whose it is.
    """
    if abs(amount) <= limits.application_amount:
        return AT_ONCE
    return Verdict(APPROVAL, "identification_above_limit", limits.application_amount)


def judge_classification(
    limits: Limits, amount: Decimal, purpose: str, *, exact: bool, used_today: Decimal
) -> Verdict:
    """Judge whether a person says at once what money in suspense is.

    Money of a customer is judged like any application of cash. A fee or a transfer goes to an account that is agreed
    for its role: at once, as long as all that one person places so on one day stays within the limit for applications.
    Supplier bills that money pays are judged like an application, too. A purchase without a bill is an expense at once
    up to the limit for small write-offs, of all that one person places on one day. Money that leaves to a customer, and
    any other account, is decided by a second person whatever the amount.

    :param purpose: one of PURPOSES.
    :param exact: the money itself names every document to which it is applied.
    :param used_today: what this person has placed so in the company on this day.
    :raises ValueError: unknown purpose.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"unknown purpose {purpose!r}")
    if purpose in (CUSTOMER, INVOICES, BILLS):
        return judge_application(limits, amount, exact=exact)
    if purpose not in COUNTED:
        return Verdict(APPROVAL, "classification_other")
    most = limits.write_off_amount if purpose == EXPENSE else limits.application_amount
    if used_today + abs(amount) > most:
        return Verdict(APPROVAL, "classification_cap", most)
    return AT_ONCE
