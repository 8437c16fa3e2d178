# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine.errors import BusinessError


class IntegrationPostingOrder(models.AbstractModel):
    """Orders of shops: kept and visible, not booked by this version (policy F10).

    An order that was booked in part would be worse than one that waits: revenue without its deposit, a credit note
    without its invoice. So each stops where everybody sees it, in the order in which it came, and goes on when there
    are rules for it.
    """

    _name = "integration.posting.order"
    _inherit = "integration.posting"
    _description = "Posting rules: orders of shops"

    @api.model
    def _prepare(self, works):
        for work in works:
            work.error = BusinessError("order_not_booked", params={"system": work.connection.name})

    @api.model
    def _apply(self, works):
        """Nothing comes so far."""


class IntegrationPostingFulfilment(models.AbstractModel):
    _name = "integration.posting.fulfilment"
    _inherit = "integration.posting.order"
    _description = "Posting rules: fulfilments of shops"


class IntegrationPostingOrderRefund(models.AbstractModel):
    _name = "integration.posting.order_refund"
    _inherit = "integration.posting.order"
    _description = "Posting rules: refunds of orders"
