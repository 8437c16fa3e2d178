# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models
from odoo.exceptions import UserError

# Records that take a reason and evidence from this dialog: they have ``_ask_with(reason, attachments)``.
ASKABLE = frozenset(
    {"integration.approval.policy", "integration.collection.agreement", "integration.promotion"}
)


class IntegrationApprovalAsk(models.TransientModel):
    """The dialog in which somebody says why a change is needed, with evidence where there is some."""

    _name = "integration.approval.ask"
    _description = "Ask for approval"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Integer(required=True, readonly=True)
    reason = fields.Text(required=True, string="Why")
    attachment_ids = fields.Many2many("ir.attachment", string="Evidence")

    def action_ask(self):
        """Button: ask."""
        self.ensure_one()
        if self.res_model not in ASKABLE:
            raise UserError(self.env._("Nothing can be asked about this."))
        record = self.env[self.res_model].browse(self.res_id)
        record.check_access("write")
        request = record._ask_with(self.reason, self.attachment_ids)
        return {
            "type": "ir.actions.act_window",
            "res_model": request._name,
            "res_id": request.id,
            "views": [(False, "form")],
        }


class IntegrationApprovalRefuse(models.TransientModel):
    """The dialog in which an approver says why a change is refused."""

    _name = "integration.approval.refuse"
    _description = "Refuse a change"

    request_id = fields.Many2one("integration.change.request", required=True, readonly=True)
    reason = fields.Text(required=True, string="Why not")

    def action_refuse(self):
        """Button: refuse."""
        self.ensure_one()
        self.request_id.action_refuse(self.reason)
        return {"type": "ir.actions.act_window_close"}
