# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What Odoo owns of a customer is written there once per change, and its echo changes nothing (S1, ADR 0062)."""

from datetime import datetime, timezone
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .common import START
from .sending_common import SendingCommon


class CopyCommon(SendingCommon):
    def setUp(self):
        super().setUp()
        # What was made is looked for by the time of the try: both clocks are the same.
        self.clock.advance(seconds=int((datetime.now(timezone.utc) - START).total_seconds()))

    def customer(self, name="Maes & Zonen", **facts):
        return self.env["res.partner"].create(
            {
                "name": name,
                "email": "ines@maes.example",
                "customer_rank": 1,
                "company_id": self.company.id,
                "lang": False,
                **facts,
            }
        )

    def copies(self, partner=None):
        domain = [("connection_id", "=", self.stripe_connection.id)]
        return self.env["integration.customer.copy"].search(
            domain + ([("partner_id", "=", partner.id)] if partner else [])
        )

    def bindings(self, partner):
        return self.env["integration.binding"].search(
            [("res_model", "=", "res.partner"), ("res_id", "=", partner.id), ("kind", "=", "customer")]
        )

    def written(self, **facts):
        """Return a customer that was made here and is written; its events are not heard yet."""
        self.stripe_connection.customers_out = "all"
        partner = self.customer(**facts)
        copy = self.copies(partner)
        self.send(copy)
        self.assertEqual(copy.state, "sent")
        return partner, copy

    def there(self, copy):
        return self.stripe.customers[copy.outside_id]


