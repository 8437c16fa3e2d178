# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which canonical kinds and versions exist, and the way between their wire form and their types."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from ..canonical_json import to_plain
from ..errors import ContractError
from ..json_guard import parse_json
from ..money import parse_decimal
from .bank import BankLine, BankStatement
from .base import Document
from .business_events import (
    BillPaid,
    BillPosted,
    CloseReady,
    CreditHoldCleared,
    CreditHoldSet,
    CreditNotePosted,
    CustomerApproved,
    DisputeOpened,
    ExceptionRaised,
    ExceptionResolved,
    OrderContracted,
    PeriodClosed,
    PurchaseOrderChanged,
    ReconciliationComplete,
    RefundSettled,
    RuleFulfilled,
    StatementLoaded,
    SupplierActivated,
    SupplierCreditPosted,
)
from .cancellation import Cancellation
from .customer import Customer
from .entry import JournalEntry
from .events import InvoicePosted, PaymentFailed, PaymentSettled
from .invoice import Invoice
from .invoice_status import InvoiceStatus
from .movement import BalanceMovement
from .order import Fulfilment, Order, OrderPayment, OrderRefund
from .product import Product
from .provider_balance import ProviderBalance
from .queries import CreditAnswer, CreditQuery, InvoiceAnswer, InvoiceQuery, PaymentAnswer, PaymentQuery
from .reference_code import AnalyticDimension, ReferenceCode
from .reference_events import (
    AccountChanged,
    CurrencyChanged,
    DimensionChanged,
    PaymentTermChanged,
    ProductChanged,
    StatusChanged,
    TaxChanged,
)
from .settlement import Settlement
from .supplier import Supplier

KINDS: dict[str, dict[str, type[Document]]] = {
    "customer": {"1": Customer},
    "supplier": {"1": Supplier},
    "product": {"1": Product},
    "invoice": {"1": Invoice},
    "invoice_status": {"1": InvoiceStatus},
    "movement": {"1": BalanceMovement},
    "entry": {"1": JournalEntry},
    "cancellation": {"1": Cancellation},
    "provider_balance": {"1": ProviderBalance},
    "settlement": {"1": Settlement},
    "bank_line": {"1": BankLine},
    "bank_statement": {"1": BankStatement},
    "order": {"1": Order},
    "fulfilment": {"1": Fulfilment},
    "order_refund": {"1": OrderRefund},
    "order_payment": {"1": OrderPayment},
    "dimension": {"1": AnalyticDimension},
    "reference_code": {"1": ReferenceCode},
    "event.invoice_posted": {"1": InvoicePosted},
    "event.payment_settled": {"1": PaymentSettled},
    "event.payment_failed": {"1": PaymentFailed},
    "query.credit": {"1": CreditQuery},
    "query.invoice": {"1": InvoiceQuery},
    "query.payment": {"1": PaymentQuery},
    "answer.credit": {"1": CreditAnswer},
    "answer.invoice": {"1": InvoiceAnswer},
    "answer.payment": {"1": PaymentAnswer},
    "event.credit_note_posted": {"1": CreditNotePosted},
    "event.bill_posted": {"1": BillPosted},
    "event.bill_paid": {"1": BillPaid},
    "event.supplier_credit_posted": {"1": SupplierCreditPosted},
    "event.refund_settled": {"1": RefundSettled},
    "event.dispute_opened": {"1": DisputeOpened},
    "event.customer_approved": {"1": CustomerApproved},
    "event.supplier_activated": {"1": SupplierActivated},
    "event.credit_hold_set": {"1": CreditHoldSet},
    "event.credit_hold_cleared": {"1": CreditHoldCleared},
    "event.order_contracted": {"1": OrderContracted},
    "event.purchase_order_changed": {"1": PurchaseOrderChanged},
    "event.statement_loaded": {"1": StatementLoaded},
    "event.reconciliation_complete": {"1": ReconciliationComplete},
    "event.exception_raised": {"1": ExceptionRaised},
    "event.exception_resolved": {"1": ExceptionResolved},
    "event.close_ready": {"1": CloseReady},
    "event.period_closed": {"1": PeriodClosed},
    "event.rule_fulfilled": {"1": RuleFulfilled},
    "event.account_changed": {"1": AccountChanged},
    "event.currency_changed": {"1": CurrencyChanged},
    "event.dimension_changed": {"1": DimensionChanged},
    "event.payment_term_changed": {"1": PaymentTermChanged},
    "event.product_changed": {"1": ProductChanged},
    "event.status_changed": {"1": StatusChanged},
    "event.tax_changed": {"1": TaxChanged},
}

_KIND_OF = {
    document_type: (kind, version)
    for kind, versions in KINDS.items()
    for version, document_type in versions.items()
}


def document_type(kind: str, version: str) -> type[Document]:
    """Return the type of ``kind`` in ``version``.

    :raises ContractError: ``unknown_kind``.
    """
    found = KINDS.get(kind, {}).get(version)
    if found is None:
        raise ContractError("unknown_kind", params={"kind": str(kind)[:64], "version": str(version)[:16]})
    return found


