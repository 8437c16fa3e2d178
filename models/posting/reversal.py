# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Posted documents are taken back by a reversal, never changed and never deleted (policy P4, F2)."""

from odoo import api, models

from ...engine.errors import BusinessError
from ...engine.ordering import waves


class IntegrationPostingReversal(models.AbstractModel):
    _inherit = "integration.posting"

    @api.model
    def _plan_reversal(self, move, number):
        """Return how a posted document is taken back: its move and the date; None when it was taken back already.

        The date is that of the document, or the first open day after it.

        :raises BusinessError: ``cancellation_impossible``.
        """
        if move.state != "posted":
            raise self._impossible(number, "it is not posted")
        reversals = move.reversal_move_ids.filtered(lambda reversal: reversal.state == "posted")
        currency = move.currency_id or move.company_currency_id
        if any(currency.compare_amounts(one.amount_total, move.amount_total) == 0 for one in reversals):
            return None
        if reversals:
            names = ", ".join(reversals.mapped("name"))
            raise self._impossible(number, f"a part of it is credited already: {names}")
        has_tax = bool(move.line_ids.tax_ids or move.line_ids.tax_line_id)
        date = self._first_open_day(move.company_id, move.journal_id, move.date, has_tax=has_tax)
        return {"move": move, "date": date, "number": number}

    def _impossible(self, number, reason):
        """Return the error; ``reason`` is one of the words of an exception, which whoever reads it gets translated."""
        return BusinessError("cancellation_impossible", reason, params={"number": number, "reason": reason})

    @api.model
    def _reverse(self, plans, values=None):
        """Reverse posted documents and return the reversals in the same order; core links both directions.

        What is open of a document is matched with its reversal. What is matched with something else stays matched:
        core would take that apart with ``cancel`` (policy F2).

        :param plans: list of what ``_plan_reversal`` returns.
        :param values: list of further values of each reversal.
        :raises BusinessError: ``core_changed``: the reversal is not the exact opposite, or stands on another day.
        """
        Move = self.env["account.move"]
        moves = Move.concat(*[plan["move"] for plan in plans])
        defaults = [
            self._reversal_values(plan) | more
            for plan, more in zip(plans, values or [{}] * len(plans), strict=True)
        ]
        reversals = moves._reverse_moves(defaults, cancel=False)
        # Core pairs what it posts together by position: one of each document at a time.
        for wave in waves(reversals, lambda reversal: reversal.reversed_entry_id.id):
            Move.concat(*wave)._post(soft=False)
        self._check_kept(
            reversals, {move.id: plan["date"] for move, plan in zip(reversals, plans, strict=True)}
        )
        for reversal in reversals:
            self._check_opposite(reversal)
        return list(reversals)

    def _reversal_values(self, plan):
        move = plan["move"]
        values = {
            "date": plan["date"],
            "journal_id": move.journal_id.id,
            "ref": self.env._("Reversal of %s", move.ref or move.name),
            "integration_connection_id": move.integration_connection_id.id,
            "integration_source_id": move.integration_source_id,
            "integration_event_date": move.integration_event_date or move.date,
            "integration_issued_elsewhere": move.integration_issued_elsewhere,
        }
        if move.is_invoice():
            values |= {
                "invoice_date": plan["date"],
                "invoice_date_due": plan["date"],
                "invoice_payment_term_id": False,
                "invoice_currency_rate": move.invoice_currency_rate,
                "invoice_user_id": move.invoice_user_id.id,
            }
        return values

    def _check_opposite(self, reversal):
        """Refuse a reversal that does not undo its document to the cent on every account."""
        origin = reversal.reversed_entry_id
        currency = origin.company_currency_id
        left = {}
        for line in (origin | reversal).line_ids:
            left[line.account_id] = left.get(line.account_id, 0.0) + line.balance
        for account, rest in left.items():
            if not currency.is_zero(rest):
                raise BusinessError(
                    "core_changed",
                    f"move {reversal.id} leaves {rest} on {account.code}",
                    params={"field": account.code, "wanted": "0.00", "got": str(currency.round(rest))},
                )
