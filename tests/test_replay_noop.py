# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What was booked is never booked twice by a replay, and nothing older is put over anything newer (E2, E3)."""

from ..connectors.base import Envelope
from ..engine.canonical_json import canonical_bytes
from ..engine.json_guard import parse_json
from ..simulators import wire
from ..simulators.partner import documents
from .common import ANNA, BEN, START
from .replay_common import ReplayCommon


class TestNothingIsBookedTwice(ReplayCommon):
    def test_everything_that_was_booked_is_proven_a_no_op(self):
        """Customer, invoice, entry, payment, fee, refund, payout, provider balance: all replayed."""
        self.everything()
        messages = self.incoming()
        kinds = set(messages.mapped("kind")) - {False}
        self.assertEqual(kinds, {"customer", "invoice", "movement", "entry", "provider_balance"})
        types = set(self.env["integration.movement"].search([]).mapped("type"))
        self.assertLessEqual({"payment", "fee", "refund", "payout"}, types)
        before, count = self.books(), len(messages)
        replay = self.plan(messages)
        self.assertEqual(self.books(), before, "a plan leaves nothing behind")
        planned = self.outcomes(replay)
        self.assertEqual(set(planned), set(messages))
        self.assertNotIn("post", planned.values())
        self.assertTrue(replay.needs_approval)
        self.run_replay(replay)
        self.assertEqual(self.books(), before)
        self.assertEqual(replay.state, "done", self.stopped())
        self.assertEqual(len(replay.line_ids.became_id), count)
        for line in replay.line_ids:
            expected = (
                "nothing" if not line.message_id.effect_ids and line.outcome == "nothing" else "duplicate"
            )
            self.assertEqual(
                line.result, expected, f"{line.message_id.event_type} {line.message_id.object_key}"
            )
            self.assertEqual(line.outcome, line.result)

    def everything(self):
        """Let the simulated systems tell one of each."""
        self.stripe_connection.fetch_from = START.date()
        for value, account in (("wages", "expense"), ("net", "assets")):
            self.env["integration.mapping"].create(
                {
                    "connection_id": self.partner_connection.id,
                    "mapping": "account",
                    "outside_value": value,
                    "account_id": self.company_data[f"default_account_{account}"].id,
                }
            )
        self.send_partner("customer.updated", documents.customer(BEN, self.clock.now))
        self.issue("R-1")
        lines = [{"account": "wages", "debit": "100.10"}, {"account": "net", "credit": "100.10"}]
        self.report_entry("E-1", lines)
        charge = self.stripe.charge(115000, "usd", settled=True, metadata={"invoice_number": "R-1"})
        self.clock.advance(days=2)
        self.stripe.refund(charge["id"], 5000)
        self.stripe.pay_out("usd", 20000)
        self.send_stripe()
        self.clock.advance(days=1)
        self.pull_stripe()
        self.pull_stripe("balances")
        self.assertFalse(self.incoming("parked", "dead", "held", "waiting"), self.stopped())

    def report_entry(self, object_id, lines):
        document = {
            "kind": "entry",
            "schema_version": "1",
            "source": {"system": "partner", "object_id": object_id},
            "occurred_at": self.clock.now.isoformat(),
            "reference": object_id,
            "date": "2026-03-02",
            "currency": "USD",
            "lines": lines,
            "total_debit": "100.10",
        }
        told = {"type": "entry.reported", "timestamp": self.clock.now.isoformat(), "data": document}
        self.accept(self.partner_connection, wire.compact(told), {"webhook-id": f"msg_{object_id}"})
        self.drain(self.partner_connection)

    def test_the_same_event_replayed_twice_is_two_events_and_one_booking(self):
        message = self.invoice("R-1")
        self.drain(self.partner_connection)
        before = self.books()
        for number in (1, 2):
            self.run_replay(self.plan(message))
            self.assertEqual(
                message.replay_ids.sorted("id")[-1].event_id, f"{message.event_id}#replay-{number}"
            )
        self.assertEqual(self.books(), before)
        self.assertEqual(message.replay_ids.mapped("status"), ["done", "done"])

    def test_a_replay_of_a_replay_repeats_the_original(self):
        message = self.invoice("R-1")
        self.drain(self.partner_connection)
        self.run_replay(self.plan(message))
        again = self.run_replay(self.plan(message.replay_ids))
        self.assertEqual(again.line_ids.message_id, message)
        self.assertEqual(len(message.replay_ids), 2)
        self.assertEqual(message.replay_ids.replay_of_id, message)

    def test_an_older_version_is_not_put_over_a_newer_one(self):
        first = self.send_partner("customer.updated", documents.customer(ANNA, self.clock.now, version=1))
        newer = dict(documents.customer(ANNA, self.clock.now, version=2), name="Anna's Fine Bakery")
        self.send_partner("customer.updated", newer)
        partner = self.became(first, "res.partner")
        before = self.books()
        replay = self.plan(first)
        self.assertEqual(self.outcomes(replay), {first: "superseded"})
        self.run_replay(replay)
        self.assertEqual((replay.state, self.results(replay)), ("done", {first: "superseded"}))
        self.assertEqual(partner.name, "Anna's Fine Bakery")
        self.assertEqual(self.books(), before)

    def test_an_older_balance_is_not_put_over_a_newer_one(self):
        self.stripe_connection.fetch_from = START.date()
        self.stripe.charge(5000, "usd", settled=True, metadata={})
        self.clock.advance(days=1)
        self.send_stripe()
        self.pull_stripe()
        self.pull_stripe("balances")
        statement = self.env["integration.processor.statement"].search([], limit=1)
        first, agreed = statement.message_id, statement.provider_closing
        body = self.env["integration.payload"]._raw_by_message([first.id])[first.id]
        told = parse_json(body)
        told |= {"opening": told["opening"] + 175, "closing": told["closing"] + 175}
        envelope = Envelope(
            event_id="corrected", event_type=first.event_type, object_key=first.object_key, occurred_at=START
        )
        facts = self.stripe_connection.with_env(self.root)._pull_facts()
        self.root["integration.ingest"]._accept(
            facts, envelope, canonical_bytes(told), {}, "c", origin="pull"
        )
        self.drain(self.stripe_connection)
        self.assertEqual(agreed, 48.25)
        self.assertEqual(statement.provider_closing, 50.0)
        replay = self.run_replay(self.plan(first))
        self.assertEqual(self.results(replay), {first: "superseded"})
        self.assertEqual(statement.provider_closing, 50.0)
