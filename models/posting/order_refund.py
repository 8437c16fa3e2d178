# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine import order_advance, order_progress
from ...engine.errors import BusinessError
from ...engine.money import check_exact
from ...engine.order_gateway import SHOP_CREDIT, gateway_key
from .order import line_key
from .work import Effect


class IntegrationPostingOrderRefund(models.AbstractModel):
    """Refunds of shops: a credit note over what was revenue; what was not handed over is a deposit that goes back.

    The money itself is told by the gateway's ledger (policy F7) and finds the credit note, or the deposit.
    """

    _name = "integration.posting.order_refund"
    _inherit = "integration.posting.order_part"
    _description = "Posting rules: refunds of orders"

    def _step_kind(self):
        return "refund"

    def _plan(self, work, document, order, step, lines):
        if step:
            if step.content_digest != order_progress.told_key(document):
                raise BusinessError(
                    "document_changed",
                    step.outside_id,
                    params={"number": f"{order.number}-R{step.outside_id}"},
                )
            work.outcome = "duplicate"
            return
        if document.currency is not None:
            self._check_currency(document, order)
        for part in (*document.lines, *document.adjustments):
            for amount in (part.net_amount, part.tax_amount):
                check_exact(amount, order.currency_id.name)
        names = {line.line_id: line.description for line in lines}
        try:
            parts, lines = order_progress.refund(
                lines,
                document,
                order.currency_id.name,
                taxes_included=order.taxes_included,
                handed_over=order.fulfilment_status == "fulfilled",
            )
        except order_progress.NotOrderedError as error:
            self._line_unknown(work, order, error.args[0])
        except order_progress.NotHandedOverError as error:
            self._wait_for(work, "fulfilment", line_key(order.outside_id, error.args[0]))
        except order_progress.TooMuchRefundedError as error:
            raise BusinessError(
                "refund_exceeds_order",
                error.args[1],
                params={"number": order.number, "line": names.get(error.args[0], error.args[0])},
            ) from None
        except order_progress.TaxNotIncludedError as error:
            raise BusinessError(
                "refund_tax_unclear",
                error.args[0],
                params={"number": order.number, "line": names.get(error.args[0], error.args[0])},
            ) from None
        self._check_amount(document, order, lines, parts)
        day = self._event_date(work.connection, document.occurred_at)
        # What was invoiced in advance and is not going to be handed over is taken back.
        advanced, lines = order_advance.excess(lines)
        wanted = [self._note(document, order, parts, day)] if parts and order.booking == "each" else []
        wanted += [self._advance_note(document, order, advanced, day)] if advanced else []
        work.plan = {
            "order": order,
            "lines": lines,
            "parts": parts,
            "day": day,
            "documents": self.env["integration.posting.order_document"]._planned(work, wanted),
        }

    def _check_amount(self, document, order, lines, parts):
        """Refuse a credit of more than is invoiced and not credited yet, and one of less than nothing.

        :raises BusinessError: ``refund_exceeds_order``, ``refund_adds``.
        """
        amount = order_progress.total(parts)
        if amount < 0:
            raise BusinessError(
                "refund_adds",
                document.source.object_id,
                params={"number": order.number, "amount": f"{amount:f} {order.currency_id.name}"},
            )
        credited = sum(order.step_ids.filtered(lambda row: row.kind == "refund").mapped("amount"))
        left = float(sum(line.invoiced.net + line.invoiced.tax for line in lines)) - credited
        if order.currency_id.compare_amounts(float(amount), left) > 0:
            raise BusinessError(
                "refund_exceeds_order",
                f"{amount} of {left}",
                params={"number": order.number, "line": order.number},
            )

    def _note(self, document, order, parts, day):
        return {
            "order": order,
            "key": f"refund:{document.source.object_id}",
            "number": f"{order.number}-R{document.source.object_id}",
            "document_type": "credit_note",
            "day": day,
            "parts": parts,
            "credited": self._credited(order, order._final_invoices(), parts),
        }

    def _advance_note(self, document, order, parts, day):
        return {
            "order": order,
            "key": f"refund:{document.source.object_id}:advance",
            "number": f"{order.number}-R{document.source.object_id}A",
            "document_type": "credit_note",
            "day": day,
            "parts": parts,
            "credited": order._advances()[:1],
        }

    def _credited(self, order, invoices, parts):
        """Return the invoice that a credit note takes back: the newest with one of its lines, else the newest."""
        wanted = {part.line_id for part in parts} - {""}
        steps = order.step_ids.filtered(lambda step: step.kind == "fulfilment" and step.move_ids)
        for step in steps.sorted("id", reverse=True):
            moves = step.move_ids & invoices
            if moves and wanted & set((step.facts or {}).get("booked") or {}):
                return moves[:1]
        return invoices.sorted("id")[-1:]

    # -- writing -------------------------------------------------------------------------------------------

    @api.model
    def _apply(self, works):
        poster = self.env["integration.posting.order_document"]
        subs = [sub for work in works for sub in work.plan["documents"] if sub.plan]
        if subs:
            poster._apply(subs)
        orders = self.env["integration.shop.order"].union(*(work.plan["order"] for work in works))
        for work in works:
            order, document = work.plan["order"], work.documents[0]
            moves = poster._take_over(work, work.plan["documents"])
            order._keep_lines(work.plan["lines"])
            step = self._keep_step(
                work,
                order,
                None,
                amount=float(order_progress.total(work.plan["parts"])),
                move_ids=[(6, 0, moves.ids)],
                content_digest=order_progress.told_key(document),
                **self._kept_facts(work, document, order),
            )
            work.effects.append(Effect(f"order_refund:{step.outside_id}", step._name, step.id))
            if not work.plan["documents"] and not work.plan["parts"]:
                work.note = self.env._("Nothing of it was invoiced: the deposit goes back, no credit note.")
        self.env["integration.posting.application"]._orders_changed(orders)

    def _kept_facts(self, work, document, order):
        sent = sum(each.amount for each in document.paid_back if gateway_key(each.gateway) not in SHOP_CREDIT)
        facts = {
            "paid_back": [each.transaction_id for each in document.paid_back],
            # What a gateway's ledger is going to tell.
            "sent": f"{sent:f}" if sent else "0",
        }
        if order.booking == "each" or not work.plan["parts"]:
            return {"facts": facts}
        return self.env["integration.posting.order_summary"]._items(
            facts, work.plan["day"], back=work.plan["parts"]
        )
