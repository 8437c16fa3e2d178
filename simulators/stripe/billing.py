# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Stripe Billing: drafts, finalised invoices with numbers, what pays them, credit notes, subscriptions.

Sources: https://docs.stripe.com/api/invoices, https://docs.stripe.com/api/credit_notes,
https://docs.stripe.com/api/invoice-payment, https://docs.stripe.com/billing/taxes/tax-rates. An invoice in an event
shows its first ten lines; how an invoice is paid are objects of their own since the release ``basil``.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence

from .credits import Credits
from .holdings import RefusedError
from .shapes import Shape

LINES_SHOWN = 10
# Less is not collected by itself. https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
MINIMUM_COLLECTED = 50


@dataclasses.dataclass(frozen=True)
class Item:
    """One line to bill; ``amount`` and ``discount`` in minor units, ``taxes`` as (tax rate, amount, included),
    ``credits`` as (credit grant, amount).
    """

    description: str
    amount: int
    quantity: int = 1
    discount: int = 0
    taxes: Sequence[tuple[str, int, bool]] = ()
    period: tuple[int, int] | None = None
    product: str = "prod_Sim1"
    credits: Sequence[tuple[str, int]] = ()


class Billing(Credits):
    """The invoices of one account."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.invoices: dict[str, Shape] = {}
        self.invoice_payments: dict[str, Shape] = {}
        self.credit_notes: dict[str, Shape] = {}
        self.subscriptions: dict[str, Shape] = {}
        self._numbers = 0
        self._note_numbers: dict[str, int] = {}

    def draft_invoice(
        self,
        customer_id: str,
        currency: str,
        items: Sequence[Item],
        *,
        metadata: Mapping[str, str] | None = None,
        due_in_days: int | None = None,
        subscription: str | None = None,
        balance_used: int = 0,
        shipping: tuple[int, Sequence[tuple[str, int, bool]]] | None = None,
    ) -> Shape:
        """Prepare an invoice; it has no number and means nothing yet.

        ``balance_used``: a credit that was granted to the customer before, without a document.
        ``shipping``: (amount before taxes, taxes) of what is charged for shipping.
        """
        customer = self._held(self.customers, customer_id)
        customer["balance"] -= balance_used
        now = self.clock.timestamp
        invoice_id = self.ids.next("in")
        lines = [self._line(one, currency) for one in items]
        total, net = _sums(lines)
        cost = _shipping(shipping)
        if cost:
            total, net = total + cost["amount_total"], net + cost["amount_subtotal"]
        made = {
            "id": invoice_id,
            "object": "invoice",
            **_of_every_draft(),
            "amount_due": total,
            "amount_remaining": total,
            "billing_reason": "subscription_cycle" if subscription else "manual",
            "collection_method": "charge_automatically" if due_in_days is None else "send_invoice",
            "created": now,
            "currency": currency,
            "customer": customer_id,
            "customer_email": customer["email"],
            "customer_name": customer["name"],
            "due_date": None if due_in_days is None else now + due_in_days * 86_400,
            "lines": {
                "object": "list",
                "data": lines,
                "has_more": False,
                "url": f"/v1/invoices/{invoice_id}/lines",
            },
            "livemode": self.livemode,
            "metadata": dict(metadata or {}),
            "parent": _parent(subscription),
            "shipping_cost": cost,
            "starting_balance": customer["balance"],
            "subtotal": sum(line["amount"] for line in lines),
            "total": total,
            "total_excluding_tax": net,
        }
        self._keep(self.invoices, made)
        self._tell_invoice("invoice.created", made)
        return copy.deepcopy(made)

    def finalise(self, invoice_id: str) -> Shape:
        """Give an invoice its number: from now on it is a legal document."""
        held = self._invoice(invoice_id, "draft")
        self._numbers += 1
        held.update(status="open", number=f"SIM-{self._numbers:04d}", effective_at=self.clock.timestamp)
        held["status_transitions"]["finalized_at"] = self.clock.timestamp
        self._use_balance(held)
        self._tell_invoice("invoice.finalized", held)
        if held["status"] == "paid":
            self._tell_invoice("invoice.paid", held)
        return copy.deepcopy(held)

    def _use_balance(self, held: Shape) -> None:
        """Set the customer's credit off against an invoice that is finalised; a debt is collected with it.

        Source: https://docs.stripe.com/billing/customer/balance
        """
        customer = self.customers[held["customer"]]
        start = customer["balance"]
        due = held["total"] + start
        # A rest that is a credit, or too small to be collected, stays on the balance.
        customer["balance"] = due if due < MINIMUM_COLLECTED else 0
        due -= customer["balance"]
        held.update(
            starting_balance=start, ending_balance=customer["balance"], amount_due=due, amount_remaining=due
        )
        if not held["amount_remaining"]:
            held["status"] = "paid"
            held["status_transitions"]["paid_at"] = self.clock.timestamp

    def bill(self, customer_id: str, currency: str, items: Sequence[Item], **facts) -> Shape:
        """Draft and finalise an invoice at once."""
        return self.finalise(self.draft_invoice(customer_id, currency, items, **facts)["id"])

    def pay_invoice(self, invoice_id: str, amount: int | None = None) -> tuple[Shape, Shape]:
        """Take an invoice from the customer's card; returns (charge, what links both).

        The charge does not name the invoice: releases since ``basil`` say that in an object of its own.
        """
        held = self._invoice(invoice_id, "open")
        wanted = held["amount_remaining"] if amount is None else amount
        if not 0 < wanted <= held["amount_remaining"]:
            raise RefusedError(f"{wanted} of {invoice_id} cannot be paid")
        charged = self.charge(wanted, held["currency"], customer_id=held["customer"])
        payment_id = self.ids.next("inpay")
        link = {
            "id": payment_id,
            "object": "invoice_payment",
            "amount_paid": wanted,
            "amount_requested": wanted,
            "created": self.clock.timestamp,
            "currency": held["currency"],
            "invoice": invoice_id,
            "is_default": True,
            "livemode": self.livemode,
            "payment": {"payment_intent": charged["payment_intent"], "type": "payment_intent"},
            "status": "paid",
            "status_transitions": {"canceled_at": None, "paid_at": self.clock.timestamp},
        }
        self._keep(self.invoice_payments, link)
        held["amount_paid"] += wanted
        held["amount_remaining"] -= wanted
        if not held["amount_remaining"]:
            held["status"] = "paid"
            held["status_transitions"]["paid_at"] = self.clock.timestamp
        self._tell("invoice_payment.paid", link)
        self._tell_invoice("invoice.updated", held, {"amount_paid": 0})
        if held["status"] == "paid":
            self._tell_invoice("invoice.paid", held)
            self._tell_invoice("invoice.payment_succeeded", held)
        return charged, copy.deepcopy(link)

    def fail_payment(self, invoice_id: str) -> Shape:
        """Let a try to collect an invoice fail."""
        held = self._invoice(invoice_id, "open")
        self.failed_charge(held["amount_remaining"], held["currency"], customer_id=held["customer"])
        self._tell_invoice("invoice.payment_failed", held)
        return copy.deepcopy(held)

    def void_invoice(self, invoice_id: str) -> Shape:
        """Declare a finalised invoice void."""
        held = self._invoice(invoice_id, "open", "uncollectible")
        held["status"] = "void"
        # What it had used of the customer's credit, or would have collected of a debt, is there for the next one.
        self.customers[held["customer"]]["balance"] += held["starting_balance"] - held["ending_balance"]
        held["status_transitions"]["voided_at"] = self.clock.timestamp
        self._tell_invoice("invoice.voided", held)
        return copy.deepcopy(held)

    def give_up(self, invoice_id: str) -> Shape:
        """Call an invoice uncollectible."""
        held = self._invoice(invoice_id, "open")
        held["status"] = "uncollectible"
        held["status_transitions"]["marked_uncollectible_at"] = self.clock.timestamp
        self._tell_invoice("invoice.marked_uncollectible", held)
        return copy.deepcopy(held)

    def credit(self, invoice_id: str, items: Sequence[Item], refund_charge: str | None = None) -> Shape:
        """Credit a part of an invoice: an open one is lessened, a paid one refunded or kept as a credit."""
        held = self._held(self.invoices, invoice_id)
        if held["status"] not in ("open", "paid"):
            raise RefusedError(f"{invoice_id} is {held['status']}")
        note_id = self.ids.next("cn")
        lines = [self._note_line(one) for one in items]
        total, net = _sums(lines)
        before = min(total, held["amount_remaining"])
        held["amount_remaining"] -= before
        held["amount_due"] -= before
        held["pre_payment_credit_notes_amount"] += before
        place = self._note_numbers.setdefault(invoice_id, 0) + 1
        self._note_numbers[invoice_id] = place
        refunded = self.refund(refund_charge, total - before) if refund_charge else None
        if not refunded:
            self.customers[held["customer"]]["balance"] -= total - before
        made = {
            "id": note_id,
            "object": "credit_note",
            "amount": total,
            "created": self.clock.timestamp,
            "currency": held["currency"],
            "customer": held["customer"],
            "customer_balance_transaction": self.ids.next("cbtxn")
            if total > before and not refunded
            else None,
            "effective_at": self.clock.timestamp,
            "invoice": invoice_id,
            "lines": {
                "object": "list",
                "data": lines,
                "has_more": False,
                "url": f"/v1/credit_notes/{note_id}/lines",
            },
            "livemode": self.livemode,
            "memo": None,
            "metadata": {},
            "number": f"{held['number']}-CN-{place:02d}",
            "out_of_band_amount": None,
            "post_payment_amount": total - before,
            "pre_payment_amount": before,
            "reason": None,
            "refunds": [{"amount_refunded": refunded["amount"], "refund": refunded["id"]}]
            if refunded
            else [],
            "shipping_cost": None,
            "status": "issued",
            "subtotal": sum(line["amount"] for line in lines),
            "total": total,
            "total_excluding_tax": net,
            "total_taxes": [],
            "type": "mixed" if 0 < before < total else "pre_payment" if before else "post_payment",
            "voided_at": None,
        }
        self._keep(self.credit_notes, made)
        self._tell("credit_note.created", made)
        return copy.deepcopy(made)

    def void_credit_note(self, note_id: str) -> Shape:
        """Declare a credit note void; Stripe allows it while its invoice is open."""
        held = self._held(self.credit_notes, note_id)
        invoice = self.invoices[held["invoice"]]
        if held["status"] == "void" or invoice["status"] != "open":
            raise RefusedError(f"{note_id} cannot be voided")
        held.update(status="void", voided_at=self.clock.timestamp)
        invoice["amount_remaining"] += held["pre_payment_amount"]
        invoice["amount_due"] += held["pre_payment_amount"]
        invoice["pre_payment_credit_notes_amount"] -= held["pre_payment_amount"]
        self._tell("credit_note.voided", held)
        return copy.deepcopy(held)

    def subscribe(self, customer_id: str) -> Shape:
        """Begin a subscription."""
        self._held(self.customers, customer_id)
        made = {
            "id": self.ids.next("sub"),
            "object": "subscription",
            "cancel_at_period_end": False,
            "created": self.clock.timestamp,
            "customer": customer_id,
            "ended_at": None,
            "livemode": self.livemode,
            "start_date": self.clock.timestamp,
            "status": "active",
        }
        self._keep(self.subscriptions, made)
        self._tell("customer.subscription.created", made)
        return copy.deepcopy(made)

    def end_subscription(self, subscription_id: str) -> Shape:
        """End a subscription at once."""
        held = self._held(self.subscriptions, subscription_id)
        held.update(status="canceled", ended_at=self.clock.timestamp)
        self._tell("customer.subscription.deleted", held)
        return copy.deepcopy(held)

    def payments_of(self, invoice_id: str) -> list[Shape]:
        """Return what pays an invoice, oldest first."""
        return [copy.deepcopy(one) for one in self.invoice_payments.values() if one["invoice"] == invoice_id]

    # -- inside ----------------------------------------------------------------------------------------------

    def _invoice(self, invoice_id: str, *statuses: str) -> Shape:
        held = self._held(self.invoices, invoice_id)
        if held["status"] not in statuses:
            raise RefusedError(f"{invoice_id} is {held['status']}")
        return held

    def _tell_invoice(self, event_type: str, held: Shape, previous: Mapping | None = None) -> None:
        self._tell(event_type, shown(held), previous)

    def _line(self, one: Item, currency: str) -> Shape:
        line_id = self.ids.next("il")
        start, end = one.period or (self.clock.timestamp, self.clock.timestamp)
        return {
            "id": line_id,
            "object": "line_item",
            "amount": one.amount,
            "currency": currency,
            "description": one.description,
            "discount_amounts": [{"amount": one.discount, "discount": "di_sim"}] if one.discount else [],
            "discountable": True,
            "livemode": self.livemode,
            "metadata": {},
            "period": {"end": end, "start": start},
            "pretax_credit_amounts": [self.use_credit(*credit) for credit in one.credits],
            "pricing": {
                "price_details": {"price": "price_sim", "product": one.product},
                "type": "price_details",
                "unit_amount_decimal": str(one.amount / one.quantity if one.quantity else one.amount),
            },
            "quantity": one.quantity,
            "taxes": [_tax(*tax) for tax in one.taxes],
        }

    def _note_line(self, one: Item) -> Shape:
        return {
            "id": self.ids.next("cnli"),
            "object": "credit_note_line_item",
            "amount": one.amount,
            "description": one.description,
            "discount_amount": one.discount,
            "discount_amounts": [{"amount": one.discount, "discount": "di_sim"}] if one.discount else [],
            "livemode": self.livemode,
            "pretax_credit_amounts": [],
            "quantity": one.quantity,
            "taxes": [_tax(*tax) for tax in one.taxes],
            "type": "custom_line_item",
        }


def shown(held: Shape) -> Shape:
    """Return an invoice as events and lists show it: with its first lines only, and without the taxes on shipping."""
    made = copy.deepcopy(held)
    if len(made["lines"]["data"]) > LINES_SHOWN:
        made["lines"].update(data=made["lines"]["data"][:LINES_SHOWN], has_more=True)
    if made["shipping_cost"]:
        del made["shipping_cost"]["taxes"]
    return made


def _shipping(told: tuple[int, Sequence[tuple[str, int, bool]]] | None) -> Shape | None:
    """Return what an invoice says of shipping costs; their taxes are told only where they are asked for."""
    if told is None:
        return None
    amount, taxes = told
    tax = sum(each[1] for each in taxes)
    return {
        "amount_subtotal": amount,
        "amount_tax": tax,
        "amount_total": amount + tax,
        "shipping_rate": "shr_sim",
        "taxes": [_tax(*each) for each in taxes],
    }


def _of_every_draft() -> Shape:
    """Return what is the same of every invoice as long as it is a draft."""
    return {
        "account_country": "US",
        "amount_paid": 0,
        "customer_tax_ids": [],
        "description": None,
        "effective_at": None,
        "ending_balance": None,
        "number": None,
        "pre_payment_credit_notes_amount": 0,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "total_discount_amounts": [],
        "total_taxes": [],
    }


def _parent(subscription: str | None) -> Shape | None:
    """Return from what an invoice comes."""
    if not subscription:
        return None
    return {
        "quote_details": None,
        "subscription_details": {"metadata": {}, "subscription": subscription},
        "type": "subscription_details",
    }


def _tax(rate: str, amount: int, inclusive: bool) -> Shape:
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": rate},
        "taxability_reason": "standard_rated",
        "taxable_amount": None,
        "type": "tax_rate_details",
    }


def _sums(lines: Sequence[Shape]) -> tuple[int, int]:
    """Return (total with taxes, total without) of lines."""
    total = net = 0
    for line in lines:
        taken_off = (*line["discount_amounts"], *line["pretax_credit_amounts"])
        before = line["amount"] - sum(part["amount"] for part in taken_off)
        included = sum(tax["amount"] for tax in line["taxes"] if tax["tax_behavior"] == "inclusive")
        added = sum(tax["amount"] for tax in line["taxes"] if tax["tax_behavior"] == "exclusive")
        total += before + added
        net += before - included
    return total, net
