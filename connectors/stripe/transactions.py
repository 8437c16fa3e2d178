# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Balance transactions: Stripe's own ledger lines, each the final word on one movement and its fee.

The movement has the identity that the webhook's object gave it (charge, refund, payout), so it is booked
once whichever came first. The fee is a movement of its own under the transaction's id.
"""

from __future__ import annotations

from typing import Any

from ...engine.canonical import BalanceMovement
from ..reading import clip, read_as, schema_violation
from . import wire
from .const import (
    CATEGORISED_TYPES,
    EXPECTED_SIGNS,
    PARTIAL_CAPTURE_REVERSAL,
    PAYMENTS_BALANCE,
    REPORTING_CATEGORIES,
    SIGNED_TYPES,
    TRANSACTION_EVENT,
    TRANSACTION_TYPES,
)
from .shared import Context, amounts, instant, money


def transaction_documents(context: Context, body: Any) -> list[BalanceMovement]:
    """Return the movements of one pulled balance transaction (source expanded, or only its id).

    :raises ContractError: it is not a balance transaction as Stripe documents it.
    """
    transaction = read_as(body, wire.BalanceTransaction)
    if transaction.object != TRANSACTION_EVENT:
        raise schema_violation("$.object", f"Expected “{TRANSACTION_EVENT}”")
    if transaction.balance_type not in (None, PAYMENTS_BALANCE):
        return []
    kind = movement_type(transaction)
    if transaction.reporting_category == PARTIAL_CAPTURE_REVERSAL:
        principal = _partial_capture_reversal(context, transaction)
    elif kind == "payment":
        principal = _payment(context, transaction)
    elif kind in ("refund", "refund_return"):
        principal = _refund(context, transaction, kind)
    elif kind == "payment_return":
        principal = _payment_return(context, transaction)
    elif kind in ("payout", "payout_return"):
        principal = _payout(context, transaction, kind)
    elif kind in ("dispute", "dispute_return"):
        principal = _dispute(context, transaction, kind)
    elif kind in ("reserve", "reserve_release"):
        principal = _plain(context, transaction, kind, transaction.amount)
    else:
        # Fees that are no part of another line, and types outside the tables: one signed net movement.
        return [_plain(context, transaction, kind, transaction.net)] if transaction.net else []
    if principal.type == "unknown":
        return [principal] if transaction.net else []
    booked = [principal] if transaction.amount else []
    return booked + fee_documents(context, transaction, principal.movement_id)


def movement_type(transaction: wire.BalanceTransaction) -> str:
    """Return the canonical movement type; ``unknown`` where Stripe's words are new or contradict the sign."""
    kind = None
    if transaction.type in CATEGORISED_TYPES:
        kind = REPORTING_CATEGORIES.get(transaction.reporting_category or "")
    if kind is None and transaction.type == "adjustment":
        kind = _adjustment_by_source(transaction)
    if kind is None and transaction.type in SIGNED_TYPES:
        kind = SIGNED_TYPES[transaction.type][0 if transaction.amount <= 0 else 1]
    kind = kind or TRANSACTION_TYPES.get(transaction.type, "unknown")
    sign = (transaction.amount > 0) - (transaction.amount < 0)
    return "unknown" if EXPECTED_SIGNS.get(kind, sign) == -sign and sign else kind


def _adjustment_by_source(transaction: wire.BalanceTransaction) -> str | None:
    """An adjustment without reporting category (old API versions) still tells a dispute by its source."""
    source = transaction.source
    if isinstance(source, dict) and source.get("object") == "dispute":
        return "dispute" if transaction.amount <= 0 else "dispute_return"
    return None


