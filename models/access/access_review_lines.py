# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What an access review says about a user: rights, since when, by whom, second factor, conflicts, activity (A6)."""

from odoo import models

from ...engine.access import (
    ADMINISTRATOR,
    APPROVER,
    AUDITOR,
    DUTIES,
    OPERATOR,
    PAYLOAD_READER,
    SERVICE,
    VERBS,
    conflicts_of,
)

HUB_GROUPS = (AUDITOR, OPERATOR, APPROVER, ADMINISTRATOR, PAYLOAD_READER, SERVICE)
# What is listed beside the hub's own groups: who can give itself anything, and who can trust a bank account.
POWERFUL = (*DUTIES["administer_users"].groups, *DUTIES["trust_banks"].groups)
FACTOR_GROUPS = frozenset(group for verb in VERBS.values() if verb.second_factor for group in verb.groups)
MAX_LEAVES = 2000


class IntegrationAccessReview(models.Model):
    _inherit = "integration.access.review"

    def _subjects(self):
        """Return the active users of the company who hold a right of the hub, or may give themselves one."""
        ids = [self.env.ref(name).id for name in (*HUB_GROUPS, *POWERFUL)]
        return self.env["res.users"].search(
            [("all_group_ids", "in", ids), ("company_ids", "in", self.company_id.ids)], order="login"
        )

    def _line_values(self, user):
        """Return the values of this user's line."""
        held = user._integration_rights()[user.id]
        shown = [group for group in (*HUB_GROUPS, *POWERFUL) if group in held]
        given = self._given(user, shown)
        newest = max((leaf for leaf in given.values() if leaf), key=lambda leaf: leaf.id, default=None)
        conflicts = conflicts_of(held)
        values = {
            "review_id": self.id,
            "user_id": user.id,
            "login": user.login,
            "kind": self._kind(user, held),
            "rights": "\n".join(self._words_of_right(group, given[group]) for group in shown),
            "since": newest and newest.recorded_at,
            "granted_by": newest.user_id.name if newest else self.env._("before the hub recorded it"),
            "last_sign_in": user.login_date,
            "has_factor": user._integration_has_second_factor(),
            "lacks_factor": bool(FACTOR_GROUPS & held) and not user._integration_has_second_factor(),
            "conflicts": "\n".join(self._words_of_conflict(row) for row in conflicts) or False,
            "trusts_banks": bool(held.intersection(DUTIES["trust_banks"].groups)),
            "manages_users": bool(held.intersection(DUTIES["administer_users"].groups)),
        }
        if user.integration_service:
            values |= self._service_values(user)
        return values | {"findings": self._findings(user, values) or False}

    def _kind(self, user, held):
        if user.integration_service:
            return "service"
        return "settings" if held.intersection(DUTIES["administer_users"].groups) else "person"

    def _given(self, user, groups):
        """Return {group: the audit entry by which the user last got it}; None where the hub knows of none."""
        leaves = self.env["integration.audit.leaf"].search(
            [("res_model", "=", "res.users"), ("res_id", "=", user.id), ("action", "=", "access.grant")],
            order="id desc",
            limit=MAX_LEAVES,
        )
        newest = {}
        for leaf in leaves:
            newest.setdefault(leaf.detail, leaf)
        return {group: newest.get(group) for group in groups}

    def _words_of_right(self, group, leaf):
        name = self.env.ref(group).name
        if not leaf:
            return self.env._("%s, since before the hub recorded it", name)
        return self.env._(
            "%(right)s, since %(day)s, given by %(user)s",
            right=name,
            day=leaf.recorded_at.date(),
            user=leaf.user_id.name,
        )

    def _words_of_conflict(self, row):
        return self.env._(
            "%(first)s and %(second)s",
            first=self.env._(DUTIES[row.first].title),  # pylint: disable=translation-not-lazy
            second=self.env._(DUTIES[row.second].title),  # pylint: disable=translation-not-lazy
        )

    def _findings(self, user, values):
        """Return, one per line, why somebody should look at this line."""
        _ = self.env._
        found = []
        if values["conflicts"]:
            found.append(_("Holds duties that stand against each other."))
        if values["lacks_factor"]:
            found.append(_("Has no second factor."))
        if values["manages_users"] and not user.integration_service:
            found.append(_("May give any right to anybody, also to itself."))
        if values["trusts_banks"]:
            found.append(_("May approve bank details."))
        if not user.integration_service and not user.login_date:
            found.append(_("Has never signed in."))
        if values.get("refused_sign_ins"):
            found.append(_("Somebody has tried to sign in as this service user."))
        return "\n".join([*found, *self._service_findings(user)])
