# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Questions about credit, invoices and payments are answered from the books (E15)."""

import json
import time
from unittest.mock import patch

from odoo.tests import tagged

from ..models.query.questions import IntegrationQuestions
from .query_common import QueryCommon


@tagged("post_install", "-at_install")
class TestCreditQuery(QueryCommon):
    def limit(self, amount):
        self.company.account_use_credit_limit = True
        self.anna.credit_limit = amount

    def test_a_customer_within_the_limit_is_released(self):
        self.limit(1500)
        self.issue("Q-1", tax=False)  # 1000.00, due the same day
        said = self.answered(
            self.question(customer="C-1", purpose="credit", amount={"value": "500.00", "currency": "USD"})
        )
        self.assertEqual((said["outcome"], said["decided_by"]), ("answered", "facts"))
        self.assertEqual((said["decision"], said.get("reasons", [])), ("release", []))
        money = {
            name: said[name]["value"]
            for name in ("receivable", "to_invoice", "requested", "exposure", "credit_limit", "available")
        }
        self.assertEqual(
            money,
            {
                "receivable": "1000.00",
                "to_invoice": "0.00",
                "requested": "500.00",
                "exposure": "1500.00",
                "credit_limit": "1500.00",
                "available": "0.00",
            },
        )
        self.assertEqual(said["receivable"]["currency"], "USD")

    def test_a_cent_beyond_the_limit_is_stopped(self):
        self.limit(1500)
        self.issue("Q-1", tax=False)
        said = self.answered(
            self.question(customer="C-1", purpose="credit", amount={"value": "500.01", "currency": "USD"})
        )
        self.assertEqual((said["decision"], said["reasons"]), ("stop", ["credit_limit_exceeded"]))
        self.assertEqual(said["available"]["value"], "-0.01")
        row = self.kept()
        self.assertEqual((row.decision, row.res_model, row.res_id), ("stop", "res.partner", self.anna.id))
        self.assertEqual(row.reason_text, "the credit limit would be exceeded")

    def test_orders_that_are_not_invoiced_count(self):
        self.limit(1000)
        product = self.root["product.product"].create({"name": "Chair", "invoice_policy": "order"})
        order = self.root["sale.order"].create(
            {
                "partner_id": self.anna.id,
                "company_id": self.company.id,
                "order_line": [
                    (
                        0,
                        0,
                        {"product_id": product.id, "product_uom_qty": 1, "price_unit": 900, "tax_ids": False},
                    )
                ],
            }
        )
        order.action_confirm()
        said = self.answered(
            self.question(customer="C-1", purpose="credit", amount={"value": "200.00", "currency": "USD"})
        )
        self.assertEqual((said["to_invoice"]["value"], said["exposure"]["value"]), ("900.00", "1100.00"))
        self.assertEqual(said["decision"], "stop")

    def test_without_credit_limits_in_the_company_there_is_no_limit(self):
        self.anna.credit_limit = 1
        self.issue("Q-1", tax=False)
        said = self.answered(self.question(customer="C-1", purpose="credit"))
        self.assertEqual(said["decision"], "release")
        self.assertNotIn("credit_limit", said)
        self.assertNotIn("available", said)

    def test_a_hold_stops_everything(self):
        self.anna.write({"integration_credit_hold": True, "integration_credit_hold_reason": "checked by Eve"})
        for purpose in ("hold", "credit", "order_release"):
            said = self.answered(self.question(customer="C-1", purpose=purpose))
            self.assertEqual((said["decision"], said["reasons"]), ("stop", ["customer_on_hold"]), purpose)
            self.assertTrue(said["on_hold"])
            self.assertNotIn("Eve", json.dumps(said))

    def test_overdue_invoices_stop_an_order_and_not_a_credit_check(self):
        self.issue("Q-1", tax=False)  # due on 2 March 2026: long ago for the clock of the server
        self.flow("credit").query_overdue_days = 0
        said = self.answered(self.question(customer="C-1"))
        self.assertEqual((said["decision"], said["reasons"]), ("stop", ["invoices_overdue"]))
        self.assertEqual((said["overdue"]["value"], said["overdue_since"]), ("1000.00", "2026-03-02"))
        self.assertEqual(
            self.answered(self.question(customer="C-1", purpose="credit"))["decision"], "release"
        )
        self.flow("credit").query_overdue_days = -1
        self.assertEqual(self.answered(self.question(customer="C-1"))["decision"], "release")

    def test_another_currency_is_converted(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 0.5}
        )
        said = self.answered(self.question(customer="C-1", amount={"value": "10.00", "currency": "EUR"}))
        self.assertEqual(said["requested"], {"value": "20.00", "currency": "USD"})

    def test_a_customer_who_is_not_known_has_no_decision(self):
        said = self.answered(self.question(customer="C-nobody"))
        self.assertEqual((said["outcome"], said["decided_by"]), ("not_known", "facts"))
        self.assertNotIn("decision", said)
        self.assertFalse(self.kept().res_model)

    def test_the_time_limit_cancels_a_slow_look_up_and_the_policy_decides(self):
        def slow(questions, connection, outside_id):
            questions.env.cr.execute("SELECT pg_sleep(60)")

        with patch.object(IntegrationQuestions, "_customer", slow):
            said = self.answered(self.question(customer="C-1", time_limit_ms=300))
            self.assertEqual((said["outcome"], said["decided_by"]), ("policy", "policy"))
            self.assertEqual((said["decision"], said["reasons"]), ("stop", ["answer_late"]))
            self.assertLess(said["took_ms"], 30_000)
            self.flow("credit").query_when_late = "open"
            said = self.answered(self.question(customer="C-1", time_limit_ms=300))
            self.assertEqual((said["decision"], said["reasons"]), ("release", ["answer_late"]))
        self.assertEqual(self.kept().mapped("decided_by"), ["policy", "policy"])
        self.assertEqual(self.answered(self.question(customer="C-1"))["decided_by"], "facts")

    def test_time_that_passes_between_statements_counts(self):
        self.flow("credit").query_max_time_ms = 50
        real = IntegrationQuestions._customer

        def dawdling(questions, connection, outside_id):
            time.sleep(0.2)
            return real(questions, connection, outside_id)

        with patch.object(IntegrationQuestions, "_customer", dawdling):
            said = self.answered(self.question(customer="C-1", time_limit_ms=10_000))
        self.assertEqual(said["decided_by"], "policy")


