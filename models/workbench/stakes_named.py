# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money at stake of exceptions that no event and no money points at: a payout on its way, a matching that waits."""

from odoo import api, models

PAYOUT = "payout "
# What of a payout is at stake: what is not at the bank, else all of it.
OPEN_AT_BANK = ("payout_overdue", "payout_bank_unclear")
WHOLE_PAYOUT = ("payout_came_back", "payout_incomplete", "payout_differs")
MAX_PAYOUTS = 10_000
NAMED = frozenset({*OPEN_AT_BANK, *WHOLE_PAYOUT, "match_refused", "bank_line_unmatched"})


class IntegrationException(models.Model):
    _inherit = "integration.exception"

    @api.model_create_multi
    def create(self, vals_list):
        exceptions = super().create(vals_list)
        exceptions._touch_named()
        return exceptions

    def write(self, vals):
        result = super().write(vals)
        if {"state", "params"} & vals.keys():
            self._touch_named()
        return result

    def _touch_named(self):
        named = self.filtered(lambda row: row.code in NAMED)
        if named:
            self.flush_model(["state", "params"])
            named._touch()

    @api.model
    def _refresh_ages(self):
        """Hourly, also: count anew what has changed at a payout, and what versions before did not count."""
        result = super()._refresh_ages()
        self.search([("code", "in", sorted(NAMED)), ("state", "=", "open")], limit=MAX_PAYOUTS)._touch()
        return result

    def _stakes_now(self):
        """Add what the names in the cause stand for, per currency; nothing once it is resolved."""
        stakes = super()._stakes_now()
        for exception, currency, amount in self._named_stakes():
            before, count = stakes[exception.id].get(currency.id, (0, 0))
            stakes[exception.id][currency.id] = (before + amount, count + 1)
        return stakes

    def _named_stakes(self):
        """Return [(exception, currency, exact positive amount)]."""
        named = self.sudo().filtered(lambda row: row.code in NAMED and row.state == "open")
        found = []
        if waiting := named.filtered(lambda row: row.code == "match_refused"):
            ids = {row: (row.params or {}).get("movement_id") for row in waiting}
            movements = (
                self.env["integration.movement"].sudo().browse([each for each in ids.values() if each])
            )
            known = {movement.id: movement for movement in movements.exists()}
            found += [
                (row, movement.currency_id, _exact(movement.currency_id, movement.amount))
                for row, movement_id in ids.items()
                if (movement := known.get(movement_id))
            ]
        if of_lines := named.filtered(lambda row: row.code == "bank_line_unmatched"):
            ids = {row: (row.params or {}).get("line_id") for row in of_lines}
            lines = (
                self.env["account.bank.statement.line"].sudo().browse([each for each in ids.values() if each])
            )
            known = {line.id: line for line in lines.exists()}
            found += [
                (row, line.currency_id, _exact(line.currency_id, line.amount))
                for row, line_id in ids.items()
                if (line := known.get(line_id))
            ]
        if of_payouts := named - waiting - of_lines:
            known = self._payouts_named(of_payouts)
            found += [
                (row, payout.currency_id, _exact(payout.currency_id, amount))
                for row in of_payouts
                if (payout := known.get((row.connection_id, row.cause)))
                if (amount := payout.bank_rest if row.code in OPEN_AT_BANK else payout.amount)
            ]
        return found

    def _payouts_named(self, exceptions):
        names = [cause.removeprefix(PAYOUT) for cause in exceptions.mapped("cause")]
        payouts = (
            self.env["integration.payout"]
            .sudo()
            .search(
                [("connection_id", "in", exceptions.connection_id.ids), ("payout_id", "in", names)],
                limit=MAX_PAYOUTS,
            )
        )
        return {(payout.connection_id, f"{PAYOUT}{payout.payout_id}"): payout for payout in payouts}


def _exact(currency, amount):
    return abs(currency._integration_exact(amount))
