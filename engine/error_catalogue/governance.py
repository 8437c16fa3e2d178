# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for master data and agreements: whose value counts, who is who, what has changed at the source."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

GOVERNANCE_CODES = {
    "value_not_owned": CodeInfo(
        ErrorClass.BUSINESS,
        _("Another system says otherwise"),
        _(
            "%(source)s sent another %(field)s than Odoo has. It belongs to %(owner)s, so nothing was changed."
        ),
        _("Compare both values and choose: keep, take over, or let %(source)s own it from now on."),
        fix_class="b",
        fix="compare_values",
    ),
    "value_kept_out": CodeInfo(
        ErrorClass.BUSINESS,
        _("A value was kept out"),
        _("%(source)s sent another %(field)s than the one of %(owner)s, which counts. Nothing was changed."),
        _(
            "Look whether %(source)s is right after all. If it always is, make it the owner; else have it corrected."
        ),
        severity="low",
        fix="compare_values",
    ),
    "document_not_owned": CodeInfo(
        ErrorClass.REFERENCE,
        _("A document of another system's"),
        _(
            "%(source)s sent a document (%(kind)s). By the rule of ownership it belongs to %(owner)s. It was not "
            "booked."
        ),
        _(
            "If %(source)s is right to send it, change the rule under Ownership: with its approval everything goes on "
            "by itself. Else put the events aside, and have the source stop sending them."
        ),
    ),
    "owned_value_edited": CodeInfo(
        ErrorClass.BUSINESS,
        _("Changed here, owned elsewhere"),
        _("%(field)s was changed in Odoo and belongs to %(owner)s, which will send its own value again."),
        _("Have it changed at %(owner)s as well, take its value back, or make Odoo the owner."),
        severity="low",
        fix="compare_values",
    ),
    "lock_opened": CodeInfo(
        ErrorClass.BUSINESS,
        _("A locked period was opened"),
        _(
            "%(who)s opened days again that were locked until %(lock_date)s. No approved request of the last month "
            "asks for it."
        ),
        _(
            "Set the lock date again, or end the exception, in Accounting → Lock Dates: then this closes itself. If "
            "the period has to be open, ask to reopen it, so that another person agrees."
        ),
        severity="high",
        fix_class="c",
    ),
    "lock_opened_endless": CodeInfo(
        ErrorClass.BUSINESS,
        _("A locked period is open without an end"),
        _(
            "%(who)s made an exception from the lock date %(lock_date)s that has no end: for whom it was made may "
            "book before that day for ever."
        ),
        _(
            "End the exception in Accounting → Lock Dates, or make another one with an end. Then this closes itself."
        ),
        severity="high",
        fix_class="c",
    ),
    "source_changed": CodeInfo(
        ErrorClass.CONTRACT,
        _("The source sends something else"),
        _("%(source)s sends “%(event)s” otherwise than before: %(field)s, perhaps more."),
        _(
            "Look at the list of what has changed. Ask the source where it matters, then say that you have seen it."
        ),
        severity="low",
        fix="show_source_changes",
    ),
    "contract_deprecated": CodeInfo(
        ErrorClass.CONTRACT,
        _("A contract is outdated"),
        _("%(flow)s still uses %(contract)s, which is outdated from %(date)s and ends on %(end)s."),
        _("Agree with the other side when it goes over, then change the contract of the flow."),
    ),
    "contract_not_agreed": CodeInfo(
        ErrorClass.CONTRACT,
        _("Another version than agreed"),
        _("%(source)s sends %(kind)s in version %(version)s; agreed is version %(agreed)s. It was booked."),
        _("Ask the source why, then have it send what is agreed, or change the contract of the flow."),
        severity="low",
    ),
    "duplicate_suspected": CodeInfo(
        ErrorClass.BUSINESS,
        _("Perhaps the same twice"),
        _("“%(one)s” and “%(other)s” are perhaps one and the same: %(reasons)s."),
        _("Compare the two. Propose to merge them, or say that they are two different ones."),
        severity="low",
        fix_class="c",
        fix="compare_duplicates",
    ),
    "product_uncertain": CodeInfo(
        ErrorClass.REFERENCE,
        _("Perhaps a product that is here already"),
        _(
            "%(source)s tells of the product “%(name)s” (%(value)s). It could be %(products)s: %(reason)s. Nothing "
            "was made or changed."
        ),
        _("Say which product it is, or that it is a new one. The event then goes on by itself."),
        fix="assign_product",
    ),
    "product_archived": CodeInfo(
        ErrorClass.REFERENCE,
        _("The product is archived here"),
        _(
            "%(source)s tells of the product “%(name)s” (%(value)s), which is %(products)s here, and that one is "
            "archived."
        ),
        _(
            "Open the product and take it out of the archive: the event then goes on by itself. Or say that it is "
            "another product, or a new one."
        ),
        fix="open_product",
    ),
    "price_currency_differs": CodeInfo(
        ErrorClass.BUSINESS,
        _("A price in another currency"),
        _(
            "%(source)s states prices in %(currency)s; list prices are kept in %(own)s here. Such prices were not "
            "taken over, everything else was."
        ),
        _(
            "Have the source send prices in %(own)s, or keep a price list in %(currency)s. Then say that you have seen "
            "it."
        ),
        severity="low",
    ),
    "bank_details_differ": CodeInfo(
        ErrorClass.BUSINESS,
        _("Other details of a bank account"),
        _(
            "%(source)s tells the bank account %(account)s of “%(name)s” with another %(what)s than it has here. "
            "Nothing was changed."
        ),
        _(
            "It may be a fraud: call the supplier back on a number that you knew before. If it is right, change the "
            "account here; it then has to be approved again."
        ),
        severity="high",
        fix_class="c",
        fix="approve_bank",
    ),
    "legal_number_missing": CodeInfo(
        ErrorClass.CONTRACT,
        _("Legal numbers are missing or there twice"),
        _("In the series “%(series)s” of %(source)s numbers are missing or there twice: %(numbers)s."),
        _(
            "Ask the issuer. What was never issued is explained in the list; what is sent later closes by itself."
        ),
    ),
}
