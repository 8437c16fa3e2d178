# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Order per key, versions, and parents that arrive after their children (E3)."""

from datetime import date, timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import UserError

from ..models.messaging import drain_order
from ..simulators import wire
from ..simulators.partner.documents import Line, customer, invoice
from .common import ANNA, BEN, IntegrationCommon


class OrderCommon(IntegrationCommon):
    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()  # the sweep's own cursors become this test's
        self.flow = self.partner_connection.flow_ids.filtered(lambda flow: flow.kind == "invoice")
        self.lane = self.flow.lane_id

    def document(self, number="P-1", party=ANNA, amount="100.00", taxes=("STD",), version=1, **facts):
        tax_codes = tuple(facts.pop("codes", taxes))
        lines = [Line("Advice", Decimal(1), Decimal(amount), taxes)]
        document = invoice(
            number, party, lines, self.clock.now, due_date=date(2026, 4, 1), version=version, **facts
        )
        for line in document["lines"]:
            line["tax_codes"] = list(tax_codes)
            for tax, code in zip(line["taxes"], tax_codes, strict=True):
                tax["code"] = code
        return document

    def tell(self, document, event_type="invoice.issued", drain=False):
        """Bring a document in as an event of its own, whatever was said of the object before; returns its message."""
        self.told = getattr(self, "told", 0) + 1
        body = wire.compact({"type": event_type, "timestamp": document["occurred_at"], "data": document})
        headers = {"webhook-id": f"msg_order_{self.told}"}
        _verdict, message = self.accept(self.partner_connection, body, headers)
        if drain:
            self.work()
        return message

    def tell_customer(self, party=ANNA, version=1, drain=False, **facts):
        return self.tell(customer(party, self.clock.now, version) | facts, "customer.updated", drain)

    def unknown_tax(self, number, **facts):
        """Tell an invoice that stops because a mapping is missing."""
        return self.tell(self.document(number, codes=("ODD",), **facts))

    def give_mapping(self):
        self.env["integration.mapping"].create(
            {
                "connection_id": self.partner_connection.id,
                "mapping": "tax",
                "outside_value": "ODD",
                "tax_id": self.tax15.id,
            }
        )

    def work(self):
        return self.drain(self.partner_connection)

    def states(self, *messages):
        self.env.invalidate_all()
        return [message.status for message in messages]

    def booked(self):
        moves = self.env["account.move"].search(
            [("integration_connection_id", "=", self.partner_connection.id)], order="id"
        )
        return moves.mapped("ref")

    def sweep(self):
        self.root["integration.lane"]._sweep_holds()
        self.env.invalidate_all()


