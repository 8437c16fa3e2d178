# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Payouts and disputes that were booked as movements become records of their own.

A payout that had come back is matched with its return, as it would be today; nothing else is matched.
"""

from odoo import SUPERUSER_ID, api

PORTION = 500

# The matches that this adds to the books, told by the database before: items, what is open of them, what is matched.
# ``./dev upgrade-check`` reads it and takes anything else for a difference.
MATCHES = """
SELECT DISTINCT ON (o.id) debit.id, debit.amount_residual, credit.id, credit.amount_residual,
       LEAST(debit.amount_residual, -credit.amount_residual)
  FROM integration_movement o
  JOIN integration_movement b ON b.connection_id = o.connection_id AND b.related_id = o.movement_id
       AND b.type IN ('payout', 'payout_return') AND b.changes_balance AND b.occurred_at >= o.occurred_at
  JOIN account_move_line debit ON debit.id IN (o.counterpart_id, b.counterpart_id)
  JOIN account_move_line credit ON credit.id IN (o.counterpart_id, b.counterpart_id)
 WHERE o.type IN ('payout', 'payout_return') AND o.changes_balance AND o.related_id IS NULL
   AND debit.amount_residual > 0 AND credit.amount_residual < 0
   AND NOT debit.reconciled AND NOT credit.reconciled AND debit.account_id = credit.account_id
 ORDER BY o.id, b.occurred_at, b.id
"""


def migrate(cr, _version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    Movement = env["integration.movement"]
    kinds = ("payout", "payout_return", "dispute", "dispute_return")
    last = 0
    while True:
        movements = Movement.search(
            [("type", "in", kinds), ("changes_balance", "=", True), ("id", ">", last)],
            order="id",
            limit=PORTION,
        )
        if not movements:
            break
        env["integration.payout"]._booked_movements(movements)
        env["integration.dispute"]._touch(movements)
        last = movements[-1].id
