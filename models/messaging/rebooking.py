# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""That an approver agreed to the correction of what an event told before."""

from odoo import fields, models
from odoo.tools import SQL


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    rebooking_by_id = fields.Many2one(
        "res.users",
        string="New booking agreed by",
        readonly=True,
        ondelete="restrict",
        help="Who agreed that the booked entry is reversed and booked anew.",
    )


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _row_columns(self, behind=None):
        return SQL("%s, m.rebooking_by_id", super()._row_columns(behind))
