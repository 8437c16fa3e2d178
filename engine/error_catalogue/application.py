# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for money that is booked and waits for a person to say what it belongs to (policy F1)."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_BUSINESS = ErrorClass.BUSINESS

APPLICATION_CODES = {
    "payment_party_unknown": CodeInfo(
        _BUSINESS,
        _("Payment of an unknown customer"),
        _("%(amount)s was received from %(customer)s, who is not known here, and is booked as unidentified."),
        _("Choose the customer; the money then moves from unidentified receipts to the customer."),
        fix_class="b",
        fix="assign_party",
    ),
    "payment_reference_unknown": CodeInfo(
        _BUSINESS,
        _("Payment without a known invoice"),
        _("%(amount)s of %(customer)s is booked, but its reference “%(reference)s” is no invoice here."),
        _("Choose the invoice that it pays, or leave it as an open credit."),
        fix_class="b",
        fix="apply_cash",
    ),
    "payment_without_reference": CodeInfo(
        _BUSINESS,
        _("Payment that names no invoice"),
        _("%(amount)s of %(customer)s is booked, and nothing says which invoice it pays."),
        _("Choose the invoice that it pays, or leave it as an open credit."),
        fix_class="b",
        fix="apply_cash",
    ),
    "payment_invoice_closed": CodeInfo(
        _BUSINESS,
        _("The invoice was already paid"),
        _("%(amount)s of %(customer)s is booked, but the invoice %(number)s has nothing left to pay."),
        _("Probably paid twice: apply it to another invoice or agree a refund with the customer."),
        fix_class="b",
        fix="apply_cash",
    ),
    "payment_currency_differs": CodeInfo(
        _BUSINESS,
        _("Paid in another currency"),
        _("%(amount)s of %(customer)s is booked; the invoice %(number)s is in %(currency)s."),
        _("Confirm that it pays this invoice; the exchange difference is then booked."),
        fix_class="b",
        fix="apply_cash",
    ),
    "payment_excess": CodeInfo(
        _BUSINESS,
        _("More was paid than was due"),
        _("%(amount)s of %(customer)s came in for %(number)s; %(excess)s is left over as an open credit."),
        _("Apply the rest to another invoice, or agree with the customer what happens with it."),
        severity="low",
        fix_class="b",
        fix="apply_cash",
    ),
    "payment_short": CodeInfo(
        _BUSINESS,
        _("A small rest is left to pay"),
        _("%(amount)s of %(customer)s is applied to %(number)s, and %(rest)s of it is left."),
        _("Write off the rest, or leave it open for the customer to pay."),
        severity="low",
        fix_class="b",
        fix="write_off",
    ),
    "refund_without_credit_note": CodeInfo(
        _BUSINESS,
        _("Money refunded, but revenue still stands"),
        _("%(amount)s was sent back to %(customer)s, and no credit note takes back revenue and tax."),
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
        _("Find out at the provider what it is, then press “Say what it is”."),
        severity="high",
        fix_class="b",
        fix="assign_counterpart",
    ),
    "purchase_from_balance": CodeInfo(
        _BUSINESS,
        _("Something was bought from the balance"),
        _(
            "%(amount)s of the balance at the provider paid %(who)s. It is booked in suspense until you say what for."
        ),
        _(
            "Is there a bill of the supplier? Enter it, then press “Say what it is” and choose it: tax is deducted by "
            "the bill alone. Without a bill choose the account of the expense."
        ),
        severity="medium",
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
        fix="ask_reopening",
    ),
    "balance_differs": CodeInfo(
        _BUSINESS,
        _("The provider's balance differs from the books"),
        _("On %(date)s the provider says %(stated)s and the books say %(computed)s."),
        _("Fetch the provider's list of that day again; the difference shows what is missing or doubled."),
        severity="critical",
        fix="refetch",
    ),
    "bank_currency_differs": CodeInfo(
        _BUSINESS,
        _("The bank account is in another currency"),
        _(
            "The bank tells of %(currency)s in the account %(account)s, whose journal is in %(journal_currency)s."
        ),
        _("Compare the account number in the journal with the bank's. The lines wait and lose nothing."),
        severity="high",
    ),
    "bank_line_differs": CodeInfo(
        _BUSINESS,
        _("The bank now states another amount"),
        _("The line %(line)s of %(journal)s is booked with %(booked)s; the bank now states %(stated)s."),
        _("Compare with the bank's own statement. What is booked stays until a person corrects it."),
        severity="critical",
    ),
    "bank_line_unmatched": CodeInfo(
        _BUSINESS,
        _("A bank line could not be matched"),
        _(
            "%(amount)s of %(date)s (%(line)s) is booked at the bank, and Odoo did not let it be matched: %(reason)s"
        ),
        _(
            "Clear what Odoo complains of, then press “Match now”, or match the line in the bank journal; it waits on "
            "the suspense account."
        ),
        fix_class="b",
        fix="match_now",
    ),
    "bank_statement_differs": CodeInfo(
        _BUSINESS,
        _("A bank statement differs from the books"),
        _(
            "The bank closes the statement %(statement)s of %(journal)s on %(date)s with %(closing)s, the books with "
            "%(computed)s: %(finding)s."
        ),
        _("Have the source send the missing lines or statement again; it closes itself when both agree."),
        severity="critical",
        fix="ask_resend",
    ),
    "refetch_differs": CodeInfo(
        _BUSINESS,
        _("An event stated another amount than the provider"),
        _(
            "An event said %(told)s for the movement %(movement)s; the provider itself, when asked, said %(stated)s. "
            "What the provider said is booked."
        ),
        _(
            "Nothing is to be corrected in the books. Find out who sent the event: its signature held, so it was "
            "altered on its way or sent by somebody who had seen a true one."
        ),
        severity="critical",
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
    "late_document": CodeInfo(
        _BUSINESS,
        _("Document of a locked period"),
        _("%(number)s is dated %(date)s, which is locked; it is booked on the first open day %(booked_on)s."),
        _("Its own date is kept. Check whether the tax return of its period needs a correction."),
        severity="medium",
        fix_class="c",
        fix="ask_reopening",
    ),
    "refund_returned": CodeInfo(
        _BUSINESS,
        _("A refund came back"),
        _("The refund of %(amount)s to %(customer)s failed and the money is back."),
        _("Agree with the customer how to refund it, or apply it to another invoice."),
        severity="high",
        fix_class="b",
        fix="apply_cash",
    ),
}
