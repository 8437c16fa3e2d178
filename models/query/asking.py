# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Answers a question in time: from the books where they answer in time, else as agreed; and keeps what was said."""

import json
import logging
import secrets
from contextlib import closing

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.sql_db import Cursor
from odoo.tools import SQL

from ...connectors.registry import get_connector
from ...engine import correlation
from ...engine.canonical import CreditAnswer, InvoiceAnswer, PaymentAnswer, Source, encode, kind_of
from ...engine.canonical_json import canonical_bytes, digest
from ...engine.credit import decide_late
from ...engine.deadline import Deadline, TimeIsUpError
from ...engine.errors import AuthorizationError, ContractError
from ...engine.instants import utc_now
from ..messaging import isolation
from ..messaging.inbox_connection import trace_columns

_logger = logging.getLogger(__name__)

ANSWERS = {"query.credit": CreditAnswer, "query.invoice": InvoiceAnswer, "query.payment": PaymentAnswer}
# The part of the asker's time that is left for keeping, signing and sending the answer.
RESERVED_PERCENT = 20
MAX_RESERVED_MS = 200
# What tells two questions apart; when it was asked and how long one waits does not.
NOT_ASKED = ("occurred_at", "time_limit_ms", "correlation_id")


class FlowNotLiveError(Exception):
    """Questions of this kind are not answered at present."""


