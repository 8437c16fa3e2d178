# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a flow has agreed to, and what of its agreement is missing (M4)."""

from odoo import api, fields, models, tools
from odoo.exceptions import UserError

from ...engine.contract_compatibility import compare
from ..messaging.flow_life import _KEY, BOOKING_STATES


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    contract_id = fields.Many2one(
        "integration.contract",
        ondelete="restrict",
        index=True,
        domain="[('kind', '=', kind)]",
        help="The version of form and content that both sides have agreed on.",
    )
    contract_state = fields.Selection(related="contract_id.state", string="State of the contract")
    governance_missing = fields.Text(compute="_compute_governance_missing", string="What its agreement lacks")
    lacks_agreement = fields.Boolean(
        compute="_compute_governance_missing", search="_search_lacks_agreement", string="Incomplete"
    )

    @api.depends(
        "user_id",
        "contract_id",
        "sla_hours",
        "retention_days",
        "runbook_url",
        "max_attempts",
        "contract_state",
    )
    def _compute_governance_missing(self):
        for flow in self:
            points = flow._missing_agreement()
            flow.governance_missing = "\n".join(f"• {point}" for point in points) or False
            flow.lacks_agreement = bool(points)

    def _missing_agreement(self):
        """Return, in plain words, what somebody has to know of this flow and nobody has said."""
        self.ensure_one()
        _ = self.env._
        points = []
        if not self.user_id:
            points.append(_("An owner: who looks after it and gets its exceptions."))
        if not self.contract_id:
            points.append(_("A contract: which version of form and content is agreed."))
        elif self.contract_state in ("outdated", "over"):
            points.append(_("A contract that still holds: %s is outdated.", self.contract_id.display_name))
        if not self.max_attempts:
            points.append(_("How often it is tried after a passing problem."))
        if not self.sla_hours:
            points.append(_("Within how many hours its exceptions are resolved."))
        if not self.retention_days:
            points.append(_("How long the contents of its events are kept."))
        if not (self.runbook_url or "").strip():
            points.append(_("A runbook: where it is written what to do when it stands still."))
        return points

    def _search_lacks_agreement(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [
            "|", "|", "|", "|", "|",
            ("user_id", "=", False),
            ("contract_id", "=", False),
            ("sla_hours", "=", 0),
            ("retention_days", "=", 0),
            ("runbook_url", "in", (False, "")),
            ("contract_id.deprecated_on", "<=", fields.Date.context_today(self)),
        ]  # fmt: skip

    @api.model_create_multi
    def create(self, vals_list):
        """Begin with the newest contract of what the flow carries."""
        for vals in vals_list:
            if "contract_id" not in vals and vals.get("kind"):
                vals["contract_id"] = self.env["integration.contract"]._newest(vals["kind"]).id
        return super().create(vals_list)

    @api.constrains("contract_id", "kind")
    def _check_contract(self):
        for flow in self:
            if flow.contract_id and flow.contract_id.kind != flow.kind:
                raise UserError(
                    self.env._("%(contract)s is about something else than %(flow)s carries.",
                               contract=flow.contract_id.display_name, flow=flow.display_name)
                )  # fmt: skip

    def write(self, vals):
        if "contract_id" in vals and not self._may_write_state():
            new = self.env["integration.contract"].browse(vals["contract_id"] or [])
            for flow in self.filtered(lambda flow: flow.contract_id != new):
                if flow.state in BOOKING_STATES and flow._breaking_changes(new):
                    raise UserError(
                        self.env._(
                            "%(contract)s breaks what %(flow)s carries today. Press “Change the contract”: a second "
                            "person has to agree.",
                            contract=new.display_name or self.env._("No contract"),
                            flow=flow.display_name,
                        )
                    )
        before = {flow.id: flow.contract_id for flow in self}
        result = super().write(vals)
        for flow in self.filtered(lambda flow: "contract_id" in vals and before[flow.id] != flow.contract_id):
            detail = f"{before[flow.id].name or '–'} → {flow.contract_id.name or '–'}"
            self.env["integration.audit.leaf"]._record_change(flow, "flow.contract", detail)
            if not flow.contract_id.deprecated_on:
                flow._settle_contract_warning()
        return result

    def _breaking_changes(self, new):
        """Return what would break if this flow went over to ``new``; no contract at all breaks everything."""
        self.ensure_one()
        old = self.contract_id
        if not old or old == new:
            return []
        if not new:
            return [self.env._("No contract")]
        return [change for change in compare(old.schema, new.schema) if change.breaks(self.direction)]

    def _carry_out(self, request):
        result = super()._carry_out(request)
        contract_id = (request.values or {}).get("contract_id")
        if contract_id:
            self.with_context(integration_flow_life=_KEY).write({"contract_id": contract_id})
        return result

    def _settle_contract_warning(self):
        exceptions = self.env["integration.exception"].sudo().search(
            [
                ("connection_id", "in", self.connection_id.ids),
                ("code", "in", ("contract_deprecated", "contract_not_agreed")),
                ("flow_id", "in", self.ids),
                ("state", "=", "open"),
            ]
        )  # fmt: skip
        if exceptions:
            exceptions._resolve(self.env._("The flow has another contract now."))

    @api.model
    @tools.ormcache("flow_id")
    def _agreed_version(self, flow_id):
        """Return the version that a flow has agreed on, None where it has none."""
        contract = self.sudo().browse(flow_id).exists().contract_id
        return contract.version or None

    def action_change_contract(self):
        """Button: open the dialog in which the flow goes over to another version."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Change the contract of %s", self.display_name),
            "res_model": "integration.contract.step",
            "view_mode": "form",
            "target": "new",
            "context": {"default_flow_id": self.id},
        }
