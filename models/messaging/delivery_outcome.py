# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is written down of a delivery: the intention before, the outcome after, and what follows for the event."""

import json
import random
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

from odoo import api, fields, models
from odoo.tools import SQL

from ...connectors.registry import get_connector
from ...engine.delivery import ASK, CONFIRMED, PERSON, TAKEN_OVER, after_unknown
from ...engine.error_catalogue import retries_by_itself
from ...engine.errors import ContractError, IntegrationError
from ...engine.errors import error as error_of
from ...engine.json_guard import parse_json
from ...engine.redaction import redact
from ...engine.retry import UNKNOWN, next_delay_seconds
from .delivery_exchange import QUESTION, Tried

# Probes of an open circuit and questions use up nothing of what the flow allows an event.
FREE_TRIGGERS = ("probe", "ask")
KEPT_HEADERS = (
    "content-type", "date", "location", "retry-after", "webhook-id", "webhook-signature", "webhook-timestamp",
    "x-correlation-id", "x-request-id",
)  # fmt: skip
MAX_KEPT_BYTES = 4000
MAX_HEADER_CHARS = 500
FIRST_QUESTION_SECONDS = 60
SENDABLE = ("ready", "waiting", "unknown")


class IntegrationAttempt(models.Model):
    _inherit = "integration.attempt"

    trigger = fields.Selection(
        selection_add=[("probe", "Test after a pause"), ("ask", "Question to the receiver")],
        ondelete={"probe": "set null", "ask": "set null"},
    )
    outcome = fields.Selection(
        selection_add=[
            ("sending", "Being sent"),
            ("accepted", "Taken over, confirmation follows"),
            ("missing", "Not there: sent again"),
        ],
        ondelete={"sending": "cascade", "accepted": "cascade", "missing": "cascade"},
    )
    idempotency_key = fields.Char(
        string="Sent under", readonly=True, help="The id that stays the same however often the event is sent."
    )
    answer_headers = fields.Json(readonly=True)
    answer_body = fields.Text(
        string="Answer",
        compute="_compute_answer_body",
        inverse="_inverse_answer_body",
        help="The beginning of the answer; what is sensitive is left out. Kept encrypted where the event is.",
    )
    answer_signed = fields.Boolean(
        string="Signed answer", readonly=True, help="The answer carried a valid signature over its content."
    )

    _sending_idx = models.Index("(message_id) WHERE outcome = 'sending'")

    def _auto_init(self):
        result = super()._auto_init()
        # Beside the ORM like the content of the event: see engine.sealing.
        self.env.cr.execute(SQL("ALTER TABLE integration_attempt ADD COLUMN IF NOT EXISTS answer_body text"))
        return result

    def _compute_answer_body(self):
        self.env.cr.execute(
            SQL("SELECT id, answer_body FROM integration_attempt WHERE id = ANY(%s)", self.ids)
        )
        stored = dict(self.env.cr.fetchall())
        payloads = self.env["integration.payload"].sudo()
        shares = payloads._shares_by_message(self.message_id.ids)
        for attempt in self:
            try:
                attempt.answer_body = payloads._opened_answer(
                    stored.get(attempt.id), shares.get(attempt.message_id.id)
                )
            except IntegrationError as error:  # erased with the event, or its key is missing
                attempt.answer_body = error.sentence

    def _inverse_answer_body(self):
        payloads = self.env["integration.payload"].sudo()
        shares = payloads._shares_by_message(self.message_id.ids)
        for attempt in self:
            text = attempt.answer_body or None
            if text:
                text = payloads._sealed_answer(text, shares.get(attempt.message_id.id))
            self.env.cr.execute(
                SQL("UPDATE integration_attempt SET answer_body = %s WHERE id = %s", text, attempt.id)
            )
        self.invalidate_recordset(["answer_body"])


