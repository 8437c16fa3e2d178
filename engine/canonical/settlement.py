# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O7: of which ledger lines of the provider a payout consists, as the provider's own list has it (R2)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec

from ..instants import as_utc
from .base import (
    INTERNAL,
    Amount,
    CurrencyCode,
    Document,
    Identifier,
    Instant,
    Label,
    Money,
    Struct,
    classified,
)


class SettlementLine(Struct, kw_only=True):
    """One ledger line: ``gross`` − ``fee`` = ``net``, in the currency of the settlement; positive = into the balance.

    ``type`` is that of the movement which the line is; ``conversion`` is a leg of an exchange of currencies and
    ``adjustment`` everything that has no word of its own.
    """

    ledger_id: Identifier
    type: Literal[
        "payment",
        "payment_return",
        "refund",
        "refund_return",
        "fee",
        "dispute",
        "dispute_return",
        "reserve",
        "reserve_release",
        "conversion",
        "payout",
        "payout_return",
        "adjustment",
        "unknown",
    ]
    gross: Money
    fee: Money
    net: Money
    moved_at: Instant | None = None
    description: Label | None = None

    def __post_init__(self):
        if self.moved_at is not None:
            msgspec.structs.force_setattr(self, "moved_at", as_utc(self.moved_at))


class Settlement(Document, kw_only=True):
    """A part of the composition of one payout; all parts of it have the same ``payout``.

    ``payout``     the provider's id of the payout: the ``movement_id`` under which it is booked.
    ``amount``     what left for the bank; negative where the provider debits the bank. ``currency`` is that of
    all lines.
    ``told``       whether the provider tells the composition; without it there are no lines, and the payout
    consists of
                   whatever moved since the one before.
    ``part``       number of this part, from 1; the lines of one part are never in another one.
    """

    payout: Identifier
    amount: Amount
    currency: CurrencyCode
    told: Annotated[bool, classified(INTERNAL)] = True
    arrival_date: Annotated[dt.date, classified(INTERNAL)] | None = None
    bank_reference: Identifier | None = None
    part: Annotated[int, classified(INTERNAL, ge=1, le=100_000)] = 1
    lines: Annotated[tuple[SettlementLine, ...], msgspec.Meta(max_length=1000)] = ()
