# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A booked document is void at its source: it is taken back by a reversal, never deleted (accounting policy P4)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from .base import INTERNAL, Document, Identifier, Label, classified


class Cancellation(Document, kw_only=True):
    """The document with this ``source.object_id`` counts no more.

    ``cancels``  the kind of the document: ``entry``, or ``invoice`` for invoices and credit notes.
    ``date``     the day on which it was cancelled at the source. The reversal is booked on the day of the document
                 itself, or on the first open day after it.
    A ``source.version`` continues the versions of the document: it is larger than that of the document.
    """

    cancels: Literal["entry", "invoice"]
    date: Annotated[dt.date, classified(INTERNAL)]
    reference: Identifier | None = None
    reason: Label
