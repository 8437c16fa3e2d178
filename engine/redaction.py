# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Hiding what must not be seen: in payload views, logs and error texts. Nothing is ever changed in place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

MASK = "•••"
MAX_DEPTH = 32
MAX_PARTS = 20_000
MAX_TEXT_CHARACTERS = 20_000
_CUT = "…"

# Headers that carry credentials or signatures; anything that sounds like one is hidden too.
SENSITIVE_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-forwarded-client-cert"}
)
_SENSITIVE_HEADER_PART = re.compile(
    r"signature|hmac|secret|token|password|api-?key|credential|auth", re.IGNORECASE
)

# Keys that are hidden whatever the connector says; compared without case, dashes and underscores.
ALWAYS_SENSITIVE = frozenset(
    {
        "password",
        "secret",
        "clientsecret",
        "apikey",
        "accesstoken",
        "refreshtoken",
        "privatekey",
        "cvc",
        "cvv",
        "pan",
    }
)

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b")
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_SECRET = re.compile(r"\b(?:whsec|whsk|sk_live|sk_test|rk_live|rk_test|shpss|shpat)_[A-Za-z0-9+/=_-]{4,200}")


def normal_key(key: str) -> str:
    """Return ``key`` as sensitive keys are compared: lower case, without dashes and underscores."""
    return key.lower().replace("_", "").replace("-", "")


def redact(
    value: Any, sensitive_keys: Iterable[str] = (), hidden_texts: Collection[str] = (), personal: bool = False
) -> Any:
    """Return a copy of a JSON-like ``value`` in which what stands under a sensitive key reads "•••".

    Keys compare without case, dashes and underscores, at any depth; ALWAYS_SENSITIVE counts in addition.
    Depth, number of parts and length of texts are bounded; what lies beyond reads "…". A structure that
    contains itself therefore ends as well.

    :param hidden_texts: texts that read "•••" under whatever key they stand.
    :param personal: also mask what looks like an e-mail address, an IBAN or a card number in any text.
    """
    hidden = {normal_key(key) for key in sensitive_keys} | ALWAYS_SENSITIVE
    return _Redaction(frozenset(hidden), frozenset(hidden_texts), personal).copy(value, 0)


class _Redaction:
    """One run: counts the parts, so that a wide structure is bounded as well as a deep one."""

    def __init__(self, hidden: frozenset[str], texts: frozenset[str] = frozenset(), personal: bool = False):
        self.hidden = hidden
        self.texts = texts
        self.personal = personal
        self.parts = 0

    def copy(self, value: Any, depth: int) -> Any:
        self.parts += 1
        if depth > MAX_DEPTH or self.parts > MAX_PARTS:
            return _CUT
        if isinstance(value, Mapping):
            return {key: self._entry(key, part, depth) for key, part in self._within(value.items())}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.copy(part, depth + 1) for part in self._within(value)]
        if isinstance(value, (bytes, bytearray)):
            return f"<{len(value)} bytes>"
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        if text in self.texts:
            return MASK
        if self.personal:
            return mask_text(text)
        return text[:MAX_TEXT_CHARACTERS] + _CUT if len(text) > MAX_TEXT_CHARACTERS else text

    def _entry(self, key: Any, part: Any, depth: int) -> Any:
        if isinstance(key, str) and normal_key(key) in self.hidden:
            return part if part is None or part == "" else MASK
        return self.copy(part, depth + 1)

    def _within(self, parts: Iterable[Any]) -> Iterable[Any]:
        for part in parts:
            if self.parts > MAX_PARTS:
                return
            yield part


def redact_headers(headers: Iterable[tuple[str, str]] | Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers in order, with credentials and signatures replaced by "•••"."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(name, MASK if _is_sensitive_header(name) else mask_text(value)) for name, value in pairs]


def _is_sensitive_header(name: str) -> bool:
    return name.lower() in SENSITIVE_HEADERS or bool(_SENSITIVE_HEADER_PART.search(name))


def mask_text(text: str) -> str:
    """Return free ``text`` with e-mail addresses, IBANs, card numbers and known secret forms masked.

    An e-mail address keeps its domain, an IBAN its country and last four characters, a card number (one
    that passes the Luhn check) its last four digits: enough to recognise one's own, not to use it.
    """
    if len(text) > MAX_TEXT_CHARACTERS:
        text = text[:MAX_TEXT_CHARACTERS] + _CUT
    text = _SECRET.sub(lambda match: match.group().split("_")[0] + "_" + MASK, text)
    text = _EMAIL.sub(lambda match: MASK + "@" + match.group().split("@")[1], text)
    text = _IBAN.sub(_mask_iban, text)
    return _CARD.sub(_mask_card, text)


def _mask_iban(match: re.Match) -> str:
    compact = match.group().replace(" ", "")
    if not 15 <= len(compact) <= 34:
        return match.group()
    digits = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    # ISO 13616: the remainder of a valid IBAN is one; other upper-case texts stay readable.
    return f"{compact[:2]}{MASK}{compact[-4:]}" if int(digits) % 97 == 1 else match.group()


def _mask_card(match: re.Match) -> str:
    digits = [int(character) for character in match.group() if character.isdigit()]
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return MASK + "".join(map(str, digits[-4:])) if total % 10 == 0 else match.group()
