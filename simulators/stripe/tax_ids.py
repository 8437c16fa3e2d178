# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Tax numbers of the simulated account's customers.

Source: https://docs.stripe.com/api/tax_ids (made and deleted, never changed; at most five of a customer).
"""

from __future__ import annotations

import re

from .holdings import Holdings, RefusedError
from .shapes import Shape

# Type → form; enough of them to be refused as the account would.
FORMS = {
    "eu_vat": r"[A-Z]{2}[0-9A-Z+*]{7,12}",
    "gb_vat": r"GB[0-9]{9}",
    "ch_vat": r"CHE-\d{3}\.\d{3}\.\d{3} (MWST|TVA|IVA)",
    "us_ein": r"\d{2}-\d{7}",
}
MOST = 5


class TaxIds(Holdings):
    """The tax numbers of one account's customers."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.tax_ids: dict[str, Shape] = {}

    def tax_ids_of(self, customer_id: str) -> list[Shape]:
        """Return the numbers of a customer, newest first."""
        return [dict(one) for one in self.tax_ids.values() if one["customer"] == customer_id][::-1]

    def add_tax_id(self, customer_id: str, kind: str, value: str) -> Shape:
        """Add a number.

        :raises RefusedError: it is not of this type, or one too many.
        """
        self._held(self.customers, customer_id)
        if (
            kind not in FORMS
            or not re.fullmatch(FORMS[kind], value)
            or len(self.tax_ids_of(customer_id)) >= MOST
        ):
            raise RefusedError(f"Invalid value for {kind}.")
        made = {
            "id": self.ids.next("txi"),
            "object": "tax_id",
            "country": value[:2] if kind == "eu_vat" else kind[:2].upper(),
            "created": self.clock.timestamp,
            "customer": customer_id,
            "livemode": self.livemode,
            "type": kind,
            "value": value,
        }
        self._keep(self.tax_ids, made)
        self._tell("customer.tax_id.created", made)
        return dict(made)

    def remove_tax_id(self, customer_id: str, number_id: str) -> Shape:
        """Delete a number.

        :raises RefusedError: the customer has none with this id.
        """
        held = self._held(self.tax_ids, number_id)
        if held["customer"] != customer_id:
            raise RefusedError(f"there is no {number_id}")
        del self.tax_ids[number_id]
        self._tell("customer.tax_id.deleted", held)
        return {"id": number_id, "object": "tax_id", "deleted": True}
