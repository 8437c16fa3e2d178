# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for files and fetched lists: what is missing, cut off, too large or not what it was."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_CONTRACT, _AUTHORIZATION = ErrorClass.CONTRACT, ErrorClass.AUTHORIZATION
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
    "file_changed": CodeInfo(
        _CONTRACT,
        _("Another content under a name that was read before"),
        _("“%(source)s” was read before with another content. Nothing of the new content was used."),
        _("Ask the source which one counts. Then read it all the same, or put it aside."),
        severity="critical",
        fix_class="c",
    ),
    "file_forbidden": CodeInfo(
        _AUTHORIZATION,
        _("The folder or file may not be read"),
        _("The hub may not read “%(source)s”: %(problem)s"),
        _("An administrator of the server names the folders that may be read in its configuration."),
        severity="high",
        fix_class="c",
    ),
    "host_key_refused": CodeInfo(
        _AUTHORIZATION,
        _("The file server is not the one we know"),
        _(
            "The file server %(host)s shows another key than the one that was entered. Nothing was sent to it."
        ),
        _("Ask the operator of the server for its key. Enter the new one only when they confirm the change."),
        severity="critical",
        fix_class="c",
    ),
    "file_unfinished": CodeInfo(
        _CONTRACT,
        _("A file is not finished"),
        _("“%(source)s” has been there for more than %(hours)s hours and is still not complete."),
        _(
            "Ask the source: it still writes the file, or the trigger file is missing. It is read once it is complete."
        ),
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
