# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who may do what in the hub, who signed in and who took something away: changes and uses of rights leave entries."""

import logging
import threading
import time

import psycopg2

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessDenied

from ..messaging import isolation

_logger = logging.getLogger(__name__)

GROUPS = ("auditor", "operator", "approver", "administrator", "contents", "service")
# Only the holder of this object may say that a change of rights is being recorded already.
_KEY = object()
GROUP_FIELDS = frozenset({"user_ids", "all_user_ids", "implied_ids", "implied_by_ids"})
USER_FIELDS = frozenset({"group_ids", "active", "role"})
# A sign-in that is refused again and again is written once in this time per person and process.
REFUSED_SECONDS = 60
FOREIGN_KEY_VIOLATION = "23503"
MAX_REMEMBERED = 10_000
MAX_FIELDS_TOLD = 20
_refused_at: dict[tuple[str, int], float] = {}
_refused_lock = threading.Lock()


class IntegrationAccessTrail(models.AbstractModel):
    _name = "integration.access.trail"
    _description = "Changes of rights in the audit trail"

    @api.model
    def _hub_groups(self):
        """Return {id: short name} of the hub's groups that are there."""
        groups = (
            (name, self.env.ref(f"finance_integration.group_{name}", raise_if_not_found=False))
            for name in GROUPS
        )
        return {group.id: name for name, group in groups if group}

    @api.model
    def _rights_of(self, users):
        """Return {user id: names of the hub's groups that an active user holds}."""
        names = self._hub_groups()
        return {
            user.id: frozenset(names[group] for group in user.all_group_ids.ids if group in names)
            if user.active
            else frozenset()
            for user in users.sudo()
        }

    @api.model
    def _all_rights(self):
        """Return the same of everybody who holds one of them."""
        groups = self.env["res.groups"].sudo().browse(self._hub_groups())
        return self._rights_of(groups.all_user_ids)

    @api.model
    def _record_rights(self, before, after):
        """Append an entry for each user whose rights are not what they were."""
        entries = []
        for user_id in sorted(before.keys() | after.keys()):
            had, has = before.get(user_id, frozenset()), after.get(user_id, frozenset())
            if had != has:
                words = [f"+{name}" for name in sorted(has - had)] + [
                    f"-{name}" for name in sorted(had - has)
                ]
                entries.append(
                    {
                        "action": "access.change",
                        "res_model": "res.users",
                        "res_id": user_id,
                        "detail": " ".join(words),
                        "user_id": self.env.uid,
                    }
                )
        self.env["integration.audit.leaf"].sudo()._append(entries)

    @api.model
    def _record_refusal(self, user_id):
        """Append an entry about a refused sign-in in a transaction of its own: the one at hand is rolled back."""
        dbname = self.env.cr.dbname
        now = time.monotonic()
        with _refused_lock:
            last = _refused_at.get((dbname, user_id))
            if last is not None and now - last < REFUSED_SECONDS:
                return
            if len(_refused_at) >= MAX_REMEMBERED:
                _refused_at.clear()
            _refused_at[dbname, user_id] = now
        try:
            with (
                isolation.conflicts_are_expected((FOREIGN_KEY_VIOLATION,)),
                self.env.registry.cursor() as cr,
            ):
                api.Environment(cr, SUPERUSER_ID, {})["integration.audit.leaf"]._append(
                    [
                        {
                            "action": "user.sign_in_refused",
                            "res_model": "res.users",
                            "res_id": user_id,
                            "user_id": user_id,
                        }
                    ]
                )
        except psycopg2.Error as error:
            _logger.info("a refused sign-in could not be recorded: %s", type(error).__name__)


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create(vals_list)
        trail = self.env["integration.access.trail"]
        trail._record_rights({}, trail._rights_of(users))
        return users

    def write(self, vals):
        if not USER_FIELDS & vals.keys() or self.env.context.get("integration_rights") is _KEY:
            return super().write(vals)
        trail = self.env["integration.access.trail"]
        before = trail._rights_of(self)
        result = super(ResUsers, self.with_context(integration_rights=_KEY)).write(vals)
        trail._record_rights(before, trail._rights_of(self))
        return result

    def _holds_hub_rights(self):
        return bool(self.env["integration.access.trail"]._rights_of(self).get(self.id))

    def _check_credentials(self, credential, env):
        try:
            return super()._check_credentials(credential, env)
        except AccessDenied:
            if self.integration_service or self._holds_hub_rights():
                self.env["integration.access.trail"]._record_refusal(self.id)
            raise

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


class ResGroups(models.Model):
    _inherit = "res.groups"

    @api.model_create_multi
    def create(self, vals_list):
        if not any(GROUP_FIELDS & vals.keys() for vals in vals_list):
            return super().create(vals_list)
        trail = self.env["integration.access.trail"]
        before = trail._all_rights()
        groups = super().create(vals_list)
        trail._record_rights(before, trail._all_rights())
        return groups

    def write(self, vals):
        if not GROUP_FIELDS & vals.keys() or self.env.context.get("integration_rights") is _KEY:
            return super().write(vals)
        trail = self.env["integration.access.trail"]
        before = trail._all_rights()
        result = super(ResGroups, self.with_context(integration_rights=_KEY)).write(vals)
        trail._record_rights(before, trail._all_rights())
        return result

    def unlink(self):
        trail = self.env["integration.access.trail"]
        before = trail._all_rights()
        result = super().unlink()
        trail._record_rights(before, trail._all_rights())
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
