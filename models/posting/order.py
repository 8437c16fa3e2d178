# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
import functools
from datetime import timezone

from odoo import api, models

from ...engine import order_advance, order_progress
from ...engine.canonical_json import document_digest
from ...engine.errors import BusinessError, IntegrationError
from .work import Effect


class IntegrationPostingOrder(models.AbstractModel):
    """Orders of shops (O4): kept as they stand, so that fulfilments, refunds and money find them.

    An order is no revenue (policy F10). Only where an edit changes what is invoiced already, a document over the
    difference follows: an invoice over more, a credit note over less.
    """

    _name = "integration.posting.order"
    _inherit = "integration.posting"
    _description = "Posting rules: orders of shops"

    @api.model
    def _prepare(self, works):
        connection = works[0].connection
        documents = [work.documents[0] for work in works]
        lookups = {
            "orders": self.env["integration.shop.order"]._find(
                connection, [document.source.object_id for document in documents]
            ),
            "customers": self.env["integration.binding"]._find(
                connection,
                "customer",
                [document.customer.outside_id for document in documents if document.customer],
            ),
            "new_partners": {},
            "currency": functools.cache(self.env["integration.posting.invoice"]._currency),
        }
        for work in works:
            try:
                self._plan(work, work.documents[0], lookups)
            except IntegrationError as error:
                work.error = error

    def _plan(self, work, document, lookups):
        order = lookups["orders"].get(document.source.object_id)
        digest = document_digest(document)
        if order and order.content_digest == digest:
            work.outcome = "duplicate"
            return
        currency = lookups["currency"](document.currency)
        known = order._lines() if order else []
        lines = order_progress.lines_of(document, known)
        wanted, parts = [], ([], [])
        if order and order.invoiced:
            *parts, lines = order_progress.corrections(lines, document.currency)
        deducted, lines = order_advance.deduct(lines, parts[0])
        # What is advanced of something that will not come any more goes back.
        back, lines = order_advance.excess(lines)
        if order:
            wanted = self._corrections(work, document, order, *parts, deducted, back)
        poster = self.env["integration.posting.order_document"]
        booking = order.booking if order else self._booking_of(work.connection, document)
        partner = (order and order.partner_id) or poster._customer_of(
            work.connection, work, document, lookups, nameless=booking == "daily"
        )
        work.plan = {
            "order": order or self.env["integration.shop.order"],
            "values": self._values(work, document, partner, currency, digest) | {"booking": booking},
            "lines": lines,
            "parts": (*parts, back),
            "documents": poster._planned(work, wanted if booking == "each" else []),
        }

    def _booking_of(self, connection, document):
        return self.env["integration.posting.order_summary"]._booking_of(connection, document)

    def _corrections(self, work, document, order, more, less, deducted, back):
        """Return the documents over what an edit changed of what is invoiced."""
        if not (more or less or back):
            return []
        number = len(order.step_ids.filtered(lambda step: step.kind == "edit")) + 1
        day = self._event_date(work.connection, work.envelope.occurred_at or document.occurred_at)
        common = {"order": order, "day": day}
        wanted = []
        if more:
            wanted.append(
                common
                | {
                    "key": f"edit:{document.source.object_id}:{number}",
                    "number": f"{document.number}.E{number}",
                    "document_type": "invoice",
                    "parts": [*more, *order_advance.turned(deducted)],
                }
            )
        if less:
            wanted.append(
                common
                | {
                    "key": f"edit:{document.source.object_id}:{number}:less",
                    "number": f"{document.number}.E{number}C",
                    "document_type": "credit_note",
                    "parts": less,
                    "credited": order._final_invoices()[-1:],
                }
            )
        if back:
            wanted.append(
                common
                | {
                    "key": f"edit:{document.source.object_id}:{number}:advance",
                    "number": f"{document.number}.E{number}A",
                    "document_type": "credit_note",
                    "parts": back,
                    "credited": order._advances()[:1],
                }
            )
        return wanted

    def _values(self, work, document, partner, currency, digest):
        return {
            "connection_id": work.connection.id,
            "outside_id": document.source.object_id,
            "number": document.number,
            "ordered_at": naive(document.occurred_at),
            "partner_id": partner.commercial_partner_id.id,
            "currency_id": currency.id,
            "taxes_included": document.taxes_included,
            "state": document.status,
            "payment_status": document.payment_status,
            "fulfilment_status": document.fulfilment_status,
            "paid_with": ", ".join(document.paid_with) or False,
            "channel": document.channel,
            "tax_country": document.tax_country,
            "amount_net": float(document.total_net),
            "amount_tax": float(document.total_tax),
            "amount_total": float(document.total_gross),
            "content_digest": digest,
            "message_id": work.message_id,
        }

    # -- writing -------------------------------------------------------------------------------------------

    @api.model
    def _apply(self, works):
        Order = self.env["integration.shop.order"]
        new = [work for work in works if not work.plan["order"]]
        for work, order in zip(new, Order.create([work.plan["values"] for work in new]), strict=True):
            work.plan["order"] = order
        orders = Order.union(*(work.plan["order"] for work in works))
        subs = [sub for work in works for sub in work.plan["documents"] if sub.plan]
        if subs:
            self.env["integration.posting.order_document"]._apply(subs)
        for work in works:
            order = work.plan["order"]
            if work not in new:
                order.write(work.plan["values"])
            self._bind(work, order, is_new=work in new)
            self._keep_edit(work, order)
            work.effects.append(Effect(f"order:{order.outside_id}:{work.message_id}", order._name, order.id))
        self.env["integration.posting.application"]._orders_changed(orders)

    def _bind(self, work, order, is_new):
        """Make the order and its new lines known: that lets go what has waited for them."""
        Binding = self.env["integration.binding"]
        created = order._keep_lines(work.plan["lines"])
        if is_new:
            Binding._bind(
                work.connection,
                "order",
                [(order.outside_id, order, work.envelope.version, order.content_digest)],
            )
        Binding._bind(
            work.connection,
            "order_line",
            [(line_key(order.outside_id, line.outside_id), line, 0, None) for line in created],
        )
        if not is_new:
            values = [line_key(order.outside_id, line.outside_id) for line in order.line_ids]
            # More of a line may have been ordered than before: what waited for that goes on.
            Binding._let_go_again(work.connection, "order_line", values)

    def _keep_edit(self, work, order):
        subs, (more, less, back) = work.plan["documents"], work.plan["parts"]
        if not more and not less and not back:
            work.note = self.env._("Kept; revenue follows what is handed over.")
            return
        moves = self.env["integration.posting.order_document"]._take_over(work, subs)
        number = len(order.step_ids.filtered(lambda step: step.kind == "edit")) + 1
        waits = {}
        if order.booking == "daily":
            day = self._event_date(
                work.connection, work.envelope.occurred_at or work.documents[0].occurred_at
            )
            waits = self.env["integration.posting.order_summary"]._items({}, day, more, less)
        self.env["integration.shop.step"].create(
            {
                "order_id": order.id,
                "kind": "edit",
                "outside_id": f"{order.outside_id}:{number}",
                "occurred_at": naive(work.envelope.occurred_at or work.documents[0].occurred_at),
                "amount": float(order_progress.total(more) - order_progress.total(less)),
                "move_ids": [(6, 0, moves.ids)],
                "message_id": work.message_id,
                **waits,
            }
        )


