# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which invoices a reference of the outside names."""

from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from .references import named_by, payments_of


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    @api.model
    def _invoices_named(self, connection, documents):
        """Return a function document → (invoices that it names, references that name nothing)."""
        values = {value for document in documents for value in named_by(document.references)}
        table = self._invoices_by_value(connection, values)
        linked = self._invoices_linked(
            connection,
            [
                payment
                for document in documents
                if document.type == "payment"
                for payment in payments_of(document.references, document.movement_id)
            ],
        )
        # What is read of one invoice is read of all that the batch names, in one query.
        together = self.env["account.move"].union(*table.values(), *linked.values()).ids

        def named(document):
            invoices, unknown = self._pick(table, named_by(document.references))
            for payment in payments_of(document.references, document.movement_id):
                invoices |= linked.get(payment, invoices.browse())
            return invoices.with_prefetch(together), unknown

        return named

    @api.model
    def _invoices_linked(self, connection, payments):
        """Return {payment: invoices} of what a billing system said that payments pay."""
        if not payments:
            return {}
        known = self.env["integration.posting.invoice_status"]._payments_known(connection, payments)
        return {
            payment: self.env["account.move"].browse(set(keys.values())).exists()
            for payment, keys in known.items()
        }

    @api.model
    def _named_by_movement(self, movement):
        """Return (invoices that a booked movement names or is linked to, references that name nothing)."""
        values = named_by(movement.reference_ids)
        invoices, unknown = self._pick(self._invoices_by_value(movement.connection_id, values), values)
        payments = payments_of(movement.reference_ids, movement.movement_id)
        for linked in self._invoices_linked(movement.connection_id, payments).values():
            invoices |= linked
        return invoices, unknown

    def _pick(self, table, values):
        invoices = self.env["account.move"]
        unknown = []
        for value in values:
            if value in table:
                invoices |= table[value]
            else:
                unknown.append(value)
        return invoices, unknown

    def _invoices_by_value(self, connection, values):
        """Return {value: invoice} for values that name exactly one customer invoice of the company.

        Tried in this order: Odoo's number, the payment reference, the issuer's number, an outside id, an order.
        """
        return self._invoices_of(connection.company_id, values)

    def _invoices_of(self, company, values):
        """Return the same of any company that the acting user may read."""
        if not values:
            return {}
        values = list(values)
        Move = self.env["account.move"]
        table = {}
        for field in ("name", "payment_reference", "ref"):
            found = defaultdict(lambda: Move)
            for move in Move.search(
                [("company_id", "=", company.id), ("move_type", "=", "out_invoice"), (field, "in", values)]
            ):
                found[move[field]] |= move
            for value, moves in found.items():
                live = moves.filtered(lambda move: move.state == "posted") or moves
                if len(live) == 1:
                    table.setdefault(value, live)
        self._add_bound(company, values, table)
        self._add_orders(company, values, table)
        return table

    def _add_bound(self, company, values, table):
        bindings = self.env["integration.binding"].search(
            [("company_id", "=", company.id), ("kind", "=", "invoice"), ("outside_id", "in", values)]
        )
        for binding in bindings:
            move = self.env["account.move"].browse(binding.res_id).exists()
            if move and move.move_type == "out_invoice":
                table.setdefault(binding.outside_id, move)

    def _add_orders(self, company, values, table):
        """Let an order's number stand for its invoices; read-only, without needing rights on sales."""
        self.env.cr.execute(
            SQL(
                """
                SELECT o.name, array_agg(DISTINCT aml.move_id)
                  FROM sale_order o
                  JOIN sale_order_line sol ON sol.order_id = o.id
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sol.id
                  JOIN account_move_line aml ON aml.id = rel.invoice_line_id
                 WHERE o.company_id = %s AND o.name = ANY(%s)
                 GROUP BY o.name
                """,
                company.id,
                values,
            )
        )
        for name, move_ids in self.env.cr.fetchall():
            moves = (
                self.env["account.move"]
                .browse(move_ids)
                .filtered(lambda move: move.move_type == "out_invoice" and move.state == "posted")
            )
            if moves:
                table.setdefault(name, moves)
