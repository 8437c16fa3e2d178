# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Customers that are written no more, not yet, or after others: nothing is revived, doubled or forgotten (ADR 0062)."""

from contextlib import nullcontext
from unittest.mock import patch

from ..models.governance import customer_copy_look
from ..models.messaging import sent_once
from ..models.odoo.res_company_payee import _KEY as PAYEE_KEY
from .test_customer_copies import CopyCommon


class TestWrittenNoMore(CopyCommon):
    def setUp(self):
        super().setUp()
        self.meanwhile = None
        self.stripe_connection.customers_out = "all"
        self.partner = self.customer()
        self.copy = self.copies(self.partner)

    def call(self, *arguments):
        """Let something happen here while a call is on its way."""
        try:
            return super().call(*arguments)
        finally:
            if self.meanwhile:
                self.meanwhile, happens = None, self.meanwhile
                happens()

    def erase(self):
        self.env["integration.customer.copy"]._stop_for([self.partner.id], self.company)

    def test_a_person_who_is_erased_while_it_is_sent_stays_so(self):
        self.meanwhile = self.erase
        self.assertEqual(self.send(self.copy), [("POST", "/v1/customers")])
        self.assertEqual((self.copy.state, self.copy.said, self.copy.sending), ("stopped", False, False))
        [there] = self.stripe.customers
        self.assertEqual(self.copy.outside_id, there)  # who deletes it there finds it
        self.assertEqual(self.bindings(self.partner).outside_id, there)
        self.partner.city = "Gent"
        self.assertEqual((self.send(self.copy), self.copy.state), ([], "stopped"))
        self.assertFalse(self.exceptions())

    def test_nor_does_a_call_that_fails_revive_it(self):
        for way in ("before", 400, 503, "after"):
            with self.subTest(way=way):
                self.partner = self.customer(f"Way {way}")
                copy = self.copies(self.partner)
                self.lose, self.meanwhile = way, self.erase
                self.send(copy)
                self.lose = None
                self.assertEqual((copy.state, self.send(copy)), ("stopped", []))
        self.assertFalse(self.exceptions())

    def test_a_refusal_says_nothing_of_what_has_arrived_meanwhile(self):
        self.lose = "after"
        self.send(self.copy)
        self.assertEqual((self.copy.state, len(self.stripe.customers)), ("unknown", 1))
        self.lose, self.meanwhile = 400, self.send_stripe  # its echo is faster than the answer
        self.send(self.copy)
        self.lose = None
        self.assertEqual((self.copy.state, self.copy.outside_id), ("sent", *self.stripe.customers))
        self.assertEqual((len(self.copy.said), self.copy.sending, self.copy.answer), (1, False, False))
        self.assertFalse(self.exceptions())

    def test_what_may_have_arrived_is_not_forgotten_because_the_next_try_sent_nothing(self):
        self.send(self.copy)
        self.partner.phone = "+32 9 111"
        self.lose = "after"
        self.send(self.copy)
        self.lose = "before"
        self.send(self.copy)
        self.assertEqual((self.copy.state, len(self.copy.said)), ("unknown", 2))
        self.assertEqual(self.stripe.customers[self.copy.outside_id]["phone"], "+32 9 111")
        self.partner.phone = False  # as it was told before
        self.lose = None
        self.send(self.copy)
        self.send(self.copy)
        self.assertEqual(
            (self.copy.state, self.stripe.customers[self.copy.outside_id]["phone"]), ("sent", None)
        )

    def test_what_is_changed_while_the_older_is_refused_is_written(self):
        def corrected():
            self.partner.phone = "+32 9 000"

        self.send(self.copy)
        self.partner.phone = "+32 9"
        self.lose, self.meanwhile = 400, corrected
        self.send(self.copy)
        self.lose = None
        self.assertEqual((self.copy.state, len(self.copy.said)), ("to_send", 1))
        self.assertFalse(self.exceptions())
        self.send(self.copy)
        held = self.stripe.customers[self.copy.outside_id]
        self.assertEqual((self.copy.state, held["phone"]), ("sent", "+32 9 000"))

    def test_what_somebody_changes_back_there_is_no_echo(self):
        self.send(self.copy)
        self.partner.email = "new@maes.example"
        self.send(self.copy)
        self.assertEqual(self.send_stripe().attempt_ids.mapped("outcome"), ["duplicate"] * 2)
        self.clock.advance(hours=1)
        self.stripe.update_customer(self.copy.outside_id, email="ines@maes.example")
        self.send_stripe()
        proposal = self.env["integration.proposed.value"].search([("res_id", "=", self.partner.id)])
        self.assertEqual((proposal.field, proposal.their_text), ("email", "ines@maes.example"))
        self.assertEqual(self.partner.email, "new@maes.example")

    def test_deleted_there_while_it_is_sent_it_stays_gone(self):
        self.send(self.copy)
        self.send_stripe()
        self.partner.city = "Gent"

        def deleted():
            self.stripe.delete_customer(self.copy.outside_id)
            self.send_stripe()

        self.meanwhile = deleted
        self.send(self.copy)
        self.assertEqual((self.copy.state, len(self.exceptions("customer_gone"))), ("gone", 1))

    def test_a_late_answer_says_nothing_of_what_was_sent_after_it(self):
        def heard_and_changed():
            self.send_stripe()
            self.assertEqual(self.copy.state, "sent")
            self.partner.city = "Gent"
            self.lose = 503
            self.send(self.copy)
            self.lose = None

        self.meanwhile = heard_and_changed
        # The connection that keeps other tries away may be lost.
        with patch.object(sent_once, "exclusive", lambda *_lock: nullcontext(enter_result=True)):
            self.send(self.copy)
        self.assertEqual((self.copy.state, self.copy.version), ("unknown", 2))
        self.assertEqual(self.there(self.copy)["address"], None)
        self.assertEqual(self.send(self.copy), [("POST", f"/v1/customers/{self.copy.outside_id}")])
        self.assertEqual((self.copy.state, len(self.stripe.customers)), ("sent", 1))
        self.assertEqual(self.there(self.copy)["address"]["city"], "Gent")

    def test_perhaps_made_it_is_asked_for_before_it_is_written_again(self):
        self.lose = "after"
        self.send(self.copy)
        self.lose = None
        self.copy.action_leave()
        self.partner.city = "Gent"
        self.assertEqual((self.send(self.copy), self.copy.state), ([], "stopped"))
        self.copy.action_write()
        self.assertEqual(self.send(self.copy), [("GET", "/v1/customers")])
        self.assertEqual((self.copy.state, len(self.bindings(self.partner))), ("to_send", 1))
        self.assertEqual(self.send(self.copy), [("POST", f"/v1/customers/{self.copy.outside_id}")])
        self.assertEqual((self.copy.state, len(self.stripe.customers)), ("sent", 1))
        self.assertEqual(self.there(self.copy)["address"]["city"], "Gent")
        self.send_stripe()
        self.assertEqual(self.env["res.partner"].search_count([("email", "=", "ines@maes.example")]), 1)

    def test_a_question_that_is_not_answered_is_asked_again(self):
        self.lose = "after"
        self.send(self.copy)
        self.copy.action_leave()
        self.copy.action_write()
        self.lose = 503
        self.send(self.copy)
        self.assertEqual(self.copy.state, "unknown")
        self.lose = None
        self.assertEqual(self.send(self.copy), [("GET", "/v1/customers")])
        self.send(self.copy)
        self.assertEqual((self.copy.state, len(self.stripe.customers)), ("sent", 1))

    def test_it_was_not_made_and_is_made_once(self):
        self.lose = 503
        self.send(self.copy)
        self.copy.action_leave()
        self.copy.action_write()
        self.lose = None
        self.assertEqual(self.send(self.copy), [("GET", "/v1/customers")])
        self.assertEqual((self.copy.state, len(self.stripe.customers)), ("to_send", 0))
        self.assertEqual(self.send(self.copy), [("POST", "/v1/customers")])
        self.assertEqual((self.copy.state, len(self.stripe.customers)), ("sent", 1))

    def test_the_event_of_one_that_was_perhaps_made_makes_no_second_contact(self):
        self.lose = "after"
        self.send(self.copy)
        self.lose = None
        self.copy.action_leave()
        self.partner.email = "other@maes.example"
        contacts = self.env["res.partner"].search_count([])
        self.send_stripe()
        self.assertEqual(self.env["res.partner"].search_count([]), contacts)
        self.assertEqual((self.copy.state, len(self.bindings(self.partner))), ("stopped", 1))


