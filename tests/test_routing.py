# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One outside account for several companies (C5, ADR 0047): each event is booked once, in the company of its rule."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import UserError, ValidationError

from ..simulators.partner import documents
from .common import ANNA
from .mapping_common import MappingCommon


class RoutingCommon(MappingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company(name="Anna GmbH")["company"]
        cls.env.user.company_ids |= cls.other
        cls.branch = cls._branch(cls.partner_connection, "Partner platform GmbH")
        tax = cls.env["account.tax"].create(
            {"name": "Umsatzsteuer", "amount": 15.0, "type_tax_use": "sale", "company_id": cls.other.id}
        )
        cls.env["integration.mapping"].create(
            {"connection_id": cls.branch.id, "mapping": "tax", "outside_value": "STD", "tax_id": tax.id}
        )
        cls.branch.action_activate()

    @classmethod
    def _branch(cls, source, name, **values):
        branch = cls.env["integration.connection"].create(
            {
                "name": name,
                "connector": source.connector,
                "company_id": cls.other.id,
                "environment": "test",
                "time_zone": "America/New_York",
                "routed_from_id": source.id,
                **values,
            }
        )
        branch.action_propose_accounting()
        return branch

    def rule(self, code, company, **facts):
        """Return a line of a proposal: what ``code`` says belongs to ``company``."""
        return self.line(code, "company", legal_entity_id=company.id, **facts)

    def two_entities(self):
        self.change_mapping(self.rule("US01", self.company), self.rule("DE01", self.other))

    def bring(self, number, entity=None, version=1, **facts):
        """Bring in an invoice of a legal entity and work both lanes off; returns its message where it came in."""
        document = documents.invoice(
            number,
            ANNA,
            [documents.Line("Advice", Decimal(1), Decimal("100.00"), ("STD",))],
            self.clock.now,
            due_date=date(2026, 12, 31),
            version=version,
            **facts,
        )
        if entity:
            document["source"]["entity"] = entity
        message = self.send_partner("invoice.issued", document)
        self.drain(self.branch)
        return message

    def handed(self, branch=None):
        """Return the events that were handed over."""
        return self.root["integration.message"].search([("connection_id", "=", (branch or self.branch).id)])

    def moves(self, company):
        return self.root["account.move"].search(
            [("company_id", "=", company.id), ("integration_connection_id", "!=", False)]
        )


class TestRouting(RoutingCommon):
    def test_each_event_is_booked_in_its_company_by_that_companys_user(self):
        self.two_entities()
        own = self.bring("P-1", "US01")
        theirs = self.bring("P-2", "DE01")
        self.assertEqual((own.status, theirs.status), ("done", "done"), self.stopped())
        self.assertIn("Belongs to Anna GmbH by the rule “DE01”", theirs.error_text)
        self.assertFalse(theirs.effect_ids)
        [handed] = self.handed()
        self.assertEqual((handed.status, handed.origin, handed.company_id), ("done", "handed", self.other))
        self.assertEqual(handed.correlation_id, theirs.correlation_id)
        [here], [there] = self.moves(self.company), self.moves(self.other)
        self.assertEqual((here.ref, there.ref), ("P-1", "P-2"))
        self.assertEqual(
            (there.state, there.amount_total, there.create_uid),
            ("posted", 115.0, self.branch.service_user_id),
        )
        self.assertEqual(self.branch.service_user_id.company_ids, self.other)
        self.assertEqual(self.partner_connection.service_user_id.company_ids, self.company)

    def test_told_twice_it_is_handed_over_once(self):
        self.two_entities()
        self.bring("P-2", "DE01")
        message = self.bring("P-2", "DE01")
        self.assertEqual(message.status, "done")
        self.assertEqual((len(self.handed()), len(self.moves(self.other))), (1, 1))

    def test_without_a_rule_nothing_is_booked_anywhere_until_one_is_approved(self):
        self.two_entities()
        messages = self.bring("P-3", "FR01") | self.bring("P-4")
        for message in messages:
            self.assertEqual(self.outcome(message), ("parked", "legal_entity_unknown"))
        self.assertFalse(self.moves(self.company) | self.moves(self.other))
        self.assertFalse(self.handed())
        change = self.propose(self.rule("FR01", self.other), self.rule("*", self.company))
        change.action_ask()
        self.drain(self.partner_connection)
        self.assertEqual(set(messages.mapped("status")), {"parked"}, "asked for is not approved")
        change.request_id.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.drain(self.partner_connection)
        self.drain(self.branch)
        self.assertEqual(set(messages.mapped("status")), {"done"}, self.stopped())
        self.assertEqual(self.moves(self.other).mapped("ref"), ["P-3"])
        self.assertEqual(self.moves(self.company).mapped("ref"), ["P-4"])

    def test_what_counts_for_no_entity_never_takes_a_name_that_nobody_knows(self):
        self.change_mapping(self.rule("*", self.other))
        self.assertEqual(
            self.outcome(self.bring("P-5", "DE-typing-error")), ("parked", "legal_entity_unknown")
        )
        self.assertEqual(self.bring("P-6").status, "done")
        self.assertEqual(self.moves(self.other).mapped("ref"), ["P-6"])

    def test_a_rule_counts_from_its_day(self):
        self.change_mapping(
            self.rule("X", self.company, valid_until=date(2026, 3, 1)),
            self.rule("Y", self.other, valid_from=date(2026, 3, 2)),
        )
        self.assertEqual(self.outcome(self.bring("P-7", "X")), ("parked", "mapping_expired"))
        self.assertEqual(self.bring("P-8", "Y").status, "done")
        self.assertEqual(self.moves(self.other).mapped("ref"), ["P-8"])

    def test_what_one_company_has_booked_is_not_booked_in_another(self):
        self.two_entities()
        self.bring("P-9", "US01")
        self.change_mapping(self.rule("US01", self.other), reason="Belongs to the GmbH")
        newer = self.bring("P-9", "US01", version=2)
        self.assertEqual(self.outcome(newer), ("parked", "legal_entity_moved"))
        self.assertEqual(self.moves(self.company).mapped("ref"), ["P-9"])
        self.assertFalse(self.moves(self.other))

    def test_a_company_without_a_connection_that_is_switched_on(self):
        third = self.env["res.company"].create({"name": "Third"})
        self.change_mapping(self.rule("T", third), self.rule("D", self.other))
        self.assertEqual(self.outcome(self.bring("P-1", "T")), ("parked", "legal_entity_not_connected"))
        self.branch.sudo().state = "draft"
        self.assertEqual(self.outcome(self.bring("P-2", "D")), ("parked", "legal_entity_not_connected"))
        self.assertFalse(self.handed())

    def test_paused_it_waits_there(self):
        self.two_entities()
        self.branch.action_pause()
        self.assertEqual(self.bring("P-1", "DE01").status, "done")
        [handed] = self.handed()
        self.assertEqual(handed.status, "ready")
        self.branch.action_activate()
        self.env.flush_all()
        self.drain(self.branch)
        self.assertEqual(self.moves(self.other).mapped("ref"), ["P-1"])

    def test_the_test_box_says_where_it_would_go_and_leaves_nothing(self):
        self.two_entities()
        message = self.bring("P-1", "DE01")
        before = self.root["integration.message"].search_count([])
        box = (
            self.env["integration.test.box"]
            .with_user(self.operator)
            .create({"connection_id": self.partner_connection.id, "message_id": message.id})
        )
        box.action_show()
        self.assertIn("Belongs to Anna GmbH", box.explanation)
        self.assertEqual(self.root["integration.message"].search_count([]), before)

    def test_the_question_names_company_connection_and_rule(self):
        self.two_entities()
        ask = self.env["integration.routing.question"]
        facts = {"connection_id": self.partner_connection.id, "day": date(2026, 3, 2)}
        answer = ask.create({**facts, "entity": "DE01"})
        self.assertEqual(
            (answer.target_company, answer.target_connection, answer.rule),
            ("Anna GmbH", "Partner platform GmbH", "DE01"),
        )
        unknown = ask.create({**facts, "entity": "FR01"})
        self.assertFalse(unknown.target_company)
        self.assertIn("no rule says to which company", unknown.explanation)
        single = ask.create({**facts, "connection_id": self.stripe_connection.id})
        self.assertEqual(single.target_company, self.company.name)


class TestRoutingByCurrency(RoutingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        cls.money = cls._branch(cls.stripe_connection, "Stripe GmbH")
        cls.money._propose_balance_account(cls.euro)
        cls.money.balance_account_ids.filtered(lambda row: row.currency_id != cls.euro).unlink()
        cls.money.action_activate()

    def rules(self, *lines):
        change = (
            self.env["integration.mapping.change"]
            .with_user(self.administrator)
            .create(
                {
                    "connection_id": self.stripe_connection.id,
                    "reason": "Who owns which balance",
                    "line_ids": [(0, 0, line) for line in lines],
                }
            )
        )
        self.approve(change)

    def test_money_goes_to_the_company_that_owns_the_balance(self):
        self.rules(self.rule("@USD", self.company), self.rule("@EUR", self.other))
        self.stripe.charge(5000, "usd")
        self.stripe.charge(7000, "eur")
        self.send_stripe()
        self.drain(self.money)
        movements = self.root["integration.movement"].search([("type", "=", "payment")])
        self.assertEqual(
            sorted((row.company_id.name, row.currency_id.name, row.amount) for row in movements),
            sorted([(self.company.name, "USD", 50.0), ("Anna GmbH", "EUR", 70.0)]),
            self.stopped(),
        )
        lines = self.root["account.bank.statement.line"].search(
            [("integration_connection_id", "=", self.money.id)]
        )
        self.assertEqual(lines.journal_id, self.money.balance_account_ids.journal_id)

    def test_without_a_rule_for_the_currency_no_company_gets_it(self):
        self.rules(self.rule("@USD", self.company))
        self.stripe.charge(7000, "eur")
        messages = self.send_stripe().filtered(lambda message: message.event_type.startswith("charge."))
        self.assertEqual(set(messages.mapped("error_code")), {"legal_entity_unknown"})
        self.assertFalse(self.root["integration.movement"].search([("type", "=", "payment")]))


class TestRoutingSetUp(RoutingCommon):
    def test_it_needs_no_secret_and_no_address(self):
        self.assertFalse(self.branch.endpoint_ids.filtered("active"))
        self.assertFalse(self.branch.credential_ids)
        self.assertEqual(self.branch.state, "active")
        self.assertEqual(self.partner_connection.routed_companies, "Anna GmbH")
        with self.assertRaisesRegex(UserError, "fetch there"):
            self.branch.action_pull()

    def test_what_is_handed_over_is_not_handed_on(self):
        with self.assertRaisesRegex(ValidationError, "not handed on"), self.env.cr.savepoint():
            self.partner_connection.routed_from_id = self.branch
        third = self.env["res.company"].create({"name": "Third"})
        self.env.user.company_ids |= third
        with self.assertRaisesRegex(ValidationError, "not handed on"), self.env.cr.savepoint():
            self.env["integration.connection"].create(
                {
                    "name": "Chain",
                    "connector": "generic",
                    "company_id": third.id,
                    "environment": "test",
                    "routed_from_id": self.branch.id,
                }
            )

    def test_only_to_another_company_and_the_same_system(self):
        facts = {"name": "Odd", "connector": "generic", "environment": "test"}
        with self.assertRaisesRegex(ValidationError, "another company only"), self.env.cr.savepoint():
            self.env["integration.connection"].create(
                {**facts, "company_id": self.company.id, "routed_from_id": self.partner_connection.id}
            )
        with self.assertRaisesRegex(ValidationError, "same system"), self.env.cr.savepoint():
            self.env["integration.connection"].create(
                {**facts, "company_id": self.other.id, "routed_from_id": self.stripe_connection.id}
            )

    def test_without_companies_that_share_it_a_foreign_entity_is_still_refused(self):
        self.branch.sudo().routed_from_id = False
        self.two_entities()
        self.assertEqual(self.outcome(self.bring("P-1", "DE01")), ("parked", "wrong_company"))
        self.assertFalse(self.handed())
