# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money that waits for documents: however much waits, what belongs together is found (policy F1, E8)."""

from datetime import date
from unittest.mock import patch

from ..models.posting import application
from ..models.reconciliation import waiting
from .common import IntegrationCommon


class TestWaitingMoney(IntegrationCommon):
    def refunded(self, number):
        """Let an invoice be paid and its money sent back; returns the refund's movement."""
        invoice = self.issue(number)  # 1,150.00
        charge = self.stripe.charge(115000, "usd", settled=True, metadata={"invoice_number": number})
        self.send_stripe()
        self.assertEqual(invoice.payment_state, "paid")
        refund = self.stripe.refund(charge["id"])
        self.send_stripe()
        return self.movement("refund", refund["id"])

    def test_a_credit_note_finds_its_refund_among_many_of_the_same_customer(self):
        refunds = [self.refunded(f"P-30{each}") for each in range(3)]
        self.assertEqual([each.application for each in refunds], ["credit_note"] * 3)
        self.assertEqual(len({each.partner_id for each in refunds}), 1)
        between = self.env["integration.movement"].search([("application", "=", "credit_note")])[1]
        invoice = self.movement("payment", between.related_id).invoice_ids
        day = date(2026, 3, 2)
        note = invoice._reverse_moves([{"date": day, "invoice_date": day}])
        note.action_post()
        with patch.object(application, "MAX_WAITING", 1):
            self.env["integration.waiting"]._apply(note.ids)
        self.assertEqual(between.application, "applied")
        others = [each.application for each in refunds if each != between]
        self.assertEqual(others, ["credit_note", "credit_note"])

    def test_everybody_whose_money_waits_is_asked(self):
        connections = self.stripe_connection | self._connection("stripe", "Another account")
        facts = {
            "type": "payment",
            "status": "succeeded",
            "currency_id": self.company.currency_id.id,
            "occurred_at": "2026-03-02 09:00:00",
            "event_date": date(2026, 3, 2),
            "application": "open",
            "reference_ids": [(0, 0, {"type": "invoice_number", "value": "P-9999"})],
        }
        for connection in connections:
            self.root["integration.movement"].create(
                {**facts, "connection_id": connection.id, "movement_id": f"py_{connection.id}"}
            )
        invoice = self.issue("P-9999")
        waits = self.root["integration.waiting"]
        with patch.object(waiting, "MAX_WAITING", 1):
            found = waits._connections_waiting(invoice.with_env(waits.env))
        self.assertEqual(sorted(found.ids), sorted(connections.ids))
