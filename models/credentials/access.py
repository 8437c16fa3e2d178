# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""How the hub proves who it is when it calls: API key, user and password, access token, client certificate (C6)."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...engine import oauth
from ...engine.address_guard import check_url
from ...engine.errors import IntegrationError
from ...engine.instants import utc_now
from ...engine.outgoing_access import API_KEY, BASIC, basic_secret, check_client_certificate
from ..messaging.error_words import in_words

KINDS = [
    (API_KEY, "API key"),
    (BASIC, "User and password"),
    (oauth.CLIENT_CREDENTIALS, "OAuth: our client's own access"),
    (oauth.REFRESH_TOKEN, "OAuth: a person gave us permission"),
    (oauth.JWT_BEARER, "OAuth: signed with our private key"),
]
CERTIFICATE = "client_certificate"


class IntegrationCredential(models.Model):
    _inherit = "integration.credential"

    purpose = fields.Selection(
        selection_add=[(CERTIFICATE, "Client certificate for calling the outside system")],
        ondelete={CERTIFICATE: "cascade"},
    )
    kind = fields.Selection(
        KINDS,
        string="How we prove who we are",
        help="API key: one text. OAuth: the hub asks the other system for access tokens that end after a while, and "
        "renews them by itself.",
    )
    client_id = fields.Char(
        string="User or client id",
        help="The name that belongs to the password, or the id of our OAuth client.",
    )
    token_url = fields.Char(
        string="Address for tokens",
        help="Where access tokens are asked for, as the other system documents it.",
    )
    scope = fields.Char(
        help="What we ask to be allowed, separated by blanks. Empty = what the other system thinks fit."
    )
    audience = fields.Char(help="For whom the token is, where the other system demands it.")
    subject = fields.Char(string="In whose name", help="Signed with our key: the user as whom we act.")
    jwt_key_id = fields.Char(
        string="Id of our key", help="Under which the other system knows our public key."
    )
    client_in_body = fields.Boolean(
        string="Client id in the form", help="For systems that do not take the client's secret in the header."
    )
    refresh_value = fields.Char(
        string="Refresh token",
        compute="_compute_refresh_value",
        inverse="_inverse_refresh_value",
        help="Write-only: what the other system gave when a person permitted our access.",
    )
    token_state = fields.Char(compute="_compute_token_state", string="Access token")
    token_ids = fields.One2many("integration.token", "credential_id")

    @api.depends("ciphertext")
    def _compute_refresh_value(self):
        for credential in self:
            credential.refresh_value = False

    def _inverse_refresh_value(self):
        for credential in self:
            if text := (credential.refresh_value or "").strip():
                self.env["integration.token"].sudo()._start_with(credential, text)
                credential._changed("a new permission")
        self.invalidate_recordset(["refresh_value"])

    @api.depends("token_ids.expires_at", "token_ids.error_code", "kind")
    def _compute_token_state(self):
        for credential in self:
            credential.token_state = (
                credential.sudo().token_ids[:1]._words() if credential._is_oauth() else False
            )

    def _is_oauth(self):
        return self.purpose == "api" and self.kind in oauth.GRANTS

    @api.onchange("purpose")
    def _onchange_purpose(self):
        if self.purpose == "api" and not self.kind and self.connection_id.connector:
            self.kind = self.connection_id._spec().access_kinds[0]

    @api.constrains("purpose", "kind", "client_id", "token_url")
    def _check_calling(self):
        _ = self.env._
        for credential in self.filtered(lambda row: row.purpose == "api"):
            kind, spec = credential.kind or API_KEY, credential.connection_id._spec()
            if kind not in spec.access_kinds:
                labels = dict(self._fields["kind"]._description_selection(self.env))
                allowed = ", ".join(labels[name] for name in spec.access_kinds)
                raise ValidationError(
                    _("%(system)s is called with: %(kinds)s.", system=spec.name, kinds=allowed)
                )
            if kind != API_KEY and not credential.client_id:
                raise ValidationError(_("Enter the user or client id that belongs to the secret."))
            if credential._is_oauth():
                credential._check_token_url()

    def _check_token_url(self):
        allowed = (self.connection_id.allowed_hosts or "").split()
        try:
            check_url(self.token_url or "", allowed)
        except IntegrationError as error:
            raise ValidationError(in_words(self.env, error)) from error

    def _keep(self, text):
        """Refuse what could never work, while the person who enters it is still there."""
        try:
            ends_at = self._check_form(text)
        except IntegrationError as error:
            raise UserError(in_words(self.env, error, error.detail)) from error
        if ends_at:
            self.valid_until = ends_at.replace(tzinfo=None, microsecond=0)
        return super()._keep(text)

    def _check_form(self, text):
        """Return when this secret ends by itself, None where it says nothing of that.

        :raises AuthorizationError: ``secret_unusable``.
        """
        if self.purpose == CERTIFICATE:
            return check_client_certificate(text, utc_now())
        if self._is_oauth() and self.kind == oauth.JWT_BEARER:
            oauth.load_rsa_key(text)
        elif self.purpose == "api" and self.kind == BASIC:
            basic_secret(self.client_id or "", text)
        return None

    def _changed(self, detail=None):
        """A token that was obtained with the old secret is not used any more."""
        result = super()._changed(detail)
        self.env["integration.token"].sudo()._forget(self)
        return result

    @api.private
    def _access_secret(self):
        """Return what a connector is given to call with: key, access token, or user and password in one text.

        :raises AuthorizationError, TransientError: it cannot be had; the code says why.
        :raises NeedsFetchError: it has to be fetched first, when no transaction is open.
        """
        self.ensure_one()
        if self._is_oauth():
            return self.env["integration.token"].sudo()._access_token(self)
        if self.kind == BASIC:
            return basic_secret(self.client_id or "", self._reveal())
        return self._reveal()

    @api.private
    def _oauth_client(self):
        """Return (engine's client, token address, hosts that may be called)."""
        self.ensure_one()
        client = oauth.Client(
            grant=self.kind,
            client_id=self.client_id or "",
            secret=self._reveal(),
            scope=self.scope or "",
            in_body=self.client_in_body,
            audience=self.audience or "",
            subject=self.subject or "",
            key_id=self.jwt_key_id or "",
        )
        return client, self.token_url or "", tuple((self.connection_id.allowed_hosts or "").split())


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    def _api_credential(self):
        """Return the credential with which this connection calls now, none where there is none."""
        self.ensure_one()
        return self.sudo().credential_ids.filtered(lambda row: row.purpose == "api" and row.is_valid)[:1]

    def _access(self):
        """Return (kind, secret) with which this connection calls, ("api_key", "") where it has no credential."""
        credential = self._api_credential()
        if not credential:
            return API_KEY, ""
        return credential.kind or API_KEY, credential._access_secret()

    def _client_certificate(self):
        """Return the client certificate with its key as PEM, an empty text where there is none."""
        found = self.sudo().credential_ids.filtered(lambda row: row.purpose == CERTIFICATE and row.is_valid)[
            :1
        ]
        return found._reveal() if found else ""
