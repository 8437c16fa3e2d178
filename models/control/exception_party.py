# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models
from odoo.exceptions import UserError


class IntegrationException(models.Model):
    """Exceptions about whom is invoiced or paid lead to the contact or the bank account that has to be approved."""

    _inherit = "integration.exception"

    def action_open_partner(self):
        """Button: open the customer that is blocked or not approved."""
        return self._open_party("res.partner", "partner_id")

    def action_open_bank(self):
        """Button: open the bank account that waits for a call back and an approval."""
        return self._open_party("res.partner.bank", "bank_id")

    def _open_party(self, model, name):
        self.ensure_one()
        told = str((self.params or {}).get(name) or "")
        record = self.env[model].browse(int(told) if told.isdecimal() else ()).exists()
        if not record:
            raise UserError(self.env._("It is no longer there."))
        record.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": model,
            "res_id": record.id,
            "views": [(False, "form")],
        }
