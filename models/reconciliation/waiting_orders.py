# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models

MAX_WAITING = 500


class IntegrationWaiting(models.AbstractModel):
    _inherit = "integration.waiting"

    def _look_again(self, move_ids=(), movement_ids=()):
        """Deposits that were booked beside an invoice of their order find it in a second look."""
        result = super()._look_again(move_ids, movement_ids)
        Movement = self.env["integration.movement"]
        for movement in (
            Movement.browse(movement_ids).exists().filtered(lambda row: row.application == "deposit")
        ):
            service = movement.connection_id._as_service()
            poster = service.env["integration.posting.application"]
            poster._orders_changed(poster._order_of(movement.with_env(service.env)))
        steps = self.env["integration.shop.step"].search(
            [("move_ids", "in", list(move_ids))], limit=MAX_WAITING
        )
        for order in steps.order_id:
            service = order.connection_id._as_service()
            service.env["integration.posting.application"]._orders_changed(order.with_env(service.env))
        return result
