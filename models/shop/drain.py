# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    def _after(self, works):
        """What waits for an order goes on, too, when the order turns out to be of before the start of its flow."""
        result = super()._after(works)
        for work in works:
            if work.kind == "order" and work.kept_as in ("before_start", "reference") and work.documents:
                self.env["integration.binding"]._let_waiting_go(
                    work.connection, "order", [work.documents[0].source.object_id]
                )
        return result

    def _left_open(self, works):
        """What fulfilments, refunds and payments posted, and deposits, get a second look as well."""
        left = super()._left_open(works)
        for work in works:
            if work.error or not work.plan:
                continue
            if work.kind in ("fulfilment", "order_refund", "order", "order_payment"):
                left["move_ids"] += [
                    effect.record_id for effect in work.effects if effect.model == "account.move"
                ]
            elif work.kind == "movement":
                left["movement_ids"] += [
                    plan["movement"].id
                    for plan in work.plan
                    if plan.get("movement") and plan["movement"].application == "deposit"
                ]
        return left
