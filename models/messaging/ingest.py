# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import logging

from odoo import api, models
from odoo.tools import SQL

from ...connectors.registry import get_connector
from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import IntegrationError
from ...engine.idempotency import Verdict, judge
from ...engine.json_guard import parse_json
from .inbox_connection import STORE, event_values, store_at_once

_logger = logging.getLogger(__name__)


class IntegrationIngest(models.AbstractModel):
    """Puts events into the durable inbox: once per event id, whoever delivers it, however often."""

    _name = "integration.ingest"
    _description = "Durable inbox"

    @api.model
    def _accept(self, facts, envelope, raw, headers, correlation_id, origin="push"):
        """Store one event and return (verdict, message id). The caller commits before it acknowledges.

        :param facts: what ``integration.endpoint._address_facts`` says of the address (or the same from a pull).
        :param raw: the bytes as they came in; kept unchanged.
        :param headers: dict of the headers needed to verify the signature again.
        :returns: NEW = stored now; DUPLICATE = stored before; CONFLICT = the id was used before with another
            content; the second content is stored too, as an event of its own that needs a person.
        """
        body_digest = digest(raw)
        message_id = self._insert(
            facts, envelope, envelope.event_id, raw, headers, body_digest, correlation_id, origin
        )
        if message_id:
            return Verdict.NEW, message_id
        stored_id, stored_digest = self._stored(facts["connection_id"], envelope.event_id)
        if judge(stored_digest, body_digest) is Verdict.DUPLICATE:
            return Verdict.DUPLICATE, stored_id
        if self._same_meaning(facts["connector"], stored_id, raw):
            return Verdict.DUPLICATE, stored_id
        return self._keep_conflict(facts, envelope, raw, headers, body_digest, correlation_id, origin)

    @api.model
    def _accept_at_once(self, facts, envelope, raw, headers, correlation_id):
        """Store a new event in a transaction of its own and return its id, or None when its id is known already."""
        values = event_values(facts, envelope, envelope.event_id, raw, headers, digest(raw), correlation_id)
        return store_at_once(self.env.cr.dbname, values)

    def _insert(self, facts, envelope, event_id, raw, headers, body_digest, correlation_id, origin):
        """Insert message and payload in one statement; return the id, or None when the event id is known."""
        values = event_values(facts, envelope, event_id, raw, headers, body_digest, correlation_id, origin)
        self.env["integration.next.look"]._expect()
        self.env.cr.execute(SQL(STORE, *values))
        row = self.env.cr.fetchone()
        return row[0] if row else None

    def _stored(self, connection_id, event_id):
        self.env.cr.execute(
            SQL(
                """
                SELECT id, body_digest FROM integration_message
                 WHERE connection_id = %s AND event_id = %s AND direction = 'in'
                """,
                connection_id,
                event_id,
            )
        )
        return self.env.cr.fetchone()

    def _same_meaning(self, connector, stored_id, raw):
        """Whether two bodies differ only in fields that the sender changes from delivery to delivery."""
        volatile = get_connector(connector).spec.volatile_keys
        if not volatile:
            return False
        try:
            stored = self.env["integration.payload"]._raw_by_message([stored_id]).get(stored_id, b"")
            first, second = (
                {key: value for key, value in parse_json(body).items() if key not in volatile}
                for body in (stored, raw)
            )
        except (IntegrationError, AttributeError):
            return False
        return canonical_bytes(first) == canonical_bytes(second)

    def _keep_conflict(self, facts, envelope, raw, headers, body_digest, correlation_id, origin):
        event_id = f"{envelope.event_id[:200]}#{body_digest[:16]}"
        message_id = self._insert(
            facts, envelope, event_id, raw, headers, body_digest, correlation_id, origin
        )
        if not message_id:  # the same second content came in before
            return Verdict.CONFLICT, self._stored(facts["connection_id"], event_id)[0]
        message = self.env["integration.message"].sudo().browse(message_id)
        exception = self.env["integration.exception"]._raise_cause(
            message.connection_id, "event_id_conflict", {"event": envelope.event_id}, cause=envelope.event_id
        )
        message._advance(
            "received",
            "parked",
            exception_id=exception.id,
            error_code="event_id_conflict",
            error_text=exception._kept_text(),
        )
        return Verdict.CONFLICT, message_id
