# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""When nobody acts (X3): the next level is told, hourly and bounded; due times in working hours on request."""

from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.working_time import WorkingTime, due_at
from .assignment import TODO

MAX_PER_RUN = 200
MAX_TOLD = 10
LEVELS = [("0", "Owner"), ("1", "Team lead"), ("2", "Approver"), ("3", "Administrator")]
LAST_LEVEL = 3
WORK_DAYS = {
    "mon_fri": frozenset(range(5)),
    "mon_sat": frozenset(range(6)),
    "sun_thu": frozenset({6, 0, 1, 2, 3}),
    "all": frozenset(range(7)),
}


class IntegrationWorkbenchSetting(models.Model):
    _inherit = "integration.workbench.setting"

    unassigned_hours = fields.Integer(
        string="Nobody's for (hours)",
        default=4,
        help="After so long without an owner the team lead is told. 0 = never.",
    )
    overdue_hours = fields.Integer(
        string="Overdue for (hours)",
        default=24,
        help="After so long past its due time the next level is told, and again after as long. 0 = never.",
    )
    lead_ids = fields.Many2many("res.users", "integration_setting_lead_rel", string="Team leads")
    approver_ids = fields.Many2many(
        "res.users",
        "integration_setting_approver_rel",
        string="Approvers who are told",
        help="Empty = all approvers of the company.",
    )
    administrator_ids = fields.Many2many(
        "res.users",
        "integration_setting_administrator_rel",
        string="Administrators who are told",
        help="Empty = all integration administrators of the company.",
    )
    working_hours = fields.Boolean(
        string="Only working hours count", help="For the time until an exception is due."
    )
    work_days = fields.Selection(
        [
            ("mon_fri", "Monday to Friday"),
            ("mon_sat", "Monday to Saturday"),
            ("sun_thu", "Sunday to Thursday"),
            ("all", "Every day"),
        ],
        default="mon_fri",
        required=True,
    )
    work_from = fields.Float(string="From", default=9.0)
    work_to = fields.Float(string="To", default=17.0)

    @api.constrains("work_from", "work_to", "unassigned_hours", "overdue_hours")
    def _check_times(self):
        for setting in self:
            if not 0 <= setting.work_from < setting.work_to <= 24:
                raise ValidationError(self.env._("Work begins before it ends, within one day."))
            if setting.unassigned_hours < 0 or setting.overdue_hours < 0:
                raise ValidationError(self.env._("Hours are zero or more."))

    def _working_time(self, time_zone):
        """Return the working hours in which due times are counted, or None where every hour counts."""
        if not self or not self.working_hours:
            return None
        minutes = [round(value * 60) for value in (self.work_from, self.work_to)]
        return WorkingTime(
            time_zone or self.company_id.partner_id.tz or "UTC", WORK_DAYS[self.work_days], *minutes
        )

    @api.model
    def _people(self, company, level):
        """Return who is told at a level, of those who may see the company; at most MAX_TOLD."""
        setting = self._of(company)
        names = {1: "lead_ids", 2: "approver_ids", 3: "administrator_ids"}
        groups = {2: "finance_integration.group_approver", 3: "finance_integration.group_administrator"}
        people = setting[names[level]] if setting else self.env["res.users"]
        if not people and level in groups:
            people = (
                self.env["res.users"]
                .sudo()
                .search(
                    [
                        ("all_group_ids", "in", self.env.ref(groups[level]).ids),
                        ("company_ids", "in", company.ids),
                        ("share", "=", False),
                        ("integration_service", "=", False),
                        ("id", "!=", self.env.ref("base.user_root").id),
                    ],
                    order="id",
                    limit=MAX_TOLD,
                )
            )
        return people.filtered(lambda user: user.active and company in user.company_ids)[:MAX_TOLD]


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    level = fields.Selection(LEVELS, default="0", readonly=True, string="Escalated to", copy=False)
    escalated_at = fields.Datetime(readonly=True, copy=False)

    _escalation_idx = models.Index("(company_id, level, deadline) WHERE state = 'open'")

    @api.model
    def _due(self, company, severity, flow=None, time_zone=None):
        due = super()._due(company, severity, flow, time_zone)
        working = self.env["integration.workbench.setting"]._of(company)._working_time(time_zone)
        if not working:
            return due
        now = fields.Datetime.now()
        hours = int((due - now).total_seconds() // 3600)
        moment = due_at(now.replace(tzinfo=timezone.utc), hours, working)
        return moment.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0)

    def _open_again(self, connection, code, cause, params, flow, detail):
        exception = super()._open_again(connection, code, cause, params, flow, detail)
        if exception:
            exception.write(
                {"level": "0", "escalated_at": False, "asked_source_at": False, "approval_asked": False}
            )
            exception._remind_owner()
        return exception

    # -- hourly ----------------------------------------------------------------------------------------------

    @api.model
    def _cron_hourly(self):
        """Count, age, close what has settled itself, tell the next level, send the daily e-mails; bounded."""
        self._recount_touched()
        self._refresh_ages()
        self._settle_paid_rests()
        self._settle_ended_openings()
        self.env["integration.collection.agreement"]._compare_all()
        self._escalate()
        self.env["integration.work.view"]._send_digests()

    @api.model
    def _escalate(self):
        """Tell the next level of what nobody has taken or nobody has settled; returns how many."""
        settings = self.env["integration.workbench.setting"]
        done = 0
        for company in self.env["res.company"].sudo().search([("active", "=", True)]):
            setting = settings._of(company) or settings.new({"company_id": company.id})
            for exception in self._to_escalate(company, setting)[: MAX_PER_RUN - done]:
                exception._tell_next_level(company)
                done += 1
        return done

    @api.model
    def _to_escalate(self, company, setting):
        now = fields.Datetime.now()
        found = self.sudo()
        common = [("state", "=", "open"), ("company_id", "=", company.id), ("level", "!=", str(LAST_LEVEL))]
        if setting.unassigned_hours:
            since = now - timedelta(hours=setting.unassigned_hours)
            found |= found.search(
                [*common, ("level", "=", "0"), ("user_id", "=", False), ("create_date", "<", since)],
                limit=MAX_PER_RUN,
            )
        if setting.overdue_hours:
            since = now - timedelta(hours=setting.overdue_hours)
            found |= found.search(
                [
                    *common,
                    ("deadline", "<", since),
                    "|",
                    ("escalated_at", "=", False),
                    ("escalated_at", "<", since),
                ],
                limit=MAX_PER_RUN,
            )
        return found

    def _why_escalated(self):
        return self.env._("It is overdue.") if self.user_id else self.env._("Nobody has taken it.")

    def _tell_next_level(self, company):
        """Raise the level to the next one at which there is somebody, and tell them."""
        self.ensure_one()
        people, level = self.env["res.users"], int(self.level or 0)
        while level < LAST_LEVEL and not people:
            level += 1
            people = self.env["integration.workbench.setting"]._people(company, level)
        why = self._why_escalated()
        self.write({"level": str(level), "escalated_at": fields.Datetime.now()})
        for user in people:
            theirs = self._for_reader(user)
            self.with_context(mail_activity_quick_update=True).activity_schedule(
                TODO, summary=theirs.name, note=f"{theirs._why_escalated()} {theirs.what}", user_id=user.id
            )
        self.message_post(
            body=self.env._(
                "%(why)s Told: %(people)s",
                why=why,
                people=", ".join(people.mapped("name")) or self.env._("nobody there"),
            ),
            partner_ids=people.partner_id.ids,
        )
        self.env["integration.audit.leaf"]._record_change(self, "exception.escalate", LEVELS[level][1])


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    @api.model
    def _cron_names(self):
        return (*super()._cron_names(), "cron_exceptions")
