# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What points to a batch: its totals per currency and its events."""

from decimal import Decimal

from odoo import api, fields, models

from ...engine.money import plain
from .loose_many2one import LooseMany2one


class IntegrationBatchTotal(models.Model):
    """Declared and counted sum of one currency, side by side."""

    _name = "integration.batch.total"
    _description = "Control total"
    _order = "batch_id, code"

    batch_id = fields.Many2one("integration.batch", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="batch_id.company_id", store=True, index=True)
    code = fields.Char(required=True, readonly=True, string="Currency code")
    currency_id = fields.Many2one("res.currency", readonly=True, ondelete="restrict")
    declared = fields.Char(readonly=True, string="By the source", help="Exact amount, as it was declared.")
    counted = fields.Char(readonly=True, string="Read", help="Exact amount, as it was counted.")
    difference = fields.Char(compute="_compute_difference", string="Missing")
    differs = fields.Boolean(compute="_compute_difference")

    @api.depends("declared", "counted")
    def _compute_difference(self):
        for total in self:
            known = total.declared and total.counted
            rest = Decimal(total.declared) - Decimal(total.counted) if known else Decimal(0)
            total.difference = plain(rest) if known else False
            total.differs = bool(rest)


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    origin = fields.Selection(selection_add=[("file", "Read from a file")])
    batch_id = LooseMany2one(
        "integration.batch",
        readonly=True,
        string="File or list",
        help="It came with this.",
    )

    _batch_idx = models.Index("(batch_id, status) WHERE batch_id IS NOT NULL")

    def action_open_batch(self):
        self.ensure_one()
        return self.batch_id._open_form()
