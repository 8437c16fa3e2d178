# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import json

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import sealing
from ...engine.errors import IntegrationError


class IntegrationPayload(models.Model):
    """The bytes of a message, apart from the message itself so that lists stay narrow and fast.

    ``raw`` holds exactly what came in (or what is sent); with ``headers`` its signature can be verified again.
    It is a plain ``bytea`` column beside the ORM: an ORM binary field would store base64. Both ``raw`` and
    ``documents`` are stored encrypted where their connection says so (``engine.sealing``).
    """

    _name = "integration.payload"
    _description = "Message payload"
    _log_access = False
    _rec_name = "message_id"

    message_id = fields.Many2one("integration.message", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="message_id.company_id")
    headers = fields.Json(groups=fields.NO_ACCESS, help="The headers needed to verify the signature again.")
    documents = fields.Json(
        compute="_compute_documents",
        inverse="_inverse_documents",
        groups=fields.NO_ACCESS,
        help="The canonical documents that the message says; empty where they were erased or cannot be decrypted.",
    )

    _message_unique = models.UniqueIndex("(message_id)")

    def _auto_init(self):
        result = super()._auto_init()
        self.env.cr.execute(
            SQL(
                "ALTER TABLE integration_payload ADD COLUMN IF NOT EXISTS raw bytea,"
                " ADD COLUMN IF NOT EXISTS documents jsonb"
            )
        )
        return result

    def _compute_documents(self):
        stored = self._stored_documents()
        shares = self._shares_by_message(self.message_id.ids)
        for payload in self:
            try:
                documents = self._opened_documents(stored.get(payload.id), shares.get(payload.message_id.id))
            except IntegrationError:
                documents = False
            payload.documents = documents

    def _inverse_documents(self):
        """Store documents like the content beside them; what is encrypted already is stored as it is."""
        shares = self._shares_by_message(self.message_id.ids)
        for payload in self:
            text = None
            if payload.documents:
                is_sealed = sealing.from_json(payload.documents) is not None
                share = None if is_sealed else shares.get(payload.message_id.id)
                text = self._documents_text(share, payload.documents)
            self.env.cr.execute(
                SQL("UPDATE integration_payload SET documents = %s::jsonb WHERE id = %s", text, payload.id)
            )
        self.invalidate_recordset(["documents"])

    def _stored_documents(self):
        """Return {id: documents as they are stored}."""
        self.flush_recordset()
        self.env.cr.execute(SQL("SELECT id, documents FROM integration_payload WHERE id = ANY(%s)", self.ids))
        return dict(self.env.cr.fetchall())

    # -- what is stored encrypted ------------------------------------------------------------------------

    @api.model
    def _opened(self, stored, share, purpose=sealing.RAW):
        """Return a content as it came, from what is stored and the share of its event.

        :raises BusinessError: ``content_erased``.
        :raises AuthorizationError: ``content_unreadable``.
        """
        stored = bytes(stored or b"")
        if not sealing.is_sealed(stored):
            return stored
        share = share and bytes(share)
        key = self.env["integration.data.key"]._clear(sealing.data_key_id_of(share)) if share else b""
        return sealing.unseal(key, share, stored, purpose)

    @api.model
    def _sealed_like(self, share, content, purpose=sealing.RAW):
        """Return a further content of an event as it is stored: encrypted if the event has a share."""
        if not share:
            return content
        share = bytes(share)
        key = self.env["integration.data.key"]._clear(sealing.data_key_id_of(share))
        return sealing.seal(key, share, content, purpose)

    @api.model
    def _documents_text(self, share, documents):
        """Return documents as the JSON text in which they are stored."""
        text = json.dumps(documents)
        if not share:
            return text
        return json.dumps(sealing.as_json(self._sealed_like(share, text.encode(), sealing.DOCUMENTS)))

    @api.model
    def _opened_documents(self, value, share):
        """Return documents from what is stored; raises like ``_opened``."""
        sealed = sealing.from_json(value)
        if sealed is None:
            return value
        return json.loads(self._opened(sealed, share, sealing.DOCUMENTS))

    @api.model
    def _sealed_answer(self, text, share):
        """Return what a receiver answered as it is stored beside its event: encrypted if the event has a share."""
        return (
            json.dumps(sealing.as_json(self._sealed_like(share, text.encode(), sealing.ANSWER)))
            if share
            else text
        )

    @api.model
    def _opened_answer(self, stored, share):
        """Return an answer as it was given, from what is stored; raises like ``_opened``."""
        sealed = None
        if stored and stored.startswith('{"sealed"'):
            sealed = sealing.from_json(json.loads(stored))
        return stored if sealed is None else self._opened(sealed, share, sealing.ANSWER).decode()

    def _documents_by_message(self, message_ids):
        """Return {message id: documents}; raises like ``_opened``."""
        self.env.cr.execute(
            SQL(
                """
                SELECT p.message_id, p.documents, m.key_share FROM integration_payload p
                  JOIN integration_message m ON m.id = p.message_id WHERE p.message_id = ANY(%s)
                """,
                list(message_ids),
            )
        )
        return {
            message_id: self._opened_documents(documents, share)
            for message_id, documents, share in self.env.cr.fetchall()
        }

    def _readable_documents(self, message_ids):
        """Return {message id: documents}, without those that were erased, cannot be decrypted or were never told."""
        payloads = self.sudo().search([("message_id", "in", list(message_ids))])
        told = {payload.message_id.id: payload.documents for payload in payloads}
        payloads.invalidate_recordset(["documents"])  # many, and clear
        return {message_id: documents for message_id, documents in told.items() if documents}

    def _stored_by_message(self, message_ids):
        """Return {message id: bytes as they are stored}."""
        if not message_ids:
            return {}
        self.env.cr.execute(
            SQL(
                "SELECT message_id, raw FROM integration_payload WHERE message_id = ANY(%s)",
                list(message_ids),
            )
        )
        return {message_id: bytes(raw or b"") for message_id, raw in self.env.cr.fetchall()}

    def _shares_by_message(self, message_ids):
        """Return {message id: share}, of those that have one."""
        self.env.cr.execute(
            SQL(
                "SELECT id, key_share FROM integration_message WHERE id = ANY(%s) AND key_share IS NOT NULL",
                list(message_ids),
            )
        )
        return {message_id: bytes(share) for message_id, share in self.env.cr.fetchall()}

    def _raw_by_message(self, message_ids):
        """Return {message id: bytes as they came}.

        :raises BusinessError: ``content_erased``.
        :raises AuthorizationError: ``content_unreadable``.
        """
        stored = self._stored_by_message(message_ids)
        shares = self._shares_by_message(stored) if any(map(sealing.is_sealed, stored.values())) else {}
        return {
            message_id: self._opened(content, shares.get(message_id))
            for message_id, content in stored.items()
        }
