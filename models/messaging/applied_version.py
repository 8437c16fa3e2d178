# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which version of each outside object was applied last (E3)."""

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.ordering import Version
from .big_integer import BigInteger


class IntegrationAppliedVersion(models.Model):
    """The newest applied version of one outside object. One row per object: no two events of different objects meet."""

    _name = "integration.applied.version"
    _description = "Applied version of an outside object"
    _order = "id desc"
    _log_access = False
    _rec_name = "object_key"

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="restrict", index=True)
    kind = fields.Char(required=True, readonly=True)
    object_key = fields.Char(required=True, readonly=True, string="Outside object")
    version = BigInteger(required=True, readonly=True)
    is_exact = fields.Boolean(
        readonly=True, help="The source counts versions itself; otherwise the time of the event orders them."
    )
    content_digest = fields.Char(required=True, readonly=True, help="SHA-256 of the document as applied.")
    message_id = fields.Many2one(
        "integration.message", readonly=True, ondelete="set null", string="Applied by"
    )
    applied_at = fields.Datetime(required=True, readonly=True)

    _object_unique = models.UniqueIndex("(connection_id, kind, object_key)")
    _message_idx = models.Index("(message_id) WHERE message_id IS NOT NULL")

    @api.model
    def _find(self, keys):
        """Return {(connection id, kind, object key): Version} of what was applied last."""
        if not keys:
            return {}
        self.env.cr.execute(
            SQL(
                """
                SELECT connection_id, kind, object_key, version, is_exact, content_digest
                  FROM integration_applied_version
                 WHERE (connection_id, kind, object_key) IN (%s)
                """,
                SQL(", ").join(SQL("%s", key) for key in sorted(keys)),
            )
        )
        return {tuple(row[:3]): Version(*row[3:]) for row in self.env.cr.fetchall()}

    @api.model
    def _remember(self, rows):
        """Write down what has just been applied, in one statement; an older version never replaces a newer one.

        Two transactions that apply the same object meet here: the second one gets a conflict and is repeated.

        :param rows: list of (connection id, company id, kind, object key, Version, message id), each object once.
        """
        if not rows:
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_applied_version AS a
                       (connection_id, company_id, kind, object_key, version, is_exact, content_digest, message_id,
                        applied_at)
                VALUES %s
                    ON CONFLICT (connection_id, kind, object_key) DO UPDATE
                   SET version = EXCLUDED.version, is_exact = EXCLUDED.is_exact,
                       content_digest = EXCLUDED.content_digest, message_id = EXCLUDED.message_id,
                       applied_at = EXCLUDED.applied_at
                 WHERE a.version <= EXCLUDED.version
                """,
                SQL(", ").join(
                    SQL(
                        "(%s, %s, %s, %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC')",
                        connection_id, company_id, kind, object_key,
                        version.number, version.is_exact, version.digest, message_id,
                    )
                    for connection_id, company_id, kind, object_key, version, message_id in rows
                ),
            )
        )  # fmt: skip
        self.invalidate_model(flush=False)
