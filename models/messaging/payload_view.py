# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import json

from odoo import api, models

from ...connectors.registry import get_connector
from ...engine.canonical.base import CONFIDENTIAL, RESTRICTED
from ...engine.classification import hidden_texts, masked
from ...engine.errors import IntegrationError
from ...engine.json_guard import parse_json
from ...engine.redaction import redact, redact_headers
from .error_words import in_words

MAX_SHOWN_CHARS = 100_000


class IntegrationPayloadView(models.AbstractModel):
    """Shows a payload to a person, with what is sensitive left out."""

    _name = "integration.payload.view"
    _description = "Payload as shown to a person"

    def _show(self, message):
        """Return the texts 'payload', 'headers' and 'documents' of one message, redacted and bounded."""
        payload = self.env["integration.payload"].sudo().search([("message_id", "=", message.id)], limit=1)
        if not payload:
            return {"payload": False, "headers": False, "documents": False}
        headers = _text(redact_headers(payload.headers or {}))
        try:
            raw = payload._raw_by_message(message.ids).get(message.id, b"")
            documents = payload._documents_by_message(message.ids).get(message.id)
        except IntegrationError as error:  # erased, or no key of this server opens it
            words = in_words(self.env, error)
            return {"payload": words, "headers": headers, "documents": False}
        keys = get_connector(message.connection_id.connector).spec.sensitive_keys
        kind, documents = message.kind or "", documents or []
        hidden = self._hidden_classes()
        personal = CONFIDENTIAL in hidden
        texts = self._hidden_texts(kind, documents, hidden)
        shown = [masked(kind, document, hidden) for document in documents]
        return {
            "payload": self._pretty(raw, keys, texts, personal),
            "headers": headers,
            "documents": _text(redact(shown, keys)) if shown else False,
        }

    @api.model
    def _hidden_classes(self):
        """Return the classes of fields that the person does not see: restricted ones nobody, confidential ones only who
        works on events.
        """
        works = self.env.su or self.env.user.has_group("finance_integration.group_operator")
        return (RESTRICTED,) if works else (RESTRICTED, CONFIDENTIAL)

    def _hidden_texts(self, kind, documents, hidden):
        return frozenset().union(*(hidden_texts(kind, document, hidden) for document in documents))

    def _show_copy(self, message, text, kind, level):
        """Return the text of the corrected copy of a message, with the same left out as of the original."""
        try:
            documents = self.env["integration.payload"].sudo()._documents_by_message(message.ids)
            known = documents.get(message.id) or []
            if level == "document":
                known = [*known, parse_json(text.encode())]
        except IntegrationError as error:  # erased, or no key of this server opens it
            return in_words(self.env, error)
        keys = get_connector(message.connection_id.connector).spec.sensitive_keys
        hidden = self._hidden_classes()
        texts = self._hidden_texts(kind or "", known, hidden)
        return self._pretty(text.encode(), keys, texts, CONFIDENTIAL in hidden)

    def _pretty(self, raw, keys, texts, personal):
        if not raw:
            return False
        try:
            return _text(redact(parse_json(raw), keys, texts, personal))
        except IntegrationError:
            return self.env._("(not shown: %s bytes that are not readable JSON)", len(raw))


def _text(value):
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)[:MAX_SHOWN_CHARS]
