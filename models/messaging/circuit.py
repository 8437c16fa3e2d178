# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What all processes know together about a destination: circuit, pace, pauses. One narrow row per direction.

It is read at the beginning of a batch and written at its beginning and end, never per event, and always under its row
lock in a short transaction of its own (``in_own_transaction``): no event is held up by it, and no update is lost.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import circuit_breaker
from ...engine.circuit_breaker import Circuit
from ...engine.delivery import PAUSING_CODES, is_failing
from ...engine.rate_limit import Level, TokenBucket
from .big_integer import BigInteger
from .shared_clock import NANOSECONDS, as_stored, as_utc

DIRECTIONS = [("out", "Sending"), ("pull", "Fetching")]
STATES = [("closed", "Answering"), ("open", "Not answering"), ("half_open", "Being tried again")]
# A destination whose probes fail for so long is paused, and a person is told; a connection may say otherwise.
SILENT_HOURS = 24


@dataclass
class Note:
    """What one try said about the destination: ``code`` of its failure, ``pause_seconds`` that it asks for."""

    code: str | None
    at: datetime
    pause_seconds: int = 0
    flow_id: int | None = None


@dataclass
class Claim:
    """What a job may do with a destination for one batch.

    ``limit`` of tries, ``is_probe`` when it is the one try of an open circuit; ``bucket`` and ``circuit`` go on in the
    job's memory, ``notes`` are told to the kept row at the end.
    """

    limit: int
    is_probe: bool
    circuit: Circuit
    bucket: TokenBucket
    reserved: int = 0
    reserved_level: Level | None = None
    spent: int = 0
    notes: list = field(default_factory=list)

    def note(self, code, at, pause_seconds=0, flow_id=None):
        """Remember what a try said; returns whether the batch may go on."""
        self.notes.append(Note(code, at, pause_seconds, flow_id))
        failing = is_failing(code)
        if failing:
            self.circuit = circuit_breaker.failed(self.circuit, at)
        elif failing is not None:
            self.circuit = circuit_breaker.passed(self.circuit)
        return not (pause_seconds or code in PAUSING_CODES or self.circuit.state != circuit_breaker.CLOSED)


