# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""E12: further business events, about partners, orders, holds, statements, exceptions and periods."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec

from .base import (
    INTERNAL,
    Amount,
    Code,
    CountryCode,
    Document,
    Identifier,
    Instant,
    Label,
    PersonalText,
    Reference,
    TaxNumber,
    classified,
)

Day = Annotated[dt.date, classified(INTERNAL)]
Flag = Annotated[bool, classified(INTERNAL)]
Count = Annotated[int, classified(INTERNAL, ge=0)]
References = Annotated[tuple[Reference, ...], msgspec.Meta(max_length=50)]


class CreditNotePosted(Document, kw_only=True):
    """A credit note is booked. ``reversed_invoice_number`` names the invoice that it takes back, where it says so."""

    invoice_id: Identifier
    entry_number: Identifier
    legal_number: Identifier | None = None
    company: Label
    issue_date: Day
    accounting_date: Day
    total_gross: Amount
    total_tax: Amount
    amount_open: Amount
    reversed_invoice_id: Identifier | None = None
    reversed_invoice_number: Identifier | None = None
    customer_outside_id: Identifier | None = None
    references: References = ()


class SupplierDocumentPosted(Document, kw_only=True):
    """What the events about a supplier's bill and a supplier's credit note say when they are booked.

    ``entry_number`` is Odoo's, ``legal_number`` the supplier's.
    """

    bill_id: Identifier
    entry_number: Identifier
    legal_number: Identifier | None = None
    company: Label
    issue_date: Day | None = None
    accounting_date: Day
    due_date: Day | None = None
    total_gross: Amount
    total_tax: Amount
    amount_open: Amount
    supplier_id: Identifier | None = None
    supplier_outside_id: Identifier | None = None
    references: References = ()


class BillPosted(SupplierDocumentPosted, kw_only=True):
    """A supplier's bill is booked. ``purchase_orders`` are the numbers of the orders that it invoices."""

    purchase_orders: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=50)] = ()


class SupplierCreditPosted(SupplierDocumentPosted, kw_only=True):
    """A supplier's credit note is booked. ``reversed_bill_id`` is the bill that it takes back, where it says so."""

    reversed_bill_id: Identifier | None = None
    reversed_bill_number: Identifier | None = None


class BillPaid(Document, kw_only=True):
    """Nothing is open of a supplier's bill any more. ``bill_status`` says by what: paid, or credited.

    Told again when it was opened again in between.
    """

    bill_id: Identifier
    entry_number: Identifier
    legal_number: Identifier | None = None
    company: Label
    paid_on: Day
    total_gross: Amount
    bill_status: Code
    supplier_id: Identifier | None = None
    supplier_outside_id: Identifier | None = None
    references: References = ()


class RefundSettled(Document, kw_only=True):
    """Money that was sent back is applied to a credit note. ``amount`` is negative when money left."""

    movement_id: Identifier
    entry_number: Identifier
    company: Label
    accounting_date: Day
    amount: Amount
    credit_note_id: Identifier
    credit_note_number: Identifier
    applied: Amount
    credit_note_open: Amount
    references: References = ()


class DisputeOpened(Document, kw_only=True):
    """The customer's bank disputes a payment. ``amount`` is positive.

    ``money_withdrawn`` is false for an inquiry: the bank asks before it takes the money back.
    """

    movement_id: Identifier
    money_withdrawn: Flag = True
    company: Label
    accounting_date: Day
    amount: Amount
    payment_id: Identifier | None = None
    reason: Label | None = None
    invoice_id: Identifier | None = None
    invoice_number: Identifier | None = None


class PartnerEvent(Document, kw_only=True):
    """What every event about a business partner says."""

    partner_id: Identifier
    name: PersonalText
    company: Label
    tax_id: TaxNumber | None = None
    country: CountryCode | None = None
    outside_id: Identifier | None = None


class CustomerApproved(PartnerEvent, kw_only=True):
    """A person has approved this customer for the company."""

    approved_by: PersonalText


