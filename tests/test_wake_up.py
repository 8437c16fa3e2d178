# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""No wake-up is lost: a child is held while its parent is being committed, on real cursors (E3)."""

from contextlib import closing, contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, api, fields
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from ..models.messaging import hold

# What the test commits and takes away again, children first.
TABLES = (
    "integration_message",
    "integration_binding",
    "integration_sequence_gap",
    "integration_series",
    "integration_endpoint",
    "integration_flow",
)


@tagged("post_install", "-at_install")
class TestWakeUp(TransactionCase):
    def setUp(self):
        super().setUp()
        with self.transaction() as env:
            connection = env["integration.connection"].create(
                {
                    "name": "Wake-up",
                    "connector": "generic",
                    "environment": "test",
                    "time_zone": "UTC",
                    "company_id": env.ref("base.main_company").id,
                }
            )
            self.connection_id = connection.id
            self.company_id = connection.company_id.id
            self.lane_id = connection.flow_ids.lane_id.id
            env.cr.execute(
                SQL(
                    """
                    INSERT INTO integration_message
                           (direction, company_id, connection_id, lane_id, event_id, event_type, object_key,
                            received_at, stage, status, attempt_count)
                    VALUES ('in', %s, %s, %s, 'child', 'invoice.issued', 'invoice:child', now(), 'received',
                            'ready', 0) RETURNING id
                    """,
                    self.company_id,
                    self.connection_id,
                    self.lane_id,
                )
            )
            self.child_id = env.cr.fetchone()[0]
        self.addCleanup(self.take_away)

    def take_away(self):
        with self.transaction() as env:
            for table in TABLES:
                env.cr.execute(
                    SQL("DELETE FROM %s WHERE connection_id = %s", SQL.identifier(table), self.connection_id)
                )
            env.cr.execute(
                SQL(
                    "DELETE FROM mail_message WHERE model = 'integration.connection' AND res_id = %s",
                    self.connection_id,
                )
            )
            env.cr.execute(SQL("DELETE FROM integration_connection WHERE id = %s", self.connection_id))
            env.cr.execute(SQL("DELETE FROM integration_lane WHERE id = %s", self.lane_id))

    @contextmanager
    def transaction(self):
        """A transaction of its own on a real cursor; committed at the end."""
        with closing(db_connect(self.env.cr.dbname).cursor()) as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            # The snapshot of the transaction is taken by its first statement.
            cr.execute("SELECT 1")
            yield env
            env.flush_all()
            with patch.object(hold, "ring_lanes", lambda _registry, lanes: self.rung.extend(lanes)):
                self.look_after_commit(env)

    def look_after_commit(self, env):
        """Commit, and let the look after the commit use a real cursor, too."""
        with patch.object(type(env.registry), "cursor", lambda _registry: db_connect(env.cr.dbname).cursor()):
            env.cr.commit()  # pylint: disable=invalid-commit

    rung = ()

    def hold_child(self, env, reason, value, series_id=None):
        env.cr.execute("SELECT count(*) FROM integration_binding")
        env["integration.message"]._advance_many(
            [
                {
                    "id": self.child_id,
                    "direction": "in",
                    "from_stage": "received",
                    "from_status": "ready",
                    "stage": "received",
                    "status": "held",
                    "attempts": 0,
                }
            ]
        )
        env["integration.message"]._write_holds(
            [{"id": self.child_id, "reason": reason, "kind": "customer" if reason == "parent" else None,
              "value": value, "until": fields.Datetime.now()}]
        )  # fmt: skip
        if series_id:
            env.cr.execute(
                SQL(
                    "UPDATE integration_message SET series_id = %s, sequence = 42, number_state = 'counted'"
                    " WHERE id = %s",
                    series_id,
                    self.child_id,
                )
            )

    def bind(self, env):
        env["integration.binding"].create(
            {
                "connection_id": self.connection_id,
                "kind": "customer",
                "outside_id": "C-1",
                "res_model": "res.partner",
                "res_id": env.ref("base.main_partner").id,
            }
        )
        env.flush_all()

    def look_again(self):
        """What a drain does before it rests: a fresh look at what its lane holds."""
        with self.transaction() as env:
            return env["integration.message"]._release_held(self.lane_id)

    def status(self):
        with self.transaction() as env:
            env.cr.execute(SQL("SELECT status FROM integration_message WHERE id = %s", self.child_id))
            return env.cr.fetchone()[0]

    def test_the_parent_commits_while_the_child_is_being_held(self):
        self.rung = []
        with self.transaction() as child:
            self.hold_child(child, "parent", "C-1")
            with self.transaction() as parent:
                self.bind(parent)
            # The parent is committed and could not see the child.
            self.assertEqual(self.rung, [])
        self.assertEqual(self.status(), "held")
        self.assertEqual(self.look_again(), 1)
        self.assertEqual(self.status(), "ready")

    def test_the_child_is_held_and_looks_again_before_the_parent_commits(self):
        self.rung = []
        with self.transaction() as parent:
            self.bind(parent)
            with self.transaction() as child:
                self.hold_child(child, "parent", "C-1")
            self.assertEqual(self.look_again(), 0)
            self.assertEqual((self.status(), self.rung), ("held", []))
        # After its commit the parent looks with fresh eyes and rings the lane of the child.
        self.assertEqual(self.rung, [self.lane_id])
        self.assertEqual(self.look_again(), 1)
        self.assertEqual(self.status(), "ready")

    def test_one_after_the_other_it_is_let_go_in_the_parents_own_transaction(self):
        self.rung = []
        with self.transaction() as child:
            self.hold_child(child, "parent", "C-1")
        with self.transaction() as parent:
            self.bind(parent)
        self.assertEqual(self.status(), "ready")

    def gap(self):
        with self.transaction() as env:
            flow = env["integration.flow"].search([("connection_id", "=", self.connection_id)], limit=1)
            common = {"connection_id": self.connection_id, "company_id": self.company_id, "flow_id": flow.id}
            series = env["integration.series"].create(
                {**common, "name": "all events", "lowest": 40, "highest": 42}
            )
            now = fields.Datetime.now()
            gap = env["integration.sequence.gap"].create(
                {**common, "series_id": series.id, "first_number": 41, "last_number": 41, "found_at": now,
                 "deadline": now}
            )  # fmt: skip
            return series.id, gap.id

    def test_a_number_arrives_in_another_lane_while_the_later_one_is_being_held(self):
        self.rung = []
        series_id, gap_id = self.gap()
        with self.transaction() as child:
            self.hold_child(child, "number", "41", series_id)
            with self.transaction() as other:
                other["integration.sequence.gap"].browse(gap_id)._settle("filled")
                other["integration.message"]._look_after_commit(series_ids=[series_id])
        self.assertEqual(self.status(), "held")
        self.assertEqual(self.look_again(), 1)
        self.assertEqual(self.status(), "ready")

    def test_the_later_number_is_held_before_the_one_in_another_lane_is_committed(self):
        self.rung = []
        series_id, gap_id = self.gap()
        with self.transaction() as other:
            other["integration.sequence.gap"].browse(gap_id)._settle("filled")
            other["integration.message"]._look_after_commit(series_ids=[series_id])
            with self.transaction() as child:
                self.hold_child(child, "number", "41", series_id)
            self.assertEqual(self.look_again(), 0)
        self.assertEqual(self.rung, [self.lane_id])
        self.assertEqual(self.look_again(), 1)

    def test_a_blocker_is_put_aside_while_its_successor_is_being_held(self):
        self.rung = []
        with self.transaction() as env:
            env.cr.execute(
                SQL(
                    """
                    UPDATE integration_message SET object_key = 'invoice:later' WHERE id = %s;
                    INSERT INTO integration_message
                           (direction, company_id, connection_id, lane_id, event_id, event_type, object_key,
                            received_at, stage, status, attempt_count)
                    VALUES ('in', %s, %s, %s, 'blocker', 'invoice.issued', 'invoice:child', now(), 'received',
                            'parked', 1) RETURNING id
                    """,
                    self.child_id,
                    self.company_id,
                    self.connection_id,
                    self.lane_id,
                )
            )
            blocker_id = env.cr.fetchone()[0]
            # The successor came after it.
            env.cr.execute(
                SQL(
                    "UPDATE integration_message SET object_key = 'invoice:child', id ="
                    " nextval('integration_message_id_seq') WHERE id = %s RETURNING id",
                    self.child_id,
                )
            )
            self.child_id = env.cr.fetchone()[0]
        with self.transaction() as successor:
            self.hold_child(successor, "order", None)
            with self.transaction() as person:
                person["integration.message"].browse(blocker_id)._advance("received", "discarded")
                person["integration.message"]._release_successors({(self.connection_id, "invoice:child")})
        self.assertEqual(self.status(), "held")
        self.assertEqual(self.look_again(), 1)
        self.assertEqual(self.status(), "ready")
