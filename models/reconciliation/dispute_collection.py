# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Disputes of money that was collected for another company: that one decides about a lost one (F17, F19)."""

from odoo import api, fields, models

from .dispute import MONEY_TYPES


class IntegrationDispute(models.Model):
    _inherit = "integration.dispute"

    collection_ids = fields.Many2many(
        "integration.collection", compute="_compute_collection_ids", string="Booked in other companies"
    )

    @api.depends("movement_ids.collection_ids")
    def _compute_collection_ids(self):
        for dispute in self:
            dispute.collection_ids = dispute.movement_ids.filtered(
                lambda row: row.type in MONEY_TYPES
            ).collection_ids

    def _pair_off(self):
        """What is withdrawn and not given back yet concerns the company for which it was collected."""
        result = super()._pair_off()
        money = self.movement_ids.filtered(lambda row: row.type in MONEY_TYPES and row.counterpart_id)
        if money and (self.payment_id | money).collection_ids and not self._is_nothing(money):
            service = self.connection_id.sudo()._as_service()
            posting = service.env["integration.posting.application"]
            # What was withdrawn first; what is given back undoes it.
            for movement in money.sorted(lambda row: (row.type != "dispute", row.event_date, row.id)):
                posting._mirror_dispute(movement.with_env(service.env))
        return result

    def _is_nothing(self, money):
        """Whether what is open of it is nothing together: Odoo has refused to match it, and a person was asked to."""
        items = money.counterpart_id.filtered(lambda line: not line.reconciled)
        return (
            len(items) > 1
            and len(items.currency_id) == 1
            and items.currency_id.is_zero(sum(items.mapped("amount_residual_currency")))
        )

    def _judge(self):
        result = super()._judge()
        rows = self.collection_ids.filtered(lambda row: row.kind == "disputed")
        rows._ask_about_loss(self.decided_on or self.opened_on if self.state == "lost" else None)
        return result


class IntegrationDisputeAllowance(models.Model):
    _inherit = "integration.dispute.allowance"

    def _exposure_of(self, disputes):
        """What another company is to lose is not expected here."""
        rows = disputes.movement_ids.collection_ids.filtered(lambda row: row.date <= self.date)
        own = [row.move_id.line_ids.sorted("id")[:1].balance for row in rows]
        return super()._exposure_of(disputes) + sum(own)
