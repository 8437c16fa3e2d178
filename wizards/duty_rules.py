# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.access.policy import SECOND_FACTOR_POLICIES, SEGREGATION_POLICIES
from ..models.access.policy_change import STRICTEST_FIRST


class IntegrationDutyRules(models.TransientModel):
    """The dialog in which looser rules about duties and second factors are asked for."""

    _name = "integration.duty.rules"
    _description = "Looser rules about duties and second factors"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    integration_segregation = fields.Selection(
        SEGREGATION_POLICIES, string="Conflicting duties", required=True
    )
    integration_second_factor = fields.Selection(
        SECOND_FACTOR_POLICIES, string="Second factor", required=True
    )
    reason = fields.Text(required=True, string="Why", help="The approver decides on it, and it is kept.")

    @api.model
    def default_get(self, names):
        values = super().default_get(names)
        company = self.env["res.company"].browse(values.get("company_id")) or self.env.company
        return values | {name: company.sudo()[name] for name in STRICTEST_FIRST}

    @api.onchange("company_id")
    def _onchange_company_id(self):
        for name in STRICTEST_FIRST:
            self[name] = self.company_id.sudo()[name]

    def action_ask(self):
        """Button: ask another person."""
        self.ensure_one()
        if self.company_id not in self.env.user.company_ids:
            raise UserError(self.env._("Choose one of your own companies."))
        request = self.company_id._integration_ask_looser(
            {name: self[name] for name in STRICTEST_FIRST}, self.reason
        )
        if not request.has_access("read"):
            return {"type": "ir.actions.act_window_close"}
        return {
            "type": "ir.actions.act_window",
            "res_model": request._name,
            "res_id": request.id,
            "views": [(False, "form")],
        }
