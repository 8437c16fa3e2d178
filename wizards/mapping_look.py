# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import ValidationError

MAX_DAYS = 400


class IntegrationMappingLook(models.TransientModel):
    """The dialog that looks which codes the events of the last days use, and whether each is mapped."""

    _name = "integration.mapping.look"
    _description = "Look at the coverage of mappings"

    connection_id = fields.Many2one("integration.connection", required=True)
    days = fields.Integer(default=60, required=True, string="Days back")

    @api.depends("connection_id")
    def _compute_display_name(self):
        for look in self:
            look.display_name = self.env._("Coverage of mappings")

    def action_look(self):
        """Button: look, then show the list."""
        self.ensure_one()
        self.connection_id.check_access("read")
        if not 0 < self.days <= MAX_DAYS:
            raise ValidationError(self.env._("Look at 1 to %s days.", MAX_DAYS))
        complete = self.env["integration.mapping.coverage"]._look(self.connection_id, self.days)
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_mapping_coverage")
        name = self.env._("Coverage of %s", self.connection_id.name)
        if not complete:
            name = self.env._("%s (the newest 20,000 events)", name)
        return dict(action, domain=[("connection_id", "=", self.connection_id.id)], context={}, name=name)
