# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Customers of the simulated account: made, changed and deleted, by people there or through the API.

Sources: https://docs.stripe.com/api/customers/create, https://docs.stripe.com/api/customers/update (an empty field is
unset), https://docs.stripe.com/api/customers/delete, https://docs.stripe.com/api/metadata.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping

from . import shapes
from .holdings import Holdings, RefusedError
from .shapes import Shape

LONGEST = {"name": 256, "email": 512, "phone": 20}
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


class Customers(Holdings):
    """The customers of one account; a deleted one is remembered by its id."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.deleted_customers: set[str] = set()

    def create_customer(
        self, name: str, email: str | None = None, metadata: Mapping[str, str] | None = None, **more: object
    ) -> Shape:
        """Add a customer; ``more``: fields of the object."""
        made = shapes.customer(
            self.ids.next("cus", 14), self.clock.timestamp, name, email, metadata or {}, self.livemode
        )
        made.update(more)
        self._keep(self.customers, made)
        self._tell("customer.created", made)
        return copy.deepcopy(made)

    def update_customer(self, customer_id: str, **changes: object) -> Shape:
        """Change fields of a customer; nothing is told where nothing changes."""
        held = self._held(self.customers, customer_id)
        previous = {field: held[field] for field in changes if held[field] != changes[field]}
        held.update(changes)
        if previous:
            self._tell("customer.updated", held, previous)
        return copy.deepcopy(held)

    def delete_customer(self, customer_id: str) -> None:
        """Delete a customer for good."""
        held = self._held(self.customers, customer_id)
        del self.customers[customer_id]
        self.deleted_customers.add(customer_id)
        self._tell("customer.deleted", held)

    def take_customer(self, customer_id: str | None, form: Iterable[tuple[str, str]]) -> Shape:
        """Make or change a customer as a form of the API says.

        :raises RefusedError: a field is unknown or too long.
        """
        held = self.customers.get(customer_id or "")
        changes: dict[str, object] = {"metadata": dict(held["metadata"]) if held else {}}
        for name, text in form:
            self._take_field(changes, held, name, text)
        if held:
            return self.update_customer(held["id"], **changes)
        name, email = changes.pop("name", None), changes.pop("email", None)
        return self.create_customer(name, email, changes.pop("metadata"), **changes)

    @staticmethod
    def _take_field(changes: dict, held: Shape | None, name: str, text: str) -> None:
        field, _bracket, part = name.partition("[")
        part = part.rstrip("]")
        if field == "metadata":
            changes["metadata"][part] = text
        elif field in LONGEST:
            if len(text) > LONGEST[field]:
                raise RefusedError(f"{field} is longer than {LONGEST[field]} characters")
            changes[field] = text or None
        elif field == "preferred_locales":
            changes["preferred_locales"] = [text] if text else []
        elif field == "address" and not part:
            changes["address"] = None
        elif field == "address" and part in ADDRESS:
            if "address" not in changes:
                before = held and held["address"]
                changes["address"] = dict(before or dict.fromkeys(ADDRESS))
            changes["address"][part] = text or None
        else:
            raise RefusedError(f"Received unknown parameter: {name}")
