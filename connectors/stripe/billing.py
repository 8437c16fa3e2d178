# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Stripe Billing: finalised invoices and credit notes → canonical documents that keep Stripe's amounts to the cent.

An invoice is a fact from its finalisation on: number, lines, taxes and totals do not change any more; a change is told
as a cancellation, a credit note or a new invoice. Each document therefore has version 1, and its cancellation
version 2: another content under version 1 is a contradiction, and an invoice that arrives after its cancellation is not
booked.

Sources: https://docs.stripe.com/invoicing/overview (statuses, finalisation), https://docs.stripe.com/api/invoices/object,
https://docs.stripe.com/api/credit_notes/object, https://docs.stripe.com/changelog/basil/2025-03-31 (payments of an
invoice are objects of their own).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from ...engine.canonical import Document, Invoice, InvoiceStatus, PartyRef, Source
from ...engine.canonical.cancellation import Cancellation
from ...engine.errors import BusinessError
from ...engine.instants import local_date
from ..reading import clip, read_as, schema_violation
from . import billing_balance as balance
from . import billing_lines as lined
from . import wire
from . import wire_billing as shapes
from .shared import Context, instant, money

FINALISED, CANCELLED = 1, 2
STRIPE, ODOO = "source", "odoo"
_PLACE = "$.data.object"


def invoice_documents(context: Context, told_at: dt.datetime, body: dict[str, Any]) -> list[Document]:
    """An invoice as it stands: a draft books nothing; issued by Stripe, it is booked; issued by Odoo, it only links.

    :raises BusinessError: ``billing_issuer_undecided``, ``billing_lines_missing``, ``billing_not_bookable``.
    :raises ContractError: a field is not as Stripe documents it.
    """
    invoice = read_as(body, shapes.Invoice, _PLACE)
    if invoice.object != "invoice":
        raise schema_violation(f"{_PLACE}.object", "Expected “invoice”")
    moment = (invoice.status_transitions or shapes.Transitions()).finalized_at
    if invoice.status in (None, "draft") or (invoice.status == "void" and moment is None):
        return []
    if _issuer(context) == ODOO:
        return [_linked(context, invoice, told_at)]
    if invoice.status == "void":
        return [_invoice_cancelled(context, invoice, told_at)]
    return [_issued(context, invoice, instant(invoice.effective_at or moment or invoice.created))]


def _issued(context: Context, invoice: shapes.Invoice, finalised: dt.datetime) -> Invoice:
    """Return the invoice; where its total is negative, the credit note that it is."""
    number = invoice.number or invoice.id
    negative = invoice.total < 0
    sign = -1 if negative else 1
    lines = lined.document_lines(
        context, invoice, lined.all_lines(invoice.lines, number, shapes.InvoiceLine), sign
    )
    net = invoice.total_excluding_tax
    return Invoice(
        source=_source(context, invoice.id, FINALISED),
        occurred_at=finalised,
        document_type="credit_note" if negative else "invoice",
        issuer="source",
        number=invoice.number,
        issue_date=local_date(finalised, context.time_zone),
        due_date=local_date(instant(invoice.due_date), context.time_zone)
        if invoice.due_date and not negative
        else None,
        currency=invoice.currency.upper(),
        customer=_customer(invoice),
        lines=tuple(lines),
        set_off="later" if negative else "invoice",
        reference=_subscription(invoice),
        **balance.changes(invoice),
        **lined.stated_totals(
            lines, sign * invoice.total, None if net is None else sign * net, invoice.currency
        ),
    )


def voided_documents(context: Context, told_at: dt.datetime, body: dict[str, Any]) -> list[Document]:
    """A finalised invoice that Stripe has voided: what it became is reversed."""
    invoice = read_as(body, shapes.Invoice, _PLACE)
    if _issuer(context) == ODOO:
        return [_linked(context, invoice, told_at)]
    return [_invoice_cancelled(context, invoice, told_at)]


def failed_documents(context: Context, told_at: dt.datetime, body: dict[str, Any]) -> list[Document]:
    """A try to collect an invoice failed: told on, nothing moved."""
    return [_open_status(context, body, "payment_failed", told_at)]


def uncollectible_documents(context: Context, told_at: dt.datetime, body: dict[str, Any]) -> list[Document]:
    """Stripe's account has given an invoice up. It stays open: a write-off is decided by people."""
    return [_open_status(context, body, "uncollectible", told_at)]


def paid_documents(context: Context, told_at: dt.datetime, body: dict[str, Any]) -> list[Document]:
    """``invoice.paid``: in releases before basil the invoice names its payment itself, which links the two."""
    invoice = read_as(body, shapes.Invoice, _PLACE)
    payment = wire.id_of(invoice.payment_intent) or wire.id_of(invoice.charge)
    if payment is None:
        return []
    return [_status(context, invoice, "paid", told_at, payment=payment)]


def payment_documents(context: Context, told_at: dt.datetime, body: dict[str, Any]) -> list[Document]:
    """``invoice_payment.paid``: which payment pays which invoice. The money is booked from the charge."""
    payment = read_as(body, shapes.InvoicePayment, _PLACE)
    paid = payment.payment or shapes.PaidBy()
    name = wire.id_of(paid.payment_intent) or wire.id_of(paid.charge)
    invoice = wire.id_of(payment.invoice)
    if payment.status != "paid" or name is None or invoice is None:
        return []  # open, cancelled, or paid outside Stripe: the bank line tells that money
    return [
        InvoiceStatus(
            source=_source(context, payment.id),
            occurred_at=told_at,
            state="paid",
            invoice=invoice,
            payment=name,
            amount=None if payment.amount_paid is None else money(payment.amount_paid, payment.currency),
        )
    ]


