# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for master data and set-up that a message needs and does not find."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_REFERENCE = ErrorClass.REFERENCE

REFERENCE_CODES = {
    "mapping_missing": CodeInfo(
        _REFERENCE,
        _("A mapping is missing"),
        _("The value “%(value)s” of the source has no counterpart yet in the mapping “%(mapping)s”."),
        _("Add the mapping; all messages that wait for it then go on by themselves."),
        fix_class="b",
        fix="add_mapping",
    ),
    "legal_entity_unknown": CodeInfo(
        _REFERENCE,
        _("Nobody has said to which company this belongs"),
        _(
            "The source names the legal entity “%(entity)s” and the currency %(currency)s, and no rule says to which"
            " company that belongs. Nothing was booked anywhere."
        ),
        _("Propose a rule for it; when another person has approved it, what waits goes on by itself."),
        severity="high",
        fix_class="c",
        fix="add_mapping",
    ),
    "legal_entity_not_connected": CodeInfo(
        _REFERENCE,
        _("The company takes nothing from this connection"),
        _("By the rule “%(value)s” it belongs to %(company)s, which has no active connection for it."),
        _("Make a connection of that company which gets its events from this one, and switch it on."),
        severity="high",
    ),
    "mapping_expired": CodeInfo(
        _REFERENCE,
        _("A mapping does not count on this day"),
        _("The value “%(value)s” is mapped in “%(mapping)s”, but not for the day of this document."),
        _("Ask the source whether the value is still right; else propose a mapping for that time."),
        fix_class="c",
        fix="add_mapping",
    ),
    "mapping_target_archived": CodeInfo(
        _REFERENCE,
        _("A mapping leads to something archived"),
        _("The value “%(value)s” is mapped in “%(mapping)s” to something that is archived."),
        _("Propose another meaning of the value, or take what it leads to out of the archive."),
        fix_class="c",
        fix="add_mapping",
    ),
    "unit_not_of_product": CodeInfo(
        _REFERENCE,
        _("The unit does not measure this product"),
        _(
            "The source counts “%(product)s” in “%(value)s”, which means %(unit)s here; the product is measured in"
            " %(own)s, and neither can be converted into the other. Nothing was booked."
        ),
        _("Propose another meaning of the unit, or correct the unit of the product and try again."),
        fix_class="c",
        fix="add_mapping",
    ),
    "partner_ambiguous": CodeInfo(
        _REFERENCE,
        _("Several customers match"),
        _("More than one contact matches “%(value)s” (%(count)s found), so none was chosen."),
        _("Choose the right one. Amounts are not touched."),
        fix="assign_party",
    ),
    "partner_unknown": CodeInfo(
        _REFERENCE,
        _("Unknown customer"),
        _("The document names the customer “%(value)s”, who is not known here."),
        _("Choose an existing customer, or have the source send the customer first."),
        fix="assign_party",
    ),
    "partner_blocked": CodeInfo(
        _REFERENCE,
        _("The customer is not approved"),
        _("Nothing may be invoiced to the customer “%(value)s”: %(reason)s"),
        _("Have the customer checked and approved, or the block ended; the event then goes on by itself."),
        fix_class="c",
        fix="approve_party",
    ),
    "credited_invoice_unknown": CodeInfo(
        _REFERENCE,
        _("Several invoices could be the credited one"),
        _("The credit note refers to the invoice “%(number)s”, and several invoices have this number."),
        _("Find out which one it credits, and correct the reference in a copy."),
        fix_class="c",
        fix="correct",
    ),
    "parent_missing": CodeInfo(
        _REFERENCE,
        _("It arrived before what it belongs to"),
        _("This belongs to the %(kind)s “%(value)s”, which %(source)s has not sent."),
        _(
            "Ask %(source)s to send the %(kind)s “%(value)s”; this then goes on by itself. It is not booked without."
        ),
        fix="ask_resend",
    ),
    "role_account_missing": CodeInfo(
        _REFERENCE,
        _("An account is not chosen yet"),
        _("For %(role)s no account is chosen in this company."),
        _("Choose the account; an approver confirms it. All waiting messages then go on."),
        severity="high",
        fix_class="c",
        fix="assign_role_account",
    ),
    "journal_missing": CodeInfo(
        _REFERENCE,
        _("A journal is not chosen yet"),
        _("The flow needs a journal for %(purpose)s, and none is chosen in this company."),
        _("Choose the journal; an approver confirms it. All waiting messages then go on."),
        severity="high",
        fix_class="c",
        fix="assign_journal",
    ),
    "currency_inactive": CodeInfo(
        _REFERENCE,
        _("The currency is not active"),
        _("The currency %(currency)s is not active in this database."),
        _("Activate the currency and check its rates; the messages then go on."),
        fix_class="b",
        fix="activate_currency",
    ),
    "rate_missing": CodeInfo(
        _REFERENCE,
        _("No exchange rate for the date"),
        _("There is no exchange rate for %(currency)s on %(date)s. An older rate is never taken silently."),
        _("Enter or load the rate of that date; the messages then go on."),
        fix_class="b",
        fix="enter_rate",
    ),
    "balance_account_missing": CodeInfo(
        _REFERENCE,
        _("No journal for this balance"),
        _("Money moved in %(currency)s, and no journal holds the provider's balance in that currency."),
        _("Set up the journal for this currency; an approver confirms it. The money is then booked."),
        severity="high",
        fix_class="c",
        fix="assign_journal",
    ),
    "bank_account_unknown": CodeInfo(
        _REFERENCE,
        _("No journal for this bank account"),
        _(
            "The bank tells of the account %(account)s, and no bank journal of this connection has its number."
        ),
        _(
            "Enter the account number in the journal and choose the journal in the connection; the lines then go on."
        ),
        severity="high",
        fix_class="c",
        fix="assign_journal",
    ),
    "service_user_missing": CodeInfo(
        _REFERENCE,
        _("The connection has no service user"),
        _("The connection has no user in whose name it may book."),
        _("Ask the integration administrator to assign a service user."),
        severity="high",
    ),
    "tax_missing": CodeInfo(
        _REFERENCE,
        _("No tax for this code"),
        _("The tax “%(value)s” of the source leads to no tax in this company."),
        _("Add the tax mapping; all messages that wait for it then go on by themselves."),
        fix_class="b",
        fix="add_mapping",
    ),
    "time_zone_missing": CodeInfo(
        _REFERENCE,
        _("The company has no time zone"),
        _("Without a time zone it is not known on which day %(company)s books what happened."),
        _("Ask the integration administrator to set the company's time zone."),
        severity="high",
    ),
}
