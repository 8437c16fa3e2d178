# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money in suspense that an entry has moved on: matched with its statement line, so that nothing is left there (P6).

Where a statement line may still be written, its suspense item is replaced. Where its day is locked or its entry is
hashed, another entry takes the money out of suspense. Until both items are matched, Odoo takes the statement line for
unreconciled: it stands in the list of open bank lines, ages there, and no later lock date can be set over it.
"""

from odoo import api, models

NO_MATCHING = "its account allows no matching"


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    def _own_suspense(self, movement):
        """Return the suspense item of a movement's own statement line, empty where it was replaced."""
        return movement.statement_line_id._seek_for_lines()[1]

    def _meet(self, movement, items):
        """Match money with the item of the entry that has moved it on; returns whether they are matched.

        :param items: both journal items, of one account.
        """
        account = items.account_id
        about = f"suspense {movement.movement_id}"
        if account.reconcile:
            return self._match_or_ask(items, movement, about)
        if account == movement.statement_line_id.journal_id.suspense_account_id:
            self._ask_to_match(items, movement, about, f"{NO_MATCHING}: {account.display_name}")
        return False

    @api.model
    def _clear_moved_on(self, movement):
        """Match the suspense item of a movement that was moved on and is open; returns whether nothing is left."""
        first = self._own_suspense(movement)
        if not first or movement.counterpart_id in first:
            return not first  # nothing has moved it on
        if first.account_id.reconcile and all(first.mapped("reconciled")):
            return True
        items = first | self._moved_items(movement, first)
        if len(items) < 2 or not items.currency_id.is_zero(sum(items.mapped("amount_currency"))):
            return False
        return self._meet(movement, items)

    def _moved_items(self, movement, first):
        """Return the open items on the same account of entries about this movement that are no statement line."""
        return self.env["account.move.line"].search(
            [
                ("account_id", "in", first.account_id.ids),
                ("parent_state", "=", "posted"),
                ("move_id", "!=", first.move_id.id),
                ("move_id.statement_line_id", "=", False),
                ("move_id.integration_connection_id", "=", movement.connection_id.id),
                ("move_id.integration_source_id", "=", movement.movement_id),
                ("currency_id", "=", first.currency_id.id),
                ("reconciled", "=", False),
            ],
            limit=20,
        )

    def _stands_again(self, movement, placed, back):
        """Return the item of money that was taken back: the statement line's own again, where an entry had moved it on.

        :param placed: what is taken back.
        :param back: the item of the entry that takes it back, on the account where the money stood.
        """
        first = self._own_suspense(movement)
        moved = placed.entry_id.line_ids.filtered(lambda item: item.account_id == placed.from_account_id)
        if placed.replaced or not moved or first.account_id != placed.from_account_id:
            return back
        if not first.account_id.reconcile:
            return back
        (first | moved).with_context(skip_invoice_sync=True).remove_move_reconcile()
        self._reconcile([moved | back])
        return first
