# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O5, O6: what a billing system says of an invoice besides the invoice itself. It links and informs, it never books."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from .base import Amount, Document, Identifier, Label, Reference


class InvoiceStatus(Document, kw_only=True):
    """One thing that became of an invoice at its billing system.

    ``state``       linked: the outside invoice is the one in Odoo that ``references`` name (Odoo issued it).
                    paid: ``payment`` pays it; the money itself is told by the processor as a movement.
                    payment_failed: a try to collect it failed; nothing moved.
                    uncollectible: the billing system has given it up; what that means is for a person.
    ``invoice``     the invoice's id at the source.
    ``number``      its number as people know it.
    ``payment``     the processor's id of the payment, as its movement names it (payment intent or charge).
    ``amount``      what was paid, or could not be collected.
    """

    state: Literal["linked", "paid", "payment_failed", "uncollectible"]
    invoice: Identifier
    number: Identifier | None = None
    payment: Identifier | None = None
    amount: Amount | None = None
    references: Annotated[tuple[Reference, ...], msgspec.Meta(max_length=50)] = ()
    reason: Label | None = None
