# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Whose value counts: nothing of somebody else lands silently, and who decides is on record (M1)."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user

from ..simulators.partner.documents import Party
from .common import ANNA
from .master_common import GROUP, MasterCommon


class TestOwnership(MasterCommon):
    def test_the_system_that_brought_a_customer_changes_it(self):
        partner = self.known()
        self.tell(self.partner_connection, version=2, name="Anna's Fine Bakery", email="new@bakery.example")
        self.assertEqual((partner.name, partner.email), ("Anna's Fine Bakery", "new@bakery.example"))
        self.assertFalse(self.proposals())
        self.assertFalse(self.exceptions())

    def test_a_second_system_does_not_overwrite_the_first(self):
        partner = self.known()
        message = self.tell(self.crm, name="Anna B.", phone="+1 512 555 0101")
        self.assertEqual(message.status, "done")
        # What was empty may be filled in, what differs may not.
        self.assertEqual((partner.name, partner.phone), (ANNA.name, "+1 512 555 0101"))
        proposal = self.proposals()
        self.assertEqual(
            (proposal.field, proposal.our_text, proposal.their_text, proposal.owner_text, proposal.why),
            ("name", ANNA.name, "Anna B.", "Partner platform", "owner_wins"),
        )
        self.assertIn("Partner platform", proposal.our_source)
        self.assertEqual(proposal.message_id, message)
        exception = self.exceptions("value_kept_out")
        self.assertEqual((len(exception), exception.severity, exception.fix), (1, "low", "values"))
        self.assertEqual(exception.proposal_ids, proposal)
        with self.assertRaises(UserError):
            exception.action_mark_resolved()

    def test_one_exception_for_one_cause(self):
        parties = [Party(f"C-{number}", f"Shop {number}", f"shop{number}@x.example") for number in range(3)]
        for party in parties:
            self.known(party=party)
            self.tell(self.crm, party=party, name=f"Other {party.id}")
        self.assertEqual(len(self.proposals()), 3)
        self.assertEqual(len(self.exceptions()), 1)
        self.proposals().with_user(self.operator)._keep_ours("As agreed")
        self.assertFalse(self.exceptions())

    def test_the_role_decides_and_not_who_came_first(self):
        partner = self.known()
        self.crm.system_role = "crm"
        self.tell(self.crm, name="Anna of the CRM")
        self.assertEqual(partner.name, "Anna of the CRM")
        self.tell(self.partner_connection, version=2, name="Anna of the platform")
        self.assertEqual(partner.name, "Anna of the CRM")
        self.assertEqual(self.proposals().their_text, "Anna of the platform")

    def test_a_known_tax_number_is_asked_about_and_taken_with_a_second_person(self):
        partner = self.known()
        partner.vat = "US123"
        self.tell(self.partner_connection, version=2, tax_id="US999")
        self.assertEqual(partner.vat, "US123")
        exception = self.exceptions("value_not_owned")
        self.assertIn("Odoo", exception.what)
        proposal = self.proposals().with_user(self.operator)
        self.assertTrue(proposal.needs_approval)
        proposal._take_theirs("Confirmed by letter")
        self.assertEqual((partner.vat, proposal.state), ("US123", "asked"))
        self.assertEqual(exception.state, "open")
        self.approve(proposal)
        self.assertEqual((partner.vat, proposal.state), ("US999", "taken"))
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(partner.integration_sources["tax_id"]["user"], self.approver.id)

    def test_a_tax_number_written_otherwise_is_the_same(self):
        partner = self.known()
        partner.vat = "DE123456788"
        self.tell(self.partner_connection, version=2, tax_id="DE 123 456 788", email=ANNA.email.upper())
        self.assertEqual((partner.vat, partner.email), ("DE123456788", ANNA.email))
        self.assertFalse(self.proposals())

    def test_what_was_refused_can_be_decided_otherwise(self):
        partner = self.known()
        partner.vat = "US123"
        self.tell(self.partner_connection, version=2, tax_id="US999")
        proposal = self.proposals().with_user(self.operator)
        proposal._take_theirs("Perhaps")
        request = self.env["integration.change.request"].search([("res_id", "=", proposal.id)], limit=1)
        request.with_user(self.approver).action_refuse("Not now")
        self.assertEqual((proposal.state, partner.vat), ("open", "US123"))
        proposal._keep_ours("Refused")
        self.assertEqual(proposal.state, "kept")

    def test_what_was_kept_is_not_asked_again_until_it_changes(self):
        self.known()
        self.tell(self.crm, name="Anna B.")
        self.proposals().with_user(self.operator)._keep_ours("The platform is right")
        self.tell(self.crm, version=2, name="Anna B.")
        self.assertFalse(self.proposals())
        self.assertEqual(self.proposals("kept").times, 2)
        self.assertFalse(self.exceptions())
        self.tell(self.crm, version=3, name="Anna C.")
        self.assertEqual(self.proposals().their_text, "Anna C.")
        self.assertEqual(len(self.exceptions()), 1)

    def test_a_newer_proposal_takes_the_place_of_the_one_before(self):
        self.known()
        self.tell(self.crm, name="Anna B.")
        self.tell(self.crm, version=2, name="Anna C.")
        proposal = self.proposals()
        self.assertEqual((proposal.their_text, proposal.times), ("Anna C.", 2))

    def test_when_both_agree_the_question_is_gone(self):
        self.known()
        self.tell(self.crm, name="Anna B.")
        self.tell(self.crm, version=2)
        self.assertFalse(self.proposals())
        self.assertEqual(self.proposals("agreed").field, "name")
        self.assertFalse(self.exceptions())

    def test_taking_over_many_at_once(self):
        partner = self.known()
        self.tell(self.crm, name="Anna B.", address={"city": "Dallas"})
        decision = (
            self.env["integration.value.decision"]
            .with_user(self.operator)
            .create({"proposal_ids": self.proposals().ids, "choice": "take", "reason": "The CRM is right"})
        )
        self.assertEqual((decision.count, decision.needs_approval), (2, False))
        decision.action_confirm()
        self.assertEqual((partner.name, partner.city), ("Anna B.", "Dallas"))
        self.assertEqual(partner.integration_sources["name"]["connection"], self.crm.id)
        self.assertEqual(partner.integration_sources["name"]["user"], self.operator.id)
        self.assertFalse(self.exceptions())

    def test_a_contact_that_changed_meanwhile_is_not_overwritten(self):
        partner = self.known()
        self.tell(self.crm, name="Anna B.")
        proposal = self.proposals()
        self.tell(self.partner_connection, version=2, name="Anna Newest")
        with self.assertRaises(UserError):
            proposal.with_user(self.operator)._take_theirs("Too late")
        self.assertEqual(partner.name, "Anna Newest")

    def test_making_a_system_the_owner_needs_a_second_person(self):
        partner = self.known()
        self.tell(self.crm, name="Anna B.")
        proposal = self.proposals()
        proposal.with_user(self.operator)._make_owner("Sales keeps the names")
        rule = self.env["integration.ownership"].search([("company_id", "=", self.company.id)])
        self.assertEqual((rule.state, partner.name), ("asked", ANNA.name))
        self.approve(rule)
        self.assertEqual((rule.state, partner.name, proposal.state), ("active", "Anna B.", "taken"))
        self.tell(self.crm, version=2, name="Anna C.")
        self.assertEqual(partner.name, "Anna C.")
        self.tell(self.partner_connection, version=2, name="Anna D.")
        self.assertEqual(partner.name, "Anna C.")

    def test_the_newest_value_counts_where_that_is_the_rule_and_the_other_is_kept(self):
        self.rule(field="email", owner="odoo", conflict="newest_wins")
        partner = self.known()
        self.clock.advance(days=1)
        self.tell(self.partner_connection, version=2, email="later@x.example")
        self.assertEqual(partner.email, "later@x.example")
        landed = self.proposals("landed", field="email")
        self.assertEqual((landed.our_text, landed.why), (ANNA.email, "newest"))
        self.assertFalse(self.exceptions())

    def test_a_person_changes_what_another_system_owns(self):
        partner = self.known()
        partner.with_user(self.operator).name = "Anna by hand"
        proposal = self.proposals()
        self.assertEqual(
            (proposal.origin, proposal.our_text, proposal.their_text, proposal.our_source),
            ("person", "Anna by hand", ANNA.name, f"{self.operator.name} in Odoo"),
        )
        exception = self.exceptions("owned_value_edited")
        self.assertEqual(exception.connection_id, self.partner_connection)
        self.assertEqual(partner.integration_sources["name"]["user"], self.operator.id)
        # The owner speaks again: its value counts, and what it replaced is kept.
        self.tell(self.partner_connection, version=2, name="Anna official")
        self.assertEqual(partner.name, "Anna official")
        self.assertEqual(proposal.state, "overtaken")
        self.assertEqual(self.proposals("landed").our_text, "Anna by hand")
        self.assertEqual(exception.state, "resolved")

    def test_what_each_company_keeps_for_itself_is_noted_under_the_one_that_changed_it(self):
        other = self.setup_other_company(name="Anna GmbH")["company"]
        self.operator.sudo().company_ids |= other
        term = self.env["account.payment.term"].create({"name": "45 days"})
        self.rule(field="payment_term", owner="connection", owner_connection_id=self.partner_connection.id)
        partner = self.known()
        partner.sudo().company_id = False  # all companies share the contact
        here, there = (f"payment_term@{company.id}" for company in (self.company, other))
        mine = partner.with_user(self.operator).with_context(allowed_company_ids=(other | self.company).ids)
        mine.property_payment_term_id = term
        self.assertEqual(partner.integration_sources[there]["user"], self.operator.id)
        self.assertNotIn(here, partner.integration_sources)
        # The system of the first company owns nothing of what the other one has agreed with the customer.
        self.assertEqual((self.proposals().ids, self.exceptions().ids), ([], []))
        mine.with_company(self.company).property_payment_term_id = term
        self.assertEqual(partner.integration_sources[here]["user"], self.operator.id)
        self.assertEqual(self.proposals().mapped("field"), ["payment_term"])

    def test_a_change_by_hand_is_taken_back_or_made_the_rule(self):
        partner = self.known()
        partner.with_user(self.operator).name = "Anna by hand"
        self.proposals().with_user(self.operator)._take_theirs("A mistake")
        self.assertEqual(partner.name, ANNA.name)
        partner.with_user(self.operator).name = "Anna by hand"
        proposal = self.proposals().with_user(self.operator)
        proposal._make_owner("Accounting keeps the names")
        rule = self.env["integration.ownership"].search(
            [("company_id", "=", self.company.id), ("state", "=", "asked")]
        )
        self.approve(rule)
        self.assertEqual((rule.owner, proposal.state), ("odoo", "kept"))
        self.tell(self.partner_connection, version=2, name="Anna official")
        self.assertEqual(partner.name, "Anna by hand")

    def test_changing_back_by_hand_closes_it(self):
        partner = self.known()
        for name in ("Anna by hand", ANNA.name):
            partner.with_user(self.operator).name = name
        self.assertFalse(self.proposals())
        self.assertFalse(self.exceptions())

    def test_contacts_of_odoo_alone_are_left_in_peace(self):
        partner = self.env["res.partner"].create({"name": "Only here"})
        partner.with_user(self.operator).name = "Still only here"
        self.assertFalse(partner.integration_sources)
        self.assertFalse(self.proposals())

    def test_where_a_value_comes_from_is_on_the_contact(self):
        partner = self.known()
        partner.with_user(self.operator).phone = "+1 512 555 0101"
        table = partner.with_user(self.operator).integration_source_table
        for text in ("Partner platform", "Phone", self.operator.name, "Tax number"):
            (self.assertNotIn if text == "Tax number" else self.assertIn)(text, table)
        self.assertIn("Partner platform", partner.integration_owned_text)

    def test_odd_names_are_kept_to_the_letter_and_shown_escaped(self):
        partner = self.known()
        odd = "<b>\u202eevil\u202c</b> \U0001f9c1 Ａｎｎａ\u0301"
        self.tell(self.crm, name=odd)
        self.assertEqual(self.proposals().their_text, odd)
        self.proposals().with_user(self.operator)._take_theirs("Odd but right")
        self.assertEqual(partner.name, odd)
        self.assertIn("&lt;b&gt;", partner.with_user(self.operator).integration_source_table)

    def test_a_megabyte_in_a_field_is_refused_and_nothing_is_half_applied(self):
        partner = self.known()
        message = self.tell(self.crm, name="x" * 900_000, phone="+1 1")
        self.assertEqual((message.status, message.error_code), ("parked", "schema_violation"))
        self.assertFalse(partner.phone)
        self.assertFalse(self.proposals())