def credit_note_documents(context: Context, told_at: dt.datetime, body: dict[str, Any]) -> list[Document]:
    """A credit note, set off against what is open of its invoice, or paid back where the invoice was paid.

    :raises BusinessError: ``billing_issuer_undecided``, ``billing_lines_missing``, ``billing_not_bookable``.
    """
    note = read_as(body, shapes.CreditNote, _PLACE)
    if note.object != "credit_note":
        raise schema_violation(f"{_PLACE}.object", "Expected “credit_note”")
    invoice = wire.id_of(note.invoice)
    if invoice is None:
        raise schema_violation(f"{_PLACE}.invoice", "A credit note names its invoice")
    if _issuer(context) == ODOO:
        raise BusinessError(
            "billing_not_bookable",
            note.id,
            params={
                "number": note.number or note.id,
                "reason": "Odoo issues the invoices of this connection, and Stripe issued a credit note",
            },
        )
    if note.status == "void":
        return [_note_cancelled(context, note, told_at)]
    issued = instant(note.effective_at or note.created)
    number = note.number or note.id
    lines = lined.document_lines(context, note, lined.all_lines(note.lines, number, shapes.CreditLine))
    return [
        Invoice(
            source=_source(context, note.id, FINALISED),
            occurred_at=issued,
            document_type="credit_note",
            issuer="source",
            number=note.number,
            issue_date=local_date(issued, context.time_zone),
            currency=note.currency.upper(),
            customer=PartyRef(outside_id=wire.id_of(note.customer)),
            lines=tuple(lines),
            credit_of=invoice,
            set_off=_set_off(note),
            credit_change=balance.kept(note),
            note=clip(note.memo),
            **lined.stated_totals(lines, note.total, note.total_excluding_tax, note.currency),
        )
    ]


# -- inside ----------------------------------------------------------------------------------------------------


def _open_status(context: Context, body: dict[str, Any], state: str, told_at: dt.datetime) -> Document:
    """Say what became of an invoice, with what is still to pay of it."""
    invoice = read_as(body, shapes.Invoice, _PLACE)
    left = invoice.amount_due if invoice.amount_remaining is None else invoice.amount_remaining
    amount = None if left is None else money(left, invoice.currency)
    return _status(context, invoice, state, told_at, amount=amount)


def _issuer(context: Context) -> str:
    if context.billing_issuer not in (STRIPE, ODOO):
        raise BusinessError("billing_issuer_undecided", params={"source": context.system})
    return context.billing_issuer


def _source(context: Context, object_id: str, version: int | None = None) -> Source:
    return Source(system=context.system, object_id=object_id, version=version)


def _linked(context: Context, invoice: shapes.Invoice, told_at: dt.datetime) -> InvoiceStatus:
    references = context.references(invoice.metadata)
    if not references:
        raise BusinessError(
            "billing_invoice_unlinked", invoice.id, params={"number": invoice.number or invoice.id}
        )
    return _status(context, invoice, "linked", told_at, references=references)


def _status(
    context: Context, invoice: shapes.Invoice, state: str, told_at: dt.datetime, **fields: Any
) -> InvoiceStatus:
    return InvoiceStatus(
        source=_source(context, invoice.id),
        occurred_at=told_at,
        state=state,
        invoice=invoice.id,
        number=clip(invoice.number, 255),
        **fields,
    )


def _invoice_cancelled(context: Context, invoice: shapes.Invoice, told_at: dt.datetime) -> Cancellation:
    moment = (invoice.status_transitions or shapes.Transitions()).voided_at
    at = instant(moment) if moment else told_at
    return _cancelled(context, invoice.id, invoice.number, at, "voided in Stripe Billing")


def _note_cancelled(context: Context, note: shapes.CreditNote, told_at: dt.datetime) -> Cancellation:
    at = instant(note.voided_at) if note.voided_at else told_at
    return _cancelled(context, note.id, note.number, at, "credit note voided in Stripe Billing")


def _cancelled(
    context: Context, object_id: str, number: str | None, at: dt.datetime, reason: str
) -> Cancellation:
    return Cancellation(
        source=_source(context, object_id, CANCELLED),
        occurred_at=at,
        cancels="invoice",
        date=local_date(at, context.time_zone),
        reference=clip(number, 255),
        reason=reason,
    )


def _customer(invoice: shapes.Invoice) -> PartyRef:
    tax_ids = [tax.value for tax in invoice.customer_tax_ids or () if tax.value]
    return PartyRef(
        outside_id=wire.id_of(invoice.customer),
        name=clip(invoice.customer_name),
        email=clip(invoice.customer_email),
        tax_id=clip(tax_ids[0], 64) if len(tax_ids) == 1 else None,
    )


def _subscription(invoice: shapes.Invoice) -> str | None:
    details = invoice.parent.subscription_details if invoice.parent else None
    return wire.id_of(details.subscription if details else invoice.subscription)


def _set_off(note: shapes.CreditNote) -> str:
    """Return against what a credit note is set off.

    :raises BusinessError: ``billing_not_bookable`` where a part lessens the invoice and a part is paid back.
    """
    before, after = note.pre_payment_amount, note.post_payment_amount
    if note.type == "mixed" or (before and after):
        raise lined.not_bookable(
            note.number or note.id, "one part of it lessens its invoice and another part is paid back"
        )
    if note.type == "post_payment" or after:
        return "later"
    return "invoice"
