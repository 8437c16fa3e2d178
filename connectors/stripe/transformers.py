# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Stripe's events → canonical documents. What each event means in the books: this folder's README."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ...engine.canonical import Address, BalanceMovement, DisputeFacts, Document
from ...engine.canonical import Customer as CanonicalCustomer
from ...engine.errors import ContractError
from ..reading import clip, read_as, schema_violation
from . import billing, wire
from .const import (
    API_VERSION_PATTERN,
    CHARGE_STATUSES,
    DISPUTE_STATES,
    FIRST_RELEASE,
    INQUIRY_STATUSES,
    KNOWN_RELEASE_NAMES,
    PAYOUT_STATUSES,
    REFUND_STATUSES,
)
from .customers import KEY_NAME as WRITTEN_AS
from .shared import Context, amounts, instant, money
from .transactions import fee_documents, payment_movement

_OBJECT = "$.data.object"
_DELETED = "customer.deleted"


@dataclasses.dataclass(frozen=True)
class Happening:
    """One event around an object: its type, when it was sent, what it changed."""

    type: str
    at: datetime
    changed: frozenset[str]


def event_documents(context: Context, body: Any) -> list[Document]:
    """Return the documents of one webhook event.

    :raises ContractError: ``unknown_event_type``, or a field is not as Stripe documents it.
    """
    event = read_as(body, wire.Event)
    if event.object != "event":
        raise schema_violation(
            "$.object", "Expected “event”; thin events carry no money and are not supported"
        )
    check_api_version(event.api_version)
    read = READERS.get(event.type)
    if read is None:
        raise ContractError("unknown_event_type", params={"event_type": event.type[:100]})
    changed = frozenset(event.data.previous_attributes or ())
    return read(context, Happening(event.type, instant(event.created), changed), event.data.object)


def check_api_version(version: str | None) -> None:
    """Refuse an API release whose shapes this connector has never seen; the event is then kept and visible.

    :raises ContractError: ``schema_violation`` at ``$.api_version``.
    """
    match = API_VERSION_PATTERN.fullmatch(version or FIRST_RELEASE)
    if match is None or match["date"] < FIRST_RELEASE or (match["name"] or "") not in KNOWN_RELEASE_NAMES:
        raise schema_violation(
            "$.api_version",
            f"This connector knows the releases from {FIRST_RELEASE} on named acacia, basil, clover",
        )


def _ledger_line(
    field: str | dict[str, Any] | None, path: str
) -> tuple[str | None, wire.BalanceTransaction | None]:
    """Return (id, line) of a ``balance_transaction`` field: null, an id, or the expanded object."""
    if isinstance(field, dict):
        line = read_as(field, wire.BalanceTransaction, f"{_OBJECT}.{path}")
        return line.id, line
    return field, None


def _status(table: dict[str, str], word: str | None) -> str:
    status = table.get(word or "")
    if status is None:
        raise schema_violation(f"{_OBJECT}.status", f"Expected one of {', '.join(sorted(table))}")
    return status


def charge_documents(context: Context, happening: Happening, body: dict[str, Any]) -> list[Document]:
    """A charge: money from a customer, or an attempt at it.

    Authorised and not captured: nothing. Pending (ACH, SEPA): nothing moves until there is a ledger line;
    then it is booked, subject to return. Failed after a ledger line: the line that takes it back is the
    return.
    """
    charge = read_as(body, wire.Charge, _OBJECT)
    status = _status(CHARGE_STATUSES, charge.status)
    if status == "succeeded" and not charge.paid:
        raise schema_violation(f"{_OBJECT}.paid", "A succeeded charge must be paid")
    line_id, line = _ledger_line(charge.balance_transaction, "balance_transaction")
    if status == "succeeded" and not charge.captured:
        return []
    if status != "succeeded" and line_id is None:
        return [_charge_without_money(context, happening, charge, status)]
    payment = payment_movement(context, charge, line, _charge_instant(happening, charge, line))
    documents: list[Document] = [payment] if payment.amount.value else []
    documents += fee_documents(context, line, charge.id) if line else []
    if status == "failed":
        documents += _taken_back(context, happening, charge)
    return documents


def _charge_instant(
    happening: Happening, charge: wire.Charge, line: wire.BalanceTransaction | None
) -> datetime:
    """Return when the money moved: the ledger line's time where known, else the capture's."""
    if line is not None:
        return instant(line.created)
    captured_now = {"balance_transaction", "captured", "amount_captured"} & happening.changed
    if happening.type == "charge.captured" or captured_now:
        return happening.at
    return instant(charge.created)


