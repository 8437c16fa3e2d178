# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import NO_ACCESS

from ...engine import secret_reference
from ...engine.errors import IntegrationError
from ...engine.signatures import Secret
from . import key_ring, secret_store
from .error_words import in_words

PURPOSES = [
    ("inbound_signature", "Secret that signs events to us"),
    ("outbound_signature", "Secret that signs our events"),
    ("api", "Key for calling the outside system"),
]
MAX_SECRET_CHARS = 20_000


class IntegrationCredential(models.Model):
    """A secret. It can be written, replaced and used, but never read back."""

    _name = "integration.credential"
    _description = "Credential"
    _order = "connection_id, purpose, id desc"

    connection_id = fields.Many2one("integration.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    purpose = fields.Selection(PURPOSES, required=True)
    value = fields.Char(
        string="Secret",
        compute="_compute_value",
        inverse="_inverse_value",
        help="Write-only. It is encrypted with a key that the database does not hold and is never shown again.",
    )
    reference = fields.Char(
        string="Kept outside at",
        copy=False,
        help="Instead of a secret: where it stands outside this database. It is read there each time it is used and "
        "never stored here. env:FINANCE_SECRET_NAME, file:root/name or vault:mount/path#field.",
    )
    ciphertext = fields.Char(groups=NO_ACCESS, copy=False)
    key_fingerprint = fields.Char(
        string="Encrypted with", readonly=True, copy=False, index="btree_not_null", help="Names the key."
    )
    hint = fields.Char(
        readonly=True, copy=False, help="The last characters of the secret, to tell two of them apart."
    )
    secret_set_at = fields.Datetime(readonly=True, copy=False, string="Entered")
    valid_from = fields.Datetime(default=fields.Datetime.now, required=True)
    valid_until = fields.Datetime(
        help="Empty = no end. During a rotation the old and the new secret are both accepted."
    )
    is_valid = fields.Boolean(compute="_compute_is_valid")

    @api.model_create_multi
    def create(self, vals_list):
        credentials = super().create([self._moved_reference(vals) for vals in vals_list])
        credentials.filtered("reference")._refer()
        credentials.invalidate_recordset(["value"])  # else the answer to this very request would show it
        return credentials

    def write(self, vals):
        vals = self._moved_reference(vals)
        result = super().write(vals)
        if vals.get("reference"):
            self._refer()
        self.invalidate_recordset(["value"])
        self.env.registry.clear_cache()
        return result

    @api.model
    def _moved_reference(self, vals):
        """A reference that was typed where the secret goes is a reference all the same."""
        typed = (vals.get("value") or "").strip()
        if not secret_reference.is_reference(typed):
            return vals
        return {**{name: value for name, value in vals.items() if name != "value"}, "reference": typed}

    def _refer(self):
        """From now on these secrets are read where their references say; what was stored here is dropped."""
        for credential in self:
            credential._check_reference()
            credential.sudo().write(
                {
                    "ciphertext": False,
                    "key_fingerprint": False,
                    "hint": credential.reference.partition(":")[0] + ":…",
                }
            )
            credential._changed(f"kept outside: {credential.reference}")

    @api.constrains("reference")
    def _check_reference(self):
        for credential in self.filtered("reference"):
            try:
                secret_reference.parse(credential.reference)
            except IntegrationError as error:
                raise ValidationError(in_words(self.env, error)) from error

    @api.depends("ciphertext")
    def _compute_value(self):
        for credential in self:
            credential.value = False

    def _inverse_value(self):
        for credential in self:
            text = (credential.value or "").strip()
            if not text:
                if credential.reference:
                    continue
                raise UserError(
                    self.env._("A secret cannot be empty. To stop using it, set the end of its validity.")
                )
            if len(text) > MAX_SECRET_CHARS:
                raise UserError(self.env._("This is too long for a secret."))
            credential._keep_replaced()
            credential._keep(text)
        self.env.registry.clear_cache()

    def _keep_replaced(self):
        """Keep a secret that is overwritten, no longer valid: what it signed can be verified for years."""
        old = self.sudo()
        if old.purpose != "inbound_signature" or not old.ciphertext:
            return
        now = fields.Datetime.now()
        kept = old.copy(
            {"valid_from": min(old.valid_from, now), "valid_until": min(old.valid_until or now, now)}
        )
        names = ("ciphertext", "key_fingerprint", "hint", "secret_set_at")
        kept.write({name: old[name] for name in names})

    def _keep(self, text):
        """Encrypt and store a secret in place of what was there."""
        self.sudo().write(
            {
                "ciphertext": key_ring.encrypt(text),
                "key_fingerprint": key_ring.newest(),
                "reference": False,
                "hint": f"…{text[-4:]}" if len(text) >= 16 and "-----" not in text else "…",
                "secret_set_at": fields.Datetime.now(),
            }
        )
        self._changed()

    def _changed(self, detail=None):
        """Called when a secret was set or replaced."""
        self.env["integration.audit.leaf"]._record_change(self.connection_id, "credential.change", detail)

    @api.depends("valid_from", "valid_until", "ciphertext", "reference")
    def _compute_is_valid(self):
        now = fields.Datetime.now()
        for credential in self:
            credential.is_valid = (
                bool(credential._sealed())
                and credential.valid_from <= now
                and (not credential.valid_until or credential.valid_until > now)
            )

    @api.depends("purpose", "hint")
    def _compute_display_name(self):
        labels = dict(self._fields["purpose"]._description_selection(self.env))
        for credential in self:
            credential.display_name = f"{labels.get(credential.purpose, '')} {credential.hint or ''}"

    @api.private
    def _sealed(self):
        """Return what stands for the secret: a reference, or what the key ring encrypted; False when it is not set."""
        self.ensure_one()
        return self.reference or self.sudo().ciphertext

    @api.private
    def _reveal(self):
        """Return the clear text, for use inside the server only.

        :raises NeedsFetchError: it has to be fetched first, when no transaction is open.
        """
        self.ensure_one()
        if not self.env.su:
            raise AccessError(self.env._("A credential cannot be read."))
        return secret_store.value_of(self._sealed())

    @api.private
    def _as_secret(self):
        """Return the engine's form of this secret, validity in UTC-aware instants."""
        return Secret(
            id=str(self.id),
            value=self._reveal(),
            valid_from=fields.Datetime.to_datetime(self.valid_from).replace(tzinfo=timezone.utc),
            valid_until=(self.valid_until and self.valid_until.replace(tzinfo=timezone.utc)) or None,
        )
