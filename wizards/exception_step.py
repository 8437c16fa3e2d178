# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models


class IntegrationExceptionStep(models.TransientModel):
    """The reason for a step that an approver decides about."""

    _name = "integration.exception.step"
    _description = "Ask an approver"

    exception_id = fields.Many2one("integration.exception", required=True, readonly=True)
    step = fields.Char(required=True, readonly=True)
    values = fields.Json(readonly=True)
    summary = fields.Text(readonly=True, string="What is asked for")
    reason = fields.Char(help="Why it is right. The approver decides on it, and it is kept.")

    def action_ask(self):
        """Button: ask an approver."""
        self.ensure_one()
        self.exception_id._ask_step(self.step, self.values, self.reason)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._("An approver decides about it now."),
                "type": "success",
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
