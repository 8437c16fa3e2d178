# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who signed in and who took something away: uses of rights leave entries.

Changes of rights are recorded where they are refused (``models/odoo/res_users_rights.py``), refused sign-ins where they
are counted for the review (``models/access/service_activity.py``).
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..messaging.own_transaction import in_own_transaction

PREFIX = "finance_integration."
MAX_FIELDS_TOLD = 20
# A program may call a thousand times an hour; what each call changed has entries of its own.
KEY_USE_EVERY = timedelta(hours=1)
INDEX_LENGTH = 8


class ResUsers(models.Model):
    _inherit = "res.users"

    def _holds_hub_rights(self):
        """Whether this active user holds one of the hub's groups."""
        return any(name.startswith(PREFIX) for name in self._integration_rights().get(self.id, ()))

    def _update_last_login(self):
        result = super()._update_last_login()
        if self._holds_hub_rights():
            self.env["integration.audit.leaf"].sudo()._append(
                [
                    {
                        "action": "user.sign_in",
                        "res_model": "res.users",
                        "res_id": self.id,
                        "user_id": self.id,
                    }
                ]
            )
        return result


class ResUsersApikeys(models.Model):
    _inherit = "res.users.apikeys"

    @api.model
    def _check_credentials(self, *, scope, key):
        """The one place through which each call with a key passes."""
        user_id = super()._check_credentials(scope=scope, key=key)
        if user_id and self.env["res.users"].sudo().browse(user_id)._holds_hub_rights():
            self._integration_note_use(user_id, key)
        return user_id

    def _integration_note_use(self, user_id, key):
        """Record that a key of somebody who holds the hub's rights is used, once an hour for each key.

        In a transaction of its own: a call that only reads has one that cannot write, and one that fails was made all
        the same.
        """
        self.env.cr.execute(
            SQL(
                "SELECT id, name FROM %s WHERE index = %s AND user_id = %s",
                SQL.identifier(self._table),
                key[:INDEX_LENGTH],
                user_id,
            )
        )
        row = self.env.cr.fetchone()
        if row is None or self._integration_use_is_known(self.env, row[0]):
            return
        key_id, name = row

        def note(env):
            if not self._integration_use_is_known(env, key_id):
                env["integration.audit.leaf"]._append(
                    [
                        {
                            "action": "user.api_key",
                            "res_model": "res.users.apikeys",
                            "res_id": key_id,
                            "user_id": user_id,
                            "detail": name,
                        }
                    ]
                )

        in_own_transaction(self.env.registry, note)

    def _integration_use_is_known(self, env, key_id):
        since = fields.Datetime.now() - KEY_USE_EVERY
        env.cr.execute(
            SQL(
                """
                SELECT 1 FROM integration_audit_leaf
                 WHERE res_model = 'res.users.apikeys' AND res_id = %s AND action = 'user.api_key'
                   AND recorded_at > %s LIMIT 1
                """,
                key_id,
                since,
            )
        )
        return env.cr.fetchone() is not None


class Base(models.AbstractModel):
    _inherit = "base"

    def export_data(self, fields_to_export):
        """What somebody takes out of the hub's lists as a file is recorded: what, how much, which columns."""
        result = super().export_data(fields_to_export)
        if self._name.startswith("integration.") and self:
            columns = ", ".join(fields_to_export[:MAX_FIELDS_TOLD])
            self.env["integration.audit.leaf"].sudo()._append(
                [
                    {
                        "action": "records.export",
                        "company_id": self.env.company.id,
                        "res_model": self._name,
                        "detail": f"{len(self)} rows: {columns}",
                        "user_id": self.env.uid,
                    }
                ]
            )
        return result
