# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models


class IntegrationCompanyPause(models.TransientModel):
    """The dialog in which everything of a company is paused, or goes on."""

    _name = "integration.company.pause"
    _description = "Pause of a company's integrations"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    is_paused = fields.Boolean(related="company_id.integration_paused")
    because = fields.Char(related="company_id.integration_pause_reason")
    reason = fields.Text(required=True)

    def action_pause(self):
        """Button: let everything of the company rest."""
        self.company_id._pause_integration(self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_resume(self):
        """Button: let everything of the company go on."""
        self.company_id._resume_integration(self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
