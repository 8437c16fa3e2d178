# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What of an order is invoiced, credited and still to come, exact to the cent (accounting policy F10, F26).

Pure. An order's line holds what was ordered; a fulfilment turns a part of it into revenue, a refund takes a part of the
revenue back or releases what was never handed over. Parts are shares of the whole, rounded as a running total: however
an order is divided, its parts add up to exactly what the shop states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from .canonical.order import Order, OrderLine, OrderRefund, RefundAdjustment, RefundedLine
from .canonical_json import canonical_bytes, digest, to_plain
from .money import minor_units, plain, round_to

ZERO = Decimal(0)
# Handed over in quantities; everything else of an order goes with the first document.
BY_QUANTITY = frozenset({"product", "gift_card"})
DISCREPANCY = "discrepancy"


class NotOrderedError(Exception):
    """A line, or so much of it, is not in the order as it is known. ``args[0]`` is the line's id."""


class NotHandedOverError(Exception):
    """What is taken back was handed over, and that is not known yet. ``args[0]`` is the line's id."""


class TooMuchRefundedError(Exception):
    """More is taken back than was sold. ``args`` are the line's id and what is wrong with it."""


class TaxNotIncludedError(Exception):
    """Prices of the order include the tax, and what is taken back of a line does not. ``args[0]`` is the line's id."""


