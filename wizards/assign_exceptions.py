# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models


class IntegrationAssignExceptions(models.TransientModel):
    _name = "integration.assign.exceptions"
    _description = "Assign exceptions"

    exception_ids = fields.Many2many("integration.exception", readonly=True)
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        help="Empty = nobody.",
        domain=lambda self: [("all_group_ids", "in", self.env.ref("finance_integration.group_operator").ids)],
    )

    def action_assign(self):
        """Button: the chosen person owns these exceptions from now on."""
        self.ensure_one()
        self.exception_ids.write({"user_id": self.user_id.id})
        return {"type": "ir.actions.client", "tag": "soft_reload"}
