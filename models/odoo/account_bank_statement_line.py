# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import fields, models


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    integration_movement_ids = fields.One2many(
        "integration.movement", "statement_line_id", string="Provider movement"
    )

    def action_undo_reconciliation(self):
        """Undoing the matching by hand also takes back what the hub believed to be applied."""
        result = super().action_undo_reconciliation()
        for movement in self.integration_movement_ids:
            counterpart = movement.move_id.line_ids.filtered(
                lambda line, journal=movement.statement_line_id.journal_id: (
                    line.account_id != journal.default_account_id
                )
            )
            movement.sudo().write(
                {"application": "suspense", "counterpart_id": counterpart[:1].id, "invoice_ids": [(5, 0, 0)]}
            )
        return result
