# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the movements of charges, refunds, payouts and balance transactions have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ...engine.canonical import Amount, BalanceMovement, PartyRef, Reference, Source
from ...engine.instants import from_unix
from ...engine.money import PROVIDER_MINOR_UNITS, from_minor
from ..reading import clip, schema_violation
from . import wire
from .const import DEFAULT_REFERENCE_KEYS

MAX_REFERENCES = 50
MAX_REFERENCE_LENGTH = 255


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a movement says besides its kind and amounts; the same for the webhook's and the pulled view."""

    customer: PartyRef | None = None
    references: tuple[Reference, ...] = ()
    method: str | None = None
    description: str | None = None


@dataclasses.dataclass(frozen=True)
class Context:
    """The connection's settings as the transformers need them."""

    system: str
    reference_types: Mapping[str, str]
    time_zone: str = "UTC"
    # Who issues the invoices that Stripe Billing tells: 'source' = Stripe, 'odoo' = Odoo, '' = nobody has said.
    billing_issuer: str = ""
    billing_products: bool = False

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Context:
        """Read ``system``, ``time_zone``, ``billing_issuer``, ``billing_products`` and ``reference_keys`` (a list of
        metadata keys, or key → reference type).

        :raises ContractError: a setting has another shape.
        """
        keys = settings.get("reference_keys") or DEFAULT_REFERENCE_KEYS
        if isinstance(keys, Mapping):
            types = dict(keys)
        elif isinstance(keys, Sequence) and not isinstance(keys, (str, bytes)):
            types = {key: reference_type(key) for key in keys if isinstance(key, str)}
        else:
            raise schema_violation("settings.reference_keys", "Expected a list of metadata keys")
        return cls(
            system=str(settings.get("system") or "stripe"),
            reference_types=types,
            time_zone=str(settings.get("time_zone") or "UTC"),
            billing_issuer=str(settings.get("billing_issuer") or ""),
            billing_products=bool(settings.get("billing_products")),
        )

    def source(self, object_id: str) -> Source:
        return Source(system=self.system, object_id=object_id)

    def references(
        self, metadata: Mapping[str, str] | None, *, invoice: str | None = None, intent: str | None = None
    ) -> tuple[Reference, ...]:
        """Return what the object points at: our numbers from the metadata, Stripe's invoice and intent ids.

        A metadata text longer than any document number is left out: cut off, it could match another one.
        """
        found = [(kind, (metadata or {}).get(key, "").strip()) for key, kind in self.reference_types.items()]
        found += [("external", invoice or ""), ("payment", intent or "")]
        wanted = dict.fromkeys(pair for pair in found if 0 < len(pair[1]) <= MAX_REFERENCE_LENGTH)
        return tuple(Reference(type=kind, value=value) for kind, value in wanted)[:MAX_REFERENCES]

    def charge_facts(self, charge: wire.Charge) -> Facts:
        billing = charge.billing_details or wire.BillingDetails()
        customer = PartyRef(
            outside_id=wire.id_of(charge.customer),
            name=clip(billing.name),
            email=clip(billing.email) or clip(charge.receipt_email),
        )
        details = charge.payment_method_details
        return Facts(
            customer=None if customer == PartyRef() else customer,
            references=self.references(
                charge.metadata, invoice=wire.id_of(charge.invoice), intent=wire.id_of(charge.payment_intent)
            ),
            method=clip(details.type, 64) if details else None,
            description=clip(charge.description),
        )

    def refund_facts(self, refund: wire.Refund) -> Facts:
        return Facts(
            references=self.references(refund.metadata, intent=wire.id_of(refund.payment_intent)),
            description=clip(refund.description) or clip(refund.reason),
        )

    def payout_facts(self, payout: wire.Payout) -> Facts:
        return Facts(
            references=self.references(payout.metadata),
            method=clip(payout.method, 64),
            description=clip(payout.statement_descriptor) or clip(payout.description),
        )

    def movement(self, *, object_id: str, facts: Facts | None = None, **fields: Any) -> BalanceMovement:
        """Return a movement; ``object_id`` is the Stripe object that said so."""
        facts = facts or Facts()
        return BalanceMovement(
            source=self.source(object_id),
            **{
                "customer": facts.customer,
                "references": facts.references,
                "method": facts.method,
                "description": facts.description,
                **fields,
            },
        )


def reference_type(key: str) -> str:
    """Return what a metadata key points at, by its name; our invoice number where it does not say."""
    for kind in ("order", "payment"):
        if kind in key.lower():
            return kind
    return "invoice"


def money(minor_units: int, currency: str) -> Amount:
    """Return Stripe's integer as an exact amount.

    Source: https://docs.stripe.com/currencies (zero-decimal, three-decimal and the special cases ISK, UGX,
    which Stripe counts in hundredths although ISO 4217 gives them no minor unit).

    :raises ContractError: the currency is not one of ISO 4217.
    """
    code = currency.upper()
    return Amount(value=from_minor(minor_units, code, PROVIDER_MINOR_UNITS["stripe"]), currency=code)


def amounts(
    minor_units: int, currency: str, transaction: wire.BalanceTransaction | None
) -> tuple[Amount, Amount | None]:
    """Return (amount, settled) of an object's signed amount, given its ledger line where that is known.

    In one currency the ledger line is the truth. Where Stripe converted, the object's amount says what the
    customer saw and the line's amount what reached the balance.
    """
    if transaction is None:
        return money(minor_units, currency), None
    booked = money(transaction.amount, transaction.currency)
    if transaction.currency.upper() == currency.upper():
        return booked, None
    return money(minor_units, currency), booked


def instant(seconds: int) -> datetime:
    return from_unix(seconds)