class SupplierActivated(PartnerEvent, kw_only=True):
    """A person has activated this supplier for the company."""

    activated_by: PersonalText


class CreditHoldSet(PartnerEvent, kw_only=True):
    """From now on nothing new is sold to this customer on credit."""

    reason: Label | None = None


class CreditHoldCleared(PartnerEvent, kw_only=True):
    """The credit hold of this customer is lifted."""


class OrderContracted(Document, kw_only=True):
    """A sales order is confirmed: it binds both sides."""

    order_id: Identifier
    order_number: Identifier
    company: Label
    order_date: Day
    total_gross: Amount
    total_tax: Amount
    customer_id: Identifier
    customer_outside_id: Identifier | None = None
    customer_reference: Label | None = None
    payment_term: Label | None = None


class PurchaseOrderChanged(Document, kw_only=True):
    """A purchase order was confirmed, changed after it was confirmed, reopened or cancelled.

    ``change`` is one of ``confirmed``, ``changed``, ``reopened``, ``cancelled``; amounts are those after the change.
    """

    order_id: Identifier
    order_number: Identifier
    change: Code
    company: Label
    total_gross: Amount
    total_tax: Amount
    line_count: Count
    supplier_id: Identifier
    supplier_outside_id: Identifier | None = None
    supplier_reference: Label | None = None


class StatementLoaded(Document, kw_only=True):
    """A bank statement is in the books; its lines are not matched yet."""

    statement_id: Identifier
    name: Label
    company: Label
    journal: Code
    date: Day
    line_count: Count
    opening: Amount
    closing: Amount


class ReconciliationComplete(Document, kw_only=True):
    """Everything of a statement is explained.

    ``statement_type`` is ``bank`` (each line is matched, opening + lines = closing) or ``processor`` (the books and
    the payment provider's own closing balance agree).
    """

    statement_id: Identifier
    statement_type: Code
    name: Label
    company: Label
    journal: Code
    date: Day
    line_count: Count
    closing: Amount


class ExceptionEvent(Document, kw_only=True):
    """What every event about an exception says; no amounts and no names of persons."""

    exception_id: Identifier
    code: Code
    title: Label
    severity: Code
    company: Label | None = None
    connection: Label | None = None


class ExceptionRaised(ExceptionEvent, kw_only=True):
    """Something waits for a person."""

    act_by: Instant | None = None


class ExceptionResolved(ExceptionEvent, kw_only=True):
    """The cause is settled."""

    resolution: Label | None = None


class CloseReady(Document, kw_only=True):
    """The period could be closed: what the rule ``stated_by`` asks for holds. It closes nothing by itself."""

    company: Label
    period_start: Day
    period_end: Day
    stated_by: Label


class PeriodClosed(Document, kw_only=True):
    """A lock date was moved forward: nothing may be booked up to ``locked_until`` any more.

    ``lock`` is one of ``fiscal_year``, ``tax``, ``sales``, ``purchases``, ``hard``.
    """

    company: Label
    lock: Code
    locked_until: Day
    locked_until_before: Day | None = None


class RuleFulfilled(Document, kw_only=True):
    """Everything that a rule waits for has happened. ``subject`` is what the events have in common."""

    company: Label
    rule: Label
    subject: Identifier
    fulfilled_by: Annotated[tuple[Code, ...], msgspec.Meta(max_length=50)] = ()


BUSINESS_EVENTS: tuple[type[Document], ...] = (
    BillPaid,
    BillPosted,
    SupplierCreditPosted,
    CloseReady,
    CreditHoldCleared,
    CreditHoldSet,
    CreditNotePosted,
    CustomerApproved,
    DisputeOpened,
    ExceptionRaised,
    ExceptionResolved,
    OrderContracted,
    PeriodClosed,
    PurchaseOrderChanged,
    ReconciliationComplete,
    RefundSettled,
    RuleFulfilled,
    StatementLoaded,
    SupplierActivated,
)
