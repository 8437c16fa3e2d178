# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The fields of PayPal's objects that are used; all others are ignored."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from ...engine.canonical import Amount
from ...engine.errors import ContractError
from ...engine.instants import parse_instant
from ...engine.money import check_exact, parse_decimal
from ..reading import Wire, WireCurrency, WireId, schema_violation

Text = Annotated[str, msgspec.Meta(max_length=5000)] | None
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
MoneyText = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
_OFFSET_WITHOUT_COLON = re.compile(r"([+-]\d{2})(\d{2})", re.ASCII)


class Money(Wire):
    """An amount in the major unit, as text; https://developer.paypal.com/reference/currency-codes/"""

    currency_code: WireCurrency
    value: MoneyText


class Link(Wire):
    href: Annotated[str, msgspec.Meta(max_length=2000)]
    rel: Word


Links = Annotated[tuple[Link, ...], msgspec.Meta(max_length=50)]


class Breakdown(Wire):
    gross_amount: Money | None = None
    paypal_fee: Money | None = None


class StatusDetails(Wire):
    reason: Text = None


class Capture(Wire):
    """https://developer.paypal.com/docs/api/payments/v2/#captures_get"""

    id: WireId
    status: Word
    amount: Money
    create_time: WireId
    update_time: Text = None
    invoice_id: Text = None
    custom_id: Text = None
    seller_receivable_breakdown: Breakdown | None = None
    status_details: StatusDetails | None = None
    supplementary_data: dict[str, Any] | None = None


class Refund(Wire):
    """https://developer.paypal.com/docs/api/payments/v2/#refunds_get; a reversal has the same shape."""

    id: WireId
    status: Word
    amount: Money
    create_time: WireId
    update_time: Text = None
    invoice_id: Text = None
    custom_id: Text = None
    note_to_payer: Text = None
    links: Links = ()


class Balance(Wire):
    """https://developer.paypal.com/docs/api/transaction-search/v1/#definition-balance_information"""

    currency: WireCurrency
    total_balance: Money
    available_balance: Money | None = None
    withheld_balance: Money | None = None


class DisputedTransaction(Wire):
    seller_transaction_id: Text = None


class Dispute(Wire):
    """https://developer.paypal.com/docs/api/customer-disputes/v1/#disputes_get"""

    dispute_id: WireId
    status: Word
    dispute_amount: Money
    create_time: WireId
    reason: Text = None
    disputed_transactions: Annotated[tuple[DisputedTransaction, ...], msgspec.Meta(max_length=100)] = ()
    dispute_outcome: dict[str, Any] | None = None
    update_time: WireId | None = None
    seller_response_due_date: WireId | None = None


class Event(Wire):
    """https://developer.paypal.com/api/rest/webhooks/ (event notification)"""

    id: WireId
    event_type: WireId
    create_time: WireId
    resource: dict[str, Any]
    resource_type: Text = None


class Fetched(Wire):
    """What the hub keeps of a resource that it asked PayPal for, because of an event."""

    object: Word
    event: WireId
    resource: dict[str, Any]


class PayerName(Wire):
    alternate_full_name: Text = None


class Payer(Wire):
    account_id: Text = None
    email_address: Text = None
    payer_name: PayerName | None = None


class TransactionInfo(Wire):
    """https://developer.paypal.com/docs/api/transaction-search/v1/#transactions_get"""

    transaction_id: WireId
    transaction_event_code: Word
    transaction_initiation_date: WireId
    transaction_amount: Money
    transaction_status: Word
    transaction_updated_date: Text = None
    paypal_reference_id: Text = None
    paypal_reference_id_type: Text = None
    fee_amount: Money | None = None
    invoice_id: Text = None
    custom_field: Text = None
    transaction_subject: Text = None


class Transaction(Wire):
    transaction_info: TransactionInfo
    payer_info: Payer | None = None


class TransactionPage(Wire):
    transaction_details: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=500)]
    page: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    total_pages: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    total_items: Annotated[int, msgspec.Meta(ge=0, le=10**7)]
    account_number: Text = None
    last_refreshed_datetime: Text = None


def amount(money: Money, path: str, sign: int = 1) -> Amount:
    """Return a stated amount, exact in its currency, times ``sign``.

    :raises ContractError: ``invalid_amount``, ``amount_not_exact``, ``unknown_currency``; a negative amount where
        PayPal states them without sign (``sign`` is then -1 or 1, and ``path`` names the field).
    """
    value = signed(money)
    if value < 0:
        raise schema_violation(path, "Expected an amount without sign")
    return Amount(value=value * sign, currency=money.currency_code.upper())


def signed(money: Money) -> Decimal:
    """Return a stated amount with its own sign, exact in its currency.

    :raises ContractError: as ``amount``.
    """
    value = parse_decimal(money.value)
    check_exact(value, money.currency_code.upper())
    return value


def instant(text: str, path: str) -> dt.datetime:
    """Return an instant as PayPal writes it: RFC 3339, in lists without the colon of the offset, in reports with
    slashes.

    :raises ContractError: ``schema_violation``.
    """
    written = text.strip().replace("/", "-")
    head, tail = written[:-5], written[-5:]
    if match := _OFFSET_WITHOUT_COLON.fullmatch(tail):
        written = f"{head.rstrip()}{match[1]}:{match[2]}"
    try:
        return parse_instant(written)
    except ContractError:
        raise schema_violation(path, "Expected an instant with its offset") from None
