# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""E12: business events that the hub publishes to other systems."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec

from .base import INTERNAL, Amount, Code, Document, Identifier, Label, Reference, classified


class InvoicePosted(Document, kw_only=True):
    """An invoice is booked; a credit note is an event of its own.

    ``entry_number`` is Odoo's, ``legal_number`` the issuer's.
    """

    invoice_id: Identifier
    document_type: Code
    entry_number: Identifier
    legal_number: Identifier | None = None
    company: Label
    issue_date: Annotated[dt.date, classified(INTERNAL)]
    accounting_date: Annotated[dt.date, classified(INTERNAL)]
    due_date: Annotated[dt.date, classified(INTERNAL)] | None = None
    total_gross: Amount
    total_tax: Amount
    amount_due: Amount
    customer_outside_id: Identifier | None = None
    references: Annotated[tuple[Reference, ...], msgspec.Meta(max_length=50)] = ()


class PaymentSettled(Document, kw_only=True):
    """A movement was applied to an invoice. ``applied`` is in the invoice's currency."""

    movement_id: Identifier
    movement_type: Code
    entry_number: Identifier
    company: Label
    accounting_date: Annotated[dt.date, classified(INTERNAL)]
    amount: Amount
    invoice_id: Identifier
    invoice_number: Identifier
    applied: Amount
    invoice_amount_due: Amount
    invoice_status: Code
    references: Annotated[tuple[Reference, ...], msgspec.Meta(max_length=50)] = ()


class PaymentFailed(Document, kw_only=True):
    """A customer's payment attempt failed, or a payment was taken back by the bank."""

    movement_id: Identifier
    company: Label
    amount: Amount
    failure_code: Code | None = None
    failure_message: Label | None = None
    invoice_id: Identifier | None = None
    invoice_number: Identifier | None = None
    references: Annotated[tuple[Reference, ...], msgspec.Meta(max_length=50)] = ()
