# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O8: a line that a bank has booked on an account of ours, and the statement that says how the account stood.

The words follow ISO 20022 (camt.053): an *entry* of the account is a line here, what the payer wrote is its text.
The sign of ``amount`` is the account holder's point of view: positive = money came in.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec

from .base import (
    INTERNAL,
    RESTRICTED,
    Amount,
    Code,
    Document,
    Identifier,
    Label,
    PersonalText,
    Reference,
    classified,
)
from .supplier import AccountNumber

Day = Annotated[dt.date, classified(INTERNAL)]


class BankLine(Document, kw_only=True):
    """One line that the bank has booked; announced (pending) lines are not sent.

    ``account_number``  the account of ours: its IBAN, or the number of the country.
    ``line_id``         the bank's own id of the line, unique within the account: it is booked once under it.
    ``booking_date``    the day on which the bank booked it, and so the books do.
    ``original``        the amount as it was ordered, where the bank converted it (another currency).
    ``text``            everything that the bank wrote.
    ``party_name``, ``party_account``  the other side, as far as the bank names it.
    ``bank_code``       what the bank calls such a line, for instance the ISO 20022 code PMNT-RCDT-ESCT.
    ``returns``         line_id of an earlier line that this one takes back (a returned receipt).
    ``statement``       id of the statement that lists the line, where it is known already.
    """

    account_number: AccountNumber
    line_id: Identifier
    booking_date: Day
    amount: Amount
    value_date: Day | None = None
    original: Amount | None = None
    text: Label = ""
    party_name: PersonalText | None = None
    party_account: Annotated[str, classified(RESTRICTED, min_length=1, max_length=64)] | None = None
    end_to_end_id: Identifier | None = None
    bank_code: Code | None = None
    references: Annotated[tuple[Reference, ...], msgspec.Meta(max_length=50)] = ()
    returns: Identifier | None = None
    statement: Identifier | None = None


class BankStatement(Document, kw_only=True):
    """What the bank says of the account from ``first_date`` to ``last_date``, both included.

    ``line_count`` and ``line_total`` are the bank's own control totals (count and signed sum of the lines).
    """

    account_number: AccountNumber
    statement_id: Identifier
    first_date: Day
    last_date: Day
    opening: Amount
    closing: Amount
    line_count: Annotated[int, classified(INTERNAL, ge=0)] | None = None
    line_total: Amount | None = None
