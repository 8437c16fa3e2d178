# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Puts the lines of one signed request into the inbox: one statement for all, one transaction with their batch."""

import base64
import zlib
from datetime import timezone

from odoo import api, fields, models
from odoo.tools import SQL

from ...connectors.registry import get_connector
from ...engine import correlation, sealing
from ...engine.batch import ControlTotals, read_totals
from ...engine.canonical_json import digest
from ...engine.errors import AuthorizationError, BusinessError, ContractError, IntegrationError
from ...engine.idempotency import Verdict, judge
from ...engine.json_guard import parse_json
from ...engine.money import EXACT
from ...engine.signatures import SignedRequest, get_scheme
from ...engine.signatures.base import unix_seconds
from .data_key import unwrap
from .inbox_connection import STORE_LINES, event_values

# So many events that contradict what came before are no accident: nothing of such a batch is stored.
MAX_CONFLICTS = 100
NEW, DUPLICATE, CONFLICT, REFUSED = "n", "d", "c", "r"


class TooManyConflictsError(Exception):
    """More than MAX_CONFLICTS events of a batch contradict events that are stored under their ids."""


class _Line:
    """One event of a batch on its way: its place, and how it was read."""

    __slots__ = ("amounts", "body_digest", "code", "envelope", "known_id", "number", "raw", "verdict")

    def __init__(self, number, raw):
        self.number = number
        self.raw = raw
        self.code = self.envelope = self.body_digest = self.verdict = self.known_id = None
        self.amounts = {}


