# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

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
