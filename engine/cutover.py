# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What becomes of events that are older than the day on which a flow begins to book (E14)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from .canonical import Document
from .canonical.invoice import Invoice, InvoiceLine
from .errors import BusinessError
from .instants import local_date

# keep       recorded, nothing else: the opening balance contains it.
# post       booked like any other, unless the books hold it already.
# open_items invoices only: what is still open of them becomes an opening document.
# reference  known under its outside id, so that what follows finds it; no entry.
HISTORY_POLICIES = ("keep", "post", "open_items", "reference")
# Only documents that are paid later have an open rest.
KINDS_WITH_OPEN_ITEMS = frozenset({"invoice"})
# Stands in an opening document for the account of the role OPEN; no outside code can have a blank in front.
OPENING_ACCOUNT = " opening"


def economic_date(document: Document, time_zone: str) -> date:
    """Return the day to which a document belongs: its own date, else the day on which it happened.

    :param time_zone: IANA zone of the company's books.
    """
    for name in ("issue_date", "date"):
        day = getattr(document, name, None)
        if isinstance(day, date):
            return day
    return local_date(document.occurred_at, time_zone)


def opening_document(document: Invoice, label: str) -> Invoice | None:
    """Return the document that brings forward what is still open of an old invoice; None = nothing is open.

    It keeps number, dates, currency and customer, and has one line without tax: revenue and tax of the original belong
    to the time before, its counterpart is the account for opening balances.

    :param label: text of the line.
    :raises BusinessError: ``open_amount_missing``: the source does not say what is still open;
        ``open_amount_wrong``: it is negative or more than the total.
    """
    number = document.number or document.source.object_id
    open_amount = document.amount_due
    if open_amount is None:
        raise BusinessError("open_amount_missing", number, params={"number": number})
    total = document.total_gross
    if open_amount < 0 or (total is not None and open_amount > total):
        raise BusinessError(
            "open_amount_wrong",
            number,
            params={
                "number": number,
                "open": open_amount,
                "total": total,
                "currency": document.currency,
            },
        )
    if not open_amount:
        return None
    line = InvoiceLine(
        description=label,
        quantity=Decimal(1),
        unit_price=open_amount,
        net_amount=open_amount,
        account=OPENING_ACCOUNT,
    )
    return msgspec.structs.replace(
        document, lines=(line,), total_net=open_amount, total_tax=Decimal(0), total_gross=open_amount
    )


def without_open_amount(document: Document) -> Document:
    """Return ``document`` without what is still open of it: that changes with each payment, the document does not."""
    if isinstance(document, Invoice) and document.amount_due is not None:
        return msgspec.structs.replace(document, amount_due=None)
    return document
