# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money that one company holds and that waits for an invoice of another one (policy F19)."""

from odoo import api, models

from .waiting import MAX_WAITING

OPEN = ("open", "unidentified", "partly")


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
