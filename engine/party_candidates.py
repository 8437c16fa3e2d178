# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who a customer of an outside system could be: contacts by likelihood, with reasons. Nothing is chosen here."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterable

# Best first.
LIKELIHOODS = ("certain", "likely", "possible")
REASONS = ("tax_id", "reference", "email", "name", "similar_name", "domain")
_LEGAL_FORMS = frozenset(
    [
        "ab",
        "ag",
        "as",
        "bv",
        "co",
        "corp",
        "corporation",
        "gmbh",
        "inc",
        "incorporated",
        "kg",
        "limited",
        "llc",
        "llp",
        "ltd",
        "nv",
        "oy",
        "plc",
        "pty",
        "sa",
        "sarl",
        "sas",
        "se",
        "spa",
        "srl",
    ]
)
# Addresses at these belong to nobody's company.
_PUBLIC_DOMAINS = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "gmx.de",
        "gmx.net",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "outlook.com",
        "proton.me",
        "web.de",
        "yahoo.com",
    ]
)
_NOT_WORD = re.compile(r"[^a-z0-9]+")
MIN_SHARED = 0.6


@dataclasses.dataclass(frozen=True)
class Party:
    """What is known of somebody; ``id`` is the contact's id here, 0 for the party that is looked for."""

    id: int = 0
    name: str = ""
    email: str = ""
    tax_id: str = ""
    reference: str = ""


@dataclasses.dataclass(frozen=True)
class Candidate:
    id: int
    likelihood: str
    reasons: tuple[str, ...]


def name_words(name: str) -> frozenset[str]:
    """Return the words of a name that tell it from others: no accents, no case, no legal form."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = plain.replace("'", "").replace("\u2019", "")
    words = [word for word in _NOT_WORD.split(plain) if word]
    return frozenset(words) - _LEGAL_FORMS or frozenset(words)


def candidates(wanted: Party, contacts: Iterable[Party]) -> list[Candidate]:
    """Return the contacts that ``wanted`` could be, best first, contacts without any reason left out."""
    found = [candidate for contact in contacts if (candidate := _compare(wanted, contact))]
    return sorted(found, key=lambda row: (LIKELIHOODS.index(row.likelihood), -len(row.reasons), row.id))


def _compare(wanted: Party, contact: Party) -> Candidate | None:
    reasons = []
    if _same(wanted.tax_id, contact.tax_id):
        reasons.append("tax_id")
    if _same(wanted.reference, contact.reference):
        reasons.append("reference")
    if _same(wanted.email, contact.email):
        reasons.append("email")
    elif _domain(wanted.email) and _domain(wanted.email) == _domain(contact.email):
        reasons.append("domain")
    words, other = name_words(wanted.name), name_words(contact.name)
    if words and words == other:
        reasons.append("name")
    elif words and other and len(words & other) / len(words | other) >= MIN_SHARED:
        reasons.append("similar_name")
    if not reasons:
        return None
    if "tax_id" in reasons or "reference" in reasons:
        likelihood = "certain"
    elif "email" in reasons or ("name" in reasons and "domain" in reasons):
        likelihood = "likely"
    else:
        likelihood = "likely" if "name" in reasons else "possible"
    return Candidate(contact.id, likelihood, tuple(sorted(reasons, key=REASONS.index)))


def _same(one: str, other: str) -> bool:
    left, right = _NOT_WORD.sub("", one.casefold()), _NOT_WORD.sub("", other.casefold())
    return bool(left) and left == right


def _domain(email: str) -> str:
    domain = email.casefold().rpartition("@")[2]
    return "" if domain in _PUBLIC_DOMAINS else domain
