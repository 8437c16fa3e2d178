# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes about invoices that another system issues and collects."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_BUSINESS = ErrorClass.BUSINESS

BILLING_CODES: dict[str, CodeInfo] = {
    "billing_issuer_undecided": CodeInfo(
        _BUSINESS,
        _("Who issues the invoices is not decided"),
        _(
            "%(source)s sends invoices of its own, and nobody has said whether they are the legal documents or "
            "whether Odoo issues them. Nothing is booked until then."
        ),
        _(
            "Choose on the connection, under “Accounting”, who issues the invoices; then try again. One of the two "
            "only, else each sale is invoiced twice."
        ),
        severity="high",
        fix="retry",
    ),
    "billing_lines_missing": CodeInfo(
        _BUSINESS,
        _("An invoice is longer than what the source sends at once"),
        _("Of %(number)s only the first %(count)s lines are known. It is not booked in part."),
        _(
            "Enter the access for calling the source, so that the rest is asked for, and try again. An invoice of "
            "more than 100 lines is booked by hand: enter it, then put the event aside."
        ),
        severity="high",
        fix="retry",
    ),
    "billing_not_bookable": CodeInfo(
        _BUSINESS,
        _("A document that the hub does not book by itself"),
        _("%(number)s is not booked: %(reason)s."),
        _("Book it by hand as the source states it, then put the event aside."),
        severity="high",
        fix_class="c",
    ),
    "billing_invoice_unlinked": CodeInfo(
        _BUSINESS,
        _("An invoice of the source names none of Odoo"),
        _(
            "Odoo issues the invoices of this connection, and %(number)s does not say which of them it collects."
        ),
        _(
            "Have the source carry Odoo's invoice number in its metadata, or put the event aside; a payment of it is "
            "then applied by hand."
        ),
        fix="retry",
    ),
    "billing_payment_split": CodeInfo(
        _BUSINESS,
        _("One payment pays too many invoices"),
        _("The payment %(payment)s pays more than %(count)s invoices; %(invoice)s is not linked to it."),
        _("Apply the payment to this invoice by hand, then put the event aside."),
    ),
    "invoice_uncollectible": CodeInfo(
        _BUSINESS,
        _("The source has given up an invoice"),
        _(
            "%(customer)s does not pay %(number)s: %(amount)s are open, and the source calls it uncollectible."
        ),
        _(
            "Decide what it is: collect it otherwise, write it off with an approval, or issue a credit note where the "
            "claim is not justified. Nothing was booked."
        ),
        severity="high",
        fix_class="c",
    ),
    "billing_credit_missing": CodeInfo(
        _BUSINESS,
        _("An invoice was settled with a credit that is not in the books"),
        _(
            "The issuer has set %(amount)s of invoice %(number)s of %(customer)s off against a credit that it keeps "
            "for this customer. The books hold no such credit, so the invoice stays open."
        ),
        _(
            "Look at the customer's balance there: where does the credit come from? Book it as a credit note of this "
            "connection (or wait for it); it is then matched by itself. A credit that was granted without a document "
            "is booked by hand and matched on the invoice."
        ),
        fix_class="b",
        fix="match_credit",
    ),
}
