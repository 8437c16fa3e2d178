# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""An upgrade gives connections the flows that their connectors have gained: as drafts, told to people, once (D2)."""

import importlib.util
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import new_test_user
from odoo.tools import file_path

from ..models.messaging import flow_gain
from .common import IntegrationCommon

SCRIPT = "finance_integration/migrations/0.0.0/end-flows.py"
TRAIL_SCRIPT = "finance_integration/migrations/19.0.1.2.0/post-audit_trail.py"


def run_script(env, path):
    """Run a script as Odoo does at a change of version."""
    spec = importlib.util.spec_from_file_location("migration", file_path(path))
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.migrate(env.cr, "19.0.1.1.0")
    env.invalidate_all()


class TestFlowGain(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        facts = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        group = "finance_integration.group_administrator"
        cls.administrator = new_test_user(cls.env, "gain_admin", groups=group, **facts)
        other = cls.env["res.company"].create({"name": "Elsewhere"})
        cls.stranger = new_test_user(
            cls.env, "gain_stranger", groups=group, company_id=other.id, company_ids=[(6, 0, other.ids)]
        )
        cls.shop = cls._connection("shopify", "Shop")
        cls.older(cls.shop, "order_payment")

    @classmethod
    def older(cls, connection, *kinds):
        """Make a connection as it was before its connector knew these kinds."""
        gone = connection.flow_ids.filtered(lambda flow: flow.kind in kinds)
        assert len(gone) == len(kinds)
        gone.unlink()

    def upgrade(self):
        """Run the script as Odoo does at each change of version; returns the flows that were not there before."""
        before = self.env["integration.flow"].search([])
        run_script(self.env, SCRIPT)
        return self.env["integration.flow"].search([]) - before

    def told(self, flow):
        return self.env["integration.exception"].search(
            [("code", "=", "flow_added"), ("flow_id", "=", flow.id)]
        )

    def test_a_flow_that_is_missing_is_added_as_a_draft_even_where_others_begin_live(self):
        [flow] = self.upgrade()
        self.assertEqual(
            (flow.connection_id, flow.direction, flow.kind, flow.state),
            (self.shop, "in", "order_payment", "draft"),
        )
        self.assertEqual(self.shop.environment, "test")
        self.assertEqual(flow.lane_id, self.shop.flow_ids.filtered(lambda row: row.kind == "order").lane_id)
        self.assertEqual(flow.data_contract, "order_payment v1")

    def test_doing_it_again_changes_nothing(self):
        [flow] = self.upgrade()
        exceptions = self.env["integration.exception"].search_count([])
        activities = self.env["mail.activity"].search_count([])
        self.assertFalse(self.upgrade())
        self.assertEqual(self.env["integration.exception"].search_count([]), exceptions)
        self.assertEqual(self.env["mail.activity"].search_count([]), activities)
        self.assertEqual(flow.state, "draft")

    def test_administrators_of_the_company_are_told_and_it_is_recorded(self):
        [flow] = self.upgrade()
        exception = self.told(flow)
        self.assertEqual(len(exception), 1)
        self.assertEqual(
            (exception.state, exception.connection_id, exception.fix), ("open", self.shop, "connection")
        )
        self.assertIn("Payments of orders", exception.what)
        self.assertIn(self.administrator, exception.activity_ids.user_id)
        self.assertNotIn(self.stranger, exception.activity_ids.user_id)
        leaf = (
            self.env["integration.audit.leaf"]
            .sudo()
            .search([("action", "=", "flow.gained"), ("res_id", "=", flow.id)])
        )
        self.assertEqual((len(leaf), leaf.detail), (1, "in order_payment"))

    def test_the_reminder_ends_with_the_decision(self):
        [flow] = self.upgrade()
        flow.with_user(self.administrator)._change_state("shadow", "look at it first")
        exception = self.told(flow)
        self.assertEqual(exception.state, "resolved")
        self.assertFalse(exception.activity_ids)

    def test_going_live_still_needs_a_second_person(self):
        [flow] = self.upgrade()
        with self.assertRaises(UserError):
            flow.with_user(self.administrator)._change_state("live", "we need it")
        self.assertEqual((flow.state, self.told(flow).state), ("draft", "open"))

    def test_what_was_retired_is_not_added_again(self):
        [flow] = self.upgrade()
        flow._change_state("retired", "not needed")
        self.assertFalse(self.upgrade())
        self.assertEqual(flow.state, "retired")

    def test_archived_connections_and_portions(self):
        archived = self._connection("shopify", "Old shop")
        self.older(archived, "order", "fulfilment")
        archived.active = False
        with patch.object(flow_gain, "PORTION", 1):
            added = self.upgrade()
        self.assertEqual(
            sorted((flow.connection_id.name, flow.kind) for flow in added),
            [("Old shop", "fulfilment"), ("Old shop", "order"), ("Shop", "order_payment")],
        )
        self.assertEqual(set(added.mapped("state")), {"draft"})

    def test_questions_and_events_out_are_flows_too(self):
        wanted = set(self.partner_connection._wanted_flows())
        spec = self.partner_connection._spec()
        self.assertLessEqual({("in", kind) for kind in spec.queries}, wanted)
        kinds = {flow.kind for flow in self.partner_connection.flow_ids}
        self.older(self.partner_connection, spec.queries[0])
        added = self.upgrade().filtered(lambda flow: flow.connection_id == self.partner_connection)
        self.assertEqual((added.kind, added.state), (spec.queries[0], "draft"))
        self.assertEqual({flow.kind for flow in self.partner_connection.flow_ids}, kinds)

    def test_a_connector_that_is_gone_is_left_alone(self):
        known = dict(flow_gain.all_connectors())
        known.pop("shopify")
        with patch.object(flow_gain, "all_connectors", return_value=known):
            self.assertFalse(self.upgrade())


class TestAuditTrailOfOlderVersions(IntegrationCommon):
    def test_a_draft_can_be_deleted_in_an_upgraded_database_too(self):
        """Older versions tied each audit entry to its connection for ever."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            ALTER TABLE integration_audit_leaf ADD CONSTRAINT integration_audit_leaf_connection_id_fkey
                FOREIGN KEY (connection_id) REFERENCES integration_connection(id) ON DELETE RESTRICT NOT VALID;
            CREATE INDEX integration_audit_leaf__company_id_index ON integration_audit_leaf (company_id)
            """
        )
        for _time in range(2):
            run_script(self.env, TRAIL_SCRIPT)
        self.env.cr.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'integration_audit_leaf'::regclass"
            " AND contype = 'f' AND conname LIKE '%connection%'"
        )
        self.assertEqual(self.env.cr.fetchall(), [])
        draft = self._connection("generic", "Never used")
        leaves = self.env["integration.audit.leaf"].sudo()
        before = leaves.search_count([("connection_id", "=", draft.id)])
        self.assertTrue(before)
        draft_id = draft.id
        draft.unlink()
        self.env.flush_all()
        # That it was deleted is recorded, too.
        self.assertEqual(leaves.search_count([("connection_id", "=", draft_id)]), before + 1)
