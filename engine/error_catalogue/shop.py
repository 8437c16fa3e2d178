# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for what Odoo writes to a shop (S3)."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

SHOP_CODES = {
    "shop_not_written": CodeInfo(
        ErrorClass.BUSINESS,
        _("Not written to the shop"),
        _("%(what)s could not be written to %(shop)s, which goes on selling with what it has. %(reason)s"),
        _(
            "Put right what the shop says, here or there, then press “Write again”. “Show what was to be written” has "
            "the details; where the shop does not answer, the hub goes on trying."
        ),
        fix="write_again",
    ),
}
