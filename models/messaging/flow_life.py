# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Life of a flow: each change of state goes through one method and the table, and is written down with who and why."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...engine.flow_life import STATE_MEANINGS, IllegalFlowChange, changes_from, check_change

STATE_LABELS = {
    "draft": "Draft",
    "shadow": "Shadow",
    "live": "Live",
    "paused": "Paused",
    "retired": "Retired",
}
# What decides what is booked: of a flow that books it changes only with a second person.
GUARDED_FIELDS = ("start_date", "history_policy")
# How the events of a source are counted: of a flow of real events it changes only with a second person.
NUMBERING_FIELDS = ("numbering", "numbering_policy", "numbering_start")
# Written down when they change; they do not decide what is booked.
RECORDED_FIELDS = (
    "lane_id",
    "mode",
    "criticality",
    "latency_target_seconds",
    "batch_size",
    "max_attempts",
    "first_delay_seconds",
    "delay_factor",
    "longest_delay_seconds",
    "inbound_rate_per_second",
    "outbound_rate_per_second",
    "retention_days",
    "sla_hours",
    "user_id",
    "data_contract",
    "runbook_url",
    "parent_hours",
    "customers_first",
    "numbering",
    "numbering_policy",
    "numbering_start",
    "gap_hours",
)
BOOKING_STATES = ("live", "paused")
# Only the holder of this object may write the state: it changes through _change_state alone.
_KEY = object()