class IntegrationIngest(models.AbstractModel):
    _inherit = "integration.ingest"

    @api.model
    def _accept_batch(self, facts, raw, lines, kept_headers, admit=None):
        """Store all lines that can be read; return (answer for the sender, ids of the lanes to ring).

        The caller's transaction is READ COMMITTED and is committed before the answer is sent: everything or nothing.

        :param facts: what ``integration.endpoint._address_facts`` says of the address.
        :param lines: the body's ``engine.ndjson.Lines``.
        :param admit: called with the envelopes of the events before anything is stored; may raise to refuse them.
        :raises TooManyConflictsError: nothing is to be stored.
        """
        connector = get_connector(facts["connector"])
        declared, unreadable_totals = _declared(lines.declared)
        read = [self._read_line(facts, connector, line, bool(declared.sums)) for line in lines.events]
        good = [line for line in read if line.code is None]
        if admit:
            admit([line.envelope for line in good])
        body_digest = digest(raw)
        with self.env.cr.savepoint(flush=False) as savepoint:
            batch = self._open_batch(facts, raw, body_digest, declared, kept_headers)
            ids = self._store_lines(facts, good, batch.id)
            conflicts = self._judge_lines(facts, good, ids)
            earlier = self._earlier(facts, body_digest, batch) if not ids else None
            if earlier and not conflicts:
                savepoint.rollback()  # the same bytes again: the first one stands for both
                self.env.invalidate_all(flush=False)
                batch = earlier
        if earlier and not conflicts:
            return self._batch_answer(batch, read, lines, repeated=True), ()
        for line in conflicts:
            _verdict, line.known_id = self._keep_conflict(
                facts, line.envelope, line.raw, {}, line.body_digest,
                correlation.current().correlation_id, "push",
            )  # fmt: skip
        self._close_batch(batch, read, declared, unreadable_totals)
        lanes = tuple({self._lane_of(facts, line) for line in good if line.verdict != DUPLICATE})
        return self._batch_answer(batch, read, lines), lanes

    # -- reading ---------------------------------------------------------------------------------------------

    def _read_line(self, facts, connector, numbered, with_amounts):
        line = _Line(*numbered)
        if len(line.raw) > facts["max_body_bytes"]:
            line.code, line.verdict = "body_too_large", REFUSED
            return line
        try:
            body = parse_json(line.raw)
            # The headers of the request are the batch's: an event names itself.
            line.envelope = connector.read_envelope(body, {})
            if with_amounts:
                line.amounts = connector.control_amounts(line.envelope.event_type, body)
            line.body_digest = digest(line.raw)
        except IntegrationError as error:
            line.code, line.verdict = error.code, REFUSED
        return line

    def _lane_of(self, facts, line):
        rule = get_connector(facts["connector"]).spec.events.get(line.envelope.event_type)
        return facts["flows"].get(rule and rule.kind, (None, facts["default_lane"]))[1]

    # -- storing ---------------------------------------------------------------------------------------------

    def _store_lines(self, facts, lines, batch_id, origin="push"):
        """Store the events whose ids are new; return {event id: message id} of these."""
        first = {}
        for line in lines:
            first.setdefault(line.envelope.event_id, line)
        if not first:
            return {}
        correlation_id = correlation.current().correlation_id
        rows, bodies = [], []
        for event_id, line in first.items():
            *columns, share, stored, _headers = event_values(
                facts,
                line.envelope,
                event_id,
                line.raw,
                {},
                line.body_digest,
                correlation_id,
                origin,
                in_batch=True,
            )
            rows.append((*columns, share and "\\x" + share.hex()))
            bodies.append(base64.b64encode(stored) if share else stored)
        arrays = [_array_literal(column) for column in zip(*rows, strict=True)]
        bodies = b"\n".join(bodies).decode("utf-8")
        self.env["integration.next.look"]._expect()
        self.env.cr.execute(SQL(STORE_LINES, *arrays, bodies, batch_id))
        return dict(self.env.cr.fetchall())

    def _judge_lines(self, facts, lines, ids):
        """Give each line its verdict; return those that contradict what is stored under their ids."""
        known = {line.envelope.event_id for line in lines} - ids.keys()
        stored = self._stored_digests(facts["connection_id"], known)
        taken, conflicts = {}, []
        for line in lines:
            event_id = line.envelope.event_id
            if event_id in ids and event_id not in taken:
                line.verdict = NEW
                taken[event_id] = line.body_digest
                continue
            stored_id, stored_digest = stored.get(event_id) or (ids.get(event_id), taken.get(event_id))
            same = judge(stored_digest, line.body_digest) is Verdict.DUPLICATE
            if same or self._same_meaning(facts["connector"], stored_id, line.raw):
                line.verdict, line.known_id = DUPLICATE, stored_id
            else:
                line.verdict = CONFLICT
                conflicts.append(line)
                if len(conflicts) > MAX_CONFLICTS:
                    raise TooManyConflictsError
        return conflicts

    def _stored_digests(self, connection_id, event_ids):
        if not event_ids:
            return {}
        self.env.cr.execute(
            SQL(
                """
                SELECT event_id, id, body_digest FROM integration_message
                 WHERE connection_id = %s AND event_id = ANY(%s) AND direction = 'in'
                """,
                connection_id,
                list(event_ids),
            )
        )
        return {
            event_id: (message_id, body_digest)
            for event_id, message_id, body_digest in self.env.cr.fetchall()
        }

    # -- the batch -------------------------------------------------------------------------------------------

    def _open_batch(self, facts, raw, body_digest, declared, kept_headers):
        connection = self.env["integration.connection"].sudo().browse(facts["connection_id"])
        source = kept_headers.get("webhook-id") or f"batch {body_digest[:16]}"
        batch = self.env["integration.batch"]._open(
            connection,
            source,
            declared if declared else None,
            digest=body_digest,
            size_bytes=len(raw),
            read_bytes=len(raw),
            signed_headers=kept_headers,
        )
        batch._keep_signed_body(raw)
        return batch

    def _earlier(self, facts, body_digest, batch):
        """Return the batch with which these very bytes came before."""
        return (
            self.env["integration.batch"]
            .sudo()
            .search(
                [
                    ("connection_id", "=", facts["connection_id"]),
                    ("digest", "=", body_digest),
                    ("kind", "=", "intake"),
                    ("id", "!=", batch.id),
                ],
                order="id",
                limit=1,
            )
        )

    def _close_batch(self, batch, read, declared, unreadable_totals):
        good = [line for line in read if line.code is None]
        sums = {} if declared.sums is not None else None
        for line in good if sums is not None else ():
            for currency, amount in line.amounts.items():
                sums[currency] = EXACT.add(sums.get(currency, 0), amount)
        batch._add(
            ControlTotals(len(good), sums),
            [line.known_id for line in good if line.verdict == CONFLICT],
            # What came before with a batch that never got complete belongs to this one now.
            known_ids=[line.known_id for line in good if line.verdict == DUPLICATE and line.known_id],
            new_count=sum(line.verdict == NEW for line in good),
            repeated_count=sum(line.verdict == DUPLICATE for line in good),
        )
        refused = [{"line": line.number, "code": line.code} for line in read if line.code]
        if refused:
            batch._note_unreadable(refused)
        batch._close(unreadable_totals)

    def _batch_answer(self, batch, read, lines, *, repeated=False):
        """Return what the sender is told: a letter per event in ``verdicts``, the lines that were refused by reason."""
        refusals = {}
        for line in read:
            if line.code:
                refusals.setdefault(line.code, []).append(line.number)
        verdicts = "".join(line.verdict for line in read)
        return {
            "status": batch.state,
            "batch": batch.id,
            "repeated": repeated,
            "lines": len(read),
            "new": verdicts.count(NEW),
            "duplicate": verdicts.count(DUPLICATE),
            "conflict": verdicts.count(CONFLICT),
            "refused": verdicts.count(REFUSED),
            "verdicts": verdicts,
            "refusals": refusals,
            "missing": batch._words_of_problems() if batch.state == "incomplete" else [],
        }


