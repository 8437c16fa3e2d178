# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Buttons that look after our address at the outside system: registered, checked, repaired, rolled (S1).

Nothing is called inside a transaction: a button writes down what is wanted, the calls follow its commit, and each of
them is between two short transactions. A new secret is kept at once, like one that a person enters: in production
another person lets it become valid, and until then the endpoint before it stays.
"""

import secrets
from functools import partial

from odoo import fields, models
from odoo.exceptions import UserError

from ...connectors.registry import get_connector
from ...engine.error_catalogue import CODES, fill
from ...engine.errors import IntegrationError
from . import http_client
from .own_transaction import in_own_transaction

MAX_ANSWER_BYTES = 1_000_000
CARE_SECONDS = 20
# While both are valid: what the old one has signed may still be on its way.
OVERLAP_DAYS = 2


class IntegrationEndpoint(models.Model):
    _inherit = "integration.endpoint"

    registered_as = fields.Char(readonly=True, copy=False, string="Registered there as")
    replaced_as = fields.Char(readonly=True, copy=False, string="Before that")
    registration = fields.Char(readonly=True, copy=False, string="What is registered")
    registration_checked_at = fields.Datetime(readonly=True, copy=False, string="Looked at")
    registration_key = fields.Char(
        readonly=True, copy=False, help="Sent along, so that nothing is registered twice."
    )


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    cares_for_webhook = fields.Boolean(compute="_compute_cares_for_webhook")

    def _compute_cares_for_webhook(self):
        for connection in self:
            connection.cares_for_webhook = bool(connection.connector) and connection._spec().registers_webhook

    def action_check_webhook(self):
        """Button: ask the outside system what is registered for our address, and repair what can be."""
        return self._care_later("check")

    def action_register_webhook(self):
        """Button: register our address there, with the events and the API version that we need."""
        return self._care_later("register")

    def action_roll_webhook(self):
        """Button: register our address once more with a new secret; the old one goes on for some days."""
        return self._care_later("roll")

    def action_remove_old_webhook(self):
        """Button: remove the registration that was replaced, once its secret is over."""
        for connection in self:
            old = connection.endpoint_ids[:1].replaced_as
            if not old:
                raise UserError(self.env._("There is no replaced registration."))
        return self._care_later("remove")

    def _care_later(self, step):
        for connection in self:
            connection.check_access("write")
            if not connection.cares_for_webhook or not connection.endpoint_ids:
                raise UserError(self.env._("%s has no address that can be registered.", connection.name))
            if not connection._api_credential():
                raise UserError(self.env._("Enter the key for calling the outside system first."))
            self.env["integration.audit.leaf"]._record_change(connection, f"webhook.{step}")
            self.env.cr.postcommit.add(partial(care, self.env.registry, connection.id, self.env.uid, step))
        return self._told_by_reload(self.env._("Asked: the result stands beside the address."))

    # -- steps, each in a transaction of its own -----------------------------------------------------------

    def _care_facts(self, fresh=False):
        """Return what the calls need; a key that is kept makes a repeated registration the same one."""
        self.ensure_one()
        kind, secret = self._access()
        endpoint = self.endpoint_ids[:1]
        if fresh or not endpoint.registration_key:
            endpoint.registration_key = f"endpoint-{endpoint.id}-{secrets.token_hex(8)}"
        return {
            "settings": self._settings() | {"access_kind": kind},
            "secret": secret,
            "connector": self.connector,
            "allowed_hosts": (self.allowed_hosts or "").split(),
            "key": endpoint.registration_key,
            "registered": endpoint.registered_as or "",
            "replaced": endpoint.replaced_as or "",
        }

    def _keep_registration(self, text, **values):
        now = fields.Datetime.now()
        self.endpoint_ids[:1].write({"registration": text, "registration_checked_at": now, **values})

    def _keep_new_secret(self, endpoint_id, secret, user_id, rolled):
        """Keep the secret of a new registration, in the name of who pressed the button."""
        endpoint = self.endpoint_ids[:1]
        if endpoint.registered_as == endpoint_id:
            return  # told twice, kept once
        reason = self.env._("Registered as %s by a button", endpoint_id)
        old = self.credential_ids.filtered(lambda row: row.purpose == "inbound_signature" and row.is_valid)
        if not (rolled and old and self._roll_secret(old[:1].with_user(user_id), secret, reason)):
            self.with_user(user_id).env["integration.credential"].create(
                {
                    "connection_id": self.id,
                    "purpose": "inbound_signature",
                    "value": secret,
                    "pending_reason": reason,
                }
            )
        self._keep_registration(
            self.env._("Registered"),
            registered_as=endpoint_id,
            replaced_as=endpoint.registered_as if rolled else False,
            registration_key=False,
        )

    def _roll_secret(self, old, secret, reason):
        """Let a secret follow the one in use; returns False where two are in use already, and it stands beside them."""
        try:
            with self.env.cr.savepoint():
                old._roll(secret, OVERLAP_DAYS, reason)
        except UserError:
            self.env.invalidate_all()
            return False
        return True

    def _keep_removed(self):
        self._keep_registration(self.env._("Removed"), replaced_as=False)

    def _keep_refused(self, error):
        title = self.env._(CODES[error.code].title)  # pylint: disable=translation-not-lazy
        self._keep_registration(fill(title, error.params))

    def _registration_words(self, found, registered):
        """Return, in plain words, what is registered for our address."""
        _ = self.env._
        if not found:
            return _("Not registered")
        own = next((each for each in found if each.id == registered), None)
        if own is None:
            return _(
                "Registered as %s, not by this hub: its secret has to be entered, or rolled", found[0].id
            )
        if not own.version_fits:
            return _("Registered with another API version (%s): roll it", own.version or "–")
        if not own.enabled or own.missing:
            return _("Registered, and repaired: it was off, or events were missing")
        return _("Registered, on, with all events and the right API version")


def care(registry, connection_id, user_id, step):
    """Do what a button asked for and write down what came of it; no transaction is open while anybody is called."""
    try:
        _care(registry, connection_id, user_id, step)
    except IntegrationError as error:
        kept = error
        _own(registry, connection_id, user_id, lambda connection: connection._keep_refused(kept))


def _own(registry, connection_id, user_id, what):
    """Run ``what(connection)`` in a transaction of its own, in the language of who pressed the button."""

    def step(env):
        lang = env["res.users"].browse(user_id).lang
        return what(env["integration.connection"].with_context(lang=lang).browse(connection_id))

    return in_own_transaction(registry, step)


def _care(registry, connection_id, user_id, step):
    facts = _own(registry, connection_id, user_id, lambda connection: connection._care_facts())
    connector, settings, secret = get_connector(facts["connector"]), facts["settings"], facts["secret"]

    def call(request):
        return http_client.send(request, facts["allowed_hosts"], MAX_ANSWER_BYTES, CARE_SECONDS)

    def keep(method, *arguments, **values):
        _own(
            registry,
            connection_id,
            user_id,
            lambda connection: getattr(connection, method)(*arguments, **values),
        )

    if step == "remove":
        connector.webhook_removed(call(connector.webhook_remove(facts["replaced"], settings, secret)))
        keep("_keep_removed")
        return
    found = connector.webhooks_found(call(connector.webhook_find(settings, secret)), settings)
    if step == "roll" or (step == "register" and not found):
        answer = call(connector.webhook_register(settings, secret, facts["key"]))
        endpoint_id, signing = connector.webhook_registered(answer)
        keep("_keep_new_secret", endpoint_id, signing, user_id, step == "roll")
        return
    own = next((each for each in found if each.id == facts["registered"]), None)
    if own and own.version_fits and (own.missing or not own.enabled):
        repair = connector.webhook_repair(
            own.id, settings, secret, f"{facts['key']}-repair-{len(own.missing)}"
        )
        connector.webhooks_repaired(call(repair))
    _own(
        registry,
        connection_id,
        user_id,
        lambda connection: connection._keep_registration(
            connection._registration_words(found, facts["registered"])
        ),
    )
