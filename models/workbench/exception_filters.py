# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an accountant asks of the list: what blocks the close, what is material, who has to act, what is new."""

from datetime import datetime, timedelta

import pytz

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.error_catalogue import ACTORS, RESOLUTIONS
from .limits import DEFAULT_MATERIALITY

# Codes about money that is booked and not applied.
CASH_CODES = (
    "payment_party_unknown",
    "payment_reference_unknown",
    "payment_without_reference",
    "payment_invoice_closed",
    "payment_currency_differs",
    "payment_excess",
    "payment_short",
    "refund_party_unknown",
    "refund_without_credit_note",
    "refund_returned",
    "return_unmatched",
    "movement_unclassified",
    "purchase_from_balance",
)


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    waits_for = fields.Selection(
        "_selection_waits_for",
        compute="_compute_waits_for",
        store=True,
        precompute=True,
        index=True,
        string="Waits for",
        help="Who has to act now.",
    )
    asked_source_at = fields.Datetime(readonly=True, string="Source asked on", copy=False)
    approval_asked = fields.Boolean(
        readonly=True, copy=False, help="A change about it waits for an approver."
    )
    affects_books = fields.Boolean(related="reason_id.affects_books", store=True)
    is_cash = fields.Boolean(
        compute="_compute_is_cash", store=True, precompute=True, string="Cash not applied"
    )
    is_material = fields.Boolean(
        compute="_compute_is_material", search="_search_is_material", string="Above materiality"
    )
    blocks_close = fields.Boolean(
        compute="_compute_blocks_close",
        search="_search_blocks_close",
        string="Blocks the close",
        help="Of the chosen period, else of last month: open, concerns the books, and dated in it or before.",
    )
    is_new = fields.Boolean(
        compute="_compute_is_new", search="_search_is_new", string="New since my last visit"
    )
    is_due_today = fields.Boolean(
        compute="_compute_is_due_today", search="_search_is_due_today", string="Due today"
    )

    @api.model
    def _selection_waits_for(self):
        _ = self.env._
        labels = {
            "operator": _("Accountant"),
            "approver": _("Approver"),
            "administrator": _("Administrator"),
            "source": _("Source"),
            "destination": _("Receiver"),
            "hub": _("Nobody"),
        }
        return [(key, labels[key]) for key in ACTORS]

    @api.depends("code", "approval_asked", "asked_source_at", "state")
    def _compute_waits_for(self):
        """An open request waits for an approver, a question for the source; else whoever the catalogue names."""
        for exception in self:
            resolution = RESOLUTIONS.get(exception.code)
            actor = resolution.actor if resolution else "operator"
            if actor == "hub":
                actor = resolution.actor_later
            if exception.approval_asked:
                actor = "approver"
            elif exception.asked_source_at:
                actor = "source"
            elif actor == "source":
                # Nobody has asked the source yet: that is an accountant's step.
                actor = "operator"
            exception.waits_for = actor

    @api.depends("code")
    def _compute_is_cash(self):
        for exception in self:
            exception.is_cash = exception.code in CASH_CODES

    # -- materiality -----------------------------------------------------------------------------------------

    @api.depends("stake_company", "company_id")
    def _compute_is_material(self):
        settings = (
            self.env["integration.workbench.setting"]
            .sudo()
            .search([("company_id", "in", self.company_id.ids)])
        )
        limits = {setting.company_id: setting.materiality for setting in settings}
        for exception in self:
            limit = limits.get(exception.company_id, DEFAULT_MATERIALITY)
            exception.is_material = exception.stake_company >= limit

    @api.model
    def _search_is_material(self, operator, value):
        if operator != "in":
            return NotImplemented
        return fields.Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                """%s >= COALESCE((SELECT s.materiality FROM integration_workbench_setting s
                                   WHERE s.company_id = %s), %s)""",
                SQL.identifier(alias, "stake_company"),
                SQL.identifier(alias, "company_id"),
                DEFAULT_MATERIALITY,
            )
        )

    # -- the close -------------------------------------------------------------------------------------------

    @api.model
    def _close_day(self):
        """Return the last day of the month whose close is looked at: the chosen one, else last month."""
        _first, last = self.env["integration.work.view"]._look()._span()
        return last or fields.Date.context_today(self).replace(day=1) - timedelta(days=1)

    @api.model
    def _blocks_close_domain(self, last_day):
        """Return the domain of what blocks the close of the month that ends on ``last_day`` (F31)."""
        return [("state", "=", "open"), ("affects_books", "=", True), ("books_from", "<=", last_day)]

    def _compute_blocks_close(self):
        blocking = self.filtered_domain(self._blocks_close_domain(self._close_day()))
        for exception in self:
            exception.blocks_close = exception in blocking

    @api.model
    def _search_blocks_close(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self._blocks_close_domain(self._close_day())

    # -- time ------------------------------------------------------------------------------------------------

    def _compute_is_new(self):
        since = self.env["integration.work.view"]._look().previous_visit_at
        for exception in self:
            exception.is_new = not since or exception.create_date > since

    @api.model
    def _search_is_new(self, operator, value):
        if operator != "in":
            return NotImplemented
        since = self.env["integration.work.view"]._look().previous_visit_at
        return [("create_date", ">", since)] if since else []

    @api.model
    def _end_of_today(self):
        """Return the end of the reader's day as naive UTC."""
        zone = pytz.timezone(self.env.context.get("tz") or self.env.user.tz or "UTC")
        tomorrow = fields.Date.context_today(self) + timedelta(days=1)
        midnight = zone.localize(datetime.combine(tomorrow, datetime.min.time()))
        return midnight.astimezone(pytz.utc).replace(tzinfo=None)

    @api.depends("deadline", "state")
    def _compute_is_due_today(self):
        now, end = fields.Datetime.now(), self._end_of_today()
        for exception in self:
            exception.is_due_today = (
                exception.state == "open" and bool(exception.deadline) and now <= exception.deadline < end
            )

    @api.model
    def _search_is_due_today(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [
            ("state", "=", "open"),
            ("deadline", ">=", fields.Datetime.now()),
            ("deadline", "<", self._end_of_today()),
        ]