class TestCustomerCopies(CopyCommon):
    def test_as_long_as_nobody_has_chosen_nothing_is_written(self):
        partner = self.customer()
        partner.email = "other@maes.example"
        self.assertFalse(self.copies())
        action = self.stripe_connection.action_show_customers()
        shown = self.copies(partner)
        self.assertEqual((action["res_model"], shown.state), ("integration.customer.copy", "draft"))
        self.assertIn("other@maes.example", shown.would_write)
        with self.assertRaises(UserError):
            shown.action_write()
        self.sweep_copies()
        self.assertEqual((self.asked, len(self.stripe.customers)), ([], 0))
        with self.assertRaises(UserError):
            self.partner_connection.customers_out = "all"

    def sweep_copies(self):
        self.root["integration.customer.copy"]._sweep()

    def test_what_would_be_written_is_shown_and_written_when_somebody_says_so(self):
        partner, nobody = self.customer(), self.customer("Only a supplier", customer_rank=0)
        self.stripe_connection.customers_out = "all"
        self.stripe_connection.action_show_customers()
        self.stripe_connection.action_show_customers()  # anew, not twice
        shown = self.copies(partner)
        self.assertEqual((len(shown), len(self.copies(nobody)), shown.state), (1, 0, "draft"))
        self.assertEqual(len(self.stripe.customers), 0)
        shown.action_write()
        self.assertEqual(shown.state, "to_send")
        self.assertEqual(self.send(shown), [("POST", "/v1/customers")])
        self.assertEqual(shown.state, "sent")
        held = self.there(shown)
        self.assertEqual((held["name"], held["email"]), ("Maes & Zonen", "ines@maes.example"))
        self.assertEqual(held["metadata"], {"integration_customer": shown.key})
        self.assertEqual(self.bindings(partner).outside_id, shown.outside_id)

    def test_the_echo_changes_nothing_and_asks_nobody(self):
        partner, copy = self.written(street="Korenmarkt 1", city="Gent", lang="en_US")
        before = partner.read(["name", "email", "ref", "street", "integration_sources"])
        messages = self.send_stripe()
        self.assertEqual(messages.mapped("event_type"), ["customer.created"])
        self.assertEqual(messages.attempt_ids.mapped("outcome"), ["duplicate"])
        self.assertEqual(partner.read(["name", "email", "ref", "street", "integration_sources"]), before)
        self.assertFalse(self.exceptions())
        self.assertFalse(self.env["integration.proposed.value"].search([("res_id", "=", partner.id)]))
        self.assertEqual((len(self.bindings(partner)), self.send(copy)), (1, []))
        self.assertEqual(self.env["res.partner"].search_count([("email", "=", "ines@maes.example")]), 1)

    def test_each_change_is_written_once_and_a_change_back_before_that_not_at_all(self):
        partner, copy = self.written()
        partner.write({"phone": "+32 9 000", "comment": "Not for others"})
        self.assertEqual(copy.state, "to_send")
        self.assertEqual(self.send(copy), [("POST", f"/v1/customers/{copy.outside_id}")])
        self.assertEqual((self.there(copy)["phone"], copy.version), ("+32 9 000", 2))
        partner.comment = "Still not"
        self.assertEqual(copy.state, "sent")
        partner.phone = "+32 9 111"
        partner.phone = "+32 9 000"
        self.assertEqual(self.send(copy), [])
        self.assertEqual((copy.state, copy.version, len(self.stripe.customers)), ("sent", 2, 1))
        partner.phone = False
        self.send(copy)
        self.assertEqual(self.there(copy)["phone"], None)
        self.assertEqual(self.send_stripe().attempt_ids.mapped("outcome"), ["duplicate"] * 3)
        self.assertFalse(self.exceptions())

    def test_what_is_changed_there_stays_a_proposal_because_odoo_owns_it(self):
        partner, copy = self.written()
        self.send_stripe()
        self.stripe.update_customer(copy.outside_id, email="typo@maes.example")
        self.send_stripe()
        self.assertEqual(partner.email, "ines@maes.example")
        proposal = self.env["integration.proposed.value"].search([("res_id", "=", partner.id)])
        self.assertEqual((proposal.field, proposal.their_text), ("email", "typo@maes.example"))
        partner.city = "Gent"
        self.send(copy)
        self.assertEqual(self.there(copy)["email"], "ines@maes.example")  # the owner's value is said again

    def test_the_echo_of_one_part_does_not_hide_what_changed_beside_it(self):
        told, partner, copy = self.address_is_ours()
        partner.city = "Dallas"  # the event tells an older address
        self.stripe.update_customer(told["id"], email="new@bakery.example")
        addresses = [("field", "=", "address"), ("res_id", "=", partner.id), ("state", "=", "open")]
        asked = self.env["integration.proposed.value"].search_count(addresses)
        self.send_stripe()
        self.assertEqual((partner.email, partner.city), ("new@bakery.example", "Dallas"))
        self.assertEqual(self.env["integration.proposed.value"].search_count(addresses), asked)
        self.send(copy)
        self.assertEqual(self.there(copy)["address"]["city"], "Dallas")
        self.assertEqual(len(self.send_stripe()), 1)
        self.assertEqual((partner.email, partner.city), ("new@bakery.example", "Dallas"))

    def test_a_country_that_is_not_mapped_does_not_stop_the_echo(self):
        partner, _copy = self.written(country_id=self.env.ref("base.be").id, city="Gent")
        no_country = patch.object(
            type(self.env["integration.posting.customer"]), "_country", side_effect=AssertionError
        )
        with no_country:
            self.assertEqual(self.send_stripe().attempt_ids.mapped("outcome"), ["duplicate"])
        self.assertEqual(partner.country_id.code, "BE")

    def address_is_ours(self):
        """Return a customer of Stripe whose address alone is Odoo's, as it is there and here, and its copy."""
        self.stripe_connection.customers_out = "known"
        told = self.stripe.create_customer("Anna's Bakery", "anna@bakery.example")
        self.send_stripe()
        partner = self.env["res.partner"].browse(
            self.env["integration.binding"].search([("outside_id", "=", told["id"])]).res_id
        )
        partner.write({"email": "anna@own.example", "city": "Austin"})
        self.assertFalse(self.copies())  # what Stripe has brought is Stripe's
        rule = self.env["integration.ownership"].create(
            {
                "object": "customer",
                "field": "address",
                "owner": "odoo",
                "company_id": self.company.id,
                "reason": "We know where they live",
            }
        )
        rule.sudo()._with_key().write({"state": "active"})
        partner.city = "Houston"
        copy = self.copies(partner)
        self.assertEqual((copy.state, copy.outside_id), ("to_send", told["id"]))
        self.send(copy)
        return told, partner, copy

    def test_a_field_of_another_system_is_not_written(self):
        told, _partner, _copy = self.address_is_ours()
        held = self.stripe.customers[told["id"]]
        self.assertEqual((held["address"]["city"], held["email"]), ("Houston", "anna@bakery.example"))

    def test_known_ones_only_means_that_nobody_is_made_there(self):
        self.stripe_connection.customers_out = "known"
        partner = self.customer()
        partner.city = "Gent"
        self.assertFalse(self.copies())
        self.env["integration.binding"]._bind(
            self.stripe_connection, "customer", [(self.stripe.create_customer("Old")["id"], partner, 0, None)]
        )
        partner.city = "Brugge"
        copy = self.copies(partner)
        self.assertEqual(self.send(copy), [("POST", f"/v1/customers/{copy.outside_id}")])
        self.assertEqual((self.there(copy)["name"], len(self.stripe.customers)), ("Maes & Zonen", 1))

    def test_whoever_may_not_be_invoiced_is_not_written(self):
        self.stripe_connection.customers_out = "all"
        self.company.sudo().integration_customer_required = True
        partner = self.customer()
        self.assertFalse(self.copies(partner))
        partner.sudo().integration_customer_approved = True
        self.assertEqual(self.copies(partner).state, "to_send")


