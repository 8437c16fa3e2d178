# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""E15: what an outside system may ask and is answered at once.

A question's ``source.object_id`` is the asker's id of the question: asked again, it has the same answer. An answer's
``source.object_id`` is the answer's own id, its ``occurred_at`` the instant as of which it is true.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec

from .base import INTERNAL, Amount, Code, Document, Identifier, Label, Struct, classified

MIN_TIME_LIMIT_MS = 50
MAX_TIME_LIMIT_MS = 10_000
MAX_LISTED = 200

TimeLimit = Annotated[int, classified(INTERNAL, ge=MIN_TIME_LIMIT_MS, le=MAX_TIME_LIMIT_MS)]
Count = Annotated[int, classified(INTERNAL, ge=0)]
Day = Annotated[dt.date, classified(INTERNAL)]
Purpose = Literal["credit", "hold", "order_release"]
Decision = Literal["release", "stop"]


class Query(Document, kw_only=True):
    """What every question carries. ``time_limit_ms`` is how long the asker waits for the answer."""

    time_limit_ms: TimeLimit = 1000


class CreditQuery(Query, kw_only=True):
    """May this customer buy on credit?

    ``purpose``   ``hold``: is the customer on hold; ``credit``: and within the credit limit; ``order_release``: and
                  without invoices that are overdue for too long.
    ``customer``  the asker's id of the customer.
    ``amount``    what the customer wants to buy now, tax included.
    """

    customer: Identifier
    purpose: Purpose = "order_release"
    amount: Amount | None = None


class InvoiceQuery(Query, kw_only=True):
    """How does an invoice or credit note stand? Named by the asker's id or by its number (the issuer's or Odoo's)."""

    invoice_id: Identifier | None = None
    number: Identifier | None = None


class PaymentQuery(Query, kw_only=True):
    """What became of a payment or another movement? Named by the provider's id."""

    movement_id: Identifier
    movement_type: Code = "payment"


class Answer(Document, kw_only=True):
    """What every answer carries.

    ``outcome``     ``answered``, ``not_known`` (nothing of this name in this company) or ``policy`` (the time was up).
    ``decided_by``  ``facts``: what the books say; ``policy``: what was agreed for the case that the time is up.
    ``took_ms``     milliseconds from the request to the answer.
    """

    query_id: Identifier
    outcome: Literal["answered", "not_known", "policy"]
    decided_by: Literal["facts", "policy"]
    company: Label
    took_ms: Count


class CreditAnswer(Answer, kw_only=True):
    """``decision`` is absent when the customer is not known. Amounts are in the company's currency.

    ``exposure``   what the customer owes, plus orders not yet invoiced, plus what was asked for now.
    ``available``  the limit minus the exposure; absent where no limit is set.
    ``reasons``    what speaks against it, all of it: ``customer_on_hold``, ``customer_archived``,
                   ``credit_limit_exceeded``, ``invoices_overdue``, ``answer_late``.
    """

    purpose: Purpose
    decision: Decision | None = None
    reasons: Annotated[tuple[Code, ...], msgspec.Meta(max_length=20)] = ()
    on_hold: bool | None = None
    receivable: Amount | None = None
    to_invoice: Amount | None = None
    requested: Amount | None = None
    exposure: Amount | None = None
    credit_limit: Amount | None = None
    available: Amount | None = None
    overdue: Amount | None = None
    overdue_since: Day | None = None


class AppliedPayment(Struct, kw_only=True):
    """What reduced an invoice; ``amount`` in the invoice's currency."""

    entry_number: Identifier
    accounting_date: Day
    kind: Literal["payment", "credit_note", "other"]
    amount: Amount
    movement_id: Identifier | None = None


class InvoiceAnswer(Answer, kw_only=True):
    """``status``: ``draft``, ``open``, ``partly_paid``, ``paid_by_customer``, ``credited``, ``cancelled``."""

    invoice_id: Identifier | None = None
    document_type: Code | None = None
    entry_number: Identifier | None = None
    legal_number: Identifier | None = None
    status: Code | None = None
    issue_date: Day | None = None
    due_date: Day | None = None
    accounting_date: Day | None = None
    overdue_days: Count | None = None
    total_gross: Amount | None = None
    total_tax: Amount | None = None
    amount_due: Amount | None = None
    payments: Annotated[tuple[AppliedPayment, ...], msgspec.Meta(max_length=MAX_LISTED)] = ()


class AppliedInvoice(Struct, kw_only=True):
    """An invoice to which a payment was applied; ``amount`` in the invoice's currency."""

    invoice_id: Identifier
    number: Identifier
    amount: Amount


class PaymentAnswer(Answer, kw_only=True):
    """``status`` is the provider's word, ``application`` ours: ``applied``, ``open``, ``unidentified``, …"""

    movement_type: Code | None = None
    status: Code | None = None
    application: Code | None = None
    amount: Amount | None = None
    entry_number: Identifier | None = None
    accounting_date: Day | None = None
    invoices: Annotated[tuple[AppliedInvoice, ...], msgspec.Meta(max_length=MAX_LISTED)] = ()
