# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The set-up preflight of a connection (D6): what must hold before it books, judged from facts.

Each point asks one question of the set-up. The shell reads the facts; here they are judged. A fact that could not be
read is never taken for a good one.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Collection, Mapping, Sequence

from .error_catalogue.base import _

# When a point must hold: before a connection receives, or before one of its flows books.
ACTIVATE, GO_LIVE = "activate", "go_live"


class State(str, enum.Enum):
    """What became of a point. Only GREEN, CONFIRMED and NOT_NEEDED let a connection go live."""

    GREEN = "green"
    NOT_NEEDED = "not_needed"
    CONFIRMED = "confirmed"
    TO_CONFIRM = "to_confirm"
    RED = "red"


@dataclasses.dataclass(frozen=True)
class Fact:
    """What was found out about one point.

    ``needed``    whether the point concerns this connection at all.
    ``problems``  what is wrong, named one by one (a journal, an account, an addon); nothing wrong = green.
    ``to_know``   what is no mistake, but has to be known: {key that never changes: its text}. Somebody confirms that it
                  is meant; the key, not the text, is what was confirmed, whatever language somebody reads.
    ``told``      what a point in order says: an answer that people look for.
    """

    needed: bool = True
    problems: Sequence[str] = ()
    to_know: Mapping[str, str] = dataclasses.field(default_factory=dict)
    told: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Point:
    """One question of the preflight.

    ``label``  the question, as it stands in the list.
    ``wrong``  what it means that it is red; the things that are wrong are listed below.
    ``todo``   what to do.
    ``fix``    name of the button that mends or opens it; empty = none.
    """

    code: str
    before: str
    label: str
    wrong: str
    todo: str
    fix: str = ""


