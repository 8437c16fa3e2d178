# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Advance invoices of an order: VAT that falls due when it is paid, before it is handed over (accounting policy F10).

Pure. In the EU the tax on a payment on account is chargeable when the payment is received (Directive 2006/112/EC,
article 65). What was paid is divided among the lines that are still to come, in proportion, to exactly the sum that was
paid. A final invoice deducts of each line what is advanced of it, up to the line's own amount; what is advanced of
something that is not going to come is taken back. Nothing is advanced of what a voucher pays: a multi-purpose voucher
is taxed when the goods are handed over (article 30b).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from .order_progress import ZERO, Line, Part, Sum, share

ADVANCE = "advance"


def is_due(lines: Iterable[Line]) -> bool:
    """Whether an order bears a tax of ours at all: without one nothing falls due when it is paid."""
    return any(any(line.whole.taxes.values()) for line in lines)


def prepaid(lines: Iterable[Line], paid_before: Decimal, amount: Decimal) -> Decimal:
    """Return how much of a payment is for what is still to come.

    :param lines: the order's lines as they are.
    :param paid_before: what was paid before it altogether, less what went back; with vouchers.
    :param amount: the payment. All amounts are in the order's currency, taxes included.
    """
    invoiced = sum(
        (line.invoiced.net + line.invoiced.tax - line.credited.net - line.credited.tax for line in lines),
        ZERO,
    )
    return max(amount - max(invoiced - paid_before, ZERO), ZERO)


def advance(lines: Sequence[Line], amount: Decimal, currency: str) -> tuple[list[Part], list[Line]]:
    """Return the parts of an advance invoice over a payment, and the lines after it.

    The parts come to exactly ``amount``, or to all that is still to come where that is less; of nothing there are none.

    :param amount: what was paid for what is still to come, taxes included, in the order's ``currency``.
    """
    rooms = [_still_to_come(line).plus(line.advanced, -1) for line in lines]
    total = sum((room.net + room.tax for room in rooms), ZERO)
    amount = min(amount, total)
    if amount <= ZERO:
        return [], list(lines)
    parts, after = [], []
    seen = given = ZERO
    for line, room in zip(lines, rooms, strict=True):
        seen += room.net + room.tax
        until = share(amount, seen, total, currency)
        part = _portion(room, until - given, currency)
        given = until
        after.append(line if part.is_nothing else _with(line, line.advanced.plus(part)))
        if not part.is_nothing:
            parts.append(_part(line, part))
    return parts, after


def deduct(lines: Sequence[Line], parts: Iterable[Part]) -> tuple[list[Part], list[Line]]:
    """Return what a final invoice deducts (positive), and the lines after it.

    :param lines: the lines after the invoice's ``parts`` were made.
    """
    amounts: dict[str, Sum] = {}
    for part in parts:
        amounts[part.line_id] = amounts.get(part.line_id, Sum()).plus(part.amount)
    deducted, after = [], []
    for line in lines:
        taken = _least(line.advanced, amounts.get(line.line_id, Sum()))
        after.append(line if taken.is_nothing else _with(line, line.advanced.plus(taken, -1)))
        if not taken.is_nothing:
            deducted.append(_part(line, taken))
    return deducted, after


def excess(lines: Sequence[Line]) -> tuple[list[Part], list[Line]]:
    """Return what is advanced of something that will not come (positive), and the lines without it."""
    back, after = [], []
    for line in lines:
        over = line.advanced.plus(_least(line.advanced, _still_to_come(line)), -1)
        after.append(line if over.is_nothing else _with(line, line.advanced.plus(over, -1)))
        if not over.is_nothing:
            back.append(_part(line, over))
    return back, after


def restore(lines: Iterable[Line], deducted: dict[str, dict]) -> list[Line]:
    """Return the lines as if a final invoice had deducted nothing.

    :param deducted: what ``order_progress.booked`` gave of what it deducted.
    """
    taken = {line_id: msgspec.convert(dict(facts), Sum, strict=False) for line_id, facts in deducted.items()}
    return [
        _with(line, line.advanced.plus(_plain(taken[line.line_id]))) if line.line_id in taken else line
        for line in lines
    ]


def turned(parts: Iterable[Part]) -> list[Part]:
    """Return parts with the opposite sign: as they stand in the invoice that deducts them."""
    return [
        msgspec.structs.replace(
            part, amount=msgspec.structs.replace(Sum().plus(part.amount, -1), quantity=part.amount.quantity)
        )
        for part in parts
    ]


def _still_to_come(line: Line) -> Sum:
    if line.released.quantity and line.released.quantity >= line.whole.quantity - line.invoiced.quantity:
        return Sum()  # what was given back of it may be less than what it would have come to
    return _plain(line.whole.plus(line.invoiced, -1).plus(line.released, -1))


def _plain(amount: Sum) -> Sum:
    return Sum(net=amount.net, taxes=amount.taxes)


def _with(line: Line, advanced: Sum) -> Line:
    return msgspec.structs.replace(line, advanced=_plain(advanced))


def _portion(room: Sum, gross: Decimal, currency: str) -> Sum:
    whole = room.net + room.tax
    if not whole or gross == whole:
        return _plain(room) if gross == whole else Sum()
    taxes = {code: share(amount, gross, whole, currency) for code, amount in room.taxes.items()}
    return Sum(net=gross - sum(taxes.values(), ZERO), taxes=taxes)


def _least(one: Sum, other: Sum) -> Sum:
    """Return, amount by amount, what is nearer to nothing; nothing where the signs differ."""
    return Sum(
        net=_nearer(one.net, other.net),
        taxes={code: _nearer(amount, other.taxes.get(code, ZERO)) for code, amount in one.taxes.items()},
    )


def _nearer(one: Decimal, other: Decimal) -> Decimal:
    if one * other <= ZERO:
        return ZERO
    return min(one, other, key=abs)


def _part(line: Line, amount: Sum) -> Part:
    return Part(
        line_id=line.line_id,
        kind=ADVANCE,
        description=line.description,
        product=None,
        amount=msgspec.structs.replace(_plain(amount), quantity=Decimal(1)),
    )
