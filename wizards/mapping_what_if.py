# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models


class IntegrationMappingWhatIf(models.TransientModel):
    """The dialog that chooses the month to be computed with proposed mappings."""

    _name = "integration.mapping.what.if"
    _description = "What if a month had been mapped like this?"

    change_id = fields.Many2one("integration.mapping.change", required=True, readonly=True)
    month = fields.Date(
        required=True,
        default=lambda self: fields.Date.context_today(self).replace(day=1) - relativedelta(months=1),
        string="A day in the month",
        help="The month is computed as a whole, by the dates of the documents.",
    )

    @api.depends("change_id")
    def _compute_display_name(self):
        for dialog in self:
            dialog.display_name = self.env._("What if?")

    def action_start(self):
        """Button: compute the month in the background."""
        self.ensure_one()
        self.change_id._start_what_if(self.month)
        return {
            "type": "ir.actions.act_window",
            "res_model": self.change_id._name,
            "res_id": self.change_id.id,
            "views": [(False, "form")],
        }
