# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Access tokens: kept encrypted, renewed before they end, by one worker while the others wait for it (C6)."""

import contextlib

import psycopg2

from odoo import api, fields, models
from odoo.fields import NO_ACCESS
from odoo.sql_db import db_connect
from odoo.tools import SQL, format_datetime

from ...connectors.base import HttpRequest
from ...engine import oauth
from ...engine.error_catalogue import CODES
from ...engine.errors import AuthorizationError, IntegrationError, TransientError
from ...engine.instants import utc_now
from ..messaging import fetched, http_client, isolation, key_ring
from ..messaging.own_transaction import in_own_transaction
from ..messaging.shared_clock import as_stored

# First half of the advisory lock key; the second is the credential's id.
LOCK_SPACE = 0x4649_544B
TOKEN_SECONDS = 10
# Longer than one exchange with the token endpoint may take: whoever waits for the lock gets what the first one got.
WAIT_SECONDS = 60
MAX_ANSWER_BYTES = 100_000
# For steps that began before the new token was committed and do not see it.
REMEMBER_SECONDS = 5


class IntegrationToken(models.Model):
    """The access token that one credential has obtained, with the refresh token for the next one."""

    _name = "integration.token"
    _description = "Access token"
    _rec_name = "credential_id"

    credential_id = fields.Many2one(
        "integration.credential", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="credential_id.company_id", store=True, index=True)
    access_ciphertext = fields.Char(groups=NO_ACCESS, copy=False)
    refresh_ciphertext = fields.Char(groups=NO_ACCESS, copy=False)
    key_fingerprint = fields.Char(readonly=True, index="btree_not_null")
    obtained_at = fields.Datetime(readonly=True)
    renew_at = fields.Datetime(readonly=True)
    expires_at = fields.Datetime(readonly=True, string="Ends")
    error_code = fields.Char(readonly=True)

    _credential_unique = models.Constraint("UNIQUE(credential_id)", "A credential has one access token.")

    def _words(self):
        """Return in plain words how it stands with this token."""
        if self.error_code:
            return self.env._(CODES[self.error_code].title)  # pylint: disable=translation-not-lazy
        if not self.expires_at:
            return self.env._("Fetched when it is needed first")
        if self.expires_at <= fields.Datetime.now():
            return self.env._("Ended; renewed when it is needed next")
        return self.env._("Valid until %s", format_datetime(self.env, self.expires_at))

    # -- what others ask for ---------------------------------------------------------------------------------

    @api.model
    def _access_token(self, credential):
        """Return a valid access token.

        :raises NeedsFetchError: there is none, or it has to be renewed first, when no transaction is open.
        :raises IntegrationError: it could not be had a moment ago.
        """
        token = self._of(credential)
        now = fields.Datetime.now()
        if token.access_ciphertext and token.renew_at and token.renew_at > now:
            return key_ring.decrypt(token.access_ciphertext)
        registry, credential_id = self.env.registry, credential.id
        key = _key(self.env.cr.dbname, credential_id)
        return fetched.known(key, lambda: _renew(registry, credential_id))

    @api.model
    def _of(self, credential):
        return self.search([("credential_id", "=", credential.id)], limit=1)

    @api.model
    def _start_with(self, credential, refresh_token):
        """Keep the refresh token that a person was given; the next call obtains an access token with it."""
        values = {
            "credential_id": credential.id,
            "refresh_ciphertext": key_ring.encrypt(refresh_token),
            "key_fingerprint": key_ring.newest(),
        }
        token = self._of(credential)
        if token:
            token.write(values | {"access_ciphertext": False, "renew_at": False, "error_code": False})
        else:
            self.create(values)
        fetched.forget(_key(self.env.cr.dbname, credential.id))

    @api.model
    def _forget(self, credentials):
        """Forget access tokens of these credentials; refresh tokens stay."""
        tokens = self.search([("credential_id", "in", credentials.ids)])
        tokens.write(
            {"access_ciphertext": False, "renew_at": False, "expires_at": False, "error_code": False}
        )
        for credential in credentials:
            fetched.forget(_key(self.env.cr.dbname, credential.id))

    # -- renewing, each step a transaction of its own --------------------------------------------------------

    @api.model
    def _what_to_ask(self, credential_id):
        """Return (request for a new token, hosts that may be called), or the token that another worker obtained."""
        credential = self.env["integration.credential"].browse(credential_id).exists()
        if not credential:
            raise AuthorizationError("secret_missing")
        token, now = self._of(credential), fields.Datetime.now()
        if token.access_ciphertext and token.renew_at and token.renew_at > now:
            return key_ring.decrypt(token.access_ciphertext)
        client, url, allowed_hosts = credential._oauth_client()
        refresh = key_ring.decrypt(token.refresh_ciphertext) if token.refresh_ciphertext else ""
        headers, body = oauth.token_request(client, utc_now(), refresh, url)
        certificate = credential.connection_id._client_certificate()
        request = HttpRequest("POST", url, headers, body, TOKEN_SECONDS, certificate=certificate)
        return request, allowed_hosts

    @api.model
    def _keep_tokens(self, credential_id, tokens, asked_at):
        """Keep what the endpoint gave out. A refresh token that was replaced is worth nothing any more."""
        credential = self.env["integration.credential"].browse(credential_id)
        values = {
            "access_ciphertext": key_ring.encrypt(tokens.access),
            "key_fingerprint": key_ring.newest(),
            "obtained_at": as_stored(asked_at),
            "renew_at": as_stored(tokens.renew_at(asked_at)),
            "expires_at": as_stored(tokens.expires_at),
            "error_code": False,
        }
        token = self._of(credential)
        if tokens.refresh:
            values["refresh_ciphertext"] = key_ring.encrypt(tokens.refresh)
        elif token.refresh_ciphertext:
            # Both texts of a row are encrypted with the key that the row names.
            values["refresh_ciphertext"] = key_ring.encrypt(key_ring.decrypt(token.refresh_ciphertext))
        if token:
            token.write(values)
        else:
            self.create({**values, "credential_id": credential_id})
        self._recovered(credential)

    @api.model
    def _keep_failure(self, credential_id, error):
        """Tell a person of what does not pass by itself; a passing problem is only noted."""
        credential = self.env["integration.credential"].browse(credential_id).exists()
        if not credential:
            return
        token = self._of(credential) or self.create({"credential_id": credential_id})
        token.error_code = error.code
        if not isinstance(error, TransientError):
            self.env["integration.exception"]._raise_cause(
                credential.connection_id,
                error.code,
                error.params,
                f"token {credential_id}",
                detail=error.detail,
            )

    def _recovered(self, credential):
        self.env["integration.exception"]._settle_cause(
            credential.connection_id,
            None,
            f"token {credential.id}",
            self.env._("The other system gives out access tokens again."),
        )


