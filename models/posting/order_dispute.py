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

    def _payment_named(self, movement):
        """A line of a shop's balance names the payout into which it went: that pays out other disputes, too."""
        is_shop = movement.connection_id._spec().system_role == "shop"
        return False if is_shop else super()._payment_named(movement)

    @api.model
    def _touch(self, movements):
        """A payment that comes after the dispute about its order was told."""
        result = super()._touch(movements)
        Order = self.env["integration.shop.order"]
        paid = movements.filtered(lambda row: row.type == "payment")
        for connection, payments in paid.grouped("connection_id").items():
            if connection._spec().system_role == "shop":
                named = Order._named(connection, payments.reference_ids.mapped("value"))
                self._tie_orders(Order.union(*named.values()))
        return result

    @api.model
    def _tie_orders(self, orders):
        """Look once more for the payments of disputes that were told about these orders."""
        if orders:
            waiting = [
                ("connection_id", "in", orders.connection_id.ids),
                ("order_ref", "in", orders.mapped("outside_id") + orders.mapped("number")),
                ("payment_id", "=", False),
            ]
            self.search(waiting, limit=MAX_DISPUTES)._tie()


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    @api.model
    def _orders_changed(self, orders):
        """An order that was stopped may come after its payment and the dispute about it."""
        result = super()._orders_changed(orders)
        self.env["integration.dispute"]._tie_orders(orders)
        return result
