# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.tools.misc import format_date

from ..engine.mapping import Verdict
from ..models.governance.mapping_target import KINDS

VERDICTS = [
    ("exact", "Mapped by itself"),
    ("default", "By the default for any other value"),
    ("expired", "Mapped, but not on this day"),
    ("archived", "Mapped to something archived"),
    ("standard", "A code of the standard, means itself"),
    ("missing", "Not mapped"),
]


class IntegrationMappingQuestion(models.TransientModel):
    """Answers what a value would become on a day, and why; nothing is booked."""

    _name = "integration.mapping.question"
    _description = "What does a value mean?"

    connection_id = fields.Many2one("integration.connection", required=True)
    mapping = fields.Selection(KINDS, required=True, string="What", default="account")
    outside_value = fields.Char(required=True, string="Value")
    day = fields.Date(required=True, default=fields.Date.context_today, string="On the day")
    verdict = fields.Selection(VERDICTS, compute="_compute_answer")
    target = fields.Char(compute="_compute_answer", string="Means")
    version_id = fields.Many2one(
        "integration.mapping.version", compute="_compute_answer", string="Decided by"
    )
    explanation = fields.Text(compute="_compute_answer", string="Why")

    @api.depends("connection_id")
    def _compute_display_name(self):
        for question in self:
            question.display_name = self.env._("What does a value mean?")

    @api.depends("connection_id", "mapping", "outside_value", "day")
    def _compute_answer(self):
        for question in self:
            question.verdict = question.target = question.version_id = question.explanation = False
            value = (question.outside_value or "").strip()
            if not (question.connection_id and question.mapping and value and question.day):
                continue
            question.connection_id.check_access("read")
            table = self.env["integration.mapping"]._meanings(question.connection_id)
            answer = table.look_up(question.mapping, value, question.day)
            version = self.env["integration.mapping.version"].browse(answer.version and answer.version.id)
            question.verdict = answer.verdict.value
            question.version_id = version
            if answer.verdict in (Verdict.EXACT, Verdict.DEFAULT):
                question.target = version.target
            question.explanation = question._explain(answer.verdict, version, value)
            if answer.verdict is Verdict.MISSING and question.mapping == "unit":
                question._answer_by_standard(value)

    def _answer_by_standard(self, value):
        unit = self.env["integration.mapping"]._standard_unit(value)
        if unit:
            self.verdict, self.target = "standard", unit.name
            self.explanation = self.env._(
                "“%(value)s” is a code of UN/ECE Recommendation 20. Nobody has mapped it, so it means %(unit)s.",
                value=value,
                unit=unit.name,
            )

    def _explain(self, verdict, version, value):
        _ = self.env._
        span = _(
            "from %(first)s until %(last)s",
            first=format_date(self.env, version.valid_from) or _("the beginning"),
            last=format_date(self.env, version.valid_until) or _("no end"),
        )
        facts = {"value": value, "target": version.target, "span": span, "number": version.number}
        if verdict is Verdict.EXACT:
            text = _("“%(value)s” has a mapping of its own: version %(number)s, %(span)s.", **facts)
        elif verdict is Verdict.DEFAULT:
            text = _(
                "“%(value)s” is not mapped by itself. What counts for any other value (*) is used.", **facts
            )
        elif verdict is Verdict.EXPIRED:
            text = _(
                "“%(value)s” is mapped to %(target)s %(span)s, not on this day. An event of this day would stop and "
                "ask a person; the default is not used, because somebody has ended the value.",
                **facts,
            )
        elif verdict is Verdict.ARCHIVED:
            text = _(
                "It leads to %(target)s, which is archived. An event would stop and ask a person.", **facts
            )
        else:
            return _(
                "Nobody has mapped “%(value)s”, and there is no default. An event would stop and ask.",
                **facts,
            )
        if version.basis == "approval":
            text += " " + _(
                "%(asker)s asked for it, %(approver)s approved it.",
                asker=version.user_id.name,
                approver=version.approved_by_id.name,
            )
        elif version.basis == "policy":
            text += " " + _("%s mapped it under the standing policy.", version.user_id.name)
        return text

    def action_show(self):
        """Button: show the answer for what is filled in."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What does a value mean?"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_map(self):
        """Button: map the value, or propose another meaning."""
        self.ensure_one()
        return self.env["integration.mapping"]._open_for(
            self.connection_id, self.mapping, (self.outside_value or "").strip()
        )
