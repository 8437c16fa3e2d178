# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The exception of what has changed at the source: it closes when all of it has been seen."""

from odoo import fields, models


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    source_field_ids = fields.One2many("integration.source.field", "exception_id", string="Changed fields")

    def action_open_source_changes(self):
        """Button: show what has changed, and say that it was seen."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("finance_integration.action_source_field")
        return dict(action, domain=[("exception_id", "=", self.id)], context={"search_default_changed": 1})

    def action_mark_resolved(self):
        """Whoever settles it has seen what has changed."""
        if changed := self.sudo().source_field_ids.filtered(lambda field: field.state != "known"):
            changed.with_env(self.env).action_accept()
        still_open = self.filtered(lambda row: row.state == "open")
        return super(IntegrationException, still_open).action_mark_resolved()

    def _resolve_if_empty(self):
        waits = self.sudo().filtered(
            lambda row: (
                row.state == "open" and row.source_field_ids.filtered(lambda field: field.state != "known")
            )
        )
        return super(IntegrationException, self - waits)._resolve_if_empty()
