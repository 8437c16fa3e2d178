# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..messaging.append_only import make_append_only
from ..messaging.big_integer import BigInteger

MAX_KEYS = 10_000
CHECK_STATES = [("holds", "Holds"), ("broken", "Broken"), ("unchecked", "Never verified")]


class IntegrationAuditKey(models.Model):
    """The public half of a key that signs seals. Old seals stay verifiable after it is replaced."""

    _name = "integration.audit.key"
    _description = "Key of the seals"
    _order = "id desc"
    _log_access = False
    _rec_name = "short_name"

    key_id = fields.Char(
        required=True, readonly=True, string="Fingerprint", help="SHA-256 of the public key."
    )
    short_name = fields.Char(compute="_compute_short_name", string="Key")
    public_key = fields.Char(required=True, readonly=True, help="Ed25519, base64.")
    introduced_at = fields.Datetime(required=True, readonly=True, string="Signs since")
    replaced_at = fields.Datetime(compute="_compute_replaced_at", string="Replaced")

    _key_unique = models.Constraint("UNIQUE(key_id)", "This key is known already.")

    def _auto_init(self):
        result = super()._auto_init()
        make_append_only(
            self.env.cr, self._table, "integration_audit_key", "keys of the seals are kept as they are"
        )
        return result

    @api.depends("key_id")
    def _compute_short_name(self):
        for key in self:
            key.short_name = " ".join((key.key_id or "")[place : place + 4] for place in range(0, 16, 4))

    def _compute_replaced_at(self):
        following = {}
        later = False
        for key in self.sudo().search([], limit=MAX_KEYS):  # the newest first
            following[key.id] = later
            later = key.introduced_at
        for key in self:
            key.replaced_at = following.get(key.id, False)

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("Keys of the seals are kept as they are."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Keys of the seals are kept: without them old seals prove nothing."))

    @api.model
    def _public_keys(self):
        """Return {fingerprint: public key} of all keys that ever signed."""
        return {key.key_id: key.public_key for key in self.sudo().search([], limit=MAX_KEYS)}


class IntegrationAuditSeal(models.Model):
    """A signed seal over a run of audit entries, chained to the seal before it. The database refuses to change it.

    The column ``entries`` (41 bytes for each sealed entry: its number and digest) stands beside the ORM.
    """

    _name = "integration.audit.seal"
    _description = "Seal of the audit trail"
    _order = "number desc"
    _log_access = False
    _rec_name = "number"

    number = fields.Integer(required=True, readonly=True, string="Seal", aggregator=None)
    trail = fields.Char(required=True, readonly=True, help="Names the chain of seals, and the file outside.")
    first_id = BigInteger(required=True, readonly=True, string="From entry", aggregator=None)
    last_id = BigInteger(required=True, readonly=True, string="To entry", aggregator=None)
    entry_count = fields.Integer(required=True, readonly=True, string="Entries")
    root = fields.Char(required=True, readonly=True, help="Merkle root over the sealed entries (RFC 6962).")
    previous_digest = fields.Char(required=True, readonly=True, help="Digest of the seal before this one.")
    digest = fields.Char(required=True, readonly=True, help="SHA-256 of what was signed.")
    signing_key_id = fields.Many2one(
        "integration.audit.key", required=True, readonly=True, ondelete="restrict", string="Signed with"
    )
    sealed_at = fields.Datetime(required=True, readonly=True)
    text = fields.Text(required=True, readonly=True, help="What was signed, byte for byte.")
    signature = fields.Char(required=True, readonly=True, help="Ed25519, base64.")
    check_state = fields.Selection(CHECK_STATES, compute="_compute_check", string="Verification")
    checked_at = fields.Datetime(compute="_compute_check", string="Last verified")

    _number_unique = models.Constraint("UNIQUE(number)", "Each seal has a number of its own.")
    _last_idx = models.Index("(last_id)")

    def _auto_init(self):
        result = super()._auto_init()
        cr = self.env.cr
        cr.execute(SQL("ALTER TABLE integration_audit_seal ADD COLUMN IF NOT EXISTS entries bytea"))
        make_append_only(cr, self._table, "integration_audit_seal", "seals are kept as they are")
        return result

    @api.depends("number")
    def _compute_display_name(self):
        for seal in self:
            seal.display_name = self.env._("Seal %s", seal.number)

    def _compute_check(self):
        self.env["integration.audit.verification"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT ON (s.number) s.number, v.finished_at, v.finding_seal
                  FROM unnest(%s) AS s(number)
                  JOIN integration_audit_verification v
                    ON v.state IN ('holds', 'broken') AND s.number BETWEEN v.first_number AND v.position
                 ORDER BY s.number, v.id DESC
                """,
                self.mapped("number"),
            )
        )
        found = {number: rest for number, *rest in self.env.cr.fetchall()}
        for seal in self:
            checked_at, broken = found.get(seal.number, (False, None))
            seal.checked_at = checked_at
            seal.check_state = (
                "unchecked" if not checked_at else "broken" if broken == seal.number else "holds"
            )

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("Seals are kept as they are."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Seals are evidence and cannot be deleted."))

    # -- reading ---------------------------------------------------------------------------------------------

    @api.model
    def _rows(self, first_number, last_number, limit):
        """Return up to ``limit`` seals of these numbers as dicts (number, text, signature, digest), ascending."""
        return self._select(
            "number BETWEEN %s AND %s ORDER BY number LIMIT %s", first_number, last_number, limit
        )

    @api.model
    def _last_row(self):
        """Return the newest seal as a dict, or None."""
        return next(iter(self._select("TRUE ORDER BY number DESC LIMIT 1")), None)

    def _select(self, condition, *values):
        self.env.cr.execute(
            SQL(
                "SELECT number, text, signature, digest, trail, last_id FROM integration_audit_seal WHERE %s",
                SQL(condition, *values),
            )
        )
        return self.env.cr.dictfetchall()

    @api.model
    def _entry_list(self, number):
        """Return the packed list of what the seal ``number`` covers."""
        self.env.cr.execute(SQL("SELECT entries FROM integration_audit_seal WHERE number = %s", number))
        row = self.env.cr.fetchone()
        return bytes(row[0] or b"") if row else b""

    @api.model
    def _numbers_covering(self, first_id, last_id):
        """Return (first, last) number of the seals that cover entries of these numbers; (0, 0) where none does."""
        self.env.cr.execute(
            SQL(
                "SELECT COALESCE(min(number), 0), COALESCE(max(number), 0) FROM integration_audit_seal"
                " WHERE last_id >= %s AND first_id <= %s",
                first_id,
                last_id,
            )
        )
        return self.env.cr.fetchone()

    def action_open_entries(self):
        """Button: the audit entries that this seal covers, as far as the person may see them."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_audit_leaf")
        domain = [("id", ">=", self.first_id), ("id", "<=", self.last_id)]
        return dict(action, domain=domain, context={}, name=self.display_name)

    def action_verify(self):
        """Button: verify the chosen seals, from the first to the last of them."""
        numbers = self.mapped("number")
        return self.env["integration.audit.verification"]._start(min(numbers), max(numbers))._open()
