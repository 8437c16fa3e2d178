# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    integration_connection_id = fields.Many2one(
        related="move_id.integration_connection_id", string="Outside source"
    )

    def action_open_integration_source(self):
        """Button: open the events that this journal item comes from."""
        self.ensure_one()
        return self.move_id.action_open_integration_source()