class IntegrationDelivery(models.AbstractModel):
    _inherit = "integration.delivery"

    # -- before ------------------------------------------------------------------------------------------------

    @api.model
    def _intend(self, prepared):
        """Write down that this request is about to be made; committed before its first byte leaves.

        A process that dies between sending and recording leaves this row: nobody has to guess.
        """
        message = self.env["integration.message"].browse(prepared.message_id)
        begun = message.attempt_ids.filtered(lambda row: row.outcome == "sending")
        if begun:  # this very step was committed before, and its connection was lost with the answer
            prepared.attempt_id = begun[-1].id
            return
        number = message.attempt_count + 1
        message.write({"attempt_count": number})
        attempt = self.env["integration.attempt"].create(
            {
                "message_id": message.id,
                "number": number,
                **self._trigger(prepared, message),
                "started_at": fields.Datetime.now(),
                "outcome": "sending",
                "stage": message.stage,
                "idempotency_key": prepared.event_id,
            }
        )
        prepared.attempt_id = attempt.id

    def _trigger(self, prepared, message):
        """Return why this request is made: trigger and, where there is one, the person."""
        if prepared.is_probe:
            return {"trigger": "probe"}
        return {"trigger": "ask"} if prepared.act == QUESTION else message._take_trigger()

    # -- after -------------------------------------------------------------------------------------------------

    @api.model
    def _record(self, prepared, tried):
        """Write down what became of one request."""
        message = self.env["integration.message"].browse(prepared.message_id)
        attempt = self.env["integration.attempt"].browse(prepared.attempt_id)
        asked = prepared.act == QUESTION
        if attempt.outcome != "sending":  # recorded before, as above
            return
        if message.status not in SENDABLE or (asked and message.status != "unknown"):
            # A person decided in the meantime. What came of the request is kept, the decision stands.
            self._close_attempt(attempt, message.stage, "unknown" if tried.error else "done", tried)
            return
        became = self._after_question if asked else self._after_delivery
        stage, status, outcome, values = became(message, attempt, tried)
        before = message.exception_id
        error = tried.error
        defaults = {"error_code": False, "error_text": False, "error_detail": False, "due_at": False}
        if status in ("done", "ready", "waiting", "unknown"):
            defaults["exception_id"] = False
        message._advance(stage, status, **{**defaults, **values})
        before._resolve_if_empty()
        self._close_attempt(attempt, stage, outcome, tried)
        if outcome in ("done", "accepted", "unknown"):
            self._keep_sent(message, prepared)
        if not asked or status != "unknown":
            action = "message.delivered" if status == "done" else f"message.{error.code}" if error else None
            self.env["integration.audit.leaf"]._record_messages(message, action or f"message.{outcome}")

    @api.model
    def _record_unsent(self, message, error):
        """Write down that a request could not even be made."""
        number = message.attempt_count + 1
        message.write({"attempt_count": number})
        attempt = self.env["integration.attempt"].create(
            {
                "message_id": message.id,
                "number": number,
                **message._take_trigger(),
                "started_at": fields.Datetime.now(),
                "outcome": "sending",
                "error_code": error.code,
            }
        )
        tried = Tried("failed", "not_done", error=error)
        status, outcome, values = self._failure(message, attempt, error)
        message._advance(message.stage, status, **{**values, "attempt_count": number})
        self._close_attempt(attempt, message.stage, outcome, tried)
        self.env["integration.audit.leaf"]._record_messages(message, f"message.{error.code}")

    def _close_attempt(self, attempt, stage, outcome, tried):
        answer, error = tried.answer, tried.error
        values = {
            "outcome": outcome,
            "stage": stage,
            "duration_ms": tried.duration_ms,
            "error_code": error.code if error else False,
            "detail": error.sentence[:500] if error else False,
        }
        if answer:
            keys = get_connector(attempt.message_id.connection_id.connector).spec.sensitive_keys
            if not error:
                values["detail"] = f"HTTP {answer.status}"
            values |= {
                "http_status": answer.status,
                "answer_headers": _kept_headers(answer),
                "answer_body": _kept_body(answer, keys) or False,
                "answer_signed": tried.signed,
            }
        attempt.write(values)

    def _after_delivery(self, message, attempt, tried):
        """Return stage, status, outcome of the try and values of a message whose event was sent."""
        if tried.state == CONFIRMED:
            return "acknowledged", "done", "done", {"finished_at": fields.Datetime.now()}
        if tried.state == TAKEN_OVER:
            if not message.connection_id._can_ask():  # it says it later, and there is no way to hear it
                return "posted", "done", "accepted", {"finished_at": fields.Datetime.now()}
            due_at = fields.Datetime.now() + timedelta(seconds=FIRST_QUESTION_SECONDS)
            return "posted", "unknown", "accepted", {"due_at": due_at}
        if tried.effect == UNKNOWN:
            status, outcome, values = self._unknown(message, attempt, tried.error)
        else:
            status, outcome, values = self._failure(message, attempt, tried.error)
        return message.stage, status, outcome, values

    def _spent_tries(self, message):
        """Return how many tries count against what the flow allows; a person who wants it tried begins anew."""
        return self.env["integration.attempt"].search_count(
            [
                ("message_id", "=", message.id),
                ("number", ">", message.tries_before),
                ("trigger", "not in", FREE_TRIGGERS),
                # A decision of a person is written down among the tries and is none.
                "|",
                ("idempotency_key", "!=", False),
                ("error_code", "!=", False),
            ]
        )

    def _error_values(self, error):
        return {
            "error_code": error.code,
            "error_text": error.sentence[:500],
            "error_detail": error.detail,
        }

    def _delay_seconds(self, message, attempt, error):
        """Return the pause before the next try, None = all tries are spent. A probe uses up nothing."""
        policy = message.flow_id._retry_policy_for(error.code)
        spent = self._spent_tries(message)
        if attempt.trigger in FREE_TRIGGERS:
            policy = replace(policy, max_attempts=max(policy.max_attempts, spent + 2))
        return next_delay_seconds(policy, max(spent, 1), error.retry_after_seconds, random.random())

    def _failure(self, message, attempt, error):
        """Return status, outcome and values after a try that certainly had no effect: again later, or with a person.

        The key stays the same on every try, so a receiver that took it and did not answer sees a duplicate.
        """
        values = self._error_values(error)
        passing = retries_by_itself(error.code)
        delay = self._delay_seconds(message, attempt, error) if passing else None
        if delay is not None:
            return "waiting", "retry", values | {"due_at": fields.Datetime.now() + timedelta(seconds=delay)}
        status = "dead" if passing else "parked"
        return status, status, values | {"exception_id": self._raise(message, error).id}

    def _unknown(self, message, attempt, error):
        """Return status, outcome and values after a try of which nobody knows whether it arrived."""
        connection = message.connection_id
        what = after_unknown(can_ask=connection._can_ask(), policy=connection.unknown_policy)
        if what == PERSON:
            error = error_of("delivery_unknown", error.detail)
            values = self._error_values(error) | {"exception_id": self._raise(message, error).id}
            return "parked", "unknown", values
        if what == ASK:
            delay = self._delay_seconds(message, attempt, error) or FIRST_QUESTION_SECONDS
            due_at = fields.Datetime.now() + timedelta(seconds=delay)
            return "unknown", "unknown", self._error_values(error) | {"due_at": due_at}
        return self._failure(message, attempt, error)

    def _raise(self, message, error):
        return self.env["integration.exception"]._raise_cause(
            message.connection_id,
            error.code,
            error.params,
            f"delivery to {message.connection_id.id}",
            message.flow_id,
        )

    def _keep_sent(self, message, prepared):
        """Keep the bytes that were sent with their signature: with the answer at its try, the proof of delivery."""
        if prepared.act == QUESTION:
            return
        headers = {
            name: value
            for name, value in prepared.request.headers.items()
            if name.lower().startswith("webhook-")
        }
        self.env.cr.execute(
            SQL(
                "UPDATE integration_payload SET raw = %s, headers = %s WHERE message_id = %s",
                self._sealed_body(message, prepared.request.body),
                json.dumps(headers),
                message.id,
            )
        )

    def _sealed_body(self, message, body):
        """Return the bytes that were sent as they are stored."""
        payload = self.env["integration.payload"]
        known = self.env["integration.connection"]._sealing_of(message.connection_id.id)
        # An event of a connection that encrypts nothing has no share unless it is older than that choice.
        share = payload._shares_by_message(message.ids).get(message.id) if known else None
        return payload._sealed_like(share, body)

    # -- what a batch says about the destination ---------------------------------------------------------------

    @api.model
    def _settle(self, connection_id, claim):
        """Keep what the tries of a batch say about the destination; tell a person when the hub stops by itself."""
        row = self.env["integration.circuit"]._row(connection_id, "out")
        was_paused = bool(row.paused_at) or row.state != "closed"
        alarm = row._settle(claim)
        connection = row.connection_id
        if alarm:
            connection._tell_of_pause(row, self.env["integration.flow"].browse(alarm.flow_id or []))
        elif was_paused and row.state == "closed" and not row.paused_at:
            connection._tell_of_recovery(row)


def _kept_headers(answer):
    kept = {name: answer.headers[name][:MAX_HEADER_CHARS] for name in KEPT_HEADERS if name in answer.headers}
    if "location" in kept:  # what stands behind the address may be a secret
        parts = urlsplit(kept["location"])
        kept["location"] = urlunsplit((parts.scheme, parts.hostname or "", parts.path, "", ""))
    return {name: value.replace("\x00", "\ufffd") for name, value in kept.items()}


def _kept_body(answer, sensitive_keys):
    """Return the beginning of an answer as text; of readable JSON what is sensitive is left out."""
    try:
        text = json.dumps(redact(parse_json(answer.body), sensitive_keys), ensure_ascii=False, default=str)
    except ContractError:
        text = answer.body[:MAX_KEPT_BYTES].decode("utf-8", "replace")
    text = text.replace("\x00", "\ufffd")[:MAX_KEPT_BYTES]
    return f"{text}\n…" if answer.cut_off or len(text) == MAX_KEPT_BYTES else text
