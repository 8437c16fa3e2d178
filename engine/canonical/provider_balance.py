# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""R17: what the provider says our balance was at the end of a day."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from .base import INTERNAL, Amount, Document, Identifier, classified


class ProviderBalance(Document, kw_only=True):
    """The provider's closing balance of ``date`` (a calendar day in ``time_zone``), in one currency.

    ``movement_count`` and ``movement_total`` are the provider's own control totals for that day
    (count and signed sum of its ledger lines, net), where it gives them.
    """

    account: Identifier
    date: Annotated[dt.date, classified(INTERNAL)]
    time_zone: Identifier
    closing: Amount
    opening: Amount | None = None
    movement_count: Annotated[int, classified(INTERNAL, ge=0)] | None = None
    movement_total: Amount | None = None
