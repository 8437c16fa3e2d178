# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What documents of Stripe Billing do to the balance that Stripe keeps for a customer.

A balance below zero is a credit of the customer, one above zero a debt. An invoice takes the whole balance along when
it is finalised: a credit lessens what is collected, a debt is collected with it. An invoice too small to be collected
leaves its amount as a debt, a negative one as a credit.

Source: https://docs.stripe.com/billing/customer/balance
"""

from __future__ import annotations

from decimal import Decimal

from . import wire
from . import wire_billing as shapes
from .billing_lines import not_bookable
from .shared import money


def changes(invoice: shapes.Invoice) -> dict[str, Decimal]:
    """Return ``credit_change`` and ``debt_change`` of the document that an invoice becomes, as far as there are any.

    :raises BusinessError: ``billing_not_bookable``: the balance changed by something else than this invoice.
    """
    number = invoice.number or invoice.id
    before, after = invoice.starting_balance, invoice.ending_balance
    if before is None or after is None:
        if invoice.total < 0:
            raise not_bookable(
                number, "its total is negative, and the source says of no credit of the customer"
            )
        return {}
    if before == after:
        if invoice.total < 0:
            raise not_bookable(
                number, "its total is negative, and the customer's balance is the same as before"
            )
        return {}
    _check(invoice, number, before, after)
    credit = max(-after, 0) - max(-before, 0)
    debt = max(after, 0) - max(before, 0)
    told = {"credit_change": credit, "debt_change": debt}
    return {name: money(amount, invoice.currency).value for name, amount in told.items() if amount}


def _check(invoice: shapes.Invoice, number: str, before: int, after: int) -> None:
    """Refuse figures that contradict each other: what is due is the total and what the balance changed by."""
    rest = invoice.total + before - after
    if rest < 0 or (invoice.total < 0 and rest):
        raise not_bookable(number, "the customer's balance changed by more than its total")
    if invoice.amount_due is None or invoice.total < 0:
        return
    if invoice.amount_due + (invoice.pre_payment_credit_notes_amount or 0) != rest:
        raise not_bookable(number, "what is due is not its total and what the customer's balance changed by")


def kept(note: shapes.CreditNote) -> Decimal | None:
    """Return how much of a credit note stays with the customer as a credit; None = nothing."""
    if wire.id_of(note.customer_balance_transaction) is None:
        return None
    after = note.total if note.post_payment_amount is None else note.post_payment_amount
    rest = after - sum(part.amount_refunded for part in note.refunds or ()) - (note.out_of_band_amount or 0)
    return money(rest, note.currency).value if rest > 0 else None
