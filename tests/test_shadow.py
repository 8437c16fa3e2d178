# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Shadow: computes exactly what it would book, books nothing, and compares it with the books (E13)."""

from odoo.exceptions import UserError
from odoo.fields import Command

from ..simulators.partner import documents
from .common import ANNA, BEN
from .test_flow_life import FlowCommon


class TestShadow(FlowCommon):
    def setUp(self):
        super().setUp()
        self.issued = self.flow()
        self.put(self.issued, "shadow")
        self.anna = self.env["res.partner"].create({"name": "Anna's Bakery", "email": "anna@bakery.example"})

    def by_hand(self, number, amount=1000.0, date="2026-03-02", partner=None, tax=True):
        """Book an invoice as the old system, or a person, does."""
        like = self.partner_connection.issued_journal_id or self.partner_connection.sales_journal_id
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "journal_id": like.id,
                "partner_id": (partner or self.anna).id,
                "ref": number,
                "invoice_date": date,
                "date": date,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Advice",
                            "quantity": 1,
                            "price_unit": amount,
                            "tax_ids": [Command.set(self.tax15.ids if tax else [])],
                        }
                    )
                ],
            }
        )
        move.action_post()
        return move

    def result(self, message):
        return self.env["integration.shadow.result"].search([("message_id", "=", message.id)])

    def moves(self):
        return self.env["account.move"].search_count([])

    def test_it_computes_and_books_nothing(self):
        before, partners = self.moves(), self.env["res.partner"].search_count([])
        message = self.invoice_event("S-1", BEN)
        self.assertEqual((message.status, message.stage, message.kept_as), ("done", "transformed", "shadow"))
        self.assertIn("shadow", message.state_label)
        self.assertFalse(message.effect_ids)
        self.assertEqual((self.moves(), self.env["res.partner"].search_count([])), (before, partners))
        result = self.result(message)
        self.assertEqual((result.verdict, result.reference, result.amount), ("missing", "S-1", 1150.0))
        lines = result.computed["entries"][0]["lines"]
        self.assertEqual(
            sorted((line["debit"], line["credit"]) for line in lines),
            [("0.00", "1000.00"), ("0.00", "150.00"), ("1150.00", "0.00")],
        )
        self.assertEqual(message.attempt_ids.outcome, "shadow")
        self.assertEqual(message.leaf_ids[:1].action, "message.shadow")

    def test_the_parallel_run_names_what_differs(self):
        equal = self.by_hand("S-1")
        other_amount = self.by_hand("S-2", amount=900.0)
        other_day = self.by_hand("S-3", date="2026-03-01")
        ben = self.env["res.partner"].create({"name": "Somebody else"})
        other_partner = self.by_hand("S-4", partner=ben)
        alone = self.by_hand("S-9", amount=77.0, tax=False)
        messages = [self.invoice_event(f"S-{number}") for number in (1, 2, 3, 4, 5)]
        found = [
            (result.verdict, result.difference or "", result.move_id)
            for result in (self.result(message) for message in messages)
        ]
        Move = self.env["account.move"]
        self.assertEqual(
            found,
            [
                ("equal", "", equal),
                ("different", "amount, accounts", other_amount),
                ("different", "date", other_day),
                ("different", "partner", other_partner),
                ("missing", "", Move),
            ],
        )
        self.issued.with_user(self.operator).action_compare_books()
        self.env.invalidate_all()
        only = self.issued.shadow_result_ids.filtered(lambda row: row.verdict == "only_in_books")
        self.assertEqual((only.move_id, only.reference, only.amount), (alone, "S-9", 77.0))
        self.assertEqual(
            self.issued.shadow_summary,
            "1 of 6 equal, 3 different, 1 missing in the books, 1 only in the books",
        )

    def test_the_same_money_under_another_number_is_found_and_named(self):
        move = self.by_hand("A-77")
        message = self.invoice_event("S-1")
        result = self.result(message)
        self.assertEqual((result.verdict, result.difference, result.move_id), ("different", "number", move))

    def test_what_is_booked_later_by_hand_is_found_when_compared_again(self):
        message = self.invoice_event("S-1")
        self.assertEqual(self.result(message).verdict, "missing")
        move = self.by_hand("S-1")
        self.issued.action_compare_books()
        self.env.invalidate_all()
        self.assertEqual((self.result(message).verdict, self.result(message).move_id), ("equal", move))
        self.assertEqual(self.issued.shadow_summary, "1 of 1 equal")

    def test_a_refusal_is_an_answer_and_parks_nothing(self):
        self.forget_mapping("STD")
        message = self.invoice_event("S-1")
        self.assertEqual((message.status, message.kept_as), ("done", "shadow"))
        result = self.result(message)
        self.assertEqual((result.verdict, result.error_code), ("refused", "mapping_missing"))
        self.assertTrue(result.explanation and result.next_step)
        self.assertFalse(self.exceptions())

    def test_a_body_that_cannot_be_understood_is_an_answer_too(self):
        document = documents.invoice(
            "S-1", ANNA, [documents.Line("Advice", documents.Decimal(1), documents.Decimal(10))],
            self.clock.now, due_date=self.clock.now.date(),
        )  # fmt: skip
        document["total_gross"] = "999.00"
        message = self.send_partner("invoice.issued", document)
        self.assertEqual((message.status, message.kept_as), ("done", "shadow"))
        self.assertEqual(self.result(message).error_code, "totals_do_not_add_up")

    def test_a_second_version_is_judged_as_if_the_first_were_booked(self):
        self.invoice_event("S-1")
        second = self.invoice_event(
            "S-1", amount="1200.00", source={"system": "partner", "object_id": "S-1", "version": 2}
        )
        self.assertEqual(
            (self.result(second).verdict, self.result(second).error_code), ("refused", "document_changed")
        )

    def test_other_flows_of_the_connection_book_as_always(self):
        customer = self.send_partner("customer.updated", documents.customer(BEN, self.clock.now))
        self.assertEqual((customer.status, customer.stage, customer.kept_as), ("done", "posted", False))

    def go_live(self, choice):
        self.step(self.issued, "live", reason="parallel run is fine", shadowed=choice)
        self.assertEqual(self.issued.state, "shadow", "asking changes nothing")
        self.approve(self.issued)
        self.drain(self.partner_connection)

    def test_going_live_leaves_what_was_shadowed_unbooked_when_that_was_chosen(self):
        message = self.invoice_event("S-1")
        with self.assertRaisesRegex(UserError, "Choose what becomes"):
            self.step(self.issued, "live")
        self.go_live("none")
        self.assertEqual((message.status, message.kept_as, self.booked("S-1")), ("done", "shadow", 0))
        self.assertEqual(self.result(message).settled, "left")
        later = self.invoice_event("S-2")
        self.assertEqual((later.stage, self.booked("S-2")), ("posted", 1))

    def test_going_live_books_what_the_books_lack_and_nothing_twice(self):
        by_hand, different = self.by_hand("S-1"), self.by_hand("S-2", amount=900.0)
        known, other, missing = (self.invoice_event(number) for number in ("S-1", "S-2", "S-3"))
        self.go_live("missing")
        self.assertEqual([self.booked(number) for number in ("S-1", "S-2", "S-3")], [1, 1, 1])
        self.assertEqual(
            [message.kept_as for message in (known, other, missing)], ["reference", "reference", False]
        )
        self.assertEqual(self.became(known, "account.move"), by_hand)
        self.assertEqual(self.became(other, "account.move"), different)
        self.assertEqual(
            self.became(missing, "account.move").integration_connection_id, self.partner_connection
        )
        self.assertEqual(
            [self.result(row).settled for row in (known, other, missing)], ["linked", "linked", "booked"]
        )
        credit = documents.invoice(
            "S-1-C", ANNA, [documents.Line("Advice", documents.Decimal(1), documents.Decimal(1000))],
            self.clock.now, due_date=self.clock.now.date(), credit_of="S-1",
        )  # fmt: skip
        note = self.became(self.send_partner("credit_note.issued", credit), "account.move")
        self.assertEqual(note.reversed_entry_id, by_hand, "what follows finds what was linked")
