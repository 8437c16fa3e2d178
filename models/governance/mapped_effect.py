# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""From what was booked to the versions of mappings that decided it, and back (A5)."""

import json

from odoo import api, fields, models
from odoo.tools import SQL

MAX_SHOWN = 1000


class IntegrationEffect(models.Model):
    _inherit = "integration.effect"

    mapping_version_ids = fields.Many2many(
        "integration.mapping.version",
        compute="_compute_mapping_version_ids",
        string="Mapped by",
        help="The versions of mappings that gave the codes of the event their meaning when this was booked.",
    )

    @api.depends("mapped_by")
    def _compute_mapping_version_ids(self):
        known = (
            self.env["integration.mapping.version"]
            .browse({version_id for effect in self for version_id in effect.mapped_by or []})
            .exists()
        )
        for effect in self:
            ids = set(effect.mapped_by or [])
            effect.mapping_version_ids = known.filtered(lambda version, ids=ids: version.id in ids)

    @api.model
    def _booked_with(self, versions, limit=MAX_SHOWN):
        """Return the newest effects that were booked with one of these versions."""
        found = self.browse()
        for version in versions:
            self.env.cr.execute(
                SQL(
                    "SELECT id FROM integration_effect WHERE connection_id = %s AND mapped_by @> %s::jsonb"
                    " ORDER BY id DESC LIMIT %s",
                    version.connection_id.id,
                    json.dumps([version.id]),
                    limit,
                )
            )
            found |= self.browse(row[0] for row in self.env.cr.fetchall())
        return found

    @api.model
    def _count_booked_with(self, connection, version_ids, limit):
        """Return how many records were booked with one of these versions, counted up to ``limit``."""
        if not version_ids:
            return 0
        self.env.cr.execute(
            SQL(
                """
                SELECT count(*) FROM (
                    SELECT 1 FROM integration_effect e
                     WHERE e.connection_id = %s AND e.mapped_by IS NOT NULL AND EXISTS (
                        SELECT 1 FROM jsonb_array_elements(e.mapped_by) AS part(id) WHERE part.id::int = ANY(%s))
                     LIMIT %s) AS booked
                """,
                connection.id,
                list(version_ids),
                limit,
            )
        )
        return self.env.cr.fetchone()[0]


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    mapping_version_ids = fields.Many2many(
        "integration.mapping.version", compute="_compute_mapping_version_ids", string="Mapped by"
    )

    @api.depends("effect_ids.mapped_by")
    def _compute_mapping_version_ids(self):
        for message in self:
            message.mapping_version_ids = message.effect_ids.mapping_version_ids
