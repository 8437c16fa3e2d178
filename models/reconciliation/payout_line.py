# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models

from ...engine.payout_composition import ToldLine
from .payout import LINE_TYPES


class IntegrationPayoutLine(models.Model):
    """One line of the provider's ledger that a payout pays out, as the provider lists it."""

    _name = "integration.payout.line"
    _description = "Line of a payout"
    _order = "payout_id, id"
    _rec_name = "ledger_id"

    payout_id = fields.Many2one(
        "integration.payout", required=True, readonly=True, ondelete="cascade", index=True
    )
    connection_id = fields.Many2one(related="payout_id.connection_id", store=True)
    company_id = fields.Many2one(related="payout_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="payout_id.currency_id", store=True)
    ledger_id = fields.Char(required=True, readonly=True, string="Provider's ledger id")
    type = fields.Selection(LINE_TYPES, required=True, readonly=True)
    gross = fields.Monetary(readonly=True)
    fee = fields.Monetary(readonly=True, help="What the provider kept of it.")
    net = fields.Monetary(readonly=True, help="What the balance changed by.")
    date = fields.Date(readonly=True, help="The day on which it moved, in the company's time zone.")
    description = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ("booked", "In the books"),
            ("missing", "Not in the books"),
            ("differs", "Another amount in the books"),
            ("nothing", "Moves nothing"),
            ("before", "Before the books begin"),
        ],
        readonly=True,
        required=True,
        default="missing",
    )
    movement_ids = fields.Many2many("integration.movement", compute="_compute_documents", string="Booked as")
    invoice_ids = fields.Many2many("account.move", compute="_compute_documents", string="Documents")
    documents_text = fields.Char(compute="_compute_documents", string="Document")
    customer_text = fields.Char(compute="_compute_documents", string="Customer")

    _ledger_unique = models.UniqueIndex("(payout_id, ledger_id)")
    _ledger_idx = models.Index("(connection_id, ledger_id)")

    @api.depends("ledger_id", "connection_id")
    def _compute_documents(self):
        """Find the movements of these lines; they are not linked by the database, because each may come first."""
        found = self.env["integration.movement"].search(
            [
                ("connection_id", "in", self.connection_id.ids),
                ("balance_transaction", "in", self.mapped("ledger_id")),
            ]
        )
        by_ledger = found.grouped(lambda movement: (movement.connection_id, movement.balance_transaction))
        for line in self:
            movements = by_ledger.get((line.connection_id, line.ledger_id), found.browse())
            line.movement_ids = movements
            line.invoice_ids = movements.invoice_ids
            line.documents_text = ", ".join(
                move._integration_number() for move in movements.sudo().invoice_ids
            )
            names = dict.fromkeys(
                movement.partner_id.display_name or movement.customer_name or "" for movement in movements
            )
            line.customer_text = ", ".join(name for name in names if name)

    def _as_told(self):
        exact = self.currency_id._integration_exact
        return ToldLine(self.ledger_id, self.type, exact(self.gross), exact(self.fee), exact(self.net))

    def action_open_movements(self):
        """Button: the movements as which this line is booked."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_movement")
        return dict(action, domain=[("id", "in", self.movement_ids.ids)], context={})
