# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for configurations that come from elsewhere."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

PROMOTION_CODES = {
    "bundle_too_large": CodeInfo(
        ErrorClass.CONTRACT,
        _("A configuration is too large"),
        _(
            "The file is larger than %(limit)s MB or holds more records than a configuration has. It was not read."
        ),
        _("Have it exported once more. If it really is that large, export the companies one by one."),
        severity="low",
    ),
    "bundle_unreadable": CodeInfo(
        ErrorClass.CONTRACT,
        _("No configuration"),
        _("The file is not a configuration of this hub, or it is damaged. Nothing was taken from it."),
        _("Have it exported once more, and bring it here without opening or packing it."),
        severity="low",
    ),
    "bundle_format": CodeInfo(
        ErrorClass.CONTRACT,
        _("A configuration of another version"),
        _("The file is of the form “%(stated)s”; this server reads “%(known)s”. Nothing was taken from it."),
        _("Bring both servers to the same version of the hub, then export it once more."),
        severity="low",
    ),
    "bundle_altered": CodeInfo(
        ErrorClass.CONTRACT,
        _("A configuration contradicts its own list"),
        _("What the file holds is not what its own list says. Nothing was taken from it."),
        _("Do not use this file. Have it exported once more, and ask who has had it in hand."),
        severity="high",
    ),
    "bundle_not_for_here": CodeInfo(
        ErrorClass.CONTRACT,
        _("A configuration for somewhere else"),
        _("The file was made for %(made_for)s; this is %(here)s. Nothing was taken from it."),
        _("Choose the company and environment that it was made for, or have it exported for this one."),
        severity="low",
    ),
    "bundle_contradiction": CodeInfo(
        ErrorClass.CONTRACT,
        _("A configuration contradicts itself"),
        _(
            "Something in the file cannot hold: %(what)s. A value means two things on one day, ownership goes round in "
            "a circle, or conditions name records by their number. Nothing was taken from it."
        ),
        _("Have it put right where it comes from, then export it once more."),
        severity="low",
    ),
    "bundle_signature": CodeInfo(
        ErrorClass.AUTHORIZATION,
        _("The signature of a configuration is forged"),
        _(
            "The file was changed after it was signed, or its signature is not genuine. Nothing was taken from it."
        ),
        _("Do not use this file. Have it exported once more, and ask who has had it in hand."),
        severity="high",
    ),
    "bundle_key_unknown": CodeInfo(
        ErrorClass.AUTHORIZATION,
        _("A configuration of an unknown server"),
        _(
            "The file is signed with the key %(key)s…, which nobody has named here. Nothing was taken from it."
        ),
        _(
            "Compare the key with the one that the other server shows under “Export a configuration”. If it is the "
            "same, have whoever runs this server name it: see the page about configurations."
        ),
    ),
    "bundle_keys_unreadable": CodeInfo(
        ErrorClass.AUTHORIZATION,
        _("The list of known servers cannot be read"),
        _(
            "The keys of servers whose configurations are taken cannot be read. Nothing was taken from the file."
        ),
        _("Ask whoever runs this server to put the list of public keys right."),
    ),
}
