# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import time
from datetime import date
from decimal import Decimal

from odoo import SUPERUSER_ID, api, models

from odoo.addons.finance_integration.benchmarks.differences import first_difference
from odoo.addons.finance_integration.engine.canonical import Amount, InvoicePosted, Source
from odoo.addons.finance_integration.engine.instants import utc_now

# The hub gives the document the partner's reference and the direct way its own; that is no difference in the books.
REFERENCE = frozenset({"ref"})
# An entry without a partner is listed under the name of who made it.
MAKER = frozenset({"invoice_partner_display_name"})


class FinanceIntegrationBench(models.AbstractModel):
    """The ways of doing it without the hub, run inside the same server."""

    _name = "finance.integration.bench"
    _description = "Benchmark"

    @api.model
    def enqueue_invoices(self, values_list, channel):
        """Make one plain job per invoice."""
        for values in values_list:
            self.with_delay(channel=channel)._post_one(values)

    def _post_one(self, values):
        """Job: create and post one invoice."""
        self.env["account.move"].create(values).action_post()

    @api.model
    def enqueue_nothing(self, count):
        """Make ``count`` jobs that do nothing."""
        for _number in range(count):
            self.with_delay(channel="root")._nothing()

    def _nothing(self):
        """Job: nothing."""

    @api.model
    def post_in_bulk(self, values_list, size):
        """Create and post invoices ``size`` at a time, each portion one transaction; returns the seconds."""
        begin = time.monotonic()
        for start in range(0, len(values_list), size):
            with self.env.registry.cursor() as cr:
                env = api.Environment(cr, self.env.uid, dict(self.env.context))
                env["account.move"].create(values_list[start : start + size])._post()
        return time.monotonic() - begin

    @api.model
    def pay_one_by_one(self, invoice_ids, journal_id):
        """Pay invoices with the register-payment wizard, a transaction each; returns the seconds."""
        begin = time.monotonic()
        for invoice_id in invoice_ids:
            with self.env.registry.cursor() as cr:
                env = api.Environment(cr, self.env.uid, dict(self.env.context))
                env["account.payment.register"].with_context(
                    active_model="account.move", active_ids=[invoice_id]
                ).create({"journal_id": journal_id}).action_create_payments()
        return time.monotonic() - begin

    @api.model
    def first_difference(self, pairs):
        """Return the first difference between the invoices of each pair of ids, or an empty string."""
        Move = self.env(user=SUPERUSER_ID)["account.move"]
        for left, right in pairs:
            but = REFERENCE | (MAKER if not Move.browse(left).partner_id else frozenset())
            if found := first_difference(Move.browse(left), Move.browse(right), but):
                return found
        return ""

    @api.model
    def publish_invoices(self, connection_id, count, first):
        """Write ``count`` events about made-up invoices to a connection's outbox."""
        connection = self.env(user=SUPERUSER_ID)["integration.connection"].browse(connection_id)
        kind = "event.invoice_posted"
        flow = connection.flow_ids.filtered(lambda row: row.kind == kind)
        rows = [
            (f"invoice:bench-{number}", None, _invoice_posted(number, connection.company_id.name))
            for number in range(first, first + count)
        ]
        connection.env["integration.event"]._store(
            connection.company_id, kind, [(flow.id, connection.id, rows)]
        )


def _invoice_posted(number, company):
    amount = Amount(value=Decimal("119.00"), currency="USD")
    return InvoicePosted(
        source=Source(system="odoo", object_id=f"account.move,{number}"),
        occurred_at=utc_now(),
        invoice_id=str(number),
        document_type="invoice",
        entry_number=f"INV/BENCH/{number}",
        company=company,
        issue_date=date(2026, 3, 2),
        accounting_date=date(2026, 3, 2),
        total_gross=amount,
        total_tax=Amount(value=Decimal("19.00"), currency="USD"),
        amount_due=amount,
    )
