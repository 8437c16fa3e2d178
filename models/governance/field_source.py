# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an outside system says of a contact, sorted by ownership: what lands, and what is only proposed (M1)."""

from __future__ import annotations

import dataclasses

from odoo import api, models
from odoo.tools import html2plaintext

from ...engine.duplicates import normal_code, normal_email
from ...engine.instants import format_instant, parse_instant
from ...engine.ownership import ODOO, Verdict, judge
from ..posting.work import Told

OBJECT = "customer"
# What has an owner → the columns of the contact that hold it. An address is one thing: half of it is none.
COLUMNS = {
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
    "payment_term": ("property_payment_term_id",),
}
FIELD_OF = {column: field for field, columns in COLUMNS.items() for column in columns}
# Differs from company to company; its source does, too.
PER_COMPANY = frozenset({"payment_term"})
# Who brought the contact first, in the same place as the sources of its fields.
HOME = "_home"


@dataclasses.dataclass
class Contested:
    """A value that did not land: what is there, what was said, and why it stays out. Values are by column."""

    partner: object
    field: str
    ours: dict
    theirs: dict
    verdict: Verdict
    owners: frozenset
    told: Told


def source_key(field, company):
    """Return under which name the source of a field is kept."""
    return f"{field}@{company.id}" if field in PER_COMPANY else field


def current(partner, column):
    """Return what a column holds, as a document would say it; None = nothing."""
    value = partner[column]
    field = partner._fields[column]
    if field.type == "boolean":
        return bool(value)
    if field.type == "many2one":
        return value.id or None
    if field.type == "html":
        return html2plaintext(value).strip() or None if value else None
    return value or None


def alike(field, ours, theirs):
    """Whether both sides say the same: Odoo and outside systems write tax numbers and addresses differently."""
    if ours == theirs:
        return True
    spell = {"tax_id": normal_code, "email": normal_email}.get(field)
    if not spell:
        return False
    mine, other = ([spell(value or "") for value in values.values()] for values in (ours, theirs))
    return all(mine) and mine == other


def entry(told, user_id=None):
    """Return a source as it is kept with the contact."""
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
    def _sort(self, partner, wanted, told, second_name=False):
        """Sort what a connection says of a contact.

        :param wanted: {column: value}; only what the source says.
        :param second_name: the connection knows the contact under another, leading id.
        :returns: (values to write, with their sources; list of Contested; fields on which all agree).
        """
        company = told.connection.company_id
        sources = partner.integration_sources or {}
        home = sources.get(HOME)
        writer = f"connection:{told.connection.id}"
        values, noted, contested, agreed = {}, {}, [], []
        for field, theirs in self._by_field(wanted).items():
            ours = {column: current(partner, column) for column in theirs}
            if alike(field, ours, theirs):
                agreed.append(field)
                continue
            rule, owners = self._owner_of(company, OBJECT, field, told.connection, home or told.connection.id)
            known = sources.get(source_key(field, company)) or {}
            verdict = judge(
                rule,
                writer,
                owners,
                is_empty=all(value is None for value in ours.values()),
                told_at=told.at,
                known_at=parse_instant(known["at"]) if known.get("at") else None,
                second_name=second_name,
            )
            if not verdict.lands:
                contested.append(Contested(partner, field, ours, theirs, verdict, owners, told))
                continue
            values |= theirs
            noted[source_key(field, company)] = entry(told)
            if verdict.why == "newest" or self._was_edited_here(known, owners):
                # It lands, and what it replaces is kept beside it.
                contested.append(Contested(partner, field, ours, theirs, verdict, owners, told))
        if not home:
            noted[HOME] = told.connection.id
        if noted:
            values["integration_sources"] = {**sources, **noted}
        return values, contested, agreed

    def _was_edited_here(self, known, owners):
        return bool(known.get("user")) and ODOO not in owners

    @api.model
    def _by_field(self, wanted):
        """Return {field: {column: value}} of what has an owner."""
        grouped = {}
        for column, value in wanted.items():
            if field := FIELD_OF.get(column):
                grouped.setdefault(field, {})[column] = value
        return grouped

    @api.model
    def _sources_of_new(self, wanted, told):
        """Return the sources of a contact that is created from what a connection says of it."""
        company = told.connection.company_id
        sources = {source_key(field, company): entry(told) for field in self._by_field(wanted)}
        return {**sources, HOME: told.connection.id}