class TestOrder(OrderCommon):
    def test_a_stopped_event_holds_back_its_own_object_only(self):
        first = self.unknown_tax("P-1")
        second = self.tell(self.document("P-1", version=None))
        third = self.tell(self.document("P-1"))
        others = [self.tell(self.document(f"Q-{number}")) for number in range(5)]
        self.work()
        self.assertEqual(self.states(first, second, third), ["parked", "held", "held"])
        self.assertEqual(self.states(*others), ["done"] * 5)
        self.assertEqual(sorted(self.booked()), [f"Q-{number}" for number in range(5)])
        self.assertEqual((second + third).mapped("hold_reason"), ["order", "order"])
        self.assertIn("Another event of the same object", second.waiting_text)
        self.assertEqual(second.action_open_blocker()["res_id"], first.id)

    def test_held_events_take_no_place_of_others(self):
        """However many are held, a batch is filled with those that can be worked off."""
        stopped = self.unknown_tax("P-1")
        self.work()
        held = [self.tell(self.document("P-1", version=None)) for _number in range(12)]
        free = [self.tell(self.document(f"Q-{number}")) for number in range(3)]
        looked_at = self.root["integration.drain"]._work_off(self.lane.id, limit=3)
        self.assertEqual(looked_at, 15)
        self.assertEqual(self.states(stopped, *held), ["parked"] + ["held"] * 12)
        self.assertEqual(self.states(*free), ["done"] * 3)

    def test_what_is_held_beyond_the_bound_waits_for_the_next_batch(self):
        self.unknown_tax("P-1")
        self.work()
        held = [self.tell(self.document("P-1", version=None)) for _number in range(5)]
        free = self.tell(self.document("Q-1"))
        self.patch(drain_order, "MAX_HELD_PER_BATCH", 3)
        drain = self.root["integration.drain"]
        self.assertEqual([drain._work_off(self.lane.id, limit=3) for _batch in range(3)], [3, 3, 0])
        self.assertEqual(self.states(*held, free), ["held"] * 5 + ["done"])

    def test_a_chain_is_let_go_at_once_and_follows_in_order(self):
        first = self.unknown_tax("P-1")
        chain = [self.tell_customer(BEN, version=number) for number in range(1, 4)]
        behind = [self.tell(self.document("P-1", version=None, amount=f"{n}.00")) for n in range(1, 6)]
        self.work()
        self.assertEqual(self.states(first, *behind), ["parked"] + ["held"] * 5)
        self.assertEqual(self.states(*chain), ["done"] * 3)
        first.action_discard()
        self.assertEqual(self.states(first, *behind), ["discarded"] + ["ready"] * 5)
        self.work()
        # The first of the chain is booked, the next one says something else of the same document: stopped again.
        self.assertEqual(self.states(*behind), ["done", "parked", "held", "held", "held"], self.stopped())
        self.assertEqual(self.became(behind[0], "account.move").amount_total, 1.15)
        self.assertEqual(self.booked(), ["P-1"])

    def test_put_aside_dead_and_superseded_let_the_rest_go(self):
        """Whatever ends a stopped event, what waited for it goes on."""
        first = self.unknown_tax("P-1")
        second = self.tell(self.document("P-1", version=None))
        self.work()
        self.assertEqual(self.states(first, second), ["parked", "held"])
        newer = self.tell(self.document("P-1", version=2))
        self.work()
        # The newer version does not overtake what says no version.
        self.assertEqual(self.states(first, second, newer), ["parked", "held", "held"])
        first.action_discard()
        self.work()
        self.assertEqual(self.states(first, second, newer), ["discarded", "done", "parked"])
        self.assertEqual(newer.error_code, "document_changed")

    def test_a_hold_whose_release_was_lost_is_healed_by_the_drain_and_by_the_sweep(self):
        """A person puts the blocker aside while a batch is holding its successors back: neither sees the other."""
        first, second = self.unknown_tax("P-1"), self.tell(self.document("P-1", version=None))
        third = self.tell(self.document("P-1", version=None))
        self.work()
        first.with_env(self.root)._advance(first.stage, "discarded")  # as if its release had not seen them
        self.assertEqual(self.states(second, third), ["held", "held"])
        self.assertEqual(self.root["integration.message"]._release_held(self.lane.id), 2)
        self.assertEqual(self.states(second, third), ["ready", "ready"])
        self.work()
        self.assertEqual(self.states(second, third), ["done", "done"])  # the third says the same again
        self.assertEqual(self.booked(), ["P-1"])

    def test_an_event_in_a_paused_flow_holds_back_its_object_in_other_flows(self):
        document = self.document("P-1", codes=("ODD",))
        first = self.tell(document)
        other = self.partner_connection.flow_ids.filtered(lambda flow: flow.kind == "entry")
        second = self.tell(self.document("P-1"))
        self.env.cr.execute("UPDATE integration_message SET flow_id = %s WHERE id = %s", [other.id, first.id])
        other.state = "paused"
        self.env.flush_all()
        self.work()
        self.assertEqual(self.states(first, second), ["ready", "held"])
        self.assertEqual(self.root["integration.message"]._release_held(self.lane.id), 0)
        other.state = "live"
        self.env.flush_all()
        self.assertEqual(self.root["integration.message"]._release_held(self.lane.id), 1)
        self.work()
        self.assertEqual(self.states(first, second), ["parked", "held"])

    def test_open_events_move_along_when_a_flow_changes_its_lane(self):
        stopped = self.unknown_tax("P-1")
        self.work()
        waiting = self.tell(self.document("Q-1"))
        lane = self.env["integration.lane"].create({"name": "Invoices", "company_id": self.company.id})
        self.flow.lane_id = lane
        self.assertEqual((stopped + waiting).lane_id, lane)
        self.root["integration.drain"]._work_off(lane.id)
        self.assertEqual(self.states(stopped, waiting), ["parked", "done"])


