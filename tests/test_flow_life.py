# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Life of a flow: only permitted changes, a second person before anything is booked, all written down (E13, M4)."""

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..engine.flow_life import CHANGES, STATES
from ..simulators.partner import documents
from .common import ANNA, BEN, IntegrationCommon


class FlowCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        facts = {
            "company_id": cls.company.id,
            "company_ids": [(6, 0, cls.company.ids)],
            "tz": "America/New_York",
        }
        group = "finance_integration.group_%s"
        cls.administrator = new_test_user(cls.env, "flow_admin", groups=group % "administrator", **facts)
        cls.operator = new_test_user(cls.env, "flow_operator", groups=group % "operator", **facts)
        cls.approver = new_test_user(cls.env, "flow_approver", groups=group % "approver", **facts)
        cls.auditor = new_test_user(cls.env, "flow_auditor", groups=group % "auditor", **facts)

    def flow(self, kind="invoice", connection=None, direction="in"):
        return (connection or self.partner_connection).flow_ids.filtered(
            lambda flow: (flow.kind, flow.direction) == (kind, direction)
        )

    def invoice_event(self, number, party=ANNA, amount="1000.00", tax=True, when=None, drain=True, **more):
        line = documents.Line(
            "Advice", documents.Decimal(1), documents.Decimal(amount), ("STD",) if tax else ()
        )
        when = when or self.clock.now
        document = documents.invoice(number, party, [line], when, due_date=when.date()) | more
        return self.send_partner("invoice.issued", document, drain=drain)

    def step(self, flow, target, user=None, reason="because", **facts):
        """Press through the dialog as ``user``; returns its action."""
        wizard = (
            self.env["integration.flow.step"]
            .with_user(user or self.administrator)
            .with_context(default_flow_id=flow.id)
            .create({"flow_id": flow.id, "target": target, "reason": reason, **facts})
        )
        action = wizard.action_confirm()
        self.env.invalidate_all()
        return action

    def approve(self, flow, user=None):
        request = flow.open_change_id
        self.assertEqual(len(request), 1)
        request.with_user(user or self.approver).action_approve()
        self.env.invalidate_all()
        return request

    def put(self, flow, state):
        """Put a flow into a state by the shortest permitted way."""
        ways = {
            "draft": {
                "live": ["shadow", "draft"],
                "shadow": ["draft"],
                "retired": ["draft"],
                "paused": ["shadow", "draft"],
            },
            "shadow": {
                "live": ["shadow"],
                "draft": ["shadow"],
                "paused": ["shadow"],
                "retired": ["draft", "shadow"],
            },
            "paused": {"live": ["paused"]},
            "retired": {"live": ["retired"]},
        }
        for target in ways.get(state, {}).get(flow.state, []):
            self.step(flow, target)
            if flow.open_change_id:
                self.approve(flow)
        self.assertEqual(flow.state, state)

    def leaves(self, record):
        rows = self.env["integration.audit.leaf"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)], order="id"
        )
        return [(row.action, row.user_id, row.detail) for row in rows]

    def booked(self, reference):
        return self.env["account.move"].search_count([("ref", "=", reference), ("state", "=", "posted")])


