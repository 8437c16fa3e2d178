# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Building blocks of the error catalogue."""

from __future__ import annotations

import dataclasses
import enum

SEVERITIES = ("low", "medium", "high", "critical")
FIX_CLASSES = ("a", "b", "c")


class ErrorClass(str, enum.Enum):
    """Why a message could not go on; it decides who acts. Only TRANSIENT ones are tried again unasked."""

    TRANSIENT = "transient"
    CONTRACT = "contract"
    REFERENCE = "reference"
    BUSINESS = "business"
    AUTHORIZATION = "authorization"


def _(text: str) -> str:
    """Mark ``text`` for the translation extractor and return it unchanged."""
    return text


@dataclasses.dataclass(frozen=True)
class CodeInfo:
    """What the hub says and offers when one error code occurs.

    ``sentence``   what happened, for an accountant who cannot code, with ``%(name)s`` parameters.
    ``next_step``  what that person should do now, with the same parameters.
    ``severity``   one of SEVERITIES.
    ``fix_class``  accounting policy F5: 'a' no accounting effect, 'b' effect within standing limits,
                   'c' an approver decides before anything happens.
    ``fix``        key into FIX_BUTTONS, '' when the hub has no button for it.
    """

    error_class: ErrorClass
    title: str
    sentence: str
    next_step: str
    severity: str = "medium"
    fix_class: str = "a"
    fix: str = ""


# The buttons of the exception workbench; the words are what the button says.
FIX_BUTTONS = {
    "retry": _("Try again"),
    "refetch": _("Fetch from the source again"),
    "ask_resend": _("Ask the source to send it again"),
    "add_mapping": _("Add the missing mapping"),
    "assign_role_account": _("Choose the account"),
    "assign_journal": _("Choose the journal"),
    "assign_party": _("Choose the customer"),
    "approve_party": _("Open the customer"),
    "assign_product": _("Choose the product"),
    "open_product": _("Open the product"),
    "approve_bank": _("Open the bank account"),
    "link_document": _("Link the document"),
    "apply_cash": _("Apply the money"),
    "collect": _("Collected for another company"),
    "match_now": _("Match now"),
    "open_disputed": _("Open what was disputed"),
    "assign_counterpart": _("Say what it is"),
    "create_credit_note": _("Prepare the credit note"),
    "accept_difference": _("Accept the difference"),
    "write_off": _("Write off the rest"),
    "correct": _("Correct a copy"),
    "compare": _("Compare both"),
    "post_open_period": _("Propose to book in the first open period"),
    "ask_reopening": _("Ask to reopen the period"),
    "replay": _("Propose to process it again"),
    "enter_rate": _("Enter the exchange rate"),
    "activate_currency": _("Activate the currency"),
    "renew_secret": _("Renew the secret"),
    "go_without": _("Go on without"),
    "book_anew": _("Propose to reverse and book anew"),
    "book_repeated": _("Book it all the same"),
    "accept_numbering": _("Propose to accept the new numbering"),
    "check_rights": _("Show the missing rights"),
    "ask_destination": _("Ask the destination what it has"),
    "compare_values": _("Compare the values"),
    "show_source_changes": _("Show what has changed"),
    "compare_duplicates": _("Compare the two"),
    "open_dispute": _("Open the dispute"),
    "open_customer_copy": _("Open what is written"),
    "match_credit": _("Match the credit"),
    "write_again": _("Write again"),
}
