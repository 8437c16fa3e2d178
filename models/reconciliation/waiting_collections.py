# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money that one company holds and that waits for an invoice of another one (policy F19)."""

from odoo import api, models
from odoo.tools import SQL

from ..posting.references import INVOICE_REFERENCES
from .waiting import MAX_WAITING

OPEN = ("open", "unidentified", "partly")
# Once a person was asked about an invoice of another company, nobody has to look by himself any more.
ASKED = (
    "collect_to_confirm",
    "collect_currency_differs",
    "collect_invoice_closed",
    "collect_locked",
    "collect_refused",
)


class IntegrationWaiting(models.AbstractModel):
    _inherit = "integration.waiting"

    @api.model
    def _movements_are_booked(self, company_ids):
        """The money of what these companies invoice may reach another company."""
        return super()._movements_are_booked(company_ids) or super()._movements_are_booked(
            self._collecting_for(company_ids).company_id.ids
        )

    def _collecting_for(self, company_ids):
        """Return the agreements in force by which others collect for these companies."""
        agreements = self.env["integration.collection.agreement"].sudo()
        return agreements.search([("payee_id", "in", list(company_ids)), ("state", "=", "active")])

    def _waiting_for(self, moves):
        credited = self._sent_back_for(moves).movement_id
        return super()._waiting_for(moves) | self._waiting_elsewhere(moves) | credited

    def _sent_back_for(self, moves):
        """Return what other companies have sent back to customers whose invoices these credit notes are for."""
        notes = moves.filtered(lambda move: move.move_type == "out_refund" and move.reversed_entry_id)
        if not notes:
            return self.env["integration.collection"]
        return (
            self.env["integration.collection"]
            .sudo()
            .search([("kind", "=", "refunded"), ("invoice_id", "in", notes.reversed_entry_id.ids)])
        )

    def _waiting_elsewhere(self, moves):
        """Return money of companies that collect for those of these invoices, and that names one of them."""
        Movement = self.env["integration.movement"].sudo()
        invoices = moves.filtered(lambda move: move.move_type == "out_invoice")
        agreements = self._collecting_for(invoices.company_id.ids)
        if not agreements:
            return Movement
        values = {
            value
            for move in invoices
            for value in (move.name, move.ref, move.payment_reference, move.integration_source_id)
        } - {False}
        return Movement.search(
            [
                ("company_id", "in", agreements.company_id.ids),
                ("type", "=", "payment"),
                ("application", "in", OPEN),
                ("reference_ids.value", "in", list(values)),
            ],
            limit=MAX_WAITING,
        )

    # -- where the process was killed that had to look --------------------------------------------------------

    def _unmatched_payments(self, since=None):
        return [*super()._unmatched_payments(since), *self._uncollected(since)]

    def _uncollected(self, since):
        """Return ids of payments that wait although an open invoice that they name is one of another company.

        :param since: naive UTC; only those that were written later.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH open_invoice AS (
                    SELECT id, company_id, currency_id, name, ref, payment_reference, integration_source_id
                      FROM account_move
                     WHERE move_type = 'out_invoice' AND state = 'posted'
                       AND payment_state IN ('not_paid', 'partial')
                       AND company_id IN (SELECT payee_id FROM integration_collection_agreement
                                           WHERE state = 'active')
                ), named AS (
                    SELECT id, company_id, currency_id, name AS number FROM open_invoice
                    UNION SELECT id, company_id, currency_id, ref FROM open_invoice
                    UNION SELECT id, company_id, currency_id, payment_reference FROM open_invoice
                    UNION SELECT id, company_id, currency_id, integration_source_id FROM open_invoice
                )
                SELECT DISTINCT v.id
                  FROM integration_collection_agreement a
                  JOIN named n ON n.company_id = a.payee_id
                  JOIN integration_movement_reference r ON r.value = n.number AND r.type = ANY(%(types)s)
                  JOIN integration_movement v ON v.id = r.movement_id AND v.company_id = a.company_id
                                             AND v.currency_id = n.currency_id
                  LEFT JOIN integration_exception x ON x.id = v.exception_id AND x.code = ANY(%(asked)s)
                 WHERE a.state = 'active' AND v.type = 'payment' AND v.application = ANY(%(open)s) AND x.id IS NULL
                   AND NOT EXISTS (SELECT FROM integration_collection c
                                    WHERE c.movement_id = v.id AND c.invoice_id = n.id)
                   AND (%(since)s::timestamp IS NULL OR v.write_date > %(since)s::timestamp)
                 ORDER BY v.id
                 LIMIT %(limit)s
                """,
                types=list(INVOICE_REFERENCES),
                asked=list(ASKED),
                open=list(OPEN),
                since=since,
                limit=MAX_WAITING,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def _unmatched_notes(self):
        """Also credit notes for what another company has sent back, where that is still open."""
        self.env.cr.execute(
            SQL(
                """
                WITH waiting AS (
                    SELECT DISTINCT m.id
                      FROM integration_collection c
                      JOIN account_move m ON m.reversed_entry_id = c.invoice_id AND m.currency_id = c.currency_id
                      JOIN account_move_line t ON t.move_id = c.invoice_id AND t.display_type = 'payment_term'
                      JOIN account_move_line l ON l.move_id = c.payee_move_id AND l.account_id = t.account_id
                     WHERE c.kind = 'refunded' AND NOT l.reconciled
                       AND m.move_type = 'out_refund' AND m.state = 'posted'
                       AND m.payment_state IN ('not_paid', 'partial')
                )
                SELECT id FROM waiting ORDER BY random() LIMIT %s
                """,
                MAX_WAITING,
            )
        )
        return [*super()._unmatched_notes(), *sorted(row[0] for row in self.env.cr.fetchall())]

    def _apply(self, move_ids):
        """Job: also money of other companies, each connection in the name of its own service user."""
        result = super()._apply(move_ids)
        moves = self.env["account.move"].browse(move_ids).exists()
        moves = moves.filtered(lambda move: move.state == "posted")
        for agreement in self._sent_back_for(moves).agreement_id.filtered(lambda row: row.state == "active"):
            payee = agreement._as_payee()
            notes = moves.filtered(
                lambda move, here=agreement.payee_id: (
                    move.company_id == here and move.move_type == "out_refund"
                )
            )
            payee.env["integration.posting.application"]._credit_notes_of_collected(notes.with_env(payee.env))
        for movement in self._waiting_elsewhere(moves):
            service = movement.connection_id._as_service()
            service.env["integration.posting.application"]._apply_again(movement.with_env(service.env))
        return result
