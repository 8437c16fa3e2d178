# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Events that book nothing, settled together in a few statements.

Providers send many more events than those that matter to the books. When such an event comes in, its type and its
addressee are read anyway; that it books nothing is written down with it, and the drain needs not open it again. Each
has its try and its entry in the audit trail as every other event.
"""

import json
import logging
import time
from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from ...connectors.registry import get_connector
from ...engine.instants import format_instant, utc_now
from . import isolation

_logger = logging.getLogger(__name__)

MAX_AT_ONCE = 10_000
# Fresh, and nobody has had to do with it: whatever was stopped or repeated goes the long way.
LIGHT = SQL(
    "m.books_nothing AND m.status = 'ready' AND m.stage = 'received' AND m.attempt_count = 0"
    " AND m.exception_id IS NULL AND m.next_trigger IS NULL"
)


class IntegrationMessage(models.Model):
    _inherit = "integration.message"

    books_nothing = fields.Boolean(
        readonly=True,
        help="Its type has no effect on the books, and it is addressed to us: known since it came in.",
    )

    _light_idx = models.Index("(lane_id, id) WHERE direction = 'in' AND status = 'ready' AND books_nothing")


class IntegrationDrain(models.AbstractModel):
    _inherit = "integration.drain"

    @api.model
    def _work_off(self, lane_id, *args, **kwargs):
        """Before each batch settle what books nothing; where that fails, it is worked off event by event."""
        rows = self._light_rows(lane_id)
        settled = self._settle_or_leave(rows) if rows else 0
        return settled + super()._work_off(lane_id, *args, **kwargs)

    def _settle_or_leave(self, rows):
        with isolation.one_event() as errors, self.env.cr.savepoint():
            return self._settle(rows)
        _logger.warning("what books nothing is worked off event by event: %s", errors[0])
        self._go_the_long_way([row[4] for row in rows])
        return 0

    def _ready_rows(self, lane_id, limit, after_id=0, behind=None):
        narrowed = self.with_context(integration_without_light=True)
        return super(IntegrationDrain, narrowed)._ready_rows(lane_id, limit, after_id, behind)

    def _resting_part(self):
        """Leave what books nothing to ``_settle`` where a batch is gathered; elsewhere it counts as work."""
        part = super()._resting_part()
        if not self.env.context.get("integration_without_light"):
            return part
        return SQL("%s AND (%s) IS NOT TRUE", part, LIGHT)

    @api.model
    def _settle(self, rows):
        """Write down that events book nothing; returns how many.

        :param rows: what ``_light_rows`` says of them.
        """
        started = time.monotonic()
        groups = defaultdict(list)
        for row in rows:
            connection_id, company_id, user_id, event_type, *event = row
            groups[connection_id, company_id, user_id, event_type].append(event)
        count = 0
        for (connection_id, company_id, user_id, event_type), events in groups.items():
            connector = self.env["integration.connection"].browse(connection_id).sudo().connector
            rule = get_connector(connector).spec.events.get(event_type)
            ids, *facts = map(list, zip(*events, strict=True))
            if rule is None or rule.kind:  # known better since it came in
                self._go_the_long_way(ids)
                continue
            shared = {
                "action": "message.nothing",
                "company_id": company_id,
                "connection_id": connection_id,
                "user_id": user_id,
            }
            self._settle_alike(ids, rule.reason, shared, facts, started)
            count += len(ids)
        return count

    def _light_rows(self, lane_id):
        self.env.cr.execute(
            SQL(
                """
                SELECT m.connection_id, m.company_id, c.service_user_id, m.event_type,
                       m.id, m.correlation_id, m.body_digest
                  FROM integration_message m
                  JOIN integration_connection c ON c.id = m.connection_id AND c.state = 'active'
                 WHERE m.lane_id = %s AND m.direction = 'in' AND %s %s
                 ORDER BY m.id LIMIT %s
                """,
                lane_id,
                LIGHT,
                self._resting_part(),
                MAX_AT_ONCE,
            )
        )
        return self.env.cr.fetchall()

    def _settle_alike(self, ids, reason, shared, facts, started):
        """Write outcome, tries and audit entries of fresh events of one type.

        :param shared: what their audit entries have in common.
        :param facts: their correlation ids and the digests of their bodies, each in the order of ``ids``.
        """
        trigger = self.env.context.get("integration_trigger", "queue")
        now = format_instant(utc_now())
        stages = [{"stage": stage, "at": now} for stage in ("received", "validated", "transformed")]
        self.env["integration.message"]._finish_alike(ids, "received", "ready", "transformed", reason)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_attempt
                       (message_id, number, trigger, outcome, stage, stages, detail, started_at, duration_ms)
                SELECT id, 1, %s, 'nothing', 'transformed', %s::jsonb, %s, %s, %s FROM unnest(%s::int[]) AS id
                """,
                trigger,
                json.dumps(stages),
                reason[:500] or None,
                fields.Datetime.now(),
                int((time.monotonic() - started) * 1000 / len(ids)),
                ids,
            )
        )
        correlation_ids, digests = facts
        self.env["integration.audit.leaf"]._append_alike(
            shared, {"message_id": ids, "correlation_id": correlation_ids, "subject_digest": digests}
        )

    def _go_the_long_way(self, ids):
        self.env.cr.execute(
            SQL("UPDATE integration_message SET books_nothing = false WHERE id = ANY(%s)", ids)
        )
