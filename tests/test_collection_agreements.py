# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What two companies agree on: by people of both, by two of them where real events are booked, and never changed."""

from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError

from .intercompany_common import IntercompanyCommon


class TestAgreements(IntercompanyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for person in (cls.administrator, cls.approver, cls.approver2):
            person.sudo().totp_secret = "JBSWY3DPEHPK3PXP"
            person.invalidate_recordset(["totp_enabled"])
        cls.agreement.action_end()
        cls.draft = cls.agree(
            journal_id=cls.journal(cls.company, "NEW").id, payee_journal_id=cls.journal(cls.other, "NEW").id
        )

    def go_productive(self):
        self.stripe_connection.environment = "production"
        self.env.invalidate_all()

    def as_person(self, user, record=None):
        both = {"allowed_company_ids": self.both.ids}
        return (record or self.draft).with_user(user).with_context(**both)

    def test_of_tests_it_comes_into_force_at_once(self):
        draft = self.as_person(self.administrator)
        self.assertFalse(draft.needs_approval)
        draft.action_activate()
        self.assertEqual(self.draft.state, "active")
        user = self.draft.payee_user_id
        self.assertEqual((user.company_ids, user.integration_service), (self.other, True))
        self.assertEqual(user.group_ids, self.env.ref("finance_integration.group_service"))
        self.assertIn(self.draft.payee_journal_id.id, user._integration_journal_ids())
        self.assertNotIn(self.draft.journal_id.id, user._integration_journal_ids())
        self.assertIn(self.draft.journal_id, self.stripe_connection.journal_ids)
        self.assertNotIn(self.draft.payee_journal_id, self.stripe_connection.journal_ids)
        self.draft.action_end()
        self.env.invalidate_all()
        self.assertFalse(user._integration_journal_ids())

    def test_where_real_events_are_booked_another_person_agrees(self):
        self.go_productive()
        draft = self.as_person(self.administrator)
        self.assertTrue(draft.needs_approval)
        action = draft.action_activate()
        self.assertEqual((action["res_model"], self.draft.state), ("integration.approval.ask", "draft"))
        dialog = self.env["integration.approval.ask"].with_user(self.administrator)
        dialog = dialog.with_context(**action["context"], allowed_company_ids=self.both.ids)
        asked = dialog.create({"reason": "Customers pay into one account"}).action_ask()
        request = self.env["integration.change.request"].browse(asked["res_id"])
        with self.assertRaises(UserError):
            request.with_user(self.administrator).action_approve()
        with self.assertRaisesRegex(UserError, "second person"):
            self.draft.sudo()._carry_out(request)
        # Of the two approvers one works in one company alone.
        with self.assertRaisesRegex(UserError, "both companies"), self.env.cr.savepoint():
            request.with_user(self.approver2).action_approve()
        self.assertEqual(self.draft.state, "draft")
        request.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertEqual((self.draft.state, request.state), ("active", "approved"))

    def test_a_draft_that_was_changed_in_the_meantime_is_asked_for_anew(self):
        self.go_productive()
        draft = self.as_person(self.administrator)
        request = draft._ask_with("One account", self.env["ir.attachment"])
        draft.at_once = "ask"
        with self.assertRaises(UserError), self.env.cr.savepoint():
            request.with_user(self.approver).action_approve()
        self.env.invalidate_all()
        self.assertEqual(self.draft.state, "draft")

    def test_in_force_it_does_not_change_any_more(self):
        self.draft.action_activate()
        draft = self.as_person(self.administrator)
        for values in (
            {"payable_account_id": self.account(self.company, "Else", "219901", "liability_current").id},
            {"at_once": "ask"},
            {"valid_until": date(2026, 12, 31)},
            {"payee_journal_id": self.journal(self.other, "ELSE").id},
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(UserError, "End it"),
                self.env.cr.savepoint(),
            ):
                draft.write(values)
        with self.assertRaisesRegex(UserError, "evidence"), self.env.cr.savepoint():
            draft.unlink()
        for values in ({"state": "draft"}, {"payee_user_id": self.env.uid}):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                draft.write(values)
        draft.write({"at_once": "certain", "valid_from": "2026-01-01"})
        with self.assertRaisesRegex(UserError, "Only a draft"):
            draft.action_activate()

    def test_one_agreement_of_two_companies_is_in_force(self):
        self.draft.action_activate()
        other = self.agree(
            journal_id=self.journal(self.company, "THRD").id,
            payee_journal_id=self.journal(self.other, "THRD").id,
        )
        with self.assertRaisesRegex(UserError, "in force already"):
            other.action_activate()
        self.assertEqual(other.state, "draft")

    def test_what_does_not_fit_is_refused(self):
        account = self.account
        wrong = (
            ({"payable_account_id": self.due.id}, "not one of"),
            ({"receivable_account_id": self.owed.id}, "not one of"),
            (
                {
                    "payable_account_id": account(
                        self.company, "N", "219902", "liability_current", reconcile=False
                    ).id
                },
                "reconciled",
            ),
            ({"payee_journal_id": self.draft.journal_id.id}, "no journal for entries of"),
            ({"journal_id": self.company_data["default_journal_sale"].id}, "no journal for entries of"),
        )
        for values, words in wrong:
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(ValidationError, words),
                self.env.cr.savepoint(),
            ):
                self.draft.write(values)

    def test_who_works_in_one_company_alone_arranges_nothing(self):
        administrator = self.administrator.sudo()
        administrator.company_ids -= self.other
        draft = self.draft.with_user(self.administrator)
        for attempt in (draft.action_activate, draft.unlink, lambda: draft.write({"at_once": "ask"})):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                attempt()
        self.assertEqual(self.draft.state, "draft")

    def test_the_set_up_tells_of_a_company_without_agreement(self):
        facts = self.stripe_connection._preflight_facts(self.stripe_connection.flow_ids)
        self.assertFalse(facts["collections"].needed)
        self.name_entity(self.stripe_connection, "DE01", self.other)
        fact = self.stripe_connection._preflight_facts(self.stripe_connection.flow_ids)["collections"]
        self.assertEqual(list(fact.to_know), [f"company {self.other.id}"])
        self.assertIn("Anna GmbH", fact.to_know[f"company {self.other.id}"])
        self.draft.action_activate()
        fact = self.stripe_connection._preflight_facts(self.stripe_connection.flow_ids)["collections"]
        self.assertEqual((fact.needed, list(fact.problems), dict(fact.to_know)), (True, [], {}))
        self.owed.sudo().active = False
        fact = self.stripe_connection._preflight_facts(self.stripe_connection.flow_ids)["collections"]
        self.assertIn("archived", fact.problems[0])


