# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Documents of a system to which the company has not given them are not booked, and somebody is asked (M1)."""

from decimal import Decimal

from ..simulators.partner import documents
from .common import ANNA
from .master_common import MasterCommon


class TestDocumentOwnership(MasterCommon):
    def tell_invoice(self, connection, number):
        """Let a system say that it has issued an invoice of 1,000.00 + 15 %; returns its message."""
        line = documents.Line("Advice", Decimal(1), Decimal("1000.00"), ("STD",))
        document = documents.invoice(number, ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        event = documents.as_event(connection.name, "invoice.issued", document)
        _verdict, message = self.accept(connection, event.body, {"webhook-id": event.id})
        self.drain(connection)
        return message

    def invoices(self, **facts):
        domain = [(name, "=", value) for name, value in facts.items()]
        return self.env["account.move"].search([("move_type", "=", "out_invoice"), *domain])

    def give_invoices(self, connection=None, **facts):
        owner = {"owner": "connection", "owner_connection_id": connection.id} if connection else {}
        return self.rule(object="invoice", field=facts.pop("field", "*"), **owner, **facts)

    def map_tax(self, connection):
        self.env["integration.mapping"].create(
            {
                "connection_id": connection.id,
                "mapping": "tax",
                "outside_value": "STD",
                "tax_id": self.tax15.id,
            }
        )

    def test_as_shipped_a_document_belongs_to_who_issues_it(self):
        self.partner_connection.system_role = "crm"  # and somebody else is the billing
        self.crm.system_role = "billing"
        self.assert_done(self.tell_invoice(self.partner_connection, "P-1"))
        self.assertEqual(len(self.invoices(ref="P-1")), 1)
        self.assertFalse(self.exceptions())

    def test_by_a_rule_of_the_company_only_the_owners_documents_are_booked(self):
        self.map_tax(self.crm)
        self.give_invoices(self.crm)
        count = self.env["account.move"].search_count([])
        stopped = self.tell_invoice(self.partner_connection, "P-1")
        stopped |= self.tell_invoice(self.partner_connection, "P-2")
        self.assertEqual(
            [(row.status, row.error_code) for row in stopped], [("parked", "document_not_owned")] * 2
        )
        self.assertEqual(self.env["account.move"].search_count([]), count)
        exception = self.exceptions()
        self.assertEqual(
            (exception.mapped("code"), exception.message_ids_held), (["document_not_owned"], stopped)
        )
        for word in ("Partner platform", "CRM"):
            self.assertIn(word, exception.what)
        self.assert_done(self.tell_invoice(self.crm, "C-1"))
        self.assertEqual(self.invoices(ref="C-1").amount_total, 1150.0)
        # Money is booked whoever tells of it.
        charge = self.stripe.charge(11500, "usd")
        self.send_stripe()
        self.assertEqual(self.movement("payment", charge["id"]).move_id.state, "posted")

    def test_with_another_rule_what_waits_goes_on_by_itself(self):
        rule = self.give_invoices(self.crm, conflict="ask")
        stopped = self.tell_invoice(self.partner_connection, "P-1")
        self.assertEqual((stopped.status, self.invoices(ref="P-1").ids), ("parked", []))
        self.give_invoices(self.partner_connection)
        self.assertEqual(rule.state, "retired")
        self.drain(self.partner_connection)
        self.assert_done(stopped)
        self.assertEqual(len(self.invoices(ref="P-1")), 1)
        self.assertFalse(self.exceptions())

    def test_a_cancellation_is_another_word_about_the_same_document(self):
        invoice = self.issue("P-1")
        self.give_invoices(self.crm)
        document = {
            "kind": "cancellation",
            "schema_version": "1",
            "source": {"system": documents.SYSTEM, "object_id": invoice.integration_source_id, "version": 2},
            "occurred_at": self.clock.now.isoformat(),
            "cancels": "invoice",
            "reference": "P-1",
            "date": str(self.clock.now.date()),
            "reason": "void",
        }
        message = self.send_partner("invoice.cancelled", document)
        self.assertEqual((message.status, message.error_code), ("parked", "document_not_owned"))
        self.assertEqual((invoice.state, invoice.reversal_move_ids.ids), ("posted", []))

    def test_what_belongs_to_odoo_comes_from_nowhere_else(self):
        self.give_invoices(field="document")
        message = self.tell_invoice(self.partner_connection, "P-1")
        self.assertEqual((message.error_code, self.invoices(ref="P-1").ids), ("document_not_owned", []))
        self.assertIn("Odoo", self.exceptions().what)

    def test_where_the_newest_counts_everybody_brings_them(self):
        self.give_invoices(self.crm, conflict="newest_wins")
        self.assert_done(self.tell_invoice(self.partner_connection, "P-1"))
        self.assertFalse(self.exceptions())
