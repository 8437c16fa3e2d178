# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ..models.workbench.limits import LIMIT_FIELDS


class IntegrationLimitChange(models.TransientModel):
    """Other limits than those of today, on their way to an approver."""

    _name = "integration.limit.change"
    _description = "Ask for other limits"

    setting_id = fields.Many2one("integration.workbench.setting", required=True, readonly=True)
    currency_id = fields.Many2one(related="setting_id.currency_id")
    difference_amount = fields.Monetary(string="Difference per document")
    difference_percent = fields.Float(string="or percent of the document", digits=(16, 4))
    user_day_amount = fields.Monetary(string="Per person and day")
    partner_month_amount = fields.Monetary(string="Per customer and month")
    application_amount = fields.Monetary(string="Apply without exact reference")
    write_off_amount = fields.Monetary(string="Write-off by a team lead")
    reason = fields.Char()

    def action_ask(self):
        """Button: ask an approver; what is asked for is set when somebody else agrees."""
        self.ensure_one()
        setting = self.setting_id
        if not self.env.user.has_group("finance_integration.group_administrator"):
            raise AccessError(self.env._("Only an integration administrator asks for other limits."))
        setting.check_access("read")
        values = {name: self[name] for name in LIMIT_FIELDS if self[name] != setting[name]}
        if not values:
            raise UserError(self.env._("These are the limits of today."))
        if any(value < 0 for value in values.values()):
            raise UserError(self.env._("A limit is zero or more."))
        labels = {name: setting._fields[name]._description_string(self.env) for name in values}
        summary = "\n".join(f"{labels[name]}: {setting[name]} → {value}" for name, value in values.items())
        self.env["integration.change.request"]._ask(
            setting,
            self.env._("Other limits for %s", setting.company_id.name),
            values,
            self.reason,
            summary,
        )
        return {"type": "ir.actions.act_window_close"}
