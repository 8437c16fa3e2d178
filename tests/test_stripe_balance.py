# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Stripe Billing: negative invoices, shipping, billing credits, debts on a customer's balance (S1, O5)."""

from decimal import Decimal
from unittest.mock import patch

from ..connectors.base import HttpAnswer
from ..models.messaging import http_client
from ..models.messaging.fetched import with_fetches
from ..simulators.stripe.api import StripeApi
from ..simulators.stripe.billing import Item
from ..simulators.stripe.webhook import as_event
from .common import api_answer
from .test_stripe_billing import RATE, BillingCommon

# -20.00 and 10.00 + 15 % = -11.50
DOWNGRADE = (
    Item("Unused time", -2000, taxes=((RATE, -300, False),)),
    Item("Remaining time", 1000, taxes=((RATE, 150, False),)),
)
# 40.00 + 15 % = 46.00
SMALL = (Item("Plan Small", 4000, taxes=((RATE, 600, False),)),)
# 0.40 + 15 % = 0.46, which Stripe does not collect by itself
CRUMB = (Item("Overage", 40, taxes=((RATE, 6, False),)),)


class TestStripeBalance(BillingCommon):
    def setUp(self):
        super().setUp()
        accounts = (("SHIP", "4097", "income"), ("CUSTDEP", "2197", "liability_current"))
        for role, code, kind in accounts:
            account = self.env["account.account"].create({"name": role, "code": code, "account_type": kind})
            self.env["integration.role.account"].create(
                {"company_id": self.company.id, "role": role, "account_id": account.id}
            )

    def send_asking(self):
        """Send what the account has told, and answer what is asked back; returns how often something was asked."""
        self._secret(self.stripe_connection, "api", "sk_test_key")
        with patch.object(http_client, "send", side_effect=self._answer) as sent:
            for event in self.stripe_events():
                self.accept(self.stripe_connection, as_event(event).body)
            for _round in range(3):
                with_fetches(lambda: self.drain(self.stripe_connection))
        return sent.call_count

    def _answer(self, request, *_args):
        answer = api_answer(StripeApi(self.stripe, "sk_test_key"), request)
        return HttpAnswer(answer.status, answer.headers, answer.body)

    # -- negative invoices -------------------------------------------------------------------------------------

    def test_a_negative_invoice_is_a_credit_for_the_next_one(self):
        negative = self.bill(DOWNGRADE)
        self.assertEqual(
            (negative["total"], negative["ending_balance"], negative["status"]), (-1150, -1150, "paid")
        )
        small = self.bill(SMALL)
        self.stripe.pay_invoice(small["id"])
        self.assert_done(self.send_stripe())
        note, invoice = self.booked(negative["id"]), self.booked(small["id"])
        self.assertEqual(
            (note.move_type, note.ref, note.amount_untaxed, note.amount_tax, note.amount_total),
            ("out_refund", "SIM-0001", 10.0, 1.5, 11.5),
        )
        self.assertEqual(note.invoice_line_ids.mapped("price_subtotal"), [20.0, -10.0])
        self.assertEqual((note.amount_residual, invoice.amount_residual), (0.0, 0.0))
        self.assertFalse(note.reversed_entry_id)
        self.assertFalse(self.exceptions())

    def test_a_negative_invoice_whose_credit_is_nowhere_is_held(self):
        negative = self.bill(DOWNGRADE)
        events = self.stripe_events()
        for each in events:
            if each["data"]["object"].get("id") == negative["id"]:
                each["data"]["object"]["ending_balance"] = 0
        self.send_stripe(events)
        self.assertFalse(self.booked(negative["id"]))
        [exception] = self.exceptions("billing_not_bookable")
        self.assertIn("the customer's balance is the same as before", exception.what)

    # -- debts -------------------------------------------------------------------------------------------------

    def crumbs(self):
        """Return (invoice of 0.46 that nothing collects, invoice of 46.00 that collects both, charge of 46.46)."""
        crumb = self.bill(CRUMB)
        self.assertEqual((crumb["status"], crumb["ending_balance"]), ("paid", 46))
        small = self.bill(SMALL)
        self.assertEqual((small["amount_due"], small["ending_balance"]), (4646, 0))
        charge, _link = self.stripe.pay_invoice(small["id"])
        return crumb, small, charge

    def test_a_payment_pays_the_debt_that_is_collected_with_an_invoice(self):
        crumb, small, charge = self.crumbs()
        self.assert_done(self.send_stripe())
        old, invoice = self.booked(crumb["id"]), self.booked(small["id"])
        self.assertEqual((old.amount_total, old.amount_residual), (0.46, 0.0))
        self.assertEqual((invoice.amount_total, invoice.amount_residual), (46.0, 0.0))
        movement = self.movement("payment", charge["id"])
        self.assertEqual((movement.application, movement.invoice_ids), ("applied", old | invoice))
        self.assertEqual((old.integration_debt_left, invoice.integration_debt_collects), (0.0, 0.0))
        self.assertFalse(self.exceptions())

    def test_the_old_invoice_may_come_last(self):
        crumb, _small, charge = self.crumbs()
        events = self.stripe_events()
        late = [each for each in events if each["data"]["object"].get("id") == crumb["id"]]
        self.send_stripe([each for each in events if each not in late])
        movement = self.movement("payment", charge["id"])
        self.assertEqual(movement.application, "partly")
        self.assertEqual(len(self.exceptions("payment_excess")), 1)
        self.send_stripe(late)
        self.assertEqual((self.booked(crumb["id"]).amount_residual, movement.application), (0.0, "applied"))
        self.assertFalse(self.exceptions())

    def test_a_debt_in_no_document_stays_an_open_credit(self):
        small = self.bill(SMALL, balance_used=-700)  # entered there by hand
        self.assertEqual(small["amount_due"], 5300)
        charge, _link = self.stripe.pay_invoice(small["id"])
        self.send_stripe()
        invoice, movement = self.booked(small["id"]), self.movement("payment", charge["id"])
        self.assertEqual((invoice.amount_total, invoice.amount_residual), (46.0, 0.0))
        self.assertEqual((movement.application, movement.invoice_ids), ("partly", invoice))
        [exception] = self.exceptions("payment_excess")
        self.assertIn("$\xa07.00", exception.what)

    def test_a_credit_takes_a_debt_along(self):
        crumb = self.bill(CRUMB)
        negative = self.bill(DOWNGRADE)
        self.assertEqual(negative["ending_balance"], -1104)
        self.assert_done(self.send_stripe())
        note = self.booked(negative["id"])
        self.assertEqual((self.booked(crumb["id"]).amount_residual, note.amount_residual), (0.0, 11.04))
        self.assertEqual((note.integration_credit_left, note.integration_debt_collects), (11.04, 0.0))
        small = self.bill(SMALL)
        self.send_stripe()
        self.assertEqual((self.booked(small["id"]).amount_residual, note.amount_residual), (34.96, 0.0))
        self.assertFalse(self.exceptions())

    def test_a_void_invoice_collects_nothing(self):
        crumb = self.bill(CRUMB)
        void = self.bill(SMALL)
        self.stripe.void_invoice(void["id"])
        again = self.bill(SMALL)
        self.assertEqual(again["amount_due"], 4646)
        self.stripe.pay_invoice(again["id"])
        self.assert_done(self.send_stripe())
        self.assertEqual(self.booked(crumb["id"]).amount_residual, 0.0)
        self.assertEqual(self.booked(void["id"]).integration_debt_collects, 0.0)
        self.assertEqual(self.booked(again["id"]).amount_residual, 0.0)
        self.assertFalse(self.exceptions())

    # -- shipping ----------------------------------------------------------------------------------------------

    def test_shipping_is_booked_with_the_tax_that_is_asked_for(self):
        told = self.bill(SMALL, shipping=(500, ((RATE, 75, False),)))
        self.assertEqual(self.send_asking(), 1)
        invoice = self.booked(told["id"])
        self.assertEqual(
            (invoice.amount_untaxed, invoice.amount_tax, invoice.amount_total),
            (45.0, 6.75, 51.75),
            self.stopped(),
        )
        shipping = invoice.invoice_line_ids[-1]
        self.assertEqual((shipping.account_id, shipping.price_subtotal), (self.role("SHIP"), 5.0))
        self.assertEqual(shipping.tax_ids, self.tax15)
        self.assertFalse(self.exceptions())

    def test_shipping_without_tax_asks_nothing(self):
        told = self.bill(SMALL, shipping=(500, ()))
        self.assert_done(self.send_stripe())
        self.assertEqual(self.booked(told["id"]).amount_total, 51.0)
        self.assertEqual(self.balance(self.role("SHIP")), Decimal("-5.00"))

    # -- billing credits ---------------------------------------------------------------------------------------

    def test_billing_credits_for_nothing_lessen_the_price(self):
        grant = self.stripe.grant_credit(self.customer["id"], 1000, "usd")
        # 40.00 less 10.00, + 15 % = 34.50
        told = self.bill((Item("Usage", 4000, taxes=((RATE, 450, False),), credits=((grant["id"], 1000),)),))
        self.assertEqual(self.send_asking(), 1)
        invoice = self.booked(told["id"])
        self.assertEqual((invoice.amount_untaxed, invoice.amount_total), (30.0, 34.5), self.stopped())
        [line] = invoice.invoice_line_ids
        self.assertEqual((line.price_unit, line.discount), (40.0, 25.0))
        self.assertEqual(self.balance(self.role("CUSTDEP")), Decimal("0.00"))

    def test_billing_credits_that_were_paid_for_are_taken_from_the_deposits(self):
        grant = self.stripe.grant_credit(self.customer["id"], 1000, "usd", "paid")
        told = self.bill((Item("Usage", 4000, taxes=((RATE, 450, False),), credits=((grant["id"], 1000),)),))
        self.assertEqual(self.send_asking(), 1)
        invoice = self.booked(told["id"])
        self.assertEqual((invoice.amount_untaxed, invoice.amount_total), (30.0, 34.5), self.stopped())
        self.assertEqual(invoice.invoice_line_ids.mapped("price_subtotal"), [30.0, 10.0, -10.0])
        self.assertEqual(self.balance(self.role("CUSTDEP")), Decimal("10.00"))
        self.assertFalse(self.exceptions())

    def test_billing_credits_of_nobody_knows_what_kind_are_held(self):
        grant = self.stripe.grant_credit(self.customer["id"], 1000, "usd", "paid")
        told = self.bill((Item("Usage", 4000, credits=((grant["id"], 1000),)),))
        self.stripe.credit_uses.clear()  # the source does not say it
        self.send_asking()
        self.assertFalse(self.booked(told["id"]))
        [exception] = self.exceptions("billing_not_bookable")
        self.assertIn("billing credits", exception.what)
        self.assertEqual(self.balance(self.role("CUSTDEP")), Decimal("0.00"))
