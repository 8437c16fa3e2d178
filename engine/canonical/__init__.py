# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Canonical documents: the one form in which the hub knows what outside systems say."""

from .bank import BankLine, BankStatement
from .base import Address, Amount, Document, PartyRef, Reference, Source
from .customer import Customer
from .entry import EntryLine, JournalEntry
from .events import InvoicePosted, PaymentFailed, PaymentSettled
from .invoice import Invoice, InvoiceLine, LineTax
from .invoice_status import InvoiceStatus
from .movement import MOVEMENT_TYPES, BalanceMovement, DisputeFacts
from .product import Product
from .provider_balance import LedgerLine, ProviderBalance
from .queries import (
    AppliedInvoice,
    AppliedPayment,
    CreditAnswer,
    CreditQuery,
    InvoiceAnswer,
    InvoiceQuery,
    PaymentAnswer,
    PaymentQuery,
)
from .registry import KINDS, decode, encode, kind_of, latest_version, validate
from .settlement import Settlement, SettlementLine
from .supplier import BankAccount, Supplier

__all__ = [
    "KINDS",
    "MOVEMENT_TYPES",
    "Address",
    "Amount",
    "AppliedInvoice",
    "AppliedPayment",
    "BalanceMovement",
    "BankAccount",
    "BankLine",
    "BankStatement",
    "CreditAnswer",
    "CreditQuery",
    "Customer",
    "DisputeFacts",
    "Document",
    "EntryLine",
    "Invoice",
    "InvoiceAnswer",
    "InvoiceLine",
    "InvoicePosted",
    "InvoiceQuery",
    "InvoiceStatus",
    "JournalEntry",
    "LedgerLine",
    "LineTax",
    "PartyRef",
    "PaymentAnswer",
    "PaymentFailed",
    "PaymentQuery",
    "PaymentSettled",
    "Product",
    "ProviderBalance",
    "Reference",
    "Settlement",
    "SettlementLine",
    "Source",
    "Supplier",
    "decode",
    "encode",
    "kind_of",
    "latest_version",
    "validate",
]
