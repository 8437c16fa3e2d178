# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which encryption keys there are, what is encrypted with each, and when one may be removed. Keys are never stored."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...engine.errors import IntegrationError
from ..messaging import key_ring
from ..messaging.error_words import in_words

STATES = [
    ("newest", "Encrypts what is new"),
    ("needed", "Still needed"),
    ("removable", "May be removed"),
    ("missing", "Missing: what it encrypted cannot be read"),
    ("gone", "Removed, nothing depends on it"),
]
UNKNOWN = "unknown"
MAX_KEYS = 1000


class IntegrationEncryptionKey(models.Model):
    """An encryption key of this server, known by its fingerprint alone."""

    _name = "integration.encryption.key"
    _description = "Encryption key"
    _order = "first_seen_at desc, id desc"
    _rec_name = "fingerprint"

    fingerprint = fields.Char(required=True, readonly=True, help="Names the key without telling it.")
    first_seen_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    state = fields.Selection(STATES, compute="_compute_state")
    sealed_count = fields.Integer(
        compute="_compute_state",
        string="Encrypted with it",
        help="Secrets, access tokens and keys of event contents, of all companies.",
    )

    _fingerprint_unique = models.Constraint("UNIQUE(fingerprint)", "This key is known already.")

    @api.model
    def _sealed_columns(self):
        """Return {model: columns that the key ring encrypts}; each model has ``key_fingerprint`` beside them."""
        return {
            "integration.credential": ("ciphertext", "pending_ciphertext"),
            "integration.token": ("access_ciphertext", "refresh_ciphertext"),
        }

    @api.model
    def _counts(self):
        """Return {fingerprint: number of rows encrypted with that key}; what nobody noted counts as ``unknown``."""
        self.env.flush_all()
        counts = {}
        for model, columns in self._sealed_columns().items():
            table = self.env[model]._table
            filled = SQL(" OR ").join(SQL("%s IS NOT NULL", SQL.identifier(name)) for name in columns)
            self.env.cr.execute(
                SQL(
                    "SELECT COALESCE(key_fingerprint, %s), count(*) FROM %s WHERE %s GROUP BY 1",
                    UNKNOWN,
                    SQL.identifier(table),
                    filled,
                )
            )
            for fingerprint, count in self.env.cr.fetchall():
                counts[fingerprint] = counts.get(fingerprint, 0) + count
        return counts

    def _compute_state(self):
        counts = self._counts()
        try:
            configured = key_ring.fingerprints()
        except IntegrationError:
            configured = []
        # What was stored before keys were noted may be encrypted with any of them.
        unsure = bool(counts.get(UNKNOWN))
        for key in self:
            key.sealed_count = counts.get(key.fingerprint, 0)
            if key.fingerprint not in configured:
                key.state = "missing" if key.sealed_count else "gone"
            elif key.fingerprint == configured[0]:
                key.state = "newest"
            else:
                key.state = "needed" if key.sealed_count or unsure else "removable"

    @api.model
    def _refresh(self):
        """Know every key that is configured or that something is encrypted with."""
        wanted = {*key_ring.fingerprints(), *self._counts()} - {UNKNOWN}
        # Two who store their first secret at the same moment do not refuse each other.
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_encryption_key (fingerprint, first_seen_at)
                SELECT unnest(%s), now() AT TIME ZONE 'UTC' ON CONFLICT (fingerprint) DO NOTHING
                """,
                sorted(wanted),
            )
        )

    @api.model
    def _check_administrator(self):
        if not self.env.su and not self.env.user.has_group("finance_integration.group_administrator"):
            raise AccessError(self.env._("Only an integration administrator may do this."))

    @api.model
    def _open_keys(self):
        """Menu: the keys as they are now."""
        self._check_administrator()
        try:
            self._refresh()
        except IntegrationError as error:
            raise UserError(in_words(self.env, error)) from error
        return self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_encryption_key")

    def action_encrypt_anew(self):
        """Button: encrypt everything with the newest key; progress is shown."""
        return self.env["integration.key.rotation"]._start()._open_form()
