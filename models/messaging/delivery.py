# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Delivers the outbox: one connection after the other in its own job, each event at least once with one key."""

import json
import logging
import random
import time
from contextlib import closing
from datetime import timedelta, timezone

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ...connectors.base import HttpRequest
from ...connectors.registry import get_connector
from ...engine.correlation import described
from ...engine.error_catalogue import retries_by_itself
from ...engine.errors import IntegrationError
from ...engine.errors import error as error_of
from ...engine.instants import utc_now
from ...engine.retry import DONE, classify_status, next_delay_seconds, parse_retry_after
from ...engine.signatures import get_scheme
from . import http_client, isolation
from .lane import CHANNEL, WATCH_AFTER_SECONDS, exclusive

_logger = logging.getLogger(__name__)

LOCK_OFFSET = 1_000_000_000  # keeps the lock keys of deliveries apart from those of lanes
BATCH_SIZE = 20
BUDGET_SECONDS = 60
TIMEOUT_SECONDS = 15
# Receivers accept a signature for five minutes: one that has waited this long for its turn is made again.
FRESH_SECONDS = 30
# What is due later than this is left to the sweep, which comes every minute.
SWEEP_SECONDS = 60
MAX_ACKNOWLEDGEMENT_BYTES = 65_536


class IntegrationDelivery(models.AbstractModel):
    """Takes events from the outbox to their destination. HTTP happens outside any open transaction."""

    _name = "integration.delivery"
    _description = "Delivery of the outbox"

    @api.model
    def _ring_after_commit(self, connection_ids):
        registry, connection_ids = self.env.registry, tuple(connection_ids)
        waiting = self.env.cr.postcommit.data.setdefault("integration.delivery", set())
        if not waiting and connection_ids:

            @self.env.cr.postcommit.add
            def ring():
                ids = self.env.cr.postcommit.data.pop("integration.delivery", set(connection_ids))
                try:
                    with registry.cursor() as cr:
                        api.Environment(cr, SUPERUSER_ID, {})["integration.delivery"]._ring(ids)
                except psycopg2.Error as error:  # what is rung for is committed: the sweep makes up for it
                    _logger.warning("connections %s could not be rung: %s", ids, type(error).__name__)

        waiting.update(connection_ids)

    @api.model
    def _ring(self, connection_ids):
        for connection in self.env["integration.connection"].browse(connection_ids).exists():
            connection.with_delay(
                channel=CHANNEL,
                identity_key=f"finance_integration.deliver.{connection.id}",
                description=described(self.env._("Deliver to %s", connection.name)),
                max_retries=1,
                priority=8,
            )._deliver_outbox()
            connection._watch_outbox_later(WATCH_AFTER_SECONDS)

    @api.model
    def _cron_sweep(self):
        """Ring every connection that has something to send: the net below lost rings and killed workers."""
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT connection_id FROM integration_message
                 WHERE direction = 'out'
                   AND (status = 'ready' OR (status = 'waiting' AND due_at <= now() AT TIME ZONE 'UTC'))
                """
            )
        )
        self._ring([row[0] for row in self.env.cr.fetchall()])

    @api.model
    def _run(self, connection_id):
        """Deliver what is due to one connection, on own cursors; returns how many events were tried."""
        registry, dbname = self.env.registry, self.env.cr.dbname
        deadline = time.monotonic() + BUDGET_SECONDS
        total, free = 0, True
        while free and time.monotonic() < deadline:
            with exclusive(dbname, LOCK_OFFSET + connection_id) as free:
                if free:
                    total += self._send_while_due(registry, connection_id, deadline)
            # Who rang between the last look and the unlocking found the connection locked: look once more.
            due_in_seconds = self._due_in_seconds(registry, connection_id)
            if due_in_seconds is None or due_in_seconds > 0:
                self._come_back(registry, connection_id, due_in_seconds)
                return total
        if free:
            self._come_back(registry, connection_id, 0)
        return total

    def _send_while_due(self, registry, connection_id, deadline):
        total = 0
        while time.monotonic() < deadline:
            with closing(registry.cursor()) as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                batch = env["integration.delivery"]._prepare_batch(connection_id)
                env.flush_all()
                cr.commit()  # pylint: disable=invalid-commit
            if not batch:
                break
            total += self._send_batch(registry, batch, deadline)
        return total

    def _send_batch(self, registry, batch, deadline):
        """Send prepared requests; what a slow destination leaves over is prepared anew, with a fresh signature."""
        fresh_until = min(time.monotonic() + FRESH_SECONDS, deadline)
        count = 0
        for prepared in batch:
            if count and time.monotonic() >= fresh_until:
                break
            result = self._send(prepared)
            with closing(registry.cursor()) as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env["integration.delivery"]._record(prepared["id"], result)
                env.flush_all()
                cr.commit()  # pylint: disable=invalid-commit
            count += 1
        return count

    def _due_in_seconds(self, registry, connection_id):
        """Return in how many seconds the next event is due (0 = now), None = there is none that becomes due."""
        with registry.cursor() as cr:
            cr.execute(
                SQL(
                    """
                    SELECT ceil(extract(epoch FROM min(CASE WHEN m.status = 'waiting' THEN m.due_at
                                                            ELSE m.received_at END) - now() AT TIME ZONE 'UTC'))::int
                    %s AND m.status IN ('ready', 'waiting')
                    """,
                    self._sendable_part(connection_id),
                )
            )
            seconds = cr.fetchone()[0]
            return seconds if seconds is None else max(seconds, 0)

    def _come_back(self, registry, connection_id, seconds):
        """Ask for the next run when something is due soon; what is due later is the sweep's."""
        if seconds is None or seconds > SWEEP_SECONDS:
            return
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            if seconds:
                env["integration.connection"].browse(connection_id)._watch_outbox_later(seconds)
            else:
                env["integration.delivery"]._ring([connection_id])

    # -- before sending ------------------------------------------------------------------------------------

    @api.model
    def _prepare_batch(self, connection_id):
        """Return what to send now: rendered and signed requests. One event per object, the oldest first."""
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT ON (m.object_key) m.id
                  %s
                   AND (m.status = 'ready' OR (m.status = 'waiting' AND m.due_at <= now() AT TIME ZONE 'UTC'))
                 ORDER BY m.object_key, m.id
                 LIMIT %s
                """,
                self._sendable_part(connection_id),
                BATCH_SIZE,
            )
        )
        messages = self.env["integration.message"].browse(sorted(row[0] for row in self.env.cr.fetchall()))
        prepared = []
        for message in messages:
            with isolation.one_event() as errors:
                prepared.append(self._render(message))
            if errors:
                self._record(message.id, {"error": errors[0]})
        return prepared

    def _sendable_part(self, connection_id):
        """Return FROM and WHERE of a connection's events that no earlier event of their object holds back."""
        return SQL(
            """
            FROM integration_message m
            JOIN integration_connection c ON c.id = m.connection_id AND c.state = 'active'
            JOIN integration_flow f ON f.id = m.flow_id AND f.state = 'live'
           WHERE m.connection_id = %s AND m.direction = 'out'
             AND NOT EXISTS (SELECT FROM integration_message b
                              WHERE b.connection_id = m.connection_id AND b.object_key = m.object_key
                                AND b.direction = 'out' AND b.id < m.id
                                AND b.status IN ('waiting', 'parked', 'dead', 'unknown'))
            """,
            connection_id,
        )

    def _render(self, message):
        connection = message.connection_id
        payload = self.env["integration.payload"].search([("message_id", "=", message.id)], limit=1)
        occurred_at = message.occurred_at.replace(tzinfo=timezone.utc)
        body, headers = get_connector(connection.connector).render_event(
            message.kind, message._told_event_id(), occurred_at, payload.documents[0]
        )
        credential = connection.credential_ids.filtered(
            lambda row: row.purpose == "outbound_signature" and row.is_valid
        )
        if not credential:
            raise error_of("secret_missing")
        secret = credential[0]._reveal()
        scheme = get_scheme(connection._outbound_scheme(secret))
        signature = scheme.sign(body, secret, utc_now(), message._told_event_id())
        extra = message._trace_headers()
        return {
            "id": message.id,
            "request": HttpRequest(
                "POST", connection.delivery_url, {**headers, **signature, **extra}, body, TIMEOUT_SECONDS
            ),
            "allowed_hosts": (connection.allowed_hosts or "").split(),
        }

    # -- sending -------------------------------------------------------------------------------------------

    def _send(self, prepared):
        """Send one prepared request; no transaction is open here."""
        try:
            answer = http_client.send(
                prepared["request"], prepared["allowed_hosts"], MAX_ACKNOWLEDGEMENT_BYTES
            )
        except IntegrationError as error:
            return {"error": error}
        outcome = classify_status(answer.status)
        if outcome.effect == DONE:
            return {"answer": answer, "body": prepared["request"].body}
        retry_after = parse_retry_after(answer.headers.get("retry-after"), utc_now())
        error = error_of(
            outcome.code,
            f"HTTP {answer.status}",
            params={"status": answer.status},
            retry_after_seconds=retry_after,
        )
        return {"answer": answer, "error": error}

    # -- after sending -------------------------------------------------------------------------------------

    @api.model
    def _record(self, message_id, result):
        """Write down what became of one try."""
        message = self.env["integration.message"].browse(message_id)
        error, answer = result.get("error"), result.get("answer")
        attempts = message.attempt_count + 1
        values = {"attempt_count": attempts, "error_code": False, "error_text": False, "due_at": False}
        stage, status, outcome = "acknowledged", "done", "done"
        if error:
            stage = message.stage
            status, values = self._failure(message, error, attempts)
            outcome = "retry" if status == "waiting" else status
        else:
            values["finished_at"] = fields.Datetime.now()
            self._keep_sent(message, result)
        before = message.exception_id
        message._advance(stage, status, **values)
        if not error:
            before._resolve_if_empty()
        self.env["integration.attempt"].create(
            {
                "message_id": message.id,
                "number": attempts,
                **message._take_trigger(),
                "started_at": fields.Datetime.now(),
                "outcome": outcome,
                "stage": stage,
                "error_code": error.code if error else False,
                "detail": (error.sentence if error else _acknowledgement(answer))[:500],
                "http_status": answer.status if answer else 0,
            }
        )
        self.env["integration.audit.leaf"]._record_messages(
            message, f"message.{error.code}" if error else "message.delivered"
        )

    def _failure(self, message, error, attempts):
        """Return the status and values of a failed try: again later, or with a person.

        The key stays the same on every try, so a receiver that took it and did not answer sees a duplicate.
        """
        policy = message.flow_id._retry_policy_for(error.code)
        values = {
            "attempt_count": attempts,
            "error_code": error.code,
            "error_text": error.sentence[:500],
            "error_detail": error.detail,
        }
        passing = retries_by_itself(error.code)
        delay = (
            next_delay_seconds(
                policy, attempts - message.tries_before, error.retry_after_seconds, random.random()
            )
            if passing
            else None
        )
        if delay is not None:
            return "waiting", values | {"due_at": fields.Datetime.now() + timedelta(seconds=delay)}
        exception = self.env["integration.exception"]._raise_cause(
            message.connection_id,
            error.code,
            error.params,
            f"delivery to {message.connection_id.id}",
            message.flow_id,
        )
        return ("dead" if passing else "parked"), values | {"exception_id": exception.id, "due_at": False}

    def _keep_sent(self, message, result):
        """Keep the bytes that were sent and what the receiver said: the proof of delivery."""
        self.env.cr.execute(
            SQL(
                "UPDATE integration_payload SET raw = %s, headers = %s WHERE message_id = %s",
                result["body"],
                json.dumps({"acknowledgement": _acknowledgement(result["answer"])}),
                message.id,
            )
        )


def _acknowledgement(answer):
    return f"HTTP {answer.status} {answer.body[:300].decode('utf-8', 'replace')}"
