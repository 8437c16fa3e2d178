# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every

from ...engine.errors import IntegrationError

FINISHED = ("done", "superseded", "discarded")


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    archive_id = fields.Many2one(
        "integration.archive",
        readonly=True,
        ondelete="restrict",
        help="Where the content of this event is kept since its retention time is over.",
    )
    content_archived = fields.Boolean(compute="_compute_content_archived")

    _archive_idx = models.Index("(archive_id) WHERE archive_id IS NOT NULL")

    def _compute_content_archived(self):
        present = set(
            self.env["integration.payload"].sudo().search([("message_id", "in", self.ids)]).message_id.ids
        )
        for message in self:
            message.content_archived = bool(message.archive_id) and message.id not in present

    def action_bring_back(self):
        """Button: put the contents of these events back beside them, to be looked at or replayed."""
        self.check_access("write")
        self.sudo()._bring_back()

    def _bring_back(self):
        """Restore the contents of archived events; the archive keeps its copy."""
        missing = self.filtered("content_archived")
        for archive, messages in missing.grouped("archive_id").items():
            try:
                contents = archive._content_of(messages.ids)
            except IntegrationError as error:
                raise UserError(error.sentence) from error
            for kept in contents.values():
                payload = self.env["integration.payload"].create(
                    {
                        "message_id": kept.message_id,
                        "headers": kept.headers,
                        "documents": kept.documents,
                        "brought_back": True,
                    }
                )
                self.env.cr.execute(
                    SQL("UPDATE integration_payload SET raw = %s WHERE id = %s", kept.raw, payload.id)
                )
        self.env["integration.audit.leaf"]._record_messages(missing, "payload.bring_back")
        missing.invalidate_recordset(["content_archived", "payload_text", "headers_text", "documents_text"])


class IntegrationPayload(models.Model):
    _inherit = "integration.payload"

    brought_back = fields.Boolean(
        help="This content is in an archive, too, and stays here until the next night."
    )

    _brought_back_idx = models.Index("(message_id) WHERE brought_back")

    def _put_back_into_archives(self):
        """Remove what was brought back, unless its event is to be worked off: the archive has it."""
        self.search([("brought_back", "=", True), ("message_id.status", "in", FINISHED)]).unlink()

    def _stored_by_message(self, message_ids):
        """Return {message id: bytes as they are stored}, also of events whose contents are archived."""
        found = super()._stored_by_message(message_ids)
        missing = set(message_ids) - found.keys()
        for portion in split_every(1000, sorted(missing)):
            self.env.cr.execute(
                SQL(
                    "SELECT archive_id, array_agg(id) FROM integration_message"
                    " WHERE id = ANY(%s) AND archive_id IS NOT NULL GROUP BY archive_id",
                    list(portion),
                )
            )
            for archive_id, ids in self.env.cr.fetchall():
                archive = self.env["integration.archive"].sudo().browse(archive_id)
                found.update({key: kept.raw for key, kept in archive._content_of(ids).items()})
        return found
