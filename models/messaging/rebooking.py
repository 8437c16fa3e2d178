# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The approval with which an event corrects what it told before."""

from odoo import api, fields, models
from odoo.tools import SQL


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    rebooking_request_id = fields.Many2one(
        "integration.change.request",
        string="New booking approved with",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The approval with which the booked entry is reversed and booked anew, exactly as it was shown there.",
    )
    rebooking_by_id = fields.Many2one(
        related="rebooking_request_id.approver_id",
        string="New booking approved by",
        help="Who agreed that the booked entry is reversed and booked anew; never who asked for it.",
    )

    @api.model
    def _approved_mark(self, request_id):
        """Return the mark of the plan that a second person approved with this request; None = nobody did."""
        request = self.env["integration.change.request"].sudo().browse(request_id).exists()
        if (
            request.state != "approved"
            or not request.approver_id
            or request.approver_id == request.requester_id
            or request.res_model != "integration.exception"
            or (request.values or {}).get("step") != "book_anew"
        ):
            return None
        return (request.preview or {}).get("digest")


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _row_columns(self, behind=None):
        return SQL("%s, m.rebooking_request_id", super()._row_columns(behind))