def _key(dbname, credential_id):
    return "token", dbname, credential_id


def _renew(registry, credential_id):
    """Obtain a new access token unless another worker just did; returns (token, seconds to remember it).

    One worker of all asks at a time: with refresh tokens that are replaced at each use, the second one would show one
    that is used up, and many systems then withdraw the whole permission. No transaction is open while it asks.

    :raises IntegrationError: no token could be had.
    """
    with _turn(registry.db_name, credential_id):
        try:
            return _ask(registry, credential_id), REMEMBER_SECONDS
        except IntegrationError as error:
            failure = error
            in_own_transaction(
                registry, lambda env: env["integration.token"]._keep_failure(credential_id, failure)
            )
            raise


def _ask(registry, credential_id):
    asked = in_own_transaction(registry, lambda env: env["integration.token"]._what_to_ask(credential_id))
    if isinstance(asked, str):
        return asked
    request, allowed_hosts = asked
    asked_at = utc_now()
    try:
        answer = http_client.send(request, allowed_hosts, MAX_ANSWER_BYTES)
    except TransientError as error:
        raise TransientError("token_unavailable", error.detail, params={"status": "–"}) from error
    tokens = oauth.read_token_answer(answer.status, answer.body, asked_at)
    in_own_transaction(
        registry, lambda env: env["integration.token"]._keep_tokens(credential_id, tokens, asked_at)
    )
    return tokens.access


@contextlib.contextmanager
def _turn(dbname, credential_id):
    """Wait for our turn to renew a token: a session lock on a connection of its own, no transaction open.

    :raises TransientError: ``token_unavailable``: another worker takes too long.
    """
    with contextlib.closing(db_connect(dbname).cursor()) as cr:
        with isolation.conflicts_are_expected():
            try:
                cr.execute(SQL("SELECT set_config('lock_timeout', %s, true)", f"{WAIT_SECONDS}s"))
                cr.execute(SQL("SELECT pg_advisory_lock(%s, %s)", LOCK_SPACE, credential_id))
            except isolation.DATABASE_ERRORS as error:
                raise TransientError(
                    "token_unavailable", type(error).__name__, params={"status": "–"}
                ) from error
        cr.commit()  # pylint: disable=invalid-commit
        try:
            yield
        finally:
            # Where the connection is lost, PostgreSQL has given the lock back already.
            with contextlib.suppress(psycopg2.OperationalError, psycopg2.InterfaceError):
                cr.rollback()
                cr.execute(
                    SQL("SELECT pg_advisory_unlock(%s, %s)", LOCK_SPACE, credential_id), log_exceptions=False
                )
                cr.commit()  # pylint: disable=invalid-commit


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _pull_failed(self, pull, error):
        """A token that is refused before its end was withdrawn: the next try obtains another one."""
        if error.code == "credential_refused":
            self.env["integration.token"]._forget(self._api_credential())
        return super()._pull_failed(pull, error)
