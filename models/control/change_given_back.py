# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is refused or taken back goes to where it came from, so that it can be asked for otherwise."""

from odoo import models


class IntegrationChangeRequest(models.Model):
    _inherit = "integration.change.request"

    def action_refuse(self):
        result = super().action_refuse()
        self._give_back()
        return result

    def action_withdraw(self):
        result = super().action_withdraw()
        self._give_back()
        return result

    def _give_back(self):
        """Let what was asked for be asked for again, otherwise or not at all."""
        for request in self.sudo():
            record = request.res_model in self.env and self.env[request.res_model].sudo().browse(
                request.res_id
            )
            if record and hasattr(record, "_not_carried_out") and record.exists():
                record._not_carried_out(request)
