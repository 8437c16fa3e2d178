# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models


class IntegrationCompare(models.TransientModel):
    """A document in the books and one that came in under the same number, side by side."""

    _name = "integration.compare"
    _description = "Compare both"

    exception_id = fields.Many2one("integration.exception", required=True, readonly=True)
    what = fields.Text(related="exception_id.what")
    line_ids = fields.One2many("integration.compare.line", "wizard_id", readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard.exception_id.check_access("read")
            wizard.line_ids = [
                (
                    0,
                    0,
                    {
                        "name": name,
                        "in_books": booked,
                        "came_in": came,
                        "differs": (booked or "") != (came or ""),
                    },
                )
                for name, booked, came in wizard.exception_id._twin_rows()
            ]
        return wizards

    def action_same(self):
        """Button: it is the same document; the new event is put aside with this reason."""
        self.ensure_one()
        self.exception_id._is_twin()
        return self.exception_id._told(self.env._("The new event is put aside; what is booked stays."))

    def action_ask_resend(self):
        """Button: they differ; ask the source."""
        self.ensure_one()
        return self.exception_id.action_ask_resend()

    def action_open_booked(self):
        """Button: open what is in the books."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.exception_id._twin().id,
            "views": [(False, "form")],
        }


class IntegrationCompareLine(models.TransientModel):
    _name = "integration.compare.line"
    _description = "Fact in two versions"

    wizard_id = fields.Many2one("integration.compare", required=True, ondelete="cascade")
    name = fields.Char(readonly=True, string="What")
    in_books = fields.Char(readonly=True, string="In the books")
    came_in = fields.Char(readonly=True, string="Came in now")
    differs = fields.Boolean(readonly=True)
