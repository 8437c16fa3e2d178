# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for documents that a rule of the books refuses."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_BUSINESS = ErrorClass.BUSINESS

BUSINESS_CODES = {
    "order_currency_differs": CodeInfo(
        _BUSINESS,
        _("Another currency than the order's"),
        _("Order %(number)s is in %(currency)s, and what belongs to it is stated in %(stated)s."),
        _(
            "Nothing is converted here. Compare at the shop and book the difference by hand; then put this aside."
        ),
        severity="high",
    ),
    "refund_exceeds_order": CodeInfo(
        _BUSINESS,
        _("More is refunded than was sold"),
        _("The refund of order %(number)s takes back more of “%(line)s” than was sold and not credited yet."),
        _(
            "The money that was sent is in the books and waits for its credit note. Compare at the shop: is a "
            "fulfilment or an edit missing? When it has arrived, try again."
        ),
        severity="high",
    ),
    "order_before_start": CodeInfo(
        _BUSINESS,
        _("Of an order from before the start"),
        _(
            "Order %(number)s was placed before the day on which the hub began to book. Now something was told of it."
        ),
        _(
            "How that order was booked is known to you alone. Book by hand what follows from it: the invoice over what "
            "was handed over, or the credit note of a refund. Money that moved is in the books already. Then put this "
            "aside."
        ),
        severity="medium",
    ),
    "refund_tax_unclear": CodeInfo(
        _BUSINESS,
        _("A refund whose tax is unclear"),
        _(
            "Prices of order %(number)s include the tax. What the shop says was given back of “%(line)s” looks like "
            "the price without it."
        ),
        _(
            "The money that was sent is in the books and waits for its credit note. Compare with the refund in the "
            "shop and book the credit note by hand; then put this aside and tell who maintains the connection."
        ),
        severity="high",
    ),
    "refund_adds": CodeInfo(
        _BUSINESS,
        _("A refund that costs the customer something"),
        _("The refund of order %(number)s comes to %(amount)s: less than nothing."),
        _(
            "A credit note is never negative. Compare at the shop and book the charge by hand; then put this aside."
        ),
        severity="high",
    ),
    "fulfilment_changed": CodeInfo(
        _BUSINESS,
        _("A booked fulfilment has changed"),
        _("Fulfilment %(number)s is invoiced, and the shop now says that something else was handed over."),
        _("The invoice stands. Compare at the shop; have it cancelled and fulfilled anew there."),
        severity="high",
    ),
    "gateway_not_covered": CodeInfo(
        _BUSINESS,
        _("A gateway whose money nobody reports"),
        _("Orders were paid through “%(gateway)s”. No connection tells the money of this gateway."),
        _(
            "Their invoices stay open until the money is in the books. Connect the gateway; or say, for all of its "
            "orders, that the bank statement brings it or that somebody books it by hand: then nobody is asked again."
        ),
        severity="medium",
    ),
    "bank_details_new": CodeInfo(
        _BUSINESS,
        _("New bank details of a supplier"),
        _("The source tells another bank account of “%(name)s”: %(account)s. Nothing is paid to it."),
        _(
            "It may be a fraud: call the supplier back on a number that you knew before, then ask for approval. "
            "Never use a number that came with the new details."
        ),
        severity="high",
        fix_class="c",
        fix="approve_bank",
    ),
    "period_locked": CodeInfo(
        _BUSINESS,
        _("The period is locked"),
        _("The document is dated %(date)s, and the books are locked up to %(lock_date)s."),
        _("Propose to book it in the first open period, or request that the period be reopened."),
        severity="high",
        fix_class="c",
        fix="post_open_period",
    ),
    "duplicate_number": CodeInfo(
        _BUSINESS,
        _("The number is already in the books"),
        _("The issuer's number %(number)s is already in the books with another content."),
        _(
            "Compare both. If it is the same document, put the new one aside. Nothing was booked a second time."
        ),
        severity="high",
        fix_class="c",
        fix="compare",
    ),
    "analytic_contradiction": CodeInfo(
        _BUSINESS,
        _("Two codes name the same analytic plan"),
        _("A line carries several analytic codes, and two of them lead to the same plan."),
        _("Correct the mapping of these codes: one code may speak for one plan; then try again."),
        fix_class="c",
    ),
    "code_circle": CodeInfo(
        _BUSINESS,
        _("Codes name each other as the one above"),
        _("The source puts the code “%(code)s” under “%(parent)s”, and that one under the first again."),
        _("Ask the source to correct its list of codes. Mappings and bookings are not touched."),
        severity="low",
    ),
    "tax_difference": CodeInfo(
        _BUSINESS,
        _("The tax differs"),
        _("For %(number)s the issuer states a tax of %(stated)s; the set-up here gives %(computed)s."),
        _("Check the tax mapping. If the issuer is right, accept the difference."),
        severity="high",
        fix_class="b",
        fix="accept_difference",
    ),
    "total_difference": CodeInfo(
        _BUSINESS,
        _("The total differs"),
        _("For %(number)s the issuer states a total of %(stated)s; booked it would be %(computed)s."),
        _(
            "Check the lines and the tax mapping. The issuer's total is a fact: accept the difference, and it goes "
            "to rounding differences, or ask the source to send it again."
        ),
        severity="high",
        fix_class="b",
        fix="accept_difference",
    ),
    "document_changed": CodeInfo(
        _BUSINESS,
        _("A booked document changed at the source"),
        _("The source sent another version of %(number)s, which is already booked."),
        _(
            "A journal entry: propose to reverse it and to book it anew; another person approves. A legal document: "
            "ask the source to cancel it and to issue a new one."
        ),
        severity="high",
        fix_class="c",
        fix="book_anew",
    ),
    "rebooking_outdated": CodeInfo(
        _BUSINESS,
        _("What was approved is not what would be booked now"),
        _(
            "For %(number)s it was approved to reverse the booked entry and to book it anew. Since then the books, the "
            "mappings or the locks have changed: something else would be booked now, so nothing was."
        ),
        _("Propose it again: the request shows what would be booked now."),
        severity="high",
        fix_class="c",
        fix="book_anew",
    ),
    "cancellation_unknown": CodeInfo(
        _BUSINESS,
        _("Something was cancelled that is not in the books"),
        _("The source cancelled %(number)s, which was never booked here."),
        _(
            "Nothing is to be taken back. If it still comes, it must not be booked: wait for it and put both aside, "
            "or ask the source to number its versions."
        ),
        severity="medium",
        fix_class="c",
    ),
    "cancellation_impossible": CodeInfo(
        _BUSINESS,
        _("A booked document cannot be taken back"),
        _("%(number)s was cancelled at the source, or changed, and cannot be reversed: %(reason)s."),
        _("Reverse what is left of it by hand, then put the event aside."),
        severity="high",
        fix_class="c",
    ),
    "cancelled_after_payment": CodeInfo(
        _BUSINESS,
        _("A paid invoice was cancelled"),
        _(
            "%(number)s was cancelled after it was paid: %(amount)s of %(note)s are a credit of the customer now."
        ),
        _("Send the money back, or match the credit with another invoice."),
        severity="high",
        fix_class="c",
    ),
    "version_conflict": CodeInfo(
        _BUSINESS,
        _("The same version with other content"),
        _(
            "The source sent version %(version)s of %(object)s twice, with different contents. The first one stands."
        ),
        _(
            "Ask the source which one is right, and have it sent under a new version. Then put this one aside."
        ),
        severity="high",
        fix_class="c",
        fix="ask_resend",
    ),
    "sequence_gap": CodeInfo(
        _BUSINESS,
        _("Numbered events are missing"),
        _("%(source)s numbers its events, and these did not arrive: %(numbers)s (%(series)s)."),
        _("Ask %(source)s to send them again. If they never existed, an approver goes on without them."),
        severity="high",
        fix_class="c",
        fix="ask_resend",
    ),
    "sequence_repeated": CodeInfo(
        _BUSINESS,
        _("An event number came twice"),
        _("%(source)s gave the number %(number)s (%(series)s) to two different events."),
        _("Compare both at the source. If both are right, an approver books the second one all the same."),
        severity="high",
        fix_class="c",
        fix="book_repeated",
    ),
    "sequence_broken": CodeInfo(
        _BUSINESS,
        _("The numbering does not go on"),
        _("%(source)s numbered an event %(number)s after %(highest)s (%(series)s): it seems to count anew."),
        _("Ask %(source)s why. If its numbering began anew, propose to accept it; another person approves."),
        severity="high",
        fix_class="c",
        fix="accept_numbering",
    ),
    "field_not_editable": CodeInfo(
        _BUSINESS,
        _("This field is never corrected here"),
        _("The field “%(path)s” of an event is never corrected here."),
        _("Ask the source to correct it and to send it again."),
        fix_class="c",
        fix="ask_resend",
    ),
    "core_refused": CodeInfo(
        _BUSINESS,
        _("Odoo refused the entry"),
        _("Odoo's own checks refused the entry: %(reason)s"),
        _("Correct what Odoo names, then try again. Nothing was booked."),
        severity="high",
        fix="retry",
    ),
    "core_changed": CodeInfo(
        _BUSINESS,
        _("Odoo would have changed the entry"),
        _("Odoo would have changed the %(field)s from %(wanted)s to %(got)s, so nothing was booked."),
        _("Usually a lock date or a setting is the reason. Correct it, then try again."),
        severity="high",
        fix="retry",
    ),
    "approval_missing": CodeInfo(
        _BUSINESS,
        _("An approval is missing"),
        _("This needs the approval of another person before anything is booked: %(reason)s"),
        _("Ask an approver. Nobody may approve their own request."),
        fix_class="c",
    ),
    "before_start_date": CodeInfo(
        _BUSINESS,
        _("Before the start of the flow"),
        _("The event is dated %(date)s; the flow books from %(start_date)s on."),
        _("Nothing to do: it is kept for reference. The opening balance contains it."),
        severity="low",
    ),
    "open_amount_missing": CodeInfo(
        _BUSINESS,
        _("The open amount is not stated"),
        _(
            "%(number)s is older than the start of the flow, and the source does not say what is still open of it."
        ),
        _("Have the source send the open amount, or choose another way to treat the history on the flow."),
    ),
    "open_amount_wrong": CodeInfo(
        _BUSINESS,
        _("The open amount cannot be right"),
        _("Of %(number)s an open amount of %(open)s is stated, of a total of %(total)s."),
        _("Ask the source for the right amount. Nothing was booked."),
    ),
    "delivery_unknown": CodeInfo(
        _BUSINESS,
        _("Nobody knows whether it arrived"),
        _("It was sent, no clear answer came, and the other system cannot say whether it has it."),
        _("Ask the other side. Then press “It has arrived” or “Send again”."),
        fix="ask_destination",
    ),
    "acknowledgement_missing": CodeInfo(
        _BUSINESS,
        _("Taken over, but never confirmed"),
        _("The other system took it over and has not confirmed it within %(hours)s hours."),
        _("Ask the other side. Then press “It has arrived” or “Send again”."),
        fix="ask_destination",
    ),
    "destination_refused": CodeInfo(
        _BUSINESS,
        _("The other system refused it"),
        _("The other system answered that it does not accept this (status %(status)s)."),
        _("Ask its support why, with the event number. After the correction send it again."),
        fix="replay",
    ),
    "internal_error": CodeInfo(
        _BUSINESS,
        _("Something unexpected happened"),
        _("Something unexpected happened. Nothing was booked and nothing is lost."),
        _("Tell the person who looks after the hub; the details are stored with this message."),
        severity="high",
        fix="retry",
    ),
}