class TestRules(MasterCommon):
    def draft(self, **values):
        return self.env["integration.ownership"].create(
            {"object": "customer", "field": "name", "company_id": self.company.id, "reason": "Why", **values}
        )

    def test_the_matrix_is_shipped_once_and_cannot_be_edited(self):
        Ownership = self.env["integration.ownership"]
        shipped = Ownership.search([("is_default", "=", True)])
        self.assertEqual(len(shipped), 24)
        self.root["integration.ownership"]._ship_defaults()
        self.assertEqual(Ownership.search([("is_default", "=", True)]), shipped)
        for refused in (
            lambda: shipped[0].write({"conflict": "newest_wins"}),
            lambda: shipped[0].with_context(integration_ownership=True).write({"state": "retired"}),
            shipped[0].unlink,
        ):
            with self.assertRaises(UserError):
                refused()

    def test_a_forged_rule_is_only_a_draft(self):
        forged = {"state": "active", "is_default": True, "approved_by_id": self.env.uid}
        for name, value in forged.items():
            with self.assertRaises(AccessError):
                self.draft(**{name: value})
        rule = self.draft().sudo().copy(forged)
        self.assertEqual((rule.state, rule.is_default, bool(rule.approved_by_id)), ("draft", False, False))

    def test_who_asks_does_not_agree(self):
        asker = new_test_user(
            self.env,
            "m_asker",
            groups=GROUP % "administrator",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        rule = self.draft(owner="connection", owner_connection_id=self.crm.id).with_user(asker)
        rule.action_ask()
        request = (
            self.env["integration.change.request"]
            .search([("res_model", "=", rule._name), ("res_id", "=", rule.id)], limit=1)
            .with_user(asker)
        )
        # Who set it up becomes an approver in the meantime.
        asker.sudo().group_ids = self.env.ref("base.group_user") | self.env.ref(GROUP % "approver")
        with self.assertRaisesRegex(UserError, "own request"):
            request.action_approve()
        self.assertEqual(rule.state, "asked")
        request.action_withdraw()
        self.assertEqual(rule.state, "draft")

    def test_a_rule_takes_the_place_of_the_one_before_which_stays(self):
        first = self.rule(field="name", owner="connection", owner_connection_id=self.crm.id)
        second = self.rule(field="name", owner="odoo")
        self.assertEqual((first.state, second.state), ("retired", "active"))
        self.assertTrue(first.valid_until)
        action = second.action_change()
        draft = self.env["integration.ownership"].browse(action["res_id"])
        self.assertEqual((draft.state, draft.owner, draft.company_id), ("draft", "odoo", self.company))

    def test_circular_ownership_is_refused(self):
        self.rule(
            field="name",
            connection_id=self.crm.id,
            owner="connection",
            owner_connection_id=self.partner_connection.id,
        )
        back = self.draft(
            connection_id=self.partner_connection.id, owner="connection", owner_connection_id=self.crm.id
        )
        with self.assertRaisesRegex(ValidationError, "circular"):
            back.action_ask()
        self.assertEqual(back.state, "draft")

    def test_a_role_that_moves_may_not_close_a_circle(self):
        self.crm.system_role = "crm"
        self.rule(field="name", connection_id=self.partner_connection.id, owner="role", owner_role="crm")
        self.rule(field="name", connection_id=self.crm.id, owner="role", owner_role="shop")
        with self.assertRaisesRegex(ValidationError, "circular"), self.env.cr.savepoint():
            self.partner_connection.system_role = "shop"

    def test_rules_that_contradict_are_refused(self):
        for connection in (self.crm, self.partner_connection):
            values = {
                "connection_id": connection.id,
                "owner": "connection",
                "owner_connection_id": connection.id,
            }
            if connection == self.crm:
                self.rule(field="name", **values)
            else:
                with self.assertRaisesRegex(ValidationError, "contradict"):
                    self.draft(**values).action_ask()

    def test_nonsense_is_refused(self):
        for values in (
            {"field": "bank"},
            {"owner": "role"},
            {"owner": "connection"},
            {"company_id": False},
        ):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.draft(**values)

    def test_an_operator_asks_and_never_sets(self):
        with self.assertRaises(AccessError):
            self.env["integration.ownership"].with_user(self.operator).create(
                {"object": "customer", "field": "name", "owner": "odoo"}
            )
        auditor = new_test_user(
            self.env,
            "m_auditor",
            groups=GROUP % "auditor",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.known()
        self.tell(self.crm, name="Anna B.")
        proposal = self.proposals().with_user(auditor)
        self.assertEqual(proposal.their_text, "Anna B.")
        for refused in (
            proposal.action_decide,
            lambda: proposal._keep_ours("no"),
            lambda: proposal._take_theirs("no"),
        ):
            with self.assertRaises(UserError):
                refused()
        with self.assertRaises(AccessError):
            proposal.write({"state": "taken"})

    def test_another_company_sees_nothing_of_it(self):
        other = self.setup_other_company()["company"]
        self.known()
        self.tell(self.crm, name="Anna B.")
        self.rule(field="phone", owner="odoo")
        for role in ("approver", "administrator"):
            foreigner = new_test_user(
                self.env,
                f"m_foreign_{role}",
                groups=GROUP % role,
                company_id=other.id,
                company_ids=[(6, 0, other.ids)],
            )
            values = self.env["integration.proposed.value"].with_user(foreigner)
            rules = self.env["integration.ownership"].with_user(foreigner)
            if role == "approver":
                self.assertTrue(rules.search([]))
            for model in (values, rules):
                if model.has_access("read"):
                    self.assertFalse(model.search([]).company_id, f"{model._name} as {role}")