class TestNamedEntity(IntercompanyCommon):
    """The event itself may say whose money it is."""

    def setUp(self):
        super().setUp()
        self.name_entity(self.partner_connection, "DE01", self.other)

    def payment(self, number, amount="50.00", entity="DE01", movement_id="M-1"):
        """Let the partner report a payment of a legal entity; returns its event."""
        document = {
            "kind": "movement",
            "schema_version": "1",
            "source": {"system": "partner", "object_id": movement_id, "version": 1, "entity": entity},
            "occurred_at": self.clock.now.isoformat(),
            "movement_id": movement_id,
            "type": "payment",
            "amount": {"value": amount, "currency": "USD"},
            "references": [{"type": "invoice", "value": number}],
        }
        return self.send_partner("movement.reported", document)

    def test_money_that_names_the_company_is_collected_for_it(self):
        invoice = self.bill()
        self.assert_done(self.payment("B-1"))
        row = self.collections()
        self.assertEqual(
            (row.amount, row.basis, invoice.amount_residual), (50.0, "entity", 65.0), self.stopped()
        )
        self.assertEqual(row.move_id.create_uid, self.partner_connection.service_user_id)
        self.assertFalse(self.exceptions())

    def test_another_document_of_that_company_is_still_refused(self):
        self.agreement.action_end()
        self.bill()
        message = self.payment("B-1")
        self.assertEqual((message.status, message.error_code), ("parked", "wrong_company"))
        self.assertEqual(self.between(), (0, 0))

    def test_where_rules_say_whose_an_event_is_the_money_stays_where_its_balance_is(self):
        branch = self.env["integration.connection"].create(
            {
                "name": "Partner platform GmbH",
                "connector": self.partner_connection.connector,
                "company_id": self.other.id,
                "environment": "test",
                "time_zone": "America/New_York",
                "routed_from_id": self.partner_connection.id,
            }
        )
        self.assertFalse(branch.balance_account_ids)
        invoice = self.bill()
        message = self.payment("B-1")
        self.assert_done(message)
        self.assertFalse(self.root["integration.message"].search([("connection_id", "=", branch.id)]))
        self.assertEqual((self.collections().basis, invoice.amount_residual), ("entity", 65.0))
        self.agreement.action_end()
        stopped = self.payment("B-1", movement_id="M-2")
        self.assertEqual((stopped.status, stopped.error_code), ("parked", "legal_entity_not_connected"))
