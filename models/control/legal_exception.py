# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The exception of missing legal numbers leads to them; it closes when all of them are explained or have arrived."""

from odoo import models
from odoo.exceptions import UserError

CODE = "legal_number_missing"


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def _legal_series(self):
        """Return the series that these exceptions are about."""
        names = [row.cause.removeprefix("series ") for row in self.filtered(lambda row: row.code == CODE)]
        return self.env["integration.legal.series"].search(
            [("connection_id", "in", self.connection_id.ids), ("name", "in", names)]
        )

    def action_open_legal_numbers(self):
        """Button: open the numbers that are missing or there twice."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_legal_gap")
        return dict(
            action,
            domain=[("series_id", "in", self._legal_series().ids)],
            context={"search_default_open": 1},
        )

    def action_mark_resolved(self):
        if self.sudo()._legal_series().gap_ids.filtered(lambda gap: gap.state == "open"):
            raise UserError(self.env._("Numbers are still missing. Explain them, or have them sent."))
        return super().action_mark_resolved()
