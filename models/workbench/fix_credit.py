# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The button of an exception about a credit that an issuer used and the books did not hold (X2)."""

from odoo import models


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    def action_match_credit(self):
        """Button: look once more for the credit that the issuer used; closes where nothing is open any more."""
        self.ensure_one()
        self.check_access("write")
        invoice = self.env["account.move"].browse((self.params or {}).get("move_id") or 0).exists()
        if invoice:
            service = self.connection_id.sudo()._as_service()
            service.env["integration.posting.application"]._use_credits(invoice.with_env(service.env))
            self.env.invalidate_all()
        if self.state == "open":
            return self._told(self.env._("The credit is not in the books yet."))
        return self._told(self.env._("The credit is matched."))
