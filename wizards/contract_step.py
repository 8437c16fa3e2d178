# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.contract_compatibility import compare
from ..models.messaging.flow_life import BOOKING_STATES


class IntegrationContractStep(models.TransientModel):
    """The dialog in which a flow goes over to another version of its contract."""

    _name = "integration.contract.step"
    _description = "Change of a flow's contract"

    flow_id = fields.Many2one("integration.flow", required=True, readonly=True)
    kind = fields.Selection(related="flow_id.kind")
    old_contract_id = fields.Many2one(related="flow_id.contract_id", string="Now")
    contract_id = fields.Many2one("integration.contract", string="From now on")
    reason = fields.Text(required=True)
    changes_html = fields.Html(compute="_compute_changes", sanitize=False, string="What differs")
    breaking_count = fields.Integer(compute="_compute_changes")
    needs_approval = fields.Boolean(compute="_compute_changes")

    @api.depends("contract_id", "flow_id.contract_id", "flow_id.state")
    def _compute_changes(self):
        Contract = self.env["integration.contract"]
        for step in self:
            old, new = step.flow_id.contract_id, step.contract_id
            changes = compare(old.schema, new.schema) if old and new else []
            step.changes_html = Contract._changes_table(changes) if old and new else False
            step.breaking_count = len(step.flow_id._breaking_changes(new)) if new else 0
            step.needs_approval = bool(step.breaking_count) and step.flow_id.state in BOOKING_STATES

    def action_confirm(self):
        """Button: go over to the other version, or ask for it where that would break what the flow carries."""
        self.ensure_one()
        flow, contract = self.flow_id, self.contract_id
        if not self.env.user.has_group("finance_integration.group_administrator"):
            raise UserError(
                self.env._("Only an integration administrator changes what a flow has agreed to.")
            )
        if not contract or contract == flow.contract_id:
            raise UserError(self.env._("Choose another version."))
        if not self.needs_approval:
            flow.write({"contract_id": contract.id})
            return {"type": "ir.actions.client", "tag": "soft_reload"}
        breaking = flow._breaking_changes(contract)
        request = self.env["integration.change.request"]._ask(
            flow,
            self.env._(
                "%(flow)s: contract %(contract)s", flow=flow.display_name, contract=contract.display_name
            ),
            {"contract_id": contract.id},
            self.reason,
            self.env._("Breaks: %s", ", ".join(change.path for change in breaking)[:2000]),
            kind="contract",
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": request._name,
            "res_id": request.id,
            "views": [(False, "form")],
        }
