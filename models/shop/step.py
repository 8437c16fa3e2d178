# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models

from ..messaging.big_integer import BigInteger

KINDS = [
    ("fulfilment", "Handed over"),
    ("refund", "Refund"),
    ("edit", "Edited after it was invoiced"),
    ("payment", "Transaction of a gateway"),
    ("advance", "Advance invoice"),
]


class IntegrationShopStep(models.Model):
    """Something that happened to an order of a shop, once, and what it became in the books."""

    _name = "integration.shop.step"
    _description = "What happened to an order"
    _order = "order_id, occurred_at, id"
    _rec_name = "outside_id"

    order_id = fields.Many2one(
        "integration.shop.order", required=True, readonly=True, ondelete="restrict", index=True
    )
    connection_id = fields.Many2one(related="order_id.connection_id", store=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    kind = fields.Selection(KINDS, required=True, readonly=True)
    outside_id = fields.Char(required=True, readonly=True, string="Id in the shop")
    state = fields.Char(readonly=True, help="As the shop calls it.")
    occurred_at = fields.Datetime(readonly=True, required=True)
    version = BigInteger(readonly=True, help="The second of its last change at the shop.")
    amount = fields.Monetary(readonly=True)
    gateway = fields.Char(readonly=True)
    type = fields.Char(readonly=True, help="What the gateway did.")
    provider_reference = fields.Char(readonly=True, string="Id at the gateway", index="btree_not_null")
    # What is needed of it later. Of a fulfilment: the quantities (handed), the amounts by line (booked) and what it
    # deducted of advance invoices (deducted); of a refund: the ids of the transactions that gave the money back
    # (paid_back).
    facts = fields.Json(readonly=True)
    content_digest = fields.Char(readonly=True)
    move_ids = fields.Many2many(
        "account.move", "integration_shop_step_move_rel", readonly=True, string="In the books"
    )
    # The receivable line of what a voucher or store credit paid, or took back.
    line_id = fields.Many2one("account.move.line", readonly=True, ondelete="restrict", index="btree_not_null")
    message_id = fields.Many2one(
        "integration.message", readonly=True, ondelete="set null", index="btree_not_null"
    )

    _outside_unique = models.UniqueIndex("(connection_id, kind, outside_id)")

    @api.model
    def _find(self, connection, kind, outside_ids):
        """Return {id in the shop: step} of one connection and kind."""
        steps = self.search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "=", kind),
                ("outside_id", "in", sorted(set(outside_ids))),
            ]
        )
        return {step.outside_id: step for step in steps}

    @api.model
    def _orders_of_transactions(self, company, transactions, references):
        """Return {id: order} for ids of the shop's transactions and of the gateways' own, of one company."""
        steps = self.search(
            [
                ("company_id", "=", company.id),
                ("kind", "=", "payment"),
                "|",
                ("outside_id", "in", sorted(transactions)),
                ("provider_reference", "in", sorted(references)),
            ]
        )
        found = {}
        for step in steps:
            if step.outside_id in transactions:
                found.setdefault(step.outside_id, step.order_id)
            if step.provider_reference in references:
                found.setdefault(step.provider_reference, step.order_id)
        return found
