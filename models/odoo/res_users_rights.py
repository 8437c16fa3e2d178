# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whoever is given a right, or loses one, leaves a trace; rights that must not be in one hand are refused (A1, C7)."""

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError

from ...engine.access import DUTIES, SERVICE, VERBS, new_conflicts

# What of a user decides about rights: a user that is archived holds none.
_USER_FIELDS = frozenset({"group_ids", "active", "company_ids"})
_GROUP_FIELDS = frozenset({"user_ids", "all_user_ids", "implied_ids", "implied_by_ids"})
# Everybody inside holds it: nothing to watch.
_EVERYBODY = frozenset({"base.group_user"})
WATCHED = (
    frozenset(group for duty in DUTIES.values() for group in duty.groups)
    | frozenset(group for verb in VERBS.values() for group in verb.groups)
    | {SERVICE}
) - _EVERYBODY


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create(vals_list)
        users._integration_rights_changed({})
        return users

    def write(self, vals):
        if not _USER_FIELDS & vals.keys():
            return super().write(vals)
        before = self._integration_rights()
        result = super().write(vals)
        self._integration_rights_changed(before)
        return result

    @api.model
    def _integration_watched_ids(self):
        """Return {group id: external id} of the groups whose holders are watched; only those that exist."""
        lookup = self.env["ir.model.data"]._xmlid_to_res_id
        found = {lookup(name, raise_if_not_found=False): name for name in sorted(WATCHED)}
        return {group_id: name for group_id, name in found.items() if group_id}

    def _integration_rights(self):
        """Return {user id: external ids of the watched groups that the user holds}; implied ones count."""
        watched = self._integration_watched_ids()
        return {
            user.id: frozenset(
                watched[group_id] for group_id in user.all_group_ids.ids if group_id in watched
            )
            if user.active
            else frozenset()
            for user in self.sudo()
        }

    def _integration_rights_changed(self, before):
        """Record what these users gained and lost; refuse what makes a conflict of duties.

        Modules give rights while they are installed or updated, to nobody's benefit: that is recorded and reported, not
        refused, else a database could not be set up.

        :param before: what :meth:`_integration_rights` said before; empty for users that are new.
        :raises UserError: rights that must not be in one hand.
        """
        entries = []
        for user in self.sudo():
            after = user._integration_rights()[user.id]
            earlier = before.get(user.id, frozenset())
            if after == earlier:
                continue
            if self.env.registry.ready and user.id != SUPERUSER_ID:
                user._integration_refuse_conflicts(earlier, after)
            for action, names in (("access.grant", after - earlier), ("access.withdraw", earlier - after)):
                entries += [user._integration_rights_entry(action, name) for name in sorted(names)]
        self.env["integration.audit.leaf"].sudo()._append(entries)

    def _integration_rights_entry(self, action, group):
        return {
            "action": action,
            "company_id": self.company_id.id,
            "res_model": self._name,
            "res_id": self.id,
            "user_id": self.env.uid,
            "detail": group,
        }

    def _integration_refuse_conflicts(self, earlier, after):
        refused = [row for row in new_conflicts(earlier, after) if self.company_ids._integration_refuses(row)]
        if not refused:
            return
        _ = self.env._
        lines = [
            "• "
            + _(
                "%(first)s and %(second)s: whoever holds both %(why)s",
                first=_(DUTIES[row.first].title),  # pylint: disable=translation-not-lazy
                second=_(DUTIES[row.second].title),  # pylint: disable=translation-not-lazy
                why=_(row.why),  # pylint: disable=translation-not-lazy
            )
            for row in refused
        ]
        raise UserError(
            _(
                "%(name)s cannot hold these rights together:\n%(conflicts)s\nGive one of them to another person.",
                name=self.name,
                conflicts="\n".join(lines),
            )
        )


class ResGroups(models.Model):
    """The same when rights are given from the side of a group: by its users, or by what it implies."""

    _inherit = "res.groups"

    @api.model_create_multi
    def create(self, vals_list):
        if not any(_GROUP_FIELDS & vals.keys() for vals in vals_list) or not self.env.registry.ready:
            return super().create(vals_list)
        holders, before = self._integration_holders()
        groups = super().create(vals_list)
        self._integration_holders_changed(holders, before)
        return groups

    def write(self, vals):
        if not _GROUP_FIELDS & vals.keys() or not self.env.registry.ready:
            return super().write(vals)
        holders, before = self._integration_holders()
        result = super().write(vals)
        self._integration_holders_changed(holders, before)
        return result

    def unlink(self):
        holders, before = self._integration_holders()
        result = super().unlink()
        self._integration_holders_changed(holders, before)
        return result

    @api.model
    def _integration_holders(self):
        """Return (users who hold a watched right, what each holds)."""
        Users = self.env["res.users"].sudo()
        Users.invalidate_model(["all_group_ids"])
        holders = Users.search([("all_group_ids", "in", list(Users._integration_watched_ids()))])
        return holders, holders._integration_rights()

    @api.model
    def _integration_holders_changed(self, earlier, before):
        now, _rights = self._integration_holders()
        newly = now - earlier
        (earlier | now)._integration_rights_changed(before | dict.fromkeys(newly.ids, frozenset()))
