# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for money that is booked and waits for a person to say what it belongs to (policy F1)."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_BUSINESS = ErrorClass.BUSINESS

APPLICATION_CODES = {
    "payment_party_unknown": CodeInfo(
        _BUSINESS,
        _("Payment of an unknown customer"),
        _("%(amount)s was received and booked as unidentified, because the customer is not known."),
        _("Choose the customer; the money then moves from unidentified receipts to the customer."),
        fix_class="b",
        fix="assign_party",
    ),
    "payment_reference_unknown": CodeInfo(
        _BUSINESS,
        _("Payment without a known invoice"),
        _("%(amount)s is booked for the customer, but its reference “%(reference)s” is no invoice here."),
        _("Choose the invoice that it pays, or leave it as an open credit."),
        fix_class="b",
        fix="apply_cash",
    ),
    "payment_invoice_closed": CodeInfo(
        _BUSINESS,
        _("The invoice was already paid"),
        _("%(amount)s is booked for the customer, but the invoice %(number)s has nothing left to pay."),
        _("Probably paid twice: apply it to another invoice or agree a refund with the customer."),
        fix_class="b",
        fix="apply_cash",
    ),
    "payment_currency_differs": CodeInfo(
        _BUSINESS,
        _("Paid in another currency"),
        _("%(amount)s is booked for the customer; the invoice %(number)s is in %(currency)s."),
        _("Confirm that it pays this invoice; the exchange difference is then booked."),
        fix_class="b",
        fix="apply_cash",
    ),
    "payment_excess": CodeInfo(
        _BUSINESS,
        _("More was paid than was due"),
        _("%(amount)s came in for %(number)s; %(excess)s is left over as an open credit."),
        _("Apply the rest to another invoice, or agree with the customer what happens with it."),
        severity="low",
        fix_class="b",
        fix="apply_cash",
    ),
    "refund_without_credit_note": CodeInfo(
        _BUSINESS,
        _("Money refunded, but revenue still stands"),
        _("%(amount)s was sent back to the customer, and no credit note takes back revenue and tax."),
        _("Prepare the credit note, or say that the sale was never invoiced."),
        severity="high",
        fix_class="c",
        fix="create_credit_note",
    ),
    "refund_party_unknown": CodeInfo(
        _BUSINESS,
        _("Refund to an unknown customer"),
        _("%(amount)s was sent back and is booked, but its payment and customer are not known here."),
        _("Choose the customer, or fetch the original payment from the source."),
        severity="high",
        fix_class="b",
        fix="assign_party",
    ),
    "return_unmatched": CodeInfo(
        _BUSINESS,
        _("A payment was taken back"),
        _("%(amount)s was taken back and is booked; the payment that it undoes (%(related)s) was not found."),
        _("Find the original payment, so that its invoice is open again."),
        severity="high",
        fix_class="b",
        fix="link_document",
    ),
    "movement_unclassified": CodeInfo(
        _BUSINESS,
        _("Money moved for an unknown reason"),
        _("%(amount)s moved at the provider as “%(provider_type)s” and is booked in suspense."),
        _("Find out at the provider what it is and choose the counterpart."),
        severity="high",
        fix_class="b",
        fix="assign_counterpart",
    ),
    "settlement_amount_unknown": CodeInfo(
        _BUSINESS,
        _("The converted amount is not known yet"),
        _("The provider converts %(amount)s to %(currency)s and has not yet said what arrived."),
        _("It is booked as soon as the provider says it; fetch it again if it takes more than a day."),
        fix="refetch",
    ),
    "late_movement": CodeInfo(
        _BUSINESS,
        _("Money of a locked period"),
        _("%(amount)s moved on %(date)s, which is locked; it is booked on the first open day %(booked_on)s."),
        _("It is shown as a reconciling amount of its own month; above materiality ask for reopening."),
        severity="high",
        fix_class="c",
        fix="post_open_period",
    ),
    "balance_differs": CodeInfo(
        _BUSINESS,
        _("The provider's balance differs from the books"),
        _("On %(date)s the provider says %(stated)s and the books say %(computed)s."),
        _("Fetch the provider's list of that day again; the difference shows what is missing or doubled."),
        severity="critical",
        fix="refetch",
    ),
    "movement_amount_differs": CodeInfo(
        _BUSINESS,
        _("The provider now states another amount"),
        _("The movement %(movement)s is booked with %(booked)s; the provider now states %(stated)s."),
        _("Compare at the provider. An approver decides whether the entry is reversed and booked again."),
        severity="critical",
        fix_class="c",
        fix="replay",
    ),
    "dispute_opened": CodeInfo(
        _BUSINESS,
        _("A customer disputes a payment"),
        _("%(amount)s was withdrawn because of a dispute. The invoice stays paid until it is decided."),
        _("Decide whether to defend it, and give the evidence before %(due)s."),
        severity="high",
    ),
}
