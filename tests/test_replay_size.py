# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A plan over the most events that it may have costs per event what a small one costs (E6)."""

import resource

from odoo import sql_db
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.replay.replay import MAX_EVENTS
from ..models.replay.replay_plan import PORTION
from .replay_common import ReplayCommon

FEW = 500
BODY = (
    '{"id":"evt_size","object":"event","api_version":"2025-09-30.clover","created":1772366405,"livemode":false,'
    '"type":"balance.available","data":{"object":{"object":"balance"}}}'
)
# Statements to the database per event, and what the process may grow by.
MOST_TIMES = 1.2
MAX_GROWTH_BYTES = 100_000_000


@tagged("post_install", "-at_install")
class TestLargePlans(ReplayCommon):
    def finished(self, count):
        """Store finished events of a type that books nothing, in one statement."""
        self.env.cr.execute(
            SQL(
                """
                WITH made AS (
                    INSERT INTO integration_message
                           (direction, company_id, connection_id, flow_id, lane_id, origin, event_id, event_type,
                            object_key, received_at, finished_at, stage, status, attempt_count)
                    SELECT 'in', %(company)s, %(connection)s, NULL, %(lane)s, 'push', 'size-' || n, 'balance.available',
                           'balance:' || n, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', 'transformed', 'done', 1
                      FROM generate_series(1, %(count)s) n RETURNING id
                )
                INSERT INTO integration_payload (message_id, raw, headers)
                SELECT id, convert_to(%(body)s, 'UTF8'), '{}'::jsonb FROM made
                """,
                company=self.company.id,
                connection=self.stripe_connection.id,
                lane=self.stripe_connection.flow_ids.lane_id[:1].id,
                count=count,
                body=BODY,
            )
        )
        # As autovacuum does: without it the planner believes that the tables are empty.
        self.env.cr.execute("ANALYZE integration_message, integration_payload")
        self.env.invalidate_all()

    def cost(self, **facts):
        """Return (statements per event, the process's largest memory so far in bytes, the replay) of a plan."""
        replay = (
            self.env["integration.replay"]
            .with_user(self.operator)
            .create({"company_id": self.company.id, "reason": "Size", "with_done": True, **facts})
        )
        replay.action_plan()
        self.env.flush_all()
        self.env.invalidate_all()
        before = sql_db.sql_counter
        replay.with_env(self.root)._go_on()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        statements = sql_db.sql_counter - before
        self.env.invalidate_all()
        self.assertEqual((replay.state, replay.planned_count), ("planned", replay.line_count), replay.note)
        return statements / replay.line_count, peak, replay

    def test_the_largest_plan_costs_per_event_what_a_small_one_costs(self):
        self.finished(MAX_EVENTS)
        self.env.cr.execute(
            SQL("SELECT id FROM integration_message WHERE event_id LIKE 'size-%%' ORDER BY id LIMIT %s", FEW)
        )
        few = [row[0] for row in self.env.cr.fetchall()]
        small, small_peak, _replay = self.cost(scope="events", event_ids=[(6, 0, few)])
        large, large_peak, replay = self.cost(
            scope="filter", connection_ids=[(6, 0, self.stripe_connection.ids)]
        )
        self.assertEqual(replay.line_count, MAX_EVENTS)
        self.assertLessEqual(large, small * MOST_TIMES, "statements per event")
        self.assertLessEqual(large_peak, small_peak + MAX_GROWTH_BYTES, f"a portion is {PORTION} events")

    def test_one_event_more_is_refused(self):
        self.finished(MAX_EVENTS + 1)
        replay = (
            self.env["integration.replay"]
            .with_user(self.operator)
            .create(
                {
                    "company_id": self.company.id,
                    "reason": "Size",
                    "with_done": True,
                    "connection_ids": [(6, 0, self.stripe_connection.ids)],
                }
            )
        )
        with self.assertRaises(UserError):
            replay.action_plan()