def _charge_without_money(
    context: Context, happening: Happening, charge: wire.Charge, status: str
) -> BalanceMovement:
    return context.movement(
        object_id=charge.id,
        facts=context.charge_facts(charge),
        type="payment",
        movement_id=charge.id,
        changes_balance=False,
        status=status,
        amount=money(charge.amount, charge.currency),
        failure_code=clip(charge.failure_code, 64),
        failure_message=clip(charge.failure_message),
        occurred_at=happening.at if status == "failed" else instant(charge.created),
    )


def _taken_back(context: Context, happening: Happening, charge: wire.Charge) -> list[Document]:
    """Return the bank's return of a debit that had reached the balance, once Stripe's ledger has it."""
    line_id, line = _ledger_line(charge.failure_balance_transaction, "failure_balance_transaction")
    if line_id is None:
        return []
    amount, settled = amounts(-charge.amount, charge.currency, line)
    returned = context.movement(
        object_id=charge.id,
        facts=context.charge_facts(charge),
        type="payment_return",
        movement_id=line_id,
        amount=amount,
        settled=settled,
        balance_transaction=line_id,
        related=charge.id,
        failure_code=clip(charge.failure_code, 64),
        failure_message=clip(charge.failure_message),
        occurred_at=instant(line.created) if line else happening.at,
    )
    return [returned, *(fee_documents(context, line, line_id) if line else ())]


def refund_documents(context: Context, happening: Happening, body: dict[str, Any]) -> list[Document]:
    """A refund: money leaves when the ledger has a line, whatever the status says.

    Without a line nothing moved: the void of an authorisation, a refund that waits for funds or the customer.
    """
    refund = read_as(body, wire.Refund, _OBJECT)
    status = _status(REFUND_STATUSES, refund.status)
    line_id, line = _ledger_line(refund.balance_transaction, "balance_transaction")
    back_id, back = _ledger_line(refund.failure_balance_transaction, "failure_balance_transaction")
    moved = line_id is not None
    over = status in ("failed", "cancelled")
    amount, settled = amounts(-refund.amount, refund.currency, line)
    related = wire.id_of(refund.charge)
    facts = context.refund_facts(refund)
    refunded = context.movement(
        object_id=refund.id,
        facts=facts,
        type="refund",
        movement_id=refund.id,
        changes_balance=moved,
        # What left the balance did leave it; that it came back is the next movement.
        status="succeeded" if moved and over else status,
        amount=amount,
        settled=settled,
        balance_transaction=line_id,
        related=related,
        failure_code=clip(refund.failure_reason, 64) if over and not moved else None,
        occurred_at=instant(line.created if line else refund.created),
    )
    documents: list[Document] = [refunded, *(fee_documents(context, line, refund.id) if line else ())]
    if not over or not (moved or back_id):
        return documents
    amount, settled = amounts(refund.amount, refund.currency, back)
    returned = context.movement(
        object_id=refund.id,
        facts=facts,
        type="refund_return",
        movement_id=refund.id,
        amount=amount,
        settled=settled,
        balance_transaction=back_id,
        related=related,
        failure_code=clip(refund.failure_reason, 64),
        occurred_at=instant(back.created) if back else happening.at,
    )
    return [*documents, returned, *(fee_documents(context, back, refund.id) if back else ())]


def payout_documents(context: Context, happening: Happening, body: dict[str, Any]) -> list[Document]:
    """A payout: out of the balance when created (into transit), back when it fails or is cancelled.

    A payout of a negative balance goes the other way: Stripe takes the money from the bank.
    """
    payout = read_as(body, wire.Payout, _OBJECT)
    status = _status(PAYOUT_STATUSES, payout.status)
    line_id, line = _ledger_line(payout.balance_transaction, "balance_transaction")
    back_id, back = _ledger_line(payout.failure_balance_transaction, "failure_balance_transaction")
    over = status in ("failed", "cancelled")
    there, back_again = ("payout", "payout_return") if payout.amount >= 0 else ("payout_return", "payout")
    facts = context.payout_facts(payout)
    paid_out = context.movement(
        object_id=payout.id,
        facts=facts,
        type=there,
        movement_id=payout.id,
        status="succeeded" if over else status,
        amount=amounts(-payout.amount, payout.currency, line)[0],
        balance_transaction=line_id,
        occurred_at=instant(line.created if line else payout.created),
    )
    documents: list[Document] = [paid_out, *(fee_documents(context, line, payout.id) if line else ())]
    if not over:
        return documents
    returned = context.movement(
        object_id=payout.id,
        facts=facts,
        type=back_again,
        movement_id=payout.id,
        amount=amounts(payout.amount, payout.currency, back)[0],
        balance_transaction=back_id,
        related=payout.id,
        failure_code=clip(payout.failure_code, 64),
        failure_message=clip(payout.failure_message),
        occurred_at=instant(back.created) if back else happening.at,
    )
    return [*documents, returned, *(fee_documents(context, back, payout.id) if back else ())]