class IntegrationBatch(models.Model):
    _inherit = "integration.batch"

    signed_headers = fields.Json(
        readonly=True, help="The headers with which the sender signed the whole batch."
    )

    def _auto_init(self):
        result = super()._auto_init()
        for column in ("signed_body", "key_share"):
            self.env.cr.execute(
                SQL("ALTER TABLE integration_batch ADD COLUMN IF NOT EXISTS %s bytea", SQL.identifier(column))
            )
        return result

    def _keep_signed_body(self, raw):
        """Keep the bytes that were signed, compressed: the proof of what was sent, line by line."""
        packed, share = zlib.compress(raw, 1), None
        if known := self.connection_id._sealing_of(self.connection_id.id):
            share = sealing.new_share(known["data_key_id"])
            packed = sealing.seal(unwrap(known["wrapped"]), share, packed, sealing.BATCH, pack=False)
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE integration_batch SET signed_body = %s, key_share = %s WHERE id = %s",
                packed,
                share,
                self.id,
            )
        )

    def _signed_body(self):
        """Return the bytes that were signed, b"" when they are not kept.

        :raises BusinessError: ``content_erased``: a content of this batch was erased, and the whole with it.
        """
        self.ensure_one()
        self.env.cr.execute(
            SQL("SELECT signed_body, key_share FROM integration_batch WHERE id = %s", self.id)
        )
        kept, share = self.env.cr.fetchone()
        if not kept:
            return b""
        packed = self.env["integration.payload"]._opened(kept, share, sealing.BATCH)
        return zlib.decompressobj().decompress(packed, self.size_bytes)

    def _signature_holds(self):
        """Whether the kept bytes still carry a signature of one of the connection's secrets, as of when they came."""
        self.ensure_one()
        headers = [(name, value) for name, value in (self.signed_headers or {}).items()]
        stamp = dict(headers).get("webhook-timestamp", "")
        credentials = self.sudo().connection_id.credential_ids.filtered(
            lambda row: row.purpose == "inbound_signature" and row._sealed()
        )
        try:
            signed_at = unix_seconds(stamp).astimezone(timezone.utc)
            get_scheme(self.connection_id.endpoint_ids[:1].scheme).verify(
                SignedRequest(method="POST", url="", headers=headers, body=self._signed_body()),
                [row._as_secret() for row in credentials],
                signed_at,
                tolerance_seconds=0,
            )
        except (AuthorizationError, BusinessError):
            return False
        return True


def _declared(form):
    """Return (the totals of the trailer, the error that makes them unreadable or None)."""
    try:
        return read_totals(form), None
    except ContractError as error:
        return read_totals(None), error


def _array_literal(values):
    """Return values as the text of a PostgreSQL array: quicker to read than as many parameters."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value):
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