class IntegrationCircuit(models.Model):
    """Whether a destination answers, how fast it may be called, and why it is left alone."""

    _name = "integration.circuit"
    _description = "Reachability of an outside system"
    _order = "connection_id, direction"
    _rec_name = "direction"
    _log_access = False

    connection_id = fields.Many2one(
        "integration.connection", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    direction = fields.Selection(DIRECTIONS, required=True, readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="closed")
    recent = fields.Char(readonly=True, help="The last tries, oldest first: x failed, . answered.")
    openings = fields.Integer(readonly=True)
    opened_at = fields.Datetime(string="Not answering since", readonly=True)
    retry_at = fields.Datetime(
        string="Next try",
        readonly=True,
        help="When one single event is tried again. Until then nothing is sent.",
    )
    pause_until = fields.Datetime(
        string="Asked to wait until", readonly=True, help="The other system asked for a pause (Retry-After)."
    )
    paused_at = fields.Datetime(string="Paused by itself", readonly=True)
    pause_code = fields.Char(readonly=True)
    nanotokens = BigInteger(readonly=True)
    level_at = BigInteger(readonly=True)
    last_code = fields.Char(readonly=True)
    last_failed_at = fields.Datetime(string="Last failure", readonly=True)
    last_passed_at = fields.Datetime(string="Last answer", readonly=True)
    tested_at = fields.Datetime(string="Tested", readonly=True)
    test_result = fields.Char(readonly=True)

    _direction_unique = models.UniqueIndex("(connection_id, direction)")

    # -- one row, one writer at a time -----------------------------------------------------------------------

    @api.model
    def _row(self, connection_id, direction):
        """Return the row of one direction, made where there is none, locked until the transaction ends."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_circuit (connection_id, company_id, direction, state, openings)
                SELECT id, company_id, %s, 'closed', 0 FROM integration_connection WHERE id = %s
                ON CONFLICT (connection_id, direction) DO NOTHING
                """,
                direction,
                connection_id,
            )
        )
        self.env.cr.execute(
            SQL(
                "SELECT id FROM integration_circuit WHERE connection_id = %s AND direction = %s FOR UPDATE",
                connection_id,
                direction,
            )
        )
        row = self.browse(self.env.cr.fetchone()[0])
        row.invalidate_recordset(flush=False)
        return row

    def _kept(self):
        """Return the engine's form of this row."""
        return Circuit(
            state=self.state,
            recent=self.recent or "",
            openings=self.openings,
            opened_at=as_utc(self.opened_at),
            retry_at=as_utc(self.retry_at),
        )

    def _keep(self, circuit):
        return {
            "state": circuit.state,
            "recent": circuit.recent,
            "openings": circuit.openings,
            "opened_at": as_stored(circuit.opened_at),
            "retry_at": as_stored(circuit.retry_at),
        }

    # -- a batch ---------------------------------------------------------------------------------------------

    def _claim(self, clock, rate_per_second, most):
        """Return what may be tried now; nothing is written yet (``_reserve``).

        :param clock: a SharedClock.
        :param rate_per_second: of the destination; as many may go at once.
        :param most: events of one batch.
        """
        self.ensure_one()
        now = clock.now()
        level = Level(self.nanotokens, self.level_at) if self.level_at else None
        bucket = TokenBucket(rate_per_second, rate_per_second, level)
        if self.paused_at or (self.pause_until and as_utc(self.pause_until) > now):
            return Claim(0, is_probe=False, circuit=self._kept(), bucket=bucket)
        permission, circuit = circuit_breaker.ask(self._kept(), now)
        limits = {circuit_breaker.NOTHING: 0, circuit_breaker.ONE_PROBE: 1, circuit_breaker.EVERYTHING: most}
        return Claim(
            limits[permission],
            is_probe=permission == circuit_breaker.ONE_PROBE,
            circuit=circuit,
            bucket=bucket,
        )

    def _reserve(self, clock, claim, count):
        """Write down that ``count`` tries follow, before the first of them is made."""
        claim.reserved = count
        claim.reserved_level = claim.bucket.level_after(clock.now_nanoseconds(), count)
        values = {
            "nanotokens": claim.reserved_level.nanotokens,
            "level_at": claim.reserved_level.at_nanoseconds,
        }
        if claim.is_probe:
            values |= self._keep(claim.circuit)
        self.write(values)
        self.flush_recordset()

    def _settle(self, claim):
        """Write down what a batch said about the destination; returns whether a person must hear of it now."""
        values = self._settled_level(claim)
        circuit, alarm = self._kept(), None
        for note in claim.notes:
            at = as_stored(note.at)
            failing = is_failing(note.code)
            if failing:
                circuit = circuit_breaker.failed(circuit, note.at)
            elif failing is not None:
                circuit = circuit_breaker.passed(circuit)
                values["last_passed_at"] = at
            if failing or note.code in PAUSING_CODES:
                values |= {"last_code": note.code, "last_failed_at": at}
            if note.pause_seconds:
                until = as_stored(note.at + timedelta(seconds=note.pause_seconds))
                values["pause_until"] = max(until, self.pause_until or until)
            if self.paused_at or "paused_at" in values:
                continue
            if note.code in PAUSING_CODES:
                values |= _paused(at, note.code)
                alarm = note
            elif self._is_silent(circuit, note.at):
                values |= _paused(at, "destination_silent")
                alarm = note
        self.write(values | self._keep(circuit))
        self.flush_recordset()
        return alarm

    def _settled_level(self, claim):
        """Return the level after the tokens that were promised and not used are given back."""
        if not claim.reserved:
            return {}
        kept = Level(self.nanotokens, self.level_at)
        if kept == claim.reserved_level and claim.bucket.level:
            kept = claim.bucket.level
        else:
            unused = claim.reserved - claim.spent
            kept = Level(kept.nanotokens + unused * NANOSECONDS, kept.at_nanoseconds)
        return {"nanotokens": kept.nanotokens, "level_at": kept.at_nanoseconds}

    def _is_silent(self, circuit, now):
        if circuit.state == circuit_breaker.CLOSED or not circuit.opened_at:
            return False
        hours = self.connection_id.silent_hours or SILENT_HOURS
        return now - circuit.opened_at >= timedelta(hours=hours)

    # -- what people and other jobs want ---------------------------------------------------------------------

    def _let_try(self, clock):
        """A person wants it tried now: end a pause, let a probe go at once."""
        for row in self:
            circuit = circuit_breaker.let_try(row._kept(), clock.now())
            if row.paused_at or row.pause_until:
                # What the hub learned before the pause says nothing about now.
                circuit = circuit_breaker.FRESH
            row.write({"paused_at": False, "pause_code": False, "pause_until": False, **row._keep(circuit)})
        self.flush_recordset()

    def _free_in_seconds(self, now):
        """Return in how many seconds something may be tried (0 = now), None = not before a person resumes it."""
        self.ensure_one()
        if self.paused_at:
            return None
        waits = [as_utc(self.pause_until)] if self.pause_until else []
        if self.state != circuit_breaker.CLOSED and self.retry_at:
            waits.append(as_utc(self.retry_at))
        return max([0, *(int((until - now).total_seconds()) + 1 for until in waits if until > now)])

    def _is_suspicious(self):
        """Whether the next try may well take its whole time limit."""
        return bool(self) and (self.state != circuit_breaker.CLOSED or self._kept().failures_in_a_row > 0)


def _paused(at, code):
    return {"paused_at": at, "pause_code": code}
