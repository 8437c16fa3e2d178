# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...engine import dependency
from ..messaging import isolation

LOOK_AGAIN = 200


class IntegrationRuleWait(models.Model):
    """One rule and one thing that it is about: what has happened already, what is missing, what was done."""

    _name = "integration.rule.wait"
    _description = "Wait of a rule"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    rule_id = fields.Many2one(
        "integration.rule", required=True, readonly=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    key = fields.Char(required=True, readonly=True, help="What the events have in common.")
    name = fields.Char(string="About", readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("overdue", "Overdue"),
            ("failed", "Follow-up failed"),
            ("fired", "Fulfilled"),
            ("cancelled", "No longer waited for"),
        ],
        required=True,
        default="waiting",
        readonly=True,
    )
    first_at = fields.Datetime(string="Since", readonly=True)
    deadline_at = fields.Datetime(string="Overdue from", readonly=True)
    fired_at = fields.Datetime(string="Fulfilled on", readonly=True)
    held_text = fields.Char(string="Has happened", readonly=True)
    missing_text = fields.Char(string="Is missing", readonly=True)
    result = fields.Text(string="What was done", readonly=True)
    is_blocked = fields.Boolean(
        readonly=True, help="Everything has happened; a condition of the moment does not hold."
    )
    exception_id = fields.Many2one("integration.exception", readonly=True, ondelete="set null")
    fact_ids = fields.One2many("integration.rule.fact", "wait_id", string="What happened")

    _key_unique = models.UniqueIndex("(rule_id, key)")
    _open_idx = models.Index("(deadline_at, id) WHERE state IN ('waiting', 'overdue')")

    @api.depends("rule_id.name", "name")
    def _compute_display_name(self):
        for wait in self:
            wait.display_name = f"{wait.rule_id.name}: {wait.name or wait.key}"

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What a rule has done is evidence and stays."))

    # -- judging -------------------------------------------------------------------------------------------

    @api.model
    def _settle_pair(self, rule, key, facts):
        """Judge one subject of a rule by all its facts, and do what follows. Errors concern this subject alone."""
        wait = self.search([("rule_id", "=", rule.id), ("key", "=", key)], limit=1)
        if wait.state in dependency.FINAL:
            return wait
        if not wait:
            first = facts[0]
            wait = self.create(
                {
                    "rule_id": rule.id,
                    "key": key,
                    "company_id": first.company_id.id,
                    "name": first.name,
                    "res_model": first.res_model,
                    "res_id": first.res_id,
                }
            )
        wait._judge(facts)
        return wait

    def _judge(self, facts):
        self.ensure_one()
        rule = self.rule_id
        now = fields.Datetime.now()
        verdict = dependency.judge(
            rule.prerequisite_ids.sorted("sequence").ids,
            [dependency.Fact(fact.prerequisite_id.id, fact.happened_at) for fact in facts],
            self.state if self.state in dependency.STATES else dependency.WAITING,
            now,
            int(rule.deadline_hours * 3600),
            condition_holds=self._condition_holds(),
        )
        self.write(self._values(verdict))
        if verdict.fires:
            self._fire(facts, now)
        elif verdict.complains:
            self._complain(verdict)

    def _values(self, verdict):
        parts = self.rule_id.prerequisite_ids.sorted("sequence")
        missing = [part._phrase() for part in parts if part.id in verdict.missing]
        if verdict.blocked:
            missing.append(self.env._("no exception is open"))
        return {
            "state": self.state if verdict.fires else verdict.state,
            "first_at": verdict.since,
            "deadline_at": verdict.deadline,
            "held_text": ", ".join(part._phrase() for part in parts if part.id in verdict.held)[:500],
            "missing_text": ", ".join(missing)[:500] or False,
            "is_blocked": verdict.blocked,
        }

    def _condition_holds(self):
        if self.rule_id.condition == "none":
            return True
        domain = [("state", "=", "open"), ("company_id", "in", [False, self.company_id.id])]
        # Its own complaint must not keep the rule from being fulfilled.
        return not self.env["integration.exception"].search_count(
            [*domain, ("code", "not in", ("rule_overdue", "rule_follow_up_failed"))], limit=1
        )

    def _fire(self, facts, now):
        """Do what follows, all or nothing. What fails leaves the wait to a person, with the reason."""
        with isolation.one_event() as errors, self.env.cr.savepoint():
            done = [action._do(self, facts) for action in self.rule_id.action_ids.sorted("sequence")]
            self.write({"state": "fired", "fired_at": now, "result": "\n".join(done), "missing_text": False})
            self._let_go(self.env._("Everything has happened: the rule is fulfilled."))
        if errors:
            error = errors[0]
            params = {"rule": self.rule_id.name, "subject": self.name or self.key, "reason": error.sentence}
            exception = self.env["integration.exception"]._raise_company_cause(
                self.company_id, "rule_follow_up_failed", params, f"rule {self.rule_id.id}", error.detail
            )
            self.write({"state": "failed", "result": error.sentence[:1000], "exception_id": exception.id})
        self.env["integration.audit.leaf"]._record_change(
            self, "rule.failed" if errors else "rule.fired", (self.result or "")[:500]
        )

    def _complain(self, verdict):
        params = {
            "rule": self.rule_id.name,
            "subject": self.name or self.key,
            "missing": self.missing_text or "",
            "since": f"{verdict.since:%Y-%m-%d %H:%M:%S} UTC",
        }
        self.exception_id = self.env["integration.exception"]._raise_company_cause(
            self.company_id, "rule_overdue", params, f"rule {self.rule_id.id} {self.key}"
        )

    def _let_go(self, resolution):
        """Close the exception of this wait, unless other waits share it."""
        for exception in self.exception_id.filtered(lambda row: row.state == "open"):
            others = self.search_count(
                [
                    ("exception_id", "=", exception.id),
                    ("id", "not in", self.ids),
                    ("state", "in", ("overdue", "failed")),
                ],
                limit=1,
            )
            if not others:
                exception._resolve(resolution)

    @api.model
    def _look_again(self):
        """Judge anew what time or an exception may have changed; returns how many were looked at."""
        due = self.search(
            [
                "|",
                "&",
                ("state", "=", "waiting"),
                ("deadline_at", "<=", fields.Datetime.now()),
                "&",
                ("state", "in", ("waiting", "overdue")),
                ("is_blocked", "=", True),
            ],
            order="id",
            limit=LOOK_AGAIN,
        )
        for wait in due.filtered("rule_id.active"):
            wait._judge(wait.fact_ids)
        return len(due)

    # -- buttons -------------------------------------------------------------------------------------------

    def action_cancel(self):
        """Button: wait no longer; nothing follows."""
        self.check_access("write")
        open_waits = self.sudo().filtered(lambda wait: wait.state in ("waiting", "overdue", "failed"))
        if not open_waits:
            raise UserError(self.env._("Nothing is waited for here any more."))
        open_waits.write({"state": "cancelled"})
        open_waits._let_go(self.env._("%s decided that this is no longer waited for.", self.env.user.name))
        self.env["integration.audit.leaf"].sudo()._record_change(
            open_waits, "rule.cancelled", self.env.user.name
        )

    def action_try_again(self):
        """Button: the reason why the follow-up failed is removed."""
        self.check_access("write")
        failed = self.sudo().filtered(lambda wait: wait.state == "failed")
        if not failed:
            raise UserError(self.env._("Only a follow-up that failed can be tried again."))
        for wait in failed:
            wait._judge(wait.fact_ids)

    def action_open_record(self):
        self.ensure_one()
        if not self.res_model or self.res_model not in self.env:
            raise UserError(self.env._("There is no single record that this is about."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    def action_open_exception(self):
        self.ensure_one()
        return self.exception_id._open_form()
