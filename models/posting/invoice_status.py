# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
from odoo import api, models

from ...engine.errors import BusinessError, IntegrationError
from ...engine.sentence_values import Money
from ..messaging.error_words import money_words
from .application import MAX_WAITING
from .work import Effect, Finding

# Bindings from what pays an invoice to the invoice.
PAYMENT_KIND = "invoice_payment"
# A payment that pays several invoices has as many bindings; more than these are for a person.
MAX_INVOICES_OF_PAYMENT = 10


class IntegrationPostingInvoiceStatus(models.AbstractModel):
    """What became of an invoice at its billing system: links what belongs together and tells people; books nothing.

    The money of an invoice comes as a movement of its processor (policy F7). Whichever of movement, invoice and this
    link comes last finds the other two.
    """

    _name = "integration.posting.invoice_status"
    _inherit = "integration.posting"
    _description = "Posting rules: what became of invoices"

    @api.model
    def _prepare(self, works):
        connection = works[0].connection
        documents = [work.documents[0] for work in works]
        lookups = {
            "bound": self.env["integration.binding"]._find(
                connection, "invoice", [document.invoice for document in documents]
            ),
            "paid": self._payments_known(connection, [document.payment for document in documents]),
        }
        for work in works:
            try:
                work.plan = self._plan(work, work.documents[0], lookups)
            except IntegrationError as error:
                work.error = error

    def _plan(self, work, document, lookups):
        if document.state == "linked":
            return self._plan_link(work, document, lookups["bound"].get(document.invoice))
        invoice = self._invoice(lookups["bound"].get(document.invoice))
        if not invoice:
            self._wait_for(work, "invoice", document.invoice)
        if document.state != "paid":
            return {"invoice": invoice}
        known = lookups["paid"].setdefault(document.payment, {})
        if invoice.id in known.values():
            work.outcome = "duplicate"
            return None
        free = [key for key in _keys(document.payment) if key not in known]
        if not free:
            raise BusinessError(
                "billing_payment_split",
                document.payment,
                params={
                    "payment": document.payment,
                    "count": MAX_INVOICES_OF_PAYMENT,
                    "invoice": document.number or document.invoice,
                },
            )
        known[free[0]] = invoice.id
        return {"invoice": invoice, "kind": PAYMENT_KIND, "key": free[0]}

    def _plan_link(self, work, document, binding):
        """Plan to let the outside invoice stand for the one of Odoo that it names."""
        if binding:
            work.outcome = "duplicate"
            return None
        application = self.env["integration.posting.application"]
        values = [reference.value for reference in document.references]
        found, unknown = application._pick(application._invoices_by_value(work.connection, values), values)
        if len(found) > 1:
            raise BusinessError(
                "billing_invoice_unlinked",
                str(found.ids),
                params={"number": document.number or document.invoice},
            )
        if not found:
            self._wait_for(work, "invoice", unknown[0])
        return {"invoice": found, "kind": "invoice", "key": document.invoice}

    def _invoice(self, binding):
        move = binding and self.env["account.move"].browse(binding.res_id).exists()
        return move or self.env["account.move"]

    @api.model
    def _payments_known(self, connection, payments):
        """Return {payment: {key of a binding: invoice id}} for what is known to pay invoices."""
        keys = {key: payment for payment in payments if payment for key in _keys(payment)}
        table = {}
        for key, binding in (
            self.env["integration.binding"]._find(connection, PAYMENT_KIND, list(keys)).items()
        ):
            table.setdefault(keys[key], {})[key] = binding.res_id
        return table

    @api.model
    def _apply(self, works):
        connection = works[0].connection
        rows = {}
        for work in works:
            plan = work.plan
            if "key" in plan:
                rows.setdefault(plan["kind"], []).append((plan["key"], plan["invoice"], None, None))
            self._say(work, work.documents[0], plan["invoice"])
            document = work.documents[0]
            work.effects.append(
                Effect(
                    f"invoice_status:{document.state}:{document.source.object_id}:{work.message_id}"[:255],
                    "account.move",
                    plan["invoice"].id,
                )
            )
        for kind, bound in rows.items():
            self.env["integration.binding"]._bind(connection, kind, bound)
        self._apply_waiting(connection, [work for work in works if "key" in work.plan])

    def _say(self, work, document, invoice):
        """Tell people what became of an invoice: a note, an event that goes on, an exception."""
        money = document.amount
        amount = money and money_words(self.env, Money(money.value, money.currency, str(money.value)))
        if document.state == "payment_failed":
            invoice.message_post(
                body=self.env._(
                    "%(system)s could not collect %(amount)s.",
                    system=work.connection.name,
                    amount=amount or "",
                )
            )
            self.env["integration.event"]._publish_collection_failed(work.connection, document, invoice)
        elif document.state == "uncollectible":
            work.findings.append(
                Finding(
                    "invoice_uncollectible",
                    {
                        "customer": invoice.partner_id.display_name,
                        "number": invoice._integration_number(),
                        "amount": f"{invoice.amount_residual:.{invoice.currency_id.decimal_places}f} "
                        f"{invoice.currency_id.name}",
                    },
                    cause=f"uncollectible {document.invoice}",
                )
            )

    def _apply_waiting(self, connection, works):
        """Apply money that was booked before it was known what it pays."""
        values = {work.documents[0].payment or work.documents[0].invoice for work in works}
        if not values:
            return
        movements = self.env["integration.movement"].search(
            [
                ("connection_id", "=", connection.id),
                ("application", "in", ("open", "unidentified", "partly")),
                ("type", "=", "payment"),
                "|",
                ("reference_ids.value", "in", list(values)),
                ("movement_id", "in", list(values)),
            ],
            limit=MAX_WAITING,
        )
        for movement in movements:
            self.env["integration.posting.application"]._apply_again(movement)


def _keys(payment):
    """Return the keys under which a payment is bound to the invoices that it pays, the first one first."""
    return [payment[:250], *(f"{payment[:250]}#{place}" for place in range(2, MAX_INVOICES_OF_PAYMENT + 1))]