def customer_documents(context: Context, happening: Happening, body: dict[str, Any]) -> list[Document]:
    """A customer record as Stripe has it now; a deleted customer is archived, never removed."""
    customer = read_as(body, wire.Customer, _OBJECT)
    name = (
        clip(customer.business_name)
        or clip(customer.name)
        or clip(customer.email)
        or clip(customer.description)
    )
    locales = customer.preferred_locales or ()
    gone = customer.deleted or happening.type == _DELETED
    return [
        CanonicalCustomer(
            source=context.source(customer.id),
            occurred_at=happening.at,
            name=name or customer.id,
            is_company=bool(clip(customer.business_name)),
            email=clip(customer.email),
            phone=clip(customer.phone),
            reference=customer.id,
            address=_address(customer.address),
            language=clip(locales[0], 64) if locales else None,
            currency=customer.currency.upper() if customer.currency else None,
            status="archived" if gone else "active",
            written_as=clip((customer.metadata or {}).get(WRITTEN_AS), 255),
        )
    ]


def _address(address: wire.Address | None) -> Address | None:
    if address is None:
        return None
    # Stripe does not check the country of a customer's address; a word instead of a code is left out.
    country = (address.country or "").strip().upper()
    is_code = len(country) == 2 and country.isascii() and country.isalpha()
    found = Address(
        street=clip(address.line1),
        street2=clip(address.line2),
        city=clip(address.city),
        zip=clip(address.postal_code),
        state=clip(address.state),
        country=country if is_code else None,
    )
    return None if found == Address() else found


def dispute_documents(context: Context, happening: Happening, body: dict[str, Any]) -> list[Document]:
    """How a dispute stands. It moves no money itself: what is withdrawn and given back are lines of the ledger.

    An inquiry that becomes a dispute keeps its id: its line in the ledger then completes what is known of it.
    """
    dispute = read_as(body, wire.DisputeTold, _OBJECT)
    state = DISPUTE_STATES.get(dispute.status)
    if state is None:
        raise schema_violation(f"{_OBJECT}.status", f"Expected one of {', '.join(sorted(DISPUTE_STATES))}")
    evidence = dispute.evidence_details or wire.EvidenceDetails()
    return [
        context.movement(
            object_id=dispute.id,
            type="dispute",
            movement_id=dispute.id,
            changes_balance=False,
            status=INQUIRY_STATUSES.get(dispute.status, "pending"),
            amount=money(-dispute.amount, dispute.currency),
            related=wire.id_of(dispute.charge),
            description=clip(dispute.reason),
            occurred_at=instant(dispute.created),
            dispute=DisputeFacts(
                state=state,
                told_at=happening.at,
                evidence_due=instant(evidence.due_by) if evidence.due_by is not None else None,
                evidence_given=bool(evidence.submission_count),
                in_ledger=dispute.status not in INQUIRY_STATUSES,
            ),
        )
    ]


Reader = Callable[[Context, Happening, dict[str, Any]], list[Document]]


def _of_billing(read: Callable[[Context, datetime, dict[str, Any]], list[Document]]) -> Reader:
    return lambda context, happening, body: read(context, happening.at, body)


READERS: dict[str, Reader] = {
    **dict.fromkeys(
        ("charge.succeeded", "charge.captured", "charge.pending", "charge.updated", "charge.failed"),
        charge_documents,
    ),
    **dict.fromkeys(
        ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"), refund_documents
    ),
    **dict.fromkeys(("payout.created", "payout.paid", "payout.failed", "payout.canceled"), payout_documents),
    **dict.fromkeys(
        ("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"), dispute_documents
    ),
    **dict.fromkeys(("customer.created", "customer.updated", _DELETED), customer_documents),
    **{
        event_type: _of_billing(read)
        for event_type, read in {
            "invoice.finalized": billing.invoice_documents,
            "invoice.updated": billing.invoice_documents,
            "invoice.voided": billing.voided_documents,
            "invoice.marked_uncollectible": billing.uncollectible_documents,
            "invoice.payment_failed": billing.failed_documents,
            "invoice.paid": billing.paid_documents,
            "invoice.payment_succeeded": billing.paid_documents,
            "invoice_payment.paid": billing.payment_documents,
            "credit_note.created": billing.credit_note_documents,
            "credit_note.updated": billing.credit_note_documents,
            "credit_note.voided": billing.credit_note_documents,
        }.items()
    },
}
