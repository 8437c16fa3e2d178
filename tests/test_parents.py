# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Events that belong to something which arrives later: held, let go with it, and asked about in the end (E3)."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError

from .common import ANNA, BEN
from .order_common import OrderCommon


class TestParents(OrderCommon):
    def note(self, number="G-1", credit_of="P-1", **facts):
        return self.tell(self.document(number, credit_of=credit_of, **facts), "credit_note.issued")

    def nameless(self, number="P-1"):
        document = self.document(number)
        document["customer"] = {"outside_id": ANNA.id}
        return document

    def test_a_credit_note_waits_for_its_invoice_and_is_let_go_with_it(self):
        note = self.note()
        self.work()
        self.assertEqual(
            (note.status, note.hold_reason, note.error_code), ("held", "parent", "parent_missing")
        )
        self.assertEqual((note.waits_kind, note.waits_for), ("invoice", "P-1"))
        self.assertAlmostEqual(
            note.waits_until - note.waits_since, timedelta(hours=24), delta=timedelta(seconds=5)
        )
        self.assertEqual(note.state_label, "Waiting for invoice P-1")
        self.assertFalse(self.exceptions())
        self.assertEqual(note.attempt_count, 1)
        self.assertEqual(self.booked(), [])
        booked = self.tell(self.document("P-1"), drain=True)
        self.assertEqual(self.states(booked, note), ["done", "done"], self.stopped())
        posted = self.became(note, "account.move")
        self.assertEqual(posted.reversed_entry_id, self.became(booked, "account.move"))
        self.assertEqual(posted.reversed_entry_id.amount_residual, 0.0)
        self.assertEqual(note.attempt_count, 2)

    def test_parent_and_child_of_one_batch_in_either_order(self):
        early, invoice_message = self.note("G-1"), self.tell(self.document("P-1"))
        later = self.note("G-2", amount="1.00")
        self.work()
        self.assertEqual(self.states(early, invoice_message, later), ["done"] * 3, self.stopped())
        self.assertEqual(sorted(self.booked()), ["G-1", "G-2", "P-1"])
        self.assertFalse(self.exceptions())

    def test_an_invoice_without_a_name_waits_for_its_customer(self):
        waiting = [self.tell(self.nameless(f"P-{number}")) for number in range(3)]
        self.work()
        self.assertEqual(self.states(*waiting), ["held"] * 3)
        other = self.tell_customer(BEN, drain=True)
        self.assertEqual(self.states(other, *waiting), ["done"] + ["held"] * 3)
        self.tell_customer(ANNA, drain=True)
        self.assertEqual(self.states(*waiting), ["done"] * 3)
        self.assertEqual({self.became(one, "account.move").partner_id.email for one in waiting}, {ANNA.email})

    def test_a_flow_can_wait_for_every_customer(self):
        self.flow.customers_first = True
        waiting = self.tell(self.document("P-1"), drain=True)
        self.assertEqual(waiting.status, "held")
        self.assertFalse(self.env["res.partner"].search([("email", "=", ANNA.email)]))
        self.tell_customer(drain=True)
        self.assertEqual(waiting.status, "done")
        self.assertEqual(self.env["res.partner"].search_count([("email", "=", ANNA.email)]), 1)

    def test_a_credit_note_is_let_go_by_an_invoice_that_a_person_posts(self):
        note = self.note(credit_of="HAND-1")
        self.work()
        partner = self.env["res.partner"].create({"name": ANNA.name, "email": ANNA.email})
        move = self.init_invoice("out_invoice", partner=partner, amounts=[100.0], taxes=self.tax15)
        move.ref = "HAND-1"
        self.assertEqual(self.states(note), ["held"])
        move.action_post()
        self.assertEqual(self.states(note), ["ready"])
        self.work()
        self.assertEqual(self.became(note, "account.move").reversed_entry_id, move)

    def test_successors_of_an_event_that_waits_wait_too_and_others_do_not(self):
        note, behind = self.note(), self.note(version=None)
        other = self.tell(self.document("Q-1"))
        self.work()
        self.assertEqual(self.states(note, behind, other), ["held", "held", "done"])
        self.assertEqual((note + behind).mapped("hold_reason"), ["parent", "order"])
        self.tell(self.document("P-1"), drain=True)
        # The second one says something else of the note that is booked now.
        self.assertEqual(self.states(note, behind), ["done", "parked"])
        self.assertEqual(behind.error_code, "document_changed")
        self.assertEqual(sorted(self.booked()), ["G-1", "P-1", "Q-1"])

    def test_a_person_is_asked_at_the_deadline_and_it_still_goes_on_by_itself(self):
        notes = [self.note(f"G-{number}", amount="10.00") for number in range(3)]
        self.work()
        self.sweep()
        self.assertEqual(self.states(*notes), ["held"] * 3)
        late = fields.Datetime.subtract(fields.Datetime.now(), minutes=1)
        self.env["integration.message"].union(*notes).with_env(self.root).write({"waits_until": late})
        self.env.flush_all()
        self.sweep()
        self.assertEqual(self.states(*notes), ["parked"] * 3)
        exception = self.exceptions("parent_missing")
        self.assertEqual((len(exception), exception.held_count), (1, 3))
        self.assertEqual(
            exception.what,
            "This belongs to the invoice “P-1”, which Partner platform has not sent.",
        )
        exception.action_ask_resend()
        self.assertIn("invoice P-1", exception.message_ids[0].body)
        self.tell(self.document("P-1"), drain=True)
        self.assertEqual(self.states(*notes), ["done"] * 3, self.stopped())
        self.assertEqual(exception.state, "resolved")

    def test_try_again_after_the_deadline_without_the_parent_asks_again(self):
        note = self.note()
        self.work()
        note.action_stop_waiting()
        self.assertEqual(self.states(note), ["parked"])
        note.with_env(self.root).waits_until = fields.Datetime.subtract(fields.Datetime.now(), minutes=1)
        note.action_try_again()
        self.work()
        self.assertEqual(self.states(note), ["parked"])
        self.assertEqual(len(self.exceptions("parent_missing")), 1)

    def test_a_parent_that_is_bound_and_gone_is_for_a_person(self):
        """It is there by its binding and of no use: it is not let go and held again for ever."""
        note = self.note()
        self.work()
        self.env["integration.binding"]._bind(
            self.partner_connection, "invoice", [("P-1", self.env["account.move"].browse(2**31 - 2), 0, None)]
        )
        self.work()
        self.assertEqual(self.states(note), ["parked"])
        self.assertEqual(self.exceptions().code, "parent_missing")

    def test_money_never_waits_for_what_it_belongs_to(self):
        """A refund whose payment is unknown has moved money: it is booked, and explained when the payment comes."""
        charge = self.stripe.charge(10000, "usd", settled=True)
        events = self.stripe_events()
        self.stripe.refund(charge["id"], 4000)
        refunds = self.stripe_events()
        messages = self.send_stripe(refunds)
        self.assertNotIn("held", messages.mapped("status"))
        self.assertEqual(self.env["integration.movement"].search_count([("type", "=", "refund")]), 1)
        self.send_stripe(events)
        self.assertFalse(self.env["integration.message"].search([("status", "=", "held")]))

    def test_waiting_list_and_buttons(self):
        note = self.note()
        self.work()
        action = self.partner_connection.action_open_held()
        self.assertEqual(self.env["integration.message"].search(action["domain"]), note)
        self.partner_connection.invalidate_recordset()
        self.assertEqual(self.partner_connection.held_count, 1)
        self.assertIn("Partner platform has not sent yet", note.waiting_text)
        with self.assertRaises(UserError):
            self.tell(self.document("Q-1"), drain=True).action_stop_waiting()
