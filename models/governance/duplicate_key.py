# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.duplicates import MAX_BLOCK


class IntegrationDuplicateKey(models.Model):
    """By what a record is found when others are compared with it; digests only."""

    _name = "integration.duplicate.key"
    _description = "Trait of a record, as a digest"
    _log_access = False
    _rec_name = "key"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Integer(required=True, readonly=True)
    key = fields.Char(required=True, readonly=True)

    _key_idx = models.Index("(res_model, key, res_id)")
    _record_idx = models.Index("(res_model, res_id)")

    @api.model
    def _rewrite(self, model, keys):
        """Store the keys of records anew.

        :param keys: {record id: hidden keys}.
        """
        self.env.cr.execute(
            SQL(
                "DELETE FROM integration_duplicate_key WHERE res_model = %s AND res_id = ANY(%s)",
                model,
                list(keys),
            )
        )
        rows = [(record_id, key) for record_id, own in keys.items() for key in sorted(own)]
        if rows:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO integration_duplicate_key (res_model, res_id, key) SELECT %s, * FROM unnest(%s, %s)",
                    model,
                    [record_id for record_id, _key in rows],
                    [key for _record_id, key in rows],
                )
            )

    @api.model
    def _having(self, model, keys):
        """Return the ids of the records that have one of these hidden keys, as far as they have been looked at."""
        if not keys:
            return []
        self.env.cr.execute(
            SQL(
                "SELECT DISTINCT res_id FROM integration_duplicate_key WHERE res_model = %s AND key = ANY(%s) LIMIT %s",
                model,
                list(keys),
                MAX_BLOCK,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    @api.model
    def _neighbours(self, model, keys):
        """Return {key: ids of the records that have it}; a key that too many have is left out."""
        if not keys:
            return {}
        self.env.cr.execute(
            SQL(
                """
                SELECT w.key, array_agg(f.res_id) FROM unnest(%s) AS w(key)
                 CROSS JOIN LATERAL (SELECT k.res_id FROM integration_duplicate_key k
                                      WHERE k.res_model = %s AND k.key = w.key LIMIT %s) f
                 GROUP BY w.key HAVING count(*) BETWEEN 2 AND %s
                """,
                sorted(keys),
                model,
                MAX_BLOCK + 1,
                MAX_BLOCK,
            )
        )
        return dict(self.env.cr.fetchall())
