# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for master data and agreements: whose value counts, who is who, what has changed at the source."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

GOVERNANCE_CODES = {
    "value_not_owned": CodeInfo(
        ErrorClass.BUSINESS,
        _("Another system says otherwise"),
        _("%(source)s sent another %(field)s than Odoo has. It belongs to %(owner)s, so nothing was changed."),
        _("Compare both values and choose: keep, take over, or let %(source)s own it from now on."),
        fix_class="b",
        fix="compare_values",
    ),
    "value_kept_out": CodeInfo(
        ErrorClass.BUSINESS,
        _("A value was kept out"),
        _("%(source)s sent another %(field)s than the one of %(owner)s, which counts. Nothing was changed."),
        _(
            "Look whether %(source)s is right after all. If it always is, make it the owner; else have it corrected there."
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
}
