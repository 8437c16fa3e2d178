# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Company and period that a person has chosen once; every list of the workbench keeps to them."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

# Somebody who comes back after so long begins a new visit.
VISIT_MINUTES = 30


class IntegrationWorkView(models.Model):
    """What one person looks at: company, period, and when they looked last."""

    _name = "integration.work.view"
    _description = "What a person looks at"
    _rec_name = "user_id"

    user_id = fields.Many2one("res.users", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", ondelete="set null", help="Empty = all my companies.")
    period = fields.Date(help="First day of the month; empty = all periods.")
    visited_at = fields.Datetime(readonly=True)
    previous_visit_at = fields.Datetime(readonly=True, help="What came after this is new.")
    digest = fields.Boolean(
        string="Daily e-mail", help="Send me in the morning what waits for me, where anything does."
    )
    digest_sent_on = fields.Date(readonly=True)

    _user_unique = models.Constraint("UNIQUE(user_id)", "A person has one choice of company and period.")

    @api.constrains("user_id", "company_id")
    def _check_company(self):
        for view in self:
            if view.company_id and view.company_id not in view.user_id.sudo().company_ids:
                raise ValidationError(self.env._("This is not one of your companies."))

    @api.model
    def _mine(self):
        """Return the acting user's choice, as superuser; made at the first look.

        :raises AccessError: the user has nothing to do with exceptions.
        """
        self.env["integration.exception"].check_access("read")
        views = self.sudo()
        return views.search([("user_id", "=", self.env.uid)], limit=1) or views.create(
            {"user_id": self.env.uid}
        )

    @api.model
    def _look(self):
        """Return the acting user's choice without making one: reading a list writes nothing."""
        return self.sudo().search([("user_id", "=", self.env.uid)], limit=1)

    @api.model
    def _choose(self, company_id, period):
        """Keep company and period of the acting user.

        :param period: any day of the month as a text, or False for all periods.
        :raises ValidationError: not one of the user's companies.
        """
        day = fields.Date.to_date(period) if period else False
        self._mine().write(
            {"company_id": company_id or False, "period": day.replace(day=1) if day else False}
        )

    def _visit(self):
        """Note a visit: what came since the one before is new until the next."""
        self.ensure_one()
        now = fields.Datetime.now()
        if not self.visited_at or now - self.visited_at > timedelta(minutes=VISIT_MINUTES):
            self.write({"previous_visit_at": self.visited_at, "visited_at": now})

    def _span(self):
        """Return first and last day of the chosen period, or (False, False)."""
        if not self or not self.period:
            return False, False
        return self.period, self.period + relativedelta(months=1, days=-1)

    def _company_domain(self, field="company_id"):
        # What belongs to no company concerns all of them.
        return [(field, "in", [self.company_id.id, False])] if self and self.company_id else []


class IntegrationInMyView(models.AbstractModel):
    """A list that keeps to the company and the period that its reader has chosen."""

    _name = "integration.in.my.view"
    _description = "List in the chosen company and period"

    in_my_view = fields.Boolean(
        search="_search_in_my_view", compute="_compute_in_my_view", string="In my company and period"
    )

    def _compute_in_my_view(self):
        mine = self.filtered_domain(self._my_view_domain(self.env["integration.work.view"]._look()))
        for record in self:
            record.in_my_view = record in mine

    @api.model
    def _search_in_my_view(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self._my_view_domain(self.env["integration.work.view"]._look())

    @api.model
    def _my_view_domain(self, view):
        """Return the domain of what lies in a person's company and period."""
        first, last = view._span()
        domain = view._company_domain()
        return [*domain, *self._period_domain(first, last)] if first else domain

    @api.model
    def _period_domain(self, first, last):
        raise NotImplementedError


class IntegrationException(models.Model):
    _name = "integration.exception"
    _inherit = ["integration.exception", "integration.in.my.view"]

    @api.model
    def _period_domain(self, first, last):
        """What has no accounting day, such as a secret that was refused, is shown in every period."""
        return [
            "|",
            ("books_from", "=", False),
            "&",
            ("books_from", "<=", last),
            "|",
            ("books_to", ">=", first),
            "&",
            ("state", "=", "open"),
            ("books_from", "<", first),
        ]


class IntegrationMessage(models.Model):
    _name = "integration.message"
    _inherit = ["integration.message", "integration.in.my.view"]

    @api.model
    def _period_domain(self, first, last):
        instants = [("occurred_at", ">=", first), ("occurred_at", "<", last + timedelta(days=1))]
        return [
            "|",
            "&",
            ("economic_date", ">=", first),
            ("economic_date", "<=", last),
            "&",
            "&",
            ("economic_date", "=", False),
            *instants,
        ]


class IntegrationMovement(models.Model):
    _name = "integration.movement"
    _inherit = ["integration.movement", "integration.in.my.view"]

    @api.model
    def _period_domain(self, first, last):
        return [("event_date", ">=", first), ("event_date", "<=", last)]


class IntegrationStoppedEvent(models.Model):
    _name = "integration.stopped.event"
    _inherit = ["integration.stopped.event", "integration.in.my.view"]

    @api.model
    def _period_domain(self, first, last):
        return [("occurred_at", ">=", first), ("occurred_at", "<", last + timedelta(days=1))]
