# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The button of exceptions about a dispute (X2)."""

from odoo import models
from odoo.exceptions import UserError


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def action_open_dispute(self):
        """Button: open the dispute that it is about."""
        self.ensure_one()
        dispute = self.env["integration.dispute"].search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("dispute_id", "=", (self.params or {}).get("dispute")),
            ],
            limit=1,
        )
        if not dispute:
            raise UserError(self.env._("This dispute is not here any more."))
        return {
            "type": "ir.actions.act_window",
            "res_model": dispute._name,
            "res_id": dispute.id,
            "views": [(False, "form")],
        }
