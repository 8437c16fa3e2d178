# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Money and orders of shops: until it is handed over, what was paid is a deposit (policy F1, F10)."""

from decimal import Decimal

from odoo import api, models

from ..reconciliation.movement import WAITING
from .movement import CUSTOMER_TYPES
from .references import named_by

MAX_WAITING = 500
TRANSACTION = "order_transaction"


class IntegrationPostingMovement(models.AbstractModel):
    _inherit = "integration.posting.movement"

    def _party(self, document, lookups):
        """Money that names an order belongs to the order's customer, also before anything is invoiced."""
        party = super()._party(document, lookups)
        if not party["partner"] and document.type in CUSTOMER_TYPES:
            order = self.env["integration.posting.application"]._order_named(
                lookups["connection"], document.references, (document.movement_id, document.related)
            )
            party["partner"] = order.partner_id
        return party


class IntegrationPostingApplication(models.AbstractModel):
    _inherit = "integration.posting.application"

    # -- which order ---------------------------------------------------------------------------------------

    @api.model
    def _order_named(self, connection, references, ids):
        """Return the order that a movement is about, or an empty recordset.

        :param references: what the movement names, with type and value.
        :param ids: the provider's own ids, under which the shop knows the transaction; None is skipped.
        """
        Order = self.env["integration.shop.order"]
        company = connection.company_id
        if not Order._are_there(company.id):
            return Order
        values = named_by(references)
        found = Order._named(connection, values)
        for value in values:
            if value in found:
                return found[value]
        transactions = {each.value for each in references if each.type == TRANSACTION}
        ids = {value for value in ids if value}
        steps = self.env["integration.shop.step"]._orders_of_transactions(company, transactions, ids)
        foreign = self._told_elsewhere(connection, steps.keys() & ids - transactions)
        return next((order for value, order in steps.items() if value not in foreign), Order)

    def _told_elsewhere(self, connection, ids):
        """Return those of a provider's ids that are payments of other connections of the company, and none of this one.

        What a shop calls the gateway's id does not say which provider gave it, and two of them may number alike.
        """
        if not ids:
            return set()
        others = self.env["integration.connection"].search([("company_id", "=", connection.company_id.id)])
        found = self.env["integration.movement"].search(
            [
                ("connection_id", "in", others.ids),
                ("type", "=", "payment"),
                ("movement_id", "in", sorted(ids)),
            ]
        )
        own = found.filtered(lambda row: row.connection_id == connection)
        return set(found.mapped("movement_id")) - set(own.mapped("movement_id"))

    def _order_of(self, movement):
        return self._order_named(
            movement.connection_id, movement.reference_ids, (movement.movement_id, movement.related_id)
        )

    def _invoices_by_value(self, connection, values):
        """An order's number stands for its invoices."""
        table = super()._invoices_by_value(connection, values)
        wanted = [value for value in values or () if value not in table]
        for value, order in self.env["integration.shop.order"]._named(connection, wanted).items():
            invoices = order._documents().filtered(lambda move: move.move_type == "out_invoice")
            # A summary has other orders' debts, too: it is paid once everything of this order is in it.
            if invoices and not (order.booking == "daily" and order.to_deliver):
                table[value] = invoices
        return table

    # -- payments ------------------------------------------------------------------------------------------

    def _judge_payment(self, work, movement, invoices, unknown):
        """What is left of a payment for an order that is still to be handed over is a deposit, nobody has to decide."""
        order = self._order_of(movement) if movement.partner_id else None
        line = movement.counterpart_id
        if not order or line.currency_id.is_zero(line.amount_residual_currency):
            return super()._judge_payment(work, movement, invoices, unknown)
        awaited = order.to_deliver or not order._documents()
        if not awaited and not self._is_refund_under_way(order):
            return super()._judge_payment(work, movement, invoices, unknown)
        self._keep_applied([movement])
        # The money of a cancelled order is owed to the customer until its refund is told.
        return self._settled(movement, "deposit" if awaited and order.state == "open" else "open")

    def _is_refund_under_way(self, order):
        """Whether the shop has told of money that it sends back, and that is not matched with anything yet."""
        steps = order.step_ids.filtered(lambda step: step.kind == "refund")
        sent = sum(Decimal((step.facts or {}).get("sent") or "0") for step in steps)
        settled = self._movements_of(order, ("refund",)).filtered(lambda row: row.counterpart_id.reconciled)
        return order.currency_id.compare_amounts(float(sent), -sum(settled.mapped("amount"))) > 0

    # -- refunds -------------------------------------------------------------------------------------------

    def _match_refund(self, work, movement, payment):
        """A refund of an order pays its credit note, and what was never handed over out of the deposit."""
        order = self._order_of(movement) or (payment and self._order_of(payment))
        if not order or not movement.partner_id:
            return super()._match_refund(work, movement, payment)
        refund = self._refund_of(order, movement)
        if not refund:
            return self._wait(
                work, movement, "credit_note", "refund_without_credit_note", self._facts(movement)
            )
        account = movement.counterpart_id.account_id
        notes = self._open_lines(
            refund.move_ids.filtered(lambda move: move.move_type == "out_refund"), movement.currency_id
        )
        for some in (notes, self._deposit_lines(order, movement)):
            lines = some.filtered(lambda row: row.account_id == account and not row.reconciled)
            if lines and not movement.counterpart_id.reconciled:
                self._reconcile([movement.counterpart_id | lines])
        self._payments_of(order).filtered(lambda row: row.counterpart_id.reconciled)._refresh_application()
        if movement.counterpart_id.reconciled:
            return self._settled(movement, "applied")
        return self._wait(work, movement, "credit_note", "refund_without_credit_note", self._facts(movement))

    def _refund_of(self, order, movement):
        """Return the refund that the shop told of this money: by its transaction, else the one that is left."""
        steps = order.step_ids.filtered(lambda step: step.kind == "refund")
        named = {each.value for each in movement.reference_ids if each.type == TRANSACTION}
        named |= {
            step.outside_id
            for step in order.step_ids
            if step.kind == "payment" and step.provider_reference == movement.movement_id
        }
        exact = steps.filtered(lambda step: named & set((step.facts or {}).get("paid_back") or ()))
        if exact:
            return exact[:1]
        return steps if len(steps) == 1 and not named else steps.browse()

    def _deposit_lines(self, order, movement):
        """Return what is open of the money that was paid for an order."""
        paid = self._payments_of(order).counterpart_id
        credit = order.step_ids.filtered(
            lambda step: step.kind == "payment" and step.type != "refund"
        ).line_id
        return (paid | credit).filtered(
            lambda line: not line.reconciled and line.currency_id == movement.currency_id
        )

    # -- what happened to an order -------------------------------------------------------------------------

    def _movements_of(self, order, types=("payment",)):
        """Return booked movements that name an order, or the gateway's id of one of its transactions."""
        payments = order.step_ids.filtered(lambda step: step.kind == "payment")
        references = [value for value in payments.mapped("provider_reference") if value]
        # A refund may name nothing but the payment that it gives back, which may have come before its order. An id is
        # one of the connection that told it.
        paid = self._movements_of(order) if "refund" in types else ()
        taken = {(payment.connection_id, payment.movement_id) for payment in paid}
        named = sorted({*references, *(value for _connection, value in taken)}) if "refund" in types else []
        found = self.env["integration.movement"].search(
            [
                ("company_id", "=", order.company_id.id),
                ("type", "in", types),
                ("changes_balance", "=", True),
                "|",
                "|",
                "|",
                ("reference_ids.value", "in", [order.number, order.outside_id]),
                ("movement_id", "in", references),
                ("related_id", "in", named),
                "&",
                ("reference_ids.type", "=", TRANSACTION),
                ("reference_ids.value", "in", payments.mapped("outside_id")),
            ],
            limit=MAX_WAITING,
        )
        return found.filtered(
            lambda movement: (
                (movement.connection_id, movement.related_id) in taken or self._order_of(movement) == order
            )
        )

    def _payments_of(self, order):
        return self._movements_of(order)

    @api.model
    def _orders_changed(self, orders):
        """Apply what is open of these orders: deposits to invoices, refunds to credit notes or deposits."""
        for order in orders:
            invoices = order._documents().filtered(lambda move: move.move_type == "out_invoice")
            payments = self._movements_of(order)
            for movement in payments.filtered(self._is_open):
                self._apply_to_order(movement, order, invoices)
            self._apply_credit(order, invoices)
            for movement in self._movements_of(order, ("refund",)).filtered(self._is_open):
                if movement.application == "unidentified":
                    self._identify(movement, order.partner_id, movement.event_date)
                payment = payments.filtered(
                    lambda row, refund=movement: (
                        (row.connection_id, row.movement_id) == (refund.connection_id, refund.related_id)
                    )
                )
                self._match_refund(None, movement, payment[:1])

    def _is_open(self, movement):
        return movement.application in WAITING or movement.application == "deposit"

    def _apply_to_order(self, movement, order, invoices):
        date = max([movement.event_date, *invoices.mapped("date")])
        if movement.application == "unidentified":
            self._identify(movement, order.partner_id, date)
        targets = self._open_lines(invoices, movement.currency_id).filtered(
            lambda line: line.account_id == movement.counterpart_id.account_id
        )
        shared = order.booking == "daily" and order.to_deliver
        if targets and not shared and not movement.counterpart_id.reconciled:
            self._reconcile([movement.counterpart_id | targets])
        self._judge_payment(None, movement, invoices, [])

    def _apply_credit(self, order, invoices):
        """Match what vouchers and store credit paid or took back, and what cancelled documents left open."""
        steps = order.step_ids.filtered(lambda step: step.line_id and not step.line_id.reconciled)
        paid = steps.filtered(lambda step: step.type != "refund").line_id
        back = steps.filtered(lambda step: step.type == "refund").line_id
        # A refund of which no money is sent back is one half of an exchange.
        events = order.step_ids.filtered(
            lambda step: (
                step.kind in ("fulfilment", "edit")
                or (step.kind == "refund" and not (step.facts or {}).get("paid_back"))
            )
        )
        taken_back = self._open_lines(
            events.move_ids.filtered(lambda move: move.move_type == "out_refund"), order.currency_id
        )
        self._match_lines(paid | taken_back, self._open_lines(invoices, order.currency_id))
        notes = order._documents().filtered(lambda move: move.move_type == "out_refund")
        self._match_lines(back, self._open_lines(notes, order.currency_id))
        # What went back as credit before anything was handed over is no deposit any more.
        self._match_lines(back.filtered(lambda line: not line.reconciled), paid)

    def _match_lines(self, some, others):
        for account in some.account_id:
            lines = (some | others).filtered(
                lambda line, account=account: line.account_id == account and not line.reconciled
            )
            if lines.filtered(lambda line: line in some) and lines.filtered(lambda line: line in others):
                self._reconcile([lines])
