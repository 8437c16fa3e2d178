# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is told of partners, orders, statements, disputes, exceptions and periods, wherever the change was made."""

import hashlib
from collections import defaultdict
from datetime import timezone

from odoo import api, models

from ...engine.canonical import Source
from ...engine.canonical.business_events import (
    CreditHoldCleared,
    CreditHoldSet,
    CustomerApproved,
    DisputeOpened,
    ExceptionRaised,
    ExceptionResolved,
    OrderContracted,
    PeriodClosed,
    PurchaseOrderChanged,
    ReconciliationComplete,
    RefundSettled,
    StatementLoaded,
    SupplierActivated,
)
from ...engine.canonical_json import canonical_bytes
from ...engine.instants import utc_now
from .event import money, references_of


class IntegrationEvent(models.AbstractModel):
    _inherit = "integration.event"

    @api.model
    def _later(self, step, ids):
        """Call the method ``step`` of this model once with all these ids, before the transaction commits.

        A change that takes several writes is told once, as it stands in the end. A savepoint is a boundary, too: what
        was changed before it is told before it.
        """
        precommit = self.env.cr.precommit
        waiting = precommit.data.setdefault("integration.event", {})
        if not waiting:
            tell_as = self.env(su=True)

            @precommit.add
            def tell():
                for name, found in precommit.data.pop("integration.event", {}).items():
                    getattr(tell_as["integration.event"], name)(sorted(found))

        waiting.setdefault(step, set()).update(ids)

    @api.model
    def _source(self, record):
        return Source(system="odoo", object_id=f"{record._name},{record.id}")

    # -- partners ------------------------------------------------------------------------------------------

    @api.model
    def _publish_partners(self, company, partners, kind, more):
        """Tell something about partners, as seen by one company.

        :param more: function that returns the fields which this kind of event has besides the partner's.
        """
        if not self._is_heard(company.id, kind):
            return
        outside = self._outside_ids(company, partners)
        document_type = _PARTNER_EVENTS[kind]
        rows = [
            (
                f"partner:{partner.id}",
                None,
                document_type(
                    source=self._source(partner),
                    occurred_at=utc_now(),
                    partner_id=str(partner.id),
                    name=(partner.name or "")[:1000],
                    company=company.name,
                    tax_id=partner.vat or None,
                    country=partner.country_id.code or None,
                    outside_id=outside.get(partner.id),
                    **more(partner),
                ),
            )
            for partner in partners.with_company(company).sudo()
        ]
        self._publish(company, rows)

    def _outside_ids(self, company, partners):
        """Return {partner id: outside id} of partners that the outside systems of a company know by one single id."""
        known = defaultdict(set)
        for binding in (
            self.env["integration.binding"]
            .sudo()
            .search(
                [
                    ("company_id", "=", company.id),
                    ("res_model", "=", "res.partner"),
                    ("res_id", "in", partners.ids),
                ]
            )
        ):
            known[binding.res_id].add(binding.outside_id)
        return {partner_id: min(ids) for partner_id, ids in known.items() if len(ids) == 1}

    # -- orders --------------------------------------------------------------------------------------------

    @api.model
    def _publish_orders_contracted(self, ids):
        for company, orders in self._by_company("sale.order", ids, "event.order_contracted"):
            outside = self._outside_ids(company, orders.partner_id)
            rows = [
                (
                    f"order:{order.id}",
                    None,
                    OrderContracted(
                        source=self._source(order),
                        occurred_at=utc_now(),
                        order_id=str(order.id),
                        order_number=order.name,
                        company=company.name,
                        order_date=order.date_order.date(),
                        total_gross=money(order.amount_total, order.currency_id),
                        total_tax=money(order.amount_tax, order.currency_id),
                        customer_id=str(order.partner_id.id),
                        customer_outside_id=outside.get(order.partner_id.id),
                        customer_reference=order.client_order_ref or None,
                        payment_term=order.payment_term_id.name or None,
                    ),
                )
                for order in orders
                if order.state == "sale"
            ]
            self._publish(company, rows)

    @api.model
    def _publish_purchase_orders(self, ids):
        """Tell purchase orders that are not what they were when they were last told."""
        for company, orders in self._by_company("purchase.order", ids, "event.purchase_order_changed"):
            outside = self._outside_ids(company, orders.partner_id)
            rows = []
            for order in orders:
                change, state, digest = self._purchase_change(order)
                if change:
                    rows.append((f"purchase:{order.id}", None, self._purchase_order(order, change, outside)))
                    order.integration_told = f"{state} {digest}"
            self._publish(company, rows)

    def _purchase_change(self, order):
        """Return (change or None, state, digest): what became of an order since it was last told."""
        state = order.state if order.state in ("purchase", "cancel") else "draft"
        digest = self._purchase_digest(order) if state == "purchase" else "-"
        before, _blank, digest_before = (order.integration_told or "draft -").partition(" ")
        if state == before:
            change = "changed" if digest != digest_before else None
        elif state == "purchase":
            # An order of a time when nobody listened is not confirmed anew because its quantity changes.
            news = order.integration_told or not order.date_approve or order.date_approve >= self._began()
            change = "confirmed" if news else "changed"
        elif state == "cancel":
            change = "cancelled" if order.integration_told else None
        else:
            change = "reopened"
        return change, state, digest

    def _began(self):
        return self.env.cr.now().replace(microsecond=0)

    def _purchase_digest(self, order):
        lines = [
            (
                line.product_id.id or 0,
                line.name or "",
                repr(line.product_qty),
                repr(line.price_unit),
                repr(line.discount),
                sorted(line.tax_ids.ids),
                str(line.date_planned or ""),
            )
            for line in order.order_line.sorted("id")
        ]
        facts = [order.partner_id.id, order.currency_id.name, order.payment_term_id.id or 0, lines]
        return hashlib.sha256(canonical_bytes(facts)).hexdigest()[:32]

    def _purchase_order(self, order, change, outside):
        return PurchaseOrderChanged(
            source=self._source(order),
            occurred_at=utc_now(),
            order_id=str(order.id),
            order_number=order.name,
            change=change,
            company=order.company_id.name,
            total_gross=money(order.amount_total, order.currency_id),
            total_tax=money(order.amount_tax, order.currency_id),
            line_count=len(order.order_line.filtered(lambda line: not line.display_type)),
            supplier_id=str(order.partner_id.id),
            supplier_outside_id=outside.get(order.partner_id.id),
            supplier_reference=order.partner_ref or None,
        )

    # -- money ---------------------------------------------------------------------------------------------

    @api.model
    def _publish_matches(self, line_ids):
        """Tell payments and refunds that were just matched with documents, also by hand, and have not been told."""
        movements = self.env["integration.movement"].search(
            [("counterpart_id", "in", line_ids), ("type", "in", ("payment", "refund"))]
        )
        for movement in movements:
            wanted = "out_invoice" if movement.type == "payment" else "out_refund"
            line = movement.counterpart_id
            matched = (line.matched_debit_ids.debit_move_id | line.matched_credit_ids.credit_move_id).move_id
            news = (
                matched.filtered(lambda move, wanted=wanted: move.move_type == wanted) - movement.invoice_ids
            )
            if not news:
                continue
            movement.invoice_ids |= news
            if movement.type == "payment":
                self._publish_payment_settled(movement, news)
            else:
                self._publish_refund_settled(movement, news)

    @api.model
    def _publish_refund_settled(self, movement, notes):
        """Tell that money which was sent back is applied to credit notes; one event per credit note."""
        company = movement.company_id
        if not self._is_heard(company.id, "event.refund_settled"):
            return
        correlation_id = movement.message_id.correlation_id or None
        rows = [
            (
                f"invoice:{note.id}",
                correlation_id,
                RefundSettled(
                    source=self._source(movement.move_id),
                    occurred_at=utc_now(),
                    correlation_id=correlation_id,
                    movement_id=movement.movement_id,
                    entry_number=movement.move_id.name,
                    company=company.name,
                    accounting_date=movement.move_id.date,
                    amount=money(movement.amount, movement.currency_id),
                    credit_note_id=str(note.id),
                    credit_note_number=note._integration_number(),
                    applied=self._applied(movement, note),
                    credit_note_open=money(note.amount_residual, note.currency_id),
                    references=references_of(note),
                ),
            )
            for note in notes
        ]
        self._publish(company, rows)

    @api.model
    def _publish_disputes_opened(self, ids):
        for company, movements in self._by_company("integration.movement", ids, "event.dispute_opened"):
            rows = []
            for movement in movements:
                payment = movement.search(
                    [
                        ("connection_id", "=", movement.connection_id.id),
                        ("type", "=", "payment"),
                        ("movement_id", "=", movement.related_id or ""),
                    ],
                    limit=1,
                )
                invoice = payment.invoice_ids[:1]
                document = DisputeOpened(
                    source=self._source(movement),
                    occurred_at=movement.occurred_at.replace(tzinfo=timezone.utc),
                    correlation_id=movement.message_id.correlation_id or None,
                    movement_id=movement.movement_id,
                    money_withdrawn=movement.changes_balance,
                    company=company.name,
                    accounting_date=movement.move_id.date or movement.event_date,
                    amount=money(abs(movement.amount), movement.currency_id),
                    payment_id=movement.related_id or None,
                    reason=movement.failure or movement.description or None,
                    invoice_id=str(invoice.id) if invoice else None,
                    invoice_number=(invoice._integration_number() if invoice else None) or None,
                )
                rows.append((f"movement:{movement.movement_id}", document.correlation_id, document))
            self._publish(company, rows)

    # -- statements ----------------------------------------------------------------------------------------

    @api.model
    def _publish_statements_loaded(self, ids):
        for company, statements in self._by_company("account.bank.statement", ids, "event.statement_loaded"):
            rows = [
                (
                    f"statement:{statement.id}",
                    None,
                    StatementLoaded(
                        **self._statement_facts(company, statement, statement.journal_id),
                        line_count=len(statement.line_ids),
                        opening=money(statement.balance_start, statement.currency_id),
                        closing=money(statement.balance_end_real, statement.currency_id),
                    ),
                )
                for statement in statements
                if statement.journal_id
            ]
            self._publish(company, rows)

    def _statement_facts(self, company, statement, journal):
        return {
            "source": self._source(statement),
            "occurred_at": utc_now(),
            "statement_id": str(statement.id),
            "name": statement.display_name or "",
            "company": company.name,
            "journal": journal.code,
            "date": statement.date or self.env.cr.now().date(),
        }

    @api.model
    def _publish_bank_statements_reconciled(self, ids):
        """Tell bank statements of which every line is matched; one that is taken apart again can be told again."""
        self._publish_reconciled("account.bank.statement", "bank", ids)

    @api.model
    def _publish_processor_statements_agreed(self, ids):
        """Tell provider statements with which the books agree."""
        self._publish_reconciled("integration.processor.statement", "processor", ids)

    def _publish_reconciled(self, model, statement_type, ids):
        kind = "event.reconciliation_complete"
        for company, statements in self._by_company(model, ids, kind):
            complete = statements.filtered(lambda row: row._integration_is_reconciled())
            news = complete.filtered(lambda row: not row.integration_reconciled_told)
            news.integration_reconciled_told = True
            (statements - complete).filtered(
                "integration_reconciled_told"
            ).integration_reconciled_told = False
            rows = [
                (
                    f"{'statement' if statement_type == 'bank' else 'processor_statement'}:{statement.id}",
                    None,
                    ReconciliationComplete(
                        **self._statement_facts(company, statement, statement.journal_id),
                        statement_type=statement_type,
                        **statement._integration_reconciled_facts(),
                    ),
                )
                for statement in news
            ]
            self._publish(company, rows)

    # -- exceptions and periods ----------------------------------------------------------------------------

    @api.model
    def _publish_exceptions(self, exceptions, kind):
        groups = defaultdict(lambda: self.env["integration.exception"])
        for exception in exceptions.sudo():
            groups[exception.company_id] |= exception
        for company, rows in groups.items():
            if self._is_heard(company.id, kind):
                self._publish(
                    company, [(f"exception:{row.id}", None, self._exception(row, kind)) for row in rows]
                )

    def _exception(self, row, kind):
        facts = {
            "source": self._source(row),
            "occurred_at": utc_now(),
            "exception_id": str(row.id),
            "code": row.code[:64],
            "title": row.name[:1000],
            "severity": row.severity,
            "company": row.company_id.name or None,
            "connection": row.connection_id.name or None,
        }
        if kind == "event.exception_raised":
            deadline = row.deadline and row.deadline.replace(tzinfo=timezone.utc)
            return ExceptionRaised(**facts, act_by=deadline or None)
        return ExceptionResolved(**facts, resolution=row.resolution or None)

    @api.model
    def _publish_period_closed(self, company, lock, until, before):
        if self._is_heard(company.id, "event.period_closed"):
            document = PeriodClosed(
                source=self._source(company),
                occurred_at=utc_now(),
                company=company.name,
                lock=lock,
                locked_until=until,
                locked_until_before=before or None,
            )
            self._publish(company, [(f"period:{company.id}:{lock}", None, document)])

    def _by_company(self, model, ids, kind):
        """Return [(company, records)] of those companies in which such events are heard."""
        groups = defaultdict(lambda: self.env[model])
        for record in self.env[model].browse(ids).exists():
            groups[record.company_id] |= record
        return [(company, records) for company, records in groups.items() if self._is_heard(company.id, kind)]


_PARTNER_EVENTS = {
    "event.customer_approved": CustomerApproved,
    "event.supplier_activated": SupplierActivated,
    "event.credit_hold_set": CreditHoldSet,
    "event.credit_hold_cleared": CreditHoldCleared,
}
