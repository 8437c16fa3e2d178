# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models


class ResPartner(models.Model):
    """Contacts keep where their values come from (M1)."""

    _name = "res.partner"
    _inherit = ["res.partner", "integration.sourced"]

    def write(self, vals):
        before = self._integration_before(vals)
        result = super().write(vals)
        if before:
            self.browse(before)._integration_note_edits(before)
        return result
