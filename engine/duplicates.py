# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Who is perhaps the same: customers, suppliers and products, with reasons and a confidence; never a decision (M3)."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

# Records that share one trait; a trait that more records share says nothing and would cost the square of their number.
MAX_BLOCK = 30
MAX_NAME_CHARACTERS = 200
MAX_TEXTS = 20
PROBABLE_FROM = 50
# Names are alike from this share of common letter triples on.
ALIKE_FROM = 0.7
# Of a phone number only its last digits are compared: the same number is written with and without country code.
PHONE_DIGITS = 9

LEGAL_FORMS = frozenset(
    [
        *(["gmbh", "ag", "kg", "ohg", "gbr", "ug", "mbh", "eg", "ev", "kgaa", "se"]),
        *(
            [
                "ltd",
                "limited",
                "plc",
                "llp",
                "lp",
                "inc",
                "incorporated",
                "corp",
                "corporation",
                "co",
                "company",
                "llc",
                "pllc",
                "pc",
            ]
        ),
        *(["sa", "sas", "sarl", "sasu", "eurl", "snc", "scs", "spa", "srl", "sl", "slu", "sau", "sapa"]),
        *(["bv", "nv", "vof", "cv", "ab", "as", "asa", "aps", "oy", "oyj", "hb", "kb"]),
        *(
            [
                "sp",
                "z",
                "zoo",
                "oo",
                "sro",
                "as",
                "kft",
                "zrt",
                "rt",
                "doo",
                "dd",
                "ood",
                "ead",
                "oao",
                "ooo",
                "zao",
                "pao",
            ]
        ),
        *(["pty", "pte", "pvt", "kk", "gk", "bhd", "sdn", "tbk", "pt"]),
        *(["and", "und", "et", "e", "y", "en", "og", "the"]),
    ]
)
# Addresses at these belong to anybody.
PUBLIC_DOMAINS = frozenset(
    [
        *(
            [
                "gmail.com",
                "googlemail.com",
                "outlook.com",
                "hotmail.com",
                "live.com",
                "msn.com",
                "yahoo.com",
                "icloud.com",
                "me.com",
            ]
        ),
        *(
            [
                "aol.com",
                "proton.me",
                "protonmail.com",
                "gmx.de",
                "gmx.net",
                "web.de",
                "t-online.de",
                "mail.ru",
                "yandex.ru",
                "qq.com",
            ]
        ),
        *(
            [
                "163.com",
                "orange.fr",
                "free.fr",
                "laposte.net",
                "libero.it",
                "virgilio.it",
                "seznam.cz",
                "wp.pl",
                "o2.pl",
            ]
        ),
    ]
)
# Letters that do not fall apart into a base letter and a mark.
_LETTERS = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ħ": "h",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ð": "d",
        "&": " and ",
    }
)
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘`´ʼ"))
_DOTTED = re.compile(r"\b(?:\w\.\s?){2,}", re.UNICODE)
_NOT_WORD = re.compile(r"[\W_]+", re.UNICODE)
_NOT_CODE = re.compile(r"[^0-9A-Z]+")

# Reason → how far it alone goes, in percent.
WEIGHTS = {
    "tax_id": 95,
    "iban": 92,
    "barcode": 97,
    "email": 75,
    "reference": 60,
    "phone": 55,
    "name": 62,
    "name_alike": 45,
    "domain": 30,
    "country": 10,
}
# Reasons of which one is enough to say: the same for all we know.
EXACT = frozenset({"tax_id", "iban", "barcode"})


@dataclasses.dataclass(frozen=True)
class Subject:
    """A customer, supplier or product as far as it tells who it is; texts as they were entered.

    ``company``  id of the company that it belongs to, None = shared by all.
    ``family``   what belongs together anyway (variants of one product); those are never suspected.
    """

    id: int
    name: str = ""
    tax_ids: tuple[str, ...] = ()
    ibans: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    barcodes: tuple[str, ...] = ()
    country: str = ""
    is_company: bool | None = None
    company: int | None = None
    family: int | None = None


@dataclasses.dataclass(frozen=True)
class Suspicion:
    """Why two are perhaps one. ``first`` < ``second``; ``against`` speaks against it.

    ``confidence``  percent, 0 to 100; ``exact`` = by what nobody shares by chance.
    """

    first: int
    second: int
    confidence: int
    exact: bool
    reasons: tuple[str, ...]
    against: tuple[str, ...] = ()


# -- one spelling for each ------------------------------------------------------------------------------------


def normal_name(text: str) -> str:
    """Return a name without legal form, accents, punctuation and order of words: what is left tells who it is.

    A name that consists of nothing else keeps its words. Scripts without cases and accents stay as they are.
    """
    plain = _plain(text[:MAX_NAME_CHARACTERS].translate(_APOSTROPHES))
    plain = _DOTTED.sub(lambda match: match.group().replace(".", "").replace(" ", "") + " ", plain)
    words = [word for word in _NOT_WORD.split(plain) if word]
    telling = [word for word in words if word not in LEGAL_FORMS]
    return " ".join(sorted(telling or words))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    parts = unicodedata.normalize("NFKD", folded)
    # Marks, and characters that nobody sees: two names that look alike are alike.
    return "".join(letter for letter in parts if unicodedata.category(letter) not in ("Mn", "Cf", "Cc"))


def normal_code(text: str) -> str:
    """Return a tax number, IBAN, reference or barcode as letters and digits alone; '' = it says nothing."""
    code = _NOT_CODE.sub("", unicodedata.normalize("NFKC", text[:MAX_NAME_CHARACTERS]).upper())
    return code if len(code) >= 3 and set(code) != {"0"} else ""


def normal_email(text: str) -> str:
    """Return an e-mail address in lower case, '' where it is none."""
    email = unicodedata.normalize("NFKC", text[:MAX_NAME_CHARACTERS]).strip().casefold()
    name, at, domain = email.rpartition("@")
    return email if at and name and "." in domain and not any(map(str.isspace, email)) else ""


def normal_phone(text: str) -> str:
    """Return the last digits of a phone number, '' where it has too few to tell anybody."""
    digits = "".join(
        str(unicodedata.digit(letter)) for letter in text[:MAX_NAME_CHARACTERS] if letter.isdecimal()
    )
    return digits[-PHONE_DIGITS:] if len(digits) >= 7 else ""


def own_domain(email: str) -> str:
    """Return the domain of a normal e-mail address, '' where anybody can have one there."""
    domain = email.rpartition("@")[2]
    return "" if domain in PUBLIC_DOMAINS else domain


@dataclasses.dataclass(frozen=True)
class _Traits:
    name: str
    tax_id: frozenset[str]
    iban: frozenset[str]
    email: frozenset[str]
    phone: frozenset[str]
    reference: frozenset[str]
    barcode: frozenset[str]
    domain: frozenset[str]


def _traits(subject: Subject) -> _Traits:
    def read(texts: Iterable[str], normal) -> frozenset[str]:
        return frozenset(value for text in tuple(texts)[:MAX_TEXTS] if (value := normal(text)))

    emails = read(subject.emails, normal_email)
    return _Traits(
        normal_name(subject.name),
        read(subject.tax_ids, normal_code),
        read(subject.ibans, normal_code),
        emails,
        read(subject.phones, normal_phone),
        read(subject.references, normal_code),
        read(subject.barcodes, normal_code),
        frozenset(domain for email in emails if (domain := own_domain(email))),
    )


# -- who is compared with whom ----------------------------------------------------------------------------------


def keys_of(subject: Subject) -> frozenset[str]:
    """Return what a subject is found by: two that share no key are not compared."""
    traits = _traits(subject)
    keys = {
        f"{kind}:{value}"
        for kind in ("tax_id", "iban", "email", "phone", "reference", "barcode", "domain")
        for value in getattr(traits, kind)
    }
    if traits.name:
        keys.add(f"name:{traits.name}")
        # Names that differ by a letter still begin alike, whole or in their longest word.
        longest = max(traits.name.split(" "), key=lambda word: (len(word), word))
        keys |= {f"start:{longest[:5]}", f"end:{longest[-5:]}"} if len(longest) >= 5 else set()
    return frozenset(keys)


def hidden_key(key: str) -> str:
    """Return a key as it may be stored: it can be compared, and tells nobody who it is of."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def suspicions(subjects: Iterable[Subject]) -> Iterator[Suspicion]:
    """Yield the suspicions among ``subjects``; their number of comparisons grows with their number, not its square."""
    subjects = list(subjects)
    blocks = defaultdict(list)
    for subject in subjects:
        for key in keys_of(subject):
            blocks[key].append(subject)
    done: set[tuple[int, int]] = set()
    for block in blocks.values():
        if len(block) > MAX_BLOCK:
            continue
        for place, one in enumerate(block):
            for other in block[place + 1 :]:
                pair = (min(one.id, other.id), max(one.id, other.id))
                if pair not in done:
                    done.add(pair)
                    if found := compare(one, other):
                        yield found


# -- comparing two ------------------------------------------------------------------------------------------------


def compare(one: Subject, other: Subject) -> Suspicion | None:
    """Return why two subjects are perhaps one, None where nothing speaks for it.

    Records of different companies are never suspected: they are kept apart on purpose.
    """
    if one.id == other.id or (one.family is not None and one.family == other.family):
        return None
    if one.company is not None and other.company is not None and one.company != other.company:
        return None
    mine, theirs = _traits(one), _traits(other)
    reasons = [
        kind
        for kind in ("tax_id", "iban", "barcode", "email", "reference", "phone")
        if getattr(mine, kind) & getattr(theirs, kind)
    ]
    if mine.name and mine.name == theirs.name:
        reasons.append("name")
    elif _likeness(mine.name, theirs.name) >= ALIKE_FROM:
        reasons.append("name_alike")
    if "email" not in reasons and mine.domain & theirs.domain:
        reasons.append("domain")
    if not reasons:
        return None
    if one.country and one.country == other.country:
        reasons.append("country")
    against = _against(one, other, mine, theirs)
    confidence = _confidence(reasons, against)
    exact = bool(EXACT & set(reasons) or {"email", "name"} <= set(reasons)) and "tax_id" not in against
    if confidence < PROBABLE_FROM:
        return None
    first, second = sorted((one.id, other.id))
    return Suspicion(first, second, confidence, exact, tuple(reasons), tuple(against))


def _against(one: Subject, other: Subject, mine: _Traits, theirs: _Traits) -> list[str]:
    against = [
        kind
        for kind in ("tax_id", "barcode")
        if getattr(mine, kind) and getattr(theirs, kind) and not getattr(mine, kind) & getattr(theirs, kind)
    ]
    if one.country and other.country and one.country != other.country:
        against.append("country")
    if one.is_company is not None and other.is_company is not None and one.is_company != other.is_company:
        against.append("is_company")
    return against


def _confidence(reasons: Iterable[str], against: Iterable[str]) -> int:
    """Return the percent that independent reasons give together, in whole numbers."""
    doubt = 10_000
    for reason in reasons:
        doubt = doubt * (100 - WEIGHTS[reason]) // 100
    confidence = (10_000 - doubt) // 100
    for reason in against:
        confidence -= {"tax_id": 45, "barcode": 45, "country": 15, "is_company": 10}[reason]
    return max(0, min(100, confidence))


def _likeness(one: str, other: str) -> float:
    """Return the share of letter triples that two names have in common (Jaccard)."""
    if not one or not other:
        return 0.0
    mine, theirs = _triples(one), _triples(other)
    return len(mine & theirs) / len(mine | theirs)


def _triples(name: str) -> set[str]:
    found: set[str] = set()
    for word in name.split(" "):
        padded = f"  {word} "
        found |= {padded[place : place + 3] for place in range(len(padded) - 2)}
    return found
