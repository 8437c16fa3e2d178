# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The test box: what any payload would book, in plain words, with nothing stored (E13)."""

from odoo.exceptions import AccessError, UserError

from ..simulators.partner import documents
from .common import BEN
from .test_flow_life import FlowCommon


class TestTestBox(FlowCommon):
    def payload(self, number="T-1", **facts):
        line = documents.Line("Advice", documents.Decimal(1), documents.Decimal("1000.00"), ("STD",))
        document = (
            documents.invoice(number, BEN, [line], self.clock.now, due_date=self.clock.now.date()) | facts
        )
        return documents.as_event("tests", "invoice.issued", document).body.decode()

    def box(self, user=None, **facts):
        box = (
            self.env["integration.test.box"]
            .with_user(user or self.operator)
            .create({"connection_id": self.partner_connection.id, **facts})
        )
        box.action_show()
        return box

    def counts(self):
        return [
            self.env[model].sudo().search_count([])
            for model in (
                "account.move",
                "account.move.line",
                "res.partner",
                "integration.message",
                "integration.payload",
                "integration.attempt",
                "integration.audit.leaf",
                "integration.exception",
                "queue.job",
                "mail.message",
            )
        ]

    def test_a_pasted_payload_shows_its_journal_lines(self):
        before = self.counts()
        box = self.box(payload=self.payload())
        self.assertEqual(box.outcome, "post")
        self.assertEqual(
            sorted(box.line_ids.mapped(lambda line: (line.debit, line.credit))),
            [("0.00", "1000.00"), ("0.00", "150.00"), ("1150.00", "0.00")],
        )
        self.assertEqual({line.reference for line in box.line_ids}, {"T-1"})
        self.assertTrue(all(box.line_ids.mapped("account")))
        self.assertEqual(self.counts(), before)

    def test_what_is_wrong_is_said_with_the_next_step(self):
        for text in ("{", "[1]", self.payload(total_gross="5.00")):
            box = self.box(payload=text)
            self.assertEqual((box.outcome, len(box.line_ids)), ("refused", 0))
            self.assertTrue(box.explanation and box.next_step)
        with self.assertRaisesRegex(UserError, "Paste a payload"):
            self.box(payload="  ")

    def test_an_event_that_came_in_is_computed_from_its_bytes_and_shown_masked(self):
        message = self.invoice_event("T-1", BEN, drain=False)
        box = self.env["integration.test.box"].with_user(self.operator).new({"message_id": message.id})
        box._onchange_message_id()
        self.assertIn("T-1", box.payload)
        self.assertNotIn("ben@sons.example", box.payload)
        shown = self.box(message_id=message.id, payload=box.payload)
        self.assertEqual((shown.outcome, len(shown.line_ids), message.status), ("post", 3, "ready"))
        self.assertEqual(self.booked("T-1"), 0)

    def test_it_shows_what_would_be_matched(self):
        self.issue("T-1", BEN)
        told = self.stripe.charge(115000, "usd", metadata={"invoice_number": "T-1"})
        event = next(row for row in self.stripe_events() if row["data"]["object"]["id"] == told["id"])
        from ..simulators.stripe.webhook import as_event

        box = self.box(connection_id=self.stripe_connection.id, payload=as_event(event).body.decode())
        self.assertIn("T-1", box.applied)
        self.assertIn("$\xa01,150.00", box.applied)

    def test_only_an_operator_may_use_it(self):
        for user in (self.auditor, self.administrator):
            with self.assertRaises(AccessError):
                self.box(user=user, payload=self.payload())

    def test_only_connections_of_own_companies(self):
        other = self.company_data_2["company"] if hasattr(self, "company_data_2") else None
        other = other or self.env["res.company"].create({"name": "Elsewhere"})
        self.env.user.company_ids |= other
        foreign = self.env["integration.connection"].create(
            {"name": "Foreign", "connector": "generic", "company_id": other.id, "time_zone": "UTC"}
        )
        with self.assertRaises(AccessError):
            self.box(connection_id=foreign.id, payload=self.payload())
