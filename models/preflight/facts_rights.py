# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Facts for the preflight about the user under which a connection books."""

from odoo import models
from odoo.tools import SQL

from ...engine.preflight import Fact

# The rules that confine service users, and what each has to cover; lines are written through their entries.
CONFINING_RULES = {
    "rule_service_move": ("perm_create", "perm_write", "perm_unlink"),
    "rule_service_move_line": ("perm_create", "perm_unlink"),
}


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _fact_service_user(self, _flows):
        user = self.service_user_id
        if not user:  # made when the connection is switched on, as it has to be
            return Fact(needed=self.state == "active", problems=[self.env._("There is none.")])
        _ = self.env._
        problems = []
        if user.tz != self.time_zone:
            problems.append(
                _("Time zone %(has)s instead of %(wants)s", has=user.tz or "-", wants=self.time_zone)
            )
        books = self.company_id.partner_id.tz
        if books and books != self.time_zone:
            problems.append(
                _("Time zone %(has)s, the company's is %(wants)s", has=self.time_zone, wants=books)
            )
        if user.company_ids != self.company_id:
            problems.append(_("It may work in other companies."))
        if self._can_sign_in(user):
            problems.append(_("It has a password or an API key."))
        service = self.env.ref("finance_integration.group_service")
        if surplus := user.group_ids - service:
            problems.append(_("Further rights: %s", ", ".join(surplus.mapped("full_name"))))
        if service not in user.group_ids:
            problems.append(_("It lacks the rights of a service user."))
        return Fact(problems=problems)

    def _can_sign_in(self, user):
        self.env.cr.execute(
            SQL(
                "SELECT COALESCE(password, '') <> '' OR EXISTS (SELECT FROM res_users_apikeys WHERE user_id = %s)"
                " FROM res_users WHERE id = %s",
                user.id,
                user.id,
            )
        )
        return self.env.cr.fetchone()[0]

    def _fact_journal_rule(self, _flows):
        problems = []
        for name, rights in CONFINING_RULES.items():
            rule = self.env.ref(f"finance_integration.{name}", raise_if_not_found=False)
            whole = rule and rule.active and not rule.groups and all(rule[right] for right in rights)
            if not whole or "user._integration_journal_ids()" not in (rule.domain_force or ""):
                problems.append(rule.name if rule else name)
        return Fact(problems=problems)
