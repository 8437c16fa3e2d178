# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Delivers the outbox: one connection after the other in its own job, each event at least once with one key."""

import contextlib
import dataclasses
import logging
import time
from datetime import timezone

import psycopg2

from odoo import SUPERUSER_ID, api, models
from odoo.tools import SQL

from ...connectors.base import HttpRequest
from ...connectors.registry import get_connector
from ...engine.correlation import described
from ...engine.delivery import NO_QUESTION_CODES, PAUSING_CODES, SLOW_CODES
from ...engine.errors import AuthorizationError
from ...engine.instants import utc_now
from ...engine.signatures import get_scheme
from . import isolation
from .circuit import Claim
from .delivery_exchange import DELIVER, QUESTION, Prepared
from .lane import CHANNEL, WATCH_AFTER_SECONDS, exclusive
from .own_transaction import in_own_transaction
from .shared_clock import SharedClock
from .stage_record import REPORTS

_logger = logging.getLogger(__name__)

LOCK_OFFSET = 1_000_000_000  # keeps the lock keys of deliveries apart from those of lanes
# Whoever may well wait for a time limit takes this place first: of all jobs only one at a time does that.
SLOW_SEAT = 1_999_999_999
BATCH_SIZE = 20
BUDGET_SECONDS = 60
TIMEOUT_SECONDS = 15
# Receivers accept a signature for five minutes: one that has waited this long for its turn is made again.
FRESH_SECONDS = 30
# What is due later than this is left to the sweep, which comes every minute.
SWEEP_SECONDS = 60
SEAT_SECONDS = 5


@dataclasses.dataclass
class Batch:
    """What one job sends before it looks at the database again."""

    claim: Claim
    clock: SharedClock
    prepared: list


