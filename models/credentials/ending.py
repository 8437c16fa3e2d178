# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Secrets that end: warned of in time, and before a sender is locked out that has not changed over yet (C2)."""

from datetime import timedelta

from odoo import api, fields, models

WARN_DAYS = 30
# A sender that used a secret within this time still uses it. Longer than the hour at which uses are written down.
IN_USE_DAYS = 3
# Of an old secret whose successor is there, the end is no news; that the sender still uses it, is.
LAST_DAYS = 7
CODES_OF_ENDS = ("secret_ends_soon", "secret_ends_in_use")


class IntegrationCredential(models.Model):
    _inherit = "integration.credential"

    last_seen_at = fields.Datetime(
        readonly=True,
        copy=False,
        string="Last seen",
        help="When an event was last verified with this secret, right to the hour.",
    )
    ends_in = fields.Char(compute="_compute_ends_in", string="Ends")
    is_ending = fields.Boolean(compute="_compute_ends_in")

    @api.depends("valid_until", "connection_id.warn_days")
    def _compute_ends_in(self):
        now, _ = fields.Datetime.now(), self.env._
        for credential in self:
            until = credential.valid_until
            credential.is_ending = bool(until) and until <= now + timedelta(
                days=credential.connection_id.warn_days
            )
            if not until:
                credential.ends_in = False
            elif until <= now:
                credential.ends_in = _("has ended")
            else:
                days = (until - now).days
                credential.ends_in = _("in %s days", days) if days else _("today")

    # -- the daily look --------------------------------------------------------------------------------------

    @api.model
    def _cron_look_at_ends(self):
        """Warn of secrets that end soon, close warnings whose reason has gone, look at each certificate and key."""
        now = fields.Datetime.now()
        connections = self.env["integration.connection"].search([("state", "!=", "draft")])
        for connection in connections:
            connection._look_at_ends(now)
        self._check_readable()
        self.env["integration.encryption.key"]._refresh()

    def _has_successor(self, now):
        """Whether another secret for the same purpose is valid now and ends later, or never."""
        self.ensure_one()
        others = self.connection_id.credential_ids - self
        return any(
            other.purpose == self.purpose
            and other.is_valid
            and (not other.valid_until or other.valid_until > self.valid_until)
            for other in others
        )

    def _ending_code(self, now):
        """Return what there is to warn of, None when there is nothing."""
        self.ensure_one()
        if not self.valid_until or not self._sealed():
            return None
        if self.valid_until <= now:
            # It has ended; who still signs with it is told with each refused request (``secret_ended``).
            return None
        if not self._has_successor(now):
            days = timedelta(days=self.connection_id.warn_days)
            return "secret_ends_soon" if self.valid_until <= now + days else None
        in_use = self.last_seen_at and self.last_seen_at >= now - timedelta(days=IN_USE_DAYS)
        if in_use and self.valid_until <= now + timedelta(days=LAST_DAYS):
            return "secret_ends_in_use"
        return None


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    warn_days = fields.Integer(
        string="Warn before a secret ends (days)",
        default=WARN_DAYS,
        tracking=True,
        help="So long before a secret or certificate ends, its end is shown on the workbench and as a task.",
    )

    _warn_days_positive = models.Constraint(
        "CHECK(warn_days BETWEEN 1 AND 365)", "Warn 1 to 365 days before."
    )

    @api.model
    def _cron_names(self):
        return (*super()._cron_names(), "cron_credentials")

    def _look_at_ends(self, now):
        """Raise what is to be warned of, and resolve the warnings that have become idle."""
        self.ensure_one()
        exceptions = self.env["integration.exception"].sudo()
        wanted = {}
        for credential in self.credential_ids:
            if code := credential._ending_code(now):
                wanted[code, f"secret {credential.id}"] = credential
        open_ones = exceptions.search(
            [("connection_id", "=", self.id), ("code", "in", CODES_OF_ENDS), ("state", "=", "open")]
        )
        open_ones.filtered(lambda row: (row.code, row.cause) not in wanted)._resolve(
            self.env._("The secret was followed by another one, or its end was moved.")
        )
        for (code, cause), credential in wanted.items():
            self._warn_of_end(code, cause, credential)

    def _warn_of_end(self, code, cause, credential):
        params = {
            "secret": credential.display_name,
            "date": f"{credential.valid_until} UTC",
            "seen": f"{credential.last_seen_at} UTC" if credential.last_seen_at else "–",
        }
        exception = self.env["integration.exception"]._raise_cause(self, code, params, cause)
        owner = self._owner_of_secrets()
        if owner and not exception.activity_ids:
            exception.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=fields.Date.to_date(credential.valid_until),
                user_id=owner.id,
                summary=self.env._("A secret of %s ends", self.name),
            )

    def _owner_of_secrets(self):
        """Return who is told: the integration administrator who set the connection up, else the owner of a flow."""
        self.ensure_one()
        creator = self.create_uid
        if (
            creator.active
            and not creator.share
            and creator.has_group("finance_integration.group_administrator")
        ):
            return creator
        return self.flow_ids.user_id[:1]
