# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Published contracts, what a flow has agreed to, and what has changed at the source (M4)."""

import copy
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user

from ..engine.canonical.registry import KINDS
from ..engine.canonical.schemas import json_schema
from ..engine.shape import GONE_AFTER, LEARN_SAMPLES
from ..models.governance import source_shape
from ..models.messaging.error_words import KINDS as SENTENCE_KINDS
from ..simulators.partner.documents import Party, customer
from .master_common import GROUP, MasterCommon


class TestContracts(MasterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = new_test_user(
            cls.env,
            "m_administrator",
            groups=GROUP % "administrator",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def contract(self, kind="customer", version="1"):
        return self.env["integration.contract"].search([("kind", "=", kind), ("version", "=", version)])

    def second_version(self, **edits):
        """Publish a second version of the customer, as a later release of the hub would."""
        schema = copy.deepcopy(json_schema("customer", "1"))
        for name, form in edits.items():
            if form is None:
                del schema["properties"][name]
            else:
                schema["properties"][name] = form
        schema["$id"] = "urn:finance-integration:contract:customer:2"
        return (
            self.root["integration.contract"]._publish_one(None, "customer", "2", schema).with_env(self.env)
        )

    def flow(self, connection=None):
        connection = connection or self.partner_connection
        return connection.flow_ids.filtered(lambda flow: (flow.direction, flow.kind) == ("in", "customer"))

    def step(self, contract, user=None, reason="Agreed with the partner"):
        return (
            self.env["integration.contract.step"]
            .with_user(user or self.administrator)
            .create({"flow_id": self.flow().id, "contract_id": contract.id, "reason": reason})
        )

    def test_every_kind_is_published_with_its_fields_and_their_protection(self):
        contracts = self.env["integration.contract"].search([])
        self.assertEqual(
            {(row.kind, row.version) for row in contracts},
            {(kind, version) for kind, versions in KINDS.items() for version in versions},
        )
        contract = self.contract()
        lines = {line.path: line for line in contract.field_ids}
        self.assertEqual((lines["name"].required, lines["name"].classification), (True, "confidential"))
        self.assertEqual((lines["email"].required, lines["email"].types), (False, "text"))
        self.assertEqual(lines["email"].limits, "at most 1000 characters")
        movement = {line.path: line for line in self.contract("movement").field_ids}
        self.assertIn("an exact decimal number", movement["amount.value"].limits)
        self.assertEqual(lines["status"].values, "active, archived")
        self.assertIn("address.city", lines)
        self.assertIn('"name"', contract.schema_text)
        digest = contract.digest
        self.root["integration.contract"]._publish()
        self.assertEqual((contract.digest, len(contract.field_ids)), (digest, len(lines)))

    def test_contracts_are_called_by_words_and_never_by_keys(self):
        contracts = self.env["integration.contract"].search([])
        words = dict(contracts._fields["kind"]._description_selection(self.env))
        self.assertEqual(set(words), set(KINDS))
        bare = [kind for kind, label in words.items() if label == kind or "." in label or "_" in label]
        self.assertEqual(bare, [])
        self.assertEqual({kind for kind in KINDS if "." not in kind} - set(SENTENCE_KINDS), set())
        contract = self.contract()
        self.assertEqual(contract.display_name, "Customers, version 1")
        self.assertEqual(self.contract("event.invoice_posted").display_name, "Invoice posted, version 1")
        groups = contracts.formatted_read_group([("kind", "in", ("customer", "invoice"))], ["kind"])
        self.assertEqual([group["kind"] for group in groups], ["customer", "invoice"])
        # The filters of the list look for keys.
        for domain, kinds in (
            ([("kind", "not like", ".")], {kind for kind in KINDS if "." not in kind}),
            ([("kind", "=like", "event.%")], {kind for kind in KINDS if kind.startswith("event.")}),
        ):
            self.assertEqual(set(contracts.search(domain).mapped("kind")), kinds)
        # What a machine is told, and what is kept, stays the key.
        self.assertEqual((contract.name, contract.kind), ("customer v1", "customer"))
        flow = self.flow()
        exception = self.root["integration.exception"]._raise_cause(
            flow.connection_id,
            "contract_not_agreed",
            {"source": "CRM", "kind": "order_line", "version": "2", "agreed": "1"},
            "words",
        )
        self.assertIn("line of an order", exception.what)
        self.assertNotIn("order_line", exception.what)

    def test_what_is_published_is_never_edited_or_made_by_hand(self):
        contract = self.contract()
        for refused in (
            lambda: contract.write({"schema": {}}),
            lambda: contract.with_context(integration_contract=True).write({"version": "9"}),
            contract.unlink,
            lambda: self.env["integration.contract"].create({"kind": "customer", "version": "9"}),
        ):
            with self.assertRaises(UserError):
                refused()
        with self.assertRaises(AccessError):
            contract.with_user(self.operator).write({"deprecated_on": "2026-01-01"})
        with self.assertRaises(ValidationError):
            contract.with_user(self.administrator).write({"withdrawn_on": "2026-01-01"})

    def test_a_flow_carries_the_newest_contract_of_its_kind(self):
        self.assertEqual(self.flow().contract_id, self.contract())
        with self.assertRaises(UserError):
            self.flow().contract_id = self.contract("invoice")

    def test_a_compatible_version_is_taken_at_once(self):
        version = self.second_version(nickname={"type": "string", "maxLength": 10})
        self.assertEqual(version.previous_id, self.contract())
        self.assertIn("nickname", version.changes_html)
        self.assertEqual((self.contract().state, version.state), ("older", "current"))
        step = self.step(version)
        self.assertEqual((step.breaking_count, step.needs_approval), (0, False))
        step.action_confirm()
        self.assertEqual(self.flow().contract_id, version)

    def test_a_breaking_version_needs_a_second_person(self):
        version = self.second_version(email=None)
        flow = self.flow()
        self.assertEqual(flow.state, "live")
        with self.assertRaises(UserError):
            flow.with_user(self.administrator).contract_id = version
        with self.assertRaises(UserError):
            flow.with_user(self.administrator).with_context(integration_flow_life=True).contract_id = version
        with self.assertRaises(UserError):
            self.step(version, reason=" ").action_confirm()
        step = self.step(version)
        self.assertEqual((step.breaking_count, step.needs_approval), (1, True))
        action = step.action_confirm()
        request = self.env["integration.change.request"].browse(action["res_id"])
        self.assertEqual(flow.contract_id, self.contract())
        self.assertIn("email", request.summary)
        request.with_user(self.approver).action_approve()
        self.assertEqual(flow.contract_id, version)
        leaf = self.env["integration.audit.leaf"].search([("action", "=", "flow.contract")], limit=1)
        self.assertEqual(leaf.detail, "customer v1 → customer v2")

    def test_an_outdated_contract_warns_the_flows_that_use_it(self):
        version = self.second_version(nickname={"type": "string", "maxLength": 10})
        today = fields.Date.context_today(self.env.user)
        self.contract().with_user(self.administrator).write(
            {"deprecated_on": today, "withdrawn_on": today + timedelta(days=90)}
        )
        self.assertEqual(self.contract().state, "outdated")
        exceptions = self.exceptions("contract_deprecated")
        users = self.contract().flow_ids.filtered(lambda flow: flow.company_id == self.company)
        self.assertLessEqual(self.flow() | self.flow(self.crm), users)
        self.assertEqual(exceptions.flow_id, users)
        self.assertIn("Customers, version 1", self.flow().governance_missing)
        self.step(version).action_confirm()
        self.assertEqual(self.exceptions("contract_deprecated").flow_id, users - self.flow())
        self.contract().with_user(self.administrator).write({"deprecated_on": False, "withdrawn_on": False})
        self.assertFalse(self.exceptions("contract_deprecated"))

    def test_another_version_than_agreed_is_booked_and_told(self):
        self.step(self.second_version(nickname={"type": "string", "maxLength": 10})).action_confirm()
        message = self.tell(self.partner_connection)
        self.assertEqual(message.status, "done")
        exception = self.exceptions("contract_not_agreed")
        self.assertEqual(len(exception), 1)
        self.assertIn("version 1; agreed is version 2", exception.what)
        self.tell(self.partner_connection, version=2)
        self.assertEqual(len(self.exceptions()), 1)

    def test_what_a_flow_lacks_is_said_and_searched(self):
        flow = self.flow()
        self.assertTrue(flow.lacks_agreement)
        self.assertIn(flow, self.env["integration.flow"].search([("lacks_agreement", "=", True)]))
        flow.write(
            {
                "user_id": self.env.uid,
                "runbook_url": "https://wiki.example/customers",
                "sla_hours": 8,
                "retention_days": 400,
                "contract_id": self.contract().id,
            }
        )
        self.assertFalse(flow.governance_missing)
        self.assertNotIn(flow, self.env["integration.flow"].search([("lacks_agreement", "=", True)]))
        flow.user_id = False
        self.assertIn("owner", flow.governance_missing)

    def test_the_approver_of_going_live_sees_what_is_missing(self):
        flow = self.flow()
        flow._change_state("paused", "Rest")
        step = self.env["integration.flow.step"].new({"flow_id": flow.id, "target": "live"})
        self.assertIn("runbook", step._seen(flow))
        step.target = "retired"
        self.assertFalse(step._seen(flow))


class TestSourceChanges(MasterCommon):
    def setUp(self):
        super().setUp()
        source_shape.forget()
        self.addCleanup(source_shape.forget)
        self.number = 0

    def send(self, times=1, **facts):
        messages = self.env["integration.message"]
        for _time in range(times):
            self.number += 1
            party = Party(f"D-{self.number}", f"Shop {self.number}", f"d{self.number}@x.example")
            messages |= self.tell(self.partner_connection, party, **facts)
        return messages

    def learned(self):
        self.send(LEARN_SAMPLES)
        shape = self.env["integration.source.shape"].search([])
        self.assertEqual((len(shape), shape.event_type, shape.is_learned), (1, "customer.updated", True))
        self.assertFalse(shape.open_count)
        return shape

    def remember(self):
        """Let the process remember what it would after a commit."""
        key = (self.partner_connection.id, "customer.updated")
        _shape, memory = self.root["integration.source.shape"]._load(*key)
        source_shape._MEMORY[(self.env.cr.dbname, *key)] = memory

    def changed(self):
        return self.env["integration.source.field"].search([("state", "!=", "known")])

    def test_what_is_usual_is_learned_without_a_word(self):
        shape = self.learned()
        paths = set(shape.field_ids.mapped("path"))
        self.assertLessEqual({"data.name", "data.address.city", "data.source.object_id"}, paths)
        self.assertFalse(self.exceptions())

    def test_a_new_field_and_another_type_are_told_and_seen(self):
        self.learned()
        message = self.send(note="A word")
        row = self.changed()
        self.assertEqual((row.path, row.state, row.message_id), ("data.note", "new", message))
        exception = self.exceptions("source_changed")
        self.assertEqual((exception.severity, exception.fix), ("low", "drift"))
        self.send(note="Another")
        self.assertEqual(self.changed(), row)
        action = exception.action_open_source_changes()
        self.assertEqual(self.env["integration.source.field"].search(action["domain"]), row)
        row.with_user(self.operator).action_accept()
        self.assertEqual(
            (row.state, row.accepted_by_id, exception.state), ("known", self.operator, "resolved")
        )
        self.send(note="And another")
        self.assertFalse(self.changed())

    def test_a_field_of_which_the_contract_knows_nothing_is_refused_and_still_noticed_by_none(self):
        self.learned()
        message = self.send(shoe_size=43)
        self.assertEqual(message.error_code, "schema_violation")
        self.assertFalse(self.changed())

    def test_a_field_that_stays_away_is_told_and_settled(self):
        self.learned()
        self.remember()
        for _round in range(GONE_AFTER):
            self.number += 1
            document = customer(Party(f"E-{self.number}", "E", f"e{self.number}@x.example"), self.clock.now)
            del document["reference"]
            self.send_partner("customer.updated", document)
        row = self.changed()
        self.assertEqual((row.path, row.state), ("data.reference", "gone"))
        exception = self.exceptions("source_changed")
        exception.with_user(self.operator).action_mark_resolved()
        self.assertEqual((exception.state, row.state, row.is_steady), ("resolved", "known", False))

    def test_an_auditor_looks_and_says_nothing(self):
        self.learned()
        self.send(note="A word")
        auditor = new_test_user(
            self.env,
            "m_auditor2",
            groups=GROUP % "auditor",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self.changed().with_user(auditor).action_accept()
        self.assertEqual(self.changed().state, "new")

    def test_a_batch_costs_no_statement_once_known(self):
        self.learned()
        self.remember()
        works = []
        for number in range(30):
            party = Party(f"F-{number}", f"F {number}", f"f{number}@x.example")
            works.append(self.send_partner("customer.updated", customer(party, self.clock.now), drain=False))
        key = (self.env.cr.dbname, self.partner_connection.id, "customer.updated")
        seen = source_shape._MEMORY[key].samples
        self.drain(self.partner_connection)
        self.assertEqual(source_shape._MEMORY[key].samples, seen + 3)
        self.assertFalse(self.changed())


class TestNothingIsLooked(MasterCommon):
    def test_a_rehearsal_leaves_no_trace_at_the_source(self):
        message = self.tell(self.partner_connection)
        before = self.env["integration.source.shape"].search([]).samples
        self.env["integration.rehearsal"]._rehearse(message.ids)
        self.assertEqual(self.env["integration.source.shape"].search([]).samples, before)
