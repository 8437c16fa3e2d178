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
    "owned_value_edited": CodeInfo(
        ErrorClass.BUSINESS,
        _("Changed here, owned elsewhere"),
        _("%(field)s was changed in Odoo and belongs to %(owner)s, which will send its own value again."),
        _("Have it changed at %(owner)s as well, take its value back, or make Odoo the owner."),
        severity="low",
        fix="compare_values",
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
    "legal_number_missing": CodeInfo(
        ErrorClass.CONTRACT,
        _("Legal numbers are missing or there twice"),
        _("In the series “%(series)s” of %(source)s numbers are missing or there twice: %(numbers)s."),
        _(
            "Ask the issuer. What was never issued is explained in the list; what is sent later closes by itself."
        ),
    ),
}
