# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O10: a journal entry that another system computed (payroll, legacy ledger, risk proposal)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec

from .base import (
    INTERNAL,
    Code,
    CurrencyCode,
    Document,
    Identifier,
    Label,
    Money,
    PartyRef,
    Struct,
    classified,
)

MAX_LINES = 5000


class EntryLine(Struct, kw_only=True):
    """One line in the entry's currency; exactly one of ``debit`` and ``credit`` is given and is positive."""

    account: Code
    debit: Money | None = None
    credit: Money | None = None
    label: Label | None = None
    party: PartyRef | None = None
    analytic: Annotated[tuple[Code, ...], msgspec.Meta(max_length=20)] = ()


class JournalEntry(Document, kw_only=True):
    """A balanced entry; ``total_debit`` is the sender's control total over the debit lines."""

    reference: Identifier
    date: Annotated[dt.date, classified(INTERNAL)]
    currency: CurrencyCode
    journal: Code | None = None
    lines: Annotated[tuple[EntryLine, ...], msgspec.Meta(min_length=2, max_length=MAX_LINES)]
    total_debit: Money | None = None
    description: Label | None = None
