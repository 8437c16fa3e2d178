# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for conditions that pass by themselves, and for answers of other systems that do not."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

_TRANSIENT = ErrorClass.TRANSIENT
_NOTHING_TO_DO = _("Nothing to do: the hub tries again by itself.")

TRANSIENT_CODES = {
    "database_retry": CodeInfo(
        _TRANSIENT,
        _("The database was busy"),
        _("Two tasks wanted to change the same record at the same moment."),
        _NOTHING_TO_DO,
        severity="low",
        fix="retry",
    ),
    "destination_unavailable": CodeInfo(
        _TRANSIENT,
        _("The other system cannot be reached"),
        _("The other system could not be reached, so nothing was sent."),
        _NOTHING_TO_DO,
        severity="low",
        fix="retry",
    ),
    "destination_timeout": CodeInfo(
        _TRANSIENT,
        _("The other system did not answer in time"),
        _("It was sent, but no answer came in time; it may have arrived."),
        _("The hub asks the other system what it has before it sends again."),
        fix="ask_destination",
    ),
    "destination_rate_limited": CodeInfo(
        _TRANSIENT,
        _("The other system asks for a pause"),
        _("The other system takes no more requests for the moment."),
        _NOTHING_TO_DO,
        severity="low",
        fix="retry",
    ),
    "destination_server_error": CodeInfo(
        _TRANSIENT,
        _("The other system has a problem"),
        _("The other system answered with an error of its own (status %(status)s)."),
        _NOTHING_TO_DO,
        severity="low",
        fix="retry",
    ),
    "destination_busy": CodeInfo(
        _TRANSIENT,
        _("The other system still works on it"),
        _("The other system is still busy with the same event (status %(status)s)."),
        _NOTHING_TO_DO,
        severity="low",
        fix="retry",
    ),
    "delivery_interrupted": CodeInfo(
        _TRANSIENT,
        _("The sending was interrupted"),
        _("The server was stopped while this was being sent; it may have arrived."),
        _("The hub asks the other system what it has before it sends again."),
        severity="low",
        fix="ask_destination",
    ),
    "destination_silent": CodeInfo(
        _TRANSIENT,
        _("The other system has not answered for a long time"),
        _("The other system has not answered for %(hours)s hours. The hub has stopped calling it."),
        _(
            "Ask its support. When it answers again, press Resume: everything that waits is then sent in order."
        ),
        severity="high",
        fix="retry",
    ),
    "refetch_later": CodeInfo(
        _TRANSIENT,
        _("The provider was not asked yet"),
        _("The provider is asked what the event says of money; there was no time left in this turn."),
        _NOTHING_TO_DO,
        severity="low",
        fix="retry",
    ),
    "source_unavailable": CodeInfo(
        _TRANSIENT,
        _("The source cannot be reached"),
        _("The source system could not be reached or answered with an error of its own."),
        _("Nothing to do: the hub tries again by itself and goes on where it stopped."),
        severity="low",
        fix="retry",
    ),
    "source_rate_limited": CodeInfo(
        _TRANSIENT,
        _("The source asks for a pause"),
        _("The source system takes no more requests for the moment."),
        _("Nothing to do: the hub tries again by itself and goes on where it stopped."),
        severity="low",
        fix="retry",
    ),
}

# Answers that are no refusal of the document and yet do not pass by themselves.
ANSWER_CODES = {
    "destination_redirected": CodeInfo(
        ErrorClass.AUTHORIZATION,
        _("The other system sends us elsewhere"),
        _("The other system answered that its address changed. The hub never follows such a hint."),
        _("Check the new address with the other system's support; an administrator then enters it."),
        severity="high",
        fix_class="c",
    ),
    "destination_garbage": CodeInfo(
        ErrorClass.CONTRACT,
        _("The answer cannot be read"),
        _("The other system answered with something that is not what its interface promises."),
        _("Usually a maintenance page or a wrong address. Check the address, then try again."),
        fix="retry",
    ),
}
