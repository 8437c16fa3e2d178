# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an outside system says of a record, sorted by ownership: what lands, and what is only proposed (M1)."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from odoo import api, models
from odoo.tools import html2plaintext

from ...engine.canonical.master_rules import MAX_PRICE_DECIMALS
from ...engine.instants import format_instant, parse_instant
from ...engine.money import plain
from ...engine.owned_columns import LAYOUTS, alike, layouts_of
from ...engine.ownership import ODOO, Verdict, judge, together
from ..posting.work import Told


@dataclasses.dataclass
class Contested:
    """A value that did not land: what is there, what was said, and why it stays out. Values are by column.

    ``object`` is the key of ``LAYOUTS`` as which the record was spoken of.
    """

    record: object
    object: str
    field: str
    ours: dict
    theirs: dict
    verdict: Verdict
    owners: frozenset
    told: Told


def current(record, column):
    """Return what a column holds, as a document would say it and as JSON can keep it; None = nothing."""
    value = record[column]
    field = record._fields[column]
    if field.type == "boolean":
        return bool(value)
    if field.type == "many2one":
        return value.id or None
    if field.type == "many2many":  # taxes: those of the company alone
        return sorted(value.filtered(lambda row: row.company_id == record.env.company).ids) or None
    if field.type == "float":
        return price_text(Decimal(f"{value:.{MAX_PRICE_DECIMALS}f}"))
    if field.type == "html":
        return html2plaintext(value).strip() or None if value else None
    return value or None


def price_text(value):
    """Return a price as it is compared and kept: a plain decimal without trailing zeros."""
    return plain(value.normalize() + 0)


def writable(record, values):
    """Return values by column, as ``current`` gives them, in the form in which they are written."""
    written = {}
    for column, value in values.items():
        field = record._fields[column]
        if field.type == "many2many":
            others = record[column].filtered(lambda row: row.company_id != record.env.company)
            written[column] = [(6, 0, [*others.ids, *(value or ())])]
        elif field.type == "float":
            written[column] = float(value or 0)
        else:
            written[column] = value or False
    return written


def entry(told, user_id=None):
    """Return a source as it is kept with the record."""
    kept = {
        "connection": told.connection.id if told.connection else None,
        "user": user_id,
        "at": format_instant(told.at) if told.at else None,
        "message": told.message_id,
        "actor": told.actor,
    }
    return {name: value for name, value in kept.items() if value}


class IntegrationOwnership(models.Model):
    _inherit = "integration.ownership"

    @api.model
    def _sort(self, record, wanted, told, object_type="customer", second_name=False):
        """Sort what a connection says of a contact or a product.

        :param wanted: {column: value as ``current`` gives it}; only what the source says.
        :param object_type: key of LAYOUTS: as what the connection speaks of the record.
        :param second_name: the connection knows the record under another, leading id.
        :returns: (values to write, with their sources; list of Contested; fields on which all agree).
        """
        layout, company = LAYOUTS[object_type], told.connection.company_id
        sources = record.integration_sources or {}
        home = sources.get(layout.home)
        # What it has from Odoo never becomes its own by what it says of it later.
        made_here = not home and bool(
            object_type == "customer"
            and self.env["integration.customer.copy"]._made_here(told.connection, record)
        )
        values, noted, contested, agreed = {}, {}, [], []
        for field, theirs in layout.by_field(wanted).items():
            ours = {column: current(record, column) for column in theirs}
            if alike(field, ours, theirs):
                agreed.append(field)
                continue
            own_home = None if made_here else told.connection.id
            rule, owners = self._owner_of(company, layout.object, field, told.connection, home or own_home)
            if made_here and not owners:
                owners = frozenset({ODOO})
            key = layout.source_key(field, company.id)
            known = sources.get(key) or {}
            facts = {
                "is_empty": all(value is None for value in ours.values()),
                "told_at": told.at,
                "known_at": parse_instant(known["at"]) if known.get("at") else None,
            }
            verdict = judge(
                rule, f"connection:{told.connection.id}", owners, **facts, second_name=second_name
            )
            if verdict.lands:  # also what is empty: another role, or other variants, may be why it is
                others = self._in_other_roles(layout, field, sources, told, facts)
                shared = field in layout.shared and record._integration_is_shared()
                verdict = together(verdict, shared=shared, others=others)
            row = Contested(record, layout.object, field, ours, theirs, verdict, owners, told)
            if not verdict.lands:
                contested.append(row)
                continue
            values |= writable(record, theirs)
            noted[key] = entry(told)
            if verdict.why == "newest" or self._was_edited_here(known, owners):
                contested.append(row)  # it lands, and what it replaces is kept beside it
        if not home and not made_here:
            noted[layout.home] = told.connection.id
        if noted:
            values["integration_sources"] = {**sources, **noted}
        return values, contested, agreed

    def _in_other_roles(self, layout, field, sources, told, facts):
        """Return the verdicts of the rules about what else the record was brought as."""
        verdicts = []
        for other in layouts_of(layout.model):
            if other is layout or not sources.get(other.home) or not other.holds_same(layout, field):
                continue
            rule, owners = self._owner_of(
                told.connection.company_id, other.object, field, told.connection, sources[other.home]
            )
            verdicts.append(judge(rule, f"connection:{told.connection.id}", owners, **facts))
        return verdicts

    def _was_edited_here(self, known, owners):
        return bool(known.get("user")) and ODOO not in owners

    @api.model
    def _sources_of_new(self, wanted, told, object_type="customer"):
        """Return the sources of a record that is created from what a connection says of it."""
        layout, company = LAYOUTS[object_type], told.connection.company_id
        sources = {layout.source_key(field, company.id): entry(told) for field in layout.by_field(wanted)}
        return {**sources, layout.home: told.connection.id}
