# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Suppliers that come in: judged by their own rules, and never paid to an account that nobody has approved (O2, M1)."""

from odoo.exceptions import AccessError, UserError, ValidationError

from ..simulators.partner import documents, masters
from .common import PARTNER_SECRET
from .master_common import MasterCommon

IBAN, OTHER_IBAN = "BE68539007547034", "DE89370400440532013000"


class TestSuppliers(MasterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.procurement = cls._connection("generic", "Procurement")
        cls.procurement.system_role = "procurement"
        cls._secret(cls.procurement, "inbound_signature", PARTNER_SECRET)
        cls.procurement.action_activate()

    def tell_supplier(self, outside_id="S-1", name="Paper Mill", version=1, connection=None, **facts):
        """Let a system say something of a supplier; returns its message."""
        connection = connection or self.procurement
        document = masters.supplier(outside_id, name, self.clock.now, version=version, **facts)
        event = documents.as_event("tests", "supplier.updated", document)
        _verdict, message = self.accept(
            connection, event.body, {"webhook-id": f"{event.id}-{connection.id}-{version}"}
        )
        self.drain(connection)
        return message

    def brought(self, **facts):
        message = self.tell_supplier(**facts)
        self.assert_done(message)
        return self.became(message, "res.partner")

    def test_a_new_supplier_is_made_and_approved_by_nobody(self):
        supplier = self.brought(
            tax_id="BE0417497106", reference="S-1", address={"city": "Gent", "country": "BE"}
        )
        self.assertEqual(
            (supplier.name, supplier.is_company, supplier.vat, supplier.ref, supplier.city),
            ("Paper Mill", True, "BE0417497106", "S-1", "Gent"),
        )
        self.assertEqual((supplier.supplier_rank, supplier.customer_rank), (1, 0))
        self.assertEqual(supplier.company_id, self.company)
        supplier = supplier.with_company(self.company)
        self.assertEqual(supplier.integration_supplier_state, "proposed")
        self.assertFalse(supplier.integration_supplier_active)
        self.assertEqual(supplier.integration_sources["_home.supplier"], self.procurement.id)
        self.assertNotIn("_home", supplier.integration_sources)
        self.assertFalse(self.exceptions())

    def test_procurement_owns_the_name_and_somebody_else_does_not(self):
        supplier = self.brought()
        self.tell_supplier(version=2, name="Paper Mill NV")
        self.assertEqual(supplier.name, "Paper Mill NV")
        supplier.sudo().ref = "S-1"
        self.tell_supplier("X-1", name="Paper", connection=self.partner_connection, reference="S-1")
        self.assertEqual(supplier.name, "Paper Mill NV")
        proposal = self.proposals()
        self.assertEqual(
            (proposal.object, proposal.field, proposal.their_text, proposal.owner_text),
            ("supplier", "name", "Paper", "Procurement"),
        )
        self.assertEqual(self.exceptions("value_kept_out").cause, "supplier.name")

    def test_a_tax_number_is_proposed_and_a_second_person_decides(self):
        supplier = self.brought(tax_id="BE0417497106")
        self.tell_supplier(version=2, tax_id="BE0477472701")
        self.assertEqual(supplier.vat, "BE0417497106")
        proposal = self.proposals(field="tax_id").with_user(self.operator)
        proposal._take_theirs("Letter of 2 March")
        self.assertEqual((supplier.vat, proposal.state), ("BE0417497106", "asked"))
        self.approve(proposal)
        self.assertEqual((supplier.vat, proposal.state), ("BE0477472701", "taken"))

    def test_a_contact_that_is_both_is_not_written_in_turns(self):
        self.crm.system_role = "crm"
        partner = self.became(self.tell(self.crm, name="Anna's Bakery", reference="A-1"), "res.partner")
        self.tell_supplier("S-9", name="Anna Ltd", reference="A-1")
        self.assertEqual((partner.name, partner.supplier_rank), ("Anna's Bakery", 1))
        proposal = self.proposals(field="name")
        self.assertEqual((proposal.object, proposal.why), ("supplier", "other_role"))
        self.assertEqual(len(self.exceptions("value_not_owned")), 1)
        # The CRM goes on writing what it owns, unless procurement owns it, too.
        self.tell(self.crm, name="Anna's Fine Bakery", reference="A-1", version=2)
        self.assertEqual(partner.name, "Anna's Bakery")
        self.assertEqual(
            {(row.object, row.why) for row in self.proposals(field="name")},
            {("supplier", "other_role"), ("customer", "other_role")},
        )

    def test_what_is_empty_is_filled_in_only_where_both_roles_allow_it(self):
        supplier = self.brought(reference="S-1")
        self.crm.system_role = "crm"
        told = {"name": "Paper Mill", "reference": "S-1"}
        self.tell(self.crm, tax_id="BE0417497106", phone="+32 2 555 01 01", **told)
        # A tax number of a supplier is never filled in by somebody else, whatever the rule for customers says.
        self.assertEqual((supplier.customer_rank, supplier.vat), (1, False))
        self.assertEqual(supplier.phone, "+32 2 555 01 01")
        proposal = self.proposals()
        self.assertEqual(
            (proposal.object, proposal.field, proposal.their_text, proposal.why),
            ("customer", "tax_id", "BE0417497106", "other_role"),
        )
        self.assertEqual(len(self.exceptions("value_not_owned")), 1)

    def test_payment_terms_of_the_supplier_are_not_those_of_the_customer(self):
        term = self.env["account.payment.term"].create({"name": "45 days"})
        self.env["integration.mapping"].create(
            {
                "connection_id": self.procurement.id,
                "mapping": "payment_term",
                "outside_value": "45D",
                "payment_term_id": term.id,
            }
        )
        supplier = self.brought(payment_term="45D").with_company(self.company)
        self.assertEqual(supplier.property_supplier_payment_term_id, term)
        self.assertNotEqual(supplier.property_payment_term_id, term)
        self.assertIn(f"supplier.payment_term@{self.company.id}", supplier.integration_sources)
        self.assertIn("45 days", supplier.with_user(self.operator).integration_source_table)

    def test_a_bank_account_from_outside_is_trusted_by_nobody(self):
        supplier = self.brought(
            bank_accounts=[masters.bank_account(IBAN, holder="Paper Mill", bic="KREDBEBB", currency="EUR")]
        )
        bank = supplier.bank_ids
        self.assertEqual(
            (bank.sanitized_acc_number, bank.allow_out_payment, bank.integration_state, bank.bank_id.bic),
            (IBAN, False, "unchecked", "KREDBEBB"),
        )
        exception = self.exceptions("bank_details_new")
        self.assertEqual((len(exception), exception.severity, exception.fix), (1, "high", "bank"))
        self.assertEqual(exception.action_open_bank()["res_id"], bank.id)
        self.assertNotIn(IBAN, exception.what)

    def test_a_changed_bank_account_is_never_applied_and_needs_two_persons(self):
        supplier = self.brought(bank_accounts=[masters.bank_account(IBAN)])
        old = supplier.bank_ids
        self.approve_bank(old)
        self.assertTrue(old.allow_out_payment)
        self.tell_supplier(version=2, bank_accounts=[masters.bank_account(OTHER_IBAN)])
        new = supplier.bank_ids - old
        self.assertEqual((new.sanitized_acc_number, new.allow_out_payment), (OTHER_IBAN, False))
        self.assertEqual((old.allow_out_payment, old.sanitized_acc_number), (True, IBAN))
        with self.assertRaises(UserError):
            new._integration_check_payment(self.company)
        # Told again, nothing comes of it; approved by who asked, neither.
        self.tell_supplier(version=3, bank_accounts=[masters.bank_account(OTHER_IBAN)])
        self.assertEqual(len(supplier.bank_ids), 2)
        request = new.with_user(self.operator)._integration_ask(CALL, "New bank", self.paper())
        with self.assertRaises(UserError):
            request.with_user(self.operator).action_approve()
        self.assertFalse(new.allow_out_payment)

    def test_other_details_of_a_known_account_are_told_and_not_written(self):
        supplier = self.brought(
            bank_accounts=[masters.bank_account(IBAN, holder="Paper Mill", bic="KREDBEBB")]
        )
        bank = supplier.bank_ids
        self.approve_bank(bank)
        self.tell_supplier(
            version=2, bank_accounts=[masters.bank_account(IBAN, holder="Somebody else", bic="KREDBEBBXXX")]
        )
        self.assertEqual((bank.acc_holder_name, bank.allow_out_payment), ("Paper Mill", True))
        exception = self.exceptions("bank_details_differ")
        self.assertEqual((len(exception), exception.fix), (1, "bank"))
        self.assertIn("account holder", exception.what)
        self.assertNotIn(IBAN, exception.what)

    def test_no_rule_gives_a_bank_account_to_another_system(self):
        for owner in (
            {"owner": "connection", "owner_connection_id": self.procurement.id},
            {"owner": "role", "owner_role": "procurement"},
            {"owner": "odoo", "conflict": "newest_wins"},
        ):
            with self.assertRaisesRegex(ValidationError, "belongs to Odoo"):
                self.env["integration.ownership"].create(
                    {
                        "object": "supplier",
                        "field": "bank",
                        "company_id": self.company.id,
                        "reason": "x",
                        "conflict": "ask",
                        **owner,
                    }
                )

    def test_a_supplier_of_another_company_is_left_alone(self):
        other = self.setup_other_company()["company"]
        foreign = self.env["res.partner"].create(
            {"name": "Paper Mill", "vat": "BE0417497106", "company_id": other.id}
        )
        supplier = self.brought(tax_id="BE0417497106")
        self.assertNotEqual(supplier, foreign)
        self.assertFalse(foreign.sudo().integration_sources)
        self.assertFalse(foreign.sudo().bank_ids)

    def test_archived_at_the_source_and_refused_where_odoo_says_so(self):
        supplier = self.brought()
        self.tell_supplier(version=2, status="archived")
        self.assertFalse(supplier.active)
        self.rule(object="supplier", field="status", owner="odoo", conflict="ask")
        self.tell_supplier(version=3)
        self.assertFalse(supplier.active)
        self.assertEqual(self.proposals(field="status").their_text, "Active")

    def test_a_malformed_account_stops_the_event_and_changes_nothing(self):
        supplier = self.brought()
        message = self.tell_supplier(
            version=2, name="Changed", bank_accounts=[masters.bank_account(IBAN), masters.bank_account(IBAN)]
        )
        self.assertEqual((message.status, message.error_code), ("parked", "schema_violation"))
        self.assertEqual((supplier.name, len(supplier.bank_ids)), ("Paper Mill", 0))

    def test_who_sees_and_who_may_not(self):
        supplier = self.brought(tax_id="BE0417497106")
        self.tell_supplier(version=2, tax_id="BE0477472701")
        with self.assertRaises(AccessError):
            self.proposals().with_user(self.operator).write({"state": "taken"})
        self.assertEqual(supplier.vat, "BE0417497106")

    # -- helpers -------------------------------------------------------------------------------------------

    def paper(self):
        return self.env["ir.attachment"].with_user(self.operator).create({"name": "note.txt", "raw": b"note"})

    def approve_bank(self, bank):
        request = bank.with_user(self.operator)._integration_ask(CALL, "Checked", self.paper())
        request.with_user(self.approver).action_approve()
        self.env.invalidate_all()


CALL = {
    "called_person": "Ms Berger",
    "called_number": "+32 9 1234567",
    "number_source": "contract",
    "number_note": "",
    "called_at": "2026-03-02 15:00:00",
    "said": "Confirmed digit by digit",
}
