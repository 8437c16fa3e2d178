# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.owned_columns import layouts_of
from ..engine.ownership import ODOO
from ..models.governance.ownership_words import FIELD_LABELS, open_form

SIDES = [("first", "This one"), ("second", "That one")]


class IntegrationDuplicateMerge(models.TransientModel):
    """The dialog in which a merge is proposed: which one stays, and whose value survives for each field."""

    _name = "integration.duplicate.merge"
    _description = "Proposal to merge"

    duplicate_id = fields.Many2one("integration.duplicate", required=True, readonly=True)
    res_model = fields.Selection(related="duplicate_id.res_model")
    first_name = fields.Char(related="duplicate_id.first_shown")
    second_name = fields.Char(related="duplicate_id.second_shown")
    survivor = fields.Selection(SIDES, required=True, default="first", string="Stays")
    line_ids = fields.One2many("integration.duplicate.merge.line", "merge_id", string="Whose value")
    reason = fields.Char(required=True, string="Why")

    @api.model
    def default_get(self, names):
        values = super().default_get(names)
        pair_id = values.get("duplicate_id") or self.env.context.get("default_duplicate_id")
        pair = self.env["integration.duplicate"].browse(pair_id)
        if pair:
            first, second = pair._records()
            if not first or not second:
                raise UserError(self.env._("One of the two is no longer there. Press “Look again”."))
            values["survivor"] = self._usual_survivor(first, second)
            values["line_ids"] = [(0, 0, line) for line in self._lines(first, second, values["survivor"])]
        return values

    @api.model
    def _usual_survivor(self, first, second):
        """Propose the one that all companies share, then the one with entries, then the older one."""
        if bool(first.company_id) != bool(second.company_id):
            return "second" if first.company_id else "first"
        if first._name == "res.partner":
            counts = dict(
                self.env["account.move"]
                .sudo()
                ._read_group(
                    [("commercial_partner_id", "in", (first.id, second.id)), ("state", "=", "posted")],
                    ["commercial_partner_id"],
                    ["__count"],
                )
            )
            if counts.get(second, 0) > counts.get(first, 0):
                return "second"
        return "first"

    @api.model
    def _lines(self, first, second, survivor):
        lines = []
        for field in layouts_of(first._name)[0].columns:
            if first._name == "product.product" and field == "status":
                continue  # the one that goes is archived
            one, other = first._integration_field_text(field), second._integration_field_text(field)
            if one == other:
                continue
            lines.append(
                {
                    "field": field,
                    "first_text": one,
                    "second_text": other,
                    "keep": self._usual_side(field, first, second, one, other, survivor),
                }
            )
        return lines

    @api.model
    def _usual_side(self, field, first, second, one, other, survivor):
        """Propose the owner's value: of the record that the owner brought; what is empty never goes before."""
        if not one or not other:
            return "first" if one else "second"
        Ownership = self.env["integration.ownership"].sudo()
        layout = layouts_of(first._name)[0]
        for side, record in (("first", first), ("second", second)):
            home = (record.sudo().integration_sources or {}).get(layout.home)
            _rule, owners = Ownership._owner_of(self.env.company, layout.object, field)
            if ODOO not in owners and home and f"connection:{home}" in owners:
                return side
        return survivor

    def action_ask(self):
        """Button: ask a second person to agree."""
        self.ensure_one()
        pair = self.duplicate_id
        first, second = pair._records()
        survivor = first if self.survivor == "first" else second
        keep_other = [line.field for line in self.line_ids if line.keep != self.survivor]
        request = pair._ask_for_merge(survivor, keep_other, self.reason, self._summary(survivor))
        return open_form(request)

    def _summary(self, survivor):
        labels = dict(FIELD_LABELS)
        lines = [
            self.env._("Stays: %s", survivor.display_name),
            self.env._("Because: %s", self.duplicate_id.reasons),
        ]
        for line in self.line_ids:
            kept, lost = (
                (line.first_text, line.second_text)
                if line.keep == "first"
                else (line.second_text, line.first_text)
            )
            label = labels[line.field]
            lines.append(
                self.env._(
                    "%(field)s: %(kept)s (not: %(lost)s)", field=label, kept=kept or "–", lost=lost or "–"
                )
            )
        return "\n".join(lines)


class IntegrationDuplicateMergeLine(models.TransientModel):
    """One field in which the two differ."""

    _name = "integration.duplicate.merge.line"
    _description = "Field of a proposal to merge"

    merge_id = fields.Many2one("integration.duplicate.merge", required=True, ondelete="cascade")
    field = fields.Selection(FIELD_LABELS, required=True, readonly=True)
    first_text = fields.Char(readonly=True, string="This one")
    second_text = fields.Char(readonly=True, string="That one")
    keep = fields.Selection(SIDES, required=True, string="Survives")
