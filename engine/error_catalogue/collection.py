# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for money that one company has received and that pays another company's invoice (policy F19)."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_BUSINESS = ErrorClass.BUSINESS

COLLECTION_CODES = {
    "collect_to_confirm": CodeInfo(
        _BUSINESS,
        _("It names an invoice of another company"),
        _(
            "%(amount)s of %(customer)s is booked; no invoice here has the number that it names, but %(number)s of "
            "%(company)s has. The number alone is not enough: two companies may number alike."
        ),
        _("Press “Collected for another company”, look at both entries and confirm; or apply it here."),
        fix_class="b",
        fix="collect",
    ),
    "collect_currency_differs": CodeInfo(
        _BUSINESS,
        _("Paid in another currency to another company"),
        _(
            "%(amount)s of %(customer)s names %(number)s of %(company)s, which is in %(currency)s. Between companies "
            "both sides have the same currency, so nothing is booked between them."
        ),
        _(
            "Agree between the two companies at which amount it counts, and book it in both by hand on the same day "
            "with the same reference."
        ),
        fix_class="c",
    ),
    "collect_invoice_closed": CodeInfo(
        _BUSINESS,
        _("The invoice of the other company was already paid"),
        _("%(amount)s of %(customer)s names %(number)s of %(company)s, which has nothing left to pay."),
        _(
            "Probably paid twice: ask %(company)s, then apply it to another invoice or agree a refund with the "
            "customer."
        ),
        fix_class="b",
        fix="collect",
    ),
    "collect_locked": CodeInfo(
        _BUSINESS,
        _("Collected for another company on a locked day"),
        _(
            "%(amount)s pays %(number)s of %(company)s. On %(date)s the books of %(locked)s are locked, so nothing is "
            "booked between the two companies, in neither of them. The money itself is booked on its own."
        ),
        _(
            "The controller decides: press “Collected for another company” to propose a day that is open in both, or "
            "have the period reopened."
        ),
        severity="high",
        fix_class="c",
        fix="collect",
    ),
    "collect_refused": CodeInfo(
        _BUSINESS,
        _("Collected for another company, but not booked"),
        _(
            "%(amount)s pays %(number)s of %(company)s, but one of the two companies refused its entry: %(reason)s. "
            "Neither has been booked."
        ),
        _("Mend what is named, then press “Collected for another company” and confirm."),
        severity="high",
        fix_class="b",
        fix="collect",
    ),
    "collect_refund_unclear": CodeInfo(
        _BUSINESS,
        _("Sent back, but for which company?"),
        _(
            "%(amount)s was sent back to %(customer)s. Its payment was collected for %(company)s (%(number)s), and the "
            "amount does not say which part of it this is."
        ),
        _(
            "Find out at the provider what was sent back, and book it in both companies with the same reference."
        ),
        severity="high",
        fix_class="c",
    ),
    "collect_dispute_unclear": CodeInfo(
        _BUSINESS,
        _("Disputed, but which part of what was collected?"),
        _(
            "%(amount)s of a payment is disputed, or came back after that. The payment was collected for %(company)s "
            "(%(number)s), and the amount does not say which part of it this is. It is booked here alone."
        ),
        _(
            "Find out at the provider what is disputed, and book it in both companies with the same reference: what "
            "is owed between them against the disputed receivables of each."
        ),
        severity="high",
        fix_class="c",
    ),
    "collected_dispute_lost": CodeInfo(
        _BUSINESS,
        _("Disputed money that another company collected is lost"),
        _(
            "%(company)s had collected %(amount)s for %(number)s. The customer has disputed it, and the provider says "
            "that it is lost. It stands in the disputed receivables here, and the invoice is still shown as paid."
        ),
        _(
            "Press “Open what was disputed”: book it as lost, which another person agrees to, or make the credit note "
            "of the invoice and set it off."
        ),
        severity="high",
        fix_class="c",
        fix="open_disputed",
    ),
    "collected_credit_missing": CodeInfo(
        _BUSINESS,
        _("Another company sent money back, but revenue still stands"),
        _(
            "%(company)s has sent %(amount)s back to the customer of %(number)s. It is booked here, and no credit note "
            "takes back revenue and tax."
        ),
        _(
            "Make the credit note of the invoice and post it: it is matched with what was sent back by itself."
        ),
        severity="high",
        fix_class="c",
    ),
    "intercompany_differs": CodeInfo(
        _BUSINESS,
        _("Two companies do not agree on what they owe each other"),
        _(
            "Towards %(company)s the books say %(ours)s here and %(theirs)s there, in %(currency)s: %(difference)s "
            "apart."
        ),
        _(
            "Make the report “Intercompany matrix”: it names each entry that has no opposite, or another amount. "
            "Correct it in the company where it is missing."
        ),
        severity="high",
        fix_class="c",
    ),
}
