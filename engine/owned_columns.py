# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which columns of a record hold what has an owner, and under which name the source of each is kept (M1).

Plain data: what reads and writes the columns is the shell's.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from .duplicates import normal_code, normal_email

# Under names that begin with this the sources say who brought the record first.
HOME = "_home"
_SPELLING = {"tax_id": normal_code, "email": normal_email}


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where the fields of an object stand in Odoo.

    ``columns``      field → the columns that hold it. An address is one thing: half of it is none.
    ``per_company``  fields that differ from company to company; their sources do, too.
    ``shared``       fields that are one for several records of the model (the variants of a product).
    ``also``         further columns through which people write a field.
    ``home``         under which name the sources say who brought it first.
    ``own_names``    fields whose source is kept apart from the same field of other objects in the same record.
    """

    object: str
    model: str
    columns: Mapping[str, tuple[str, ...]]
    per_company: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    also: Mapping[str, str] = dataclasses.field(default_factory=dict)
    home: str = HOME
    own_names: frozenset[str] = frozenset()

    @property
    def field_of(self) -> dict[str, str]:
        """Return {column: field}, with every column through which a field is written."""
        found = {column: field for field, columns in self.columns.items() for column in columns}
        return {**found, **self.also}

    def by_field(self, wanted: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return {field: {column: value}} of what has an owner among ``wanted``."""
        grouped: dict[str, dict[str, Any]] = {}
        for field, columns in self.columns.items():
            told = {column: wanted[column] for column in columns if column in wanted}
            if told:
                grouped[field] = told
        return grouped

    def source_key(self, field: str, company_id: int) -> str:
        """Return under which name the source of ``field`` is kept."""
        name = f"{self.object}.{field}" if field in self.own_names else field
        return f"{name}@{company_id}" if field in self.per_company else name

    def holds_same(self, other: Layout, field: str) -> bool:
        """Whether both objects keep ``field`` in the same columns: one value with two roles."""
        return self.columns.get(field, ()) == other.columns.get(field)


_PARTY = {
    "name": ("name",),
    "is_company": ("is_company",),
    "email": ("email",),
    "phone": ("phone",),
    "reference": ("ref",),
    "note": ("comment",),
    "language": ("lang",),
    "status": ("active",),
    "address": ("street", "street2", "city", "zip", "country_id", "state_id"),
    "tax_id": ("vat",),
}
CUSTOMER = Layout(
    "customer",
    "res.partner",
    {**_PARTY, "payment_term": ("property_payment_term_id",)},
    per_company=frozenset({"payment_term"}),
)
SUPPLIER = Layout(
    "supplier",
    "res.partner",
    {**_PARTY, "payment_term": ("property_supplier_payment_term_id",)},
    per_company=frozenset({"payment_term"}),
    home=f"{HOME}.supplier",
    own_names=frozenset({"payment_term"}),
)
PRODUCT = Layout(
    "product",
    "product.product",
    {
        "name": ("name",),
        "type": ("type",),
        "reference": ("default_code",),
        "barcode": ("barcode",),
        "price": ("lst_price",),
        "unit": ("uom_id",),
        "tax_category": ("taxes_id",),
        "accounts": ("property_account_income_id",),
        "status": ("active",),
    },
    per_company=frozenset({"tax_category", "accounts"}),
    shared=frozenset({"name", "type", "price", "unit", "tax_category", "accounts"}),
    also={"list_price": "price"},
)
LAYOUTS = {layout.object: layout for layout in (CUSTOMER, SUPPLIER, PRODUCT)}


def layouts_of(model: str) -> tuple[Layout, ...]:
    """Return the layouts of the objects that a model of Odoo can be."""
    return tuple(layout for layout in LAYOUTS.values() if layout.model == model)


@functools.cache
def watched(model: str) -> dict[str, str]:
    """Return {column that people write: column that is compared} of everything in a model that has an owner."""
    found: dict[str, str] = {}
    for layout in layouts_of(model):
        found |= {column: column for columns in layout.columns.values() for column in columns}
        found |= {column: layout.columns[field][0] for column, field in layout.also.items()}
    return found


def alike(field: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether both sides say the same: Odoo and outside systems write tax numbers and addresses differently."""
    if ours == theirs:
        return True
    spell = _SPELLING.get(field)
    if not spell:
        return False
    mine, other = ([spell(value or "") for value in values.values()] for values in (ours, theirs))
    return all(mine) and mine == other
