# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The invoices and credit notes that follow from what happened to an order of a shop (policy F8, F10, F26)."""

import dataclasses
from decimal import Decimal

from odoo import api, models

from ...engine.canonical import PartyRef, Source
from ...engine.canonical.invoice import Invoice, InvoiceLine, LineTax
from ...engine.errors import MissingReferenceError
from ...engine.money import is_exact, minor_units
from ...engine.order_advance import ADVANCE
from .invoice import ROLE

# Of what is sold: the account's role by the kind of the line. Others go to the product's account, or the journal's.
SOLD_ON = {
    "gift_card": "GIFT",
    "shipping": "SHIP",
    "tip": "TIPS",
    "duty": "DUTY",
    "rounding": "RND",
    ADVANCE: "CUSTDEP",
}
GIVEN_BACK_ON = SOLD_ON | {"product": "RET", "discrepancy": "RET"}
ORDERS, SHOP = "integration_orders", "integration_shop"


class IntegrationPostingOrderDocument(models.AbstractModel):
    """Books documents of orders by the rules for invoices, under the shop's amounts: they are facts, to the cent.

    Neither a shop nor this rule issues a legal document of its own; who has to give one to the customer decides the
    company. The customer, the accounts of roles and the credited invoice are known from the order.
    """

    _name = "integration.posting.order_document"
    _inherit = "integration.posting.invoice"
    _description = "Posting rules: documents of orders"

    # -- making the document -------------------------------------------------------------------------------

    @api.model
    def _planned(self, work, wanted):
        """Return works for the documents that follow from one event of an order, decided but not written.

        :param wanted: list of dicts with order, key, number, document_type, day, parts; of a credit note also credited.
        :raises IntegrationError: the first thing that stops one of them.
        """
        subs = [self._sub(work, each) for each in wanted]
        if not subs:
            return []
        facts = {
            each["key"]: (each["order"].partner_id.id, each.get("credited", self.env["account.move"]).id)
            for each in wanted
        }
        self.with_context(**{ORDERS: facts, SHOP: work.connection.id})._prepare(subs)
        for sub in subs:
            if sub.error:
                raise sub.error
        return subs

    def _sub(self, work, wanted):
        """Return the work of one document: the event's own row, another document."""
        return dataclasses.replace(
            work,
            documents=[self._document(work, **wanted)],
            kind="invoice",
            plan=None,
            error=None,
            outcome="done",
            note="",
            effects=[],
            findings=[],
        )

    def _document(self, work, order, key, number, document_type, day, parts, credited=None):
        lines = tuple(self._document_line(document_type, part, order) for part in parts)
        net = sum((line.net_amount for line in lines), Decimal(0))
        tax = sum((each.amount for line in lines for each in line.taxes), Decimal(0))
        memo = self._memo(order, parts) if document_type == "invoice" else None
        return Invoice(
            source=Source(system=work.documents[0].source.system, object_id=key),
            occurred_at=work.documents[0].occurred_at,
            document_type=document_type,
            issuer="source",
            number=number,
            issue_date=day,
            due_date=day,
            currency=order.currency_id.name,
            customer=PartyRef(outside_id=str(order.id)),
            lines=lines,
            total_net=net,
            total_tax=tax,
            total_gross=net + tax,
            reference=order.number,
            note=memo,
        )

    def _document_line(self, document_type, part, order):
        """Return a line whose quantity times price is exactly its amount; where no price does that, a single one."""
        amount = part.amount
        decimals = minor_units(order.currency_id.name)
        price = amount.net / amount.quantity if amount.quantity else amount.net
        divides = amount.quantity and price * amount.quantity == amount.net and is_exact(price, decimals)
        role = (SOLD_ON if document_type == "invoice" else GIVEN_BACK_ON).get(part.kind)
        description = part.description
        if part.kind == ADVANCE:
            description = self._advance_description(document_type, part)
        if not divides and amount.quantity != 1:
            description = f"{amount.quantity:f} × {description}"[:1000]
        return InvoiceLine(
            line_id=part.line_id or None,
            description=description,
            quantity=amount.quantity if divides else Decimal(1),
            # A single price for all of it counts no unit.
            unit=part.unit if divides else None,
            unit_price=price if divides else amount.net,
            product=part.product,
            account=f"{ROLE}{role}" if role else None,
            net_amount=amount.net,
            taxes=tuple(LineTax(code=code, amount=tax) for code, tax in amount.taxes.items()),
        )

    def _advance_description(self, document_type, part):
        if document_type == "invoice" and part.amount.net + part.amount.tax < 0:
            return self.env._("Less advance invoice: %s", part.description)[:1000]
        return self.env._("Paid in advance: %s", part.description)[:1000]

    def _memo(self, order, parts):
        """Name what the sales channel collects and owes itself: it is none of our taxes (policy F9)."""
        ids = {part.line_id for part in parts}
        lines = [line for line in order._lines() if line.line_id in ids]
        total = sum(sum(line.memo.values()) for line in lines)
        if not total:
            return None
        return self.env._(
            "The sales channel owes these taxes of the order itself: %(amount)s %(currency)s.",
            amount=f"{total:f}",
            currency=order.currency_id.name,
        )

    # -- by the order, not by the document -----------------------------------------------------------------

    def _facts_of(self, document):
        """Return (id of the customer, id of the credited invoice) of a document of an order; None = it is none."""
        return (self.env.context.get(ORDERS) or {}).get(document.source.object_id)

    def _partner(self, work, document, lookups):
        facts = self._facts_of(document)
        if facts is None:
            return super()._partner(work, document, lookups)
        return self.env["res.partner"].browse(facts[0])

    def _credited(self, work, document, bound):
        return self.env["account.move"].browse(self._facts_of(document)[1] or [])

    def _line_parts(self, line, resolve):
        if not (line.account or "").startswith(ROLE):
            return super()._line_parts(line, resolve)

        connection = self.env["integration.connection"].browse(self.env.context[SHOP])

        def resolve_role(mapping, code):
            if mapping != "account":
                return resolve(mapping, code)
            role = code.removeprefix(ROLE)
            account_id = self.env["integration.role.account"]._resolver(connection)(role)
            return self.env["account.account"].browse(account_id)

        return super()._line_parts(line, resolve_role)

    # -- the order itself ----------------------------------------------------------------------------------

    @api.model
    def _customer_of(self, connection, work, document, lookups, nameless=False):
        """Return the customer of an order; a sale that names nobody belongs to the connection's nameless one.

        :param nameless: whoever bought, it is booked together with others.

        :raises MissingReferenceError: ``partner_unknown`` and what the rules for customers raise.
        """
        party = document.customer
        if nameless or party is None or not (party.outside_id or party.name or party.email):
            return self._nameless(connection, document)
        try:
            return self._partner(work, document, lookups)
        except MissingReferenceError as error:
            if error.code != "partner_unknown" or not connection.shop_guest_id:
                raise
            return connection.shop_guest_id

    def _nameless(self, connection, document):
        if not connection.shop_guest_id:
            raise MissingReferenceError("partner_unknown", document.number, params={"value": document.number})
        return connection.shop_guest_id

    @api.model
    def _take_over(self, work, subs):
        """Give the event of the order the effects and findings of its documents; returns their entries."""
        for sub in subs:
            work.effects += sub.effects
            work.findings += sub.findings
        ids = [effect.record_id for sub in subs for effect in sub.effects if effect.model == "account.move"]
        return self.env["account.move"].browse(ids)
