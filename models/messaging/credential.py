# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import NO_ACCESS

from ...engine.signatures import Secret
from . import key_ring

PURPOSES = [
    ("inbound_signature", "Secret that signs events to us"),
    ("outbound_signature", "Secret that signs our events"),
    ("api", "Key for calling the outside system"),
]
MAX_SECRET_CHARS = 10_000


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
    ciphertext = fields.Char(groups=NO_ACCESS, copy=False)
    hint = fields.Char(readonly=True, help="The last characters of the secret, to tell two of them apart.")
    secret_set_at = fields.Datetime(readonly=True, copy=False, string="Entered")
    valid_from = fields.Datetime(default=fields.Datetime.now, required=True)
    valid_until = fields.Datetime(
        help="Empty = no end. During a rotation the old and the new secret are both accepted."
    )
    is_valid = fields.Boolean(compute="_compute_is_valid")

    @api.model_create_multi
    def create(self, vals_list):
        credentials = super().create(vals_list)
        credentials.invalidate_recordset(["value"])  # else the answer to this very request would show it
        return credentials

    def write(self, vals):
        result = super().write(vals)
        self.invalidate_recordset(["value"])
        self.env.registry.clear_cache()
        return result

    @api.depends("ciphertext")
    def _compute_value(self):
        for credential in self:
            credential.value = False

    def _inverse_value(self):
        for credential in self:
            text = (credential.value or "").strip()
            if not text:
                raise UserError(
                    self.env._("A secret cannot be empty. To stop using it, set the end of its validity.")
                )
            if len(text) > MAX_SECRET_CHARS:
                raise UserError(self.env._("This is too long for a secret."))
            credential._keep_replaced()
            credential.sudo().write(
                {
                    "ciphertext": key_ring.encrypt(text),
                    "hint": f"…{text[-4:]}" if len(text) >= 16 else "…",
                    "secret_set_at": fields.Datetime.now(),
                }
            )
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
        kept.write({"ciphertext": old.ciphertext, "hint": old.hint, "secret_set_at": old.secret_set_at})

    @api.depends("valid_from", "valid_until", "ciphertext")
    def _compute_is_valid(self):
        now = fields.Datetime.now()
        for credential in self:
            credential.is_valid = (
                bool(credential.sudo().ciphertext)
                and credential.valid_from <= now
                and (not credential.valid_until or credential.valid_until > now)
            )

    @api.depends("purpose", "hint")
    def _compute_display_name(self):
        labels = dict(self._fields["purpose"]._description_selection(self.env))
        for credential in self:
            credential.display_name = f"{labels.get(credential.purpose, '')} {credential.hint or ''}"

    @api.private
    def _reveal(self):
        """Return the clear text, for use inside the server only."""
        self.ensure_one()
        if not self.env.su:
            raise AccessError(self.env._("A credential cannot be read."))
        return key_ring.decrypt(self.ciphertext)

    @api.private
    def _as_secret(self):
        """Return the engine's form of this secret, validity in UTC-aware instants."""
        return Secret(
            id=str(self.id),
            value=self._reveal(),
            valid_from=fields.Datetime.to_datetime(self.valid_from).replace(tzinfo=timezone.utc),
            valid_until=(self.valid_until and self.valid_until.replace(tzinfo=timezone.utc)) or None,
        )
