# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from decimal import Decimal

from odoo import api, models
from odoo.fields import Command

from ...engine import order_advance, order_progress
from ...engine.errors import MissingReferenceError
from ...engine.order_gateway import COVERED_BY, PAID_TO_THE_BANK, SHOP_CREDIT, TAKES, gateway_key
from .work import Effect, Finding

# What a gateway did that brings money of a customer in.
RECEIVED = frozenset({"sale", "capture"})


class IntegrationPostingOrderPayment(models.AbstractModel):
    """Transactions of gateways for orders (O6): they link. The money is the gateway's to tell (policy F7).

    Gift cards and store credit are kept by the shop itself: using them is a payment by what we owe, an entry on the
    receivable account; giving them back is the opposite.
    """

    _name = "integration.posting.order_payment"
    _inherit = "integration.posting.order_part"
    _description = "Posting rules: payments of orders"

    def _step_kind(self):
        return "payment"

    def _plan(self, work, document, order, step, lines):
        if step and (step.version > (work.envelope.version or 0) or step.state == document.status):
            work.outcome = "duplicate"
            return
        gateway = gateway_key(document.gateway)
        moved = document.status == "success" and document.type in TAKES
        work.plan = {"order": order, "step": step, "entry": None}
        if moved and gateway in SHOP_CREDIT and document.amount:
            self._check_currency(document, order)
            work.plan["entry"] = self._entry(work, document, order, SHOP_CREDIT[gateway])
        elif moved:
            self._plan_advance(work, document, order, lines)
        if moved and gateway not in SHOP_CREDIT and not self._is_covered(work.connection, gateway):
            work.plan["met"] = True

    def _of_before(self, work, document):
        """A transaction of a gateway links; only what vouchers and store credit pay would have been booked."""
        moved = document.status == "success" and document.type in TAKES
        if moved and gateway_key(document.gateway) in SHOP_CREDIT and document.amount:
            return super()._of_before(work, document)
        work.kept_as = work.outcome = "before_start"
        work.note = self.env._("Of an order of before the start; the gateway's own ledger tells the money.")
        return None

    def _plan_advance(self, work, document, order, lines):
        """Plan the advance invoice over a payment for what is still to be handed over, where VAT falls due with it."""
        if (
            document.type not in RECEIVED
            or not order._bears_vat_when_paid()
            or not order_advance.is_due(lines)
        ):
            return
        self._check_currency(document, order)
        amount = order_advance.prepaid(lines, self._paid_before(order, document), document.amount)
        parts, lines = order_advance.advance(lines, amount, order.currency_id.name)
        if not parts:
            return
        wanted = {
            "order": order,
            "key": f"advance:{document.source.object_id}",
            "number": f"{order.number}-A{document.source.object_id}",
            "document_type": "invoice",
            "day": self._event_date(work.connection, document.occurred_at),
            "parts": parts,
        }
        work.plan |= {
            "lines": lines,
            "advanced": parts,
            "documents": self.env["integration.posting.order_document"]._planned(work, [wanted]),
        }

    def _paid_before(self, order, document):
        """Return what other transactions of an order took, less what they gave back, as the shop tells them."""
        steps = order.step_ids.filtered(
            lambda step: (
                step.kind == "payment"
                and step.state == "success"
                and step.type in TAKES
                and step.outside_id != document.source.object_id
            )
        )
        exact = order.currency_id._integration_exact
        return sum(
            (exact(-step.amount if step.type == "refund" else step.amount) for step in steps), Decimal(0)
        )

    def _is_covered(self, connection, gateway):
        """Whether the money of a gateway comes into the books by another way: its own ledger, or the bank."""
        if gateway in PAID_TO_THE_BANK:
            return True
        connector = COVERED_BY.get(gateway)
        if connector == connection.connector:
            return bool(connection.balance_account_ids)
        return bool(connector) and bool(
            self.env["integration.connection"].search_count(
                [
                    ("company_id", "=", connection.company_id.id),
                    ("connector", "=", connector),
                    ("state", "=", "active"),
                ],
                limit=1,
            )
        )

    def _entry(self, work, document, order, role):
        """Return the values of the entry: what we owe pays the customer's debt, or a refund makes us owe it again."""
        connection = work.connection
        journal = connection.entry_journal_id
        if not journal:
            raise MissingReferenceError("journal_missing", params={"purpose": self.env._("journal entries")})
        account_id = self.env["integration.role.account"]._resolver(connection)(role)
        company = connection.company_id
        wanted = self._event_date(connection, document.occurred_at)
        date = self._first_open_day(company, journal, wanted)
        self._check_late(work, wanted, date)
        amount = float(document.amount) * (-1 if document.type == "refund" else 1)
        balance = order.currency_id._convert(amount, company.currency_id, company, wanted)
        partner = order.partner_id
        common = {
            "currency_id": order.currency_id.id,
            "partner_id": partner.id,
            "name": f"{order.number} {document.gateway}",
        }
        lines = (
            (account_id, balance, amount),
            (partner.property_account_receivable_id.id, -balance, -amount),
        )
        return {
            "move_type": "entry",
            "journal_id": journal.id,
            "date": date,
            "ref": f"{order.number} {document.source.object_id}",
            "integration_connection_id": connection.id,
            "integration_source_id": document.source.object_id,
            "integration_event_date": wanted,
            "integration_correlation_id": work.row["correlation_id"],
            "line_ids": [
                Command.create(
                    {**common, "account_id": account, "balance": balance, "amount_currency": amount}
                )
                for account, balance, amount in lines
            ],
        }

    # -- writing -------------------------------------------------------------------------------------------

    @api.model
    def _apply(self, works):
        paid = [work for work in works if work.plan["entry"]]
        moves = (
            self.env["account.move"]
            .with_context(validate_analytic=True)
            .create([work.plan["entry"] for work in paid])
        )
        if moves:
            moves._with_shared_numbers()._post(soft=False)
            self._check_kept(
                moves,
                {move.id: work.plan["entry"]["date"] for work, move in zip(paid, moves, strict=True)},
            )
        subs = [sub for work in works for sub in work.plan.get("documents", ()) if sub.plan]
        if subs:
            self.env["integration.posting.order_document"]._apply(subs)
        by_work = {work.message_id: move for work, move in zip(paid, moves, strict=True)}
        for work in works:
            self._keep(work, by_work.get(work.message_id))
        orders = self.env["integration.shop.order"].union(*(work.plan["order"] for work in works))
        self.env["integration.posting.application"]._orders_changed(orders)

    def _keep(self, work, move):
        document, order = work.documents[0], work.plan["order"]
        values = {}
        if move:
            receivable = order.partner_id.property_account_receivable_id
            line = move.line_ids.filtered(lambda row: row.account_id == receivable)
            values = {"move_ids": [(6, 0, move.ids)], "line_id": line.id}
            work.effects.append(Effect(f"shop_credit:{document.source.object_id}", "account.move", move.id))
            self._tell_late(work, move)
        else:
            work.note = self.env._("Noted; the gateway's own ledger tells the money.")
        step = self._keep_step(
            work,
            order,
            work.plan["step"],
            state=document.status,
            type=document.type,
            gateway=document.gateway,
            amount=float(document.amount),
            provider_reference=document.provider_reference,
            **values,
        )
        work.effects.append(Effect(f"order_payment:{step.outside_id}:{work.message_id}", step._name, step.id))
        if work.plan.get("met"):
            self._meet_gateway(work, document)
        if work.plan.get("documents"):
            self._keep_advance(work, document, order)

    def _meet_gateway(self, work, document):
        """Remember a gateway whose money nobody tells; a person is asked about it until it is said, once for all."""
        gateway = self.env["integration.shop.gateway"]._met(work.connection, document.gateway)
        if gateway.way == "unknown":
            work.findings.append(
                Finding("gateway_not_covered", {"gateway": gateway.name}, cause=f"gateway {gateway.key}")
            )

    def _keep_advance(self, work, document, order):
        parts = work.plan["advanced"]
        moves = self.env["integration.posting.order_document"]._take_over(work, work.plan["documents"])
        order._keep_lines(work.plan["lines"])
        values = self._step_values(
            work,
            order,
            kind="advance",
            state=document.status,
            amount=float(order_progress.total(parts)),
            facts={"advanced": order_progress.booked(parts)},
            move_ids=[(6, 0, moves.ids)],
        )
        self.env["integration.shop.step"].create(values)
        work.note = self.env._(
            "Tax falls due with this payment: an advance invoice, which final invoices deduct."
        )

    def _tell_late(self, work, move):
        wanted = move.integration_event_date
        if move.date != wanted:
            work.findings.append(
                Finding(
                    "late_document",
                    {"number": move.ref, "date": str(wanted), "booked_on": str(move.date)},
                    cause=f"order_payment {move.integration_source_id}",
                )
            )
