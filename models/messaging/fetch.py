# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models


class IntegrationFetch(models.TransientModel):
    """Asks for a fetch: now, or once more from a date on."""

    _name = "integration.fetch"
    _description = "Fetch from the source"

    connection_id = fields.Many2one("integration.connection", required=True, readonly=True)
    pull = fields.Selection(
        "_selection_pull", string="Only this list", help="Empty = all lists of the source."
    )
    from_date = fields.Date(
        string="Again from",
        help="Everything from this day on is read once more; what is known already books nothing. Empty = only what "
        "is new.",
    )
    reason = fields.Char(required=True, help="Kept in the audit trail.")

    @api.model
    def _selection_pull(self):
        connection_id = self.env.context.get("default_connection_id")
        if not connection_id:
            return []
        connection = self.env["integration.connection"].browse(connection_id)
        return [(pull, pull.replace("_", " ").capitalize()) for pull in connection._spec().pulls]

    def action_fetch(self):
        """Button: ask for it."""
        self.ensure_one()
        pulls = [self.pull] if self.pull else None
        self.connection_id._fetch_for_person(self.reason, pulls, self.from_date)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._("The source is being asked. Follow it under “Files and lists”."),
                "type": "success",
                "next": {"type": "ir.actions.act_window_close"},
            },
        }


class IntegrationConnection(models.Model):
    _inherit = "integration.connection"

    has_pulls = fields.Boolean(compute="_compute_has_pulls")

    @api.depends("connector")
    def _compute_has_pulls(self):
        for connection in self:
            connection.has_pulls = bool(connection.connector and connection._spec().pulls)

    def action_fetch(self):
        """Button: say why, and from which day on, before the source is asked."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Fetch from the source"),
            "res_model": "integration.fetch",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_connection_id": self.id},
        }
