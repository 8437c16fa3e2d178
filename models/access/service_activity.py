# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What service users did, that they are what they should be, and refused sign-ins (C1, policy F12 and F25)."""

from datetime import datetime, time, timedelta

from odoo import api, models
from odoo.exceptions import AccessDenied, ValidationError
from odoo.http import request

from ..messaging.own_transaction import in_own_transaction

REFUSED = "access.refused_sign_in"
# A flood of attempts leaves one entry a minute.
NOTE_EVERY = timedelta(minutes=1)


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.constrains("integration_service", "tz")
    def _check_service_time_zone(self):
        """A service user's today is the today of the books of its connection."""
        for user in self.filtered("integration_service"):
            for connection in user.sudo().integration_connection_ids:
                if user.tz != connection.time_zone:
                    raise ValidationError(
                        self.env._(
                            "%(user)s works in the time zone of its connection, %(zone)s: change it there.",
                            user=user.name,
                            zone=connection.time_zone,
                        )
                    )

    def _check_credentials(self, credential, env):
        """Leave a trace of a refused sign-in as a service user or as somebody with rights on the hub."""
        try:
            return super()._check_credentials(credential, env)
        except AccessDenied:
            if request and (self.integration_service or self._holds_hub_rights()):
                user_id = self.id
                # Of its own, because the transaction at hand is rolled back.
                in_own_transaction(
                    self.env.registry,
                    lambda own: own["res.users"].browse(user_id)._integration_note_refused(),
                )
            raise

    def _integration_note_refused(self):
        """Append one entry a minute at most."""
        Leaf = self.env["integration.audit.leaf"]
        domain = [
            ("res_model", "=", self._name),
            ("res_id", "=", self.id),
            ("action", "=", REFUSED),
            ("recorded_at", ">", self.env.cr.now() - NOTE_EVERY),
        ]
        if not Leaf.search_count(domain, limit=1):
            Leaf._append(
                [
                    {
                        "action": REFUSED,
                        "company_id": self.company_id.id,
                        "res_model": self._name,
                        "res_id": self.id,
                        "user_id": self.id,
                    }
                ]
            )


class IntegrationAccessReview(models.Model):
    _inherit = "integration.access.review"

    def _service_values(self, user):
        """Return what a service user posted, per journal, and how often somebody tried to be it."""
        since = datetime.combine(self.date_from, time.min)
        until = datetime.combine(self.date_to + timedelta(days=1), time.min)
        counts = self.env["account.move"]._read_group(
            [
                ("company_id", "=", self.company_id.id),
                ("create_uid", "=", user.id),
                ("state", "=", "posted"),
                ("create_date", ">=", since),
                ("create_date", "<", until),
            ],
            ["journal_id"],
            ["__count"],
        )
        refused = self.env["integration.audit.leaf"].search_count(
            [
                ("res_model", "=", "res.users"),
                ("res_id", "=", user.id),
                ("action", "=", REFUSED),
                ("recorded_at", ">=", since),
                ("recorded_at", "<", until),
            ]
        )
        return {
            "entries": "\n".join(f"{journal.display_name}: {count}" for journal, count in counts) or False,
            "entry_count": sum(count for _journal, count in counts),
            "refused_sign_ins": refused,
        }

    def _service_findings(self, user):
        """Return what is not as it should be with a service user."""
        if not user.integration_service:
            return []
        _ = self.env._
        found = []
        connections, agreements = user.integration_connection_ids, user._integration_agreements()
        if not connections and not agreements:
            found.append(_("Belongs to no connection any more, and to no agreement between companies."))
        if any(user.tz != connection.time_zone for connection in connections):
            found.append(_("Its time zone is not that of its connection: entries may get another day."))
        zone = self.company_id.partner_id.tz
        if zone and any(connection.time_zone != zone for connection in connections):
            found.append(_("The books of the connection have another time zone than the company."))
        outside = self.env["account.move"].search_count(
            [
                ("create_uid", "=", user.id),
                ("state", "=", "posted"),
                (
                    "journal_id",
                    "not in",
                    (connections.journal_ids | agreements._payee_journals()).ids,
                ),
                ("create_date", ">=", self.date_from),
            ],
            limit=1,
        )
        if outside:
            found.append(_("Has posted in a journal that is not one of its connection or agreement now."))
        return found
