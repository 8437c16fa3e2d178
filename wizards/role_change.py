# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models


class IntegrationRoleChange(models.TransientModel):
    """The dialog in which another account is proposed for a role."""

    _name = "integration.role.change"
    _description = "Proposed account of a role"

    row_id = fields.Many2one("integration.role.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="row_id.company_id")
    role = fields.Selection(related="row_id.role")
    now_id = fields.Many2one(related="row_id.account_id", string="Account now")
    own_connection_id = fields.Many2one(related="row_id.connection_id", string="Only for")
    change = fields.Selection(
        [
            ("account", "Another account"),
            ("own", "An own account for one connection"),
            ("remove", "The company's account again"),
        ],
        required=True,
        default="account",
    )
    account_id = fields.Many2one(
        "account.account", string="Account from now on", domain="[('company_ids', 'in', company_id)]"
    )
    connection_id = fields.Many2one(
        "integration.connection", string="For the connection", domain="[('company_id', '=', company_id)]"
    )
    reason = fields.Text(required=True, string="Why", help="The approver decides on it, and it is kept.")

    @api.onchange("change")
    def _onchange_change(self):
        if self.change != "own":
            self.connection_id = False

    def action_ask(self):
        """Button: ask another person for the change."""
        self.ensure_one()
        values = {"change": self.change}
        if self.change != "remove":
            values["account_id"] = self.account_id.id
        if self.change == "own":
            values["connection_id"] = self.connection_id.id
        request = self.row_id._ask_change(values, self.reason)
        return {
            "type": "ir.actions.act_window",
            "res_model": request._name,
            "res_id": request.id,
            "views": [(False, "form")],
        }