class TestVersions(OrderCommon):
    def applied(self, key):
        return self.env["integration.applied.version"].search([("object_key", "=", key)]).mapped("version")

    def test_a_late_older_version_is_never_applied_whatever_its_kind(self):
        self.tell_customer(version=5, drain=True)
        late = self.tell_customer(version=4, drain=True, name="Old name")
        self.assertEqual(late.status, "superseded")
        partner = self.env["res.partner"].search([("email", "=", ANNA.email)])
        self.assertEqual(partner.name, ANNA.name)
        self.tell(self.document("P-1", version=5), drain=True)
        old = self.tell(self.document("P-1", version=4, amount="7.00"), drain=True)
        self.assertEqual((old.status, self.booked()), ("superseded", ["P-1"]))
        entry = self.tell(self.entry(version=5), "entry.reported", drain=True)
        old_entry = self.tell(self.entry(version=4, amount="7.00"), "entry.reported", drain=True)
        self.assertEqual(self.states(entry, old_entry), ["done", "superseded"], self.stopped())
        self.assertEqual(len(self.env["account.move"].search([("ref", "=", "E-1")])), 1)
        self.assertEqual(
            [self.applied(key) for key in (f"customer:{ANNA.id}", "invoice:P-1", "entry:E-1")],
            [[5], [5], [5]],
        )
        self.assertFalse(self.exceptions())

    def entry(self, version=1, amount="40.00"):
        return {
            "kind": "entry",
            "schema_version": "1",
            "source": {"system": "partner", "object_id": "E-1", "version": version},
            "occurred_at": self.clock.now.isoformat(),
            "reference": "E-1",
            "date": "2026-03-02",
            "currency": "USD",
            "lines": [
                {"account": "A", "debit": amount},
                {"account": "B", "credit": amount},
            ],
        }

    def setUp(self):
        super().setUp()
        accounts = self.env["account.account"].search(
            [("company_ids", "in", self.company.id), ("account_type", "=", "expense")], limit=2
        )
        self.assertEqual(len(accounts), 2)
        self.env["integration.mapping"].create(
            [
                {
                    "connection_id": self.partner_connection.id,
                    "mapping": "account",
                    "outside_value": code,
                    "account_id": account.id,
                }
                for code, account in zip("AB", accounts, strict=True)
            ]
        )

    def test_versions_of_one_batch_end_as_one_by_one(self):
        """The newest counts, whichever came first, in one batch and in several."""
        new = self.tell_customer(version=3, name="New")
        old = self.tell_customer(version=2, name="Old")
        newest = self.tell_customer(version=4, name="Newest")
        self.work()
        self.assertEqual(self.states(new, old, newest), ["done", "superseded", "done"])
        partner = self.env["res.partner"].search([("email", "=", ANNA.email)])
        self.assertEqual(partner.name, "Newest")

    def test_one_version_with_two_contents_is_a_conflict(self):
        self.tell_customer(version=3, drain=True)
        other = self.tell_customer(version=3, drain=True, name="Another name")
        self.assertEqual((other.status, other.error_code), ("parked", "version_conflict"))
        self.assertIn("version 3", other.exception_id.what)
        same = self.tell_customer(BEN, version=3, drain=True)
        again = self.tell_customer(BEN, version=3, drain=True)
        self.assertEqual(self.states(same, again), ["done", "done"])
        partner = self.env["res.partner"].search([("email", "=", ANNA.email)])
        self.assertEqual(partner.name, ANNA.name)

    def test_a_newer_version_replaces_a_stopped_one_and_closes_its_exception(self):
        broken = self.document("P-1")
        broken["total_gross"] = "1.00"
        first = self.tell(broken)
        self.work()
        exception = first.exception_id
        self.assertEqual((first.status, exception.state), ("parked", "open"))
        right = self.tell(self.document("P-1", version=2))
        self.work()
        self.assertEqual(self.states(first, right), ["superseded", "done"])
        self.assertEqual((exception.state, self.booked()), ("resolved", ["P-1"]))
        self.assertIn("Version 2", first.error_text)
        with self.assertRaises(UserError):
            first.action_try_again()

    def test_in_one_batch_the_newer_version_replaces_the_one_that_fails(self):
        broken = self.document("P-1")
        broken["total_gross"] = "1.00"
        first, right = self.tell(broken), self.tell(self.document("P-1", version=2))
        self.work()
        self.assertEqual(self.states(first, right), ["superseded", "done"])
        self.assertFalse(self.exceptions())

    def test_once_a_newer_version_is_there_the_stopped_one_waits_for_it(self):
        """Both lack the mapping; when it is given, only the newer one is booked."""
        first, newer = self.unknown_tax("P-1", amount="50.00"), self.unknown_tax("P-1", version=2)
        self.work()
        self.assertEqual(self.states(first, newer), ["parked", "parked"])
        self.give_mapping()
        self.work()
        self.assertEqual(self.states(first, newer), ["superseded", "done"])
        self.assertEqual(self.became(newer, "account.move").amount_total, 115.00)
        self.assertEqual(self.booked(), ["P-1"])
        self.assertFalse(self.exceptions())

    def test_when_the_newer_version_is_put_aside_the_older_one_counts_again(self):
        first, newer = self.unknown_tax("P-1", amount="50.00"), self.document("P-1", version=2)
        newer["total_gross"] = "1.00"
        newer = self.tell(newer)
        self.work()
        self.give_mapping()
        self.work()
        self.assertEqual(self.states(first, newer), ["held", "parked"])
        newer.action_discard()
        self.work()
        self.assertEqual(self.states(first, newer), ["done", "discarded"])
        self.assertEqual(self.became(first, "account.move").amount_total, 57.50)

    def movement(self, amount, version, identity="ch_1", **facts):
        return {
            "kind": "movement",
            "schema_version": "1",
            "source": {"system": "partner", "object_id": "M-1", "version": version},
            "occurred_at": self.clock.now.isoformat(),
            "movement_id": identity,
            "type": "payment",
            "amount": {"value": amount, "currency": "USD"},
            **facts,
        }

    def test_money_is_a_fact_and_is_booked_whatever_its_version(self):
        newer = self.tell(self.movement("10.00", 2), "movement.reported", drain=True)
        older = self.tell(self.movement("7.00", 1, "ch_2"), "movement.reported", drain=True)
        self.assertEqual(self.states(newer, older), ["done", "done"], self.stopped())
        self.assertEqual(self.movement_amounts(), {"ch_1": 10.0, "ch_2": 7.0})
        late = self.tell(self.movement("99.00", 1), "movement.reported", drain=True)
        self.assertEqual(late.status, "superseded")
        self.assertFalse(self.exceptions("movement_amount_differs"))
        self.assertEqual(self.movement_amounts(), {"ch_1": 10.0, "ch_2": 7.0})
        self.assertEqual(self.balance(self.role("UNID")), Decimal("-17.00"))

    def test_money_under_a_version_that_is_used_is_booked_and_told(self):
        self.tell(self.movement("10.00", 2), "movement.reported", drain=True)
        other = self.tell(self.movement("7.00", 2, "ch_2"), "movement.reported", drain=True)
        self.assertEqual(other.status, "done")
        self.assertEqual(self.movement_amounts(), {"ch_1": 10.0, "ch_2": 7.0})
        self.assertEqual(len(self.exceptions("version_conflict")), 1)

    def movement_amounts(self):
        return {
            row.movement_id: row.amount
            for row in self.env["integration.movement"].search(
                [("connection_id", "=", self.partner_connection.id)]
            )
        }


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
        sum((note for note in notes), self.env["integration.message"]).with_env(self.root).write(
            {"waits_until": fields.Datetime.subtract(fields.Datetime.now(), minutes=1)}
        )
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
