# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money that reached one company and pays another one's invoice: what is certain, how much, and on which day (F19).

Company A holds the account that the money reached, company B has issued the invoice. What is decided here books in both
or in neither: A owes B what it has collected, and B's customer owes B nothing any more.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

# Lock dates of two companies push each other further at most so often.
MAX_STEPS = 20


class Step(str, enum.Enum):
    """What follows from what the money names: BOOK at once, or a person decides for one of four reasons."""

    BOOK = "book"
    CONFIRM = "confirm"
    CURRENCY = "currency"
    CLOSED = "closed"
    NONE = "none"


@dataclasses.dataclass(frozen=True)
class Candidate:
    """An invoice of another company that the money names by its number.

    ``residual`` is what is open of it in ``currency`` (ISO 4217), zero or positive. ``same_customer``: it was issued to
    the customer whom the movement names. ``at_once``: the agreement lets what is certain be booked without a person.
    """

    company_id: int
    invoice_id: int
    residual: Decimal
    currency: str
    due: date
    same_customer: bool = False
    at_once: bool = True


@dataclasses.dataclass(frozen=True)
class Decision:
    """``parts`` = (candidate, amount in the money's currency) in the order in which they are booked."""

    step: Step
    parts: tuple[tuple[Candidate, Decimal], ...] = ()
    shown: tuple[Candidate, ...] = ()


def decide(
    left: Decimal, currency: str, candidates: Sequence[Candidate], named_company: int | None = None
) -> Decision:
    """Return what becomes of money that names invoices of other companies and none of its own.

    Two companies may number alike, so a number alone never books: the event must name the legal entity, or the customer
    must be the same, or the amounts must agree to the cent.

    :param left: what is left of the money, positive, in ``currency`` (ISO 4217).
    :param named_company: id of the company that the event itself names as its legal entity, None = it names none.
    """
    if named_company is not None:
        candidates = [row for row in candidates if row.company_id == named_company]
    candidates = sorted(candidates, key=lambda row: (row.due, row.invoice_id))
    shown = tuple(candidates)
    if not candidates or left <= 0:
        return Decision(Step.NONE)
    open_ = [row for row in candidates if row.residual > 0]
    if not open_:
        return Decision(Step.CLOSED, shown=shown)
    same = [row for row in open_ if row.currency == currency]
    if len(same) < len(open_):
        return Decision(Step.CURRENCY, shown=shown)
    if len({row.company_id for row in same}) > 1:
        return Decision(Step.CONFIRM, shown=shown)
    exact = sum((row.residual for row in same), Decimal(0)) == left
    certain = named_company is not None or exact or all(row.same_customer for row in same)
    if not certain or not all(row.at_once for row in same):
        return Decision(Step.CONFIRM, shown=shown)
    return Decision(Step.BOOK, portions(left, same), shown)


def portions(left: Decimal, candidates: Sequence[Candidate]) -> tuple[tuple[Candidate, Decimal], ...]:
    """Return how much of the money pays which invoice, one after the other; never more than is left or open."""
    parts = []
    for row in candidates:
        amount = min(left, row.residual)
        if amount > 0:
            parts.append((row, amount))
            left -= amount
    return tuple(parts)


def share(amount: Decimal, whole: Decimal, whole_in_books: Decimal, places: int) -> Decimal:
    """Return the part of ``whole_in_books`` that belongs to ``amount`` of ``whole``; all of it for all of it.

    :param places: decimal places of the currency of the books.
    :raises ValueError: more than the whole, or none of it.
    """
    if not 0 < amount <= whole:
        raise ValueError(f"{amount} of {whole}")
    if amount == whole:
        return whole_in_books
    return (whole_in_books * amount / whole).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def common_open_day(wanted: date, *next_open: Callable[[date], date]) -> date:
    """Return ``wanted``, or the first day after it that is open in every company.

    :param next_open: per company: a function day → that day, or the first open day after it.
    :raises ValueError: no such day is found.
    """
    day = wanted
    for _step in range(MAX_STEPS):
        moved = max(ask(day) for ask in next_open)
        if moved == day:
            return day
        day = moved
    raise ValueError(f"no day after {wanted} is open in all companies")


def parts_to_return(
    amount: Decimal, collected: Sequence[tuple[int, Decimal]]
) -> tuple[tuple[int, Decimal], ...] | None:
    """Return what a refund takes back of what was collected with its payment; None = a person has to say.

    Of one collection any part can come back. Of several it is certain only where the refund is all of them, or exactly
    one of them.

    :param amount: what was sent back, positive.
    :param collected: (id, what is still collected, positive), all in the currency of ``amount``.
    """
    collected = [(key, rest) for key, rest in collected if rest > 0]
    total = sum((rest for _key, rest in collected), Decimal(0))
    if not collected or amount <= 0 or amount > total:
        return None
    if amount == total:
        return tuple(collected)
    if len(collected) == 1:
        return ((collected[0][0], amount),)
    exact = [(key, rest) for key, rest in collected if rest == amount]
    return tuple(exact) if len(exact) == 1 else None
