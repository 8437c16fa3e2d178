# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Changing a secret without interruption, and trying one (C2)."""

from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_datetime

from ...connectors.registry import get_connector
from ...engine.error_catalogue import CODES
from ...engine.errors import IntegrationError
from ...engine.instants import utc_now
from ...engine.signatures import get_scheme
from ..messaging.own_transaction import in_own_transaction

MAX_OVERLAP_DAYS = 60


class IntegrationCredential(models.Model):
    _inherit = "integration.credential"

    tested_at = fields.Datetime(readonly=True, copy=False)
    test_result = fields.Char(readonly=True, copy=False)
    tested = fields.Char(compute="_compute_tested", string="Last test")

    @api.depends("tested_at", "test_result")
    def _compute_tested(self):
        for credential in self:
            at = credential.tested_at and format_datetime(self.env, credential.tested_at)
            credential.tested = f"{credential.test_result} ({at})" if at else False

    def _check_administrator(self):
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group("finance_integration.group_administrator"):
            raise AccessError(self.env._("Only an integration administrator may do this."))

    # -- rolling ---------------------------------------------------------------------------------------------

    def action_roll(self):
        """Button: put a new secret beside this one and give this one an end."""
        self.ensure_one()
        self._check_administrator()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Roll the secret"),
            "res_model": "integration.secret.roll",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_credential_id": self.id},
        }

    @api.private
    def _roll(self, value, overlap_days, reason=None):
        """Put a new secret beside this one, which ends after ``overlap_days``; returns the new one.

        Where another person decides about secrets, the new one becomes valid, and this one gets its end, at the
        approval.

        :param value: the new secret, or a reference to it.
        :param reason: for who decides.
        """
        self.ensure_one()
        now = fields.Datetime.now()
        if not 0 <= overlap_days <= MAX_OVERLAP_DAYS:
            raise UserError(self.env._("Both secrets are valid for 0 to %s days.", MAX_OVERLAP_DAYS))
        others = self.connection_id.credential_ids.filtered(
            lambda row: row.purpose == self.purpose and row.is_valid and row != self
        )
        if len(others) > 0:
            raise UserError(
                self.env._("Two secrets are valid already: let the older one end before the next is added.")
            )
        if self.sudo().connection_id._secrets_need_approval():
            return self._roll_with_approval(value, overlap_days, reason)
        new = self.copy({"value": value, "valid_from": now, "valid_until": False})
        until = now + timedelta(days=overlap_days)
        if not self.valid_until or self.valid_until > until:
            self.valid_until = until
        self.env["integration.audit.leaf"]._record_change(
            self, "credential.roll", f"overlap {overlap_days} days, followed by {new.id}"
        )
        return new

    def _roll_with_approval(self, value, overlap_days, reason):
        """Ask another person to let the new secret follow this one; returns the new one, which is not valid yet."""
        others = (self.connection_id.credential_ids - self).filtered("pending_hint")
        if others.filtered(lambda row: row.purpose == self.purpose):
            raise UserError(self.env._("A new secret waits for approval already: it is decided about first."))
        new = self.copy(
            {"valid_from": fields.Datetime.now(), "valid_until": False, "pending_reason": reason or False}
        )
        new._propose({"value": value}, self, overlap_days)
        return new

    def _can_generate(self):
        """Return the scheme that can make a new secret here, None where the outside system makes it."""
        self.ensure_one()
        connection = self.connection_id
        scheme = get_scheme(
            "standard_webhooks_v1"
            if self.purpose == "outbound_signature"
            else connection.endpoint_ids[:1].scheme
        )
        ours = "standard_webhooks_v1" in get_connector(connection.connector).spec.signature_schemes
        signs = self.purpose in ("inbound_signature", "outbound_signature")
        return scheme if signs and ours and scheme.code == "standard_webhooks_v1" else None

    # -- trying ----------------------------------------------------------------------------------------------

    def action_test(self):
        """Button: have this secret as its use would, from where it is kept, with the access token where there is one.

        What may have to be fetched is fetched when this request's transaction is over.
        """
        self._check_administrator()
        for credential in self:
            self.env.cr.postcommit.add(partial(_test_now, self.env.registry, credential.id))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._("Tested: the result stands beside the secret."),
                "type": "info",
                "sticky": False,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _test(self):
        """Have the secret and write down what came of it."""
        self.ensure_one()
        try:
            secret = self._access_secret() if self.purpose == "api" else self._reveal()
            if self.purpose == "inbound_signature":
                self._check_usable(secret)
        except IntegrationError as error:
            words = f"{self.env._(CODES[error.code].title)}: {error.params.get('reason') or error.detail}"  # pylint: disable=translation-not-lazy
            if error.code == "credential_unreadable":
                self._found_unreadable()
        else:
            words = self.env._("It can be used")
            self._found_readable()
        self.write({"tested_at": fields.Datetime.now(), "test_result": words.strip(": ")[:300]})

    def _check_usable(self, secret):
        """:raises AuthorizationError: the address's kind of signature cannot use this secret (``secret_unusable``)."""
        get_scheme(self.connection_id.endpoint_ids[:1].scheme).check_secret(secret, utc_now())


def _test_now(registry, credential_id):
    def test(env):
        credential = env["integration.credential"].browse(credential_id).exists()
        if credential:
            credential._test()

    in_own_transaction(registry, test)