def fee_documents(
    context: Context, transaction: wire.BalanceTransaction, related: str
) -> list[BalanceMovement]:
    """Return the fee of a line as its own movement (negative; positive when given back), if there is one."""
    if not transaction.fee:
        return []
    parts = [f"{part.type}: {part.description or ''}".rstrip(": ") for part in transaction.fee_details]
    return [
        context.movement(
            object_id=transaction.id,
            type="fee",
            movement_id=transaction.id,
            amount=money(-transaction.fee, transaction.currency),
            balance_transaction=transaction.id,
            related=related,
            occurred_at=instant(transaction.created),
            description=clip("; ".join(parts)),
        )
    ]


def _ledger_fields(transaction: wire.BalanceTransaction) -> dict[str, Any]:
    return {"balance_transaction": transaction.id, "occurred_at": instant(transaction.created)}


def _plain(
    context: Context, transaction: wire.BalanceTransaction, kind: str, minor_units: int
) -> BalanceMovement:
    """Return a movement that only the ledger line knows; ``minor_units`` is signed."""
    words = [transaction.type]
    if transaction.reporting_category not in (None, transaction.type):
        words.append(transaction.reporting_category)
    description = " / ".join(words)
    if transaction.description:
        description += f": {transaction.description}"
    return context.movement(
        object_id=transaction.id,
        type=kind,
        movement_id=transaction.id,
        amount=money(minor_units, transaction.currency),
        related=wire.id_of(transaction.source),
        description=clip(description),
        **_ledger_fields(transaction),
    )


def _expanded(transaction: wire.BalanceTransaction, name: str, shape: type) -> Any:
    """Return the source as ``shape`` when it came expanded and is a ``name``, else None."""
    source = transaction.source
    if isinstance(source, dict) and source.get("object") == name:
        return read_as(source, shape, "$.source")
    return None


def _payment(context: Context, transaction: wire.BalanceTransaction) -> BalanceMovement:
    movement_id = wire.id_of(transaction.source)
    charge = _expanded(transaction, "charge", wire.Charge)
    if movement_id is None or (
        charge and wire.id_of(charge.balance_transaction) not in (None, transaction.id)
    ):
        # No charge to bind it to, or a further capture of a charge that is booked under another line already.
        return _plain(context, transaction, "unknown", transaction.net)
    if charge is None:
        return context.movement(
            object_id=movement_id,
            type="payment",
            movement_id=movement_id,
            amount=money(transaction.amount, transaction.currency),
            description=clip(transaction.description),
            **_ledger_fields(transaction),
        )
    return payment_movement(context, charge, transaction, instant(transaction.created))


def payment_movement(
    context: Context, charge: wire.Charge, transaction: wire.BalanceTransaction | None, occurred_at: Any
) -> BalanceMovement:
    """Return the movement of a charge that moved money: what was captured, not what was authorised.

    ``transaction`` is the charge's ledger line where it is known in full.
    """
    captured = charge.amount if charge.amount_captured is None else charge.amount_captured
    # A delayed debit has its ledger line before it has succeeded, and keeps it until a failure takes it back.
    pending = charge.status != "succeeded"
    gross = charge.amount if pending else captured
    amount, settled = amounts(gross, charge.currency, transaction)
    if transaction and settled is None and transaction.amount == charge.amount:
        # Partial capture: Stripe's line shows the authorised amount, a second line takes the rest back.
        amount = money(gross, charge.currency)
    return context.movement(
        object_id=charge.id,
        facts=context.charge_facts(charge),
        type="payment",
        movement_id=charge.id,
        status="pending" if pending else "succeeded",
        subject_to_return=pending,
        amount=amount,
        settled=settled,
        balance_transaction=transaction.id if transaction else wire.id_of(charge.balance_transaction),
        occurred_at=occurred_at,
    )


def _partial_capture_reversal(context: Context, transaction: wire.BalanceTransaction) -> BalanceMovement:
    """Return the line that takes back what was authorised and not captured: nothing to book.

    The payment was booked with the captured amount. Only where Stripe converted the currency is its settled
    amount still the authorised one; then this line is needed for the balance, and a person looks at it.
    """
    refund = _expanded(transaction, "refund", wire.Refund)
    if refund is None or refund.currency.upper() != transaction.currency.upper():
        return _plain(context, transaction, "unknown", transaction.net)
    return context.movement(
        object_id=refund.id,
        type="refund",
        movement_id=refund.id,
        changes_balance=False,
        amount=money(transaction.amount, transaction.currency),
        related=wire.id_of(refund.charge),
        description="Part of the authorisation that was not captured",
        **_ledger_fields(transaction),
    )


