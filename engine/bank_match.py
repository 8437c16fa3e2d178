# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Which invoices the text of a bank line names, and which of them it is certain to pay (policy, table of events: bank).

Pure rules. What is not certain stays on the suspense account of the bank's journal, where a person matches it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

# Shorter words stand in a text by chance, words without a digit are no numbers of documents.
MIN_NAME_CHARS = 6
MAX_NAMES = 40
# "+" and "/" are part of structured communications (+++123/4567/89012+++) and of document numbers (INV/2026/00012).
_WORD = re.compile(r"[0-9A-Za-z+][0-9A-Za-z+/_.\-]*[0-9A-Za-z+]")


def names_in(text: str, stated: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what may be the number of a document: what the bank states as a reference first, then words of its text.

    :param text: everything that the bank wrote.
    :param stated: references that the bank gives apart from its text; taken as they are.
    """
    found = dict.fromkeys(value.strip() for value in stated if value.strip())
    for word in _WORD.findall(text):
        if len(word) >= MIN_NAME_CHARS and any(char.isdigit() for char in word):
            found.setdefault(word)
            found.setdefault(word.upper())
    return tuple(found)[:MAX_NAMES]


def certainly_paid(amount: Decimal, named: Mapping[int, Decimal]) -> tuple[int, ...]:
    """Return the ids of the invoices that a receipt pays for sure, () where a person must say so.

    One open invoice is named: it is paid, in full, in part or with more, whatever the amount. Several are named: only
    where they are open with exactly the amount together. In one currency.

    :param amount: what came in; positive.
    :param named: {invoice id: what is open of it}, also those with nothing open: beside one of them it is not certain
        that all of the money is for the other.
    """
    if amount <= 0:
        return ()
    if len(named) == 1 or sum(named.values(), Decimal(0)) == amount:
        return tuple(number for number, left in named.items() if left > 0)
    return ()


def plain_account(number: str) -> str:
    """Return an account number as it is compared: without blanks and punctuation, in capitals."""
    return re.sub(r"[^0-9A-Za-z]", "", number).upper()


def last_digits(number: str) -> str:
    """Return the end of an account number, by which its owner knows it and nobody else can use it."""
    return f"…{plain_account(number)[-4:]}"


def plain_text(text: str) -> str:
    """Return a bank's text as it is compared: one way of writing it per wording, whoever brought it."""
    return " ".join(re.findall(r"[0-9a-z]+", text.lower()))
