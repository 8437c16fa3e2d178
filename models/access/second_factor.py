# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import threading

from odoo import api, models
from odoo.exceptions import AccessError, RedirectWarning
from odoo.http import request

# As whom the remote call acts that this thread is working on. XML-RPC and JSON-RPC are dispatched without a request.
_remote = threading.local()
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
        :raises AccessError: the call came with an API key or a bare password: nobody has given a second factor for it.
        :raises RedirectWarning: with the button that leads to switching it on.
        """
        self.ensure_one()
        self._integration_require_presence(records)
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

    def _integration_require_presence(self, records=None):
        """Refuse a remote call without a signed-in session, where a company demands a second factor.

        An API key stands in for the password alone, however many factors its owner has. The service users of
        connections are no persons and have no factor to give.

        :param records: as for ``_integration_require_second_factor``.
        :raises AccessError: the call came with an API key or a bare password.
        """
        self.ensure_one()
        if self.integration_service or not self._integration_calls_from_afar():
            return
        if self._integration_factor_is_demanded(records):
            raise AccessError(
                self.env._(
                    "An API key does not prove that you are there in person, and this needs a second factor. Sign in "
                    "and do it on the screen."
                )
            )

    def _integration_calls_from_afar(self):
        """Whether a call acts as this user without the user's own session: with an API key or a bare password.

        Odoo opens a session only after every factor that the user has; XML-RPC, JSON-RPC and bearer keys open none.
        """
        if request:
            return request.session.uid != self.id
        return getattr(_remote, "uid", None) == self.id

    @api.model
    def _check_uid_passwd(self, uid, passwd):
        """Remember who calls by XML-RPC or JSON-RPC; each such call is checked here, in the thread that works on it."""
        _remote.uid = None
        result = super()._check_uid_passwd(uid, passwd)
        _remote.uid = int(uid)
        return result

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
