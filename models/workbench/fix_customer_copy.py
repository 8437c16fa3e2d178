# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The button of an exception about a customer that was to be written to an outside system (X2)."""

from odoo import models
from odoo.exceptions import UserError


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def action_open_customer_copy(self):
        """Button: open what was to be written of a customer, with its buttons."""
        self.ensure_one()
        row = self.env["integration.customer.copy"].browse((self.params or {}).get("copy") or 0).exists()
        if not row:
            raise UserError(self.env._("This customer is not written there any more."))
        return {
            "type": "ir.actions.act_window",
            "res_model": row._name,
            "res_id": row.id,
            "views": [(False, "form")],
        }
