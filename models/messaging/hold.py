# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Why an event is held, what it waits for, and how it is let go (E3).

Letting go happens twice over, and neither alone would do. Whoever removes a cause lets go, in the same transaction,
what it sees waiting. It cannot see an event that another transaction is just holding back; so whoever holds one back
looks again after its commit whether the cause is still there (``_release_held``), and so do the sweep and every drain
before it rests. Whoever commits last sees both.
"""

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ...engine.flow_life import WORKING_STATES
from ...engine.ordering import REPLACEABLE_KINDS
from .lane import ring_lanes

HOLD_REASONS = [
    ("order", "Another event of the same object"),
    ("parent", "What it belongs to"),
    ("number", "A missing event number"),
]
# An event that waits for what a later event of the same object will say must not hold that event back.
ANSWERED_BY_SUCCESSORS = ("settlement_amount_unknown",)
RELEASE_LIMIT = 1000
# A message that is not in the books yet; only such a one can be replaced by a newer version.
UNBOOKED_STAGES = ("received", "validated", "transformed")


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    hold_reason = fields.Selection(HOLD_REASONS, readonly=True, string="Waits for")
    waits_kind = fields.Char(readonly=True, help="The kind of document that this event belongs to.")
    waits_for = fields.Char(
        readonly=True, string="Namely", help="The outside id or number that is waited for."
    )
    waits_since = fields.Datetime(readonly=True, string="Waits since")
    waits_until = fields.Datetime(readonly=True, string="Waits until", help="Then a person is asked.")

    _held_idx = models.Index("(lane_id, id) WHERE status = 'held'")
    _waits_idx = models.Index("(waits_kind, waits_for) WHERE waits_for IS NOT NULL")
    _waits_until_idx = models.Index("(waits_until) WHERE status = 'held' AND waits_until IS NOT NULL")

    # -- the rules, as parts of queries --------------------------------------------------------------------

    @api.model
    def _behind_part(self, lane_id, roots_only=False):
        """Return the condition that an earlier event of its object, or its own newer version, holds ``m`` back.

        :param roots_only: leave out those that are only held back themselves by an earlier one: when the first of
            a chain goes, the whole chain goes.
        """
        # An event whose number is not read yet may be the very one for which a later number is held.
        roots = SQL(
            """AND NOT (b.status = 'held' AND b.hold_reason IS NOT DISTINCT FROM 'number' AND m.series_id IS NULL
                        AND EXISTS (SELECT FROM integration_flow o WHERE o.id = m.flow_id AND o.numbering <> 'none'))"""
        )
        if roots_only:
            roots = SQL("AND NOT (b.status = 'held' AND COALESCE(b.hold_reason, 'order') = 'order')")
        return SQL(
            """
            (EXISTS (SELECT FROM integration_message b
                      WHERE b.connection_id = m.connection_id AND b.object_key = m.object_key
                        AND b.direction = 'in'
                        AND CASE WHEN b.series_id = m.series_id AND b.sequence <> m.sequence
                                 THEN b.sequence < m.sequence ELSE b.id < m.id END
                        AND b.status IN ('waiting', 'held', 'parked', 'dead', 'unknown')
                        AND COALESCE(b.error_code, '') <> ALL (%(answered)s)
                        AND NOT COALESCE(b.attempt_count > 0 AND b.version < m.version AND b.kind = m.kind
                                         AND %(replaceable)s, FALSE)
                        %(roots)s)
             OR (m.attempt_count > 0 AND m.version IS NOT NULL AND m.kind = ANY (%(kinds)s)
                 AND EXISTS (SELECT FROM integration_message n
                              WHERE n.connection_id = m.connection_id AND n.object_key = m.object_key
                                AND n.direction = 'in' AND n.id > m.id AND n.kind = m.kind AND n.version > m.version
                                AND n.status IN ('ready', 'waiting', 'held', 'parked', 'dead')
                                -- What stands between them holds the newer one back and waits for this one.
                                AND NOT EXISTS (
                                    SELECT FROM integration_message x
                                     WHERE x.connection_id = m.connection_id AND x.object_key = m.object_key
                                       AND x.direction = 'in' AND x.id > m.id AND x.id < n.id
                                       AND x.status IN ('ready', 'waiting', 'held', 'parked', 'dead')
                                       AND NOT COALESCE(x.attempt_count > 0 AND x.version < n.version
                                                        AND x.kind = n.kind AND %(between)s, FALSE)))
                 AND %(own)s)
             %(elsewhere)s)
            """,
            answered=list(ANSWERED_BY_SUCCESSORS),
            replaceable=self._replaceable_part(SQL("b")),
            roots=roots,
            kinds=sorted(REPLACEABLE_KINDS),
            own=self._replaceable_part(SQL("m")),
            between=self._replaceable_part(SQL("x")),
            elsewhere=self._elsewhere_part(lane_id),
        )

    @api.model
    def _replaceable_part(self, alias):
        """Return the condition that an event has no effect of its own yet, so that a newer version replaces it."""
        return SQL(
            """(%(alias)s.kind = ANY (%(kinds)s) AND %(alias)s.stage = ANY (%(stages)s)
                AND NOT EXISTS (SELECT FROM integration_effect e WHERE e.message_id = %(alias)s.id))""",
            alias=alias,
            kinds=sorted(REPLACEABLE_KINDS),
            stages=list(UNBOOKED_STAGES),
        )

    @api.model
    def _elsewhere_part(self, lane_id):
        """Return the condition that an earlier event of the object is ready, but not for this drain.

        That can only be where flows of one connection are in several lanes, or some do not book now: looked at only
        then.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT EXISTS (SELECT FROM integration_flow a
                                 JOIN integration_flow f ON f.connection_id = a.connection_id AND f.direction = 'in'
                                WHERE a.lane_id = %s AND a.direction = 'in'
                                  AND (f.lane_id <> a.lane_id OR NOT %s))
                """,
                lane_id,
                self._flow_open_part(SQL("f")),
            )
        )
        if not self.env.cr.fetchone()[0]:
            return SQL()
        return SQL(
            """
            OR EXISTS (SELECT FROM integration_message r
                         LEFT JOIN integration_flow rf ON rf.id = r.flow_id
                        WHERE r.connection_id = m.connection_id AND r.object_key = m.object_key
                          AND r.direction = 'in' AND r.id < m.id AND r.status = 'ready'
                          AND (r.lane_id <> m.lane_id OR (rf.id IS NOT NULL AND NOT %s)))
            """,
            self._flow_open_part(SQL("rf")),
        )

    @api.model
    def _flow_open_part(self, alias):
        """Return the condition that events of a flow are worked off now."""
        closed = list(self.env["integration.flow"]._closed_now("processing"))
        return SQL(
            "(%(alias)s.state = ANY (%(working)s) AND %(alias)s.id <> ALL (%(closed)s))",
            alias=alias,
            working=list(WORKING_STATES),
            closed=closed,
        )

    @api.model
    def _parent_there_part(self):
        """Return the condition that what ``m`` belongs to is in the books."""
        return SQL(
            """
            (EXISTS (SELECT FROM integration_binding g
                      WHERE g.connection_id = m.connection_id AND g.kind = m.waits_kind
                        AND g.outside_id = m.waits_for)
             OR (m.waits_kind = 'invoice'
                 AND EXISTS (SELECT FROM account_move v
                              WHERE v.company_id = m.company_id AND v.move_type = 'out_invoice'
                                AND v.state = 'posted' AND (v.ref = m.waits_for OR v.name = m.waits_for))))
            """
        )

    @api.model
    def _number_missing_part(self):
        """Return the condition that a number before that of ``m`` has not arrived."""
        return SQL(
            """
            EXISTS (SELECT FROM integration_sequence_gap q
                     WHERE q.series_id = m.series_id AND q.state = 'open' AND q.first_number < m.sequence)
            """
        )

    @api.model
    def _releasable_part(self, lane_id):
        """Return FROM and WHERE of held events of a lane whose cause has gone."""
        return SQL(
            """
            FROM integration_message m
           WHERE m.lane_id = %s AND m.status = 'held' AND m.direction = 'in'
             AND CASE COALESCE(m.hold_reason, 'order')
                      WHEN 'parent' THEN %s
                      WHEN 'number' THEN NOT %s
                      ELSE NOT %s END
            """,
            lane_id,
            self._parent_there_part(),
            self._number_missing_part(),
            self._behind_part(lane_id, roots_only=True),
        )

    # -- holding and letting go ----------------------------------------------------------------------------

    @api.model
    def _write_holds(self, holds):
        """Write down why events are held; who waits for the same thing as before goes on with its deadline.

        :param holds: list of dicts with id, reason and, where they apply, kind, value, until (naive UTC).
        """
        if not holds:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_message m
                   SET hold_reason = v.reason, waits_kind = v.kind, waits_for = v.value,
                       waits_since = CASE WHEN m.waits_for = v.value AND m.waits_kind IS NOT DISTINCT FROM v.kind
                                          THEN m.waits_since ELSE %s END,
                       waits_until = CASE WHEN m.waits_for = v.value AND m.waits_kind IS NOT DISTINCT FROM v.kind
                                          THEN COALESCE(m.waits_until, v.until) ELSE v.until END
                  FROM (VALUES %s) AS v(id, reason, kind, value, until)
                 WHERE m.id = v.id
                """,
                fields.Datetime.now(),
                SQL(", ").join(
                    SQL(
                        "(%s, %s, %s, %s, %s::timestamp)",
                        hold["id"], hold["reason"], hold.get("kind"), hold.get("value"), hold.get("until"),
                    )
                    for hold in holds
                ),
            )
        )  # fmt: skip
        self.invalidate_model(flush=False)

    @api.model
    def _let_go(self, rows):
        """Put held or stopped events back into the queue because their cause has gone; returns their lanes.

        :param rows: dicts with id, stage, status, attempt_count, lane_id, exception_id.
        """
        if not rows:
            return set()
        self._advance_many(
            [
                {
                    "id": row["id"],
                    "direction": "in",
                    "from_stage": row["stage"],
                    "from_status": row["status"],
                    "stage": row["stage"],
                    "status": "ready",
                    "attempts": row["attempt_count"],
                }
                for row in rows
            ]
        )
        ids = [row["id"] for row in rows]
        self.env.cr.execute(SQL("UPDATE integration_message SET hold_reason = NULL WHERE id = ANY (%s)", ids))
        self.browse(ids).invalidate_recordset(flush=False)
        exceptions = {row["exception_id"] for row in rows} - {None}
        self.env["integration.exception"].browse(exceptions)._resolve_if_empty()
        return {row["lane_id"] for row in rows} - {None}

    @api.model
    def _release_held(self, lane_id):
        """Let go every held event of the lane whose cause has gone; returns how many."""
        self.env.cr.execute(
            SQL(
                """
                SELECT m.id, m.stage, m.status, m.attempt_count, m.lane_id, m.exception_id
                %s ORDER BY m.id LIMIT %s
                """,
                self._releasable_part(lane_id),
                RELEASE_LIMIT,
            )
        )
        rows = self.env.cr.dictfetchall()
        self._let_go(rows)
        return len(rows)

    @api.model
    def _release_children(self, kind, connection_id, company_id, values):
        """Let go what waits for a document that has just come into the books; returns the lanes concerned.

        :param values: outside ids and numbers under which the document is known.
        """
        values = sorted({value for value in values if value})
        if not values:
            return set()
        self.env.cr.execute(
            SQL(
                """
                SELECT id, stage, status, attempt_count, lane_id, exception_id FROM integration_message
                 WHERE waits_kind = %s AND waits_for = ANY (%s) AND waits_for IS NOT NULL AND direction = 'in'
                   AND (connection_id = %s OR (%s AND company_id = %s))
                   AND ((status = 'held' AND hold_reason = 'parent')
                        OR (status = 'parked' AND error_code = 'parent_missing'))
                 ORDER BY id LIMIT %s
                """,
                kind, values, connection_id, kind == "invoice", company_id, RELEASE_LIMIT,
            )
        )  # fmt: skip
        rows = self.env.cr.dictfetchall()
        stopped = self.browse(row["id"] for row in rows if row["status"] == "parked")
        lanes = self._let_go(rows)
        self.env["integration.audit.leaf"]._record_messages(stopped, "message.parent_arrived")
        if lanes:
            self.env["integration.lane"]._ring_after_commit(lanes)
        return lanes

    @api.model
    def _change_lane(self, flow_ids, lane_id):
        """Take the open events of these flows along into another lane: an object is never worked on in two."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE integration_message SET lane_id = %s
                 WHERE flow_id = ANY (%s) AND direction = 'in'
                   AND status IN ('ready', 'waiting', 'held', 'parked', 'dead')
                """,
                lane_id,
                flow_ids,
            )
        )
        self.invalidate_model(["lane_id"], flush=False)

    @api.model
    def _look_after_commit(self, parents=(), series_ids=()):
        """Once this is committed, ring the lanes that hold something for these documents or series.

        Only a fresh look sees what another transaction has been holding back meanwhile.

        :param parents: (kind, outside id or number) pairs that are in the books now.
        """
        registry, found = self.env.registry, self.env.cr.postcommit.data
        first = "integration.hold" not in found
        seen = found.setdefault("integration.hold", {"parents": set(), "series": set()})
        seen["parents"].update(parents)
        seen["series"].update(series_ids)
        if not first:
            return

        @self.env.cr.postcommit.add
        def look():
            wanted = found.pop("integration.hold", seen)
            with registry.cursor() as cr:
                message = api.Environment(cr, SUPERUSER_ID, {})["integration.message"]
                lanes = message._lanes_holding(**wanted)
            ring_lanes(registry, lanes)

    @api.model
    def _lanes_holding(self, parents, series):
        """Return the ids of lanes that hold something for these documents or series."""
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT lane_id FROM integration_message
                 WHERE status = 'held' AND lane_id IS NOT NULL
                   AND (waits_for = ANY (%s) OR series_id = ANY (%s))
                """,
                sorted({value for _kind, value in parents}),
                sorted(series),
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]
