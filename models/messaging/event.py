# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import secrets
from collections import defaultdict
from decimal import Decimal

from odoo import api, models, tools
from odoo.tools import SQL

from ...engine import sealing
from ...engine.canonical import (
    Amount,
    InvoicePosted,
    PaymentFailed,
    PaymentSettled,
    Reference,
    Source,
    kind_of,
)
from ...engine.canonical.business_events import CreditNotePosted
from ...engine.canonical.registry import encode
from ...engine.instants import utc_now
from .happening import happenings

# What other systems hear: our own words, since core's differ between editions at the same moment (policy F15).
STATUS_WORDS = {
    "not_paid": "open",
    "partial": "partly_paid",
    "in_payment": "paid_by_customer",
    "paid": "paid_by_customer",
    "reversed": "credited",
    "blocked": "open",
    "invoicing_legacy": "open",
}


class IntegrationEvent(models.AbstractModel):
    """Business events: written to the outbox in the same transaction as the change that they tell (E8)."""

    _name = "integration.event"
    _description = "Business events"

    # -- who wants to know ---------------------------------------------------------------------------------

    @api.model
    @tools.ormcache("company_id", "kind")
    def _subscribers(self, company_id, kind):
        """Return ((flow id, connection id), …) of the connections to which such an event is sent."""
        flows = (
            self.env["integration.flow"]
            .sudo()
            .search(
                [
                    ("direction", "=", "out"),
                    ("kind", "=", kind),
                    # What is told during a pause is written, and goes out afterwards.
                    ("state", "in", ("live", "paused")),
                    ("connection_id.state", "in", ("active", "paused")),
                    ("connection_id.delivery_url", "!=", False),
                    ("company_id", "=", company_id),
                ]
            )
        )
        return tuple((flow.id, flow.connection_id.id) for flow in flows)

    @api.model
    def _publish(self, company, rows):
        """Write events to the outbox.

        :param rows: list of (object key, correlation id or None, canonical event document), all of one kind.
        """
        if not rows:
            return
        kind = kind_of(rows[0][2])[0]
        if not self._is_heard(company.id, kind):
            return
        happened = happenings(self.sudo().env, company, rows)
        self.env["integration.rule.fact"]._note(happened)
        addressed = [
            (flow_id, connection_id, [rows[place] for place in sorted(self._subscribed(flow_id, happened))])
            for flow_id, connection_id in self._subscribers(company.id, kind)
        ]
        self._store(company, kind, [target for target in addressed if target[2]])

    def _store(self, company, kind, addressed):
        """Write events of one kind to the outbox.

        :param addressed: list of (flow id, connection id, rows as in ``_publish``).
        """
        if not addressed:
            return
        currencies = {row.name: row.id for row in self.env["res.currency"].search([])}
        values, payloads = [], []
        text = self.env["integration.payload"].sudo()._documents_text
        for flow_id, connection_id, rows in addressed:
            for object_key, correlation_id, document in rows:
                share = self._new_share(connection_id, kind)
                amount = getattr(document, "total_gross", None) or getattr(document, "amount", None)
                values.append(
                    SQL(
                        "('out', %s, %s, %s, 'odoo', %s, %s, %s, %s, now() AT TIME ZONE 'UTC', "
                        "now() AT TIME ZONE 'UTC', 'received', 'ready', 0, %s, %s, %s, %s)",
                        company.id,
                        connection_id,
                        flow_id,
                        f"evt_{secrets.token_hex(12)}",
                        kind,
                        object_key,
                        kind,
                        correlation_id,
                        amount and amount.value,
                        amount and currencies.get(amount.currency),
                        share,
                    )
                )
                payloads.append(text(share, [encode(document)]))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO integration_message
                       (direction, company_id, connection_id, flow_id, origin, event_id, event_type, object_key, kind,
                        occurred_at, received_at, stage, status, attempt_count, correlation_id, amount, currency_id,
                        key_share)
                VALUES %s RETURNING id
                """,
                SQL(", ").join(values),
            )
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        self.env.cr.execute(
            SQL(
                "INSERT INTO integration_payload (message_id, documents) VALUES %s",
                SQL(", ").join(
                    SQL("(%s, %s::jsonb)", row_id, text) for row_id, text in zip(ids, payloads, strict=True)
                ),
            )
        )
        self.env["integration.delivery"]._ring_after_commit(
            {connection_id for _flow, connection_id, _rows in addressed}
        )

    @api.model
    def _new_share(self, connection_id, kind):
        """Return the share with which an event to a connection is encrypted, None where it is stored as it is."""
        known = self.env["integration.connection"]._sealing_of(connection_id)
        return sealing.new_share(known["data_key_id"]) if known and kind not in known["plain"] else None

    # -- what is told --------------------------------------------------------------------------------------

    @api.model
    def _publish_invoices_posted(self, moves):
        """Tell that customer invoices and credit notes are in the books."""
        groups = defaultdict(lambda: self.env["account.move"])
        for move in moves.filtered(lambda move: move.move_type in ("out_invoice", "out_refund")):
            groups[move.company_id, move.move_type] |= move
        for (company, move_type), invoices in groups.items():
            is_invoice = move_type == "out_invoice"
            kind = "event.invoice_posted" if is_invoice else "event.credit_note_posted"
            if not self._is_heard(company.id, kind):
                continue
            outside = self._outside_customers(invoices)
            document = self._invoice_posted if is_invoice else self._credit_note_posted
            rows = [
                (f"invoice:{move.id}", move.integration_correlation_id or None, document(move, outside))
                for move in invoices
            ]
            self._publish(company, rows)

    def _outside_customers(self, moves):
        """Return {partner id: outside id} as the source of each invoice knows its customer."""
        partners = moves.commercial_partner_id | moves.partner_id
        bindings = (
            self.env["integration.binding"]
            .sudo()
            .search(
                [("res_model", "=", "res.partner"), ("res_id", "in", partners.ids), ("kind", "=", "customer")]
            )
        )
        return {(binding.connection_id.id, binding.res_id): binding.outside_id for binding in bindings}

    def _customer_of(self, move, outside):
        connection_id = move.integration_connection_id.id
        partners = (move.partner_id.id, move.commercial_partner_id.id)
        return next((found for row_id in partners if (found := outside.get((connection_id, row_id)))), None)

    def _invoice_posted(self, move, outside):
        return InvoicePosted(
            source=Source(system="odoo", object_id=f"account.move,{move.id}"),
            occurred_at=utc_now(),
            correlation_id=move.integration_correlation_id or None,
            invoice_id=str(move.id),
            document_type="invoice",
            entry_number=move.name,
            legal_number=move._integration_number(),
            company=move.company_id.name,
            issue_date=move.invoice_date,
            accounting_date=move.date,
            due_date=move.invoice_date_due or None,
            total_gross=money(move.amount_total, move.currency_id),
            total_tax=money(move.amount_tax, move.currency_id),
            amount_due=money(move.amount_residual, move.currency_id),
            customer_outside_id=self._customer_of(move, outside),
            references=references_of(move),
        )

    def _credit_note_posted(self, move, outside):
        origin = move.reversed_entry_id
        return CreditNotePosted(
            source=Source(system="odoo", object_id=f"account.move,{move.id}"),
            occurred_at=utc_now(),
            correlation_id=move.integration_correlation_id or None,
            invoice_id=str(move.id),
            entry_number=move.name,
            legal_number=move._integration_number(),
            company=move.company_id.name,
            issue_date=move.invoice_date,
            accounting_date=move.date,
            total_gross=money(move.amount_total, move.currency_id),
            total_tax=money(move.amount_tax, move.currency_id),
            amount_open=money(move.amount_residual, move.currency_id),
            reversed_invoice_id=str(origin.id) if origin else None,
            reversed_invoice_number=(origin._integration_number() if origin else None) or None,
            customer_outside_id=self._customer_of(move, outside),
            references=references_of(move),
        )

    @api.model
    def _applied(self, movement, move):
        """Return how much of a movement is matched with a document, in the document's currency."""
        line = movement.counterpart_id
        partials = (line.matched_debit_ids | line.matched_credit_ids).filtered(
            lambda partial: move in (partial.debit_move_id | partial.credit_move_id).move_id
        )
        applied = sum(
            partial.debit_amount_currency
            if partial.debit_move_id.move_id == move
            else partial.credit_amount_currency
            for partial in partials
        )
        return money(applied, move.currency_id)

    @api.model
    def _publish_payment_settled(self, movement, invoices):
        """Tell that a movement was applied to invoices; one event per invoice."""
        company = movement.company_id
        if not self._is_heard(company.id, "event.payment_settled"):
            return
        rows = []
        for move in invoices:
            correlation_id = movement.message_id.correlation_id or None
            document = PaymentSettled(
                source=Source(system="odoo", object_id=f"account.move,{movement.move_id.id}"),
                occurred_at=utc_now(),
                correlation_id=correlation_id,
                movement_id=movement.movement_id,
                movement_type=movement.type,
                entry_number=movement.move_id.name,
                company=company.name,
                accounting_date=movement.move_id.date,
                amount=money(movement.amount, movement.currency_id),
                invoice_id=str(move.id),
                invoice_number=move._integration_number(),
                applied=self._applied(movement, move),
                invoice_amount_due=money(move.amount_residual, move.currency_id),
                invoice_status=STATUS_WORDS.get(move.payment_state, "open"),
                references=references_of(move),
            )
            rows.append((f"invoice:{move.id}", correlation_id, document))
        self._publish(company, rows)

    @api.model
    def _publish_payment_failed(self, movement, invoices):
        """Tell that a payment failed or was taken back, and put a note on the invoices concerned."""
        company = movement.company_id
        number = invoices[:1] and invoices[0]._integration_number()
        document = PaymentFailed(
            source=Source(system="odoo", object_id=f"integration.movement,{movement.id}"),
            occurred_at=utc_now(),
            correlation_id=movement.message_id.correlation_id or None,
            movement_id=movement.movement_id,
            company=company.name,
            amount=money(abs(movement.amount), movement.currency_id),
            failure_message=movement.failure or None,
            invoice_id=str(invoices[0].id) if invoices else None,
            invoice_number=number or None,
            references=tuple(
                Reference(type=reference.type, value=reference.value) for reference in movement.reference_ids
            ),
        )
        for invoice in invoices:
            invoice.message_post(
                body=self.env._(
                    "Payment %(movement)s of %(amount)s %(currency)s failed or was taken back: %(reason)s",
                    movement=movement.movement_id,
                    amount=document.amount.value,
                    currency=document.amount.currency,
                    reason=movement.failure or self.env._("no reason given"),
                )
            )
        self._publish(company, [(f"movement:{movement.movement_id}", document.correlation_id, document)])

    @api.model
    def _publish_collection_failed(self, connection, document, invoice):
        """Tell that a billing system could not collect an invoice; nothing moved.

        :param document: a canonical InvoiceStatus.
        """
        amount = document.amount or money(invoice.amount_residual, invoice.currency_id)
        told = PaymentFailed(
            source=Source(system="odoo", object_id=f"account.move,{invoice.id}"),
            occurred_at=utc_now(),
            movement_id=document.invoice,
            company=connection.company_id.name,
            amount=amount,
            failure_message=document.reason,
            invoice_id=str(invoice.id),
            invoice_number=invoice._integration_number() or None,
            references=references_of(invoice),
        )
        self._publish(connection.company_id, [(f"invoice:{invoice.id}", None, told)])


def money(amount, currency):
    """Return Odoo's amount as an exact decimal in the currency's digits."""
    digits = Decimal(1).scaleb(-currency.decimal_places)
    return Amount(value=Decimal(repr(amount)).quantize(digits), currency=currency.name)


def references_of(move):
    if not move.integration_source_id:
        return ()
    return (Reference(type="external", value=move.integration_source_id),)
