# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from collections import defaultdict

from odoo import api, models


class IntegrationWaiting(models.AbstractModel):
    _inherit = "integration.waiting"

    @api.model
    def _look_after_commit(self, moves):
        """An invoice that a person posts may be the one for which a credit note waits."""
        super()._look_after_commit(moves)
        if self.env.user.integration_service:  # then a binding is made, which lets go what waits
            return
        numbers = defaultdict(set)
        for move in moves.filtered(lambda move: move.move_type == "out_invoice"):
            numbers[move.company_id.id] |= {move.name, move.ref} - {False, "/"}
        Message = self.env["integration.message"].sudo()
        for company_id, values in numbers.items():
            Message._release_children("invoice", 0, company_id, values)
            Message._look_after_commit(parents={("invoice", value) for value in values})
