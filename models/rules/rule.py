# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from markupsafe import Markup

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ...engine import dependency

SCOPES = [
    ("object", "the same record"),
    ("invoice", "the same invoice"),
    ("order", "the same sales order"),
    ("partner", "the same business partner"),
    ("correlation", "the same correlation id"),
    ("day", "the same company and day"),
    ("month", "the same company and month"),
    ("journal_month", "the same journal and month"),
]


class IntegrationRule(models.Model):
    """What follows which business event: once everything that it waits for has happened, its follow-ups are done."""

    _name = "integration.rule"
    _description = "Rule"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        help="The rule is about events of this company. Empty = of each company by itself.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        required=True,
        default=lambda self: self.env.user,
        help="Who looks after this rule and hears of what nobody else is there for.",
    )
    prerequisite_ids = fields.One2many("integration.rule.prerequisite", "rule_id", string="When", copy=True)
    scope = fields.Selection(
        SCOPES,
        string="About",
        required=True,
        default="object",
        help="What the events must have in common to belong together.",
    )
    each_time = fields.Boolean(
        string="Every time",
        help="Follow up each time the event happens. Otherwise once for each record, however often it is told.",
    )
    condition = fields.Selection(
        [("none", "Nothing else"), ("no_open_exception", "no exception of the company is open")],
        string="And only while",
        required=True,
        default="none",
    )
    deadline_hours = fields.Float(
        string="Overdue after (hours)",
        help="When the first event has happened and the others do not follow within this time, an exception says which "
        "one is missing. 0 = wait for ever.",
    )
    action_ids = fields.One2many("integration.rule.action", "rule_id", string="Then", copy=True)
    wait_ids = fields.One2many("integration.rule.wait", "rule_id")
    waiting_count = fields.Integer(compute="_compute_counts", string="Waiting")
    fired_count = fields.Integer(compute="_compute_counts", string="Fulfilled")
    text = fields.Char(compute="_compute_text", string="In words")
    picture = fields.Html(compute="_compute_text", sanitize=False)

    @api.depends("wait_ids.state")
    def _compute_counts(self):
        counts = {
            (rule.id, state): count
            for rule, state, count in self.env["integration.rule.wait"]._read_group(
                [("rule_id", "in", self.ids)], ["rule_id", "state"], ["__count"]
            )
        }
        for rule in self:
            rule.waiting_count = sum(
                counts.get((rule.id, state), 0) for state in ("waiting", "overdue", "failed")
            )
            rule.fired_count = counts.get((rule.id, "fired"), 0)

    @api.depends(
        "prerequisite_ids.kind",
        "prerequisite_ids.sequence",
        "prerequisite_ids.filter_text",
        "action_ids.text",
        "action_ids.sequence",
        "condition",
        "scope",
        "deadline_hours",
        "each_time",
    )
    def _compute_text(self):
        _ = self.env._
        scopes = dict(self._fields["scope"]._description_selection(self.env))
        conditions = dict(self._fields["condition"]._description_selection(self.env))
        for rule in self:
            whens = [part._phrase() for part in rule.prerequisite_ids.sorted("sequence")]
            thens = [action.text or "" for action in rule.action_ids.sorted("sequence")]
            condition = conditions[rule.condition] if rule.condition == "no_open_exception" else ""
            words = (_("When"), _("and"), _("then"), _("nothing follows"))
            rule.text = dependency.sentence(whens, condition, thens, words)
            notes = []
            if len(whens) > 1:
                notes.append(_("about %s", scopes.get(rule.scope, "")))
            if rule.deadline_hours and len(whens) > 1:
                notes.append(_("overdue after %s hours", f"{rule.deadline_hours:g}"))
            notes.append(_("every time") if rule.each_time else _("once for each"))
            rule.picture = _picture(whens, condition, thens, notes, words)

    @api.constrains("each_time", "prerequisite_ids")
    def _check_each_time(self):
        for rule in self:
            if rule.each_time and len(rule.prerequisite_ids) > 1:
                raise ValidationError(
                    self.env._(
                        "A rule with several events follows up once: which repeated events belong together is unknown."
                    )
                )
            kinds = rule.prerequisite_ids.mapped("kind")
            if len(kinds) != len(set(kinds)):
                raise ValidationError(self.env._("An event stands only once in a rule."))

    @api.constrains("active", "prerequisite_ids", "action_ids")
    def _check_complete(self):
        for rule in self:
            if rule.active and not (rule.prerequisite_ids and rule.action_ids):
                raise ValidationError(
                    self.env._("“%s” needs at least one event and one follow-up to be active.", rule.name)
                )

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._changed()
        return rules

    def write(self, vals):
        result = super().write(vals)
        self._changed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if any(rule.wait_ids for rule in self):
            raise UserError(
                self.env._(
                    "A rule that has followed up is evidence. Archive it: it then follows up nothing more."
                )
            )
        self._changed()

    def _changed(self):
        self.env.registry.clear_cache()

    @api.model
    @tools.ormcache("company_id", "kind")
    def _parts_for(self, company_id, kind):
        """Return the ids of the prerequisites of active rules that such an event of a company may meet."""
        domain = [
            ("kind", "=", kind),
            ("rule_id.active", "=", True),
            ("rule_id.company_id", "in", [False, company_id] if company_id else [False]),
        ]
        return tuple(self.env["integration.rule.prerequisite"].sudo().search(domain).ids)

    def action_open_waits(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_rule_wait")
        return dict(action, domain=[("rule_id", "=", self.id)], context={})

    def action_try(self):
        """Button: show what would follow if some of the events happened; nothing is done."""
        self.ensure_one()
        trial = self.env["integration.rule.trial"].create({"rule_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What would happen"),
            "res_model": "integration.rule.trial",
            "res_id": trial.id,
            "views": [(False, "form")],
            "target": "new",
        }


def _picture(whens, condition, thens, notes, words):
    """Return a rule as a row of boxes: when … and … then …; every text is escaped."""
    when, and_, then, nothing = words
    box = Markup('<span class="badge rounded-pill text-bg-%s fs-6 fw-normal text-wrap m-1">%s</span>')
    joint = Markup('<span class="fw-bold mx-1">%s</span>')
    parts = [joint % when]
    for number, text in enumerate(whens or ["…"]):
        parts += [joint % and_] * bool(number) + [box % ("info", text)]
    if condition:
        parts += [joint % and_, box % ("warning", condition)]
    parts.append(joint % then)
    parts += [box % ("success", text) for text in thens or [nothing]]
    note = Markup('<div class="text-muted mt-1">%s</div>') % " · ".join(notes)
    return Markup("<div>%s%s</div>") % (Markup("").join(parts), note)


class IntegrationRuleTrial(models.TransientModel):
    """Tries a rule: which events have happened, and what would follow. Nothing is written."""

    _name = "integration.rule.trial"
    _description = "What would happen"

    rule_id = fields.Many2one("integration.rule", required=True, ondelete="cascade")
    prerequisite_ids = fields.Many2many(
        "integration.rule.prerequisite", string="These have happened", domain="[('rule_id', '=', rule_id)]"
    )
    hours = fields.Float(string="Hours since the first", default=0.0)
    exception_open = fields.Boolean(string="An exception is open")
    picture = fields.Html(related="rule_id.picture")
    outcome = fields.Text(compute="_compute_outcome", string="What would happen")

    @api.depends("rule_id", "prerequisite_ids", "hours", "exception_open")
    def _compute_outcome(self):
        for trial in self:
            trial.outcome = trial._outcome()

    def _outcome(self):
        _ = self.env._
        rule, now = self.rule_id, fields.Datetime.now()
        since = fields.Datetime.subtract(now, seconds=int(self.hours * 3600))
        verdict = dependency.judge(
            rule.prerequisite_ids.ids,
            [dependency.Fact(part.id, since) for part in self.prerequisite_ids._origin],
            dependency.NEW,
            now,
            int(rule.deadline_hours * 3600),
            condition_holds=rule.condition == "none" or not self.exception_open,
        )
        if verdict.fires:
            return _("It would be done now: %s", "; ".join(rule.action_ids.mapped("text")))
        if not verdict.held:
            return _("Nothing: none of the events has happened.")
        names = [part._phrase() for part in rule.prerequisite_ids if part.id in verdict.missing]
        missing = ", ".join(names) or _("that no exception is open")
        if verdict.complains:
            return _("It would wait, overdue, and an exception would say that this is missing: %s", missing)
        return _("It would wait for: %s", missing)
