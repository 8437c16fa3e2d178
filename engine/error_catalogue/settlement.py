# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for payouts between a provider and the bank, and for disputes (R2, R18)."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_BUSINESS = ErrorClass.BUSINESS

SETTLEMENT_CODES = {
    "refund_not_made": CodeInfo(
        _BUSINESS,
        _("An approved refund was not made"),
        _("The refund of %(amount)s of payment %(payment)s is not at the provider. %(reason)s"),
        _(
            "Open it under Money, Refunds. Where the provider refused it, read why and ask for it anew; where it does "
            "not answer, the hub goes on asking, and sends nothing twice."
        ),
        severity="high",
    ),
    "evidence_not_given": CodeInfo(
        _BUSINESS,
        _("Evidence for a dispute was not handed in"),
        _("The evidence for %(dispute)s is not at the provider; it is taken until %(due)s. %(reason)s"),
        _(
            "Open it from the dispute. Where the provider refused it, collect it anew; where it does not answer, the "
            "hub goes on asking. Time presses: hand it in at the provider where this does not help."
        ),
        severity="high",
        fix="open_dispute",
    ),
    "dispute_not_accepted": CodeInfo(
        _BUSINESS,
        _("An approved acceptance of a dispute did not arrive"),
        _(
            "The provider was to be told that %(dispute)s over %(amount)s is accepted, and does not have it. It can "
            "still be defended until %(due)s. %(reason)s"
        ),
        _(
            "Open the dispute. Where the provider refused it, the dispute stands otherwise there: read how, and begin "
            "anew or leave it. Where it does not answer, the hub goes on asking, and accepts nothing twice."
        ),
        severity="high",
        fix="open_dispute",
    ),
    "evidence_deadline": CodeInfo(
        _BUSINESS,
        _("The last days for an answer to a dispute"),
        _(
            "%(customer)s disputes %(amount)s (%(dispute)s: %(reason)s), and nothing was handed in. After %(due)s "
            "nothing is taken any more and the money is lost."
        ),
        _("Open the dispute now: hand in evidence, or accept it if it is not worth defending."),
        severity="critical",
        fix="open_dispute",
    ),
    "evidence_held_up": CodeInfo(
        _BUSINESS,
        _("The answer to a dispute is held up by a pause"),
        _(
            "What was decided about %(dispute)s over %(amount)s waits because its connection is paused. After %(due)s "
            "the provider takes nothing any more, and the money is lost."
        ),
        _("Let the connection go on, or hand it in at the provider by hand before then."),
        severity="critical",
    ),
    "evidence_missed": CodeInfo(
        _BUSINESS,
        _("The last day for an answer to a dispute has passed"),
        _(
            "%(customer)s disputes %(amount)s (%(dispute)s: %(reason)s). The last day for an answer was %(due)s, and "
            "none is known to have reached the provider."
        ),
        _(
            "Look at the provider now: perhaps it still takes an answer, or has one from elsewhere. What it decides is "
            "booked by itself as soon as its events are read; a paused connection reads none."
        ),
        severity="critical",
        fix="open_dispute",
    ),
    "dispute_unread": CodeInfo(
        _BUSINESS,
        _("Events of disputes lie unread in a paused connection"),
        _(
            "%(connection)s is paused, and since %(since)s %(count)s events about disputes wait there. Until "
            "when they take evidence is not known before they are read."
        ),
        _("Let the connection go on, or look at the disputes at the provider."),
        severity="high",
    ),
    "payout_incomplete": CodeInfo(
        _BUSINESS,
        _("Movements of a payout are not in the books"),
        _(
            "The provider says that payout %(payout)s of %(amount)s holds movements which the books lack: %(ids)s."
        ),
        _("Open the payout and press “Fetch what is missing”; it adds up by itself when they are booked."),
        severity="high",
        fix="refetch",
    ),
    "payout_differs": CodeInfo(
        _BUSINESS,
        _("A payout does not add up"),
        _(
            "Payout %(payout)s is %(amount)s; its list adds up to %(composed)s, and the books hold %(booked)s of it. "
            "Look at: %(ids)s."
        ),
        _(
            "Open the payout and compare its lines with the provider's report; ask the provider where both are right."
        ),
        severity="critical",
    ),
    "payout_bank_unclear": CodeInfo(
        _BUSINESS,
        _("Which bank line is this payout?"),
        _(
            "Payout %(payout)s of %(amount)s could be more than one line of the bank, or none that is certain."
        ),
        _(
            "Open the payout under Money, Payouts: each possibility says what speaks for it. Match one, or refuse it."
        ),
    ),
    "payout_overdue": CodeInfo(
        _BUSINESS,
        _("A payout has not arrived"),
        _("Payout %(payout)s of %(amount)s was expected at the bank on %(date)s, and no bank line fits."),
        _("Import the bank statements of these days; if it is not there, ask the provider and the bank."),
        severity="high",
    ),
    "payout_came_back": CodeInfo(
        _BUSINESS,
        _("A payout came back after it was at the bank"),
        _(
            "The provider says that payout %(payout)s of %(amount)s came back, but it is matched with a bank line "
            "(%(bank)s)."
        ),
        _(
            "If the bank booked it back, wait for or import that line: it is matched by itself. If that bank line is "
            "something else, open the payout and undo the match."
        ),
        severity="high",
    ),
    "match_refused": CodeInfo(
        _BUSINESS,
        _("Booked, but not matched"),
        _(
            "%(amount)s is in the books (%(about)s). Odoo refused to match it with what it belongs to: %(reason)s. "
            "Both stand open on their account."
        ),
        _(
            "Remove what Odoo names, then press “Match now”. Nothing is booked twice, and no event waits for it."
        ),
        severity="high",
        fix_class="b",
        fix="match_now",
    ),
    "conversion_leg_missing": CodeInfo(
        _BUSINESS,
        _("Only one side of a currency conversion is known"),
        _(
            "%(amount)s was converted at the provider and stands in suspense; the other side (%(related)s) is missing."
        ),
        _(
            "Fetch the provider's list again and give both currencies a balance account; both sides are then joined."
        ),
        severity="high",
        fix="refetch",
    ),
    "dispute_opened": CodeInfo(
        _BUSINESS,
        _("A customer disputes a payment"),
        _("%(customer)s disputes %(amount)s (%(dispute)s: %(reason)s). Evidence is taken until %(due)s."),
        _(
            "Open the dispute and hand in evidence, or accept it if it is not worth defending; this closes when the "
            "provider says so."
        ),
        severity="high",
        fix="open_dispute",
    ),
    "dispute_after_refund": CodeInfo(
        _BUSINESS,
        _("A payment that was refunded is disputed"),
        _("%(customer)s disputes %(amount)s (%(dispute)s) although that payment was refunded in full."),
        _("Defend it with the proof of the refund. Nothing more is booked for it in the meantime."),
        severity="high",
        fix="open_dispute",
    ),
    "dispute_lost": CodeInfo(
        _BUSINESS,
        _("A dispute was lost"),
        _(
            "The dispute %(dispute)s of %(customer)s over %(amount)s is lost; its money stands in disputed receivables."
        ),
        _(
            "Decide what it is: press “Book as lost” on the dispute (another person agrees), or issue a credit note "
            "where goods came back or the price is reduced."
        ),
        severity="high",
        fix_class="c",
        fix="open_dispute",
    ),
}