class TestInTheWay(CopyCommon):
    def setUp(self):
        super().setUp()
        self.stripe_connection.customers_out = "all"

    def test_blocked_before_it_was_sent_it_is_written_when_nothing_is_in_the_way_any_more(self):
        partner = self.customer()
        copy = self.copies(partner)
        partner.active = False
        self.assertEqual((self.send(copy), copy.state), ([], "draft"))
        partner.active = True
        self.assertEqual(copy.state, "to_send")
        self.assertEqual(self.send(copy), [("POST", "/v1/customers")])
        self.assertEqual((copy.state, len(self.stripe.customers)), ("sent", 1))

    def test_where_only_known_ones_are_written_it_stays_as_it_is(self):
        partner = self.customer()
        copy = self.copies(partner)
        partner.active = False
        self.send(copy)
        self.stripe_connection.customers_out = "known"
        partner.active = True
        self.assertEqual((copy.state, self.send(copy), len(self.stripe.customers)), ("draft", [], 0))

    def test_what_cannot_be_written_takes_no_place_of_what_can(self):
        self.stripe_connection.customers_out = False
        self.company.sudo().integration_customer_required = True
        partners = [self.customer(f"Number {number}") for number in range(5)]
        for partner in (partners[2], partners[4]):
            partner.sudo().integration_customer_approved = True
        with patch.object(customer_copy_look, "MAX_SHOWN", 2):
            self.stripe_connection.action_show_customers()
        self.assertEqual(self.copies().partner_id, partners[2] | partners[4])
        with patch.object(customer_copy_look, "MAX_SHOWN", 1):
            self.stripe_connection.action_show_customers()
        self.assertEqual(self.copies().partner_id, partners[2])

    def test_nor_do_those_that_are_not_known_there(self):
        self.stripe_connection.customers_out = False
        partners = [self.customer(f"Number {number}") for number in range(3)]
        self.env["integration.binding"]._bind(
            self.stripe_connection, "customer", [("cus_known", partners[2], 0, None)]
        )
        self.stripe_connection.customers_out = "known"
        with patch.object(customer_copy_look, "MAX_SHOWN", 1):
            self.stripe_connection.action_show_customers()
        self.assertEqual((self.copies().partner_id, self.copies().outside_id), (partners[2], "cus_known"))


