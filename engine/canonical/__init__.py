# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Canonical documents: the one form in which the hub knows what outside systems say."""

from .base import Address, Amount, Document, PartyRef, Reference, Source
from .customer import Customer
from .entry import EntryLine, JournalEntry
from .events import InvoicePosted, PaymentFailed, PaymentSettled
from .invoice import Invoice, InvoiceLine, LineTax
from .movement import MOVEMENT_TYPES, BalanceMovement
from .provider_balance import ProviderBalance
from .registry import KINDS, decode, encode, kind_of, latest_version, validate

__all__ = [
    "KINDS",
    "MOVEMENT_TYPES",
    "Address",
    "Amount",
    "BalanceMovement",
    "Customer",
    "Document",
    "EntryLine",
    "Invoice",
    "InvoiceLine",
    "InvoicePosted",
    "JournalEntry",
    "LineTax",
    "PartyRef",
    "PaymentFailed",
    "PaymentSettled",
    "ProviderBalance",
    "Reference",
    "Source",
    "decode",
    "encode",
    "kind_of",
    "latest_version",
    "validate",
]
