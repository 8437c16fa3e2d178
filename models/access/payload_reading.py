# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Reading the full content of an event: a right of its own, with a reason that is kept (C1, A1)."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...engine.access import FIELDS, VERBS
from .protected import Protected

MAX_SHOWN_BYTES = 1_000_000
MIN_REASON_CHARACTERS = 5


def _groups(model, name):
    """Return what the table of rights says about a field, in the form of Odoo's ``groups``."""
    return ",".join(VERBS[FIELDS[model][name]].groups)


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    def action_read_full(self):
        """Button: ask for the reason, then show the content as it came in."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Full content of %s", self.display_name),
            "res_model": "integration.payload.reading",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_message_id": self.id},
        }


class IntegrationPayload(models.Model):
    _inherit = "integration.payload"

    headers = fields.Json(groups=_groups("integration.payload", "headers"))
    documents = fields.Json(groups=_groups("integration.payload", "documents"))


class IntegrationPayloadReading(Protected, models.TransientModel):
    """Asks why, leaves an audit entry, and only then shows the bytes; the content itself is stored nowhere again."""

    _name = "integration.payload.reading"
    _description = "Reading of a full content"

    message_id = fields.Many2one("integration.message", required=True)
    company_id = fields.Many2one(related="message_id.company_id")
    reason = fields.Char(help="Kept in the audit trail with your name.")
    is_shown = fields.Boolean(readonly=True)
    content = fields.Text(compute="_compute_content", compute_sudo=True)

    @api.depends("is_shown", "message_id")
    def _compute_content(self):
        for reading in self:
            reading.content = reading.is_shown and reading._content()

    def _content(self):
        raw = (
            self.env["integration.payload"]._raw_by_message(self.message_id.ids).get(self.message_id.id, b"")
        )
        if not raw:
            return self.env._("The content is in an archive: press “Bring back” on the event first.")
        text = raw[:MAX_SHOWN_BYTES].decode("utf-8", "backslashreplace")
        if len(raw) > MAX_SHOWN_BYTES:
            text += self.env._("\n… (%s bytes in all)", len(raw))
        return text

    def action_show(self):
        """Button: leave the entry in the audit trail, then show the content.

        :raises AccessError: the event is not one of the person's companies.
        :raises UserError: no reason.
        """
        self.ensure_one()
        if self.create_uid != self.env.user:
            raise AccessError(self.env._("Each person gives an own reason."))
        self.message_id.check_access("read")
        reason = (self.reason or "").strip()
        if len(reason) < MIN_REASON_CHARACTERS:
            raise UserError(
                self.env._("Say in a few words why you read it; the reason is kept with your name.")
            )
        self.env["integration.audit.leaf"].sudo()._append(
            [
                {
                    "action": "payload.view",
                    "user_id": self.env.uid,
                    "company_id": self.message_id.company_id.id,
                    "connection_id": self.message_id.connection_id.id,
                    "message_id": self.message_id.id,
                    "correlation_id": self.message_id.correlation_id,
                    "subject_digest": self.message_id.body_digest,
                    "detail": reason[:300],
                }
            ]
        )
        self.sudo().write({"is_shown": True})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Full content of %s", self.message_id.display_name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }
