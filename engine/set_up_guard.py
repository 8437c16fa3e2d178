# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which changes of the set-up of real events take two people (X4, C2).

Where secrets go, who is believed, and where it is booked: whoever changes the address that is called has the secret of
the connection sent there, and what answers from it is booked. What makes a connection more careful, or stops something,
is one person's, at once.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from typing import Any


class Rule(str, enum.Enum):
    """When a change of a field takes two people."""

    ANY = "any"  # whatever it becomes
    REPLACED = "replaced"  # the first value is chosen by one person; another one, or none, is a change
    GAINED = "gained"  # whatever it becomes, except empty
    WIDENED = "widened"  # a word more in a list of words
    ADDED = "added"  # an id more in a list of ids that has some
    RAISED = "raised"  # a larger number
    SHORTENED = "shortened"  # fewer days than before; 0 = for ever
    LENGTHENED = "lengthened"  # more days than before; a negative number = for ever
    CARELESS = "careless"  # from the careful one of two ways to another one
    SWITCHED_ON = "on"
    SWITCHED_OFF = "off"


# By model: {field: rule}.
GUARDED: Mapping[str, Mapping[str, Rule]] = {
    "integration.connection": {
        "company_id": Rule.ANY,
        "time_zone": Rule.ANY,
        "outside_account": Rule.REPLACED,
        "api_base_url": Rule.ANY,
        "delivery_url": Rule.GAINED,
        "allowed_hosts": Rule.WIDENED,
        "issued_journal_id": Rule.REPLACED,
        "sales_journal_id": Rule.REPLACED,
        "entry_journal_id": Rule.REPLACED,
        "payout_journal_ids": Rule.ADDED,
        "bank_journal_ids": Rule.ADDED,
        "billing_issuer": Rule.REPLACED,
        "fee_mode": Rule.ANY,
        "fee_partner_id": Rule.REPLACED,
        "tax_tolerance": Rule.RAISED,
        "legal_hold": Rule.SWITCHED_OFF,
    },
    "integration.flow": {
        "late_policy": Rule.CARELESS,
        "batch_policy": Rule.CARELESS,
        "query_when_late": Rule.CARELESS,
        "query_overdue_days": Rule.LENGTHENED,
    },
    "integration.balance.account": {
        "connection_id": Rule.ANY,
        "currency_id": Rule.ANY,
        "journal_id": Rule.ANY,
    },
    "integration.drop": {
        "active": Rule.SWITCHED_ON,
        "connection_id": Rule.ANY,
        "protocol": Rule.ANY,
        "root": Rule.ANY,
        "folder": Rule.ANY,
        "host": Rule.ANY,
        "port": Rule.ANY,
        "username": Rule.ANY,
        "host_key": Rule.ANY,
        "bucket": Rule.ANY,
        "region": Rule.ANY,
        "endpoint_url": Rule.ANY,
        "requires_totals": Rule.SWITCHED_OFF,
    },
    "integration.retention": {
        "company_id": Rule.ANY,
        "classification": Rule.ANY,
        "erase_days": Rule.SHORTENED,
    },
}

# Of ways to go on, the careful ones: stop a document of a locked period, wait for the whole file, release nothing.
CAREFUL = frozenset({"stop", "when_complete", "closed"})
# As what a record begins, until another person has agreed to more.
BEGINS_AS: Mapping[str, Mapping[str, Any]] = {
    "integration.drop": {"active": False},
    "integration.retention": {"erase_days": 0},
}


def needs_two(rule: Rule, before: Any, after: Any) -> bool:
    """Whether the change of a value from ``before`` to ``after`` takes two people.

    :param before: text, number, id, list of ids or truth; what is empty is false.
    """
    return (before or None) != (after or None) and _TAKES_TWO[rule](before, after)


def held(rules: Mapping[str, Rule], before: Mapping[str, Any], after: Mapping[str, Any]) -> Collection[str]:
    """Return the names among ``after`` whose change waits for a second person, in their order."""
    return [name for name in after if name in rules and needs_two(rules[name], before.get(name), after[name])]


def _words(text: Any) -> frozenset[str]:
    return frozenset(str(text or "").casefold().split())


_TAKES_TWO: Mapping[Rule, Callable[[Any, Any], bool]] = {
    Rule.ANY: lambda _before, _after: True,
    Rule.REPLACED: lambda before, _after: bool(before),
    Rule.GAINED: lambda _before, after: bool(after),
    Rule.WIDENED: lambda before, after: not _words(after) <= _words(before),
    Rule.ADDED: lambda before, after: bool(before) and not set(after or ()) <= set(before),
    Rule.RAISED: lambda before, after: (after or 0) > (before or 0),
    Rule.SHORTENED: lambda before, after: bool(after) and (not before or after < before),
    Rule.LENGTHENED: lambda before, after: (before or 0) >= 0 and not 0 <= (after or 0) <= (before or 0),
    Rule.CARELESS: lambda before, _after: before in CAREFUL,
    Rule.SWITCHED_ON: lambda _before, after: bool(after),
    Rule.SWITCHED_OFF: lambda _before, after: not after,
}
