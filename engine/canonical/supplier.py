# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""O2: a supplier as an outside system knows it, with the bank accounts that it names."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from .base import (
    RESTRICTED,
    Address,
    Code,
    CurrencyCode,
    Document,
    Identifier,
    Label,
    PersonalText,
    Struct,
    TaxNumber,
    classified,
)

AccountNumber = Annotated[str, classified(RESTRICTED, min_length=4, max_length=64)]
BankIdentifier = Annotated[str, classified(RESTRICTED, pattern="^[A-Z0-9]{8}([A-Z0-9]{3})?$", max_length=11)]
ClearingNumber = Annotated[str, classified(RESTRICTED, min_length=1, max_length=32)]


class BankAccount(Struct, kw_only=True):
    """A bank account that the source names: a proposal. Nothing is paid to it before a second person approves it.

    ``account_number`` is an IBAN or the number of the country; ``bic`` names the bank (ISO 9362).
    """

    account_number: AccountNumber
    holder: PersonalText | None = None
    bank_name: PersonalText | None = None
    bic: BankIdentifier | None = None
    clearing_number: ClearingNumber | None = None
    currency: CurrencyCode | None = None


class Supplier(Document, kw_only=True):
    """A supplier record; ``source.version`` (or ``occurred_at``) orders its changes.

    A bank account that is not named any more stays as it is: only a person stops payments to it.
    """

    name: PersonalText
    is_company: bool = True
    email: PersonalText | None = None
    phone: PersonalText | None = None
    tax_id: TaxNumber | None = None
    reference: Identifier | None = None
    address: Address | None = None
    language: Code | None = None
    currency: CurrencyCode | None = None
    payment_term: Code | None = None
    bank_accounts: Annotated[tuple[BankAccount, ...], msgspec.Meta(max_length=20)] = ()
    status: Literal["active", "archived"] = "active"
    note: Label | None = None