class Sum(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a line: quantity, amount before tax, and the seller's taxes by their code."""

    quantity: Decimal = ZERO
    net: Decimal = ZERO
    taxes: dict[str, Decimal] = {}

    def plus(self, other: Sum, sign: int = 1) -> Sum:
        """Return the sum of both, or their difference with ``sign`` -1."""
        codes = dict.fromkeys([*self.taxes, *other.taxes])
        return Sum(
            quantity=self.quantity + sign * other.quantity,
            net=self.net + sign * other.net,
            taxes={code: self.taxes.get(code, ZERO) + sign * other.taxes.get(code, ZERO) for code in codes},
        )

    @property
    def tax(self) -> Decimal:
        return sum(self.taxes.values(), ZERO)

    @property
    def is_nothing(self) -> bool:
        return not self.net and not any(self.taxes.values())


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of an order and how far it has come.

    ``whole``     what was ordered; ``memo`` the taxes in it that the sales channel owes, never ours.
    ``invoiced``  what documents of sale hold of it, ``credited`` what credit notes took back of that.
    ``released``  what will never be handed over: refunded or cancelled before.
    ``current``   what edits and refunds have left of the quantity, as the shop says; None = all of it. A refund that
                  is told later may be in it already, so it decides nothing but whether something is still to come.
    """

    line_id: str
    kind: str
    description: str
    product: str | None = None
    unit: str | None = None
    follows: str | None = None
    current: Decimal | None = None
    whole: Sum
    memo: dict[str, Decimal] = {}
    invoiced: Sum = Sum()
    credited: Sum = Sum()
    released: Sum = Sum()
    advanced: Sum = Sum()  # what advance invoices hold of it, and no final invoice has deducted

    @property
    def to_deliver(self) -> Decimal:
        """How much of it can still be handed over."""
        return self.whole.quantity - self.invoiced.quantity - self.released.quantity

    @property
    def expected(self) -> Decimal:
        """How much of it is still expected to be handed over."""
        if self.current is None:
            return self.to_deliver
        return min(self.to_deliver, self.current - self.invoiced.quantity + self.credited.quantity)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a document that is to be made: of which kind, and how much."""

    line_id: str
    kind: str
    description: str
    product: str | None
    amount: Sum
    unit: str | None = None


def lines_of(order: Order, known: Iterable[Line] = ()) -> list[Line]:
    """Return the lines of an order as it is told now, with how far those that are known already have come.

    A line that is not told any more counts as nothing ordered; what happened to it stays.
    """
    before = {line.line_id: line for line in known}
    lines = [_told(line, before.pop(line.line_id, None)) for line in order.lines]
    return lines + [_gone(line) for line in before.values()]


def _gone(line: Line) -> Line:
    rest = line.whole.quantity - line.invoiced.quantity
    return msgspec.structs.replace(
        line, whole=Sum(quantity=line.whole.quantity), memo={}, released=Sum(quantity=rest)
    )


def _told(told: OrderLine, known: Line | None) -> Line:
    taxes: dict[str, Decimal] = {}
    memo: dict[str, Decimal] = {}
    for tax in told.taxes:
        target = memo if tax.channel_liable else taxes
        target[tax.code] = target.get(tax.code, ZERO) + tax.amount
    facts = {
        "kind": told.kind,
        "description": told.description,
        "product": told.product,
        "unit": told.unit,
        "follows": told.follows,
        "current": told.current,
        "whole": Sum(quantity=told.quantity, net=told.net_amount, taxes=taxes),
        "memo": memo,
    }
    return msgspec.structs.replace(known, **facts) if known else Line(line_id=told.line_id, **facts)


def is_complete(lines: Iterable[Line]) -> bool:
    """Whether nothing of the order is left to be handed over."""
    return not any(line.expected > ZERO for line in lines if line.kind in BY_QUANTITY)


def is_invoiced(lines: Iterable[Line]) -> bool:
    """Whether anything of the order is in a document of sale."""
    return any(line.invoiced.quantity for line in lines)


# -- handing over -----------------------------------------------------------------------------------------------


def fulfil(
    lines: Sequence[Line], handed: Mapping[str, Decimal], currency: str
) -> tuple[list[Part], list[Line]]:
    """Return what a fulfilment makes due, and the lines after it.

    :param handed: {line id: quantity handed over}.
    :raises NotOrderedError: of a line more is handed over than is left of it, or the order does not have it.
    """
    known = {line.line_id: line for line in lines}
    for line_id, quantity in handed.items():
        if line_id not in known or quantity > known[line_id].to_deliver:
            raise NotOrderedError(line_id)
    parts, after = [], []
    for line in lines:
        quantity = handed.get(line.follows or line.line_id, ZERO) if _goes_by_quantity(line) else ZERO
        if not _goes_by_quantity(line):
            quantity = line.to_deliver
        quantity = min(quantity, line.to_deliver)
        if quantity <= ZERO:
            after.append(line)
            continue
        done = _due(line, quantity, currency)
        after.append(msgspec.structs.replace(line, invoiced=line.invoiced.plus(done)))
        if _goes_by_quantity(line) or not done.is_nothing:
            parts.append(_part(line, done))
    return parts, after


def booked(parts: Iterable[Part]) -> dict[str, dict]:
    """Return what a document holds of each line, as JSON keeps it, so that it can be undone."""
    return {
        part.line_id: to_plain(msgspec.to_builtins(part.amount, builtin_types=(Decimal,))) for part in parts
    }


def undo(lines: Iterable[Line], document: Mapping[str, Mapping]) -> list[Line]:
    """Return the lines as if a document had never been made.

    :param document: what ``booked`` gave of it.
    """
    taken = {line_id: msgspec.convert(dict(facts), Sum, strict=False) for line_id, facts in document.items()}
    return [
        msgspec.structs.replace(line, invoiced=line.invoiced.plus(taken[line.line_id], -1))
        if line.line_id in taken
        else line
        for line in lines
    ]


def _goes_by_quantity(line: Line) -> bool:
    return line.kind in BY_QUANTITY or line.follows is not None


def _due(line: Line, quantity: Decimal, currency: str) -> Sum:
    """Return what the next ``quantity`` of a line comes to: the running total then, less what is invoiced."""
    target = _total(line, line.invoiced.quantity + quantity, currency)
    return msgspec.structs.replace(target.plus(line.invoiced, -1), quantity=quantity)


def _total(line: Line, quantity: Decimal, currency: str) -> Sum:
    """Return what ``quantity`` of a line comes to altogether; what was given back before does not come any more."""
    whole = line.whole if _goes_by_quantity(line) else line.whole.plus(line.released, -1)
    out_of = line.whole.quantity
    return Sum(
        quantity=quantity,
        net=share(whole.net, quantity, out_of, currency),
        taxes={code: share(amount, quantity, out_of, currency) for code, amount in whole.taxes.items()},
    )


def share(amount: Decimal, part: Decimal, whole: Decimal, currency: str) -> Decimal:
    """Return ``part`` of ``whole`` of an amount, rounded to what the currency knows; all of it is the amount itself."""
    if not whole or part == whole:
        return amount
    return round_to(amount * part / whole, minor_units(currency))


def _part(line: Line, amount: Sum, kind: str | None = None) -> Part:
    return Part(
        line_id=line.line_id,
        kind=kind or line.kind,
        description=line.description,
        product=line.product,
        amount=amount,
        unit=line.unit,
    )


# -- edits ------------------------------------------------------------------------------------------------------


def corrections(lines: Sequence[Line], currency: str) -> tuple[list[Part], list[Part], list[Line]]:
    """Return what an edit adds to what is invoiced, what it takes away (both positive), and the lines after it.

    Only what is in documents already is corrected. What was added and not handed over comes with its fulfilment, what
    goes with the first document (shipping, tip) comes now, once nothing is left to be handed over.
    """
    more, less, after = [], [], []
    late = is_invoiced(lines) and is_complete(lines)
    for line in lines:
        if line.invoiced.quantity:
            change = _total(line, line.invoiced.quantity, currency).plus(line.invoiced, -1)
        elif late and not _goes_by_quantity(line) and line.to_deliver > ZERO:
            change = _due(line, line.to_deliver, currency)
        else:
            change = Sum()
        if change.is_nothing:
            after.append(line)
            continue
        after.append(msgspec.structs.replace(line, invoiced=line.invoiced.plus(change)))
        quantity = change.quantity or line.invoiced.quantity
        if change.net + change.tax > ZERO:
            more.append(_part(line, msgspec.structs.replace(change, quantity=quantity)))
        else:
            taken = Sum().plus(change, -1)
            less.append(_part(line, msgspec.structs.replace(taken, quantity=quantity)))
    return more, less, after


# -- taking back ------------------------------------------------------------------------------------------------


def refund(
    lines: Sequence[Line],
    told: OrderRefund,
    currency: str,
    *,
    taxes_included: bool,
    handed_over: bool = False,
) -> tuple[list[Part], list[Line]]:
    """Return what a refund credits of what was invoiced, and the lines after it.

    What was not handed over yet is released: its money is a deposit that goes back, no revenue.

    :param taxes_included: the shop states the amounts of lines with their tax.
    :param handed_over: the shop says that all of the order is.
    :raises NotOrderedError: the order does not have the line.
    :raises NotHandedOverError: goods come back whose fulfilment has not been told.
    :raises TooMuchRefundedError: more is taken back than was sold.
    :raises TaxNotIncludedError: prices include taxes, and the amount of a line is exactly its price without.
    """
    known = {line.line_id: line for line in lines}
    parts: list[Part] = []
    for each in told.lines:
        line = known.get(each.line_id)
        if line is None:
            raise NotOrderedError(each.line_id)
        net = _without_tax(line, each, currency) if taxes_included else each.net_amount
        back = Sum(quantity=each.quantity, net=net, taxes=_divided(line, each.tax_amount, currency))
        known[line.line_id] = _take_back(line, back, each.restock, handed_over, currency, parts)
    for adjustment in told.adjustments:
        if adjustment.kind == "shipping":
            _give_back_shipping(known, adjustment, currency, parts)
        elif adjustment.net_amount or adjustment.tax_amount:
            parts.append(_adjusted(known, adjustment, currency))
    if not any(part.line_id for part in parts) and not is_invoiced(known.values()):
        parts = []  # nothing of it was revenue
    return parts, [known[line.line_id] for line in lines]


def _without_tax(line: Line, told: RefundedLine, currency: str) -> Decimal:
    cent, part = Decimal(1).scaleb(-minor_units(currency)), (told.quantity, line.whole.quantity, currency)
    tax = share(line.whole.tax + sum(line.memo.values(), ZERO), *part)
    is_net = abs(told.net_amount - share(line.whole.net, *part)) <= cent < told.tax_amount / 2
    if is_net and abs(told.tax_amount - tax) <= cent:
        raise TaxNotIncludedError(line.line_id)
    return told.net_amount - told.tax_amount


def _take_back(
    line: Line, back: Sum, restock: str, handed_over: bool, currency: str, parts: list[Part]
) -> Line:
    open_credit = line.invoiced.quantity - line.credited.quantity
    # Cancelled goods were not handed over; returned ones were. Of all others what is invoiced goes first.
    if restock == "cancel":
        never = min(back.quantity, max(line.to_deliver, ZERO))
        credited = back.quantity - never
    else:
        credited = min(back.quantity, max(open_credit, ZERO))
        never = back.quantity - credited
    if credited > open_credit or never > max(line.to_deliver, ZERO):
        raise TooMuchRefundedError(line.line_id, "quantity")
    if never and (restock == "return" or (handed_over and restock != "cancel")):
        raise NotHandedOverError(line.line_id)
    part = _portion(back, credited, currency)
    rest = back.plus(part, -1)
    if credited:
        after = line.credited.plus(part)
        if after.net > line.invoiced.net or after.tax > line.invoiced.tax:
            raise TooMuchRefundedError(line.line_id, "amount")
        parts.append(_part(line, part))
        line = msgspec.structs.replace(line, credited=after)
    if never:
        line = msgspec.structs.replace(
            line, released=line.released.plus(msgspec.structs.replace(rest, quantity=never))
        )
    return line


def _portion(back: Sum, quantity: Decimal, currency: str) -> Sum:
    return Sum(
        quantity=quantity,
        net=share(back.net, quantity, back.quantity, currency),
        taxes={code: share(tax, quantity, back.quantity, currency) for code, tax in back.taxes.items()},
    )


def _divided(line: Line, tax: Decimal, currency: str) -> dict[str, Decimal]:
    """Return a stated tax by the taxes of its line, ours alone; what the channel owes is left out."""
    weights = [*line.whole.taxes.items(), *((None, amount) for amount in line.memo.values())]
    total = sum((amount for _code, amount in weights), ZERO)
    if not tax or not weights:
        return dict.fromkeys(line.whole.taxes, ZERO)
    found: dict[str, Decimal] = {}
    seen = given = ZERO
    for code, weight in weights:
        seen += weight
        until = share(tax, seen, total, currency) if total else tax
        if code is not None:
            found[code] = until - given
        given = until
    return found


def _give_back_shipping(
    known: dict[str, Line], adjustment: RefundAdjustment, currency: str, parts: list[Part]
) -> None:
    """Credit given back shipping where it is invoiced; else it is not going to be."""
    lines = [line for line in known.values() if line.kind == "shipping"]
    if not lines:
        raise NotOrderedError("shipping")
    line = next((each for each in lines if each.invoiced.net > each.credited.net), lines[0])
    back = Sum(net=adjustment.net_amount, taxes=_divided(line, adjustment.tax_amount, currency))
    if line.invoiced.quantity:
        after = line.credited.plus(back)
        if after.net > line.invoiced.net:
            raise TooMuchRefundedError(line.line_id, "amount")
        parts.append(_part(line, msgspec.structs.replace(back, quantity=Decimal(1))))
        known[line.line_id] = msgspec.structs.replace(line, credited=after)
    else:
        known[line.line_id] = msgspec.structs.replace(line, released=line.released.plus(back))


def _adjusted(known: Mapping[str, Line], adjustment: RefundAdjustment, currency: str) -> Part:
    """Return what is given back beyond the lines (or kept from them, negative); its tax follows the order's first."""
    taxed = next((line for line in known.values() if line.whole.taxes), None)
    taxes = _divided(taxed, adjustment.tax_amount, currency) if taxed and adjustment.tax_amount else {}
    return Part(
        line_id="",
        kind="fee" if adjustment.kind == "fee" else DISCREPANCY,
        description=adjustment.reason or "Refund discrepancy",
        product=None,
        amount=Sum(quantity=Decimal(1), net=adjustment.net_amount, taxes=taxes),
    )


def told_key(told: OrderRefund) -> str:
    """Return what a refund says, in one form: the two interfaces of a shop write the same in different ways."""
    lines = sorted(
        (each.line_id, _plain(each.quantity), _plain(each.net_amount), _plain(each.tax_amount))
        for each in told.lines
    )
    more = sorted(
        (each.kind, _plain(each.net_amount), _plain(each.tax_amount))
        for each in told.adjustments
        if each.net_amount or each.tax_amount
    )
    return digest(canonical_bytes([lines, more]))


def _plain(amount: Decimal) -> str:
    return plain(amount.normalize() if amount else ZERO)


def total(parts: Iterable[Part]) -> Decimal:
    """Return what a document of these parts comes to, taxes included."""
    return sum((part.amount.net + part.amount.tax for part in parts), ZERO)


def kept(line: Line) -> dict:
    """Return a line as JSON keeps it, amounts as text."""
    return to_plain(msgspec.to_builtins(line, builtin_types=(Decimal,)))


def read(facts: Mapping) -> Line:
    """Return a line from what was kept of it."""
    return msgspec.convert(dict(facts), Line, strict=False)
