# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Stripe Billing: invoices and credit notes keep Stripe's numbers and cents, charges pay them (S1, O5, F7, F8)."""

import copy
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from ..connectors.base import HttpAnswer
from ..models.messaging import http_client
from ..models.messaging.fetched import with_fetches
from ..simulators.stripe.api import StripeApi
from ..simulators.stripe.billing import Item
from ..simulators.stripe.webhook import as_event
from .common import IntegrationCommon, api_answer

RATE = "txr_sim15"
# 3 x 10.00 and 2 x 25.00 less 10 %: 75.00 + 15 % = 86.25
ITEMS = (
    Item("Plan Pro", 3000, 3, taxes=((RATE, 450, False),), period=(1772409600, 1775001600)),
    Item("Set-up", 5000, 2, discount=500, taxes=((RATE, 675, False),)),
)
SEAT = (Item("Seat given back", 1000, taxes=((RATE, 150, False),)),)


class BillingCommon(IntegrationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stripe_connection.billing_issuer = "source"
        cls.env["integration.mapping"].create(
            {
                "connection_id": cls.stripe_connection.id,
                "mapping": "tax",
                "outside_value": RATE,
                "tax_id": cls.tax15.id,
            }
        )

    def setUp(self):
        super().setUp()
        self.customer = self.stripe.create_customer("Anna's Bakery", "anna@bakery.example")

    def bill(self, items=ITEMS, currency="usd", **facts):
        return self.stripe.bill(self.customer["id"], currency, items, **facts)

    def booked(self, outside_id):
        """Return the posted document that an outside id became."""
        bindings = self.env["integration.binding"].search(
            [("kind", "=", "invoice"), ("outside_id", "=", outside_id)]
        )
        moves = self.env["account.move"].browse(bindings.mapped("res_id"))
        self.assertEqual(set(moves.mapped("state")) - {"posted"}, set())
        return moves


class TestStripeBilling(BillingCommon):
    def test_a_finalised_invoice_keeps_number_lines_and_totals(self):
        told = self.bill(subscription="sub_1", due_in_days=30)
        self.assert_done(self.send_stripe())
        invoice = self.booked(told["id"])
        self.assertEqual((invoice.ref, invoice.payment_reference), ("SIM-0001", "SIM-0001"))
        self.assertEqual(invoice.journal_id, self.stripe_connection.issued_journal_id)
        self.assertTrue(invoice.integration_issued_elsewhere)
        self.assertEqual(
            (invoice.amount_untaxed, invoice.amount_tax, invoice.amount_total), (75.00, 11.25, 86.25)
        )
        self.assertEqual(
            (invoice.invoice_date, invoice.invoice_date_due), (date(2026, 3, 2), date(2026, 4, 1))
        )
        self.assertEqual(invoice.partner_id.name, "Anna's Bakery")
        first, second = invoice.invoice_line_ids
        self.assertEqual((first.quantity, first.price_unit, first.price_subtotal), (3, 10.0, 30.0))
        self.assertEqual(
            (second.quantity, second.price_unit, second.discount, second.price_subtotal),
            (2, 25.0, 10.0, 45.0),
        )
        self.assertIn("2026-03-01", first.name)
        self.assertEqual(first.tax_ids, self.tax15)
        self.assertFalse(self.exceptions())

    def test_a_draft_books_nothing_and_an_update_of_a_finalised_one_books_it_once(self):
        draft = self.stripe.draft_invoice(self.customer["id"], "usd", ITEMS)
        self.stripe.announce("invoice.updated", draft)
        self.assert_done(self.send_stripe())
        self.assertFalse(self.booked(draft["id"]))
        told = self.stripe.finalise(draft["id"])
        [finalised] = self.stripe_events()
        self.stripe.announce("invoice.updated", told)
        self.send_stripe()  # the event of the finalisation comes after the update
        self.send_stripe([finalised, finalised])
        self.assertEqual(len(self.booked(told["id"])), 1)
        self.assertEqual(self.booked(told["id"]).amount_total, 86.25)

    def test_the_charge_pays_the_invoice_in_every_order(self):
        for place, order in enumerate(
            (
                ("in", "ch", "link"),
                ("ch", "in", "link"),
                ("ch", "link", "in"),
                ("link", "ch", "in"),
                ("in", "link", "ch"),
            )
        ):
            with self.subTest(order=order):
                self.send_stripe()
                told = self.bill()
                charge, _link = self.stripe.pay_invoice(told["id"])
                events = self.stripe_events()
                kinds = {
                    "in": [each for each in events if each["type"].startswith("invoice.")],
                    "ch": [each for each in events if each["type"].startswith("charge.")],
                    "link": [each for each in events if each["type"] == "invoice_payment.paid"],
                }
                for part in order:
                    self.send_stripe(kinds[part])
                self.drain(self.stripe_connection)
                movement = self.movement("payment", charge["id"])
                invoice = self.booked(told["id"])
                self.assertEqual(invoice.payment_state, "paid", self.stopped())
                self.assertEqual((movement.application, movement.invoice_ids), ("applied", invoice))
                self.assertEqual(len(self.booked(told["id"])), 1)
                self.assertFalse(self.exceptions())
                self.assertEqual(
                    self.env["integration.movement"].search_count([("type", "=", "payment")]), place + 1
                )

    def test_two_payments_of_one_invoice(self):
        told = self.bill()
        self.stripe.pay_invoice(told["id"], 5000)
        self.stripe.pay_invoice(told["id"], 3625)
        self.send_stripe()
        self.assertEqual(self.booked(told["id"]).payment_state, "paid")
        self.assertFalse(self.exceptions())

    def test_a_voided_invoice_is_reversed_once(self):
        told = self.bill()
        self.stripe.void_invoice(told["id"])
        finalised = [each for each in self.stripe.events if each["type"] == "invoice.finalized"]
        self.assert_done(self.send_stripe())
        self.send_stripe(finalised)  # redelivered
        invoice = self.booked(told["id"])
        reversal = self.env["account.move"].search([("reversed_entry_id", "=", invoice.id)])
        self.assertEqual((len(reversal), reversal.state, reversal.amount_total), (1, "posted", 86.25))
        self.assertEqual((invoice.amount_residual, reversal.amount_residual), (0.0, 0.0))

    def test_an_invoice_that_arrives_after_it_was_voided_is_not_booked(self):
        told = self.bill()
        self.stripe.void_invoice(told["id"])
        events = [each for each in self.stripe_events() if each["type"].startswith("invoice.")]
        self.send_stripe([each for each in events if each["type"] == "invoice.voided"])
        self.send_stripe([each for each in events if each["type"] == "invoice.finalized"])
        self.assertFalse(self.booked(told["id"]))
        self.assertFalse(self.exceptions())

    def test_a_changed_invoice_is_a_contradiction(self):
        told = self.bill()
        self.send_stripe()
        changed = copy.deepcopy(told)
        changed["lines"]["data"][0]["amount"] += 100
        changed["total"] += 100
        changed["total_excluding_tax"] += 100
        self.stripe.announce("invoice.updated", changed)
        self.send_stripe()
        self.assertEqual(self.booked(told["id"]).amount_total, 86.25)
        self.assertEqual(len(self.exceptions("version_conflict")), 1, self.stopped())

    def test_uncollectible_is_told_and_books_nothing(self):
        told = self.bill()
        self.stripe.give_up(told["id"])
        self.assert_done(self.send_stripe())
        invoice = self.booked(told["id"])
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ("not_paid", 86.25))
        [exception] = self.exceptions("invoice_uncollectible")
        self.assertIn("$\xa086.25", exception.what)

    def test_a_failed_collection_is_told(self):
        told = self.bill()
        self.send_stripe()
        self.stripe.fail_payment(told["id"])
        self.assert_done(self.send_stripe())
        invoice = self.booked(told["id"])
        self.assertEqual(invoice.payment_state, "not_paid")
        self.assertIn("could not collect $&nbsp;86.25", " ".join(invoice.message_ids.mapped("body")))

    def test_a_credit_note_of_an_open_invoice_lessens_it(self):
        told = self.bill()
        note = self.stripe.credit(told["id"], SEAT)
        events = self.stripe_events()
        # The note first: it waits for its invoice.
        self.send_stripe([each for each in events if each["type"] == "credit_note.created"])
        self.assertFalse(self.booked(note["id"]))
        self.send_stripe([each for each in events if each["type"] != "credit_note.created"])
        self.drain(self.stripe_connection)
        credit, invoice = self.booked(note["id"]), self.booked(told["id"])
        self.assertEqual(
            (credit.move_type, credit.ref, credit.amount_total), ("out_refund", "SIM-0001-CN-01", 11.50)
        )
        self.assertEqual((credit.reversed_entry_id, credit.amount_residual), (invoice, 0.0))
        self.assertEqual(invoice.amount_residual, 74.75)
        self.stripe.void_credit_note(note["id"])
        self.send_stripe()
        self.assertEqual(invoice.amount_residual, 86.25)

    def test_a_credit_note_of_a_paid_invoice_is_settled_by_its_refund(self):
        told = self.bill()
        charge, _link = self.stripe.pay_invoice(told["id"])
        self.stripe.settle(charge["id"])
        self.send_stripe()
        note = self.stripe.credit(told["id"], SEAT, refund_charge=charge["id"])
        self.send_stripe()
        credit, invoice = self.booked(note["id"]), self.booked(told["id"])
        self.assertEqual((invoice.amount_residual, credit.amount_residual), (0.0, 0.0))
        self.assertEqual(credit.reversed_entry_id, invoice)
        self.assertFalse(self.exceptions())

    def test_a_credit_note_after_payment_is_never_set_off_against_its_invoice(self):
        told = self.bill()
        charge, _link = self.stripe.pay_invoice(told["id"])
        note = self.stripe.credit(told["id"], SEAT)  # kept as the customer's credit
        events = self.stripe_events()
        self.send_stripe(
            [each for each in events if not each["type"].startswith(("charge.", "invoice_payment"))]
        )
        invoice, credit = self.booked(told["id"]), self.booked(note["id"])
        self.assertEqual((invoice.amount_residual, credit.amount_residual), (86.25, 11.50))
        self.send_stripe([each for each in events if each["type"].startswith(("charge.", "invoice_payment"))])
        self.assertEqual((invoice.amount_residual, credit.amount_residual), (0.0, 11.50))
        self.assertEqual(self.movement("payment", charge["id"]).application, "applied")

    def test_a_credit_note_that_is_partly_refunded_is_stopped(self):
        told = self.bill()
        self.stripe.pay_invoice(told["id"], 8000)  # 6.25 stay open
        note = self.stripe.credit(told["id"], SEAT)
        self.send_stripe()
        self.assertFalse(self.booked(note["id"]))
        self.assertEqual(len(self.exceptions("billing_not_bookable")), 1)

    def test_yen_and_included_tax(self):
        self.env.ref("base.JPY").active = True
        self.env["res.currency.rate"].create(
            {
                "name": "2026-01-01",
                "currency_id": self.env.ref("base.JPY").id,
                "rate": 150,
                "company_id": self.company.id,
            }
        )
        yen = self.bill((Item("Seat", 3000, 7, taxes=((RATE, 450, False),)),), "jpy")
        included = self.bill((Item("Workshop", 11500, taxes=((RATE, 1500, True),)),))
        self.assert_done(self.send_stripe())
        self.assertEqual(
            (self.booked(yen["id"]).amount_total, self.booked(yen["id"]).currency_id.name), (3450, "JPY")
        )
        move = self.booked(included["id"])
        self.assertEqual((move.amount_untaxed, move.amount_tax, move.amount_total), (100.0, 15.0, 115.0))

    def test_more_lines_than_an_event_holds_are_asked_for(self):
        items = [Item(f"Line {place}", 100, taxes=((RATE, 15, False),)) for place in range(12)]
        told = self.bill(items)
        self._secret(self.stripe_connection, "api", "sk_test_key")
        with patch.object(http_client, "send", side_effect=self._answer) as sent:
            events = [as_event(each).body for each in self.stripe_events()]
            for body in events:
                self.accept(self.stripe_connection, body)
            with_fetches(lambda: self.drain(self.stripe_connection))
            self.drain(self.stripe_connection)
        self.assertEqual(sent.call_count, 1)
        invoice = self.booked(told["id"])
        self.assertEqual((len(invoice.invoice_line_ids), invoice.amount_total), (12, 13.80), self.stopped())

    def _answer(self, request, *_args):
        answer = api_answer(StripeApi(self.stripe, "sk_test_key"), request)
        return HttpAnswer(answer.status, answer.headers, answer.body)


