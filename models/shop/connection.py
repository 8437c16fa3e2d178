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
    prepayment_vat_country_ids = fields.Many2many(
        "res.country",
        "integration_connection_prepayment_country_rel",
        string="VAT is due when paid, in",
        tracking=True,
        help="Orders that bear the taxes of these countries get an advance invoice over what is paid before it is "
        "handed over: the tax falls due then. Each final invoice deducts it. Such orders keep an invoice each.",
    )
    carries_orders = fields.Boolean(compute="_compute_carries_orders")

    @api.depends("flow_ids.kind")
    def _compute_carries_orders(self):
        for connection in self:
            connection.carries_orders = "order" in connection.flow_ids.mapped("kind")
