# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.limits import BILLS


class IntegrationClassify(models.TransientModel):
    """The dialog in which a person says what money in suspense is, or asks to take that back."""

    _name = "integration.classify"
    _description = "What is this money?"

    movement_id = fields.Many2one("integration.movement", required=True, readonly=True)
    company_id = fields.Many2one(related="movement_id.company_id")
    currency_id = fields.Many2one(related="movement_id.currency_id")
    amount = fields.Monetary(related="movement_id.amount")
    event_date = fields.Date(related="movement_id.event_date", string="Day")
    description = fields.Char(related="movement_id.description")
    customer_name = fields.Char(related="movement_id.customer_name", string="Name at the provider")
    undo = fields.Boolean(readonly=True)
    purpose = fields.Selection("_selection_purpose", string="What it is")
    partner_id = fields.Many2one("res.partner", string="Customer")
    invoice_ids = fields.Many2many(
        "account.move",
        string="Invoices",
        domain="[('move_type', '=', 'out_invoice'), ('state', '=', 'posted'), ('company_id', '=', company_id),"
        " ('payment_state', 'in', ('not_paid', 'partial'))]",
    )
    bill_ids = fields.Many2many(
        "account.move",
        "integration_classify_bill_rel",
        string="Bills",
        domain="[('move_type', '=', 'in_invoice'), ('state', '=', 'posted'), ('company_id', '=', company_id),"
        " ('payment_state', 'in', ('not_paid', 'partial'))]",
    )
    account_id = fields.Many2one(
        "account.account",
        domain="[('company_ids', 'in', company_id), ('account_type', 'not in', ('asset_receivable',"
        " 'liability_payable', 'asset_cash', 'liability_credit_card', 'equity_unaffected', 'off_balance'))]",
    )
    reason = fields.Char(string="Why", help="Kept with the booking; an approver decides on it.")

    @api.model
    def _selection_purpose(self):
        return self.env["integration.classification"]._selection_purpose()

    def action_confirm(self):
        """Button: book it at once within the limits, else ask an approver; taking back is always asked for."""
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why: it is kept with the booking."))
        if self.undo:
            return self.movement_id._ask_undo(self.reason)
        return self.movement_id._classify(
            {
                "purpose": self.purpose,
                "partner_id": self.partner_id.id,
                "invoice_ids": (self.bill_ids if self.purpose == BILLS else self.invoice_ids).ids,
                "account_id": self.account_id.id,
            },
            self.reason,
        )
