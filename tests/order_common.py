# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the tests about order share: documents that stop, wait, and are told under any version."""

from datetime import date
from decimal import Decimal

from ..simulators import wire
from ..simulators.partner.documents import Line, customer, invoice
from .common import ANNA, IntegrationCommon


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
