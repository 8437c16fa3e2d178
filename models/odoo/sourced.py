# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where the values of a record come from, and what happens when somebody changes what another system owns (M1)."""

from markupsafe import Markup

from odoo import api, fields, models

from ...engine.instants import parse_instant, utc_now
from ...engine.owned_columns import layouts_of, watched
from ...engine.ownership import ODOO
from ..governance.field_source import current, entry
from ..posting.work import Told

MAX_SHOWN_CHARS = 80


class IntegrationSourced(models.AbstractModel):
    """A record whose fields have owners: it keeps with each value who said it, since when, by which event."""

    _name = "integration.sourced"
    _description = "Record that several systems know"

    integration_sources = fields.Json(
        copy=False,
        prefetch=False,
        readonly=True,
        groups="base.group_user",
        string="Sources of the fields",
        help="Per field: which system said it, when, by which event or person.",
    )
    integration_source_table = fields.Html(
        compute="_compute_integration_source_table", string="Source of fields", sanitize=False
    )
    integration_owned_text = fields.Char(compute="_compute_integration_owned_text")
    integration_proposed_count = fields.Integer(
        compute="_compute_integration_proposed_count", string="Other values"
    )

    # -- how it is written ---------------------------------------------------------------------------------

    def _integration_write_values(self, values):
        """Write what an outside system says, as ``field_source.writable`` gives it."""
        return self.write(values)

    def _integration_is_shared(self):
        """Whether this record has values in common with others of its model."""
        return False

    # -- a person changes a value --------------------------------------------------------------------------

    def _integration_before(self, vals):
        """Return {record id: {column: value}} of what a person is about to change and a system has said."""
        columns = {column for name, column in watched(self._name).items() if name in vals}
        if not columns or self.env.su or self.env.user.integration_service or not self:
            return {}
        return {
            record.id: {column: current(record, column) for column in columns}
            for record in self
            if record.sudo().integration_sources
        }

    def _integration_note_edits(self, before):
        """Write down that the acting user changed values, and ask where another system owns them."""
        contested = []
        for record in self:
            changed = {
                column for column, value in before[record.id].items() if value != current(record, column)
            }
            if not changed:
                continue
            sources = dict(record.sudo().integration_sources)
            for layout in self._integration_layouts(sources):
                home = (
                    self.env["integration.connection"].sudo().browse(sources.get(layout.home) or []).exists()
                )
                for field in sorted({layout.field_of[name] for name in changed if name in layout.field_of}):
                    company = self._integration_company_of(layout, field, home)
                    contested += record._integration_contest(layout, field, before[record.id], home, company)
                    told = Told(None, at=utc_now())
                    sources[layout.source_key(field, company.id)] = entry(told, self.env.uid)
            record.sudo().integration_sources = sources
        self.env["integration.proposed.value"]._note_edits(contested)

    @api.model
    def _integration_company_of(self, layout, field, home):
        """Return the company under which a person's change of a field is noted, and by whose rules it is judged.

        :param home: the connection that brought the record, or none.
        """
        # What differs from company to company is that of the one in which the person works. A value that all
        # companies share belongs to the system of the company that brought the record.
        if field in layout.per_company:
            return self.env.company
        return home.company_id or self.env.company

    def _integration_contest(self, layout, field, before, home, company):
        """Return what was there before a person changed a field that a connection owns, as a list of one or none."""
        # A system of another company says nothing of what this one keeps for itself.
        if field in layout.per_company and home.company_id != company:
            home = home.browse()
        _rule, owners = self.env["integration.ownership"]._owner_of(
            company, layout.object, field, home=home.id or None
        )
        ids = [int(owner.partition(":")[2]) for owner in owners if owner != ODOO]
        if ODOO in owners or not ids:
            return []
        columns = [column for column in layout.columns[field] if column in before]
        return [
            {
                "record": self,
                "object": layout.object,
                "field": field,
                "connection": self.env["integration.connection"].sudo().browse(ids[0]),
                "ours": {column: current(self, column) for column in columns},
                "theirs": {column: before[column] for column in columns},
                "owners": owners,
            }
        ]

    # -- what the form shows -------------------------------------------------------------------------------

    @api.model
    def _integration_layouts(self, sources):
        """Return the layouts of what systems have brought the record as; the usual one where nobody has."""
        known = layouts_of(self._name)
        return tuple(layout for layout in known if (sources or {}).get(layout.home)) or known[:1]

    @api.model
    def _integration_owned_fields(self, sources):
        """Yield (layout, field) of everything that has an owner; what two objects keep in one place comes once."""
        seen = []
        for layout in self._integration_layouts(sources):
            for field in layout.columns:
                if not any(layout.holds_same(other, field) for other in seen):
                    yield layout, field
            seen.append(layout)

    @api.depends_context("uid", "company")
    def _compute_integration_owned_text(self):
        """Name what of this record belongs to another system, for the banner above the form."""
        Ownership = self.env["integration.ownership"].sudo()
        labels = Ownership._labels("field")
        for record in self:
            sources = record.sudo().integration_sources or {}
            by_owner = {}
            for layout, field in self._integration_owned_fields(sources) if sources else ():
                _rule, owners = Ownership._owner_of(
                    self.env.company, layout.object, field, home=sources.get(layout.home)
                )
                if owners and ODOO not in owners:
                    by_owner.setdefault(Ownership._say_owners(owners), []).append(labels[field])
            record.integration_owned_text = (
                "; ".join(f"{owner}: {', '.join(names)}" for owner, names in by_owner.items()) or False
            )

    def _compute_integration_proposed_count(self):
        counts = dict(
            self.env["integration.proposed.value"]
            .sudo()
            ._read_group(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "in", self.ids),
                    ("state", "in", ("open", "asked")),
                    ("company_id", "in", self.env.companies.ids),
                ],
                ["res_id"],
                ["__count"],
            )
        )
        for record in self:
            record.integration_proposed_count = counts.get(record.id, 0)

    @api.depends_context("uid", "company", "lang", "tz")
    def _compute_integration_source_table(self):
        for record in self:
            rows = record._integration_source_rows()
            head = Markup("<tr>%s</tr>") % Markup("").join(
                Markup("<th>%s</th>") % title
                for title in (
                    self.env._("Field"),
                    self.env._("Value"),
                    self.env._("Comes from"),
                    self.env._("Since"),
                    self.env._("By"),
                    self.env._("Owner"),
                )
            )
            body = Markup("").join(
                Markup("<tr>%s</tr>") % Markup("").join(Markup("<td>%s</td>") % cell for cell in row)
                for row in rows
            )
            record.integration_source_table = Markup(
                '<table class="table table-sm o_integration_sources"><thead>%s</thead><tbody>%s</tbody></table>'
            ) % (head, body)

    def _integration_source_rows(self):
        """Return per field: its name, value, where it comes from, since when, by whom, whose it is."""
        self.ensure_one()
        Ownership = self.env["integration.ownership"].sudo()
        labels, company = Ownership._labels("field"), self.env.company
        sources = self.sudo().integration_sources or {}
        rows = []
        for layout, field in self._integration_owned_fields(sources):
            known = sources.get(layout.source_key(field, company.id)) or {}
            value = self._integration_values_text(
                {column: current(self, column) for column in layout.columns[field]}
            )
            if not value and not known:
                continue
            _rule, owners = Ownership._owner_of(company, layout.object, field, home=sources.get(layout.home))
            rows.append(
                (
                    labels[field],
                    value[:MAX_SHOWN_CHARS],
                    self._integration_source_name(known),
                    self._integration_source_time(known),
                    self._integration_source_person(known),
                    Ownership._say_owners(owners),
                )
            )
        return rows

    def _integration_field_text(self, field):
        """Return a field of this record as people read it."""
        [layout, *_others] = [each for each in layouts_of(self._name) if field in each.columns]
        return self._integration_values_text(
            {column: current(self, column) for column in layout.columns[field]}
        )

    def _integration_values_text(self, values):
        """Return values by column, as ``field_source.current`` gives them, as people read them."""
        order = list(
            dict.fromkeys(
                name for each in layouts_of(self._name) for names in each.columns.values() for name in names
            )
        )
        texts = [
            self._integration_value_text(column, values[column])
            for column in order
            if values.get(column) is not None
        ]
        return ", ".join(text for text in texts if text)

    def _integration_value_text(self, column, value):
        field = self._fields[column]
        if field.type in ("many2one", "many2many"):
            ids = value if isinstance(value, list) else [value]
            records = self.env[field.comodel_name].sudo().browse(ids).exists()
            return ", ".join(name for name in records.mapped("display_name") if name)
        if field.type == "boolean":
            yes, no = {
                "is_company": (self.env._("Company"), self.env._("Person")),
                "active": (self.env._("Active"), self.env._("Archived")),
            }[column]
            return yes if value else no
        if field.type == "selection" and column != "lang":
            return dict(field._description_selection(self.env)).get(value, value)
        return str(value or "")

    def _integration_source_words(self, known):
        """Return a source in words: ``Partner platform, 2026-03-02 10:00``."""
        self.ensure_one()
        parts = [
            self._integration_source_name(known),
            self._integration_source_person(known),
            parse_instant(known["at"]).strftime("%Y-%m-%d %H:%M UTC") if known.get("at") else "",
        ]
        return ", ".join(part for part in parts if part)

    def _integration_source_name(self, known):
        if known.get("connection"):
            connection = self.env["integration.connection"].sudo().browse(known["connection"]).exists()
            return connection.name or self.env._("a connection that is gone")
        return self.env._("Entered in Odoo")

    def _integration_source_time(self, known):
        moment = parse_instant(known["at"]).replace(tzinfo=None) if known.get("at") else self.create_date
        return (
            fields.Datetime.to_string(fields.Datetime.context_timestamp(self, moment))[:16] if moment else ""
        )

    def _integration_source_person(self, known):
        if known.get("user"):
            return self.env["res.users"].sudo().browse(known["user"]).exists().name or ""
        if known.get("connection"):
            return known.get("actor") or ""
        return self.create_uid.sudo().name or ""

    def action_open_integration_proposed(self):
        """Button: open the values that other systems propose for this record."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_proposed_value")
        return dict(
            action,
            domain=[("res_model", "=", self._name), ("res_id", "=", self.id)],
            context={"search_default_open": 1},
        )