class TestSweep(CopyCommon):
    def swept(self):
        """Return the copies that the sweep sends, one at most."""
        sent = []
        copies = type(self.env["integration.customer.copy"])
        with (
            patch.object(sent_once, "MAX_SWEPT", 1),
            patch.object(copies, "_send_soon", lambda rows, seconds=None: sent.extend(rows.ids)),
        ):
            self.root["integration.customer.copy"]._sweep()
        return sent

    def test_rows_of_a_paused_connection_keep_nobody_waiting_and_who_waits_longest_comes_first(self):
        self.stripe_connection.customers_out = "all"
        paused = self.copies(self.customer("Paused"))
        row = {"connection_id": self.partner_connection.id, "state": "to_send"}
        first, second = self.root["integration.customer.copy"].create(
            [row | {"partner_id": self.customer(name).id} for name in ("One", "Two")]
        )
        self.stripe_connection.action_pause()
        self.env.flush_all()
        self.waits(paused, 9)
        self.waits(first, 1)
        self.waits(second, 5)
        self.assertEqual(self.swept(), second.ids)
        self.waits(second, 0)  # it was tried
        self.assertEqual(self.swept(), first.ids)

    def waits(self, row, days):
        self.env.cr.execute(
            "UPDATE integration_customer_copy SET write_date = now() - %s * interval '1 day' WHERE id = %s",
            [days, row.id],
        )


class TestWrittenOnceNothingIsInTheWay(CopyCommon):
    def test_customers_are_written_when_the_approval_rule_is_switched_off(self):
        self.stripe_connection.customers_out = "all"
        self.company.sudo().integration_customer_required = True
        partner, blocked = self.customer(), self.customer("Blocked by name")
        blocked.sudo().write(
            {"integration_customer_blocked": True, "integration_customer_block_reason": "Insolvent"}
        )
        self.assertFalse(self.copies())
        jobs = self.env["queue.job"].sudo()
        looks = [("method_name", "=", "_look_at_customers")]
        self.assertEqual(jobs.search_count(looks), 0)
        self.company.sudo().with_context(
            integration_payee_rules=PAYEE_KEY
        ).integration_customer_required = False
        before = {
            self.company.id: self.company._integration_rules() | {"integration_customer_required": True}
        }
        self.company.sudo()._record_integration_rules(before)
        self.assertEqual(jobs.search_count(looks), 1)
        self.stripe_connection.with_env(self.root)._look_at_customers(0)
        copy = self.copies()
        self.assertEqual((copy.partner_id, copy.state), (partner, "to_send"))
        self.assertEqual(self.send(copy), [("POST", "/v1/customers")])
        self.assertEqual(copy.state, "sent")
        self.stripe_connection.with_env(self.root)._look_at_customers(0)
        self.assertEqual((self.copies(), copy.state), (copy, "sent"))  # looked at twice, written once