class TestLostAnswers(CopyCommon):
    def setUp(self):
        super().setUp()
        self.stripe_connection.customers_out = "all"
        self.partner = self.customer()
        self.copy = self.copies(self.partner)

    def test_a_customer_of_which_nobody_knows_is_looked_for_and_made_once(self):
        for way in ("after", "garbage"):
            with self.subTest(way=way):
                partner = self.customer(f"Way {way}", email=f"{way}@x.example")
                copy = self.copies(partner)
                self.lose = way
                self.send(copy)
                count = len(self.stripe.customers)
                self.assertEqual((copy.state, copy.outside_id), ("unknown", False))
                self.lose = None
                self.assertEqual(self.send(copy), [("GET", "/v1/customers")])
                self.assertEqual((copy.state, len(self.stripe.customers)), ("sent", count))
                self.assertEqual(self.there(copy)["name"], f"Way {way}")

    def test_a_question_that_did_not_go_out_says_nothing_of_what_was_sent(self):
        self.lose = "after"
        self.send(self.copy)
        self.lose = "before"
        self.send(self.copy)
        self.assertEqual((self.copy.state, len(self.stripe.customers)), ("unknown", 1))
        self.lose = None
        self.assertEqual(self.send(self.copy), [("GET", "/v1/customers")])
        self.assertEqual((self.copy.state, len(self.stripe.customers)), ("sent", 1))

    def test_the_event_comes_before_the_answer_is_known(self):
        self.lose = "after"
        self.send(self.copy)
        self.lose = None
        self.assertEqual(self.send_stripe().attempt_ids.mapped("outcome"), ["duplicate"])
        self.assertEqual((self.copy.state, len(self.bindings(self.partner))), ("sent", 1))
        self.assertEqual((self.send(self.copy), len(self.stripe.customers)), ([], 1))

    def test_what_changed_meanwhile_is_written_after_what_was_sent(self):
        self.lose = 503
        self.send(self.copy)
        self.partner.city = "Gent"
        self.lose = None
        self.assertEqual(self.send(self.copy), [("GET", "/v1/customers"), ("POST", "/v1/customers")])
        self.assertEqual((self.copy.state, self.there(self.copy)["address"]), ("to_send", None))
        self.send(self.copy)
        self.assertEqual((self.copy.state, self.there(self.copy)["address"]["city"]), ("sent", "Gent"))
        self.assertEqual(len(self.stripe.customers), 1)

    def test_put_off_it_is_tried_again_and_told_after_five_tries(self):
        for way, state in (("before", "to_send"), (429, "unknown"), (500, "unknown"), (401, "unknown")):
            self.lose = way
            self.send(self.copy)
            self.assertEqual((self.copy.state, len(self.stripe.customers)), (state, 0))
        self.assertFalse(self.exceptions("customer_not_written"))
        self.send(self.copy)
        self.assertEqual(len(self.exceptions("customer_not_written")), 1)
        self.lose = None
        self.send(self.copy)
        self.assertEqual((self.copy.state, len(self.stripe.customers)), ("sent", 1))
        self.assertFalse(self.exceptions("customer_not_written"))

    def test_refused_it_is_written_when_the_contact_is_corrected_or_by_the_button(self):
        self.lose = 400
        self.send(self.copy)
        exception = self.exceptions("customer_not_written")
        self.assertEqual((self.copy.state, exception.fix), ("refused", "customer_copy"))
        self.assertEqual(exception.action_open_customer_copy()["res_id"], self.copy.id)
        self.lose = None
        self.assertEqual(self.send(self.copy), [])
        self.copy.action_write_again()
        self.send(self.copy)
        self.assertEqual((self.copy.state, exception.state), ("sent", "resolved"))
        self.lose = 400
        self.partner.email = "not an address"
        self.send(self.copy)
        self.assertEqual(self.copy.state, "refused")
        self.lose = None
        self.partner.email = "right@maes.example"
        self.send(self.copy)
        self.assertEqual((self.copy.state, self.there(self.copy)["email"]), ("sent", "right@maes.example"))

    def test_while_the_connection_is_paused_nothing_is_written(self):
        self.stripe_connection.action_pause()
        self.assertEqual((self.send(self.copy), self.copy.state), ([], "to_send"))
        self.stripe_connection.action_activate()
        self.send(self.copy)
        self.assertEqual(self.copy.state, "sent")
        self.stripe_connection.customers_out = False
        self.partner.city = "Gent"
        self.assertEqual((self.send(self.copy), self.copy.state), ([], "sent"))


