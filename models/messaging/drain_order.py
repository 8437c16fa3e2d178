# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The drain and order: what is held back, which version counts, and what a newer one makes pointless (E3)."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.canonical_json import document_digest
from ...engine.errors import BusinessError
from ...engine.ordering import (
    ORDERED_BY_TIME,
    REPLACEABLE_KINDS,
    VERSIONING,
    Standing,
    Version,
    Versioning,
    replaces,
    stand,
)
from ..posting.work import Finding
from . import isolation

_logger = logging.getLogger(__name__)

# Events that are held back take no place in a batch; this many of them are put aside along with one batch.
MAX_HELD_PER_BATCH = 1000
PARENT_HOURS = 24
# After these an older version of the object is history; "nothing" = cancelled before it was ever booked.
APPLIED = ("done", "duplicate", "nothing")
# Bodies that one batch holds in memory for the sake of events that book nothing.
MAX_LIGHT_BYTES = 2_000_000


def _are_light(rows):
    """Whether events cost next to nothing: a batch may be larger then, what it does once is done for more of them."""
    return not any(row["kind"] for row in rows) and sum(len(row["raw"]) for row in rows) < MAX_LIGHT_BYTES


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    # -- what is held back ---------------------------------------------------------------------------------

    def _next_rows(self, lane_id, limit, light_limit=0):
        """Return (events to be worked off, events that are held back): the latter take no place of the former.

        :param light_limit: so many events more, as long as all are of types that book nothing.
        """
        free, held, after_id = [], [], 0
        behind = self.env["integration.message"]._behind_part(lane_id)
        wanted = limit
        while wanted > 0 and len(held) < MAX_HELD_PER_BATCH:
            rows = self._ready_rows(lane_id, wanted, after_id, behind)
            for row in rows:
                (held if row["blocked"] else free).append(row)
            if len(rows) < wanted:
                break
            after_id = rows[-1]["id"]
            wanted = limit - len(free)
            if wanted <= 0 and _are_light(free):
                wanted = min(limit + light_limit - len(free), limit * 2)
        return free, held

    def _is_held_back(self, work, stopped):
        """Whether one of the events of its object that have just been stopped holds this one back.

        :param stopped: list of (row, whether it was tried) of earlier events of the object in this batch.
        """
        row = work.row
        return not all(
            tried and replaces(row["kind"], row["version"], earlier["kind"], earlier["version"])
            for earlier, tried in stopped
        )

    def _one_batch(self, registry, lane_id):
        """Before the drain rests, look once more at what is held: its cause may have gone while it was written."""
        count = super()._one_batch(registry, lane_id)
        if count:
            return count
        with isolation.one_batch() as errors:
            count = self._in_own_transaction(
                registry, lambda env: env["integration.message"]._release_held(lane_id)
            )
        if errors:
            _logger.warning("lane %s: what is held could not be let go: %s", lane_id, errors[0])
        return count

    @api.model
    def _is_work_left(self, registry, lane_id):
        if super()._is_work_left(registry, lane_id):
            return True
        with registry.cursor() as cr:
            part = self.with_env(self.env(cr=cr)).env["integration.message"]._releasable_part(lane_id)
            cr.execute(SQL("SELECT EXISTS (SELECT %s)", part))
            return cr.fetchone()[0]

    # -- which version counts ------------------------------------------------------------------------------

    def _apply_wave(self, works):
        """Leave out what a newer version has overtaken, and remember which versions were applied."""
        self._judge_versions(works)
        result = super()._apply_wave([work for work in works if work.open])
        self._remember_versions(works)
        return result

    def _judge_versions(self, works):
        for work in works:
            work.told = self._version_told(work)
        applied = self.env["integration.applied.version"]._find(
            {self._version_key(work) for work in works if work.told}
        )
        for work in works:
            if not work.told:
                continue
            standing = stand(applied.get(self._version_key(work)), work.told)
            if standing is Standing.OLDER:
                work.older = True
                if VERSIONING[work.kind] is not Versioning.FACT:
                    work.outcome = "superseded"
            elif standing is Standing.CONFLICT:
                work.contradicts = True
                if VERSIONING[work.kind] is not Versioning.FACT:
                    work.error = BusinessError("version_conflict", params=self._conflict_params(work))

    def _version_key(self, work):
        return work.connection.id, work.object_kind, work.envelope.object_key

    def _conflict_params(self, work):
        return {"object": work.envelope.object_key, "version": work.told.number}

    def _version_told(self, work):
        """Return the version that an event tells, or None: then the order of arrival counts."""
        if work.kind not in VERSIONING or not work.documents:
            return None
        document = work.documents[0]
        number = work.envelope.version if work.envelope.version is not None else document.source.version
        if number is None and work.kind in ORDERED_BY_TIME:
            number = int(document.occurred_at.timestamp() * 1000)
        if number is None:
            return None
        return Version(number, document.source.version is not None, document_digest(document))

    def _remember_versions(self, works):
        applied = []
        for work in works:
            if work.error or not work.told or work.outcome not in APPLIED or work.older:
                continue
            if work.contradicts:  # money is booked all the same; a person compares
                work.findings.append(
                    Finding("version_conflict", self._conflict_params(work), cause=work.envelope.object_key)
                )
                continue
            applied.append(
                (work.connection.id, work.row["company_id"], work.object_kind, work.envelope.object_key, work.told,
                 work.message_id)
            )  # fmt: skip
        self.env["integration.applied.version"]._remember(applied)

    # -- writing down --------------------------------------------------------------------------------------

    def _failure(self, work):
        """Let an event wait for what it belongs to; when that has taken too long, a person is asked."""
        if work.error.code != "parent_missing":
            return super()._failure(work)
        row, params = work.row, work.error.params
        flow = self.env["integration.flow"].browse(row["flow_id"] or [])
        hours = flow.parent_hours if flow else PARENT_HOURS
        work.hold = {
            "id": row["id"],
            "reason": "parent",
            "kind": params["kind"],
            "value": params["value"],
            "until": fields.Datetime.now() + timedelta(hours=hours),
        }
        if self._has_waited_enough(row, params):
            return super()._failure(work)
        return {
            "status": "held",
            "error_code": work.error.code,
            "error_text": work.error.sentence[:500],
            "error_detail": work.error.detail,
        }

    def _has_waited_enough(self, row, params):
        """Whether the time is over, or what was waited for is there and yet of no use (deleted, for example)."""
        if (row["waits_kind"], row["waits_for"]) != (params["kind"], params["value"]):
            return False
        if row["waits_until"] and row["waits_until"] <= fields.Datetime.now():
            return True
        self.env.cr.execute(
            SQL(
                "SELECT EXISTS (SELECT FROM integration_message m WHERE m.id = %s AND %s)",
                row["id"],
                self.env["integration.message"]._parent_there_part(),
            )
        )
        return self.env.cr.fetchone()[0]

    def _record(self, works, held, started):
        result = super()._record(works, held, started)
        Message = self.env["integration.message"]
        Message._write_holds([row.get("hold") or {"id": row["id"], "reason": "order"} for row in held])
        Message._write_holds([work.hold for work in works if work.hold])
        self._look_at_parents([work for work in works if work.hold])
        return result

    def _look_at_parents(self, works):
        """What this very batch has booked may be what others of it wait for."""
        if not works:
            return
        self.env.cr.execute(
            SQL(
                """
                SELECT m.id, m.stage, m.status, m.attempt_count, m.lane_id, m.exception_id
                  FROM integration_message m
                 WHERE m.id = ANY (%s) AND m.status = 'held' AND m.hold_reason = 'parent' AND %s
                """,
                [work.message_id for work in works],
                self.env["integration.message"]._parent_there_part(),
            )
        )
        self.env["integration.message"]._let_go(self.env.cr.dictfetchall())

    def _after(self, works):
        self._supersede_older(works)
        return super()._after(works)

    def _supersede_older(self, works):
        """Stopped older versions of what was just applied are overtaken; the exceptions that asked for them close."""
        newest = {
            self._version_key(work): work
            for work in works
            if not work.error and not work.older and work.kind in REPLACEABLE_KINDS
            and work.row["version"] is not None and work.outcome in APPLIED
        }  # fmt: skip
        if not newest:
            return
        Message = self.env["integration.message"]
        self.env.cr.execute(
            SQL(
                """
                SELECT b.id, b.stage, b.status, b.attempt_count, b.exception_id, v.version, v.event_id
                  FROM (VALUES %s) AS v(connection_id, kind, object_key, version, event_id)
                  JOIN integration_message b
                    ON b.connection_id = v.connection_id AND b.object_key = v.object_key AND b.kind = v.kind
                   AND b.direction = 'in' AND b.version < v.version
                   AND b.status IN ('waiting', 'held', 'parked', 'dead')
                 WHERE b.attempt_count > 0 AND %s
                """,
                SQL(", ").join(
                    SQL("(%s, %s, %s, %s::bigint, %s)", *key, work.row["version"], work.envelope.event_id)
                    for key, work in newest.items()
                ),
                Message._replaceable_part(SQL("b")),
            )
        )
        rows = self.env.cr.dictfetchall()
        Message._advance_many(
            [
                {
                    "id": row["id"],
                    "direction": "in",
                    "from_stage": row["stage"],
                    "from_status": row["status"],
                    "stage": row["stage"],
                    "status": "superseded",
                    "attempts": row["attempt_count"],
                    "error_text": self.env._(
                        "Version %(version)s was applied instead (event %(event)s).",
                        version=row["version"],
                        event=row["event_id"],
                    )[:500],
                }
                for row in rows
            ]
        )
        overtaken = Message.browse(row["id"] for row in rows)
        self.env["integration.audit.leaf"]._record_messages(overtaken, "message.superseded")
        exceptions = {row["exception_id"] for row in rows} - {None}
        self.env["integration.exception"].browse(exceptions)._resolve_if_empty()
