# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Two records side by side, as people compare them."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools.misc import format_date

from ...engine.owned_columns import layouts_of
from ...engine.ownership import ODOO


class IntegrationDuplicate(models.Model):
    _inherit = "integration.duplicate"

    comparison_html = fields.Html(compute="_compute_comparison_html", sanitize=False, string="Side by side")

    first_shown = fields.Char(compute="_compute_shown", string="This one")
    second_shown = fields.Char(compute="_compute_shown", string="and that one")

    @api.depends("res_model", "first_id", "second_id", "first_name", "second_name")
    def _compute_shown(self):
        """Name both as they are called now; what is gone keeps the name under which it was found."""
        for model, pairs in self.grouped("res_model").items():
            ids = {number for pair in pairs for number in (pair.first_id, pair.second_id)}
            # Whoever sees the pair sees its names: they are kept with it, too.
            there = self.env[model].sudo().browse(ids).exists() if model else ()
            names = {record.id: record.name for record in there}
            for pair in pairs:
                pair.first_shown = names.get(pair.first_id) or pair.first_name
                pair.second_shown = names.get(pair.second_id) or pair.second_name

    @api.depends("first_shown", "second_shown")
    def _compute_display_name(self):
        for pair in self:
            pair.display_name = f"{pair.first_shown or ''} · {pair.second_shown or ''}"

    def _records(self):
        """Return (first, second) as the acting user may see them."""
        self.ensure_one()
        Model = self.env[self.res_model].with_context(active_test=False)
        return Model.browse(self.first_id).exists(), Model.browse(self.second_id).exists()

    def _compute_comparison_html(self):
        for pair in self:
            first, second = pair._records()
            if not first or not second:
                pair.comparison_html = False
                continue
            rows = Markup("").join(
                Markup('<tr class="%s"><td>%s</td><td>%s</td><td>%s</td></tr>')
                % ("" if one == other else "fw-bold", label, one, other)
                for label, one, other in pair._comparison(first, second)
            )
            pair.comparison_html = Markup(
                '<table class="table table-sm"><thead><tr><th></th><th>%s</th><th>%s</th></tr></thead>'
                "<tbody>%s</tbody></table>"
            ) % (first.display_name, second.display_name, rows)

    def _comparison(self, first, second):
        """Return (label, text of the first, text of the second) of what tells who they are."""
        _ = self.env._
        labels = self.env["integration.ownership"].sudo()._labels("field")
        rows = [
            (labels[field], first._integration_field_text(field), second._integration_field_text(field))
            for field in layouts_of(self.res_model)[0].columns
        ]
        if self.res_model == "res.partner":
            rows += [
                (label, *(", ".join(one.sudo()[field].mapped(name)) for one in (first, second)))
                for label, field, name in ((_("Bank accounts"), "bank_ids", "acc_number"),)
            ]
        rows.append((_("Owned by"), *(self._home_text(one) for one in (first, second))))
        rows.append((_("Known outside as"), *(self._binding_text(one) for one in (first, second))))
        rows.append((_("Created"), *(format_date(self.env, one.create_date) for one in (first, second))))
        return [row for row in rows if row[1] or row[2]]

    def _home_text(self, record):
        sources = record.sudo().integration_sources or {}
        Ownership = self.env["integration.ownership"].sudo()
        layout = record._integration_layouts(sources)[0]
        _rule, owners = Ownership._owner_of(
            self.env.company, layout.object, "name", home=sources.get(layout.home)
        )
        return Ownership._say_owners(owners or {ODOO})

    def _binding_text(self, record):
        bindings = self.env["integration.binding"].sudo().search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)], limit=20
        )  # fmt: skip
        return ", ".join(f"{binding.connection_id.name}: {binding.outside_id}" for binding in bindings)
