# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which codes of the source still need a meaning: those that events use, and those that wait in exceptions."""

from odoo import fields, models

from ..governance.mapping import MAPPING_CODES

UNMAPPED = ("missing", "expired", "archived")
MAX_SHOWN = 20


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    coverage_ids = fields.One2many("integration.mapping.coverage", "connection_id", string="Codes looked at")
    guide_codes_text = fields.Text(
        compute="_compute_guide_codes",
        string="Codes to map",
        help="Tax codes, products, accounts and others that the source uses and nobody has mapped.",
    )

    def _compute_guide_codes(self):
        for connection in self:
            connection.guide_codes_text = connection._codes_words()

    def _codes_words(self):
        """Return in words which codes are not mapped, or what has to come in before that can be known."""
        self.ensure_one()
        _ = self.env._
        kinds = dict(self.env["integration.mapping"]._fields["mapping"]._description_selection(self.env))
        open_codes = [
            _(
                "%(kind)s “%(value)s” (events: %(count)s)",
                kind=kinds.get(row.mapping, row.mapping),
                value=(row.outside_label and f"{row.outside_value} ({row.outside_label})")
                or row.outside_value,
                count=row.seen_count,
            )
            for row in self._codes_open()[:MAX_SHOWN]
        ]
        lines = [f"• {text}" for text in open_codes]
        if waiting := self._codes_waiting():
            lines.append(_("%s exceptions wait for a mapping.", waiting))
        if lines:
            return "\n".join(lines)
        if not self.coverage_ids and not self.last_received_at:
            return _(
                "Nothing has come in yet, so no code is known. Send a test event, or fetch the lists; then look at the "
                "codes here."
            )
        return _("Every code that events have used so far is mapped.")

    def _codes_open(self):
        return self.coverage_ids.filtered(lambda row: row.situation in UNMAPPED).sorted(
            lambda row: (-row.seen_count, row.mapping, row.outside_value)
        )

    def _codes_waiting(self):
        return self.env["integration.exception"].search_count(
            [
                ("connection_id", "=", self.id),
                ("code", "in", MAPPING_CODES),
                ("state", "=", "open"),
            ],
            limit=1000,
        )

    def _guide_codes_missing(self):
        """Return how many codes are known to need a mapping."""
        self.ensure_one()
        return len(self._codes_open()) or self._codes_waiting()

    def action_guide_codes(self):
        """Button: look which codes the events of the last days use, and show the list."""
        self.ensure_one()
        self._check_may_set_up()
        look = self.env["integration.mapping.look"].create({"connection_id": self.id})
        return look.action_look()