class IntegrationQuery(models.AbstractModel):
    """The synchronous way in. What is answered is kept, and committed before it is sent."""

    _name = "integration.query"
    _description = "Outside questions"

    @api.model
    def _ask(self, connection_id, query, began):
        """Return (answer id, answer as bytes). The caller's transaction is READ COMMITTED and commits before it sends.

        :param query: the question, checked.
        :param began: when the request came in, in nanoseconds of the monotonic clock.
        :raises FlowNotLiveError: the flow or the connection does not answer at present.
        :raises ContractError: ``query_id_conflict``, ``query_id_used``, ``unknown_question``.
        :raises BusinessError: ``content_erased``: it was answered, and the answer was erased since.
        :raises AuthorizationError: ``content_unreadable``: the key of the answer that was given is missing.
        """
        connection = self.env["integration.connection"].sudo().browse(connection_id)
        kind, _version = kind_of(query)
        flow = connection.flow_ids.filtered(lambda row: row.direction == "in" and row.kind == kind)
        if kind not in connection._spec().queries or kind not in ANSWERS:
            raise ContractError("unknown_question", params={"question": kind})
        live = connection.active and connection.state == "active" and connection.service_user_id
        if not live or flow.state != "live":
            raise FlowNotLiveError(kind)
        asked = _question_digest(kind, query)
        if known := self._same_question(connection, flow, query, asked):
            return known
        deadline = Deadline(min(query.time_limit_ms, flow.query_max_time_ms), began)
        values, record = self._decide(connection, flow, kind, query, deadline)
        answer_id = f"ans_{secrets.token_hex(12)}"
        answer = self._as_document(connection, kind, query, answer_id, values, deadline)
        text = get_connector(connection.connector).write_answer(answer)
        if not self._keep(connection, flow, kind, query, asked, answer, text, record):
            # The same question was asked twice at once: who was first has answered both.
            return self._same_question(connection, flow, query, asked)
        return answer_id, text

    # -- the same question again -------------------------------------------------------------------------------

    def _same_question(self, connection, flow, query, asked):
        """Return the answer that was given to this question, None when it is asked for the first time."""
        query_id = query.source.object_id
        kept = self.env["integration.query.answer"]._kept(connection.id, query_id)
        if kept is None:
            return None
        kept_digest, answer_id, text, minutes = kept
        if kept_digest != asked:
            raise ContractError("query_id_conflict", params={"query": query_id})
        if minutes > flow.query_window_minutes:
            raise ContractError("query_id_used", params={"query": query_id})
        return answer_id, text.encode()

    # -- deciding ------------------------------------------------------------------------------------------------

    def _decide(self, connection, flow, kind, query, deadline):
        """Return (fields of the answer, record asked for or None)."""
        try:
            found = self._look_up(connection.id, flow.id, kind, query, deadline)
        except (TimeIsUpError, psycopg2.errors.QueryCanceled) as error:
            _logger.info("question %s: %s after %s ms", kind, type(error).__name__, deadline.taken_ms)
            return self._when_late(flow, kind, query), None
        if found is None:
            values = {"purpose": query.purpose} if kind == "query.credit" else {}
            return {**values, "outcome": "not_known", "decided_by": "facts"}, None
        values, record = found
        return {**values, "outcome": "answered", "decided_by": "facts"}, record

    def _look_up(self, connection_id, flow_id, kind, query, deadline):
        """Ask the books in a transaction of its own that can only read and ends with the time."""
        registry = self.env.registry
        limit_ms = min(query.time_limit_ms, self.env["integration.flow"].browse(flow_id).query_max_time_ms)
        reserved_ms = min(limit_ms * RESERVED_PERCENT // 100, MAX_RESERVED_MS)
        with isolation.time_limits_are_expected(), closing(registry.cursor()) as cr:

            def step():
                left_ms = deadline.left_ms() - reserved_ms
                if left_ms < 1:
                    raise TimeIsUpError
                cr.execute(SQL("SELECT set_config('statement_timeout', %s, true)", str(left_ms)))

            only_read(cr)
            try:
                step()
                env = api.Environment(cr, SUPERUSER_ID, {})
                connection = env["integration.connection"].browse(connection_id)._as_service()
                flow = connection.env["integration.flow"].browse(flow_id)
                questions = connection.env["integration.questions"]
                found = getattr(questions, f"_{kind.replace('.', '_')}")(connection, flow, query, step)
                if found is None:
                    return None
                values, record = found
                return values, (record._name, record.id)
            finally:
                # With it goes the time limit; nothing was written.
                cr.rollback()

    def _when_late(self, flow, kind, query):
        values = {"outcome": "policy", "decided_by": "policy"}
        if kind == "query.credit":
            decision, reasons = decide_late(open_when_late=flow.query_when_late == "open")
            values |= {"purpose": query.purpose, "decision": decision, "reasons": reasons}
        return values

    def _as_document(self, connection, kind, query, answer_id, values, deadline):
        return ANSWERS[kind](
            source=Source(system="odoo", object_id=answer_id),
            occurred_at=utc_now(),
            correlation_id=correlation.current().correlation_id if correlation.current() else None,
            query_id=query.source.object_id,
            company=connection.company_id.name,
            took_ms=deadline.taken_ms,
            **values,
        )

    # -- keeping -------------------------------------------------------------------------------------------------

    def _keep(self, connection, flow, kind, query, asked, answer, text, record):
        """Keep question and answer and note them in the audit trail; False when they were kept by a twin."""
        now = correlation.current()
        parent, _state = trace_columns()
        res_model, res_id = record or (None, None)
        Answer = self.env["integration.query.answer"]
        question, answered, share = Answer._sealed_content(
            connection.id, kind, json.dumps(encode(query)), text.decode()
        )
        row_id = Answer._keep(
            {
                "company_id": connection.company_id.id,
                "connection_id": connection.id,
                "flow_id": flow.id,
                "query_id": query.source.object_id,
                "answer_id": answer.source.object_id,
                "kind": kind,
                "subject": _subject(query),
                "res_model": res_model,
                "res_id": res_id,
                "outcome": answer.outcome,
                "decision": getattr(answer, "decision", None),
                "decided_by": answer.decided_by,
                "reasons": ",".join(getattr(answer, "reasons", ())) or None,
                "asked_at": fields.Datetime.now(),
                "as_of": answer.occurred_at.replace(tzinfo=None, microsecond=0),
                "took_ms": answer.took_ms,
                "time_limit_ms": query.time_limit_ms,
                "correlation_id": now and now.correlation_id,
                "trace_parent": parent,
                "question_digest": asked,
                "question": question,
                "answer_text": answered,
                "key_share": share,
            }
        )
        if not row_id:
            return False
        self.env["integration.audit.leaf"]._append(
            [
                {
                    "action": f"query.{answer.outcome}",
                    "company_id": connection.company_id.id,
                    "connection_id": connection.id,
                    "user_id": connection.service_user_id.id,
                    "res_model": "integration.query.answer",
                    "res_id": row_id,
                    "subject_digest": digest(text),
                    "detail": f"{kind} {getattr(answer, 'decision', None) or answer.outcome}",
                }
            ]
        )
        return True

    # -- signing -------------------------------------------------------------------------------------------------

    @api.model
    def _answer_secret(self, connection_id, shared):
        """Return the secret that signs answers: the one for what we send, else the asker's own shared secret.

        :param shared: the shared secret with which the question was signed; None when it was signed with a key pair.
        :raises AuthorizationError: ``secret_missing``.
        """
        connection = self.env["integration.connection"].sudo().browse(connection_id)
        credential = connection.credential_ids.filtered(
            lambda row: row.purpose == "outbound_signature" and row.is_valid
        )
        if credential:
            return credential[0]._reveal()
        if not shared:
            raise AuthorizationError("secret_missing", "no secret signs answers")
        return shared


def only_read(cr):
    """Let the new transaction of ``cr`` refuse to write; in tests everything happens in the test's transaction."""
    if isinstance(cr, Cursor):
        cr.execute("SET TRANSACTION READ ONLY")


def _question_digest(kind, query):
    told = {name: value for name, value in encode(query).items() if name not in NOT_ASKED}
    return digest(canonical_bytes({"kind": kind, "question": told}))


def _subject(query):
    for name in ("customer", "number", "invoice_id", "movement_id"):
        if value := getattr(query, name, None):
            return value
    return None
