# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is told of suppliers' bills: booked, and paid, whoever booked and paid them."""

from odoo import api, models

from ...engine.canonical.business_events import BillPaid, BillPosted, SupplierCreditPosted
from ...engine.instants import utc_now
from .event import STATUS_WORDS, money, references_of

MAX_ORDERS = 50


class IntegrationEvent(models.AbstractModel):
    _inherit = "integration.event"

    @api.model
    def _publish_bills_posted(self, ids):
        """Tell bills and credit notes of suppliers that are in the books."""
        for move_type, kind, facts in (
            ("in_invoice", "event.bill_posted", self._bill_posted),
            ("in_refund", "event.supplier_credit_posted", self._supplier_credit_posted),
        ):
            for company, moves in self._by_company("account.move", ids, kind):
                documents = moves.filtered(
                    lambda move, move_type=move_type: move.move_type == move_type and move.state == "posted"
                )
                outside = self._outside_suppliers(company, documents)
                rows = [
                    (f"bill:{move.id}", move.integration_correlation_id or None, facts(move, outside))
                    for move in documents
                ]
                self._publish(company, rows)

    @api.model
    def _publish_bills_paid(self, ids):
        """Tell bills of which nothing is open any more; one that is opened again can be told again."""
        for company, bills in self._by_company("account.move", ids, "event.bill_paid"):
            paid = bills.filtered(
                lambda move: move.state == "posted" and move.currency_id.is_zero(move.amount_residual)
            )
            news = paid.filtered(lambda move: not move.integration_paid_told)
            self._remember_paid(news, told=True)
            self._remember_paid((bills - paid).filtered("integration_paid_told"), told=False)
            outside = self._outside_suppliers(company, news)
            rows = [
                (f"bill:{move.id}", move.integration_correlation_id or None, self._bill_paid(move, outside))
                for move in news
            ]
            self._publish(company, rows)

    def _remember_paid(self, moves, *, told):
        if moves:
            moves.with_context(skip_invoice_sync=True, tracking_disable=True).integration_paid_told = told

    def _outside_suppliers(self, company, moves):
        return self._outside_ids(company, moves.partner_id | moves.commercial_partner_id)

    def _supplier_facts(self, move, outside):
        """Return what every event about a bill says."""
        partner = move.commercial_partner_id
        return {
            "source": self._source(move),
            "occurred_at": utc_now(),
            "correlation_id": move.integration_correlation_id or None,
            "bill_id": str(move.id),
            "entry_number": move.name,
            "legal_number": move.ref or None,
            "company": move.company_id.name,
            "total_gross": money(move.amount_total, move.currency_id),
            "supplier_id": str(partner.id) if partner else None,
            "supplier_outside_id": outside.get(move.partner_id.id) or outside.get(partner.id),
            "references": references_of(move),
        }

    def _posted_facts(self, move, outside):
        return {
            **self._supplier_facts(move, outside),
            "issue_date": move.invoice_date or None,
            "accounting_date": move.date,
            "due_date": move.invoice_date_due or None,
            "total_tax": money(move.amount_tax, move.currency_id),
            "amount_open": money(move.amount_residual, move.currency_id),
        }

    def _bill_posted(self, move, outside):
        orders = move.invoice_line_ids.purchase_line_id.order_id
        return BillPosted(
            **self._posted_facts(move, outside), purchase_orders=tuple(orders.mapped("name")[:MAX_ORDERS])
        )

    def _supplier_credit_posted(self, move, outside):
        bill = move.reversed_entry_id
        return SupplierCreditPosted(
            **self._posted_facts(move, outside),
            reversed_bill_id=str(bill.id) if bill else None,
            reversed_bill_number=(bill.ref or bill.name or None) if bill else None,
        )

    def _bill_paid(self, move, outside):
        partials = move.line_ids.matched_debit_ids | move.line_ids.matched_credit_ids
        return BillPaid(
            **self._supplier_facts(move, outside),
            paid_on=max(partials.mapped("max_date"), default=move.date),
            bill_status=STATUS_WORDS["reversed"] if move.payment_state == "reversed" else "paid",
        )
