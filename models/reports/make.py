# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Choosing a report: which question, for which company and period."""

from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from .definition import REPORTS, Scope

MAX_DAYS = 366


class IntegrationReportMake(models.TransientModel):
    _name = "integration.report.make"
    _description = "Make a report for auditors"

    code = fields.Selection(
        lambda self: self.env["integration.report"]._selection_code(), required=True, string="Report"
    )
    question = fields.Text(compute="_compute_question", string="What it answers")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        domain=lambda self: [("id", "in", self.env.companies.ids)],
    )
    date_from = fields.Date(string="From", required=True, default=lambda self: self._month()[0])
    date_to = fields.Date(string="To", required=True, default=lambda self: self._month()[1])

    @api.model
    def _month(self):
        """Return the first and the last day of the month before this one: what is being closed now."""
        first = fields.Date.context_today(self).replace(day=1)
        return first - relativedelta(months=1), first - timedelta(days=1)

    @api.depends("code")
    def _compute_question(self):
        for wizard in self:
            definition = REPORTS.get(wizard.code)
            # pylint: disable-next=translation-not-lazy
            wizard.question = self.env._(definition.question) if definition else False

    def action_make(self):
        """Button: compute the report, keep it and show it."""
        self.ensure_one()
        if self.date_from > self.date_to:
            raise UserError(self.env._("The period ends before it begins."))
        if (self.date_to - self.date_from).days >= MAX_DAYS:
            raise UserError(self.env._("A report covers a year at most: choose a shorter period."))
        report = self.env["integration.report"]._make(REPORTS[self.code], self._scope(), self.company_id)
        return {
            "type": "ir.actions.act_window",
            "res_model": "integration.report",
            "res_id": report.id,
            "views": [(False, "form")],
        }

    def _scope(self):
        return scope_of(self.env, self.company_id, self.date_from, self.date_to)


def scope_of(env, company, date_from, date_to):
    """Return for what a report is made: a company and the days of a period, both inclusive, as of now."""
    name = company.partner_id.tz or env.user.tz or "UTC"
    zone = ZoneInfo(name)

    def midnight(day):
        instant = datetime.combine(day, time.min, tzinfo=zone)
        return instant.astimezone(timezone.utc).replace(tzinfo=None)

    return Scope(
        company_id=company.id,
        date_from=date_from,
        date_to=date_to,
        begin=midnight(date_from),
        end=midnight(date_to + timedelta(days=1)),
        as_of=fields.Datetime.now(),
        time_zone=name,
        lang=env.lang or "en_US",
    )
