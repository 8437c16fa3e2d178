# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Each month the report on segregation of duties is made by itself, and the auditors are told (C7, A6)."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from ...engine.access import ADMINISTRATOR, APPROVER, AUDITOR, OPERATOR
from .definition import REPORTS
from .make import scope_of

ACTIVITY = "finance_integration.activity_duties_report"
CODE = "duties"
MAX_TOLD = 20
# How many months back a report is made that was missed, such as after a time in which the server stood still.
MAX_MONTHS = 3


class IntegrationReport(models.Model):
    _name = "integration.report"
    _inherit = ["integration.report", "mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"

    @api.model
    def _cron_duties(self):
        """Make the report of each finished month that has none yet, for each company that works; returns how many."""
        companies = (
            self.env["integration.connection"]
            .sudo()
            .search([("state", "!=", "draft")])
            .company_id.sorted("id")
        )
        return sum(self._make_duties(company) for company in companies)

    def _make_duties(self, company):
        today = fields.Date.context_today(self.with_context(tz=company.partner_id.tz or "UTC"))
        this_month, made = today.replace(day=1), 0
        newest = self._newest_duties(company)
        for back in range(MAX_MONTHS if newest else 1, 0, -1):
            first = this_month - relativedelta(months=back)
            last = first + relativedelta(months=1, days=-1)
            if newest and first <= newest.date_from:
                continue
            report = self.sudo().with_context(lang=company.partner_id.lang or "en_US")
            report = report._keep(REPORTS[CODE], scope_of(report.env, company, first, last), company)
            report.sudo()._tell_auditors()
            made += 1
        return made

    def _newest_duties(self, company):
        """Return the last report on duties of a company that the server made."""
        domain = [("code", "=", CODE), ("company_id", "=", company.id), ("user_id", "=", self.env.uid)]
        return self.sudo().search(domain, order="date_from desc", limit=1)

    def _tell_auditors(self):
        """Give each auditor of the company a task with the report; without an auditor, the approvers."""
        self.ensure_one()
        for user in self._auditors():
            self.activity_schedule(
                ACTIVITY,
                user_id=user.id,
                summary=self.env._("Read who holds conflicting duties"),
                note=self.env._(
                    "%s findings. What is accepted stands there with its reason.", self.row_count
                ),
            )

    def _auditors(self):
        """Return the people who read the books and do nothing else in the hub; without any, the approvers."""
        groups = {name: self.env.ref(name).id for name in (AUDITOR, OPERATOR, APPROVER, ADMINISTRATOR)}
        common = [
            ("company_ids", "in", self.company_id.ids),
            ("integration_service", "=", False),
            ("share", "=", False),
        ]
        users = self.env["res.users"].sudo()
        readers = users.search(
            [
                *common,
                ("all_group_ids", "in", [groups[AUDITOR]]),
                ("all_group_ids", "not in", [groups[OPERATOR], groups[APPROVER], groups[ADMINISTRATOR]]),
            ],
            limit=MAX_TOLD,
        )
        return readers or users.search([*common, ("all_group_ids", "in", [groups[APPROVER]])], limit=MAX_TOLD)


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    @api.model
    def _cron_names(self):
        return (*super()._cron_names(), "cron_duties_report")
