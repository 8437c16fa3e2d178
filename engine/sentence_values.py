# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What fills the sentences: which of it is money, a day, an instant or an outside id.

A sentence keeps what fills it in one exact form, the same for everybody: "2162.00 USD", "2026-03-02",
"gid://shopify/Order/123". Whoever shows it writes it the reader's way; what is what is told by the name of the
parameter, so no sentence needs words of its own for that.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from .error_catalogue.base import _

# Amounts, alone or with their currency; several of them, too ("3 records, 5.00 EUR, 300.00 USD").
MONEY = frozenset(
    {
        "amount", "booked", "closing", "composed", "computed", "credit", "debit", "difference", "excess",
        "open", "ours", "rest", "stated", "theirs", "told", "total",
    }
)  # fmt: skip
# Days and instants.
WHEN = frozenset(
    {"booked_on", "date", "day", "days", "due", "end", "lock_date", "seen", "since", "start_date"}
)
# Words of somebody: of Odoo, of an outside system, of another sentence of ours. What is unmistakable is found in them.
TEXT = frozenset({"bank", "finding", "missing", "note", "problem", "reason", "reasons", "what"})
# Numbers, names, codes and what an outside system wrote: they stay as they are, but for the frame around an id.
NAME = frozenset(
    {
        "about", "account", "age_seconds", "agreed", "ahead_seconds", "all", "code", "companies", "company",
        "connection", "contract", "count", "currency", "customer", "dispute", "entity", "entry", "event",
        "event_type", "events", "expected", "exported", "field", "flow", "gateway", "got", "here", "highest", "host",
        "hours", "identity", "ids", "invoice", "item", "journal", "journal_currency", "key", "kind", "known",
        "limit", "line", "lines", "locked",
        "made_for", "mapping", "movement", "name", "number", "numbers", "object", "one", "other", "own", "owner",
        "parent", "path", "payment", "payout", "product", "products", "provider_type", "purpose", "query",
        "question", "reference", "related", "role", "rule", "same", "secret", "series", "shop", "source", "statement",
        "status",
        "subject", "unit", "value", "version", "wanted", "who",
    }
)  # fmt: skip

# What of the books could not be matched, as the code that asks a person writes it.
ABOUT = (
    _("payout %(number)s and what it paid out"),
    _("payout %(number)s"),
    _("dispute %(number)s"),
    _("suspense %(number)s"),
)

# Odoo keeps amounts as floats: with more digits than these the reader's form would be another number.
MAX_DIGITS = 15
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_ID = r"gid://[\w-]+/(?P<kind>\w+)/(?P<id>[\w-]+)(?:\?[\w=&-]*)?"
_INSTANT = (
    r"(?<![\w./:-])(?P<instant>\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2})(?:\.\d+)?(?:Z|\+00:00| UTC)?(?![\w:+])"
)
_DAY = r"(?<![\w./:-])(?P<day>\d{4}-\d{2}-\d{2})(?![\w/:-])"
_AMOUNT = r"(?<![\w.,:/-])(?P<number>-?\d+(?:\.\d+)?) (?P<currency>[A-Z]{3})(?!\w)"
_ANY = re.compile("|".join((_ID, _INSTANT, _DAY, _AMOUNT)), re.ASCII)


@dataclasses.dataclass(frozen=True)
class Money:
    """An amount; ``currency`` is empty where nothing says it. It has as many decimals as were told."""

    number: Decimal
    currency: str
    text: str


@dataclasses.dataclass(frozen=True)
class Day:
    day: datetime.date
    text: str


@dataclasses.dataclass(frozen=True)
class Instant:
    instant: datetime.datetime
    text: str


@dataclasses.dataclass(frozen=True)
class OutsideId:
    """What a shop frames as gid://shop/Kind/id."""

    kind: str
    outside_id: str
    text: str


Part = str | Money | Day | Instant | OutsideId


def parts(name: str, text: str, params: Mapping[str, object] | None = None) -> Iterator[Part]:
    """Yield what a parameter of a sentence is made of: texts as they are, and between them what has a reader's form.

    :param name: of the parameter.
    :param params: all of them; ``currency`` is that of amounts which name none.
    """
    if name in MONEY and _NUMBER.fullmatch(text):
        named = (params or {}).get("currency")
        currency = named if isinstance(named, str) and re.fullmatch("[A-Z]{3}", named) else ""
        yield _money(text, currency, text)
        return
    wanted = (name in MONEY or name in TEXT, name in WHEN or name in TEXT)
    end = 0
    for found in _ANY.finditer(text):
        part = _part(found, *wanted)
        if isinstance(part, str):
            continue
        if found.start() > end:
            yield text[end : found.start()]
        yield part
        end = found.end()
    if end < len(text) or not text:
        yield text[end:]


def _part(found: re.Match[str], money: bool, when: bool) -> Part:
    text = found[0]
    if found["id"]:
        return OutsideId(found["kind"], found["id"], text)
    if found["currency"]:
        return _money(found["number"], found["currency"], text) if money else text
    if not when:
        return text
    try:
        if found["instant"]:
            instant = datetime.datetime.fromisoformat(found["instant"])
            return Instant(instant.replace(tzinfo=datetime.timezone.utc), text)
        return Day(datetime.date.fromisoformat(found["day"]), text)
    except ValueError:  # the thirtieth of February
        return text


def _money(number: str, currency: str, text: str) -> Part:
    return Money(Decimal(number), currency, text) if len(number) <= MAX_DIGITS else text
