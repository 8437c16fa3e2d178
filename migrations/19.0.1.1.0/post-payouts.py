# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Payouts and disputes that were booked as movements become records of their own; nothing is matched here."""

from odoo import SUPERUSER_ID, api

PORTION = 500


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
