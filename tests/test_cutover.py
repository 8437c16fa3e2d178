# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Start date and history (E14): what is older is recorded, and nothing is booked twice at go-live."""

from datetime import datetime, timezone
from decimal import Decimal

from odoo.exceptions import ValidationError
from odoo.fields import Command

from ..simulators.clock import SimulatedClock
from ..simulators.partner import documents
from ..simulators.stripe.state import StripeAccount
from .common import ANNA, BEN
from .test_flow_life import FlowCommon

OLD = datetime(2026, 1, 20, 12, 0, tzinfo=timezone.utc)


class TestCutover(FlowCommon):
    def history(self, policy, kind="invoice", connection=None):
        flow = self.flow(kind, connection)
        self.put(flow, "draft")
        flow.with_user(self.administrator).write({"start_date": "2026-02-01", "history_policy": policy})
        self.step(flow, "live", reason="cut-over")
        self.approve(flow)
        return flow

    def provider_at(self, moment):
        """Begin with a new simulated account at ``moment``: its clock does not go back."""
        self.clock = SimulatedClock(moment)
        self.stripe, self._sent = StripeAccount("history", self.clock), 0

    def moves_of(self, reference):
        return self.env["account.move"].search([("ref", "=", reference), ("state", "=", "posted")])

    def opening_account(self):
        account = self.env["account.account"].create(
            {"name": "Opening balances", "code": "399900", "account_type": "equity"}
        )
        self.env["integration.role.account"].create(
            {"company_id": self.company.id, "role": "OPEN", "account_id": account.id}
        )
        return account

    def by_hand(self, number, amount):
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.env["res.partner"].create({"name": ANNA.name, "email": ANNA.email}).id,
                "ref": number,
                "invoice_date": "2026-01-20",
                "date": "2026-01-20",
                "invoice_line_ids": [
                    Command.create({"name": "Opening", "quantity": 1, "price_unit": amount, "tax_ids": []})
                ],
            }
        )
        move.action_post()
        return move

    def test_older_events_are_recorded_with_the_reason_and_not_booked(self):
        self.history("keep")
        old, _new = self.invoice_event("H-1", when=OLD), self.invoice_event("H-2")
        self.assertEqual((old.status, old.stage, old.kept_as), ("done", "transformed", "before_start"))
        self.assertIn("2026-01-20", old.error_text)
        self.assertIn("before the start date", old.state_label)
        self.assertEqual((len(self.moves_of("H-1")), len(self.moves_of("H-2"))), (0, 1))
        self.assertFalse(self.exceptions())
        result = self.root["integration.rehearsal"]._rehearse(old.ids)[0]
        self.assertEqual((result["outcome"], result["entries"]), ("nothing", []))

    def test_the_day_of_the_start_is_booked_in_the_books_own_time_zone(self):
        self.history("keep", "movement", self.stripe_connection)
        # 1 February 04:30 UTC is still 31 January in New York.
        self.provider_at(datetime(2026, 2, 1, 4, 30, tzinfo=timezone.utc))
        self.stripe.charge(1000, "usd", metadata={})
        before = self.send_stripe().filtered(lambda message: message.kind == "movement")
        self.clock.advance(hours=1)
        self.stripe.charge(2000, "usd", metadata={})
        after = self.send_stripe().filtered(lambda message: message.kind == "movement")
        self.assertEqual(set(before.mapped("kept_as")), {"before_start"})
        self.assertEqual(set(after.mapped("kept_as")), {False})
        self.assertFalse(before.effect_ids)

    def test_history_that_is_booked_is_not_booked_a_second_time(self):
        self.history("post")
        by_hand = self.by_hand("H-1", 1150.0)
        known, new = self.invoice_event("H-1", when=OLD), self.invoice_event("H-2", BEN, when=OLD)
        self.assertEqual((self.moves_of("H-1"), len(self.moves_of("H-2"))), (by_hand, 1))
        self.assertEqual((known.kept_as, self.became(known, "account.move")), ("reference", by_hand))
        self.assertEqual((new.kept_as, new.stage), (False, "posted"))
        self.assertEqual(self.moves_of("H-2").invoice_date.isoformat(), "2026-01-20")

    def test_history_that_this_connection_has_booked_is_completed_by_what_follows(self):
        self.history("post", "movement", self.stripe_connection)
        self.provider_at(OLD)
        charge = self.stripe.charge(1000, "usd", metadata={})
        self.send_stripe()
        movement = self.movement("payment", charge["id"])
        self.assertEqual((bool(movement.move_id), movement.move_id.date.isoformat()), (True, "2026-01-20"))
        ledger_id = movement.balance_transaction
        movement.sudo().balance_transaction = False
        self.pull_stripe()
        self.assertEqual(
            (self.movement("payment", charge["id"]), movement.balance_transaction), (movement, ledger_id)
        )
        lines = self.env["account.bank.statement.line"].search_count([("ref", "=", charge["id"])])
        self.assertEqual(lines, 1)

    def test_history_for_reference_is_known_and_not_booked(self):
        self.history("reference")
        by_hand = self.by_hand("H-1", 1150.0)
        before = self.env["account.move"].search_count([])
        known, unknown = self.invoice_event("H-1", when=OLD), self.invoice_event("H-2", BEN, when=OLD)
        self.assertEqual((known | unknown).mapped("kept_as"), ["reference", "reference"])
        self.assertEqual(self.env["account.move"].search_count([]), before)
        self.assertEqual(self.became(known, "account.move"), by_hand)
        self.assertFalse(unknown.effect_ids)
        binding = self.env["integration.binding"].search(
            [("outside_id", "=", "H-1"), ("kind", "=", "invoice")]
        )
        self.assertEqual((binding.res_model, binding.res_id), ("account.move", by_hand.id))
        charge = self.stripe.charge(115000, "usd", metadata={"invoice_number": "H-1"})
        self.send_stripe()
        self.assertEqual(self.movement("payment", charge["id"]).application, "applied")
        self.assertEqual(by_hand.payment_state, "paid")

    def test_movements_for_reference_are_recognised_when_they_come_again(self):
        self.history("reference", "movement", self.stripe_connection)
        self.provider_at(OLD)
        charge = self.stripe.charge(1000, "usd", metadata={})
        told = self.stripe_events()
        messages = self.send_stripe(told).filtered(lambda message: message.kind == "movement")
        self.assertEqual(set(messages.mapped("kept_as")), {"reference"})
        movement = self.movement("payment", charge["id"])
        self.assertEqual((movement.move_id.id, movement.amount, movement.application), (False, 10.0, "none"))
        lines = self.env["account.bank.statement.line"].search_count([])
        self.pull_stripe()
        self.assertEqual(
            self.env["account.bank.statement.line"].search_count([]), lines, "not booked from the ledger"
        )

    def test_open_items_bring_forward_what_is_still_open(self):
        self.history("open_items")
        account = self.opening_account()
        part = self.invoice_event("H-1", when=OLD, amount_due="150.00")
        paid = self.invoice_event("H-2", BEN, when=OLD, amount_due="0.00")
        invoice = self.moves_of("H-1")
        self.assertEqual(
            (
                invoice.amount_total,
                invoice.amount_tax,
                invoice.amount_residual,
                invoice.invoice_date.isoformat(),
            ),
            (150.0, 0.0, 150.0, "2026-01-20"),
        )
        self.assertEqual(self.balance(account), Decimal("-150.00"))
        self.assertEqual((part.stage, paid.kept_as, len(self.moves_of("H-2"))), ("posted", "before_start", 0))
        again = self.invoice_event(
            "H-1",
            when=OLD,
            amount_due="100.00",
            source={"system": "partner", "object_id": "H-1", "version": 2},
        )
        self.assertEqual((again.kept_as, len(self.moves_of("H-1"))), ("reference", 1))
        self.assertFalse(self.exceptions())

    def test_an_open_item_that_the_books_hold_already_is_only_linked(self):
        self.history("open_items")
        account = self.opening_account()
        by_hand = self.by_hand("H-1", 150.0)
        message = self.invoice_event("H-1", when=OLD, amount_due="150.00")
        self.assertEqual((self.moves_of("H-1"), message.kept_as), (by_hand, "reference"))
        self.assertEqual(self.balance(account), Decimal("0.00"))

    def test_without_the_open_amount_or_its_account_a_person_is_asked_and_nothing_is_booked(self):
        self.history("open_items")
        silent = self.invoice_event("H-1", when=OLD)
        wrong = self.invoice_event("H-2", BEN, when=OLD, amount_due="1150.01")
        no_account = self.invoice_event("H-3", when=OLD, amount_due="150.00")
        self.assertEqual(
            (silent | wrong | no_account).mapped("error_code"),
            ["open_amount_missing", "open_amount_wrong", "role_account_missing"],
        )
        self.assertEqual((silent | wrong | no_account).mapped("status"), ["parked"] * 3)
        self.assertFalse(self.moves_of("H-1") | self.moves_of("H-2") | self.moves_of("H-3"))

    def test_only_invoices_have_open_items(self):
        flow = self.flow("customer")
        self.put(flow, "draft")
        with self.assertRaisesRegex(ValidationError, "Only invoices have an open rest"):
            flow.history_policy = "open_items"

    def test_the_open_amount_changes_nothing_after_the_start(self):
        self.history("open_items")
        message = self.invoice_event("H-1", amount_due="0.00")
        self.assertEqual((message.stage, self.moves_of("H-1").amount_total), ("posted", 1150.0))
        line = documents.Line("Advice", Decimal(1), Decimal("1000.00"), ("STD",))
        document = documents.invoice("H-1", ANNA, [line], self.clock.now, due_date=self.clock.now.date())
        told = documents.as_event("another id", "invoice.issued", document | {"amount_due": "150.00"})
        _verdict, again = self.accept(self.partner_connection, told.body, {"webhook-id": told.id})
        self.drain(self.partner_connection)
        self.assertEqual((again.status, again.attempt_ids.outcome), ("done", "duplicate"))
        self.assertEqual(len(self.moves_of("H-1")), 1)
