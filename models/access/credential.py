# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models


class IntegrationCredential(models.Model):
    """Secrets are entered, replaced and ended by whoever holds that right, with a second factor (C1, C8)."""

    _inherit = "integration.credential"

    @api.model_create_multi
    def create(self, vals_list):
        connections = self.env["integration.connection"].browse(
            vals["connection_id"] for vals in vals_list if vals.get("connection_id")
        )
        self._check_may_manage(connections)
        return super().create(vals_list)

    def write(self, vals):
        self._check_may_manage(self)
        return super().write(vals)

    def unlink(self):
        self._check_may_manage(self)  # before anything is written about it
        return super().unlink()

    def _check_may_manage(self, records):
        """Refuse who may not; ``records`` are the secrets, or the connections for which one is entered."""
        self.env["integration.right"]._require("manage_credentials", records)
