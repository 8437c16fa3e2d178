# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models
from odoo.tools import SQL


class IntegrationPayload(models.Model):
    """The bytes of a message, apart from the message itself so that lists stay narrow and fast.

    ``raw`` holds exactly what came in (or what is sent); with ``headers`` its signature can be verified again.
    It is a plain ``bytea`` column beside the ORM: an ORM binary field would store base64.
    """

    _name = "integration.payload"
    _description = "Message payload"
    _log_access = False
    _rec_name = "message_id"

    message_id = fields.Many2one("integration.message", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="message_id.company_id")
    headers = fields.Json(groups=fields.NO_ACCESS, help="The headers needed to verify the signature again.")
    documents = fields.Json(groups=fields.NO_ACCESS, help="The canonical documents that the message says.")

    _message_unique = models.UniqueIndex("(message_id)")

    def _auto_init(self):
        result = super()._auto_init()
        self.env.cr.execute(SQL("ALTER TABLE integration_payload ADD COLUMN IF NOT EXISTS raw bytea"))
        return result

    def _raw_by_message(self, message_ids):
        """Return {message id: bytes}."""
        if not message_ids:
            return {}
        self.env.cr.execute(
            SQL(
                "SELECT message_id, raw FROM integration_payload WHERE message_id = ANY(%s)",
                list(message_ids),
            )
        )
        return {message_id: bytes(raw or b"") for message_id, raw in self.env.cr.fetchall()}
