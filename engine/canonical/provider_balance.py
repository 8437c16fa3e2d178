# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""R17: what the provider says our balance was at the end of a day."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec

from .base import INTERNAL, Amount, Document, Identifier, Money, Struct, classified

MAX_LEDGER_LINES = 5000


class LedgerLine(Struct, kw_only=True):
    """One line of the provider's ledger: its id and what the balance changed by, in the currency of the balance."""

    ledger_id: Identifier
    net: Money


class ProviderBalance(Document, kw_only=True):
    """The provider's closing balance of ``date`` (a calendar day in ``time_zone``), in one currency.

    ``movement_count`` and ``movement_total`` are the provider's own control totals for that day
    (count and signed sum of its ledger lines, net), where it gives them; ``lines`` names all of them, or is absent.
    """

    account: Identifier
    date: Annotated[dt.date, classified(INTERNAL)]
    time_zone: Identifier
    closing: Amount
    opening: Amount | None = None
    movement_count: Annotated[int, classified(INTERNAL, ge=0)] | None = None
    movement_total: Amount | None = None
    lines: Annotated[tuple[LedgerLine, ...], msgspec.Meta(max_length=MAX_LEDGER_LINES)] | None = None