def _refund(context: Context, transaction: wire.BalanceTransaction, kind: str) -> BalanceMovement:
    movement_id = wire.id_of(transaction.source)
    refund = _expanded(transaction, "refund", wire.Refund)
    if movement_id is None:
        return _plain(context, transaction, "unknown", transaction.net)
    if refund is None:
        return context.movement(
            object_id=movement_id,
            type=kind,
            movement_id=movement_id,
            amount=money(transaction.amount, transaction.currency),
            description=clip(transaction.description),
            **_ledger_fields(transaction),
        )
    sign = -1 if kind == "refund" else 1
    amount, settled = amounts(sign * refund.amount, refund.currency, transaction)
    return context.movement(
        object_id=refund.id,
        facts=context.refund_facts(refund),
        type=kind,
        movement_id=refund.id,
        amount=amount,
        settled=settled,
        related=wire.id_of(refund.charge),
        failure_code=clip(refund.failure_reason, 64) if kind == "refund_return" else None,
        **_ledger_fields(transaction),
    )


def _payment_return(context: Context, transaction: wire.BalanceTransaction) -> BalanceMovement:
    """Return a payment taken back by the bank.

    Its identity is the ledger line: the source may be the charge, a refund object or nothing at all.
    """
    charge = _expanded(transaction, "charge", wire.Charge)
    refund = _expanded(transaction, "refund", wire.Refund)
    related = wire.id_of(refund.charge) if refund else wire.id_of(transaction.source)
    seen = charge or refund
    amount, settled = (
        amounts(-seen.amount, seen.currency, transaction)
        if seen
        else (money(transaction.amount, transaction.currency), None)
    )
    return context.movement(
        object_id=related or transaction.id,
        facts=context.charge_facts(charge) if charge else None,
        type="payment_return",
        movement_id=transaction.id,
        amount=amount,
        settled=settled,
        related=related,
        failure_code=clip(charge.failure_code, 64) if charge else None,
        failure_message=clip(charge.failure_message) if charge else None,
        **_ledger_fields(transaction),
    )


def _payout(context: Context, transaction: wire.BalanceTransaction, kind: str) -> BalanceMovement:
    movement_id = wire.id_of(transaction.source)
    if movement_id is None:
        return _plain(context, transaction, "unknown", transaction.net)
    payout = _expanded(transaction, "payout", wire.Payout)
    return context.movement(
        object_id=movement_id,
        facts=context.payout_facts(payout) if payout else None,
        type=kind,
        movement_id=movement_id,
        amount=money(transaction.amount, transaction.currency),
        related=movement_id if _is_reversal(transaction) else None,
        failure_code=clip(payout.failure_code, 64) if payout and _is_reversal(transaction) else None,
        **_ledger_fields(transaction),
    )


def _is_reversal(transaction: wire.BalanceTransaction) -> bool:
    return transaction.type in ("payout_cancel", "payout_failure", "topup_reversal")


def _dispute(context: Context, transaction: wire.BalanceTransaction, kind: str) -> BalanceMovement:
    movement_id = wire.id_of(transaction.source)
    if movement_id is None:
        return _plain(context, transaction, "unknown", transaction.net)
    dispute = _expanded(transaction, "dispute", wire.Dispute)
    return context.movement(
        object_id=movement_id,
        type=kind,
        movement_id=movement_id,
        amount=money(transaction.amount, transaction.currency),
        related=wire.id_of(dispute.charge) if dispute else None,
        description=clip(dispute.reason) if dispute else clip(transaction.description),
        **_ledger_fields(transaction),
    )
