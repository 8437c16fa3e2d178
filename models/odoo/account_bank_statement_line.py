# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, fields, models

from .account_move_entries import lines_being_created


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    integration_movement_ids = fields.One2many(
        "integration.movement", "statement_line_id", string="Provider movement"
    )

    integration_payout_ids = fields.Many2many(
        "integration.payout", "integration_payout_bank_line_rel", readonly=True, string="Payouts", copy=False
    )

    @api.model_create_multi
    def create(self, vals_list):
        """A payout on its way may be among lines that come in from a bank."""
        lines = super().create(vals_list)
        if not self.env.user.integration_service and self.env["integration.waiting"]._movements_are_booked(
            lines.company_id.ids
        ):
            self.env["integration.payout.look"]._soon_if_open(lines.company_id)
        return lines

    def write(self, vals):
        """Leave out the writes of nothing with which core ends its comparisons of a new line with its entry."""
        if not vals and lines_being_created(self.env):
            return True
        return super().write(vals)

    def action_undo_reconciliation(self):
        """Undoing the matching by hand also takes back what the hub believed to be applied."""
        payouts = self.integration_payout_ids.sudo()
        undone = {payout: payout.bank_line_ids & self.sudo() for payout in payouts}
        result = super().action_undo_reconciliation()
        for payout, lines in undone.items():
            self.env["integration.payout.proposal"].sudo()._refused(payout, lines, self.env.uid)
        payouts._look_at_bank()
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
