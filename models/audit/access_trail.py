# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who signed in and who took something away: uses of rights leave entries.

Changes of rights are recorded where they are refused (``models/odoo/res_users_rights.py``), refused sign-ins where they
are counted for the review (``models/access/service_activity.py``).
"""

from odoo import models

PREFIX = "finance_integration."
MAX_FIELDS_TOLD = 20


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
