# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Codes for what concerns the hub itself: rules that wait in vain, work that is not being done."""

from __future__ import annotations

from .base import CodeInfo, ErrorClass, _

RULE_CODES = {
    "rule_overdue": CodeInfo(
        ErrorClass.BUSINESS,
        _("A rule waits in vain"),
        _("“%(rule)s” has waited since %(since)s for %(subject)s. It has not happened that %(missing)s."),
        _(
            "Find out why it has not happened. The rule goes on by itself once it has; or say that nobody waits for it."
        ),
        severity="high",
    ),
    "rule_follow_up_failed": CodeInfo(
        ErrorClass.BUSINESS,
        _("What a rule should do could not be done"),
        _("“%(rule)s” is fulfilled for %(subject)s, but its follow-up failed: %(reason)s"),
        _(
            "Remove the reason, then press “Try again” on the wait of the rule. Nothing of it was done in part."
        ),
        severity="high",
    ),
    "rule_says": CodeInfo(
        ErrorClass.BUSINESS,
        _("A rule asks for your attention"),
        _("“%(rule)s” for %(subject)s: %(reason)s"),
        _("Do what the text says, then mark it as settled."),
    ),
    "rule_target_missing": CodeInfo(
        ErrorClass.BUSINESS,
        _("What a rule should act on is not there"),
        _("%(what)s is needed for the follow-up, and the events name none."),
        _("Choose events that are about it, or another follow-up."),
    ),
}

WATCH_CODES = {
    "runner_missing": CodeInfo(
        ErrorClass.TRANSIENT,
        _("The job runner is not running"),
        _("Events are received but not being booked at once since %(since)s: the job runner is not running."),
        _("Nothing is lost: the scheduler works on, slowly. Ask your administrator to start the job runner."),
        severity="critical",
    ),
    "runner_idle": CodeInfo(
        ErrorClass.TRANSIENT,
        _("The job runner takes no work"),
        _(
            "Events are received but not being booked at once since %(since)s: the job runner runs and takes no work."
        ),
        _(
            "Nothing is lost: the scheduler works on, slowly. Ask your administrator to check the address and the "
            "channels of the job runner."
        ),
        severity="critical",
    ),
    "work_stuck": CodeInfo(
        ErrorClass.TRANSIENT,
        _("Work hangs"),
        _("One piece of work has been running since %(since)s and should have ended within a minute."),
        _(
            "Ask your administrator to restart the worker that runs it; nothing is lost and it goes on by itself."
        ),
        severity="high",
    ),
    "work_stranded": CodeInfo(
        ErrorClass.TRANSIENT,
        _("Events wait and nobody works on them"),
        _("Events have been waiting since %(since)s although the job runner is running."),
        _("Ask your administrator whether the scheduled actions are running; nothing is lost."),
        severity="high",
    ),
}

UPGRADE_CODES = {
    "flow_added": CodeInfo(
        ErrorClass.BUSINESS,
        _("The hub has learned to carry something more"),
        _(
            "Since the last update %(connection)s can also carry: %(kind)s. The new flow is a draft: it keeps its "
            "events and books nothing."
        ),
        _(
            "Open the connection and look at its flows: let the new one run in shadow or go live, or retire it if you "
            "do not need it."
        ),
        severity="low",
        fix_class="c",
    ),
}
