# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The sentences of what a request would change: kept in English, as evidence, and read in everybody's own language.

A part of a preview (a row, a note, the head of an entry) holds its texts in English, the same for whoever asks: it is
compared with what would change by now. Beside them stands which sentence each is, and what fills it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .error_catalogue import fill
from .error_catalogue.base import _

WORDS: dict[str, str] = {
    # Book anew
    "told_by": _("Told by"),
    "newer_versions": _("Newer versions that wait"),
    "booked_entry": _("Booked entry"),
    "booked_anew": _("reversed, and booked anew"),
    "accounting_date_of": _("Accounting date: %(what)s"),
    "locked_documents": _("Documents of a locked period"),
    "locked_stop": _("stop, the controller decides"),
    "locked_once": _("this one is booked on the first open day"),
    "lines_unchanged": _("%(same)s of %(all)s lines come out as before"),
    "locked_note": _(
        "%(day)s is in a locked period. No lock date is changed: it is corrected on %(days)s, the first open day, with"
        " a reference to %(entry)s."
    ),
    # The other steps of exceptions
    "accounting_date": _("Accounting date"),
    "first_open_day": _("first open day after %(day)s"),
    "period_of": _("Period of"),
    "reopened": _("is reopened by hand"),
    "difference": _("Difference"),
    "tax": _("Tax"),
    "total": _("Total"),
    "booked_to": _("Booked to"),
    "journal_item": _("%(account)s (journal item %(item)s)"),
    "taken_back": _("taken back"),
    # Processing events again
    "replay_post": _("Would be booked"),
    "replay_send": _("Would be sent again"),
    "replay_nothing": _("Nothing to book"),
    "replay_duplicate": _("Already booked"),
    "replay_superseded": _("Overtaken by a newer version"),
    "replay_refused": _("Would be refused"),
    "replay_on_its_way": _("On its way already"),
    "replay_counts": _("%(events)s × %(amount)s, %(lines)s journal items"),
    "replay_unchanged": _("%(events)s events are booked already"),
    "replay_note": _("Nothing that is booked is reversed. Open the replay to see every event."),
    # Account of a role
    "holds_for": _("Holds for"),
    "all_connections": _("all connections"),
    "no_account": _("none"),
    "day": _("Day"),
    "agreement": _("Agreement"),
    "as_far_as_it_goes": _("paid as far as the money goes"),
    "numbering_goes_on": _("goes on"),
    "counted_anew": _("counted anew from number %(number)s (%(event)s)"),
    # Who pays
    "on_account": _("%(amount)s on %(account)s"),
    "role_booked": _(
        "%(account)s carries %(count)s journal items, balance %(amount)s. They stay there; what is booked from now on"
        " goes to the other account."
    ),
    # Bank account of a supplier
    "called_person": _("Who was called"),
    "called_number": _("On which number"),
    "number_source": _("Where the number comes from"),
    "number_note": _("Namely"),
    "called_at": _("When (UTC)"),
    "called_by": _("By whom"),
    "said": _("What was said"),
    "bank_holder": _("The account holder has another name than the supplier."),
    "bank_country": _("The account is in another country than the supplier."),
    "bank_transfer_service": _("The account is one of a money transfer service, not of a bank."),
    "bank_shared": _("Other contacts have the same account: %(who)s"),
    # Other requests
    "stays": _("stays"),
}


def told(part: Mapping[str, Any], **texts: str | tuple[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return ``part`` with these texts, each in English and as what it is.

    :param texts: name of the text → code of WORDS, or (code, what fills it).
    :raises KeyError: no such code.
    """
    said = {
        name: [text, {}] if isinstance(text, str) else [text[0], dict(text[1])]
        for name, text in texts.items()
    }
    return {
        **part,
        **{name: fill(WORDS[code], params) for name, (code, params) in said.items()},
        "words": {**(part.get("words") or {}), **said},
    }