class TestStripeBillingRefused(BillingCommon):
    def test_nothing_is_booked_before_somebody_has_chosen(self):
        self.stripe_connection.billing_issuer = False
        told = self.bill()
        self.send_stripe()
        self.assertFalse(self.booked(told["id"]))
        self.assertEqual(len(self.exceptions("billing_issuer_undecided")), 1)

    def test_issued_by_odoo_it_is_linked_and_never_booked(self):
        self.stripe_connection.billing_issuer = "odoo"
        invoice = self.issue("P-1001")  # 1,150.00
        told = self.bill((Item("All of it", 115000),), metadata={"invoice_number": "P-1001"})
        self.stripe.pay_invoice(told["id"])
        self.assert_done(self.send_stripe())
        self.assertEqual(self.booked(told["id"]), invoice)  # bound to it, and nothing else was made of it
        self.assertFalse(self.env["account.move"].search([("integration_source_id", "=", told["id"])]))
        self.assertEqual(invoice.payment_state, "paid")

    def test_issued_by_odoo_and_naming_nothing(self):
        self.stripe_connection.billing_issuer = "odoo"
        self.bill()
        self.send_stripe()
        self.assertEqual(len(self.exceptions("billing_invoice_unlinked")), 1)

    def test_an_unknown_tax_and_a_wrong_total_are_stopped(self):
        unknown = self.bill((Item("Seat", 1000, taxes=(("txr_other", 150, False),)),))
        wrong = self.bill()
        events = self.stripe_events()
        for each in events:
            if each["type"] == "invoice.finalized" and each["data"]["object"]["id"] == wrong["id"]:
                each["data"]["object"]["total"] += 1
        self.send_stripe(events)
        self.assertFalse(self.booked(unknown["id"]) | self.booked(wrong["id"]))
        self.assertEqual(len(self.exceptions("mapping_missing")), 1)
        self.assertEqual(len(self.exceptions("totals_do_not_add_up")), 1, self.stopped())

    def test_tax_that_odoo_computes_otherwise_is_kept_within_the_tolerance_only(self):
        close = self.bill((Item("Seat", 1000, taxes=((RATE, 151, False),)),))
        far = self.bill((Item("Seat", 1000, taxes=((RATE, 210, False),)),))
        self.send_stripe()
        self.assertEqual(
            (self.booked(close["id"]).amount_tax, self.booked(close["id"]).amount_total), (1.51, 11.51)
        )
        self.assertFalse(self.booked(far["id"]))
        self.assertEqual(len(self.exceptions("tax_difference")), 1)

    def test_a_live_event_on_a_test_connection_books_nothing(self):
        told = self.bill()
        events = self.stripe_events()
        for each in events:
            each["livemode"] = True
        self.send_stripe(events)
        self.assertFalse(self.booked(told["id"]))
        self.assertTrue(self.exceptions("wrong_environment"))

    def test_a_subscription_is_recorded(self):
        subscription = self.stripe.subscribe(self.customer["id"])
        self.stripe.end_subscription(subscription["id"])
        messages = self.send_stripe().filtered(lambda row: row.event_type.startswith("customer.subscription"))
        self.assertEqual(messages.mapped("status"), ["done", "done"])
        self.assertEqual(set(messages.mapped("object_key")), {subscription["id"]})
        self.assertFalse(messages.effect_ids)


