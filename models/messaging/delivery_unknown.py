# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Sent, and no answer: the receiver is asked what it has; a person decides where it cannot be asked (E8)."""

import random
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...connectors.registry import get_connector
from ...engine.delivery import CONFIRMED, MISSING, NO_QUESTION_CODES, PERSON, REFUSED, TAKEN_OVER
from ...engine.errors import error as error_of
from ...engine.retry import RetryPolicy, next_delay_seconds
from .delivery_exchange import TOTAL_SECONDS

# A request that was begun so long ago is over, whoever made it: nobody sends it any more.
IN_FLIGHT_SECONDS = TOTAL_SECONDS + 10
# Questions cost little and a person can do nothing better meanwhile; then one is told.
QUESTIONS = RetryPolicy(max_attempts=12, base_seconds=5, factor=3, cap_seconds=3600)


class IntegrationDelivery(models.AbstractModel):
    _inherit = "integration.delivery"

    def _question(self, message):
        """Return the question whether the receiver has an event."""
        connection = message.connection_id
        return get_connector(connection.connector).status_request(
            message._told_event_id(), connection.delivery_url or ""
        )

    # -- a process that died -----------------------------------------------------------------------------------

    @api.model
    def _recover(self, connection_id):
        """Find tries that were begun and never recorded: their process died. Nobody knows whether they arrived.

        Called under the connection's lock. Should somebody still be sending who lost the lock with its database
        connection, the time limit of an exchange has passed before the receiver is asked or anything is sent again.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT a.id FROM integration_attempt a JOIN integration_message m ON m.id = a.message_id
                 WHERE a.outcome = 'sending' AND m.connection_id = %s AND m.direction = 'out'
                """,
                connection_id,
            )
        )
        for attempt in self.env["integration.attempt"].browse(row[0] for row in self.env.cr.fetchall()):
            message, error = attempt.message_id, error_of("delivery_interrupted")
            attempt.write({"outcome": "unknown", "error_code": error.code, "detail": error.sentence[:500]})
            if message.status not in ("ready", "waiting"):
                continue
            over_at = attempt.started_at + timedelta(seconds=IN_FLIGHT_SECONDS)
            status, _outcome, values = self._unknown(message, attempt, error)
            if status in ("waiting", "unknown"):
                values["due_at"] = over_at
            message._advance(message.stage, status, **values)
            self.env["integration.audit.leaf"]._record_messages(message, f"message.{error.code}")

    # -- the answer to a question ------------------------------------------------------------------------------

    def _after_question(self, message, attempt, tried):
        """Return stage, status, outcome of the try and values of a message after the receiver was asked for it."""
        if tried.state == CONFIRMED:
            return "acknowledged", "done", "done", {"finished_at": fields.Datetime.now()}
        if tried.state == TAKEN_OVER:
            return self._after_taken_over(message, attempt)
        if tried.state == MISSING:
            return self._send_again(message, attempt, "missing")
        if tried.state == REFUSED:
            values = self._error_values(tried.error) | {"exception_id": self._raise(message, tried.error).id}
            return message.stage, "parked", "parked", values
        if tried.error.code in NO_QUESTION_CODES:
            return self._cannot_be_asked(message, attempt)
        return self._ask_later(message, attempt, tried)

    def _after_taken_over(self, message, attempt):
        connection, now = message.connection_id, fields.Datetime.now()
        first = self.env["integration.attempt"].search(
            [("message_id", "=", message.id), ("outcome", "=", "accepted")], order="id", limit=1
        )
        since = first.started_at or attempt.started_at
        if now - since >= timedelta(hours=connection.confirm_within_hours):
            error = error_of("acknowledgement_missing", params={"hours": connection.confirm_within_hours})
            values = self._error_values(error) | {"exception_id": self._raise(message, error).id}
            return "posted", "parked", "parked", values
        due_at = now + timedelta(
            seconds=self._question_pause_seconds(message, attempt) or QUESTIONS.cap_seconds
        )
        return "posted", "unknown", "accepted", {"due_at": due_at}

    def _send_again(self, message, attempt, outcome):
        """The receiver does not have it, or may be sent it again: under the same id, while tries are left."""
        policy = message.flow_id._retry_policy()
        if self._spent_tries(message) < policy.max_attempts or attempt.trigger == "probe":
            return message.stage, "ready", outcome, {}
        message._advance(message.stage, "ready")
        error = error_of(message.error_code or "destination_timeout", params={"status": ""})
        values = self._error_values(error) | {"exception_id": self._raise(message, error).id}
        return message.stage, "dead", "dead", values

    def _cannot_be_asked(self, message, attempt):
        """The receiver does not know the question: what the connection says for this case happens."""
        garbage = message.error_code == "destination_garbage"
        if not garbage and message.connection_id.unknown_policy != PERSON and message.stage != "posted":
            return self._send_again(message, attempt, "retry")
        error = error_of("destination_garbage" if garbage else "delivery_unknown")
        values = self._error_values(error) | {"exception_id": self._raise(message, error).id}
        return message.stage, "parked", "parked", values

    def _ask_later(self, message, attempt, tried):
        """No answer to the question, either: nothing is known, and it is asked again after a longer pause."""
        delay = self._question_pause_seconds(message, attempt)
        values = {
            "error_code": message.error_code,
            "error_text": message.error_text,
            "error_detail": tried.error.detail,
        }
        if delay is None:
            error = error_of("delivery_unknown", tried.error.detail)
            values = self._error_values(error) | {"exception_id": self._raise(message, error).id}
            return message.stage, "parked", "parked", values
        due_at = fields.Datetime.now() + timedelta(seconds=max(delay, tried.retry_after_seconds))
        return message.stage, "unknown", "unknown", values | {"due_at": due_at}

    def _question_pause_seconds(self, message, attempt):
        asked = self.env["integration.attempt"].search_count(
            [("message_id", "=", message.id), ("trigger", "=", "ask")]
        )
        if attempt.trigger == "probe":
            asked = min(asked, QUESTIONS.max_attempts - 1)
        return next_delay_seconds(QUESTIONS, max(asked, 1), None, random.random())


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    is_unknown = fields.Boolean(
        compute="_compute_is_unknown", help="It was sent, and nobody knows whether it arrived."
    )

    @api.depends("direction", "status", "attempt_ids.outcome")
    def _compute_is_unknown(self):
        for message in self:
            sent = message.direction == "out" and message.status in ("unknown", "parked", "dead")
            message.is_unknown = sent and (
                message.status == "unknown"
                or any(attempt.outcome in ("unknown", "accepted") for attempt in message.attempt_ids)
            )

    def _undecided(self):
        self.check_access("write")
        undecided = self.sudo().filtered("is_unknown")
        if not undecided:
            raise UserError(
                self.env._("Only of an event that was sent without a clear answer this can be said.")
            )
        return undecided

    def action_has_arrived(self):
        """Button: a person knows that the receiver has these events; they are done, and say who said so."""
        undecided = self._undecided()
        undecided._write_decision("done", self.env._("%s says that it has arrived.", self.env.user.name))
        exceptions = undecided.exception_id
        for message in undecided:
            message._advance(
                "acknowledged",
                "done",
                finished_at=fields.Datetime.now(),
                due_at=False,
                exception_id=False,
                error_code=False,
                error_text=False,
            )
        self.env["integration.audit.leaf"]._record_messages(undecided, "message.arrived")
        exceptions._resolve_if_empty()
        self.env["integration.delivery"]._ring_after_commit(undecided.connection_id.ids)

    def action_send_again(self):
        """Button: a person wants these events sent again, under the same id."""
        undecided = self._undecided()
        undecided._write_decision("retry", self.env._("%s wants it sent again.", self.env.user.name))
        exceptions = undecided.exception_id
        for message in undecided:
            message._advance(message.stage, "ready", due_at=False, exception_id=False)
        self.env["integration.audit.leaf"]._record_messages(undecided, "message.send_again")
        exceptions._resolve_if_empty()
        undecided._let_destination_try()
        self.env["integration.delivery"]._ring_after_commit(undecided.connection_id.ids)

    def _write_decision(self, outcome, text):
        now = fields.Datetime.now()
        for message in self:
            message.attempt_count += 1
            self.env["integration.attempt"].create(
                {
                    "message_id": message.id,
                    "number": message.attempt_count,
                    "trigger": "person",
                    "started_at": now,
                    "outcome": outcome,
                    "stage": message.stage,
                    "detail": text,
                }
            )

    def _let_destination_try(self):
        """A person wants these sent: a destination that is left alone is tried at once."""
        for connection in self.filtered(lambda message: message.direction == "out").connection_id:
            connection._let_try("out")

    def _requeue(self, trigger):
        stopped = super()._requeue(trigger)
        if trigger == "message.retry":
            stopped._let_destination_try()
        return stopped

    @api.depends("direction", "stage", "status", "connection_id")
    def _compute_state_label(self):
        result = super()._compute_state_label()
        left_alone = {}
        for message in self.filtered(lambda row: row.direction == "out"):
            if message.status == "unknown" and message.stage == "posted":
                message.state_label = self.env._("Sent, confirmation is awaited")
            elif message.status in ("ready", "waiting"):
                connection = message.connection_id
                if connection not in left_alone:
                    left_alone[connection] = connection._why_left_alone()
                if why := left_alone[connection]:
                    message.state_label = self.env._("Not sent yet: %s", why)
        return result
