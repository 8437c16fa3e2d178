# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ..messaging.lane import CHANNEL

MAX_WAITING = 500


class IntegrationWaiting(models.AbstractModel):
    """Applies booked money that waits for a document, after somebody has posted that document by hand."""

    _name = "integration.waiting"
    _description = "Money that waits for its document"

    @api.model
    def _look_after_commit(self, moves):
        """Queue an application where booked money names one of these documents; costs one indexed query."""
        if self.env.user.integration_service:  # the hub's own posting applies at once
            return
        movements = self._waiting_for(moves)
        if movements:
            self.with_delay(channel=CHANNEL, priority=9)._apply(moves.ids)

    def _waiting_for(self, moves):
        values = {value for move in moves for value in (move.name, move.ref, move.payment_reference)} - {False}
        Movement = self.env["integration.movement"].sudo()
        domain = [("company_id", "in", moves.company_id.ids), ("reference_ids.value", "in", list(values))]
        waiting = Movement.search([*domain, ("application", "in", ("open", "unidentified", "partly"))], limit=MAX_WAITING)
        credited = moves.filtered(lambda move: move.move_type == "out_refund").reversed_entry_id
        if credited:
            waiting |= Movement.search(
                [
                    ("company_id", "in", moves.company_id.ids),
                    ("application", "=", "credit_note"),
                    ("partner_id", "in", moves.commercial_partner_id.ids),
                ],
                limit=MAX_WAITING,
            )
        return waiting

    def _apply(self, move_ids):
        """Job: apply, each connection in the name of its own service user."""
        moves = self.env["account.move"].browse(move_ids).exists().filtered(lambda move: move.state == "posted")
        for connection in self._waiting_for(moves).connection_id:
            service = connection._as_service()
            service.env["integration.posting.application"]._documents_posted(moves.with_env(service.env))
