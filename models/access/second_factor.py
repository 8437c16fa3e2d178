# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import models
from odoo.exceptions import RedirectWarning

ENABLE_ACTION = "finance_integration.action_enable_second_factor"


class ResUsers(models.Model):
    """Who approves, manages secrets or signs a review proves twice who they are (C8)."""

    _inherit = "res.users"

    def _integration_has_second_factor(self):
        """Whether this user signs in with a code of an authenticator app, or with a passkey."""
        self.ensure_one()
        user = self.sudo()
        # Passkeys come with an addon of Odoo that need not be installed.
        return user.totp_enabled or bool("auth_passkey_key_ids" in user._fields and user.auth_passkey_key_ids)

    def _integration_require_second_factor(self, records=None):
        """Refuse without a second factor where a company demands one.

        :param records: what is acted on; a connection in production demands it whatever else the company has.
        :raises RedirectWarning: with the button that leads to switching it on.
        """
        self.ensure_one()
        if self._integration_has_second_factor() or not self._integration_factor_is_demanded(records):
            return
        raise RedirectWarning(
            self.env._(
                "This needs a second proof of who you are, besides your password: switch on two-factor authentication "
                "for your user, then do it again. It takes an authenticator app and a minute."
            ),
            self.env.ref(ENABLE_ACTION).id,
            self.env._("Switch it on"),
        )

    def _integration_factor_is_demanded(self, records):
        companies, connections = self.env.company.sudo(), self.env["integration.connection"].sudo()
        if records is not None and "company_id" in records._fields:
            companies = records.sudo().company_id or companies
        if records is not None and records._name == connections._name:
            connections = records.sudo()
        elif records is not None and "connection_id" in records._fields:
            connections = records.sudo().connection_id
        real = "production" in connections.mapped("environment")
        return any(
            company._integration_demands_second_factor()
            or (real and company.integration_second_factor == "production")
            for company in companies
        )


class ResCompany(models.Model):
    _inherit = "res.company"

    def _integration_demands_second_factor(self):
        self.ensure_one()
        policy = self.integration_second_factor
        return policy == "required" or (policy == "production" and self._integration_in_production())
