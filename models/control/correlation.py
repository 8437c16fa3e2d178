# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine import correlation


class IntegrationAuditLeaf(models.Model):
    _inherit = "integration.audit.leaf"

    @api.model
    def _append(self, entries):
        """An entry that names no correlation is about what is being worked on."""
        if now := correlation.current():
            entries = [
                entry if entry.get("correlation_id") else {**entry, "correlation_id": now.correlation_id}
                for entry in entries
            ]
        return super()._append(entries)
