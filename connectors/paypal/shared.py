# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the movements of captures, refunds, disputes and ledger lines have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...engine.canonical import BalanceMovement, PartyRef, Reference, Source
from ..reading import clip

MAX_REFERENCE_LENGTH = 255


@dataclasses.dataclass(frozen=True)
class Context:
    """The connection's settings as the transformers need them."""

    system: str

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Context:
        return cls(system=str(settings.get("system") or "paypal"))

    def movement(self, *, object_id: str, **fields: Any) -> BalanceMovement:
        """Return a movement; ``object_id`` is the PayPal object that said so."""
        return BalanceMovement(source=Source(system=self.system, object_id=object_id), **fields)


def references(invoice: str | None, custom: str | None, order: str | None = None) -> tuple[Reference, ...]:
    """Return what a transaction points at. The invoice id is the number that the seller gave; so is the custom field.

    A text longer than any document number is left out: cut off, it could match another one.
    """
    found = [("invoice", invoice), ("order", custom), ("payment", order)]
    wanted = dict.fromkeys((kind, (text or "").strip()) for kind, text in found)
    return tuple(
        Reference(type=kind, value=value) for kind, value in wanted if 0 < len(value) <= MAX_REFERENCE_LENGTH
    )


def party(
    outside_id: str | None = None, name: str | None = None, email: str | None = None
) -> PartyRef | None:
    """Return who paid, None where PayPal does not say."""
    found = PartyRef(outside_id=clip(outside_id, 255), name=clip(name), email=clip(email))
    return None if found == PartyRef() else found
