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
from decimal import Decimal
from typing import Any

from ...engine.canonical import Document, Invoice, InvoiceLine, InvoiceStatus, LineTax, PartyRef, Source
from ...engine.canonical.cancellation import Cancellation
from ...engine.errors import BusinessError, ContractError
from ...engine.instants import local_date
from ..reading import clip, read_as, schema_violation
from . import wire
from . import wire_billing as shapes
from .shared import Context, instant, money

FINALISED, CANCELLED = 1, 2
STRIPE, ODOO = "source", "odoo"
_PLACE = "$.data.object"
_HUNDRED = Decimal(100)


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
    finalised = instant(invoice.effective_at or moment or invoice.created)
    _refuse_unclear(invoice)
    lines = [
        line
        for place, one in enumerate(_all_lines(invoice.lines, invoice.number or invoice.id))
        if (
            line := _line(
                context, read_as(one, shapes.InvoiceLine, f"{_PLACE}.lines.data[{place}]"), invoice.currency
            )
        )
    ]
    totals = _totals(lines, invoice.total, invoice.total_excluding_tax, invoice.currency)
    return [
        Invoice(
            source=_source(context, invoice.id, FINALISED),
            occurred_at=finalised,
            issuer="source",
            number=invoice.number,
            issue_date=local_date(finalised, context.time_zone),
            due_date=local_date(instant(invoice.due_date), context.time_zone) if invoice.due_date else None,
            currency=invoice.currency.upper(),
            customer=_customer(invoice),
            lines=tuple(lines),
            reference=_subscription(invoice),
            credit_change=_credit_used(invoice),
            **totals,
        )
    ]


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
    lines = [
        line
        for place, one in enumerate(_all_lines(note.lines, note.number or note.id))
        if (
            line := _line(
                context, read_as(one, shapes.CreditLine, f"{_PLACE}.lines.data[{place}]"), note.currency
            )
        )
    ]
    if note.shipping_cost and note.shipping_cost.amount_total:
        raise _not_bookable(note.number or note.id, "it credits shipping costs")
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
            credit_change=_credit_kept(note),
            note=clip(note.memo),
            **_totals(lines, note.total, note.total_excluding_tax, note.currency),
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


def _not_bookable(number: str, reason: str) -> BusinessError:
    return BusinessError("billing_not_bookable", reason, params={"number": number, "reason": reason})


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


def _refuse_unclear(invoice: shapes.Invoice) -> None:
    """Stop what no line of an invoice can say; a person books it or has the connector taught."""
    number = invoice.number or invoice.id
    if invoice.total < 0:
        raise _not_bookable(number, "its total is negative: Stripe credits it to the customer's balance")
    if invoice.shipping_cost and invoice.shipping_cost.amount_total:
        raise _not_bookable(number, "it charges shipping costs, which are no line of it")


def _all_lines(lines: shapes.LineList, number: str) -> list[dict[str, Any]]:
    if lines.has_more:
        raise BusinessError(
            "billing_lines_missing", number, params={"number": number, "count": len(lines.data)}
        )
    return lines.data


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


def _line(
    context: Context, line: shapes.InvoiceLine | shapes.CreditLine, currency: str
) -> InvoiceLine | None:
    """Return a line with its net amount and its taxes; None for one that is worth nothing and has no tax."""
    stated = line.taxes if line.taxes is not None else line.tax_amounts or ()
    included = sum(tax.amount for tax in stated if _is_included(tax))
    granted = [part for part in line.pretax_credit_amounts or () if part.type != "discount"]
    if any(part.amount for part in granted):
        raise _not_bookable(line.id, "a credit grant was used for it before tax")
    discount = sum(part.amount for part in line.discount_amounts or ())
    net = line.amount - discount - included
    if not net and not any(tax.amount for tax in stated):
        return None
    amount = money(net, currency).value
    quantity, price, percent = _priced(
        line.quantity, line.amount - included, discount, net, currency, included
    )
    description = clip(line.description) or line.id
    period = getattr(line, "period", None)
    return InvoiceLine(
        line_id=line.id,
        description=description,
        quantity=quantity,
        unit_price=price,
        discount_percent=percent,
        product=_product(context, line),
        net_amount=amount,
        taxes=tuple(LineTax(code=_tax_code(tax), amount=money(tax.amount, currency).value) for tax in stated),
        **_days(context, period),
    )


