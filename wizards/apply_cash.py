# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError


class IntegrationApplyCash(models.TransientModel):
    """What money could pay: suggestions with reasons, and how much of it pays each invoice."""

    _name = "integration.apply.cash"
    _description = "Apply the money"

    exception_id = fields.Many2one("integration.exception", required=True, readonly=True)
    what = fields.Text(related="exception_id.what")
    currency_id = fields.Many2one("res.currency", readonly=True)
    money = fields.Monetary(readonly=True, string="To be applied")
    applied = fields.Monetary(compute="_compute_applied")
    remainder = fields.Monetary(
        compute="_compute_applied", string="Left over", help="Stays as an open credit of the customer."
    )
    line_ids = fields.One2many("integration.apply.cash.line", "wizard_id")

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard.exception_id.check_access("write")
            wizard._suggest()
        return wizards

    def _suggest(self):
        money, suggestions, invoices = self.exception_id._suggestions()
        movement = self.exception_id.sudo().movement_ids
        self.write(
            {
                "currency_id": movement.currency_id.id,
                "money": float(money),
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "invoice_id": row.id,
                            "open_amount": invoices[row.id].amount_residual,
                            "likelihood": row.likelihood,
                            "reason": self._say_reasons(row.reasons),
                            "amount": float(row.proposed),
                        },
                    )
                    for row in suggestions
                ],
            }
        )

    def _say_reasons(self, reasons):
        words = {
            "reference": self.env._("the money names it"),
            "similar_reference": self.env._("its number stands in the reference"),
            "amount": self.env._("the same amount is open"),
            "amount_only": self.env._("the same amount is open, another customer"),
            "sum": self.env._("together with others it comes to this amount"),
            "oldest": self.env._("open invoice of this customer"),
        }
        return ", ".join(words[reason] for reason in reasons)

    @api.depends("line_ids.amount", "money")
    def _compute_applied(self):
        for wizard in self:
            wizard.applied = sum(wizard.line_ids.mapped("amount"))
            wizard.remainder = wizard.money - wizard.applied

    def action_apply(self):
        """Button: apply so much to each invoice; what is left over stays an open credit."""
        self.ensure_one()
        lines = self.line_ids.filtered(lambda line: line.amount)
        if not lines:
            raise UserError(self.env._("Say how much of the money pays which invoice."))
        if len(lines.invoice_id) != len(lines):
            raise UserError(self.env._("Each invoice stands there once."))
        return self.exception_id._apply_amounts([(line.invoice_id, line.amount) for line in lines])


class IntegrationApplyCashLine(models.TransientModel):
    _name = "integration.apply.cash.line"
    _description = "Invoice that money could pay"

    wizard_id = fields.Many2one("integration.apply.cash", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="wizard_id.exception_id.company_id")
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    invoice_id = fields.Many2one("account.move", required=True)
    partner_id = fields.Many2one(related="invoice_id.commercial_partner_id", string="Customer")
    due = fields.Date(related="invoice_id.invoice_date_due", string="Due on")
    open_amount = fields.Monetary(readonly=True, string="Open")
    amount = fields.Monetary(string="Pays")
    likelihood = fields.Selection(
        [("exact", "Exact"), ("likely", "Likely"), ("possible", "Possible")], readonly=True
    )
    reason = fields.Char(readonly=True, string="Why")

    @api.onchange("invoice_id")
    def _onchange_invoice_id(self):
        if self.invoice_id:
            self.open_amount = self.invoice_id.amount_residual