class TestGone(CopyCommon):
    def gone(self):
        partner, copy = self.written()
        self.send_stripe()
        first = copy.outside_id
        self.stripe.delete_customer(first)
        partner.city = "Gent"
        self.send(copy)
        self.assertEqual((copy.state, partner.active), ("gone", True))
        return partner, copy, first

    def test_deleted_there_a_person_decides_and_it_is_made_anew(self):
        partner, copy, first = self.gone()
        exception = self.exceptions("customer_gone")
        self.assertEqual((len(exception), exception.fix), (1, "customer_copy"))
        self.send_stripe()
        self.assertTrue(partner.active)
        partner.city = "Brugge"
        self.assertEqual((self.send(copy), len(self.stripe.customers)), ([], 0))
        copy.action_write_again()
        self.send(copy)
        self.assertEqual((copy.state, exception.state), ("sent", "resolved"))
        self.assertNotEqual(copy.outside_id, first)
        self.assertEqual(
            sorted(self.bindings(partner).mapped("outside_id")), sorted([first, copy.outside_id])
        )
        self.assertEqual(self.send_stripe().attempt_ids.mapped("outcome"), ["duplicate"])

    def test_or_it_is_written_no_more(self):
        partner, copy, _first = self.gone()
        copy.action_leave()
        self.assertEqual((copy.state, copy.said), ("stopped", False))
        self.assertFalse(self.exceptions("customer_gone"))
        partner.city = "Brugge"
        self.assertEqual((self.send(copy), len(self.stripe.customers)), ([], 0))

    def test_the_event_of_the_deletion_is_told_too(self):
        partner, copy = self.written()
        self.send_stripe()
        self.stripe.delete_customer(copy.outside_id)
        self.send_stripe()
        self.assertEqual((copy.state, partner.active), ("gone", True))
        self.assertEqual(len(self.exceptions("customer_gone")), 1)


class TestPeople(CopyCommon):
    def test_two_contacts_that_become_one_keep_one_copy(self):
        survivor, one = self.written()
        other, _two = self.written(name="Maes BV", email="maes@other.example")
        self.env["base.partner.merge.automatic.wizard"].sudo().create({})._merge(
            [survivor.id, other.id], survivor
        )
        self.env.invalidate_all()
        self.assertEqual(self.copies(survivor), one)
        self.assertEqual(len(self.copies()), 1)
        self.assertEqual(len(self.bindings(survivor)), 2)
        self.send_stripe()
        self.assertEqual(survivor.name, "Maes & Zonen")
        survivor.city = "Gent"
        self.send(one)
        self.assertEqual(self.there(one)["address"]["city"], "Gent")

    def test_a_person_who_was_erased_is_written_no_more(self):
        partner, copy = self.written()
        self.send_stripe()
        erasure = self.env["integration.erasure"].create(
            {"partner_id": partner.id, "reason": "Asked by letter"}
        )
        notes = erasure._approval_preview({})["notes"]
        self.assertTrue(any("Stripe account" in note for note in notes))
        stopped = self.env["integration.customer.copy"]._stop_for([partner.id], self.company)
        self.assertEqual((stopped, copy.state, copy.said, copy.sending), (copy, "stopped", False, False))
        partner.city = "Gent"
        self.assertEqual(self.send(copy), [])

    def test_what_is_on_its_way_is_not_kept_and_an_auditor_only_looks(self):
        _partner, copy = self.written()
        self.assertEqual(copy.sending, False)
        self.assertNotIn("Maes", str(copy.said))
        auditor = new_test_user(
            self.env,
            "copy_auditor",
            groups="finance_integration.group_auditor",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.assertEqual(copy.with_user(auditor).state, "sent")
        with self.assertRaises(AccessError):
            copy.with_user(auditor).action_leave()
        self.assertEqual(copy.state, "sent")
