# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where the values of a contact come from, and what happens when somebody changes what another system owns (M1)."""

from markupsafe import Markup

from odoo import api, fields, models

from ...engine.instants import parse_instant, utc_now
from ...engine.ownership import ODOO
from ..governance.field_source import COLUMNS, FIELD_OF, HOME, OBJECT, current, entry, source_key
from ..posting.work import Told

MAX_SHOWN_CHARS = 80


class ResPartner(models.Model):
    _inherit = "res.partner"

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

    # -- a person changes a value --------------------------------------------------------------------------

    def write(self, vals):
        touched = FIELD_OF.keys() & vals.keys()
        if not touched or self.env.su or self.env.user.integration_service or not self:
            return super().write(vals)
        before = {
            partner.id: {column: current(partner, column) for column in touched}
            for partner in self
            if partner.sudo().integration_sources
        }
        result = super().write(vals)
        if before:
            self.browse(before)._integration_note_edits(before)
        return result

    def _integration_note_edits(self, before):
        """Write down that the acting user changed values, and ask where another system owns them."""
        contested = []
        for partner in self:
            changed = {
                FIELD_OF[column]
                for column, value in before[partner.id].items()
                if value != current(partner, column)
            }
            if not changed:
                continue
            sources = dict(partner.sudo().integration_sources)
            # A contact that all companies share belongs to the system of the company that brought it.
            home = self.env["integration.connection"].sudo().browse(sources.get(HOME) or []).exists()
            company = home.company_id or self.env.company
            for field in sorted(changed):
                contested += partner._integration_contest(field, before[partner.id], sources, company)
                told = Told(None, at=utc_now())
                sources[source_key(field, company)] = entry(told, self.env.uid)
            partner.sudo().integration_sources = sources
        if contested:
            self.env["integration.proposed.value"]._note_edits(contested)

    def _integration_contest(self, field, before, sources, company):
        """Return what was there before a person changed a field that a connection owns, as a list of one or none."""
        _rule, owners = self.env["integration.ownership"]._owner_of(
            company, OBJECT, field, home=sources.get(HOME)
        )
        ids = [int(owner.partition(":")[2]) for owner in owners if owner != ODOO]
        if ODOO in owners or not ids:
            return []
        columns = [column for column in COLUMNS[field] if column in before]
        return [
            {
                "partner": self,
                "field": field,
                "connection": self.env["integration.connection"].sudo().browse(ids[0]),
                "ours": {column: current(self, column) for column in columns},
                "theirs": {column: before[column] for column in columns},
                "owners": owners,
            }
        ]

    # -- what the form shows -------------------------------------------------------------------------------

    @api.depends_context("uid", "company")
    def _compute_integration_owned_text(self):
        """Name what of this contact belongs to another system, for the banner above the form."""
        Ownership = self.env["integration.ownership"].sudo()
        labels = Ownership._labels("field")
        for partner in self:
            sources = partner.sudo().integration_sources or {}
            by_owner = {}
            for field in COLUMNS if sources else ():
                _rule, owners = Ownership._owner_of(self.env.company, OBJECT, field, home=sources.get(HOME))
                if owners and ODOO not in owners:
                    by_owner.setdefault(Ownership._say_owners(owners), []).append(labels[field])
            partner.integration_owned_text = (
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
        for partner in self:
            partner.integration_proposed_count = counts.get(partner.id, 0)

    @api.depends_context("uid", "company", "lang", "tz")
    def _compute_integration_source_table(self):
        for partner in self:
            rows = partner._integration_source_rows()
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
            partner.integration_source_table = Markup(
                '<table class="table table-sm o_integration_sources"><thead>%s</thead><tbody>%s</tbody></table>'
            ) % (head, body)

    def _integration_source_rows(self):
        """Return per field: its name, value, where it comes from, since when, by whom, whose it is."""
        self.ensure_one()
        Ownership = self.env["integration.ownership"].sudo()
        labels, company = Ownership._labels("field"), self.env.company
        sources = self.sudo().integration_sources or {}
        rows = []
        for field in COLUMNS:
            known = sources.get(source_key(field, company)) or {}
            value = self._integration_field_text(field)
            if not value and not known:
                continue
            _rule, owners = Ownership._owner_of(company, OBJECT, field, home=sources.get(HOME))
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

    def _integration_field_text(self, field, values=None):
        """Return a field as people read it: of this contact, or of ``values`` by column."""
        if values is None:
            values = {column: current(self, column) for column in COLUMNS[field]}
        texts = []
        for column in COLUMNS[field]:
            value = values.get(column)
            definition = self._fields[column]
            if value is None:
                continue
            if definition.type == "many2one":
                value = self.env[definition.comodel_name].sudo().browse(value).exists().display_name
            elif definition.type == "boolean":
                yes, no = {
                    "is_company": (self.env._("Company"), self.env._("Person")),
                    "active": (self.env._("Active"), self.env._("Archived")),
                }[column]
                value = yes if value else no
            texts.append(str(value or ""))
        return ", ".join(text for text in texts if text)

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
        """Button: open the values that other systems propose for this contact."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_proposed_value")
        return dict(
            action,
            domain=[("res_model", "=", self._name), ("res_id", "=", self.id)],
            context={"search_default_open": 1},
        )
