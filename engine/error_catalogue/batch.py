# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for files and fetched lists: what is missing, cut off, too large or not what it was."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_CONTRACT = ErrorClass.CONTRACT
_DECIDE = _(
    "Open it: read it again when the source has corrected it, let an approver accept it as it is, or put it aside."
)

BATCH_CODES = {
    "batch_incomplete": CodeInfo(
        _CONTRACT,
        _("A file or list is incomplete"),
        _("“%(source)s” is incomplete: %(problem)s"),
        _DECIDE,
        severity="high",
    ),
    "file_truncated": CodeInfo(
        _CONTRACT,
        _("The file is cut off"),
        _("“%(source)s” ends too early: %(problem)s"),
        _DECIDE,
        severity="high",
    ),
    "file_corrupt": CodeInfo(
        _CONTRACT,
        _("The file cannot be read"),
        _("“%(source)s” cannot be read: %(problem)s"),
        _DECIDE,
        severity="high",
    ),
    "file_too_large": CodeInfo(
        _CONTRACT,
        _("The file is larger than allowed"),
        _("“%(source)s” is larger than allowed: %(problem)s"),
        _("Ask the source for smaller files. An administrator may raise the limit of the folder."),
        severity="high",
    ),
    "cursor_goes_back": CodeInfo(
        _CONTRACT,
        _("The source's list goes backwards"),
        _("The source answered with a position before the one from which “%(source)s” was being read."),
        _DECIDE,
        severity="high",
    ),
    "cursor_repeats": CodeInfo(
        _CONTRACT,
        _("The source's list goes round in circles"),
        _("The source gave a position of “%(source)s” for the second time. Reading was stopped."),
        _DECIDE,
        severity="high",
    ),
    "page_too_large": CodeInfo(
        _CONTRACT,
        _("A page of the source is too large"),
        _("The source's answer to “%(source)s” is larger than allowed: %(problem)s"),
        _("Ask the source to send smaller pages. Nothing of this page was used."),
        severity="high",
    ),
}
