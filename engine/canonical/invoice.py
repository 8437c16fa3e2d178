# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O5: customer invoices and credit notes.

Two kinds of document share this type, told apart by ``issuer`` (accounting policy F8):

``source``  the outside system issued the legal document: number, dates, lines, tax per line and total
            are facts that are kept to the cent, never recomputed.
``odoo``    the outside system asks for an invoice: Odoo issues it with its own number, taxes and terms.

``set_off`` of a credit note: ``invoice`` = it lessens what is open of the invoice that it credits; ``later`` = the
invoice was paid, so its amount is paid back, or stays with the customer as a credit.
``period_start`` and ``period_end`` (inclusive) of a line: the days for which a service is charged.
``credit_change`` is how a document changed the credit that its issuer keeps for the customer: an invoice used so much
of it (negative), a credit note that is not paid back added so much (positive). It settles; it is not of the content.
``debt_change`` is the same of what the customer owes its issuer beside this document: an invoice that is not collected
by itself adds its amount (positive), one that collects older ones takes theirs along, a credit note may lessen them
(negative). It settles, too.
``amount_due`` is what is still open of it at the source; only the import of open items before go-live reads it.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

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

MAX_LINES = 2000


class LineTax(Struct, kw_only=True):
    """One tax of a line as the issuer computed it, in the document's currency, sign as the line's."""

    code: Code
    amount: Money


class InvoiceLine(Struct, kw_only=True):
    """A line; amounts are in the document's currency and positive on an invoice and on a credit note.

    ``net_amount`` is the line total after discount and before tax; with issuer ``source`` it is required
    and must equal quantity x unit_price x (1 - discount) to the cent when taxes are excluded from price.
    ``unit`` is what ``quantity`` counts: a code of UN/ECE Recommendation 20 (``C62``, ``HUR``, ``KGM``), or one that is
    mapped; None = the product's own unit.
    """

    line_id: Identifier | None = None
    description: Label
    quantity: Money
    unit: Code | None = None
    unit_price: Money
    discount_percent: Money | None = None
    product: Code | None = None
    account: Code | None = None
    tax_codes: Annotated[tuple[Code, ...], msgspec.Meta(max_length=20)] = ()
    net_amount: Money | None = None
    taxes: Annotated[tuple[LineTax, ...], msgspec.Meta(max_length=20)] = ()
    analytic: Annotated[tuple[Code, ...], msgspec.Meta(max_length=20)] = ()
    period_start: Annotated[dt.date, classified(INTERNAL)] | None = None
    period_end: Annotated[dt.date, classified(INTERNAL)] | None = None


class Invoice(Document, kw_only=True):
    document_type: Literal["invoice", "credit_note"] = "invoice"
    issuer: Literal["source", "odoo"]
    number: Identifier | None = None
    issue_date: Annotated[dt.date, classified(INTERNAL)]
    due_date: Annotated[dt.date, classified(INTERNAL)] | None = None
    payment_term: Code | None = None
    currency: CurrencyCode
    customer: PartyRef
    lines: Annotated[tuple[InvoiceLine, ...], msgspec.Meta(min_length=1, max_length=MAX_LINES)]
    total_net: Money | None = None
    total_tax: Money | None = None
    total_gross: Money | None = None
    amount_due: Money | None = None
    credit_change: Money | None = None
    debt_change: Money | None = None
    credit_of: Identifier | None = None
    set_off: Annotated[Literal["invoice", "later"], classified(INTERNAL)] = "invoice"
    reference: Identifier | None = None
    journal: Code | None = None
    note: Label | None = None
