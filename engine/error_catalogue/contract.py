# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for messages that break what was agreed about their form."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_CONTRACT = ErrorClass.CONTRACT

CONTRACT_CODES = {
    "invalid_json": CodeInfo(
        _CONTRACT,
        _("The message cannot be read"),
        _("The text that arrived is not well-formed JSON, so nothing in it can be trusted."),
        _("Ask the source system to send the message again; if it repeats, tell its support."),
        fix="ask_resend",
    ),
    "not_an_object": CodeInfo(
        _CONTRACT,
        _("The message has the wrong shape"),
        _("A message must be one JSON object, but something else arrived."),
        _("Ask the source system's support which format it sends."),
        fix="ask_resend",
    ),
    "too_deep": CodeInfo(
        _CONTRACT,
        _("The message is nested too deeply"),
        _("The message is nested deeper than the allowed %(limit)s levels. Business messages never are."),
        _("Tell the person who looks after this connection; it may be an attack or a fault of the source."),
        severity="high",
    ),
    "duplicate_key": CodeInfo(
        _CONTRACT,
        _("The message says one thing twice"),
        _("The field “%(key)s” occurs twice in the same place, so it is not clear which one counts."),
        _("Ask the source system's support to correct the message and send it again."),
        fix="ask_resend",
    ),
    "body_too_large": CodeInfo(
        _CONTRACT,
        _("The message is too large"),
        _("The message is larger than the allowed %(limit)s bytes."),
        _("Ask the source to send smaller messages, or raise the limit of the connection under approval."),
    ),
    "number_out_of_range": CodeInfo(
        _CONTRACT,
        _("A number is too long"),
        _("The message holds a number with more digits than any amount can have."),
        _("Ask the source system's support to correct the message and send it again."),
        fix="ask_resend",
    ),
    "schema_violation": CodeInfo(
        _CONTRACT,
        _("A field is missing or wrong"),
        _("The field %(path)s is not as agreed: %(problem)s"),
        _("Ask the source to correct and resend it. Texts and references can be corrected here in a copy."),
        fix="correct",
    ),
    "unknown_event_type": CodeInfo(
        _CONTRACT,
        _("Unknown kind of event"),
        _("The source sent an event of the type “%(event_type)s”, which this connection does not know."),
        _("Decide whether the event matters for the books; if not, discard it with a reason."),
    ),
    "unknown_kind": CodeInfo(
        _CONTRACT,
        _("Unknown kind of document"),
        _("There is no agreed format “%(kind)s” in version %(version)s."),
        _("Ask the sender to use one of the published contracts."),
    ),
    "unknown_currency": CodeInfo(
        _CONTRACT,
        _("Unknown currency"),
        _("“%(currency)s” is not a currency of the ISO 4217 list."),
        _("Ask the source system to correct the currency and send the message again."),
        fix="ask_resend",
    ),
    "invalid_amount": CodeInfo(
        _CONTRACT,
        _("An amount cannot be read"),
        _("An amount is not written as a plain decimal number: %(value)s"),
        _("Ask the source system to correct the amount and send the message again."),
        fix="ask_resend",
    ),
    "amount_not_exact": CodeInfo(
        _CONTRACT,
        _("The amount has too many decimals"),
        _("The amount %(amount)s has more decimals than this currency knows."),
        _("Ask the source system to send the exact amount. It is never rounded silently."),
        fix="ask_resend",
    ),
    "amount_too_large": CodeInfo(
        _CONTRACT,
        _("The amount is larger than the books can hold exactly"),
        _("The amount %(amount)s has more digits than an amount in the books keeps to the cent."),
        _("Ask the source system to correct the amount and send the message again."),
        fix="ask_resend",
    ),
    "refetch_unknown": CodeInfo(
        _CONTRACT,
        _("The provider does not know what the event is about"),
        _(
            "The provider, when asked about the event %(event)s, knows no such transaction. Nothing is booked."
        ),
        _(
            "Look for the transaction at the provider. If it is not there the event is not the provider's: discard it "
            "with a reason and tell the administrator."
        ),
        severity="high",
        fix="refetch",
    ),
    "amount_zero": CodeInfo(
        _CONTRACT,
        _("The amount is zero"),
        _("The message says that money moved, but the amount is zero."),
        _("Check the transaction at the source; if nothing moved, discard the message with a reason."),
        fix="refetch",
    ),
    "amount_sign": CodeInfo(
        _CONTRACT,
        _("The amount has the wrong sign"),
        _("The amount %(amount)s at %(path)s has the wrong sign for what the document says it is."),
        _("Check the transaction at the source and have it sent again."),
        severity="high",
        fix="refetch",
    ),
    "totals_do_not_add_up": CodeInfo(
        _CONTRACT,
        _("The totals do not add up"),
        _("The document states %(stated)s at %(path)s, but its parts add up to %(computed)s."),
        _("Ask the issuer to correct the document. Its amounts are facts and are never changed here."),
        severity="high",
        fix="ask_resend",
    ),
    "wrong_company": CodeInfo(
        _CONTRACT,
        _("The message belongs to another legal entity"),
        _("The source says “%(entity)s”, which is another company than %(expected)s. Nothing was booked."),
        _("Have it sent to the connection of its own company; or correct the mapping of legal entities."),
        severity="high",
    ),
    "legal_entity_mixed": CodeInfo(
        _CONTRACT,
        _("One message for several companies"),
        _("The message says things that belong to %(companies)s. Nothing was booked."),
        _("Ask the source to send what belongs to each company in a message of its own."),
        severity="high",
    ),
    "legal_entity_moved": CodeInfo(
        _CONTRACT,
        _("Booked already in another company"),
        _(
            "%(identity)s is in the books of another company already, and by the rules of today it belongs to"
            " %(company)s. It was not booked a second time."
        ),
        _(
            "Decide with an approver which company it belongs to: reverse it there, or correct the rule for that day."
        ),
        severity="critical",
        fix_class="c",
    ),
    "wrong_account": CodeInfo(
        _CONTRACT,
        _("The message belongs to another account"),
        _("The message is for the account %(account)s, not for the one of this connection (%(expected)s)."),
        _("Check at the source which account sends to this address. Nothing was booked."),
        severity="high",
    ),
    "wrong_environment": CodeInfo(
        _CONTRACT,
        _("Test message in production, or the reverse"),
        _("The message comes from the %(stated)s environment and this connection is for %(expected)s."),
        _("Correct the address at the source. Nothing was booked."),
        severity="high",
    ),
    "event_id_conflict": CodeInfo(
        _CONTRACT,
        _("Same event, different content"),
        _("The event %(event)s arrived before with another content. The first one stands."),
        _("Compare both at the source. Treat it as suspicious until the source has explained it."),
        severity="critical",
        fix_class="c",
        fix="refetch",
    ),
    "date_missing": CodeInfo(
        _CONTRACT,
        _("The date is missing"),
        _("The message does not say on which date this happened (%(path)s), so it cannot be booked."),
        _("Ask the source to send it again with the date. Today's date is never used instead."),
        fix="refetch",
    ),
    "date_invalid": CodeInfo(
        _CONTRACT,
        _("A date cannot be read"),
        _("The date or time “%(value)s” is not written as agreed, or has no time zone."),
        _("Ask the source system to correct it and send the message again."),
        fix="ask_resend",
    ),
    "unbalanced_entry": CodeInfo(
        _CONTRACT,
        _("The entry does not balance"),
        _("Debit is %(debit)s and credit is %(credit)s; they must be equal."),
        _("Ask the source system to correct the entry and send it again."),
        severity="high",
        fix="ask_resend",
    ),
    "control_total_differs": CodeInfo(
        _CONTRACT,
        _("The control total differs"),
        _("“%(source)s”: the sender's control total is %(stated)s, but what arrived comes to %(computed)s."),
        _("Something is missing or was sent twice. Ask the sender for the complete file or page."),
        severity="high",
        fix="refetch",
    ),
    "archive_damaged": CodeInfo(
        _CONTRACT,
        _("An archive is damaged"),
        _("The file in which contents of old events are kept is not as it was written."),
        _(
            "Restore the file from a backup; the audit trail holds its digest. The events and the books are untouched."
        ),
        severity="high",
    ),
}
