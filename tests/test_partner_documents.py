# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A partner's customers and invoices: policy F8, requirements S17, O1, O5, E2, E3."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import UserError

from ..simulators.partner.documents import Line, customer, invoice, invoice_request
from .common import ANNA, BEN, IntegrationCommon


class TestPartnerDocuments(IntegrationCommon):
    def message_of(self, document, event_type="invoice.issued"):
        return self.send_partner(event_type, document)

    def document(self, number="P-1", party=ANNA, lines=None, **facts):
        lines = lines or [Line("Advice", Decimal(2), Decimal("499.99"))]
        return invoice(number, party, lines, self.clock.now, due_date=date(2026, 4, 1), **facts)

    def test_customer_is_created_bound_and_updated(self):
        message = self.message_of(customer(ANNA, self.clock.now), "customer.updated")
        partner = self.became(message, "res.partner")
        self.assertEqual((partner.name, partner.email, partner.city), (ANNA.name, ANNA.email, ANNA.city))
        self.assertEqual(partner.customer_rank, 1)
        newer = dict(customer(ANNA, self.clock.now, version=3), name="Anna's Fine Bakery")
        self.message_of(newer, "customer.updated")
        self.assertEqual(partner.name, "Anna's Fine Bakery")
        older = dict(customer(ANNA, self.clock.now, version=2), name="Anna's Old Bakery")
        late = self.message_of(older, "customer.updated")
        self.assertEqual(late.status, "superseded")
        self.assertEqual(partner.name, "Anna's Fine Bakery")
        self.assertEqual(self.env["integration.binding"].search_count([("outside_id", "=", ANNA.id)]), 1)

    def test_existing_contact_is_found_by_mail(self):
        known = self.env["res.partner"].create({"name": "Anna (from the shop)", "email": ANNA.email.upper()})
        message = self.message_of(customer(ANNA, self.clock.now), "customer.updated")
        self.assertEqual(self.became(message, "res.partner"), known)

    def test_two_contacts_match_and_a_person_chooses(self):
        contacts = self.env["res.partner"].create(
            [{"name": name, "email": ANNA.email} for name in ("One", "Two")]
        )
        message = self.message_of(customer(ANNA, self.clock.now), "customer.updated")
        self.assertEqual((message.status, message.error_code), ("parked", "partner_ambiguous"))
        exception = self.exceptions("partner_ambiguous")
        exception.fix_partner_id = contacts[1]
        exception.action_choose_customer()
        self.drain(self.partner_connection)
        self.assertEqual(message.status, "done")
        self.assertEqual(self.became(message, "res.partner"), contacts[1])
        self.assertEqual(exception.state, "resolved")

    def test_issued_invoice_keeps_number_dates_lines_taxes_and_total(self):
        message = self.message_of(self.document("P-77"))
        move = self.became(message, "account.move")
        self.assertEqual(
            (move.state, move.move_type, move.ref, move.payment_reference),
            ("posted", "out_invoice", "P-77", "P-77"),
        )
        self.assertEqual(
            (move.invoice_date, move.date, move.invoice_date_due),
            (date(2026, 3, 2), date(2026, 3, 2), date(2026, 4, 1)),
        )
        self.assertEqual((move.amount_untaxed, move.amount_tax, move.amount_total), (999.98, 150.00, 1149.98))
        self.assertEqual(move.journal_id, self.partner_connection.issued_journal_id)
        self.assertNotEqual(move.name, "P-77")
        tax_line = move.line_ids.filtered("tax_repartition_line_id")
        self.assertEqual(tax_line.tax_line_id, self.tax15)
        self.assertTrue(move.integration_issued_elsewhere)
        self.assertEqual(message.amount, 1149.98)
        with self.assertRaises(UserError):  # no second legal document
            self.env["account.move.send"]._check_move_constraints(move)
        action = move.action_open_integration_source()
        self.assertEqual(action["res_id"], message.id)

    def test_without_due_date_and_term_it_is_due_on_its_own_date(self):
        """Odoo would take today for the document and keep another date on its line."""
        lines = [Line("A", Decimal(1), Decimal("10.00"))]
        issued = self.document("P-78", lines=lines) | {"due_date": None}
        requested = invoice_request("P-79", ANNA, lines, self.clock.now)
        for event_type, document in (("invoice.issued", issued), ("invoice.requested", requested)):
            with self.subTest(event_type):
                message = self.message_of(document, event_type)
                move = self.became(message, "account.move")
                term_line = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
                self.assertEqual(
                    (move.invoice_date_due, term_line.date_maturity), (date(2026, 3, 2), date(2026, 3, 2))
                )

    def test_tax_of_the_issuer_is_kept_where_it_differs_by_cents(self):
        document = self.document(
            lines=[Line("A", Decimal(1), Decimal("10.03")), Line("B", Decimal(1), Decimal("20.03"))]
        )
        document["lines"][0]["taxes"][0]["amount"] = "1.51"  # Odoo computes 1.50
        document["total_tax"] = "4.51"
        document["total_gross"] = "34.57"
        move = self.became(self.message_of(document), "account.move")
        self.assertEqual((move.state, move.amount_tax, move.amount_total), ("posted", 4.51, 34.57))
        self.assertEqual(
            move.line_ids.filtered("tax_repartition_line_id").tax_tag_ids,
            self.tax15.invoice_repartition_line_ids.tag_ids,
        )

    def test_tax_above_tolerance_is_an_exception_and_books_nothing(self):
        document = self.document()
        document["lines"][0]["taxes"][0]["amount"] = "140.00"
        document |= {"total_tax": "140.00", "total_gross": "1139.98"}
        message = self.message_of(document)
        self.assertEqual((message.status, message.error_code), ("parked", "tax_difference"))
        self.assertFalse(self.env["account.move"].search_count([("ref", "=", "P-1")]))
        self.assertIn("140", self.exceptions("tax_difference").what)

    def test_missing_tax_mapping_is_one_exception_for_all_and_goes_on_by_itself(self):
        lines = [Line("Advice", Decimal(1), Decimal("100.00"), ("STD",))]
        documents = []
        for number in range(3):
            document = self.document(f"P-{number}", lines=lines)
            document["lines"][0]["tax_codes"] = ["NEW"]
            document["lines"][0]["taxes"][0]["code"] = "NEW"
            documents.append(self.message_of(document))
        exception = self.exceptions()
        self.assertEqual((len(exception), exception.code, exception.held_count), (1, "mapping_missing", 3))
        self.assertFalse(
            self.env["res.partner"].search_count([("email", "=", ANNA.email)])
        )  # nothing half-applied
        context = exception.action_add_mapping()["context"]
        values = {name.removeprefix("default_"): value for name, value in context.items()}
        self.env["integration.mapping"].create({**values, "tax_id": self.tax15.id})
        self.drain(self.partner_connection)
        self.assertEqual([message.status for message in documents], ["done"] * 3)
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(self.env["res.partner"].search_count([("email", "=", ANNA.email)]), 1)

    def test_repeated_changed_and_renumbered_documents(self):
        document = self.document("P-5")
        self.message_of(document)
        again = dict(document, source=dict(document["source"], version=1), note="changed")
        again["source"]["version"] = 2
        changed = self.message_of(again)
        self.assertEqual((changed.status, changed.error_code), ("parked", "document_changed"))
        other = self.document("P-5", party=BEN)
        other["source"]["object_id"] = "another-object"
        used = self.message_of(other)
        self.assertEqual((used.status, used.error_code), ("parked", "duplicate_number"))
        self.assertEqual(self.env["account.move"].search_count([("ref", "=", "P-5")]), 1)

    def test_requested_invoice_is_issued_by_odoo_with_its_taxes_and_terms(self):
        partner = self.env["res.partner"].create(
            {"name": ANNA.name, "email": ANNA.email, "property_payment_term_id": self.pay_terms_b.id}
        )
        document = invoice_request(
            "R-1", ANNA, [Line("Advice", Decimal(3), Decimal("33.33"))], self.clock.now
        )
        move = self.became(self.message_of(document, "invoice.requested"), "account.move")
        self.assertEqual(move.partner_id, partner)
        self.assertEqual(move.invoice_payment_term_id, self.pay_terms_b)
        self.assertEqual(len(move.line_ids.filtered(lambda line: line.display_type == "payment_term")), 2)
        self.assertEqual((move.amount_untaxed, move.amount_tax), (99.99, 15.00))
        self.assertFalse(move.integration_issued_elsewhere)
        self.assertEqual(move.journal_id, self.partner_connection.sales_journal_id)

    def test_credit_note_is_matched_with_its_invoice(self):
        move = self.became(self.message_of(self.document("P-9")), "account.move")
        note = self.document("G-9", credit_of="P-9")
        posted = self.became(self.message_of(note, "credit_note.issued"), "account.move")
        self.assertEqual(
            (posted.move_type, posted.amount_total, posted.reversed_entry_id), ("out_refund", 1149.98, move)
        )

    def test_several_credit_notes_of_one_invoice_in_one_batch_stay_with_it(self):
        first = self.became(self.message_of(self.document("P-1")), "account.move")
        second = self.became(self.message_of(self.document("P-2", party=BEN)), "account.move")
        part = [Line("Part", Decimal(1), Decimal("100.00"))]
        for number, party, of in (("G-1", ANNA, "P-1"), ("G-2", ANNA, "P-1"), ("G-3", BEN, "P-2")):
            self.send_partner(
                "credit_note.issued",
                self.document(number, party=party, lines=part, credit_of=of),
                drain=False,
            )
        self.drain(self.partner_connection)
        self.assertEqual((first.amount_residual, second.amount_residual), (919.98, 1034.98))
        for credited in (first, second):
            matched = credited.line_ids.matched_credit_ids.credit_move_id.move_id
            self.assertEqual(matched.partner_id, credited.partner_id)

    def test_credit_note_that_could_credit_several_invoices_waits_for_a_person(self):
        for party in (ANNA, BEN):
            self.message_of(self.document(f"P-{party.id}", party=party))
        self.env["account.move"].search([("ref", "in", ("P-C-1", "P-C-2"))]).write({"ref": "P-404"})
        message = self.message_of(self.document("G-1", credit_of="P-404"), "credit_note.issued")
        self.assertEqual((message.status, message.error_code), ("parked", "credited_invoice_unknown"))

    def test_successors_of_a_stopped_event_wait_and_then_follow_in_order(self):
        document = self.document("P-8")
        document["lines"][0]["tax_codes"], document["lines"][0]["taxes"][0]["code"] = ["ODD"], "ODD"
        first = self.message_of(document)
        second = self.message_of(dict(document, source=dict(document["source"], version=None)))
        self.assertEqual((first.status, second.status), ("parked", "held"))
        self.env["integration.mapping"].create(
            {
                "connection_id": self.partner_connection.id,
                "mapping": "tax",
                "outside_value": "ODD",
                "tax_id": self.tax15.id,
            }
        )
        self.drain(self.partner_connection)
        self.assertEqual(first.status, "done")
        self.assertEqual((second.status, second.error_code), ("parked", "document_changed"))

    def test_one_bad_document_does_not_hold_back_its_batch(self):
        good = [
            self.send_partner("invoice.issued", self.document(f"P-{number}"), drain=False)
            for number in range(10)
        ]
        bad_document = self.document("P-bad")
        bad_document["total_gross"] = "1.00"
        bad = self.send_partner("invoice.issued", bad_document, drain=False)
        self.partner_connection.issued_journal_id  # noqa: B018 - the journal is shared by all of them
        self.drain(self.partner_connection)
        self.assertEqual({message.status for message in good}, {"done"})
        self.assertEqual((bad.status, bad.error_code), ("parked", "totals_do_not_add_up"))
        self.assertEqual(self.env["account.move"].search_count([("ref", "like", "P-%")]), 10)

    def test_document_of_a_locked_period_is_booked_on_the_first_open_day(self):
        self.company.sale_lock_date = date(2026, 3, 31)
        message = self.message_of(self.document("P-6"))
        move = self.became(message, "account.move")
        self.assertEqual((move.invoice_date, move.date), (date(2026, 3, 2), date(2026, 4, 1)))
        self.assertEqual(self.exceptions().mapped("code"), ["late_document"])
