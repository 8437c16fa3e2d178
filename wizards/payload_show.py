# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import base64

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

GROUP = "finance_integration.group_contents"
MAX_SHOWN_CHARS = 200_000


class IntegrationPayloadShow(models.TransientModel):
    """The dialog in which a person with the right to it sees a content in full, says why, and is written down."""

    _name = "integration.payload.show"
    _description = "Content of an event in full"

    message_id = fields.Many2one("integration.message", required=True, readonly=True, string="Event")
    reason = fields.Char(help="Kept in the audit trail with your name.")
    shown = fields.Boolean(readonly=True)
    content = fields.Text(compute="_compute_content", string="Content as it came in")
    # The content itself is never stored here: it is read anew and only for who asked.

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["shown"] = False
        return super().create(vals_list)

    def write(self, vals):
        if "shown" in vals and not self.env.su:
            raise AccessError(self.env._("Press “Show in full”."))
        return super().write(vals)

    @api.depends("shown", "message_id")
    def _compute_content(self):
        for dialog in self:
            allowed = dialog.shown and dialog._may_see()
            dialog.content = dialog._full_text() if allowed else False

    def _may_see(self):
        return self.env.user.has_group(GROUP) and self.sudo().create_uid == self.env.user

    def _full_text(self):
        self.message_id.check_access("read")
        raw, _headers = self.message_id.sudo()._kept_content()
        try:
            return raw.decode("utf-8")[:MAX_SHOWN_CHARS]
        except UnicodeDecodeError:
            return base64.b64encode(raw).decode("ascii")[:MAX_SHOWN_CHARS]

    def action_show(self):
        """Button: write down who looks at it and why, then show it."""
        self.ensure_one()
        if not self._may_see():
            raise AccessError(self.env._("You have no right to see contents in full."))
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept in the audit trail."))
        self.message_id.check_access("read")
        self.env["integration.audit.leaf"].sudo()._record_messages(
            self.message_id, "payload.show", self.reason.strip()
        )
        self.sudo().shown = True
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Content in full"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }
