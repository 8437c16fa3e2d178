# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Stripe's wire shapes, as far as an accounting integration reads them.

Sources: https://docs.stripe.com/api (objects), https://github.com/stripe/openapi (fixtures). Amounts are
integers in the smallest unit, currencies lower case, instants seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .ledger import LedgerLine

API_VERSION = "2025-09-30.clover"

Shape = dict[str, Any]


def customer(
    object_id: str, created: int, name: str, email: str | None, metadata: Mapping[str, str], livemode: bool
) -> Shape:
    """Return a customer as the API gives it."""
    return {
        "id": object_id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": email,
        "invoice_prefix": object_id[-8:].upper(),
        "livemode": livemode,
        "metadata": dict(metadata),
        "name": name,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def _card_details() -> Shape:
    return {
        "card": {
            "brand": "visa",
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "exp_month": 8,
            "exp_year": 2030,
            "fingerprint": "J21EyCt2DJaVH6H0",
            "funding": "credit",
            "installments": None,
            "last4": "4242",
            "mandate": None,
            "network": "visa",
            "three_d_secure": None,
            "wallet": None,
        },
        "type": "card",
    }


def _debit_details() -> Shape:
    return {
        "type": "us_bank_account",
        "us_bank_account": {
            "account_holder_type": "company",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "fingerprint": "AyVI2MiWlrQhSTLp",
            "last4": "6789",
            "payment_reference": None,
            "routing_number": "110000000",
        },
    }


def _billing_details(name: str | None, email: str | None) -> Shape:
    parts = ("city", "country", "line1", "line2", "postal_code", "state")
    return {
        "address": dict.fromkeys(parts),
        "email": email,
        "name": name,
        "phone": None,
        "tax_id": None,
    }


def charge(
    object_id: str,
    created: int,
    amount: int,
    currency: str,
    *,
    payment_intent: str,
    customer_id: str | None,
    name: str | None,
    email: str | None,
    description: str | None,
    metadata: Mapping[str, str],
    livemode: bool,
    method: str = "card",
) -> Shape:
    """Return a charge that was just made and has not succeeded, failed or been captured yet."""
    return {
        "id": object_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": _billing_details(name, email),
        "calculated_statement_descriptor": "SIMULATED SERVICES",
        "captured": False,
        "created": created,
        "currency": currency,
        "customer": customer_id,
        "description": description,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": livemode,
        "metadata": dict(metadata),
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": payment_intent,
        "payment_method": "pm_" + object_id[3:],
        "payment_method_details": _card_details() if method == "card" else _debit_details(),
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
    }


def refund(
    object_id: str,
    created: int,
    amount: int,
    charged: Shape,
    *,
    balance_transaction: str,
    reason: str | None,
    metadata: Mapping[str, str],
) -> Shape:
    """Return a refund of the charge ``charged`` that has left the balance."""
    method = charged["payment_method_details"]["type"]
    return {
        "id": object_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": balance_transaction,
        "charge": charged["id"],
        "created": created,
        "currency": charged["currency"],
        "destination_details": {method: {}, "type": method},
        "metadata": dict(metadata),
        "payment_intent": charged["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def payout(
    object_id: str,
    created: int,
    arrival_date: int,
    amount: int,
    currency: str,
    *,
    balance_transaction: str,
    automatic: bool,
    livemode: bool,
) -> Shape:
    """Return a payout that is on its way to the bank."""
    return {
        "id": object_id,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival_date,
        "automatic": automatic,
        "balance_transaction": balance_transaction,
        "created": created,
        "currency": currency,
        "description": "STRIPE PAYOUT" if automatic else None,
        "destination": "ba_" + object_id[3:],
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": livemode,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit",
        "trace_id": None,
        "type": "bank_account",
    }


def dispute(object_id: str, created: int, charged: Shape, amount: int, livemode: bool) -> Shape:
    """Return a dispute that the cardholder has just opened."""
    return {
        "id": object_id,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charged["id"],
        "created": created,
        "currency": charged["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": created + 9 * 86_400,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": livemode,
        "metadata": {},
        "payment_intent": charged["payment_intent"],
        "reason": "general",
        "status": "needs_response",
    }


def balance_transaction(line: LedgerLine, timestamp: int) -> Shape:
    """Return a ledger line as the API gives it at ``timestamp``; the exchange rate is an exact Decimal."""
    return {
        "id": line.id,
        "object": "balance_transaction",
        "amount": line.amount,
        "available_on": line.available_on,
        "balance_type": "payments",
        "created": line.created,
        "currency": line.currency,
        "description": line.description,
        "exchange_rate": line.exchange_rate,
        "fee": line.fee,
        "fee_details": [dict(detail) for detail in line.fee_details],
        "net": line.net,
        "reporting_category": line.reporting_category,
        "source": line.source,
        "status": "available" if line.available_on <= timestamp else "pending",
        "type": line.type,
    }


def event(
    event_id: str,
    created: int,
    event_type: str,
    thing: Shape,
    previous: Mapping[str, Any] | None,
    livemode: bool,
) -> Shape:
    """Return the event that tells of ``thing`` as it is now; ``previous`` = what an update changed."""
    body: Shape = {"object": thing}
    if previous is not None:
        body["previous_attributes"] = dict(previous)
    return {
        "id": event_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": body,
        "livemode": livemode,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    }


def listing(objects: list[Shape], has_more: bool, url: str) -> Shape:
    """Return one page of a list."""
    return {"object": "list", "data": objects, "has_more": has_more, "url": url}


def error(kind: str, message: str, code: str | None = None, param: str | None = None) -> Shape:
    """Return an error body (https://docs.stripe.com/api/errors)."""
    content: Shape = {"message": message, "type": kind}
    if code:
        content["code"] = code
        content["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
    if param:
        content["param"] = param
    return {"error": content}
