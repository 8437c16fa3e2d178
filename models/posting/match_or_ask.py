# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Matching of what is booked already: where Odoo refuses it, the booking stands, a person matches later (F1)."""

from odoo import api, models
from odoo.exceptions import RedirectWarning, UserError

MAX_REASON_CHARS = 300


class IntegrationPosting(models.AbstractModel):
    _inherit = "integration.posting"

    @api.model
    def _match_or_ask(self, items, movement, about):
        """Match items with one another; returns whether Odoo let it.

        Money that moved is booked at once; that it cannot be matched (a lock, a right, somebody was faster) undoes the
        matching alone. It waits as an exception with the button *Match now*.

        :param items: journal items of one account that are nothing together.
        :param movement: the integration.movement whose money is at stake.
        :param about: text that is equal for everything about the same matching: 'payout po_1'.
        """
        lines = self.env["account.move.line"].with_context(skip_invoice_sync=True)
        if reason := self._refused(lambda: lines._reconcile_plan([items.with_env(self.env)])):
            self._ask_to_match(items, movement, about, reason)
            return False
        self._match_is_done(movement.connection_id, about)
        return True

    @api.model
    def _refused(self, match):
        """Let ``match`` run; return why Odoo refused it, "" where it did not. Nothing is left of what was refused."""
        try:
            with self.env.cr.savepoint():
                match()
                self.env.flush_all()
        except (UserError, RedirectWarning) as refusal:
            self.env.invalidate_all()
            reason = str(refusal.args[0] if refusal.args else refusal)
            return reason[:MAX_REASON_CHARS] or type(refusal).__name__
        return ""

    @api.model
    def _ask_to_match(self, items, movement, about, reason):
        """Raise, or bring up to date, the exception about items that Odoo does not let be matched."""
        params = {
            "amount": f"{abs(movement.amount):.{movement.currency_id.decimal_places}f} {movement.currency_id.name}",
            "about": about,
            "reason": reason,
            "date": str(movement.event_date),
            "movement_id": movement.id,
            "items": items.ids,
        }
        exception = self.env["integration.exception"]._raise_cause(
            movement.connection_id, "match_refused", params, f"match {about}"
        )
        if exception.params != params:
            exception.params = params
        return exception

    @api.model
    def _match_is_done(self, connection, about):
        """Close what asked a person to match this."""
        self.env["integration.exception"]._settle_cause(
            connection, "match_refused", f"match {about}", self.env._("It is matched.")
        )
