# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The hub's own status words (O16): what stands in its answers and events, and what each means, as a list to be told.

Whoever reads a word here has to know all that there are. A word that is taken away is told as ended; it is never given
another meaning.
"""

from __future__ import annotations

import dataclasses

from .error_catalogue.base import _


@dataclasses.dataclass(frozen=True)
class StatusWord:
    """One word. ``about`` says of what it is a status: the object and, where it has several, which of them."""

    about: str
    code: str
    label: str

    @property
    def key(self) -> tuple[str, str]:
        return self.about, self.code


# about → what that is, for people
ABOUT: dict[str, str] = {
    "invoice": _("Customer invoice or credit note"),
    "bill": _("Supplier bill that is closed"),
    "customer": _("Customer"),
    "movement": _("Money at a provider"),
    "application": _("What became of money that came in"),
    "dispute": _("Dispute of a payment"),
    "decision": _("Answer to a question about credit, hold or release"),
}

STATUS_WORDS: tuple[StatusWord, ...] = (
    StatusWord("invoice", "draft", _("Not posted yet")),
    StatusWord("invoice", "open", _("Posted, nothing of it is paid")),
    StatusWord("invoice", "partly_paid", _("Partly paid")),
    StatusWord("invoice", "paid_by_customer", _("Paid: nothing is open of it")),
    StatusWord("invoice", "credited", _("Credited: nothing is open of it")),
    StatusWord("invoice", "cancelled", _("Cancelled, it counts no more")),
    StatusWord("bill", "paid", _("Paid: nothing is open of it")),
    StatusWord("bill", "credited", _("Credited: nothing is open of it")),
    StatusWord("customer", "active", _("In use")),
    StatusWord("customer", "archived", _("Not in use any more")),
    StatusWord("movement", "pending", _("On its way")),
    StatusWord("movement", "succeeded", _("Moved")),
    StatusWord("movement", "failed", _("Failed: no money moved")),
    StatusWord("movement", "cancelled", _("Cancelled: no money moved")),
    StatusWord("application", "none", _("Nothing to apply")),
    StatusWord("application", "applied", _("Applied to invoices")),
    StatusWord("application", "partly", _("Partly applied")),
    StatusWord("application", "open", _("Open credit of the customer")),
    StatusWord("application", "deposit", _("Deposit for an order")),
    StatusWord("application", "unidentified", _("Nobody knows from whom it is")),
    StatusWord("application", "credit_note", _("Waits for its credit note")),
    StatusWord("application", "suspense", _("In suspense until somebody says what it is")),
    StatusWord("dispute", "inquiry", _("The bank asks, no money was taken")),
    StatusWord("dispute", "needs_response", _("Evidence is awaited")),
    StatusWord("dispute", "under_review", _("Evidence is being looked at")),
    StatusWord("dispute", "won", _("Won: the money comes back")),
    StatusWord("dispute", "lost", _("Lost: the money is gone")),
    StatusWord("dispute", "closed", _("Closed without a decision")),
    StatusWord("decision", "release", _("Go on")),
    StatusWord("decision", "stop", _("Do not go on")),
)
