# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.odoo.res_company_payee import LOOSER


class IntegrationPayeeRules(models.TransientModel):
    """The dialog in which the rules about customers and suppliers are changed, or looser ones asked for."""

    _name = "integration.payee.rules"
    _description = "Rules about customers and suppliers"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    integration_bank_guard = fields.Boolean(string="Bank accounts of suppliers need an approval")
    integration_customer_required = fields.Boolean(string="Invoice approved customers only")
    integration_supplier_required = fields.Boolean(string="Pay approved suppliers only")
    integration_bank_young_days = fields.Integer(string="Days during which a bank account is new")
    needs_approval = fields.Boolean(compute="_compute_needs_approval")
    reason = fields.Text(required=True, string="Why")

    @api.model
    def default_get(self, names):
        values = super().default_get(names)
        company = self.env["res.company"].browse(values.get("company_id")) or self.env.company
        return values | {name: company.sudo()[name] for name in LOOSER}

    @api.onchange("company_id")
    def _onchange_company_id(self):
        for name in LOOSER:
            self[name] = self.company_id.sudo()[name]

    @api.depends(*LOOSER, "company_id")
    def _compute_needs_approval(self):
        for wizard in self:
            company = wizard.company_id.sudo()
            wizard.needs_approval = any(
                looser(company[name], wizard[name]) for name, looser in LOOSER.items()
            )

    def action_change(self):
        """Button: make the rules stricter, or ask for looser ones."""
        self.ensure_one()
        if self.company_id not in self.env.user.company_ids:
            raise UserError(self.env._("Choose one of your own companies."))
        request = self.company_id._integration_change_rules(
            {name: self[name] for name in LOOSER}, self.reason
        )
        if not request or not request.has_access("read"):
            return {"type": "ir.actions.act_window_close"}
        return {
            "type": "ir.actions.act_window",
            "res_model": request._name,
            "res_id": request.id,
            "views": [(False, "form")],
        }


class IntegrationPartnerBlock(models.TransientModel):
    """The dialog in which a customer or supplier is blocked, with the reason that others will read."""

    _name = "integration.partner.block"
    _description = "Block a customer or supplier"

    partner_id = fields.Many2one("res.partner", required=True, readonly=True)
    role = fields.Selection(
        [("customer", "As a customer"), ("supplier", "As a supplier")], required=True, readonly=True
    )
    reason = fields.Char(required=True, string="Why")

    def action_block(self):
        """Button: block."""
        self.ensure_one()
        self.partner_id.write(
            {
                f"integration_{self.role}_blocked": True,
                f"integration_{self.role}_block_reason": self.reason,
            }
        )
        return {"type": "ir.actions.act_window_close"}