class IntegrationFlow(models.Model):
    _inherit = "integration.flow"

    state = fields.Selection(
        list(STATE_LABELS.items()),
        required=True,
        readonly=True,
        copy=False,
        help="\n".join(f"{STATE_LABELS[state]}: {text}" for state, text in STATE_MEANINGS.items()),
    )
    state_meaning = fields.Char(compute="_compute_state_meaning")
    state_since = fields.Datetime(readonly=True, copy=False, string="Since")
    state_reason = fields.Char(readonly=True, copy=False, string="Because")
    approved_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, help="Who agreed that this flow books."
    )
    numbering_needs_approval = fields.Boolean(compute="_compute_numbering_needs_approval")
    change_ids = fields.One2many("integration.change.request", "flow_id", string="Changes asked for")
    open_change_id = fields.Many2one(
        "integration.change.request", compute="_compute_open_change", string="Waits for approval"
    )

    @api.depends("state", "connection_id.environment", "connection_id.state")
    def _compute_numbering_needs_approval(self):
        for flow in self:
            flow.numbering_needs_approval = (
                flow.state in BOOKING_STATES and flow.connection_id.sudo()._secrets_need_approval()
            )

    @api.depends("state")
    def _compute_state_meaning(self):
        for flow in self:
            meaning = STATE_MEANINGS.get(flow.state)
            flow.state_meaning = meaning and self.env._(meaning)  # pylint: disable=translation-not-lazy

    @api.depends("change_ids.state")
    def _compute_open_change(self):
        for flow in self:
            flow.open_change_id = flow.change_ids.filtered(lambda change: change.state == "asked")[:1]

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if "state" in vals and not self._may_write_state():
                raise UserError(self._state_sentence())
            if "state" not in vals:
                connection = self.env["integration.connection"].browse(vals.get("connection_id"))
                # Events of a test or sandbox are nobody's books; those of production need a second person.
                vals["state"] = "draft" if connection.environment == "production" else "live"
            vals["state_since"] = fields.Datetime.now()
        return super().create(vals_list)

    @api.model
    def _create_drafts(self, vals_list):
        """Create flows that keep their events and do nothing with them until a person lets them begin."""
        drafts = [dict(vals, state="draft") for vals in vals_list]
        return self.with_context(integration_flow_life=_KEY).create(drafts).with_env(self.env)

    def write(self, vals):
        if "state" in vals and not self._may_write_state():
            raise UserError(self._state_sentence())
        guarded = {name: vals[name] for name in GUARDED_FIELDS if name in vals}
        if guarded and not self._may_write_state():
            for flow in self.filtered(lambda flow: flow.state in BOOKING_STATES):
                if flow._differs(guarded):
                    raise UserError(
                        self.env._(
                            "%s books: its start date and what becomes of its history are changed only with the "
                            "approval of a second person. Press “Change what is booked”.",
                            flow.display_name,
                        )
                    )
        numbering = {name: vals[name] for name in NUMBERING_FIELDS if name in vals}
        if numbering and not self._may_write_state():
            for flow in self.filtered("numbering_needs_approval"):
                if flow._differs(numbering):
                    raise UserError(
                        self.env._(
                            "%s books real events: how they are numbered is changed only with the approval of a second "
                            "person. Press “Change state” and choose “How its events are numbered”.",
                            flow.display_name,
                        )
                    )
        before = {flow.id: flow._settings_text(vals) for flow in self}
        result = super().write(vals)
        self._record_settings(before, vals)
        return result

    def _may_write_state(self):
        return self.env.context.get("integration_flow_life") is _KEY

    def _state_sentence(self):
        return self.env._("The state of a flow changes only through its buttons, with a reason.")

    def _differs(self, values):
        self.ensure_one()
        return any(
            self._fields[name].convert_to_write(self[name], self)
            != self._fields[name].convert_to_write(self._fields[name].convert_to_cache(value, self), self)
            for name, value in values.items()
        )

    def _settings_text(self, vals):
        self.ensure_one()
        names = [
            name for name in (*RECORDED_FIELDS, *GUARDED_FIELDS) if name in vals and name in self._fields
        ]
        return {name: str(self._fields[name].convert_to_write(self[name], self)) for name in names}

    def _record_settings(self, before, vals):
        """Append what changed: from what, to what."""
        for flow in self:
            after = flow._settings_text(vals)
            changed = [
                f"{name}: {before[flow.id][name]} → {text}"
                for name, text in after.items()
                if before[flow.id][name] != text
            ]
            if changed:
                self.env["integration.audit.leaf"]._record_change(flow, "flow.settings", "; ".join(changed))

    # -- changing the state --------------------------------------------------------------------------------

    def _change_state(self, target, reason, request=None, shadowed="none"):
        """Let the flow go into ``target``; the one way in which its state changes.

        :param reason: why, in the words of who asked.
        :param request: the approved integration.change.request, where the change needs one.
        :param shadowed: what becomes of events that it has computed in shadow, when it goes live:
            'none' = they stay unbooked, 'missing' = those that the books do not hold are booked, the others linked.
        :raises UserError: the change is not permitted, not approved, or has no reason.
        """
        self.ensure_one()
        source = self.state
        change = self._permitted(target)
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept with the change."))
        if change.needs_approval and not (request and request._allows(self, target)):
            raise UserError(
                self.env._("%s needs the approval of a second person.", self._change_label(change.name))
            )
        self._check_may_become(target)
        values = {"state": target, "state_since": fields.Datetime.now(), "state_reason": reason.strip()[:500]}
        if target == "live" and request:
            values["approved_by_id"] = request.approver_id.id
        self.with_context(integration_flow_life=_KEY).write(values)
        self.env["integration.audit.leaf"]._record_change(
            self, f"flow.{change.name}", f"{source} → {target}: {reason.strip()}"
        )
        if source == "shadow" and target == "live":
            self.env["integration.shadow.result"]._settle(self, shadowed)
        if target in ("live", "shadow", "retired"):
            self.env["integration.lane"]._ring_after_commit(self.lane_id.ids)
            if self.direction == "out":
                self.env["integration.delivery"]._ring_after_commit(self.connection_id.ids)

    def _check_may_become(self, target):
        """Raise what else keeps the flow from going into ``target``."""

    def _permitted(self, target):
        try:
            return check_change(self.state, target)
        except IllegalFlowChange as error:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "A flow that is “%(now)s” cannot become “%(wanted)s”.",
                    now=labels.get(self.state, self.state),
                    wanted=labels.get(target, target),
                )
            ) from error

    def _change_label(self, name):
        _ = self.env._
        return {
            "run_in_shadow": _("Running in shadow"),
            "go_live": _("Going live"),
            "retire": _("Retiring a flow"),
            "back_to_draft": _("Going back to draft"),
            "pause": _("Pausing"),
            "resume": _("Going on"),
            "back_to_shadow": _("Going back to shadow"),
            "reopen": _("Opening a retired flow again"),
        }[name]

    def _targets(self):
        """Return the states into which the flow may go now."""
        self.ensure_one()
        return [change.target for change in changes_from(self.state)]

    def _carry_out(self, request):
        """Do what an approved request asks for; called by integration.change.request."""
        self.ensure_one()
        values = request.values or {}
        if target := values.get("state"):
            self._change_state(target, request.reason, request, values.get("shadowed", "none"))
        names = (*GUARDED_FIELDS, *NUMBERING_FIELDS)
        if settings := {name: values[name] for name in names if name in values}:
            self.with_context(integration_flow_life=_KEY).write(settings)

    # -- buttons -------------------------------------------------------------------------------------------

    def action_change_state(self):
        """Button: open the dialog in which a change of state is made or asked for."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Change %s", self.display_name),
            "res_model": "integration.flow.step",
            "view_mode": "form",
            "target": "new",
            "context": {"default_flow_id": self.id, "default_target": self.env.context.get("flow_target")},
        }

    def _check_may_steer(self):
        """Refuse people who may neither set up nor operate.

        :raises AccessError: the acting user is neither.
        """
        if not self.env.user.has_group(
            "finance_integration.group_administrator"
        ) and not self.env.user.has_group("finance_integration.group_operator"):
            raise AccessError(self.env._("Only an integration administrator or an operator may do this."))

    def action_open_changes(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_change_request")
        return dict(action, domain=[("flow_id", "=", self.id)], context={})

    def action_open_shadow(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_shadow_result")
        return dict(action, domain=[("flow_id", "=", self.id)], context={"default_flow_id": self.id})


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def write(self, vals):
        becoming = self.filtered(
            lambda connection: (
                vals.get("environment") == "production" and connection.environment != "production"
            )
        )
        result = super().write(vals)
        for flow in becoming.flow_ids.filtered(lambda flow: flow.state in BOOKING_STATES):
            # It has gone live as a test: neither a second person nor the look at the set-up counts for production.
            flow.with_context(integration_flow_life=_KEY).write(
                {"state": "draft", "state_since": fields.Datetime.now()}
            )
            self.env["integration.audit.leaf"]._record_change(flow, "flow.back_to_draft", "now production")
        return result
