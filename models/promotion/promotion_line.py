# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine.promotion import PARTS, SECTIONS, SPANS, STEPS, TAXES, TIERS
from ...engine.promotion_plan import ADDED, CHANGED, ONLY_HERE, SAME, operations

CHANGES = [(ADDED, "New here"), (CHANGED, "Other here"), (ONLY_HERE, "Only here, stays")]


class IntegrationPromotionLine(models.Model):
    """One record of a configuration from elsewhere: as it is here, as it would be, and what is missing for it."""

    _name = "integration.promotion.line"
    _description = "Difference between two configurations"
    _order = "promotion_id, id"
    _rec_name = "key"

    promotion_id = fields.Many2one(
        "integration.promotion", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="promotion_id.company_id", store=True, index=True)
    section = fields.Selection("_selection_section", required=True, readonly=True, string="What")
    key = fields.Char(required=True, readonly=True, string="Which")
    change = fields.Selection(CHANGES, required=True, readonly=True, string="Compared")
    before = fields.Text(readonly=True, string="Here now")
    after = fields.Text(readonly=True, string="There")
    gap = fields.Text(readonly=True, string="Missing here")
    step = fields.Text(readonly=True, string="What to do")
    leave_out = fields.Boolean(help="This record is not taken over; the others are.")

    @api.model
    def _selection_section(self):
        _ = self.env._
        return [
            ("connections", _("Connection")),
            ("balance_accounts", _("Balance at the provider")),
            ("flows", _("Flow")),
            ("role_accounts", _("Account of a role")),
            ("collection_agreements", _("Collects for another company")),
            ("mappings", _("Mapping")),
            ("ownership", _("Ownership")),
            ("subscriptions", _("Subscription")),
            ("rules", _("Rule")),
            ("shared_rules", _("Rule for all companies")),
            ("assignment_rules", _("Assignment rule")),
            ("limits", _("Limits")),
            ("approval_rules", _("Approval rule")),
            ("shared_approval_rules", _("Approval rule for all companies")),
        ]

    def write(self, vals):
        if "leave_out" in vals and not self.env.su:
            for promotion in self.promotion_id:
                promotion._check_ready()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_by_comparing(self):
        if not self.env.su:
            raise UserError(self.env._("To let a record stay as it is here, tick “Leave out”."))

    @api.model
    def _lines_of(self, promotion, target, differences, left_out):
        """Return values of the lines that show these differences, with the gaps of each; those with gaps come first."""
        planned = operations(
            difference
            for difference in differences
            if (difference.section, key_text(difference.key)) not in left_out
        )
        gaps = self.env["integration.promotion.rows"]._gaps(
            promotion.company_id, target, planned, promotion.environment
        )
        lines = []
        for difference in differences:
            if difference.change == SAME or _is_out_of_use(difference):
                continue
            missing = gaps.get((difference.section, difference.key), [])
            key = key_text(difference.key)
            names = difference.fields or tuple(SECTIONS[difference.section].fields)
            lines.append(
                {
                    "promotion_id": promotion.id,
                    "section": difference.section,
                    "key": key,
                    "change": difference.change,
                    "before": self._words_of(difference.section, difference.before, names),
                    "after": self._words_of(difference.section, difference.after, names),
                    "gap": "\n".join(gap for gap, _step in missing) or False,
                    "step": "\n".join(dict.fromkeys(step for _gap, step in missing)) or False,
                    "leave_out": (difference.section, key) in left_out,
                }
            )
        return sorted(lines, key=lambda line: not line["gap"])

    @api.model
    def _words_of(self, section, values, names):
        """Return values as lines of text, one per field that differs; what is empty is left out."""
        if values is None:
            return False
        model = self.env[SECTIONS[section].model]
        lines = []
        for name in names:
            text = self._text(SECTIONS[section].fields[name], values[name])
            if name in model._fields:
                label = model._fields[name]._description_string(self.env)
            else:
                label = {
                    "spans": self.env._("Means"),
                    "taxes": self.env._("Which tax that is"),
                }.get(name) or self.env._("Who has to agree")
            if text or len(names) == 1:
                lines.append(f"{label}: {text or '–'}")
        return "\n".join(lines) or "–"

    @api.model
    def _text(self, kind, value):
        if kind == SPANS:
            return "; ".join(f"{first or '…'} – {last or '…'}: {meaning}" for first, last, meaning in value)
        if kind == TIERS:
            return "; ".join(
                f"{tier['count']} × {' / '.join(filter(None, (tier['group'], *tier['people'])))}"
                for tier in value
            )
        if kind in (TAXES, PARTS, STEPS):
            rows = self.env["integration.promotion.rows"]
            words = rows._tax_words if kind == TAXES else partial(rows._rule_words, kind)
            return "; ".join(map(words, value))
        if isinstance(value, bool):
            return self.env._("yes") if value else self.env._("no")
        if isinstance(value, list):
            return ", ".join(value)
        return str(value or "")


def _is_out_of_use(difference):
    """Whether a record is only here and out of use: that is as if it were not here, too."""
    return difference.change == ONLY_HERE and difference.before.get("active") is False


def key_text(key):
    """Return a key as people read it; two keys never read the same."""
    return " · ".join(part.replace("·", "··") or "–" for part in key)