class TestFlowLife(FlowCommon):
    def test_flows_of_production_begin_as_draft_and_those_of_a_test_live(self):
        facts = {"connector": "generic", "company_id": self.company.id, "time_zone": "UTC"}
        Connection = self.env["integration.connection"]
        production = Connection.create({"name": "Real", "environment": "production", **facts})
        sandbox = Connection.create({"name": "Trial", "environment": "sandbox", **facts})
        self.assertEqual(set(production.flow_ids.mapped("state")), {"draft"})
        self.assertEqual(set(sandbox.flow_ids.mapped("state")), {"live"})
        sandbox.environment = "production"
        self.assertEqual(set(sandbox.flow_ids.mapped("state")), {"draft"})
        self.assertIn("flow.back_to_draft", [row[0] for row in self.leaves(sandbox.flow_ids[0])])

    def test_the_state_is_written_by_its_method_alone(self):
        flow = self.flow()
        for user in (self.env.user, self.administrator):
            with self.assertRaisesRegex(AccessError, "by the hub alone"):
                flow.with_user(user).write({"state": "paused"})
            with self.assertRaisesRegex(UserError, "only through its buttons"):
                flow.with_user(user).sudo().write({"state": "paused"})
        values = {
            "connection_id": flow.connection_id.id,
            "kind": "invoice",
            "direction": "in",
            "state": "live",
        }
        with self.assertRaisesRegex(AccessError, "by the hub alone"):
            self.env["integration.flow"].with_user(self.administrator).create(values)
        with self.assertRaisesRegex(UserError, "only through its buttons"):
            self.env["integration.flow"].sudo().create(values)
        self.assertEqual(flow.state, "live")

    def test_each_change_outside_the_table_is_refused_with_a_sentence(self):
        flow = self.flow()
        permitted = {(change.source, change.target) for change in CHANGES}
        for source in ("live", "paused", "shadow", "draft", "retired"):
            if flow.state != source:
                self.put(flow, "draft")
                if source != "draft":
                    for target in {
                        "paused": ["live", "paused"],
                        "shadow": ["shadow"],
                        "retired": ["retired"],
                    }[source]:
                        self.step(flow, target)
                        if flow.open_change_id:
                            self.approve(flow)
            for target in set(STATES) - {target for start, target in permitted if start == source}:
                with self.assertRaisesRegex(UserError, "cannot become"):
                    flow.sudo()._change_state(target, "try")
                self.assertEqual(flow.state, source)

    def test_going_live_needs_another_person_who_is_an_approver(self):
        flow = self.flow()
        self.put(flow, "draft")
        with self.assertRaisesRegex(UserError, "needs the approval"):
            flow.sudo()._change_state("live", "quickly")
        self.step(flow, "live", user=self.approver, reason="tested for a month")
        request = flow.open_change_id
        self.assertEqual((flow.state, request.state, request.requester_id), ("draft", "asked", self.approver))
        with self.assertRaisesRegex(UserError, "own request"):
            request.with_user(self.approver).action_approve()
        for user in (self.operator, self.administrator, self.auditor):
            with self.assertRaises(AccessError):
                request.with_user(user).action_approve()
        with self.assertRaisesRegex(AccessError, "by the hub alone"):
            request.with_user(self.approver).write({"state": "approved"})
        with self.assertRaisesRegex(UserError, "never edited"):
            request.with_user(self.approver).sudo().write({"state": "approved"})
        self.assertEqual((flow.state, request.state), ("draft", "asked"))
        second = new_test_user(
            self.env, "flow_second", groups="finance_integration.group_approver", company_id=self.company.id
        )
        request.with_user(second).action_approve()
        self.env.invalidate_all()
        self.assertEqual((flow.state, flow.approved_by_id, request.approver_id), ("live", second, second))
        with self.assertRaisesRegex(UserError, "decided already"):
            request.with_user(second).action_refuse("Too late")
        actions = self.leaves(flow)
        self.assertEqual(actions[-1][:2], ("flow.go_live", second))
        self.assertIn("tested for a month", actions[-1][2])
        self.assertEqual(
            [row[:2] for row in self.leaves(request)],
            [("change.ask", self.approver), ("change.approve", second)],
        )

    def test_the_database_itself_refuses_one_person_in_both_roles(self):
        flow = self.flow()
        self.put(flow, "draft")
        self.step(flow, "live")
        request = flow.open_change_id
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            request.sudo().write({"approver_id": request.requester_id.id})
        for query in (
            "UPDATE integration_change_request SET approver_id = requester_id WHERE id = %s",
            "UPDATE integration_change_request SET state = 'approved' WHERE id = %s",
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(query, [request.id])
        self.assertEqual(flow.state, "draft")

    def test_an_approval_of_something_else_is_no_approval(self):
        flow, other = self.flow(), self.flow("customer")
        self.put(flow, "draft")
        self.put(other, "draft")
        self.step(other, "live")
        request = self.approve(other)
        with self.assertRaisesRegex(UserError, "needs the approval"):
            flow.sudo()._change_state("live", "with a borrowed approval", request)
        self.assertEqual((flow.state, other.state), ("draft", "live"))

    def test_a_refused_and_a_withdrawn_request_change_nothing(self):
        flow = self.flow()
        self.put(flow, "draft")
        self.step(flow, "live")
        with self.assertRaisesRegex(UserError, "waits for approval already"):
            self.step(flow, "live")
        flow.open_change_id.with_user(self.approver).action_refuse("Not before the audit")
        self.env.invalidate_all()
        self.assertEqual((flow.state, flow.change_ids[0].state), ("draft", "refused"))
        self.step(flow, "live")
        with self.assertRaisesRegex(UserError, "Only who asked"):
            flow.open_change_id.with_user(self.approver).action_withdraw()
        flow.open_change_id.with_user(self.administrator).action_withdraw()
        self.env.invalidate_all()
        self.assertEqual((flow.state, flow.change_ids[0].state), ("draft", "withdrawn"))

    def test_pausing_and_going_on_is_one_persons_and_keeps_the_order(self):
        flow = self.flow()
        with self.assertRaisesRegex(UserError, "Say why"):
            flow.sudo()._change_state("paused", "  ")
        with self.assertRaises(AccessError):
            self.step(flow, "paused", user=self.auditor)
        self.step(flow, "paused", user=self.operator, reason="month end")
        self.assertEqual((flow.state, flow.state_reason), ("paused", "month end"))
        messages = self.invoice_event("L-1") | self.invoice_event("L-2", BEN)
        self.assertEqual(messages.mapped("status"), ["ready", "ready"])
        self.assertEqual((self.booked("L-1"), self.booked("L-2")), (0, 0))
        customer = self.send_partner("customer.updated", documents.customer(BEN, self.clock.now))
        self.assertEqual(customer.status, "done", "other flows go on")
        self.step(flow, "live", user=self.operator)
        self.drain(self.partner_connection)
        self.assertEqual(messages.mapped("status"), ["done", "done"])
        first, second = (self.became(message, "account.move") for message in messages)
        self.assertLess(first.id, second.id)

    def test_what_is_told_during_a_pause_goes_out_afterwards(self):
        connection = self.partner_connection
        connection.write({"delivery_url": "https://partner.example/in"})
        flow = self.flow("event.invoice_posted", direction="out")
        self.step(flow, "paused", user=self.operator)
        self.issue("L-1")
        sendable = self.root["integration.delivery"]._sendable_part
        told = self.env["integration.message"].search([("flow_id", "=", flow.id)])
        self.assertEqual((len(told), told.status), (1, "ready"))
        self.assertFalse(self.count(sendable(connection.id)))
        self.step(flow, "live", user=self.operator)
        self.assertEqual(self.count(sendable(connection.id)), 1)
        self.put(flow, "draft")
        self.issue("L-2")
        self.assertEqual(self.env["integration.message"].search([("flow_id", "=", flow.id)]), told)

    def count(self, part):
        self.env.flush_all()
        self.env.cr.execute("SELECT count(*) " + part.code, part.params)
        return self.env.cr.fetchone()[0]

    def test_a_draft_keeps_events_and_does_nothing(self):
        flow = self.flow()
        self.put(flow, "draft")
        message = self.invoice_event("L-1")
        self.assertEqual((message.status, message.stage, message.attempt_count), ("ready", "received", 0))
        drain = self.root["integration.drain"]
        self.assertFalse(drain._ready_rows(flow.lane_id.id, 10))
        self.step(flow, "live")
        self.approve(flow)
        self.drain(self.partner_connection)
        self.assertEqual((message.status, self.booked("L-1")), ("done", 1))

    def test_a_retired_flow_records_and_books_nothing(self):
        flow = self.flow()
        self.put(flow, "retired")
        message = self.invoice_event("L-1")
        self.assertEqual((message.status, message.stage, message.kept_as), ("done", "transformed", "retired"))
        self.assertIn("retired", message.state_label)
        self.assertEqual(self.booked("L-1"), 0)
        self.assertFalse(self.exceptions())

    def test_what_a_live_flow_books_changes_only_with_a_second_person(self):
        flow = self.flow()
        with self.assertRaisesRegex(UserError, "approval of a second person"):
            flow.with_user(self.administrator).start_date = "2026-01-01"
        flow.with_user(self.administrator).write(
            {"start_date": False, "history_policy": "keep", "sla_hours": 5}
        )
        self.assertEqual(self.leaves(flow)[-1], ("flow.settings", self.administrator, "sla_hours: 24 → 5"))
        self.step(flow, target=None, subject="history", start_date="2026-02-01", history_policy="reference")
        self.assertFalse(flow.start_date)
        self.approve(flow)
        self.assertEqual((str(flow.start_date), flow.history_policy), ("2026-02-01", "reference"))
        self.assertEqual(self.leaves(flow)[-1][1], self.approver)