POINTS: tuple[Point, ...] = (
    Point(
        "set_up",
        ACTIVATE,
        _("Secrets, journals and balance accounts"),
        _("The connection lacks what it cannot work without."),
        _("Enter what is missing; journals and accounts are proposed by “Propose accounting”."),
        "propose",
    ),
    Point(
        "other_bookers",
        ACTIVATE,
        _("Nobody else books the same"),
        _(
            "Something else in this database books what this connection will book: each amount would be in the books"
            " twice."
        ),
        _("Switch the other one off for these journals, or do not use this connection for them."),
        "journals",
    ),
    Point(
        "payment_methods",
        ACTIVATE,
        _("Payment methods of the provider's journals"),
        _(
            "A payment that is registered in the provider's journal would be booked straight into the provider's"
            " balance, and once more when the provider reports it."
        ),
        _("Give each payment method of these journals an account for outstanding payments, or none."),
        "journals",
    ),
    Point(
        "payment_provider",
        ACTIVATE,
        _("Odoo's own payment provider"),
        _("Odoo collects payments of the same provider itself and books them in a journal of its own."),
        _("Let it use the journal of this connection, so that a payment is recognised, or switch it off."),
        "providers",
    ),
    Point(
        "tax_committer",
        ACTIVATE,
        _("One system states the tax"),
        _("More than one system would report the tax of the same invoice."),
        _("Keep one of them."),
    ),
    Point(
        "exchange",
        ACTIVATE,
        _("Exchange differences"),
        _("Money in foreign currency cannot be applied: Odoo has no place for the exchange difference."),
        _("Choose the exchange journal and the accounts for gains and losses in the accounting settings."),
        "settings",
    ),
    Point(
        "cash_basis",
        ACTIVATE,
        _("Taxes due on payment"),
        _("There are taxes that are due on payment, and no journal for them."),
        _("Choose the cash basis journal in the accounting settings."),
        "settings",
    ),
    Point(
        "accounts",
        ACTIVATE,
        _("Suspense and clearing accounts"),
        _("An account that money needs on its way is missing, archived, of another company or cannot be reconciled."),
        _("Choose another account, or let “Propose accounting” make it."),
        "roles",
    ),
    Point(
        "collections",
        ACTIVATE,
        _("Collecting for other companies"),
        _(
            "Money for another company can arrive here, and nothing says how the two companies book what one owes the"
            " other; or an agreement about that cannot be used."
        ),
        _("Make an agreement of the two companies, or confirm that no such money arrives here."),
        "agreements",
    ),
    Point(
        "service_user",
        ACTIVATE,
        _("The user of the connection"),
        _("The user under which the connection books has rights or settings that it must not have."),
        _("Take back what was changed; saving the connection sets the time zone again."),
        "service_user",
    ),
    Point(
        "journal_rule",
        ACTIVATE,
        _("Confined to its journals"),
        _("The rule that confines the connection to its own journals is switched off or changed."),
        _("Have the system administrator restore the rule."),
    ),
    Point(
        "analytic_plans",
        ACTIVATE,
        _("Mandatory analytic plans"),
        _("A plan is mandatory, and nothing says to which analytic account what comes in belongs."),
        _("Map the source's cost centres, or make the plan optional for these documents."),
        "mappings",
    ),
    Point(
        "sending",
        ACTIVATE,
        _("No second document"),
        _("A document that the source has issued could be sent to the customer once more by Odoo."),
        _("Have the addon installed anew: the guard that refuses it is not in place."),
    ),
    Point(
        "deferrals",
        GO_LIVE,
        _("One engine defers"),
        _("It is not certain that revenue and cost of later periods are deferred exactly once."),
        _(
            "Leave one engine on and complete its settings; confirm that it is the one that defers, or switch it off."
        ),
        "settings",
    ),
    Point(
        "billing",
        GO_LIVE,
        _("One system issues the invoices"),
        _("The outside system sends invoices, and it is not said whether they are the legal ones or Odoo's are."),
        _("Choose on the connection, under “Accounting”, who issues the invoices."),
    ),
    Point(
        "hash_policy",
        GO_LIVE,
        _("Entries that can never be changed"),
        _("Something in these journals is locked for good as soon as it is posted."),
        _("Confirm that it is meant, or change it before the first entry."),
        "journals",
    ),
    Point(
        "opening",
        GO_LIVE,
        _("Opening balance"),
        _("The books do not start with the balance that the provider states for the day before the start."),
        _("Fetch the provider's balances and book the opening balance on that day."),
        "statements",
    ),
    Point(
        "shadow",
        GO_LIVE,
        _("Computed in shadow first"),
        _("What the flow would book has not been looked at, or it differs from what the books hold."),
        _("Let the flow run in shadow, look at the parallel run and clear the differences."),
        "shadow",
    ),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What became of one point.

    ``details``  what is wrong, has to be known, or is told, one by one.
    ``to_know``  keys of what has to be known: a confirmation holds for these and no others.
    """

    point: Point
    state: State
    details: tuple[str, ...] = ()
    to_know: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether this point lets the connection go on."""
        return self.state in (State.GREEN, State.NOT_NEEDED, State.CONFIRMED)


def judge(facts: Mapping[str, Fact | None], confirmed: Mapping[str, Collection[str]]) -> list[Verdict]:
    """Return the verdict of every point, in their order.

    :param facts: fact by code of its point; None or no fact = it could not be found out.
    :param confirmed: keys of what a person has confirmed, by code of the point.
    """
    return [_judge_point(point, facts.get(point.code), confirmed.get(point.code, ())) for point in POINTS]


def _judge_point(point: Point, fact: Fact | None, confirmed: Collection[str]) -> Verdict:
    if fact is None:
        return Verdict(point, State.RED)
    if not fact.needed:
        return Verdict(point, State.NOT_NEEDED)
    if fact.problems:
        return Verdict(point, State.RED, tuple(fact.problems))
    if not fact.to_know:
        return Verdict(point, State.GREEN, tuple(fact.told))
    state = State.CONFIRMED if fact.to_know.keys() <= set(confirmed) else State.TO_CONFIRM
    return Verdict(point, state, tuple(fact.to_know.values()), tuple(fact.to_know))


def in_the_way(verdicts: Sequence[Verdict], step: str) -> list[Verdict]:
    """Return what keeps a connection from ``step`` (ACTIVATE or GO_LIVE).

    :raises ValueError: there is no such step.
    """
    if step not in (ACTIVATE, GO_LIVE):
        raise ValueError(f"unknown step {step!r}")
    return [
        verdict
        for verdict in verdicts
        if not verdict.holds and (step == GO_LIVE or verdict.point.before == ACTIVATE)
    ]
