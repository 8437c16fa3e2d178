# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Works off what is ready in a lane: in batches, in order per outside object, each batch one transaction."""

import json
import logging
import time
from datetime import timezone

from odoo import SUPERUSER_ID, api, models
from odoo.tools import SQL

from ...connectors.base import Envelope, InboundEvent
from ...connectors.registry import get_connector
from ...engine.canonical import kind_of
from ...engine.canonical.rules import check
from ...engine.errors import ContractError, MissingReferenceError
from ...engine.flow_life import WORKING_STATES
from ...engine.instants import format_instant, utc_now
from ...engine.json_guard import parse_json
from ...engine.ordering import waves
from ..posting.work import Work
from . import isolation
from .hold import ANSWERED_BY_SUCCESSORS
from .lane import exclusive
from .own_transaction import in_own_transaction

_logger = logging.getLogger(__name__)

BATCH_SIZE = 100
# Of events that book nothing a batch takes so many times more.
LIGHT_TIMES = 4
BUDGET_SECONDS = 25
# Longer than RING_EVERY_SECONDS of the doorbell: what arrives while rings are held back is still seen.
LINGER_SECONDS = 1.5
POLL_SECONDS = 0.15
KNOWN_IN_BATCH = "integration.drain"


class IntegrationDrain(models.AbstractModel):
    """Turns received events into records, in bulk where it can and one by one where it must."""

    _name = "integration.drain"
    _description = "Drain of the inbox"

    # -- the loop ------------------------------------------------------------------------------------------

    @api.model
    def _run(self, lane_id, budget_seconds=BUDGET_SECONDS, linger_seconds=LINGER_SECONDS):
        """Work off the lane on own cursors; returns how many events were looked at.

        Does nothing when somebody else is at it. Stops after the budget and rings again when more is left:
        the transaction of the calling job holds a snapshot all the while.
        """
        registry, dbname = self.env.registry, self.env.cr.dbname
        deadline = time.monotonic() + budget_seconds
        total, free = 0, True
        while free and time.monotonic() < deadline:
            with exclusive(dbname, lane_id) as free:
                if free:
                    total += self._work_while_busy(registry, lane_id, deadline, linger_seconds)
            # Who rang between the last look and the unlocking found the lane locked and left: look once more.
            if not self._is_work_left(registry, lane_id):
                return total
        if free:
            with registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})["integration.lane"].browse(lane_id)._ring()
        return total

    def _work_while_busy(self, registry, lane_id, deadline, linger_seconds):
        """Work off batch after batch until the lane has been empty for a while; returns how many events were seen."""
        total = 0
        idle_until = time.monotonic() + linger_seconds
        while time.monotonic() < deadline:
            count = self._one_batch(registry, lane_id)
            total += count
            if count:
                idle_until = time.monotonic() + linger_seconds
            elif time.monotonic() >= idle_until:
                break
            else:
                time.sleep(POLL_SECONDS)
        return total

    @api.model
    def _is_work_left(self, registry, lane_id):
        """Whether a fresh look finds something to be worked off in the lane."""
        with registry.cursor() as cr:
            cr.execute(SQL("SELECT EXISTS (SELECT %s)", self._ready_part(lane_id)))
            return cr.fetchone()[0]

    def _one_batch(self, registry, lane_id):
        """Work off one batch, then look again at what it left open; returns how many events were looked at."""
        left = {}
        count = 0
        with isolation.one_batch() as errors:
            count = self._in_own_transaction(
                registry, lambda env: env["integration.drain"]._work_off(lane_id, left=left)
            )
        if errors:
            return self._one_by_one(registry, lane_id, errors[0])
        if any(left.values()):
            # A payment and its invoice that are booked side by side do not see each other. Whoever commits
            # last sees both.
            self._in_own_transaction(registry, lambda env: env["integration.waiting"]._look_again(**left))
        return count

    @api.model
    def _in_own_transaction(self, registry, step):
        """Run ``step(env)`` as a transaction of its own; see ``in_own_transaction``."""
        return in_own_transaction(registry, step, self._carried_context())

    # -- one batch -----------------------------------------------------------------------------------------

    @api.model
    def _work_off(self, lane_id, limit=BATCH_SIZE, left=None):
        """Work off up to ``limit`` events of the lane in the current transaction; returns how many were looked at.

        :param left: dict that takes the ids of what a second look should see once this is committed.
        """
        self.env.cr.cache.pop(KNOWN_IN_BATCH, None)
        rows, held = self._next_rows(lane_id, limit, light_limit=limit * LIGHT_TIMES)
        count = len(rows) + len(held)
        if not count:
            return 0
        started = time.monotonic()
        works, held = self._sort_out([self._open_work(row) for row in rows], held)
        held += self._perform(works)
        self._record(works, held, started)
        if left is not None:
            left.clear()
            left.update(self._left_open(works))
        return count

    def _perform(self, works):
        """Understand and apply; takes out of ``works`` what must wait behind a stopped event, and returns its rows."""
        held = []
        for work in works:
            self._understand(work)
        stopped = {}
        for wave in waves(works, lambda work: (work.connection.id, work.envelope.object_key)):
            ready = []
            for work in wave:
                earlier = stopped.setdefault((work.connection.id, work.envelope.object_key), [])
                if self._is_held_back(work, earlier):
                    held.append(work.row)
                    earlier.append((work.row, False))
                elif work.error:
                    earlier.append((work.row, True))
                elif work.open:
                    ready.append(work)
            self._apply_wave(ready)
            for work in ready:
                if work.error and work.error.code not in ANSWERED_BY_SUCCESSORS:
                    stopped[work.connection.id, work.envelope.object_key].append((work.row, True))
        left_out = {row["id"] for row in held}
        works[:] = [work for work in works if work.message_id not in left_out]
        return held

    def _sort_out(self, works, held):
        """Return both lists anew when something else than an earlier event holds events back."""
        return works, held

    def _ready_rows(self, lane_id, limit, after_id=0, behind=None):
        """Return up to ``limit`` events of the lane, oldest first; ``blocked`` where ``behind`` holds of them."""
        self.env.cr.execute(
            SQL(
                "%s %s AND m.id > %s ORDER BY m.id LIMIT %s",
                self._row_columns(behind),
                self._ready_part(lane_id),
                after_id,
                limit,
            )
        )
        return self.env.cr.dictfetchall()

    def _row_columns(self, behind=None):
        """Return SELECT of what a message brings along, from integration_message m and integration_payload p."""
        return SQL(
            """
            SELECT m.id, m.connection_id, m.company_id, m.flow_id, m.event_id, m.event_type, m.object_key,
                   m.version, m.occurred_at, m.stage, m.status, m.attempt_count, m.body_digest,
                   m.correlation_id, m.exception_id, COALESCE(m.replayed_origin, m.origin) AS origin,
                   m.next_trigger, m.trigger_user_id, m.tries_before, m.replay_of_id, p.raw, m.key_share, p.headers,
                   m.kind,
                   m.waits_kind, m.waits_for, m.waits_until, m.series_id, m.sequence, m.number_state,
                   %s AS blocked
            """,
            behind or self.env["integration.message"]._behind_part(None),
        )

    def _ready_part(self, lane_id):
        """Return FROM and WHERE of what can be worked off in a lane now."""
        return SQL(
            """
            FROM integration_message m
            JOIN integration_payload p ON p.message_id = m.id
            JOIN integration_connection c ON c.id = m.connection_id AND c.state = 'active'
            LEFT JOIN integration_flow f ON f.id = m.flow_id
           WHERE m.lane_id = %s AND m.direction = 'in' AND COALESCE(f.state, 'live') = ANY(%s)
             AND (m.status = 'ready' OR (m.status = 'waiting' AND m.due_at <= now() AT TIME ZONE 'UTC'))
             %s
            """,
            lane_id,
            list(WORKING_STATES),
            self._resting_part(),
        )

    def _resting_part(self):
        """Return further conditions on messages m: what rests at this moment is left out."""
        return SQL("")

    def _open_work(self, row):
        connection = self.env["integration.connection"].browse(row["connection_id"])
        occurred_at = row["occurred_at"] and row["occurred_at"].replace(tzinfo=timezone.utc)
        envelope = Envelope(
            event_id=row["event_id"],
            event_type=row["event_type"],
            object_key=row["object_key"],
            version=row["version"],
            occurred_at=occurred_at,
        )
        return Work(
            row=row, connection=self._once("service", connection, connection._as_service), envelope=envelope
        )

    def _once(self, name, connection, compute):
        """Return what ``compute`` says of a connection, asked once per batch and not once per event."""
        known = self.env.cr.cache.setdefault(KNOWN_IN_BATCH, {})
        key = (name, connection.id)
        if key not in known:
            known[key] = compute()
        return known[key]

    # -- understanding -------------------------------------------------------------------------------------

    def _understand(self, work):
        """Parse, check and translate one event; pure, so an error here is exact and concerns this event alone."""
        with isolation.one_event() as errors:
            self._translate(work)
        work.error = errors[0] if errors else None

    def _translate(self, work):
        self._reach(work, "received")
        work.body = self._body_of(work)
        self._check_addressee(work)
        self._reach(work, "validated")
        connector = get_connector(work.connection.connector)
        rule = connector.spec.events.get(work.envelope.event_type)
        if rule is None:
            event_type = work.envelope.event_type
            raise ContractError("unknown_event_type", event_type, params={"event_type": event_type})
        settings = self._once("settings", work.connection, work.connection._settings)
        if rule.kind:
            event = InboundEvent(work.envelope, self._in_our_words(work), settings)
            told = self._documents_of(work, connector, event)
            work.documents = [self._with_our_codes(work, document) for document in told]
        else:
            work.documents = []
        self._route(work)
        for document in work.documents:
            check(document, provider=connector.spec.code)
        self._reach(work, "transformed")
        if work.documents:
            work.kind = kind_of(work.documents[0])[0]
        else:
            work.outcome, work.note = "nothing", work.note or rule.reason

    def _body_of(self, work):
        """Return what an event says, parsed."""
        return parse_json(self.env["integration.payload"]._opened(work.row["raw"], work.row["key_share"]))

    def _documents_of(self, work, connector, event):
        """Return the canonical documents that an event says."""
        return connector.transform(event)

    def _in_our_words(self, work):
        """Return the body of an event with the source's own words replaced by ours."""
        return work.body

    def _with_our_codes(self, work, document):
        """Return a document with the source's own codes replaced by ours, before it is checked."""
        return document

    def _route(self, work):
        """Hand an event over whose documents belong to another company; then nothing is left of it to book here."""

    def _reach(self, work, stage):
        work.stage = stage
        work.stages.append({"stage": stage, "at": format_instant(utc_now())})

    def _check_addressee(self, work):
        """Refuse events of another account or environment: they must never become money here (policy F1)."""
        if work.row["origin"] in (
            "pull",
            "file",
            "handed",
        ):  # with the connection's own key, or checked before it was handed over
            return
        connection = work.connection
        told = get_connector(connection.connector).read_envelope(work.body, work.row["headers"] or {})
        expected = connection.outside_account
        if told.account and expected and told.account != expected:
            raise ContractError(
                "wrong_account", told.account, params={"account": told.account, "expected": expected}
            )
        if told.live is not None and told.live != (connection.environment == "production"):
            raise ContractError(
                "wrong_environment",
                params={"stated": "production" if told.live else "test", "expected": connection.environment},
            )

    # -- applying ------------------------------------------------------------------------------------------

    def _apply_wave(self, works):
        """Apply independent events: by rank of what they say, each group in bulk."""
        groups = {}
        for work in works:
            rule = get_connector(work.connection.connector).spec.events[work.envelope.event_type]
            groups.setdefault((rule.rank, work.kind, work.connection.id), []).append(work)
        for _rank, kind, _connection in sorted(groups):
            self._apply_group(groups[_rank, kind, _connection])

    def _apply_group(self, works):
        poster = works[0].connection.env[f"integration.posting.{works[0].kind}"]
        if not works[0].connection.service_user_id:
            for work in works:
                work.error = MissingReferenceError("service_user_missing")
            return
        self._prepare_works(poster, works)
        self._apply_bisecting(poster, [work for work in works if work.open])

    def _prepare_works(self, poster, works):
        """Look up and decide; when one event spoils the common look-up, event by event."""
        with isolation.one_event() as errors, self.env.cr.savepoint():
            poster._prepare(works)
        if not errors:
            return
        for work in works:
            work.plan, work.error, work.outcome = None, None, "done"
            work.reset()
            with isolation.one_event() as single, self.env.cr.savepoint():
                poster._prepare([work])
            work.error = work.error or (single[0] if single else None)

    def _apply_bisecting(self, poster, works):
        """Apply in bulk; when Odoo refuses, halve until the event that it refuses stands alone.

        The result equals applying one by one. A database error is never bisected: the whole batch repeats.
        """
        if not works:
            return
        with isolation.one_event() as errors, self.env.cr.savepoint():
            poster._apply(works)
            self._write_effects(works)
            poster.env.flush_all()
        if not errors:
            for work in works:
                self._reach(work, "posted")
        elif len(works) == 1:
            works[0].reset()
            works[0].error = errors[0]
        else:
            middle = len(works) // 2
            for half in (works[:middle], works[middle:]):
                self._prepare_again(poster, half)
                self._apply_bisecting(poster, [work for work in half if work.open])

    def _prepare_again(self, poster, works):
        """Decide anew: what was rolled back may have been part of what the plans rest on."""
        for work in works:
            work.plan, work.error, work.outcome = None, None, "done"
            work.reset()
        self._prepare_works(poster, works)

    def _write_effects(self, works):
        rows = [
            (
                work.message_id,
                work.connection.id,
                effect.key[:255],
                effect.model,
                effect.record_id,
                json.dumps(sorted(work.mapped)) if work.mapped else None,
            )
            for work in works
            for effect in work.effects
        ]
        if rows:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO integration_effect (message_id, connection_id, key, res_model, res_id, mapped_by)"
                    " VALUES %s",
                    SQL(", ").join(SQL("(%s, %s, %s, %s, %s, %s::jsonb)", *row) for row in rows),
                )
            )
