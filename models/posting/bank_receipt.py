# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What bank lines pay: receipts that name our invoices, and receipts that the bank took back (policy, table: bank).

The item on suspense is replaced by one on the customer's receivable account, and that is matched. Where Odoo refuses,
the booking stands and the line waits on suspense for a person.
"""

from decimal import Decimal

from odoo import api, models

from ...engine.bank_match import certainly_paid
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
        reason = self._refused(lambda: match(plan))
        if not reason:
            return
        line = plan["line"]
        currency = line.currency_id
        params = {
            "amount": f"{abs(line.amount):.{currency.decimal_places}f} {currency.name}",
            "line": line.integration_bank_entry,
            "date": str(line.integration_event_date or line.date),
            "reason": reason,
            "line_id": line.id,
            "invoice_ids": plan["invoices"].ids,
            "returned_id": plan["returned"].id,
        }
        work.findings.append(Finding("bank_line_unmatched", params, cause=f"bank line {line.id}"))

    @api.model
    def _match_again(self, line, invoices, returned):
        """Match a line that Odoo did not let be matched when it came, as far as it is certain what it is.

        :param returned: the line that it takes back, an empty record where it is a receipt.
        """
        plan = {"line": line, "invoices": invoices, "returned": returned}
        if returned:
            self._take_back(plan)
        else:
            self._pay(plan)

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
