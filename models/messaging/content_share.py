# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models
from odoo.tools import SQL


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    content_erased_at = fields.Datetime(
        string="Content erased on", readonly=True, help="Since then nobody can read what came in."
    )
    region = fields.Char(related="connection_id.region")

    def _auto_init(self):
        result = super()._auto_init()
        # Beside the ORM like the content itself: see engine.sealing.
        self.env.cr.execute(SQL("ALTER TABLE integration_message ADD COLUMN IF NOT EXISTS key_share bytea"))
        return result
