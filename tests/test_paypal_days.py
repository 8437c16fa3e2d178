# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What was bought from PayPal's balance is said by a person; what is missing of a day is named (S2, R2, X2)."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.tests import tagged

from .paypal_common import PayPalCommon


@tagged("post_install", "-at_install")
class TestPayPalDays(PayPalCommon):
    # -- purchases from the balance ------------------------------------------------------------------------

    def bought(self, amount="120.00", invoice=None):
        """Pay somebody from the balance; returns the movement."""
        self.account.capture("2000.00")
        line = self.account.purchase(amount, invoice=invoice)
        self.pull()
        return self.movement("unknown", line.id)

    def bill(self, amount=100.0, ref="B-1"):
        supplier = self.env["res.partner"].create({"name": "Print shop"})
        tax = self.env["account.tax"].create(
            {"name": "Input 20 %", "amount": 20.0, "type_tax_use": "purchase", "company_id": self.company.id}
        )
        expense = self.company_data["default_account_expense"]
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": supplier.id,
                "invoice_date": date(2026, 3, 1),
                "ref": ref,
                "invoice_line_ids": [
                    (
                        0,
                        0,
                        {
                            "name": "Flyers",
                            "price_unit": amount,
                            "account_id": expense.id,
                            "tax_ids": tax.ids,
                        },
                    )
                ],
            }
        )
        bill.action_post()
        return bill

    def say(self, movement, purpose, **facts):
        wizard = self.env["integration.classify"].create(
            {"movement_id": movement.id, "purpose": purpose, "reason": "It says so", **facts}
        )
        result = wizard.action_confirm()
        self.env.invalidate_all()
        return result

    def suspense(self, movement):
        return self.balance(movement.move_id.journal_id.suspense_account_id)

    def test_a_purchase_has_an_exception_of_its_own_and_waits_in_suspense(self):
        bought = self.bought(invoice="B-1")
        self.assertEqual((bought.application, bought.is_purchase), ("suspense", True))
        exception = bought.exception_id
        self.assertEqual((exception.code, exception.fix), ("purchase_from_balance", "classify"))
        self.assertIn("B-1", exception.what)
        self.assertEqual(self.suspense(bought), Decimal("120.00"))
        strange = self.account.strange("-3.00")
        self.pull()
        other = self.movement("unknown", strange.id)
        self.assertEqual((other.exception_id.code, other.is_purchase), ("movement_unclassified", False))

    def test_it_pays_the_bill_that_a_person_chooses(self):
        bill, bought = self.bill(), self.bought(invoice="B-1")
        self.say(bought, "bills", bill_ids=[(6, 0, bill.ids)])
        self.assertEqual((bought.application, bill.amount_residual), ("applied", 0.0))
        self.assertEqual(bought.counterpart_id.account_id, bill.partner_id.property_account_payable_id)
        self.assertEqual(self.suspense(bought), Decimal("0.00"))
        self.assertFalse(self.exceptions("purchase_from_balance"))
        self.assertEqual(bought.classification_ids.purpose, "bills")

    def test_more_than_is_open_of_the_bills_is_refused(self):
        bill, bought = self.bill(50.0), self.bought()
        with self.assertRaisesRegex(UserError, "not so much is open"):
            self.say(bought, "bills", bill_ids=[(6, 0, bill.ids)])
        self.assertEqual((bought.application, bill.amount_residual), ("suspense", 60.0))

    def test_without_a_bill_it_is_an_expense_within_the_limit(self):
        bought = self.bought()
        with self.assertRaisesRegex(UserError, "account of expenses"):
            self.say(bought, "expense", account_id=self.role("TRANSIT").id)
        expense = self.company_data["default_account_expense"]
        self.say(bought, "expense", account_id=expense.id)
        self.assertEqual((bought.application, self.balance(expense)), ("applied", Decimal("120.00")))
        self.assertEqual(self.suspense(bought), Decimal("0.00"))

    def test_above_the_limit_an_approver_decides_first(self):
        bought = self.bought("600.00")
        expense = self.company_data["default_account_expense"]
        self.say(bought, "expense", account_id=expense.id)
        self.assertEqual((bought.application, self.balance(expense)), ("suspense", Decimal("0")))
        request = self.env["integration.change.request"].search(
            [("res_id", "=", bought.id), ("state", "=", "asked")]
        )
        self.assertEqual((request.res_model, request.amount), ("integration.movement", 600.0))

    # -- what is missing of a day --------------------------------------------------------------------------

    def days(self):
        return self.env["integration.processor.statement"].search(
            [("connection_id", "=", self.paypal.id), ("currency_id.name", "=", "USD")], order="date"
        )

    def test_what_the_books_lack_of_a_day_is_named_and_fetched(self):
        self.paypal.fetch_from = date(2026, 3, 2)
        self.account.capture("500.00")
        self.send()
        lost = self.account.withdraw("200.00")
        self.clock.advance(days=2)
        self.pull("balances")
        [first, *_later] = self.days()
        self.assertEqual((first.lines_told, first.provider_count, first.state), (True, 2, "differs"))
        self.assertEqual(first.provider_total, 282.06)
        # The fee of the capture is in its own line of the ledger; the webhook has told both.
        self.assertEqual((first.booked_count, first.missing_count, first.missing_total), (1, 1, -200.0))
        self.assertIn(f"{lost.id} (not received)", first.missing_text)
        first.action_fetch_missing()
        self.assertTrue(first.fetched_again_at)
        self.pull()
        self.assertEqual((first.state, first.missing_count, first.booked_count), ("agrees", 0, 2))
        self.assertFalse(self.exceptions("balance_differs"))

    def test_a_list_that_is_not_complete_names_nothing(self):
        self.paypal.fetch_from = date(2026, 3, 2)
        self.account.capture("500.00")
        self.clock.advance(days=2)
        refreshed = self.api._transactions

        def late(query):
            answer = refreshed(query)
            return answer._replace(
                body=answer.body.replace(
                    b'"last_refreshed_datetime":"2026-03-04', b'"last_refreshed_datetime":"2026-03-02'
                )
            )

        self.patch(self.api, "_transactions", late)
        self.pull("balances")
        first = self.days()[0]
        self.assertEqual((first.lines_told, first.missing_count, first.provider_closing), (False, 0, 482.06))
