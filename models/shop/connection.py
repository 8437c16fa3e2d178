# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    shop_guest_id = fields.Many2one(
        "res.partner",
        string="Customer of nameless sales",
        check_company=True,
        tracking=True,
        help="Sales of the shop that name no customer (at a counter, for example) are booked on this one.",
    )
    carries_orders = fields.Boolean(compute="_compute_carries_orders")

    @api.depends("flow_ids.kind")
    def _compute_carries_orders(self):
        for connection in self:
            connection.carries_orders = "order" in connection.flow_ids.mapped("kind")
