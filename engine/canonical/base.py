# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Building blocks that every canonical document shares.

A canonical document is a frozen msgspec Struct. Its wire form is JSON in which money amounts are
decimal *strings* and instants are RFC 3339 with an offset. Each field is classified with one of
``CLASSIFICATIONS`` through the JSON Schema keyword ``x-classification``; redaction, masking and
retention read the classification from the published schema.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from ..instants import as_utc

# A version is a counter or an instant in a fine unit; it is kept in eight bytes.
MAX_VERSION = 2**63 - 1
PUBLIC = "public"
INTERNAL = "internal"
CONFIDENTIAL = "confidential"
RESTRICTED = "restricted"
CLASSIFICATIONS = (PUBLIC, INTERNAL, CONFIDENTIAL, RESTRICTED)


def classified(level: str, **constraints) -> msgspec.Meta:
    """Return field metadata that records the classification ``level`` (one of CLASSIFICATIONS)."""
    if level not in CLASSIFICATIONS:
        raise ValueError(f"unknown classification {level!r}")
    return msgspec.Meta(extra_json_schema={"x-classification": level}, **constraints)


# A limit on everything: no text of an outside system may grow a row without bound.
Identifier = Annotated[str, classified(INTERNAL, min_length=1, max_length=255)]
Code = Annotated[str, classified(INTERNAL, min_length=1, max_length=64)]
Label = Annotated[str, classified(INTERNAL, max_length=1000)]
PersonalText = Annotated[str, classified(CONFIDENTIAL, max_length=1000)]
TaxNumber = Annotated[str, classified(CONFIDENTIAL, max_length=64)]
# The length is there because Python's "$" also matches before a final newline.
CurrencyCode = Annotated[str, classified(INTERNAL, pattern="^[A-Z]{3}$", max_length=3)]
CountryCode = Annotated[str, classified(INTERNAL, pattern="^[A-Z]{2}$", max_length=2)]
Money = Annotated[Decimal, classified(INTERNAL)]
Instant = Annotated[datetime, classified(INTERNAL, tz=True)]


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every canonical type: immutable, keyword-only, unknown fields refused."""


class Amount(Struct, kw_only=True):
    """An exact amount: ``value`` in the currency's major unit (euros, not cents)."""

    value: Money
    currency: CurrencyCode


class Source(Struct, kw_only=True):
    """Where a document came from: what an auditor asks first.

    ``version`` orders the versions of this object. ``sequence`` is the number of the *event* in a numbering without
    holes, ``series`` names that numbering where the source keeps several. ``entity`` is the legal entity whose
    document this is, as the source calls it.
    """

    system: Code
    object_id: Identifier
    entity: Code | None = None
    version: Annotated[int, classified(INTERNAL, ge=0, le=MAX_VERSION)] | None = None
    sequence: Annotated[int, classified(INTERNAL, ge=0, le=MAX_VERSION)] | None = None
    series: Code | None = None
    actor: PersonalText | None = None
    approver: PersonalText | None = None
    approved_at: Instant | None = None
    url: Label | None = None

    def __post_init__(self):
        if self.approved_at is not None:
            msgspec.structs.force_setattr(self, "approved_at", as_utc(self.approved_at))


class Reference(Struct, kw_only=True):
    """A pointer to another document as the outside system writes it.

    ``type`` names what is pointed at: ``invoice`` (our or the issuer's invoice number), ``order``,
    ``payment`` (the provider's charge id), ``external`` (an id bound through another connection).
    """

    type: Code
    value: Identifier


class Address(Struct, kw_only=True):
    street: PersonalText | None = None
    street2: PersonalText | None = None
    city: PersonalText | None = None
    zip: PersonalText | None = None
    state: PersonalText | None = None
    country: CountryCode | None = None


class PartyRef(Struct, kw_only=True):
    """A party as a document names it; ``outside_id`` is its id in the source system."""

    outside_id: Identifier | None = None
    name: PersonalText | None = None
    email: PersonalText | None = None
    tax_id: TaxNumber | None = None


class Document(Struct, kw_only=True):
    """Fields that every canonical document carries.

    ``occurred_at`` is the economic instant at the source (UTC-aware); the accounting date is derived
    from it in the company's time zone when the document is booked, never earlier.
    """

    source: Source
    occurred_at: Instant
    correlation_id: Identifier | None = None

    def __post_init__(self):
        # Whatever offset the wire used, inside the hub an instant is UTC.
        msgspec.structs.force_setattr(self, "occurred_at", as_utc(self.occurred_at))
