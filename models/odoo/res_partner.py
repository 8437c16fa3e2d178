# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    integration_binding_count = fields.Integer(
        compute="_compute_integration_binding_count", string="Known outside as"
    )

    def _compute_integration_binding_count(self):
        counts = dict(
            self.env["integration.binding"]
            .sudo()
            ._read_group(
                [("res_model", "=", self._name), ("res_id", "in", self.ids)], ["res_id"], ["__count"]
            )
        )
        for partner in self:
            partner.integration_binding_count = counts.get(partner.id, 0)

    def action_open_integration_bindings(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_binding")
        return dict(action, domain=[("res_model", "=", self._name), ("res_id", "=", self.id)], context={})
