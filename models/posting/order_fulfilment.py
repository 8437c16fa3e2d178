# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from decimal import Decimal

from odoo import api, models

from ...engine import order_advance, order_progress, order_summary
from ...engine.errors import BusinessError
from .order import line_key
from .work import Effect, Finding


class IntegrationPostingFulfilment(models.AbstractModel):
    """Fulfilments (O22): what is handed over becomes revenue, on that day, with an invoice of its own (policy F10).

    A fulfilment that is cancelled did not happen: its invoice is taken back. What was refunded of it before is not.
    """

    _name = "integration.posting.fulfilment"
    _inherit = "integration.posting.order_part"
    _description = "Posting rules: fulfilments of shops"

    def _step_kind(self):
        return "fulfilment"

    def _plan(self, work, document, order, step, lines):
        if step and (step.version > (work.envelope.version or 0) or step.state == document.status):
            self._is_known(work, document, step)
            return
        if document.status == "cancelled" and step and (step.facts or {}).get("booked"):
            self._plan_cancellation(work, document, order, step, lines)
        elif document.status == "success":
            self._plan_invoice(work, document, order, step, lines)
        else:
            work.plan = {"order": order, "step": step, "way": "note"}

    def _is_known(self, work, document, step):
        """What is told again changes nothing; what is invoiced with other quantities is for a person.

        :raises BusinessError: ``fulfilment_changed``.
        """
        facts = step.facts or {}
        same = facts.get("handed") == self._handed(document) or "booked" not in facts
        if step.version <= (work.envelope.version or 0) and document.status == "success" and not same:
            raise BusinessError(
                "fulfilment_changed", step.outside_id, params={"number": document.source.object_id}
            )
        work.outcome = "superseded" if step.version > (work.envelope.version or 0) else "duplicate"

    def _handed(self, document):
        return {line.line_id: f"{line.quantity:f}" for line in document.lines}

    def _plan_invoice(self, work, document, order, step, lines):
        handed = {}
        for line in document.lines:
            handed[line.line_id] = handed.get(line.line_id, 0) + line.quantity
        try:
            parts, lines = order_progress.fulfil(lines, handed, order.currency_id.name)
        except order_progress.NotOrderedError as error:
            self._line_unknown(work, order, error.args[0])
        deducted, lines = order_advance.deduct(lines, parts)
        wanted = [
            {
                "order": order,
                "key": f"fulfilment:{document.source.object_id}",
                "number": f"{order.number}.{document.counter or document.source.object_id}",
                "document_type": "invoice",
                "day": self._event_date(work.connection, document.occurred_at),
                "parts": [*parts, *order_advance.turned(deducted)],
            }
        ]
        work.plan = {
            "order": order,
            "step": step,
            "way": "invoice",
            "lines": lines,
            "parts": parts,
            "day": wanted[0]["day"],
            "facts": {
                "handed": self._handed(document),
                "booked": order_progress.booked(parts),
                **({"deducted": order_progress.booked(deducted)} if deducted else {}),
            },
            "documents": self.env["integration.posting.order_document"]._planned(
                work, wanted if parts and order.booking == "each" else []
            ),
        }

    def _plan_cancellation(self, work, document, order, step, lines):
        before = order_progress.undo(lines, step.facts["booked"])
        before = order_advance.restore(before, step.facts.get("deducted") or {})
        undone = {"order": order, "step": step, "lines": before}
        if order.booking == "daily":
            self._check_not_credited(order, step, lines)
            work.plan = undone | {"way": "uncount"}
            return
        move = step.move_ids.filtered(lambda row: row.move_type == "out_invoice")
        plan = self._plan_reversal(move, move.ref)
        if plan is None:
            work.outcome = "duplicate"
            return
        work.plan = undone | {"way": "cancel", "reversal": plan}

    def _check_not_credited(self, order, step, lines):
        """Refuse to take back what a refund has taken back already.

        :raises BusinessError: ``cancellation_impossible``.
        """
        for line in lines:
            booked = step.facts["booked"].get(line.line_id)
            left = line.invoiced.quantity - line.credited.quantity
            if booked and Decimal(booked.get("quantity", "0")) > left:
                raise self._impossible(order.number, "a part of it is credited already")

    # -- writing -------------------------------------------------------------------------------------------

    @api.model
    def _apply(self, works):
        subs = [sub for work in works for sub in work.plan.get("documents", ()) if sub.plan]
        if subs:
            self.env["integration.posting.order_document"]._apply(subs)
        cancelled = [work for work in works if work.plan["way"] == "cancel"]
        if cancelled:
            values = [{"integration_correlation_id": work.row["correlation_id"]} for work in cancelled]
            reversals = self._reverse([work.plan["reversal"] for work in cancelled], values)
            for work, reversal in zip(cancelled, reversals, strict=True):
                work.plan["moves"] = reversal
        orders = self.env["integration.shop.order"].union(*(work.plan["order"] for work in works))
        for work in works:
            getattr(self, f"_keep_{work.plan['way']}")(work, work.documents[0], work.plan["order"])
        self.env["integration.posting.application"]._orders_changed(orders)

    def _keep_note(self, work, document, order):
        step = self._keep_step(work, order, work.plan["step"], state=document.status)
        work.effects.append(Effect(f"fulfilment:{step.outside_id}:{work.message_id}", step._name, step.id))
        work.note = self.env._("Nothing was handed over; nothing is booked.")

    def _let_refunds_go(self, work, document, order):
        """What came back before it was told that it had left goes on."""
        keys = [line_key(order.outside_id, line.line_id) for line in document.lines]
        self.env["integration.binding"]._let_waiting_go(work.connection, "fulfilment", keys)

    def _keep_invoice(self, work, document, order):
        poster = self.env["integration.posting.order_document"]
        moves = poster._take_over(work, work.plan["documents"])
        order._keep_lines(work.plan["lines"])
        step = self._keep_step(
            work,
            order,
            work.plan["step"],
            state=document.status,
            amount=float(order_progress.total(work.plan["parts"])),
            **self._kept_facts(work, order),
            move_ids=[(6, 0, moves.ids)],
        )
        self._let_refunds_go(work, document, order)
        work.effects.append(Effect(f"fulfilment:{step.outside_id}:{work.message_id}", step._name, step.id))

    def _kept_facts(self, work, order):
        facts = work.plan["facts"]
        if order.booking == "each":
            return {"facts": facts}
        work.note = self.env._("Booked with the other sales of its day.")
        return self.env["integration.posting.order_summary"]._items(
            facts, work.plan["day"], work.plan["parts"]
        )

    def _keep_uncount(self, work, document, order):
        """Take a fulfilment out of its day's summary, or out of the next one where that is booked."""
        order._keep_lines(work.plan["lines"])
        step = work.plan["step"]
        values = {
            "order_id": order.id,
            "kind": "edit",
            "outside_id": f"{step.outside_id}:cancelled",
            "occurred_at": step.occurred_at,
            "state": document.status,
            "amount": -step.amount,
            "facts": {"items": order_summary.turned(step.facts.get("items") or ())},
            "summary_day": step.summary_day,
            "to_summarise": True,
            "message_id": work.message_id,
        }
        undone = self.env["integration.shop.step"].create(values)
        step.write({"state": document.status, "version": work.envelope.version or 0})
        work.effects.append(Effect(f"cancellation:fulfilment:{step.outside_id}", undone._name, undone.id))

    def _keep_cancel(self, work, document, order):
        reversal = work.plan["moves"]
        order._keep_lines(work.plan["lines"])
        step = work.plan["step"]
        self._keep_step(work, order, step, state=document.status, move_ids=[(4, reversal.id)], amount=0.0)
        work.effects.append(Effect(f"cancellation:fulfilment:{step.outside_id}", "account.move", reversal.id))
        origin = reversal.reversed_entry_id
        if reversal.date != origin.date:
            work.findings.append(
                Finding(
                    "late_document",
                    {"number": origin.ref, "date": str(origin.date), "booked_on": str(reversal.date)},
                    cause=f"cancellation {step.outside_id}",
                )
            )