def kind_of(document: Document) -> tuple[str, str]:
    """Return the kind and the version of ``document``.

    :raises TypeError: it is no registered document.
    """
    try:
        return _KIND_OF[type(document)]
    except KeyError:
        raise TypeError(f"{type(document).__name__} is no registered canonical document") from None


def latest_version(kind: str) -> str:
    """Return the newest version of ``kind``.

    :raises ContractError: ``unknown_kind``.
    """
    versions = KINDS.get(kind)
    if not versions:
        raise ContractError("unknown_kind", params={"kind": str(kind)[:64], "version": ""})
    return max(versions, key=int)


def decode(kind: str, version: str, value: Any) -> Document:
    """Return the document that ``value`` (JSON bytes, or parsed builtins) writes.

    Amounts are decimal strings; an exact int or Decimal is accepted, a float never is.

    :raises ContractError: ``unknown_kind``, ``schema_violation`` with path and problem, ``invalid_amount``,
        or what ``parse_json`` raises for bytes.
    """
    wanted = document_type(kind, version)
    if isinstance(value, (bytes, bytearray)):
        value = parse_json(bytes(value))
    checker = _amount_checker(wanted)
    if checker is not None:
        value = checker(value, "")
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        raise _violation(str(error)) from error


def encode(document: Document) -> dict[str, Any]:
    """Return JSON-ready builtins: decimals as plain strings, instants as RFC 3339 in UTC, dates as ISO.

    Fields that hold their default are left out; ``decode`` gives the equal document back.

    :raises TypeError: it is no registered document.
    """
    kind_of(document)
    return to_plain(msgspec.to_builtins(document, builtin_types=(Decimal, datetime, date)))


def validate(document: Document) -> Document:
    """Return ``document`` as its own wire form reads: Python code can build structs that no contract allows.

    :raises ContractError: ``schema_violation``.
    :raises TypeError: it is no registered document, or holds a value without exact JSON form (a float).
    """
    kind, version = kind_of(document)
    return decode(kind, version, encode(document))


def _violation(message: str) -> ContractError:
    problem, separator, path = message.rpartition(" - at `")
    if not separator:
        problem, path = message, "$`"
    return ContractError(
        "schema_violation",
        params={"path": path.rstrip("`").removeprefix("$.").replace("`", ""), "problem": problem},
    )


# msgspec's own Decimal accepts floats, "1_000", "NaN" and "1E5". The walkers below visit exactly the places
# of a type that hold money, and replace what stands there by the strictly read decimal.
_Checker = Callable[[Any, str], Any]


@functools.cache
def _amount_checker(struct_type: type) -> _Checker | None:
    """Return a function that reads every amount below ``struct_type`` strictly, None if there are none."""
    checkers = {}
    for field in msgspec.inspect.type_info(struct_type).fields:
        checker = _checker_for(field.type)
        if checker is not None:
            checkers[field.encode_name] = checker
    if not checkers:
        return None

    def check_struct(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return value
        changed = dict(value)
        for name, checker in checkers.items():
            if name in changed:
                changed[name] = checker(changed[name], f"{path}.{name}" if path else name)
        return changed

    return check_struct


def _checker_for(info: msgspec.inspect.Type) -> _Checker | None:
    if isinstance(info, msgspec.inspect.Metadata):
        return _checker_for(info.type)
    if isinstance(info, msgspec.inspect.DecimalType):
        return _check_amount
    if isinstance(info, msgspec.inspect.StructType):
        return _amount_checker(info.cls)
    if isinstance(info, msgspec.inspect.UnionType):
        found = [checker for checker in map(_checker_for, info.types) if checker is not None]
        if len(found) > 1:
            raise TypeError("a field with two different kinds of amounts is ambiguous")
        return _optional(found[0]) if found else None
    if isinstance(info, (msgspec.inspect.VarTupleType, msgspec.inspect.ListType)):
        found_one = _checker_for(info.item_type)
        return _each(found_one) if found_one is not None else None
    return None


def _check_amount(value: Any, path: str) -> Any:
    if isinstance(value, float):
        raise ContractError(
            "schema_violation",
            params={"path": path, "problem": "an amount is a decimal string, never a float"},
        )
    if not isinstance(value, (str, int, Decimal)) or isinstance(value, bool):
        return value  # msgspec names the wrong type and its place
    try:
        return parse_decimal(value)
    except ContractError as error:
        raise ContractError(
            "schema_violation",
            params={"path": path, "problem": f"not a plain decimal number: {error.params['value']}"},
        ) from error


def _optional(checker: _Checker) -> _Checker:
    return lambda value, path: None if value is None else checker(value, path)


def _each(checker: _Checker) -> _Checker:
    def check_each(value: Any, path: str) -> Any:
        if not isinstance(value, (list, tuple)):
            return value
        return [checker(part, f"{path}[{index}]") for index, part in enumerate(value)]

    return check_each
