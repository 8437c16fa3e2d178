# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What bank lines pay: receipts that name our invoices, and receipts that the bank took back (policy, table: bank).

The item on suspense is replaced by one on the customer's receivable account, and that is matched. Where Odoo refuses,
the booking stands and the line waits on suspense for a person.
"""

from decimal import Decimal

from odoo import api, models
from odoo.exceptions import RedirectWarning, UserError

from ...engine.bank_match import certainly_paid
from .match_or_ask import MAX_REASON_CHARS
from .work import Finding


class IntegrationPostingBankReceipt(models.AbstractModel):
    _name = "integration.posting.bank_receipt"
    _inherit = "integration.posting"
    _description = "Posting rules: receipts at the bank"

    @api.model
    def _apply_new(self, pairs):
        """Match lines that have just been booked, as far as it is certain what they are.

        :param pairs: list of (work, plan) with plan['line'].
        """
        for work, plan in pairs:
            if plan["returned"]:
                self._or_leave(work, plan, self._take_back)
            elif plan["invoices"]:
                self._or_leave(work, plan, self._pay)
        self._take_back_late(pairs)

    def _take_back_late(self, pairs):
        """Returns that the bank told before the lines which they take back."""
        early = self.env["account.bank.statement.line"].search(
            [
                ("journal_id", "in", [plan["journal"].id for _work, plan in pairs]),
                ("integration_bank_returns", "in", [plan["document"].line_id for _work, plan in pairs]),
                ("is_reconciled", "=", False),
            ]
        )
        by_return = {(line.journal_id, line.integration_bank_returns): line for line in early}
        for work, plan in pairs:
            if line := by_return.get((plan["journal"], plan["document"].line_id)):
                self._or_leave(work, plan | {"line": line, "returned": plan["line"]}, self._take_back)

    def _or_leave(self, work, plan, match):
        """Let ``match`` try; where Odoo refuses (a lock, a right), a person is told and nothing of it is left."""
        line = plan["line"]
        try:
            with self.env.cr.savepoint():
                match(plan)
                self.env.flush_all()
        except (UserError, RedirectWarning) as refusal:
            self.env.invalidate_all()
            currency = line.currency_id
            params = {
                "amount": f"{abs(line.amount):.{currency.decimal_places}f} {currency.name}",
                "line": plan["document"].line_id,
                "date": str(plan["document"].booking_date),
                "reason": str(refusal.args[0] if refusal.args else refusal)[:MAX_REASON_CHARS],
            }
            work.findings.append(Finding("bank_line_unmatched", params, cause=f"bank line {line.id}"))

    def _pay(self, plan):
        """Match a receipt with the invoices that it pays for sure; what is too much stays a credit of the customer."""
        line = plan["line"]
        targets = self.env["integration.posting.application"]._open_lines(plan["invoices"], line.currency_id)
        if len(targets.account_id) != 1 or len(targets.partner_id.commercial_partner_id) != 1:
            return
        exact = line.currency_id._integration_exact
        rests = {
            invoice.id: sum(
                (exact(item.amount_residual_currency) for item in targets if item.move_id == invoice),
                Decimal(0),
            )
            for invoice in plan["invoices"]
        }
        paid = certainly_paid(exact(line.amount), rests)
        targets = targets.filtered(lambda item: item.move_id.id in paid)
        if targets:
            item = self._on_account(line, targets.account_id, targets.partner_id.commercial_partner_id)
            self.env["integration.posting.application"]._reconcile([item | targets])

    def _take_back(self, plan):
        """A receipt was returned: what it had paid is open again, and both lines stand against each other."""
        line, earlier = plan["line"], plan["returned"]
        _liquidity, suspense, others = earlier._seek_for_lines()
        opposite = not line.currency_id.compare_amounts(line.amount, -earlier.amount)
        if suspense or len(others) != 1 or not others.account_id.reconcile or not opposite:
            return
        others.with_context(skip_invoice_sync=True).remove_move_reconcile()
        item = self._on_account(line, others.account_id, others.partner_id)
        self.env["integration.posting.application"]._reconcile([others | item])

    def _on_account(self, line, account, partner):
        """Replace the item on suspense by one on ``account``; returns it."""
        suspense = line._seek_for_lines()[1]
        row = {
            "name": line.payment_ref,
            "account_id": account.id,
            "partner_id": partner.id,
            "currency_id": suspense.currency_id.id,
            "amount_currency": suspense.amount_currency,
            "balance": suspense.balance,
        }
        if not line.partner_id:
            line.partner_id = partner
        return self.env["integration.posting.payout"]._replace_suspense(line, [row])