@tagged("post_install", "-at_install")
class TestStatusQuery(QueryCommon):
    def test_an_invoice_by_the_askers_id_and_by_both_numbers(self):
        invoice = self.issue("Q-7")
        expected = {
            "invoice_id": str(invoice.id),
            "document_type": "invoice",
            "entry_number": invoice.name,
            "legal_number": "Q-7",
            "status": "open",
            "issue_date": "2026-03-02",
            "due_date": "2026-03-02",
            "accounting_date": "2026-03-02",
        }
        for name in ({"invoice_id": "Q-7"}, {"number": "Q-7"}, {"number": invoice.name}):
            said = self.answered(self.question("invoice", **name))
            self.assertEqual({field: said[field] for field in expected}, expected)
            amounts = [said[field]["value"] for field in ("total_gross", "total_tax", "amount_due")]
            self.assertEqual(amounts, ["1150.00", "150.00", "1150.00"])
            self.assertNotIn("payments", said)
            self.assertGreater(said["overdue_days"], 0)

    def test_a_paid_invoice_and_its_payment(self):
        self.issue("Q-8")
        charge = self.stripe.charge(100000, "usd", metadata={"invoice_number": "Q-8"})
        self.send_stripe()
        said = self.answered(self.question("invoice", invoice_id="Q-8"))
        self.assertEqual((said["status"], said["amount_due"]["value"]), ("partly_paid", "150.00"))
        [payment] = said["payments"]
        movement = self.env["integration.movement"].search([("type", "=", "payment")])
        self.assertEqual(payment["movement_id"], movement.movement_id)
        self.assertEqual((payment["kind"], payment["amount"]["value"]), ("payment", "1000.00"))
        self.assertEqual(payment["entry_number"], movement.move_id.name)
        said = self.answered(self.question("payment", movement_id=movement.movement_id))
        self.assertEqual((said["status"], said["application"]), ("succeeded", "applied"))
        self.assertEqual(said["amount"], {"value": "1000.00", "currency": "USD"})
        [applied] = said["invoices"]
        self.assertEqual((applied["number"], applied["amount"]["value"]), ("Q-8", "1000.00"))
        self.assertTrue(charge)

    def test_what_is_not_known(self):
        for body in (
            self.question("invoice", invoice_id="Q-none"),
            self.question("invoice", number="Q-none"),
            self.question("payment", movement_id="ch_none"),
        ):
            said = self.answered(body)
            self.assertEqual(said["outcome"], "not_known")
            self.assertEqual(
                set(said),
                {
                    "kind", "schema_version", "source", "occurred_at", "correlation_id", "query_id", "outcome",
                    "decided_by", "company", "took_ms",
                },
            )  # fmt: skip

    def test_two_documents_of_one_number_are_not_told_apart(self):
        first = self.issue("Q-9")
        second = self.issue("Q-10")
        second.with_context(check_move_validity=False).sudo().ref = "Q-9"
        self.assertEqual(first.ref, "Q-9")
        self.assertEqual(self.answered(self.question("invoice", number="Q-9"))["outcome"], "not_known")

    def test_a_late_status_is_said_to_be_late(self):
        def slow(questions, connection, query):
            questions.env.cr.execute("SELECT pg_sleep(60)")

        with patch.object(IntegrationQuestions, "_invoice", slow):
            said = self.answered(self.question("invoice", number="Q-9", time_limit_ms=100))
        self.assertEqual((said["outcome"], said.get("status")), ("policy", None))

    def test_another_companys_documents_are_as_if_they_were_not_there(self):
        other = self.setup_other_company()
        partner = self.env["res.partner"].create({"name": "Theirs", "company_id": other["company"].id})
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": other["company"].id,
                "journal_id": other["default_journal_sale"].id,
                "partner_id": partner.id,
                "invoice_date": "2026-03-02",
                "invoice_line_ids": [(0, 0, {"name": "x", "quantity": 1, "price_unit": 5.0})],
            }
        )
        invoice.action_post()
        none = self.answered(self.question("invoice", number="NONE/1"))
        invoice.name = "THEIRS/1"
        said = self.answered(self.question("invoice", number="THEIRS/1"))
        self.assertEqual((said["outcome"], set(said)), ("not_known", set(none)))
        # A customer of another company that this connection once knew.
        self.anna.sudo().company_id = other["company"]
        said = self.answered(self.question(customer="C-1"))
        self.assertEqual(said["outcome"], "not_known")
