# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O6/O7: one movement of a balance that we hold at a payment provider.

A movement that changed the balance is booked on its own date whatever else is unknown (policy F1);
``changes_balance`` says whether it did. The sign of ``amount`` is the provider balance's point of view:
positive = money came in, negative = money went out.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ..instants import as_utc
from .base import (
    INTERNAL,
    Amount,
    Code,
    Document,
    Identifier,
    Instant,
    Label,
    PartyRef,
    Reference,
    Struct,
    classified,
)

MOVEMENT_TYPES = (
    "payment",  # a customer paid
    "payment_return",  # a payment that had succeeded was taken back (ACH/SEPA return)
    "refund",  # money sent back to a customer
    "refund_return",  # a refund that failed or was cancelled: money is back
    "fee",  # the provider's fee, or (positive) a fee given back
    "payout",  # transfer to the bank
    "payout_return",  # a payout that failed or was cancelled
    "dispute",  # funds withdrawn for a dispute
    "dispute_return",  # disputed funds given back
    "reserve",  # funds held back
    "reserve_release",
    "conversion",  # one leg of an exchange of currencies; the other leg is a movement of the other balance
    "unknown",  # a type that the connector cannot classify: goes to suspense the same day
)


class DisputeFacts(Struct, kw_only=True):
    """How a dispute stands, as the provider told at ``told_at``; its money is told by the ledger, apart from this.

    ``inquiry`` = the payer's bank asks first and nothing is withdrawn; ``closed`` = an inquiry that ended
    without a dispute.
    ``evidence_due``  until when evidence is taken; ``evidence_given`` whether some was handed in.
    ``in_ledger``     the provider's ledger has, or will have, lines of this dispute under its own id.
    """

    state: Literal["inquiry", "needs_response", "under_review", "won", "lost", "closed"]
    told_at: Instant
    evidence_due: Instant | None = None
    evidence_given: Annotated[bool, classified(INTERNAL)] = False
    in_ledger: Annotated[bool, classified(INTERNAL)] = False

    def __post_init__(self):
        msgspec.structs.force_setattr(self, "told_at", as_utc(self.told_at))
        if self.evidence_due is not None:
            msgspec.structs.force_setattr(self, "evidence_due", as_utc(self.evidence_due))


class BalanceMovement(Document, kw_only=True):
    """One balance movement, or an attempt at one that did not move money.

    ``movement_id``  the provider's id of the thing that moved (charge, refund, payout; for a fee the
                     balance transaction): with ``type`` it is the identity under which it is booked once.
    ``amount``       in the currency in which it was charged; ``settled`` the amount that reached the
                     balance where the provider converted it (another currency), else absent.
    ``changes_balance``  false for failures, authorisations and link-only facts: nothing is booked.
    ``balance_transaction``  the provider's ledger id, once known.
    ``related``      movement_id of what this refers to: the charge of a refund, return or fee.
    ``is_purchase``  money of ours that paid somebody else from the balance, for what nobody says.
    ``dispute``      how the dispute stands that this is about, where the source tells.
    """

    movement_id: Identifier
    type: Literal[
        "payment",
        "payment_return",
        "refund",
        "refund_return",
        "fee",
        "payout",
        "payout_return",
        "dispute",
        "dispute_return",
        "reserve",
        "reserve_release",
        "conversion",
        "unknown",
    ]
    changes_balance: bool = True
    status: Literal["pending", "succeeded", "failed", "cancelled"] = "succeeded"
    amount: Amount
    settled: Amount | None = None
    balance_transaction: Identifier | None = None
    related: Identifier | None = None
    customer: PartyRef | None = None
    references: Annotated[tuple[Reference, ...], msgspec.Meta(max_length=50)] = ()
    method: Code | None = None
    subject_to_return: bool = False
    description: Label | None = None
    failure_code: Code | None = None
    failure_message: Label | None = None
    dispute: DisputeFacts | None = None
    is_purchase: Annotated[bool, classified(INTERNAL)] = False
