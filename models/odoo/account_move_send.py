# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _get_move_constraints(self, move):
        """Print and send no second legal document for one that the source has issued (policy F8)."""
        constraints = super()._get_move_constraints(move)
        if move.integration_issued_elsewhere:
            constraints["integration_issued_elsewhere"] = self.env._(
                "%s was issued and sent by the source; Odoo would make a second legal document of it.",
                move._integration_number(),
            )
        return constraints
