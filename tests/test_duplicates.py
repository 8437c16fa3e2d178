# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who is perhaps there twice, what people say of it, and what a merge does to outside ids and entries (M3)."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from ..engine.duplicates import MAX_BLOCK
from ..simulators.partner.documents import Party
from .common import ANNA
from .master_common import GROUP, MasterCommon

IBAN = "DE89370400440532013000"


class DuplicateCommon(MasterCommon):
    def look(self, records=None):
        Duplicate = self.root["integration.duplicate"]
        if records is None:
            self.env.flush_all()
            for portion in (
                self.env["res.partner"].search([("company_id", "in", (False, self.company.id))]),
            ):
                Duplicate._look_at(portion.with_env(self.root))
        else:
            self.env.flush_all()
            Duplicate._look_at(records.with_env(self.root))
        self.env.invalidate_all()

    def pair(self, *records, **facts):
        first, second = sorted(record.id for record in records)
        return self.env["integration.duplicate"].search(
            [
                ("res_model", "=", records[0]._name),
                ("first_id", "=", first),
                ("second_id", "=", second),
                *((name, "=", value) for name, value in facts.items()),
            ]
        )

    def contact(self, name="Anna's Bakery GmbH", **facts):
        return self.env["res.partner"].create({"name": name, "company_id": self.company.id, **facts})

    def propose(self, pair, survivor=None, reason="The same for sure", **keep):
        context = pair.with_user(self.operator).action_propose_merge()["context"]
        Merge = self.env["integration.duplicate.merge"].with_user(self.operator).with_context(**context)
        dialog = Form(Merge)
        dialog.reason = reason
        if survivor:
            dialog.survivor = "first" if survivor.id == pair.first_id else "second"
        wizard = dialog.save()
        for field, side in keep.items():
            wizard.line_ids.filtered(lambda line, field=field: line.field == field).keep = side
        wizard.action_ask()
        return wizard


