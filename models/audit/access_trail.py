# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who signed in and who took something away: uses of rights leave entries.

Changes of rights are recorded where they are refused (``models/odoo/res_users_rights.py``), refused sign-ins where they
are counted for the review (``models/access/service_activity.py``).
"""

from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.http import request
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
        # Nobody is signed in yet.
        users = self.with_user(SUPERUSER_ID).env["res.users"]
        if user_id and users.browse(user_id)._holds_hub_rights():
            self._integration_note_use(user_id, key)
        return user_id

    def _integration_note_use(self, user_id, key):
        """Record that a key of somebody who holds the hub's rights is used, once an hour for each key.

        In a transaction of its own, so that a call that fails is recorded, too; where the call was given a cursor that
        can only read, in that of the call (see ``ir_http``).
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
        if row is None or self._integration_use_is_known(row[0]):
            return
        used = (row[0], row[1], user_id)
        if self.env.cr.readonly and request:
            request.integration_key_use = used
        else:
            in_own_transaction(
                self.env.registry, lambda env: env["res.users.apikeys"]._integration_append_use(*used)
            )

    @api.model
    def _integration_append_use(self, key_id, name, user_id):
        if not self._integration_use_is_known(key_id):
            self.env["integration.audit.leaf"]._append(
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

    @api.model
    def _integration_use_is_known(self, key_id):
        since = fields.Datetime.now() - KEY_USE_EVERY
        self.env.cr.execute(
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
        return self.env.cr.fetchone() is not None


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