def _is_included(tax: shapes.LineTax) -> bool:
    return bool(tax.inclusive) if tax.tax_behavior is None else tax.tax_behavior == "inclusive"


def _tax_code(tax: shapes.LineTax) -> str:
    rate = wire.id_of(tax.tax_rate_details.tax_rate if tax.tax_rate_details else tax.tax_rate)
    if rate is None:
        raise schema_violation(f"{_PLACE}.lines.data.taxes", "A tax names its tax rate")
    return rate[:64]


def _priced(
    quantity: int | None, before: int, discount: int, net: int, currency: str, included: int
) -> tuple[Decimal, Decimal, Decimal | None]:
    """Return (quantity, net price of one, discount in percent) whose product is the net amount to the cent.

    Where Stripe's figures do not divide evenly (prices of fractions of a cent, tiers), the line stands as one piece
    at its amount: what is booked is then right, and nothing is rounded.
    """
    one = Decimal(1)
    whole = Decimal(quantity or 1)
    if quantity and before and discount and not included:
        percent = Decimal(discount) * _HUNDRED / Decimal(before)
        if (
            percent == percent.quantize(Decimal("0.01"))
            and 0 < percent <= _HUNDRED
            and before % quantity == 0
        ):
            return whole, money(before // quantity, currency).value, percent.quantize(Decimal("0.01"))
    if quantity and net % quantity == 0:
        return whole, money(net // quantity, currency).value, None
    return one, money(net, currency).value, None


def _product(context: Context, line: Any) -> str | None:
    """Return Stripe's product, where this connection books by product."""
    if not context.billing_products:
        return None
    pricing, price = getattr(line, "pricing", None), getattr(line, "price", None)
    details = pricing.price_details if pricing else price
    found = wire.id_of(details.product) if details else None
    return found[:64] if found else None


def _days(context: Context, period: shapes.Period | None) -> dict[str, dt.date]:
    """Return the first and the last day of service; Stripe's end is the instant at which the next period begins."""
    if period is None or period.end <= period.start:
        return {}
    end = instant(period.end) - dt.timedelta(seconds=1)
    return {
        "period_start": local_date(instant(period.start), context.time_zone),
        "period_end": local_date(end, context.time_zone),
    }


def _totals(lines: list[InvoiceLine], total: int, total_net: int | None, currency: str) -> dict[str, Decimal]:
    """Return what Stripe states; that it is the sum of the lines is checked by the rules of the document."""
    if not lines:
        raise ContractError(
            "schema_violation",
            params={"path": f"{_PLACE}.lines", "problem": "Expected a line with an amount"},
        )
    stated = {"total_gross": money(total, currency).value}
    if total_net is not None:
        stated["total_net"] = money(total_net, currency).value
        stated["total_tax"] = money(total - total_net, currency).value
    return stated


def _credit_used(invoice: shapes.Invoice) -> Decimal | None:
    """Return how much of the customer's balance an invoice has used up (negative); None = nothing.

    A balance below zero is a credit of the customer. One above is a debt, which Stripe adds to what it collects.
    https://docs.stripe.com/billing/customer/balance
    """
    before, after = invoice.starting_balance, invoice.ending_balance
    if before is None or after is None:
        return None
    used = min(max(-before, 0) - max(-after, 0), invoice.total)
    return money(-used, invoice.currency).value if used > 0 else None


def _credit_kept(note: shapes.CreditNote) -> Decimal | None:
    """Return how much of a credit note stays with the customer as a credit; None = nothing."""
    if wire.id_of(note.customer_balance_transaction) is None:
        return None
    after = note.total if note.post_payment_amount is None else note.post_payment_amount
    kept = after - sum(part.amount_refunded for part in note.refunds or ()) - (note.out_of_band_amount or 0)
    return money(kept, note.currency).value if kept > 0 else None


def _set_off(note: shapes.CreditNote) -> str:
    """Return against what a credit note is set off.

    :raises BusinessError: ``billing_not_bookable`` where a part lessens the invoice and a part is paid back.
    """
    before, after = note.pre_payment_amount, note.post_payment_amount
    if note.type == "mixed" or (before and after):
        raise _not_bookable(
            note.number or note.id, "one part of it lessens its invoice and another part is paid back"
        )
    if note.type == "post_payment" or after:
        return "later"
    return "invoice"
