# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The business events that the hub knows (E12): what each means, in an accountant's words, as data.

Each event is a canonical document with a published schema in ``contracts/``. Who wants to hear it is configured by
subscriptions, what follows from it by rules.
"""

from __future__ import annotations

import dataclasses

from .error_catalogue.base import _


@dataclasses.dataclass(frozen=True)
class EventInfo:
    """One kind of business event.

    ``wire_name``   its type on the wire.
    ``label``       in lists.
    ``phrase``      in a sentence: "When <phrase> …".
    ``told``        when it is told, for whoever decides what to subscribe to.
    ``model``       the Odoo model of the record it is about.
    ``by_default``  a new connection that takes events is told it unless somebody says otherwise.
    """

    wire_name: str
    label: str
    phrase: str
    told: str
    model: str
    by_default: bool = False


EVENTS: dict[str, EventInfo] = {
    "event.customer_approved": EventInfo(
        "customer.approved",
        _("Customer approved"),
        _("a customer is approved"),
        _("A person ticks “Approved as customer” on a contact."),
        "res.partner",
    ),
    "event.supplier_activated": EventInfo(
        "supplier.activated",
        _("Supplier activated"),
        _("a supplier is activated"),
        _("A person ticks “Active as supplier” on a contact."),
        "res.partner",
    ),
    "event.order_contracted": EventInfo(
        "order.contracted",
        _("Order contracted"),
        _("a sales order is confirmed"),
        _("A sales order becomes confirmed."),
        "sale.order",
    ),
    "event.invoice_posted": EventInfo(
        "invoice.posted",
        _("Invoice posted"),
        _("an invoice is posted"),
        _("A customer invoice is posted."),
        "account.move",
        by_default=True,
    ),
    "event.credit_note_posted": EventInfo(
        "credit_note.posted",
        _("Credit note posted"),
        _("a credit note is posted"),
        _("A credit note to a customer is posted."),
        "account.move",
        by_default=True,
    ),
    "event.payment_settled": EventInfo(
        "payment.settled",
        _("Payment settled"),
        _("a payment is applied to its invoice"),
        _("Money of a provider is applied to an invoice."),
        "account.move",
        by_default=True,
    ),
    "event.payment_failed": EventInfo(
        "payment.failed",
        _("Payment failed"),
        _("a payment fails"),
        _("A payment fails or is taken back."),
        "integration.movement",
        by_default=True,
    ),
    "event.refund_settled": EventInfo(
        "refund.settled",
        _("Refund settled"),
        _("a refund is applied to its credit note"),
        _("Money that a provider sent back is applied to a credit note."),
        "account.move",
        by_default=True,
    ),
    "event.bill_posted": EventInfo(
        "bill.posted",
        _("Bill posted"),
        _("a supplier's bill is posted"),
        _("A supplier's bill is posted."),
        "account.move",
    ),
    "event.supplier_credit_posted": EventInfo(
        "supplier_credit.posted",
        _("Supplier's credit note posted"),
        _("a supplier's credit note is posted"),
        _("A credit note from a supplier is posted."),
        "account.move",
    ),
    "event.bill_paid": EventInfo(
        "bill.paid",
        _("Bill paid"),
        _("a supplier's bill is paid"),
        _("Nothing is open of a supplier's bill any more: by payments, credit notes or both."),
        "account.move",
    ),
    "event.dispute_opened": EventInfo(
        "dispute.opened",
        _("Dispute opened"),
        _("a payment is disputed"),
        _(
            "A provider withdraws money because a payment is disputed, or the bank asks about one (an inquiry)."
        ),
        "integration.movement",
    ),
    "event.credit_hold_set": EventInfo(
        "credit_hold.set",
        _("Credit hold set"),
        _("a customer is put on credit hold"),
        _("A customer is put on credit hold."),
        "res.partner",
    ),
    "event.credit_hold_cleared": EventInfo(
        "credit_hold.cleared",
        _("Credit hold cleared"),
        _("a credit hold is cleared"),
        _("The credit hold of a customer is lifted."),
        "res.partner",
    ),
    "event.purchase_order_changed": EventInfo(
        "purchase_order.changed",
        _("Purchase order changed"),
        _("a purchase order is confirmed, changed or cancelled"),
        _(
            "A purchase order is confirmed, or what it orders changes afterwards, or it is reopened or cancelled."
        ),
        "purchase.order",
    ),
    "event.statement_loaded": EventInfo(
        "statement.loaded",
        _("Statement loaded"),
        _("a bank statement is loaded"),
        _("A bank statement is created, by an import or by hand."),
        "account.bank.statement",
    ),
    "event.reconciliation_complete": EventInfo(
        "reconciliation.complete",
        _("Reconciliation complete"),
        _("a statement is reconciled"),
        _("Every line of a bank statement is matched, or a provider's balance agrees with the books."),
        "account.bank.statement",
    ),
    "event.exception_raised": EventInfo(
        "exception.raised",
        _("Exception raised"),
        _("an exception is raised"),
        _("Something of the integration waits for a person."),
        "integration.exception",
    ),
    "event.exception_resolved": EventInfo(
        "exception.resolved",
        _("Exception resolved"),
        _("an exception is resolved"),
        _("An exception is settled."),
        "integration.exception",
    ),
    "event.close_ready": EventInfo(
        "close.ready",
        _("Ready to close"),
        _("a period is ready to be closed"),
        _("A rule says so; nothing says it by itself."),
        "res.company",
    ),
    "event.period_closed": EventInfo(
        "period.closed",
        _("Period closed"),
        _("a period is closed"),
        _("A lock date of a company is moved forward."),
        "res.company",
    ),
    "event.rule_fulfilled": EventInfo(
        "rule.fulfilled",
        _("Rule fulfilled"),
        _("another rule is fulfilled"),
        _("A rule whose follow-up is to publish an event has everything that it waits for."),
        "integration.rule.wait",
    ),
    "event.account_changed": EventInfo(
        "account.changed",
        _("Account changed"),
        _("an account of the chart changes"),
        _("An account is added, changed or archived."),
        "account.account",
    ),
    "event.tax_changed": EventInfo(
        "tax.changed",
        _("Tax changed"),
        _("a tax changes"),
        _("A tax is added, changed or archived."),
        "account.tax",
    ),
    "event.payment_term_changed": EventInfo(
        "payment_term.changed",
        _("Payment term changed"),
        _("a payment term changes"),
        _("A payment term or one of its instalments is added, changed or archived."),
        "account.payment.term",
    ),
    "event.currency_changed": EventInfo(
        "currency.changed",
        _("Currency changed"),
        _("a currency is switched on or off"),
        _("A currency is switched on or off, or its rounding changes."),
        "res.currency",
    ),
    "event.dimension_changed": EventInfo(
        "dimension.changed",
        _("Analytic account changed"),
        _("an analytic account changes"),
        _("A cost centre, project or other analytic account is added, changed or archived."),
        "account.analytic.account",
    ),
    "event.product_changed": EventInfo(
        "product.changed",
        _("Product changed"),
        _("a product that is sold changes"),
        _(
            "A product that can be sold is added, archived, or its name, reference, price, unit or tax changes."
        ),
        "product.product",
    ),
    "event.status_changed": EventInfo(
        "status.changed",
        _("Status word changed"),
        _("a status word of the hub changes"),
        _("With an update of the hub, a word that stands in its answers and events is added or ended."),
        "integration.status.word",
    ),
}

# What a rule may publish: events that no record says by itself.
PUBLISHED_BY_RULES = ("event.rule_fulfilled", "event.close_ready")

# Odoo's own lists: they can be told as a whole, too.
LISTS = (
    "event.account_changed",
    "event.tax_changed",
    "event.payment_term_changed",
    "event.currency_changed",
    "event.dimension_changed",
    "event.product_changed",
    "event.status_changed",
)
