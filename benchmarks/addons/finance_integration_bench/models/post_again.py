# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import time

from odoo import SUPERUSER_ID, api, models
from odoo.fields import Command

MARK = "again-"
BANK_FIELDS = ("date", "amount", "payment_ref", "ref")


class FinanceIntegrationBench(models.AbstractModel):
    _inherit = "finance.integration.bench"

    @api.model
    def post_again(self, size):
        """Post the hub's documents that have no copy yet with Odoo's own methods; returns the seconds.

        The same documents in the same order, ``size`` in each transaction, and matched with each other as the hub's
        are. What to write is read before the clock starts.
        """
        env = self.env(user=SUPERUSER_ID)
        moves = self._not_copied(env)
        steps = [(kind, rows, self._values(kind, rows)) for kind, rows in self._by_kind(moves)]
        matched = {row.id: self._matched_with(row) for _kind, rows, _values in steps for row in rows}
        copies = {}
        begin = time.monotonic()
        for kind, rows, values in steps:
            for first in range(0, len(rows), size):
                with self.env.registry.cursor() as cr:
                    portion = rows[first : first + size]
                    self._write(
                        api.Environment(cr, SUPERUSER_ID, dict(self.env.context)),
                        kind,
                        portion.ids,
                        values[first : first + size],
                        copies,
                        matched,
                    )
        return time.monotonic() - begin

    def _not_copied(self, env):
        Move = env["account.move"]
        copied = {
            int(ref.removeprefix(MARK)) for ref in Move.search([("ref", "=like", f"{MARK}%")]).mapped("ref")
        }
        return Move.search(
            [
                ("state", "=", "posted"),
                ("integration_source_id", "!=", False),
                ("id", "not in", list(copied)),
            ],
            order="id",
        )

    def _by_kind(self, moves):
        bank = moves.filtered("statement_line_id")
        return [
            ("document", moves.filtered(lambda move: move.move_type == "out_invoice")),
            ("document", moves.filtered(lambda move: move.move_type == "entry") - bank),
            ("bank", bank.filtered(lambda move: move.statement_line_id.amount > 0)),
            ("document", moves.filtered(lambda move: move.move_type == "out_refund")),
            ("bank", bank.filtered(lambda move: move.statement_line_id.amount < 0)),
        ]

    def _values(self, kind, moves):
        return [self._bank_values(move) if kind == "bank" else self._move_values(move) for move in moves]

    def _bank_values(self, move):
        line = move.statement_line_id
        counterpart = move.line_ids.filtered(
            lambda item: item.account_id != move.journal_id.default_account_id
        )
        return {
            **{name: line[name] for name in BANK_FIELDS},
            "ref": f"{MARK}{move.id}",
            "journal_id": move.journal_id.id,
            "partner_id": line.partner_id.id,
            "counterpart_account_id": counterpart.account_id.id,
        }

    def _move_values(self, move):
        values = {
            "move_type": move.move_type,
            "journal_id": move.journal_id.id,
            "date": move.date,
            "ref": f"{MARK}{move.id}",
            "partner_id": move.partner_id.id,
        }
        if move.move_type == "entry":
            lines = [
                {name: line[name] for name in ("name", "debit", "credit")}
                | {"account_id": line.account_id.id}
                for line in move.line_ids
            ]
            return values | {"line_ids": [Command.create(line) for line in lines]}
        lines = [
            {
                "name": line.name,
                "quantity": line.quantity,
                "price_unit": line.price_unit,
                "account_id": line.account_id.id,
                "tax_ids": [Command.set(line.tax_ids.ids)],
            }
            for line in move.invoice_line_ids
        ]
        return values | {
            "invoice_date": move.invoice_date,
            "invoice_date_due": move.invoice_date_due,
            "invoice_line_ids": [Command.create(line) for line in lines],
        }

    def _matched_with(self, move):
        """Return the ids of the documents with which the hub has matched this one's money."""
        lines = move.line_ids
        partials = lines.matched_debit_ids | lines.matched_credit_ids
        return ((partials.debit_move_id | partials.credit_move_id).move_id - move).ids

    def _write(self, env, kind, ids, values, copies, matched):
        if kind == "bank":
            made = env["account.bank.statement.line"].create(values).move_id
        else:
            made = env["account.move"].create(values)
            made._post()
        copies.update(zip(ids, made.ids, strict=True))
        if kind != "bank":
            return
        plan = []
        for move_id, move in zip(ids, made, strict=True):
            others = env["account.move"].browse([copies[other] for other in matched[move_id]])
            lines = (move | others).line_ids
            plan.append(lines.filtered(lambda line: line.account_type == "asset_receivable"))
        env["account.move.line"]._reconcile_plan(plan)
