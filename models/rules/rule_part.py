# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.event_catalogue import EVENTS, PUBLISHED_BY_RULES

ACTIONS = [
    ("activity", "Make an activity"),
    ("notify", "Notify a person"),
    ("publish", "Publish an event"),
    ("exception", "Raise an exception"),
    ("hold_set", "Put the customer on credit hold"),
    ("hold_clear", "Clear the customer's credit hold"),
    ("release_flow", "Let a paused flow go on"),
    ("pull", "Fetch from an outside system"),
]
ROLES = [
    ("user", "This person"),
    ("salesperson", "The salesperson"),
    ("owner", "The owner of the rule"),
    ("flow_owner", "The owner of the flow"),
]
NEEDS_PERSON = ("activity", "notify")


class IntegrationRulePrerequisite(models.Model):
    """One event that must have happened before a rule follows up."""

    _name = "integration.rule.prerequisite"
    _description = "Event that a rule waits for"
    _inherit = ["integration.event.filter"]
    _order = "rule_id, sequence, id"

    rule_id = fields.Many2one("integration.rule", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(related="rule_id.company_id", store=True, index=True)

    @api.depends("kind", "filter_text")
    def _compute_display_name(self):
        for part in self:
            part.display_name = part._phrase()

    def _phrase(self):
        """Return the event as part of a sentence: "a payment fails (in BNK1)"."""
        info = EVENTS.get(self.kind)
        phrase = self.env._(info.phrase) if info else "…"  # pylint: disable=translation-not-lazy
        return phrase if self.filter_text == self.env._("all") else f"{phrase} ({self.filter_text})"

    @api.model_create_multi
    def create(self, vals_list):
        parts = super().create(vals_list)
        self.env.registry.clear_cache()
        return parts

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()


class IntegrationRuleAction(models.Model):
    """One thing that a rule does. The choice is fixed; nothing here is a program."""

    _name = "integration.rule.action"
    _description = "Follow-up of a rule"
    _order = "rule_id, sequence, id"

    rule_id = fields.Many2one("integration.rule", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="rule_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    action = fields.Selection(ACTIONS, required=True, string="Do")
    role = fields.Selection(ROLES, string="For", default="owner")
    user_id = fields.Many2one("res.users", string="Person")
    summary = fields.Char(
        translate=True, help="What the person should do or know; also the reason of a credit hold."
    )
    within_days = fields.Integer(string="Due in (days)", default=1)
    publish_kind = fields.Selection("_selection_publish", string="Event to publish")
    flow_id = fields.Many2one("integration.flow", ondelete="cascade")
    connection_id = fields.Many2one("integration.connection", string="Fetch from", ondelete="cascade")
    text = fields.Char(compute="_compute_text", string="In words")

    @api.model
    def _selection_publish(self):
        return [
            (kind, self.env._(EVENTS[kind].label))  # pylint: disable=translation-not-lazy
            for kind in PUBLISHED_BY_RULES
        ]

    @api.depends(
        "action", "role", "user_id", "summary", "publish_kind", "flow_id", "connection_id", "within_days"
    )
    def _compute_text(self):
        _ = self.env._
        labels = dict(self._fields["action"]._description_selection(self.env))
        roles = dict(self._fields["role"]._description_selection(self.env))
        events = dict(self._selection_publish())
        for row in self:
            who = row.user_id.name if row.role == "user" else roles.get(row.role, "")
            row.text = {
                "activity": _("make an activity for %(who)s: %(what)s", who=who, what=row.summary or ""),
                "notify": _("notify %(who)s: %(what)s", who=who, what=row.summary or ""),
                "publish": _("publish “%s”", events.get(row.publish_kind, "")),
                "exception": _("raise an exception: %s", row.summary or ""),
                "hold_set": _("put the customer on credit hold: %s", row.summary or ""),
                "hold_clear": _("clear the customer's credit hold"),
                "release_flow": _("let the flow %s go on", row.flow_id.display_name or ""),
                "pull": _("fetch from %s", row.connection_id.display_name or ""),
            }.get(row.action) or labels.get(row.action, "")

    @api.constrains("action", "role", "user_id", "summary", "publish_kind", "flow_id", "connection_id")
    def _check_complete(self):
        needs = {
            "publish": "publish_kind",
            "release_flow": "flow_id",
            "pull": "connection_id",
            "exception": "summary",
            "hold_set": "summary",
            "activity": "summary",
            "notify": "summary",
        }
        for row in self:
            wanted = needs.get(row.action)
            if wanted and not row[wanted]:
                label = self._fields[wanted]._description_string(self.env)
                raise ValidationError(self.env._("“%(what)s” needs: %(field)s", what=row.text, field=label))
            if row.action in NEEDS_PERSON and (not row.role or (row.role == "user" and not row.user_id)):
                raise ValidationError(self.env._("“%s” needs a person.", row.text))
