# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A credit that Stripe keeps for a customer is matched with the invoice that used it, by itself (S1, O5)."""

from decimal import Decimal

from ..simulators.stripe.billing import Item
from .test_stripe_billing import RATE, SEAT, BillingCommon

# 40.00 + 15 % = 46.00
SMALL = (Item("Plan Small", 4000, taxes=((RATE, 600, False),)),)
# 5.00 + 15 % = 5.75
TINY = (Item("Plan Tiny", 500, taxes=((RATE, 75, False),)),)


class TestStripeCredits(BillingCommon):
    def credited(self):
        """Return (paid invoice, credit note of 11.50 that stays with the customer)."""
        first = self.bill()
        self.stripe.pay_invoice(first["id"])
        return first, self.stripe.credit(first["id"], SEAT)

    def entries(self):
        return self.env["account.move"].search_count([("move_type", "=", "entry")])

    def test_the_next_invoice_uses_it_and_the_card_pays_the_rest(self):
        first, note = self.credited()
        second = self.bill(SMALL)
        self.assertEqual((second["starting_balance"], second["amount_remaining"]), (-1150, 3450))
        self.stripe.pay_invoice(second["id"])
        self.assert_done(self.send_stripe())
        invoice, credit = self.booked(second["id"]), self.booked(note["id"])
        self.assertEqual((invoice.amount_total, invoice.integration_credit_used), (46.0, 11.5))
        self.assertEqual((invoice.amount_residual, credit.amount_residual), (0.0, 0.0))
        self.assertEqual(self.booked(first["id"]).amount_residual, 0.0)
        self.assertEqual((invoice.integration_credit_left, credit.integration_credit_left), (0.0, 0.0))
        self.assertFalse(self.exceptions())

    def test_in_every_order(self):
        _first, note = self.credited()
        second = self.bill(SMALL)
        self.stripe.pay_invoice(second["id"])
        events = self.stripe_events()
        late = [each for each in events if each["type"] == "credit_note.created"]
        self.send_stripe([each for each in events if each["type"] != "credit_note.created"])
        invoice = self.booked(second["id"])
        self.assertEqual((invoice.amount_residual, invoice.integration_credit_left), (11.5, 11.5))
        exception = self.exceptions("billing_credit_missing")
        self.assertEqual((len(exception), exception.fix), (1, "credit"))
        self.assertIn("$\xa011.50", exception.what)
        exception.action_match_credit()
        self.assertEqual(exception.state, "open")
        self.send_stripe(late)
        self.assertEqual((invoice.amount_residual, self.booked(note["id"]).amount_residual), (0.0, 0.0))
        self.assertEqual((exception.state, len(self.exceptions())), ("resolved", 0))

    def test_a_credit_is_used_by_several_invoices(self):
        _first, note = self.credited()
        before = self.entries()
        tiny = self.bill(TINY)  # paid by the credit alone
        self.assertEqual((tiny["status"], tiny["ending_balance"]), ("paid", -575))
        small = self.bill(SMALL)
        self.assertEqual((small["starting_balance"], small["ending_balance"]), (-575, 0))
        self.assert_done(self.send_stripe())
        self.assertEqual(self.booked(tiny["id"]).amount_residual, 0.0)
        self.assertEqual(self.booked(small["id"]).amount_residual, 40.25)
        self.assertEqual(self.booked(note["id"]).amount_residual, 0.0)
        self.assertEqual(self.entries(), before + 1)  # the payment of the first; matching books nothing

    def test_no_more_is_used_than_stripe_says(self):
        _first, note = self.credited()
        small = self.stripe.draft_invoice(self.customer["id"], "usd", SMALL)
        self.stripe.customers[self.customer["id"]]["balance"] = -500  # a part was taken back there by hand
        small = self.stripe.finalise(small["id"])
        self.assert_done(self.send_stripe())
        invoice, credit = self.booked(small["id"]), self.booked(note["id"])
        self.assertEqual((invoice.amount_residual, credit.amount_residual), (41.0, 6.5))
        carried = self.env["account.move"].search([("integration_source_id", "=", small["id"])]) - invoice
        self.assertEqual(
            (carried.move_type, carried.state, carried.line_ids.mapped("debit")),
            ("entry", "posted", [5.0, 0.0]),
        )
        self.assertEqual(
            carried.line_ids.account_id,
            invoice.line_ids.filtered(lambda line: line.balance == 46.0).account_id,
        )
        self.assertFalse(self.exceptions())

    def test_a_credit_note_that_was_refunded_is_none(self):
        first = self.bill()
        charge, _link = self.stripe.pay_invoice(first["id"])
        self.stripe.settle(charge["id"])
        note = self.stripe.credit(first["id"], SEAT, refund_charge=charge["id"])
        small = self.bill(SMALL, balance_used=1150)  # granted by hand, in no document
        self.send_stripe()
        self.assertEqual(self.booked(small["id"]).amount_residual, 46.0)
        self.assertEqual(self.booked(note["id"]).integration_credit_used, 0.0)
        self.assertEqual(len(self.exceptions("billing_credit_missing")), 1)

    def test_matched_by_hand_the_button_closes_it(self):
        small = self.bill(SMALL, balance_used=4600)
        self.send_stripe()
        invoice = self.booked(small["id"])
        exception = self.exceptions("billing_credit_missing")
        goodwill = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": invoice.partner_id.id,
                "invoice_date": invoice.invoice_date,
                "invoice_line_ids": [(0, 0, {"name": "Goodwill", "price_unit": 46.0, "tax_ids": False})],
            }
        )
        goodwill.action_post()
        receivable = (invoice | goodwill).line_ids.filtered(lambda line: line.display_type == "payment_term")
        receivable.reconcile()
        exception.action_match_credit()
        self.assertEqual((invoice.amount_residual, exception.state), (0.0, "resolved"))

    def test_a_voided_invoice_gives_it_back(self):
        _first, note = self.credited()
        small = self.bill(SMALL)
        self.send_stripe()
        self.assertEqual(self.booked(note["id"]).amount_residual, 0.0)
        self.stripe.void_invoice(small["id"])
        self.send_stripe()
        credit, invoice = self.booked(note["id"]), self.booked(small["id"])
        self.assertEqual((credit.amount_residual, credit.integration_credit_left), (11.5, 11.5))
        reversal = self.env["account.move"].search([("reversed_entry_id", "=", invoice.id)])
        self.assertEqual((invoice.amount_residual, reversal.amount_residual), (0.0, 0.0))
        self.assertFalse(self.exceptions())
        again = self.bill(SMALL)
        self.send_stripe()
        self.assertEqual((self.booked(again["id"]).amount_residual, credit.amount_residual), (34.5, 0.0))

    def test_a_voided_invoice_gives_back_what_an_entry_carried(self):
        _first, note = self.credited()
        small = self.stripe.draft_invoice(self.customer["id"], "usd", SMALL)
        self.stripe.customers[self.customer["id"]]["balance"] = -500
        small = self.stripe.finalise(small["id"])
        self.send_stripe()
        invoice, credit = self.booked(small["id"]), self.booked(note["id"])
        carrier = self.env["account.move"].search([("integration_source_id", "=", small["id"])]) - invoice
        self.assertEqual((credit.amount_residual, credit.integration_credit_left), (6.5, 6.5))
        self.stripe.void_invoice(small["id"])
        self.assert_done(self.send_stripe())
        self.assertEqual((credit.amount_residual, credit.integration_credit_left), (11.5, 11.5))
        reversals = self.env["account.move"].search([("reversed_entry_id", "in", (invoice | carrier).ids)])
        self.assertEqual(len(reversals), 2)
        self.assertEqual(set(reversals.mapped("state")), {"posted"})
        self.assertEqual([move.amount_residual for move in invoice | reversals], [0.0] * 3)
        self.assertTrue(all((carrier | carrier.reversal_move_ids).line_ids.mapped("reconciled")))
        self.assertFalse(self.exceptions())
        again = self.bill(SMALL)
        self.send_stripe()
        self.assertEqual((self.booked(again["id"]).amount_residual, credit.amount_residual), (41.0, 6.5))

    def test_told_again_it_is_matched_once(self):
        _first, note = self.credited()
        small = self.bill(SMALL)
        events = self.stripe_events()
        self.send_stripe(events)
        told = self.stripe.invoices[small["id"]]
        self.stripe.announce("invoice.updated", told)
        self.send_stripe()
        self.pull_stripe("invoices")
        self.assertEqual(self.booked(small["id"]).amount_residual, 34.5)
        self.assertEqual(self.booked(note["id"]).amount_residual, 0.0)
        self.assertFalse(self.exceptions())
        self.assertEqual(exact_sum(self, small), Decimal("46.00"))


def exact_sum(test, told):
    return Decimal(str(test.booked(told["id"]).amount_total)).quantize(Decimal("0.01"))