class IntegrationDelivery(models.AbstractModel):
    """Takes events from the outbox to their destination. HTTP happens outside any open transaction."""

    _name = "integration.delivery"
    _description = "Delivery of the outbox"

    # -- the doorbell ----------------------------------------------------------------------------------------

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
                max_retries=0,
                priority=8,
            )._deliver_outbox()
            connection._watch_outbox_later(WATCH_AFTER_SECONDS)

    @api.model
    def _cron_sweep(self):
        """Ring every connection that has something to send: the net below lost rings and killed workers."""
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT m.connection_id FROM integration_message m
                  LEFT JOIN integration_circuit k ON k.connection_id = m.connection_id AND k.direction = 'out'
                 WHERE m.direction = 'out'
                   AND (m.status = 'ready'
                        OR (m.status IN ('waiting', 'unknown') AND m.due_at <= now() AT TIME ZONE 'UTC'))
                   AND k.paused_at IS NULL
                   AND (k.pause_until IS NULL OR k.pause_until <= now() AT TIME ZONE 'UTC')
                   AND (k.state IS NULL OR k.state = 'closed' OR k.retry_at <= now() AT TIME ZONE 'UTC')
                """
            )
        )
        self._ring([row[0] for row in self.env.cr.fetchall()])

    # -- one job ---------------------------------------------------------------------------------------------

    @api.model
    def _run(self, connection_id):
        """Deliver what is due to one connection, on own cursors; returns how many requests were made.

        A job that met a time limit gives its place in the job runner back: a destination that hangs costs the others
        one limit, then its circuit opens.
        """
        registry, dbname = self.env.registry, self.env.cr.dbname
        deadline = time.monotonic() + BUDGET_SECONDS
        total = 0
        while time.monotonic() < deadline:
            with exclusive(dbname, LOCK_OFFSET + connection_id) as free:
                if not free:  # whoever has the lock looks once more after giving it back
                    return total
                count, again_in_seconds = self._send_while_due(registry, dbname, connection_id, deadline)
                total += count
            # Who rang between the last look and the unlocking found the connection locked: look once more.
            due_in_seconds = self._due_in_seconds(registry, connection_id)
            if due_in_seconds is None:
                return total
            if wait_seconds := max(due_in_seconds, again_in_seconds):
                self._come_back(registry, connection_id, wait_seconds)
                return total
        self._come_back(registry, connection_id, 0)
        return total

    def _send_while_due(self, registry, dbname, connection_id, deadline):
        """Return how many requests were made, and after how many seconds to come back (0 = at once)."""
        total = 0
        in_own_transaction(registry, lambda env: env["integration.delivery"]._recover(connection_id))
        while time.monotonic() < deadline:
            with self._seat(registry, dbname, connection_id) as seated:
                if not seated:
                    return total, SEAT_SECONDS
                batch = in_own_transaction(
                    registry, lambda env: env["integration.delivery"]._prepare_batch(connection_id)
                )
                if not batch.prepared:
                    break
                count, slow = self._send_batch(registry, connection_id, batch, deadline)
                total += count
            if slow:
                return total, SEAT_SECONDS
        return total, 0

    @contextlib.contextmanager
    def _seat(self, registry, dbname, connection_id):
        """Yield whether this job may wait for a destination that did not answer lately: one at a time does."""
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            suspicious = env["integration.circuit"]._of(connection_id, "out")._is_suspicious()
        if not suspicious:
            yield True
            return
        with exclusive(dbname, SLOW_SEAT) as free:
            yield free

    def _send_batch(self, registry, connection_id, batch, deadline):
        """Send prepared requests; returns how many, and whether a time limit was met.

        What a slow destination leaves over is prepared anew, with a fresh signature. The intention to send the next
        one is committed together with the outcome of the one before.
        """
        fresh_until = min(time.monotonic() + FRESH_SECONDS, deadline)
        claim, queue = batch.claim, list(batch.prepared)
        current, slow = queue.pop(0), False
        while current:
            self._wait_for_token(batch)
            tried = self._send(current)
            claim.spent += 1
            code = tried.error and tried.error.code
            slow = slow or code in SLOW_CODES
            following = None
            # That a receiver does not know the question says nothing about how it takes events.
            if current.act == QUESTION and code in NO_QUESTION_CODES:
                goes_on = not current.is_probe
            else:
                goes_on = claim.note(code, batch.clock.now(), tried.retry_after_seconds, current.flow_id)
            if goes_on and not slow and queue and time.monotonic() < fresh_until:
                following = queue.pop(0)
            in_own_transaction(registry, self._recording(current, tried, following))
            current = following
        in_own_transaction(
            registry, lambda env: env["integration.delivery"]._finish_batch(connection_id, batch)
        )
        return claim.spent, slow

    @api.model
    def _finish_batch(self, connection_id, batch):
        """Keep what a batch says about the destination; note which sources were told what became of their events."""
        self._settle(connection_id, batch.claim)
        if reports := [prepared.message_id for prepared in batch.prepared if prepared.reports]:
            self.env["integration.message"]._note_reports(reports)

    def _recording(self, current, tried, following):
        def record(env):
            delivery = env["integration.delivery"]
            delivery._record(current, tried)
            if following:
                delivery._intend(following)

        return record

    def _wait_for_token(self, batch):
        while wait := batch.claim.bucket.take_or_wait_nanoseconds(batch.clock.now_nanoseconds()):
            batch.clock.sleep(wait)

    def _due_in_seconds(self, registry, connection_id):
        """Return in how many seconds the next request may be made (0 = now), None = there is none that becomes due."""
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            cr.execute(
                SQL(
                    """
                    SELECT ceil(extract(epoch FROM min(CASE WHEN m.status = 'ready' THEN m.received_at
                                                            ELSE m.due_at END) - now() AT TIME ZONE 'UTC'))::int
                    %s AND m.status IN ('ready', 'waiting', 'unknown')
                    """,
                    self._sendable_part(connection_id),
                )
            )
            seconds = cr.fetchone()[0]
            if seconds is None:
                return None
            circuit = env["integration.circuit"]._of(connection_id, "out")
            free_in_seconds = (
                circuit._free_in_seconds(env["integration.delivery"]._clock().now()) if circuit else 0
            )
            return None if free_in_seconds is None else max(seconds, 0, free_in_seconds)

    def _come_back(self, registry, connection_id, seconds):
        """Ask for the next run when something is due soon; what is due later is the sweep's."""
        if seconds > SWEEP_SECONDS:
            return
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            if seconds:
                env["integration.connection"].browse(connection_id)._watch_outbox_later(seconds)
            else:
                env["integration.delivery"]._ring([connection_id])

    # -- before sending ------------------------------------------------------------------------------------

    @api.model
    def _clock(self):
        return SharedClock(self.env.cr)

    @api.model
    def _prepare_batch(self, connection_id):
        """Return what to send now, rendered and signed; the intention to send the first is written down.

        One event per object, the oldest first. While the circuit is open that is nothing; after its pause it is a
        question, which does no harm, or any one event: so one that a destination never takes does not keep the circuit
        open for all.
        """
        clock = self._clock()
        connection = self.env["integration.connection"].browse(connection_id)
        row = self.env["integration.circuit"]._row(connection_id, "out")
        rate = connection._outbound_rate_per_second()
        claim = row._claim(clock, rate, min(BATCH_SIZE, rate))
        prepared = []
        for message in self._due(connection_id, claim):
            with isolation.one_event() as errors:
                prepared.append(self._render(message, claim.is_probe))
            if errors:
                self._record_unsent(message, errors[0])
                if not claim.note(errors[0].code, clock.now(), 0, message.flow_id.id):
                    break
        if claim.notes and any(note.code in PAUSING_CODES for note in claim.notes):
            prepared = []
        if prepared:
            row._reserve(clock, claim, len(prepared))
            self._intend(prepared[0])
        elif claim.notes:
            self._settle(connection_id, claim)
        return Batch(claim, clock, prepared)

    def _due(self, connection_id, claim):
        if not claim.limit:
            return self.env["integration.message"]
        self.env.cr.execute(
            SQL(
                """
                SELECT id FROM (
                    SELECT DISTINCT ON (m.object_key) m.id, m.status
                      %s
                       AND (m.status = 'ready'
                            OR (m.status IN ('waiting', 'unknown') AND m.due_at <= now() AT TIME ZONE 'UTC'))
                     ORDER BY m.object_key, m.id) AS due
                 ORDER BY %s LIMIT %s
                """,
                self._sendable_part(connection_id),
                SQL("status <> 'unknown', random()") if claim.is_probe else SQL("id"),
                claim.limit,
            )
        )
        return self.env["integration.message"].browse(row[0] for row in self.env.cr.fetchall())

    def _sendable_part(self, connection_id):
        """Return FROM and WHERE of a connection's events that no earlier event of their object holds back.

        What a receiver took over and has not confirmed yet holds back nothing: it has it.
        """
        return SQL(
            """
            FROM integration_message m
            JOIN integration_connection c ON c.id = m.connection_id AND c.state = 'active'
            JOIN integration_flow f ON f.id = m.flow_id AND f.state = 'live'
           WHERE m.connection_id = %s AND m.direction = 'out'
             AND NOT EXISTS (SELECT FROM integration_message b
                              WHERE b.connection_id = m.connection_id AND b.object_key = m.object_key
                                AND b.direction = 'out' AND b.id < m.id
                                AND (b.status IN ('waiting', 'parked', 'dead')
                                     OR (b.status = 'unknown' AND b.stage <> 'posted')))
            """,
            connection_id,
        )

    def _render(self, message, is_probe=False):
        """Return the signed request that is next for an event: the event, or the question whether it arrived."""
        connection = message.connection_id
        secret = connection._outbound_secret()
        scheme = get_scheme(connection._outbound_scheme(secret))
        if message.status == "unknown":
            act, request = QUESTION, self._question(message)
        else:
            act, request = DELIVER, self._event_request(message)
        signature = scheme.sign(request.body, secret, utc_now(), message._told_event_id())
        headers = {**request.headers, **signature, **message._trace_headers()}
        return Prepared(
            message_id=message.id,
            act=act,
            event_id=message._told_event_id(),
            connector=connection.connector,
            flow_id=message.flow_id.id or None,
            request=dataclasses.replace(
                request, headers=headers, certificate=connection._client_certificate()
            ),
            allowed_hosts=tuple((connection.allowed_hosts or "").split()),
            expectation=connection.acknowledgement,
            proofs=tuple(connection._receipt_secrets()),
            is_probe=is_probe,
            reports=message.kind in REPORTS,
        )

    def _event_request(self, message):
        connection = message.connection_id
        documents = self.env["integration.payload"]._documents_by_message(message.ids)[message.id]
        occurred_at = message.occurred_at.replace(tzinfo=timezone.utc)
        body, headers = get_connector(connection.connector).render_event(
            message.kind, message._told_event_id(), occurred_at, documents[0]
        )
        if not connection.delivery_url:
            raise AuthorizationError("address_forbidden", params={"host": "", "reason": "there is none"})
        return HttpRequest("POST", connection.delivery_url, headers, body, TIMEOUT_SECONDS)