class TestStripeBillingLists(BillingCommon):
    def test_lost_events_are_fetched(self):
        told, gone = self.bill(), self.bill()
        charge, _link = self.stripe.pay_invoice(told["id"])
        self.stripe.void_invoice(gone["id"])
        note = self.stripe.credit(told["id"], SEAT)
        self.stripe_events()  # all of them are lost
        for pull in ("balance_transactions", "invoices", "credit_notes", "billing_events"):
            self.pull_stripe(pull)
        self.drain(self.stripe_connection)
        self.assertEqual(len(self.booked(told["id"])), 1, self.stopped())
        self.assertEqual(self.booked(note["id"]).amount_total, 11.50)
        self.assertFalse(self.booked(gone["id"]))
        self.stripe.settle(charge["id"])
        self.pull_stripe("balance_transactions")
        self.assertEqual(self.movement("payment", charge["id"]).application, "applied")
        self.assertEqual(self.booked(told["id"]).amount_residual, 0.0)

    def test_lists_and_events_book_once(self):
        told = self.bill()
        self.stripe.pay_invoice(told["id"])
        self.send_stripe()
        for pull in ("invoices", "credit_notes", "billing_events"):
            self.pull_stripe(pull)
            self.pull_stripe(pull)
        self.assertEqual(len(self.booked(told["id"])), 1)
        self.assertEqual(self.balance(self.role("FEE")), Decimal("0.00"))
        self.assertFalse(self.exceptions())