class IntegrationPostingOrderPart(models.AbstractModel):
    """What the rules for fulfilments, refunds and payments of orders share: each waits for its order."""

    _name = "integration.posting.order_part"
    _inherit = "integration.posting"
    _description = "Posting rules: parts of orders"

    @api.model
    def _prepare(self, works):
        orders = self.env["integration.shop.order"]._find(
            works[0].connection, [work.documents[0].order for work in works]
        )
        known = self.env["integration.shop.step"]._find(
            works[0].connection, self._step_kind(), [work.documents[0].source.object_id for work in works]
        )
        # Of several events of one order in a batch each rests on what those before it leave.
        progress = {}
        for work in works:
            document = work.documents[0]
            try:
                order = orders.get(document.order)
                if order is None:
                    if self.env["integration.shop.order"]._is_from_before(work.connection, document.order):
                        self._of_before(work, document)
                        continue
                    self._wait_for(work, "order", document.order)
                lines = progress.get(order.id) or order._lines()
                self._plan(work, document, order, known.get(document.source.object_id), lines)
            except IntegrationError as error:
                work.error = error
            else:
                if work.open and "lines" in work.plan:
                    progress[order.id] = work.plan["lines"]

    def _of_before(self, work, document):
        """What happens now to an order of before the start books nothing: a person knows how that order was booked.

        :raises BusinessError: ``order_before_start``, always; here, and where money owed for vouchers moves.
        """
        raise BusinessError(
            "order_before_start",
            document.source.object_id,
            params={"number": getattr(document, "order_number", None) or document.order},
        )

    def _step_kind(self):
        """Return the kind of the steps that this makes, as ``integration.shop.step`` has it."""
        raise NotImplementedError

    def _plan(self, work, document, order, step, lines):
        """Decide one event.

        :param step: what is known of it, or None.
        :param lines: the order's lines as they are then.
        """
        raise NotImplementedError

    def _check_currency(self, document, order):
        """Refuse what is stated in another currency than the order: nothing is converted here.

        :raises BusinessError: ``order_currency_differs``.
        """
        if document.currency != order.currency_id.name:
            raise BusinessError(
                "order_currency_differs",
                document.source.object_id,
                params={
                    "number": order.number,
                    "currency": order.currency_id.name,
                    "stated": document.currency,
                },
            )

    def _line_unknown(self, work, order, line_id):
        """Let the event wait for a version of the order that has this line, or so much of it.

        :raises MissingReferenceError: ``parent_missing``, always.
        """
        self._wait_for(work, "order_line", line_key(order.outside_id, line_id))

    def _step_values(self, work, order, **values):
        document = work.documents[0]
        return {
            "order_id": order.id,
            "kind": self._step_kind(),
            "outside_id": document.source.object_id,
            "occurred_at": naive(document.occurred_at),
            "version": work.envelope.version or 0,
            "content_digest": document_digest(document),
            "message_id": work.message_id,
            **values,
        }

    def _keep_step(self, work, order, step, **values):
        values = self._step_values(work, order, **values)
        if step:
            step.write(values)
            return step
        return self.env["integration.shop.step"].create(values)


def naive(instant):
    """Return a UTC-aware instant as Odoo keeps it."""
    return instant.astimezone(timezone.utc).replace(tzinfo=None)


def line_key(order, line):
    """Return under which id a line of an order is bound."""
    return f"{order} {line}"[:255]
