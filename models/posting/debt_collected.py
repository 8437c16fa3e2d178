# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Debts that an issuer collects with a later document: matched with the invoice from which they come.

An invoice that is too small to be collected is closed by its issuer, which collects it with the next one. Here it stays
open until the payment of that next one pays both; a credit that is larger than its invoice may take it along as well.
What the issuer collects beyond the invoices of the books stays an open credit of the customer, for a person.
"""

from odoo import api, models

from .application import MAX_WAITING

LEFT, COLLECTS = "integration_debt_left", "integration_debt_collects"


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    def _judge_payment(self, work, movement, invoices, unknown):
        for document in self._applied_invoices(movement).filtered(COLLECTS):
            self._collect_debts(document, movement.counterpart_id)
        return super()._judge_payment(work, movement, invoices, unknown)

    @api.model
    def _documents_posted(self, moves):
        result = super()._documents_posted(moves)
        collecting = moves.filtered(lambda move: move[COLLECTS] and move.move_type == "out_refund")
        for debt in moves.filtered(LEFT):
            collecting |= self._collecting(debt)
        for document in collecting.sorted(lambda move: (move.invoice_date, move.id)):
            if document.move_type == "out_refund":
                self._collect_debts(document, self._open_lines(document, document.currency_id)[:1])
            else:
                self._judge_payments_of(document)
        return result

    def _same_customer(self, move):
        """Return the domain of posted documents of the same issuer, customer and currency."""
        return [
            ("integration_connection_id", "=", move.integration_connection_id.id),
            ("company_id", "=", move.company_id.id),
            ("commercial_partner_id", "=", move.commercial_partner_id.id),
            ("currency_id", "=", move.currency_id.id),
            ("state", "=", "posted"),
        ]

    def _collecting(self, debt):
        """Return the documents with which an issuer may have collected a debt that came into the books after them."""
        domain = [*self._same_customer(debt), (COLLECTS, ">", 0), ("invoice_date", ">=", debt.invoice_date)]
        return self.env["account.move"].search(domain, order="invoice_date, id", limit=MAX_WAITING)

    def _judge_payments_of(self, document):
        payments = self.env["integration.movement"].search(
            [("type", "=", "payment"), ("application", "=", "partly"), ("invoice_ids", "in", document.ids)],
            limit=MAX_WAITING,
        )
        for payment in payments:
            self._judge_payment(None, payment, *self._named_by_movement(payment))

    @api.model
    def _collect_debts(self, document, there):
        """Match what is left of a payment, or of a credit, with older invoices that the issuer collects with it.

        :param there: the open journal item on the receivable account; empty = nothing is left of it.
        """
        currency = document.currency_id
        domain = [
            *self._same_customer(document),
            (LEFT, ">", 0),
            ("move_type", "=", "out_invoice"),
            ("payment_state", "in", ("not_paid", "partial")),
            ("invoice_date", "<=", document.invoice_date),
            ("id", "!=", document.id),
        ]
        debts = self.env["account.move"].search(domain, order="invoice_date, id", limit=MAX_WAITING)
        for debt in debts:
            line = self._open_lines(debt, currency)[:1]
            if there.account_id != line.account_id or there.currency_id != currency:
                continue
            amount = min(
                document[COLLECTS],
                debt[LEFT],
                abs(there.amount_residual_currency),
                abs(line.amount_residual_currency),
            )
            if currency.compare_amounts(amount, 0) <= 0:
                continue
            self._match_credit(there.move_id, there, debt, line, amount)
            self._note_debt(debt, LEFT, debt[LEFT] - amount)
            self._note_debt(document, COLLECTS, document[COLLECTS] - amount)

    def _note_debt(self, move, name, left):
        move.with_context(skip_invoice_sync=True, tracking_disable=True)[name] = move.currency_id.round(left)


class IntegrationPostingCancellation(models.AbstractModel):
    _inherit = "integration.posting.cancellation"

    def _open_credited(self, note):
        result = super()._open_credited(note)
        if note[COLLECTS]:  # a void document collects nothing: the next one takes the debt along
            self.env["integration.posting.application"]._note_debt(note, COLLECTS, 0)
        return result
