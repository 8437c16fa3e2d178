# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A shop names the order that is disputed and not its payment: that is found by the order (S3, R18)."""

from odoo import api, models

from ..reconciliation.dispute import MAX_DISPUTES

MAX_PAYMENTS = 20


class IntegrationDispute(models.Model):
    _inherit = "integration.dispute"

    def _find_payment(self):
        return super()._find_payment() or self._payment_of_order()

    def _payment_of_order(self):
        """Return the order's only payment in the shop's own ledger, else the only one of just the disputed amount."""
        payments = self.env["integration.movement"]
        if not self.order_ref:
            return payments
        order = self.env["integration.shop.order"]._named(self.connection_id, [self.order_ref])
        found = order.get(self.order_ref)
        if not found:
            return payments
        payments = payments.search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("type", "=", "payment"),
                ("changes_balance", "=", True),
                ("reference_ids.value", "in", [found.number, found.outside_id]),
            ],
            limit=MAX_PAYMENTS,
        )
        if len(payments) > 1:
            payments = payments.filtered(
                lambda row: (
                    row.currency_id == self.currency_id
                    and row.currency_id.compare_amounts(row.amount, self.amount) == 0
                )
            )
        return payments if len(payments) == 1 else payments.browse()

    @api.model
    def _touch(self, movements):
        """A payment that comes after the dispute about its order was told."""
        result = super()._touch(movements)
        paid = movements.filtered(lambda row: row.type == "payment")
        shops = paid.connection_id.filtered(lambda row: row._spec().system_role == "shop")
        if shops:
            waiting = [
                ("connection_id", "in", shops.ids),
                ("order_ref", "!=", False),
                ("payment_id", "=", False),
            ]
            self.search(waiting, limit=MAX_DISPUTES)._tie()
        return result