class TestDuplicates(DuplicateCommon):
    def test_the_same_tax_number_is_certain_and_a_like_name_with_a_phone_probable(self):
        one = self.contact(vat="DE 123456788", email="a@bakery.example")
        exact = self.contact("Somebody else", vat="DE123456788")
        probable = self.contact("Bakery Annas", phone="+49 30 1234567", ref="K-77")
        also = self.contact("Annas Bakerie", phone="030 123 45 67", ref="K77")
        other = self.contact("Ben & Sons")
        self.look(one | exact | probable | also | other)
        pair = self.pair(one, exact)
        self.assertEqual((pair.is_exact, pair.state, pair.reasons), (True, "open", "tax number"))
        self.assertIn("name", self.pair(one, probable).reasons)
        self.assertFalse(self.pair(probable, also).is_exact)
        self.assertIn("phone number", self.pair(probable, also).reasons)
        among = ["|", ("first_id", "=", other.id), ("second_id", "=", other.id)]
        self.assertFalse(self.env["integration.duplicate"].search(among))

    def test_a_bank_account_tells_who_it_is(self):
        one, other = self.contact("One"), self.contact("Other")
        for partner, number in ((one, IBAN), (other, "DE89 3704 0044 0532 0130 00")):
            self.env["res.partner.bank"].create({"partner_id": partner.id, "acc_number": number})
        self.look(one | other)
        self.assertEqual(self.pair(one, other).reasons, "bank account")

    def test_companies_contact_persons_and_own_companies_are_left_out(self):
        stranger = self.setup_other_company()["company"]
        one = self.contact(vat="DE123456788")
        foreign = self.env["res.partner"].create(
            {"name": one.name, "vat": one.vat, "company_id": stranger.id}
        )
        person = self.env["res.partner"].create({"name": one.name, "parent_id": one.id})
        self.look(one | foreign | person)
        self.assertFalse(self.pair(one, foreign))
        self.assertFalse(self.pair(one, person))

    def test_looking_again_changes_nothing_and_what_is_no_longer_alike_closes(self):
        one, other = self.contact(vat="DE123456788"), self.contact("X", vat="DE123456788")
        self.look(one | other)
        pair = self.pair(one, other)
        self.look(one | other)
        self.assertEqual(self.pair(one, other), pair)
        other.vat = "DE987654321"
        self.look(other)
        self.assertEqual(pair.state, "gone")
        other.vat = "DE123456788"
        self.look(other)
        self.assertEqual(pair.state, "open")

    def test_what_a_person_denied_stays_denied_until_something_certain(self):
        one = self.contact(email="office@bakery.example")
        other = self.contact("Somebody else", email="office@bakery.example")
        self.look(one | other)
        pair = self.pair(one, other)
        self.assertFalse(pair.is_exact)
        pair.with_user(self.operator).action_not_duplicate()
        self.assertEqual((pair.state, pair.decided_by_id), ("not_duplicate", self.operator))
        self.look(one | other)
        self.assertEqual(pair.state, "not_duplicate")
        for partner in (one, other):
            partner.vat = "DE123456788"
        self.look(one | other)
        self.assertEqual((pair.state, pair.is_exact), ("open", True))

    def test_a_crowd_with_one_name_costs_no_square(self):
        crowd = self.env["res.partner"].create(
            [{"name": "Walk-in customer", "company_id": self.company.id} for _number in range(MAX_BLOCK + 5)]
        )
        self.look(crowd)
        self.assertFalse(self.env["integration.duplicate"].search_count([("first_id", "in", crowd.ids)]))

    def test_products_are_compared_and_the_other_one_retired(self):
        products = self.env["product.product"].create(
            [
                {"name": "Rye bread 1 kg", "barcode": "4006381333931"},
                {"name": "Rye Bread 1kg", "default_code": "RYE-1"},
                {"name": "Rye bread 1 kg", "default_code": "RYE 1"},
            ]
        )
        self.look(products)
        self.assertFalse(self.pair(products[0], products[1], is_exact=True))
        pair = self.pair(products[1], products[2])
        self.assertIn("reference", pair.reasons)
        mapping = self.env["integration.mapping"].create(
            {
                "connection_id": self.partner_connection.id,
                "mapping": "product",
                "outside_value": "RYE",
                "product_id": products[2].id,
            }
        )
        self.propose(pair, survivor=products[1])
        self.assertTrue(products[2].active)
        self.approve(pair)
        self.assertEqual((pair.state, products[2].active), ("merged", False))
        self.env.invalidate_all()
        self.assertEqual(mapping.product_id, products[1])
        new, old = mapping.version_ids.sorted("number", reverse=True)
        self.assertEqual(
            (old.product_id, old.state, new.state, new.basis), (products[2], "replaced", "used", "approval")
        )
        self.assertEqual((new.user_id, new.approved_by_id), (self.operator, self.approver))

    def test_who_may_not_decide(self):
        one, other = self.contact(vat="DE123456788"), self.contact("X", vat="DE123456788")
        self.look(one | other)
        auditor = new_test_user(
            self.env,
            "d_auditor",
            groups=GROUP % "auditor",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        pair = self.pair(one, other).with_user(auditor)
        self.assertTrue(pair.comparison_html)
        for refused in (pair.action_not_duplicate, pair.action_propose_merge, pair.action_look_now):
            with self.assertRaises(UserError):
                refused()
        with self.assertRaises(AccessError):
            pair.write({"state": "merged"})
        pair.with_user(self.operator).action_look_now()
        self.assertEqual(pair.state, "open")


class TestArrival(DuplicateCommon):
    def arrive(self, **facts):
        message = self.tell(
            self.partner_connection, Party("C-9", "Annas Bakery Inc.", "other@x.example"), **facts
        )
        partner = self.became(message, "res.partner")
        self.look(partner)
        return message, partner

    def test_a_probable_duplicate_is_booked_and_told(self):
        known = self.contact(phone="030 1234567", email="anna@bakery.example", is_company=True)
        self.look(known)
        message, partner = self.arrive(phone="+49 30 1234567")
        self.assertEqual(message.status, "done")
        self.assertNotEqual(partner, known)
        exception = self.exceptions("duplicate_suspected")
        self.assertEqual((len(exception), exception.fix, exception.severity), (1, "twice", "low"))
        pair = self.pair(known, partner)
        self.assertEqual(exception.action_open_duplicate()["res_id"], pair.id)
        with self.assertRaises(UserError):
            exception.action_mark_resolved()
        invoice = self.issue("P-900", party=Party("C-9", "Annas Bakery Inc.", "other@x.example"))
        self.assertEqual((invoice.state, invoice.partner_id), ("posted", partner))
        pair.with_user(self.operator).action_not_duplicate()
        self.assertEqual(exception.state, "resolved")

    def test_the_policy_of_a_connection_may_be_to_list_only(self):
        self.partner_connection.duplicate_policy = "list"
        known = self.contact("Anna's Bakery GmbH", phone="030 1234567")
        self.look(known)
        _message, partner = self.arrive(phone="+49 30 1234567")
        self.assertTrue(self.pair(known, partner))
        self.assertFalse(self.exceptions("duplicate_suspected"))

    def test_a_new_customer_has_the_look_come_soon(self):
        cron = self.env.ref("finance_integration.cron_duplicates")
        self.assertTrue(cron.active)  # a connection is active
        self.env.cr.cache.clear()
        before = self.env["ir.cron.trigger"].sudo().search_count([("cron_id", "=", cron.id)])
        for number in range(3):
            self.tell(self.partner_connection, Party(f"N-{number}", f"New {number}", f"n{number}@x.example"))
        after = self.env["ir.cron.trigger"].sudo().search_count([("cron_id", "=", cron.id)])
        self.assertEqual(after - before, 1)


class TestMerge(DuplicateCommon):
    def two(self, **facts):
        """Return two bound contacts that are one, each with an invoice."""
        first = self.known()
        other = Party("C-7", "Anna Bakery", "anna@bakery-two.example", city="Dallas")
        message = self.tell(self.crm, other, **facts)
        second = self.became(message, "res.partner")
        self.assertNotEqual(first, second)
        for partner in (first, second):
            partner.vat = "US123456789"
        self.issue("P-1")
        self.look(first | second)
        return first, second, self.pair(first, second)

    def test_both_are_named_as_they_are_called_now(self):
        one = self.contact(vat="DE 123456788")
        other = self.contact("Somebody else", vat="DE123456788")
        self.look(one | other)
        pair = self.pair(one, other)
        before = (pair.first_shown, pair.second_shown)
        self.assertEqual(sorted(before), sorted((one | other).mapped("name")))
        first, second = (one | other).sorted("id")
        first.name = "Called otherwise"
        self.env.invalidate_all()
        pair = pair.with_user(self.operator)
        self.assertEqual((pair.first_shown, pair.second_shown), ("Called otherwise", second.name))
        self.assertEqual(pair.display_name, f"Called otherwise · {second.name}")
        context = pair.action_propose_merge()["context"]
        dialog = Form(
            self.env["integration.duplicate.merge"].with_user(self.operator).with_context(**context)
        )
        self.assertEqual((dialog.first_name, dialog.second_name), ("Called otherwise", second.name))
        # What is gone keeps the name under which it was found.
        first.sudo().unlink()
        self.env.invalidate_all()
        self.assertEqual(pair.first_shown, before[0])

    def test_a_merge_needs_a_second_person_and_moves_everything(self):
        first, second, pair = self.two()
        self.env["res.partner.bank"].create({"partner_id": second.id, "acc_number": IBAN})
        second_id = second.id
        wizard = self.propose(pair, survivor=first, email="second", address="first")
        self.assertEqual((pair.state, second.exists()), ("asked", second))
        request = self.env["integration.change.request"].search([("res_model", "=", pair._name)])
        self.assertIn("anna@bakery-two.example", request.summary)
        with self.assertRaises(UserError):
            request.with_user(self.operator).action_approve()
        self.approve(pair)
        self.assertFalse(second.exists())
        self.assertEqual(
            (first.name, first.email, first.city), (ANNA.name, "anna@bakery-two.example", ANNA.city)
        )
        self.assertEqual(first.bank_ids.acc_number, IBAN)
        bindings = self.env["integration.binding"].search(
            [("res_model", "=", "res.partner"), ("res_id", "=", first.id)]
        )
        self.assertEqual(sorted(bindings.mapped("outside_id")), ["C-1", "C-7"])
        self.assertFalse(any(bindings.mapped("is_second")))  # one id of each system
        effects = self.env["integration.effect"].search(
            [("res_model", "=", "res.partner"), ("res_id", "=", second_id)]
        )
        self.assertFalse(effects)
        self.assertEqual((pair.state, pair.decided_by_id), ("merged", self.approver))
        self.assertEqual(first.integration_sources["email"]["connection"], self.crm.id)
        self.assertTrue(wizard.line_ids)

    def test_a_later_event_of_a_merged_customer_finds_the_one_that_stays(self):
        first, _second, pair = self.two()
        self.propose(pair, survivor=first)
        self.approve(pair)
        message = self.tell(self.crm, Party("C-7", "Anna Bakery", "x@y.example"), version=2)
        self.assertEqual(message.status, "done")
        self.assertEqual(self.became(message, "res.partner"), first)
        invoice = self.issue("P-2")
        self.assertEqual(invoice.partner_id, first)

    def test_two_ids_of_one_system_do_not_take_turns_in_overwriting(self):
        first = self.known()
        second = self.became(
            self.tell(self.partner_connection, Party("C-8", "Anna again", "again@x.example")), "res.partner"
        )
        for partner in (first, second):
            partner.vat = "US123456789"
        self.look(first | second)
        pair = self.pair(first, second)
        self.propose(pair, survivor=first)
        self.approve(pair)
        bindings = self.env["integration.binding"].search(
            [("res_id", "=", first.id), ("kind", "=", "customer")]
        )
        by_id = {binding.outside_id: binding for binding in bindings}
        self.assertEqual((by_id["C-1"].is_second, by_id["C-8"].is_second), (False, True))
        message = self.tell(self.partner_connection, Party("C-8", "Anna VIII", "again@x.example"), version=2)
        self.assertEqual((message.status, first.name), ("done", ANNA.name))
        self.assertEqual(self.proposals(field="name").why, "second_name")
        by_id["C-8"].with_user(self.operator).action_lead()
        self.assertEqual((by_id["C-1"].is_second, by_id["C-8"].is_second), (True, False))
        self.tell(self.partner_connection, Party("C-8", "Anna IX", "again@x.example"), version=3)
        self.assertEqual(first.name, "Anna IX")

    def test_what_is_refused_stays_as_it_was(self):
        first, second, pair = self.two()
        self.propose(pair, survivor=first)
        request = self.env["integration.change.request"].search([("res_model", "=", pair._name)])
        request.with_user(self.approver).action_refuse("Not now")
        self.assertEqual((pair.state, second.exists()), ("open", second))

    def test_merges_across_companies_are_refused_by_whatever_way(self):
        stranger = self.setup_other_company()["company"]
        one, other = self.contact(vat="DE123456788"), self.contact("X", vat="DE123456788")
        self.look(one | other)
        pair = self.pair(one, other)
        self.propose(pair, survivor=one)
        other.company_id = stranger
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.approve(pair)
        with self.assertRaises(UserError):
            self.env["base.partner.merge.automatic.wizard"].sudo().create({})._merge((one | other).ids, one)
        other.company_id = False
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.approve(pair)
        self.assertEqual(len((one | other).exists()), 2)

    def test_a_forged_request_merges_nobody_else(self):
        first, _second, pair = self.two()
        victim = self.contact("Victim")
        request = self.env["integration.change.request"]._ask(
            pair, "Merge", {"survivor": first.id, "other": victim.id, "keep_other": []}, "Trust me"
        )
        with self.assertRaises(UserError), self.env.cr.savepoint():
            request.with_user(self.approver).action_approve()
        self.assertTrue(victim.exists())

    def test_odoos_own_merge_keeps_decisions_and_sources(self):
        """It fills in what the one that stays lacks: not an approval, which would be given by nobody; a hold stays."""
        first, second, _pair = self.two()
        first.sudo().integration_sources = False
        second.sudo().integration_customer_approved = True
        second.sudo()._integration_set_credit_hold("Owes us money")
        sources = second.sudo().integration_sources
        self.env["base.partner.merge.automatic.wizard"].sudo().create({})._merge((first | second).ids, first)
        self.env.invalidate_all()
        self.assertFalse(first.integration_customer_approved or first.integration_customer_approved_by_id)
        self.assertEqual(
            (first.integration_credit_hold, first.integration_credit_hold_reason), (True, "Owes us money")
        )
        self.assertEqual(first.integration_sources, sources)
        approved = self.contact("Approved")
        approved.sudo().integration_customer_approved = True
        self.env["base.partner.merge.automatic.wizard"].sudo().create({})._merge(
            (first | approved).ids, approved
        )
        self.assertTrue(approved.integration_customer_approved and approved.integration_customer_approved_at)

    def test_odoos_own_merge_keeps_outside_ids(self):
        first, second, pair = self.two()
        self.env["base.partner.merge.automatic.wizard"].sudo().create({})._merge((first | second).ids, first)
        bindings = self.env["integration.binding"].search(
            [("res_id", "=", first.id), ("kind", "=", "customer")]
        )
        self.assertEqual(len(bindings), 2)
        self.root["integration.duplicate"]._forget_gone("res.partner")
        self.env.invalidate_all()
        self.assertEqual(pair.state, "gone")


class TestContradictions(DuplicateCommon):
    def conflicts(self):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["integration.binding.conflict"].search([])

    def bind(self, connection, outside_id, partner):
        self.env["integration.binding"]._bind(connection, "customer", [(outside_id, partner, 0, None)])

    def test_several_leading_ids_of_one_record(self):
        partner = self.known()
        self.assertFalse(self.conflicts())
        self.bind(self.partner_connection, "C-1-old", partner)
        conflict = self.conflicts()
        self.assertEqual((conflict.what, conflict.outside_ids), ("several_ids", "C-1, C-1-old"))
        self.assertEqual(conflict.record_names, partner.display_name)
        bindings = self.env["integration.binding"].search(conflict.action_open_bindings()["domain"])
        self.assertEqual(len(bindings), 2)
        bindings.filtered(lambda row: row.outside_id == "C-1").action_lead()
        self.assertFalse(self.conflicts())

    def test_one_outside_id_of_several_records(self):
        partner = self.known()
        for connection in (self.partner_connection, self.crm):
            connection.outside_account = "acct_1"
        self.bind(self.crm, "C-1", partner)
        self.assertFalse(self.conflicts())
        self.bind(self.crm, "C-2", self.contact("Ben"))
        self.assertFalse(self.conflicts().filtered(lambda row: row.what == "several_records"))
        self.bind(self.partner_connection, "C-2", self.contact("Not Ben"))
        conflict = self.conflicts().filtered(lambda row: row.what == "several_records")
        self.assertEqual((conflict.outside_ids, conflict.binding_count), ("C-2", 2))
        self.assertEqual(conflict.record_names, "Ben, Not Ben")

    def test_another_company_sees_none_of_it(self):
        partner = self.known()
        self.bind(self.partner_connection, "C-1-old", partner)
        self.assertTrue(self.conflicts())
        other = self.setup_other_company()["company"]
        foreigner = new_test_user(
            self.env,
            "d_foreigner",
            groups=GROUP % "operator",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        self.assertFalse(self.env["integration.binding.conflict"].with_user(foreigner).search([]))
