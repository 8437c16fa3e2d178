# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.flow_life import check_change
from ..models.messaging.flow_life import GUARDED_FIELDS, NUMBERING_FIELDS, STATE_LABELS


class IntegrationFlowStep(models.TransientModel):
    """The dialog in which a flow's state, or what it books, is changed: at once, or asked for."""

    _name = "integration.flow.step"
    _description = "Change of a flow"

    flow_id = fields.Many2one("integration.flow", required=True, readonly=True)
    company_id = fields.Many2one(related="flow_id.company_id")
    state = fields.Selection(related="flow_id.state")
    subject = fields.Selection(
        [
            ("state", "What the flow does"),
            ("history", "From when on it books"),
            ("numbering", "How its events are numbered"),
        ],
        required=True,
        default="state",
    )
    target = fields.Selection("_selection_target", string="From now on")
    reason = fields.Text(required=True)
    shadowed = fields.Selection(
        [
            ("missing", "Book what the books do not hold; link the rest"),
            ("none", "Leave it unbooked"),
        ],
        string="What was computed in shadow",
    )
    start_date = fields.Date(string="Books from")
    history_policy = fields.Selection(
        selection=lambda self: self.env["integration.flow"]._fields["history_policy"].selection,
        string="What is older",
    )
    numbering = fields.Selection(
        selection=lambda self: self.env["integration.flow"]._fields["numbering"].selection,
        string="Numbered events",
    )
    numbering_policy = fields.Selection(
        selection=lambda self: self.env["integration.flow"]._fields["numbering_policy"].selection,
        string="When a number is missing",
    )
    numbering_start = fields.Integer(
        string="First number", help="-1: whatever arrives first begins the series."
    )
    shadow_summary = fields.Char(related="flow_id.shadow_summary")
    governance_missing = fields.Text(related="flow_id.governance_missing")
    shadow_count = fields.Integer(related="flow_id.shadow_count")
    needs_approval = fields.Boolean(compute="_compute_needs_approval")

    @api.model
    def _selection_target(self):
        """Offer what the flow's state permits."""
        labels = dict(self.env["integration.flow"]._fields["state"]._description_selection(self.env))
        flow = self.env["integration.flow"].browse(self.env.context.get("default_flow_id")).exists()
        return [(state, labels[state]) for state in (flow._targets() if flow else STATE_LABELS)]

    @api.model
    def default_get(self, names):
        values = super().default_get(names)
        flow = self.env["integration.flow"].browse(
            values.get("flow_id") or self.env.context.get("default_flow_id")
        )
        if flow:
            values |= {"start_date": flow.start_date, "history_policy": flow.history_policy}
            values |= {name: flow[name] for name in NUMBERING_FIELDS}
        return values

    @api.depends("target", "subject", "flow_id.state")
    def _compute_needs_approval(self):
        for step in self:
            if step.subject == "history":
                step.needs_approval = step.state in ("live", "paused")
            elif step.subject == "numbering":
                step.needs_approval = step.flow_id.numbering_needs_approval
            else:
                targets = step.flow_id._targets() if step.flow_id else []
                step.needs_approval = (
                    step.target in targets and check_change(step.state, step.target).needs_approval
                )

    def action_confirm(self):
        """Button: make the change, or ask for it where a second person has to agree."""
        self.ensure_one()
        flow = self.flow_id
        flow.check_access("read")
        flow._check_may_steer()
        values = self._values()
        if not self.needs_approval:
            return self._do_at_once(flow, values)
        request = self.env["integration.change.request"]._ask(
            flow, self._title(flow), values, self.reason, self._seen(flow)
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": request._name,
            "res_id": request.id,
            "views": [(False, "form")],
        }

    def _seen(self, flow):
        """Return what the approver has to know: the parallel run, and what nobody has said of the flow."""
        missing = flow.governance_missing if self.target == "live" else None
        lacks = missing and self.env._("Nobody has said yet:\n%s", missing)
        return "\n\n".join(text for text in (flow.shadow_summary, lacks) if text) or None

    def _values(self):
        """Return what the flow carries out.

        :raises UserError: something is not chosen.
        """
        if self.subject == "history":
            return {
                "start_date": self.start_date and self.start_date.isoformat(),
                "history_policy": self.history_policy,
            }
        if self.subject == "numbering":
            return self._numbering_values()
        if not self.target:
            raise UserError(self.env._("Choose what the flow does from now on."))
        values = {"state": self.target}
        if self.state == "shadow" and self.target == "live" and self.shadow_count:
            if not self.shadowed:
                raise UserError(self.env._("Choose what becomes of the events that were computed in shadow."))
            values["shadowed"] = self.shadowed
        return values

    def _numbering_values(self):
        """Return what of the numbering would change.

        :raises UserError: nothing would.
        """
        values = {name: self[name] for name in NUMBERING_FIELDS if self[name] != self.flow_id[name]}
        if not values:
            raise UserError(self.env._("That is how its events are numbered already."))
        return values

    def _do_at_once(self, flow, values):
        if self.subject in ("history", "numbering"):
            if not self.env.user.has_group("finance_integration.group_administrator"):
                raise UserError(self.env._("Only an integration administrator changes what a flow books."))
            names = GUARDED_FIELDS if self.subject == "history" else NUMBERING_FIELDS
            flow.write({name: values[name] for name in names if name in values})
        else:
            flow.sudo()._change_state(self.target, self.reason)
        return {"type": "ir.actions.act_window_close"}

    def _title(self, flow):
        if self.subject == "history":
            return self.env._("%s: from when on it books", flow.display_name)
        if self.subject == "numbering":
            return self.env._("%s: how its events are numbered", flow.display_name)
        name = check_change(self.state, self.target).name
        return f"{flow.display_name}: {flow._change_label(name)}"
