# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Matches payouts in transit with lines of the bank statement, with Odoo's own reconciliation (R2, policy F14).

A bank line stands against the suspense account of its journal until somebody says what it is. Here the suspense item is
replaced by items on the account of payouts in transit, and those are reconciled with the payouts. Nothing else is
booked: a difference stays open in transit, where everybody sees it. What to match is decided in
``integration.payout.look``.
"""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command


class IntegrationPostingPayout(models.AbstractModel):
    _name = "integration.posting.payout"
    _inherit = "integration.posting"
    _description = "Posting rules: payouts at the bank"

    @api.model
    def _is_untouched(self, line):
        """Whether a bank line stands against suspense in full."""
        _liquidity, suspense, other = line._seek_for_lines()
        return len(suspense) == 1 and not other

    @api.model
    def _match(self, legs, lines):
        """Replace the suspense items of bank lines by items in transit, and reconcile them with the movements.

        One movement with one or more lines, or several movements with one line.

        :raises UserError: something is matched already, or several amounts do not add up.
        """
        transit = legs.counterpart_id
        if not legs or len(transit.account_id) != 1 or any(transit.mapped("reconciled")):
            raise UserError(self.env._("This payout is matched already."))
        if not lines or not all(self._is_untouched(line) for line in lines):
            raise UserError(self.env._("A bank line is matched already, in full or in part."))
        if len(legs) > 1 and len(lines) > 1:
            raise UserError(
                self.env._("Match one payout with its bank lines, or one bank line with its payouts.")
            )
        plan = []
        if len(legs) > 1:
            items = self._replace_suspense(lines, self._shares(lines, transit))
            plan = [item | line for item, line in zip(items, transit, strict=True)]
        else:
            items = transit.browse()
            for line in lines:
                suspense = line._seek_for_lines()[1]
                items |= self._replace_suspense(line, [self._item(suspense, transit)])
            plan = [items | transit]
        self.env["account.move.line"].with_context(skip_invoice_sync=True)._reconcile_plan(plan)

    def _shares(self, line, transit):
        """Return the items of one bank line that is several payouts; their sum is the line, to the cent.

        :raises UserError: it is not.
        """
        suspense = line._seek_for_lines()[1]
        company_currency = suspense.company_currency_id
        rows, left = [], suspense.balance
        for item in transit:
            amount = -item.amount_residual_currency
            shares = line._prepare_counterpart_amounts_using_st_line_rate(
                suspense.currency_id, -item.amount_residual, amount
            )
            balance = company_currency.round(shares["balance"])
            rows.append(self._item(suspense, item) | {"amount_currency": amount, "balance": balance})
            left -= balance
        total = sum(row["amount_currency"] for row in rows)
        if suspense.currency_id.compare_amounts(total, suspense.amount_currency):
            raise UserError(self.env._("These payouts together are not the amount of the bank line."))
        rows[-1]["balance"] = company_currency.round(rows[-1]["balance"] + left)
        return rows

    def _item(self, suspense, transit):
        return {
            "name": transit.name,
            "account_id": transit.account_id.id,
            "partner_id": suspense.partner_id.id,
            "currency_id": suspense.currency_id.id,
            "amount_currency": suspense.amount_currency,
            "balance": suspense.balance,
        }

    def _replace_suspense(self, line, rows):
        """Replace the suspense item of a bank line as core's own matching does; returns the new items, in order."""
        _liquidity, suspense, _other = line._seek_for_lines()
        before = line.move_id.line_ids
        line.with_context(force_delete=True, skip_readonly_check=True).write(
            {"line_ids": [Command.delete(suspense.id), *(Command.create(row) for row in rows)]}
        )
        return (line.move_id.line_ids - before).sorted("id")

    @api.model
    def _letter(self, payout):
        """Match the items of the provider's journal that a payout paid out with the payout; returns whether they are.

        Where Odoo refuses, the money stays booked as it is and a person is asked (``match_refused``).
        """
        lines = payout._own_items()
        if lines and all(lines.mapped("reconciled")):
            self._match_is_done(payout.connection_id, payout._lettering())
            return True  # somebody has done it
        adds_up = payout.currency_id.is_zero(sum(lines.mapped("amount_currency")))
        if not lines or any(lines.mapped("reconciled")) or not adds_up:
            return False
        return self._match_or_ask(lines, payout.movement_id, payout._lettering())


class IntegrationPayout(models.Model):
    _inherit = "integration.payout"

    def _lettering(self):
        """Return what an exception calls the matching of this payout with what it paid out."""
        return f"payout {self.payout_id} and what it paid out"

    def _note_lettered(self):
        """Note of payouts that somebody has matched with what they paid out, by whichever way, that they are."""
        for payout in self.filtered(lambda row: not row.lettered):
            lines = payout._own_items()
            if lines and all(lines.mapped("reconciled")):
                payout.lettered = True

    def _own_items(self):
        """Return the items on the provider's balance account: those paid out, and the payout itself."""
        movements = (self.movement_ids | self.movement_id).filtered("statement_line_id")
        return movements.move_id.line_ids.filtered(
            lambda line: line.account_id == line.journal_id.default_account_id
        )
