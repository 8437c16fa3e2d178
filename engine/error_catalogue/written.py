# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes about what Odoo writes to outside systems."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_BUSINESS = ErrorClass.BUSINESS

WRITTEN_CODES: dict[str, CodeInfo] = {
    "customer_not_written": CodeInfo(
        _BUSINESS,
        _("A customer was not written to the outside system"),
        _(
            "What Odoo knows of %(customer)s is not at %(connection)s, which goes on with what it had before. "
            "%(reason)s"
        ),
        _(
            "Open what is written. Where it was refused, correct the contact (it is then written by itself) or press "
            "“Write again”; where the other side does not answer, the hub goes on asking, and makes nothing twice."
        ),
        fix="open_customer_copy",
    ),
    "customer_tax_number_unknown": CodeInfo(
        _BUSINESS,
        _("A tax number was not written to the outside system"),
        _(
            "The tax number of %(customer)s fits no kind of number that %(connection)s knows for its country. "
            "Everything else of the customer is written."
        ),
        _(
            "Correct the number or the country of the contact; it is then written by itself. Where both are right, "
            "enter the number there by hand."
        ),
        severity="low",
        fix="open_customer_copy",
    ),
    "customer_gone": CodeInfo(
        _BUSINESS,
        _("A customer was deleted at the outside system"),
        _(
            "%(customer)s was written to %(connection)s and is deleted there. Nothing of it is written any more, and "
            "payments can come in under a new id that Odoo does not know."
        ),
        _("Open what is written: make the customer anew there, or write it no more."),
        fix="open_customer_copy",
    ),
}
