# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The tax number of a customer is kept in step at Stripe, once, and never as something that it is not (S1, M1)."""

from ..engine.errors import TransientError
from .test_customer_copies import CopyCommon

BELGIUM, SECOND = "BE0477472701", "BE0202239951"


class TestTaxNumbersWritten(CopyCommon):
    def setUp(self):
        super().setUp()
        self.lost = None  # the method of a call about tax numbers whose answer is lost

    def call(self, request, *arguments):
        answer = super().call(request, *arguments)
        if self.lost == request.method and "/tax_ids" in request.url:
            self.lost = None
            raise TransientError("destination_timeout")
        return answer

    def customer(self, name="Maes & Zonen", **facts):
        country = self.env["res.country"].search([("code", "=", facts.pop("country", "BE"))])
        # What is checked here is what is written, not whether Odoo would take the number.
        return super().customer(name, country_id=country.id, **facts)

    def numbers(self, copy):
        return [(one["type"], one["value"]) for one in self.stripe.tax_ids_of(copy.outside_id)]

    def test_it_is_written_with_a_new_customer_and_its_echo_is_nothing(self):
        partner, copy = self.written(vat=BELGIUM)
        path = f"/v1/customers/{copy.outside_id}/tax_ids"
        self.assertEqual(self.asked, [("POST", "/v1/customers"), ("GET", path), ("POST", path)])
        self.assertEqual(self.numbers(copy), [("eu_vat", BELGIUM)])
        self.assertIn(BELGIUM, copy.would_write)
        messages = self.send_stripe()
        self.assertEqual(
            sorted(messages.mapped("event_type")), ["customer.created", "customer.tax_id.created"]
        )
        self.assertEqual(set(messages.mapped("status")), {"done"})
        self.assertEqual((partner.vat, copy.state, self.send(copy)), (BELGIUM, "sent", []))
        self.assertFalse(self.exceptions())

    def test_without_a_number_nothing_is_asked(self):
        _partner, copy = self.written()
        self.assertEqual((self.asked, self.numbers(copy)), ([("POST", "/v1/customers")], []))

    def test_a_change_replaces_it_and_an_empty_one_takes_it_away(self):
        partner, copy = self.written(vat=BELGIUM)
        other = self.stripe.add_tax_id(copy.outside_id, "us_ein", "12-3456789")  # somebody's there
        partner.vat = SECOND
        self.assertEqual(copy.state, "to_send")
        self.assertEqual([method for method, _path in self.send(copy)], ["POST", "GET", "POST", "DELETE"])
        self.assertEqual(self.numbers(copy), [("eu_vat", SECOND), ("us_ein", "12-3456789")])
        partner.vat = False
        self.assertEqual([method for method, _path in self.send(copy)], ["POST", "GET", "DELETE"])
        self.assertEqual([one["id"] for one in self.stripe.tax_ids_of(copy.outside_id)], [other["id"]])
        self.assertEqual((copy.number_there, copy.state, self.send(copy)), (False, "sent", []))
        self.assertFalse(self.exceptions())

    def test_an_answer_that_is_lost_makes_none_twice(self):
        self.stripe_connection.customers_out = "all"
        partner = self.customer(vat=BELGIUM)
        copy = self.copies(partner)
        self.lost = "POST"
        self.send(copy)
        self.assertEqual((copy.state, self.numbers(copy)), ("unknown", [("eu_vat", BELGIUM)]))
        self.send_stripe()  # the echo of the customer does not say that its number is there
        self.assertEqual(copy.state, "unknown")
        self.send(copy)
        self.assertEqual((copy.state, self.numbers(copy)), ("sent", [("eu_vat", BELGIUM)]))
        self.assertEqual((len(self.stripe.customers), bool(copy.number_there)), (1, True))
        self.assertFalse(self.exceptions())

    def test_one_that_is_there_already_is_taken_over(self):
        partner, copy = self.written()
        there = self.stripe.add_tax_id(copy.outside_id, "eu_vat", BELGIUM)
        partner.vat = BELGIUM
        self.assertEqual([method for method, _path in self.send(copy)], ["POST", "GET"])
        self.assertEqual((copy.number_there, len(self.numbers(copy))), (there["id"], 1))

    def test_a_number_of_an_unknown_kind_is_told_and_not_guessed(self):
        partner, copy = self.written(vat="123", country="US")
        self.assertEqual(self.numbers(copy), [])
        self.assertEqual(copy.state, "sent")
        [exception] = self.exceptions("customer_tax_number_unknown")
        self.assertIn("Maes & Zonen", exception.what)
        partner.vat = "12-3456789"
        self.send(copy)
        self.assertEqual(self.numbers(copy), [("us_ein", "12-3456789")])
        self.assertEqual(exception.state, "resolved")

    def test_a_number_that_is_refused_makes_no_second_customer(self):
        self.stripe_connection.customers_out = "all"
        partner = self.customer(vat="GB999999999999", country="GB")
        copy = self.copies(partner)
        self.send(copy)
        self.assertEqual((copy.state, self.numbers(copy), len(self.stripe.customers)), ("refused", [], 1))
        self.assertEqual(len(self.exceptions("customer_not_written")), 1)
        partner.vat = "GB999999973"
        self.send(copy)
        self.assertEqual((copy.state, self.numbers(copy)), ("sent", [("gb_vat", "GB999999973")]))
        self.assertEqual(len(self.stripe.customers), 1)
        self.assertFalse(self.exceptions("customer_not_written"))
