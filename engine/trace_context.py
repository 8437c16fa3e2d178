# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""W3C Trace Context (https://www.w3.org/TR/trace-context/): read what a caller sends, write what is sent on.

``traceparent`` is ``00-<trace id>-<parent span id>-<flags>`` in lower-case hex; ``tracestate`` is a list of at most
32 ``key=value`` members that other systems own: it is passed on as it came, or not at all.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import secrets

# Header lines longer than this are not looked at; the longest valid one of version 00 has 55 characters.
MAX_PARENT_CHARACTERS = 256
MAX_STATE_MEMBERS = 32
# The specification asks for at least 512 characters to be passed on, and to drop members beyond 128 first.
MAX_STATE_CHARACTERS = 512
LONG_MEMBER_CHARACTERS = 128
SAMPLED = 0x01

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16
# As level 1, the Recommendation, writes them; a first digit is allowed as in level 2.
_KEY = r"(?:[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13}|[a-z0-9][a-z0-9_\-*/]{0,255})"
_VALUE = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_MEMBER = re.compile(f"({_KEY})={_VALUE}", re.ASCII)
_HEX_TRACE = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclasses.dataclass(frozen=True)
class TraceContext:
    """A place in a trace. ``span_id`` is the span of whoever wrote it: the parent of what follows.

    ``flags``  only the bit ``SAMPLED`` has a meaning in version 00; the others are never passed on.
    """

    trace_id: str
    span_id: str
    flags: int = 0
    state: str = ""

    @property
    def parent(self) -> str:
        """The value of the header ``traceparent``."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"

    def child(self, seed: str = "") -> TraceContext:
        """Return the context of a span of ours below this one.

        :param seed: the same seed gives the same span id, so that a repeated request keeps its own; '' = random.
        """
        return dataclasses.replace(self, span_id=_span_id(f"{self.trace_id}/{self.span_id}/{seed}", seed))

    def headers(self) -> dict[str, str]:
        """Return the headers that pass this context on."""
        return {"traceparent": self.parent} | ({"tracestate": self.state} if self.state else {})


def parse(parent: str | None, state: str | None = None) -> TraceContext | None:
    """Return what a caller's headers say, None when ``traceparent`` is missing or not valid.

    A ``tracestate`` that is not valid is left out; without a valid ``traceparent`` it is not looked at.
    """
    text = (parent or "").strip(" \t")
    if not text or len(text) > MAX_PARENT_CHARACTERS:
        return None
    found = _PARENT.fullmatch(text)
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if version == "ff" or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    if version == "00" and rest:  # later versions may add fields, this one has none
        return None
    return TraceContext(trace_id, span_id, int(flags, 16) & SAMPLED, parse_state(state))


def parse_state(state: str | None) -> str:
    """Return ``tracestate`` as it is passed on: at most MAX_STATE_CHARACTERS, '' when it is not valid."""
    members = [member for part in (state or "").split(",") if (member := part.strip(" \t"))]
    if not 0 < len(members) <= MAX_STATE_MEMBERS:
        return ""
    keys = set()
    for member in members:
        found = _MEMBER.fullmatch(member)
        if found is None or found[1] in keys:
            return ""
        keys.add(found[1])
    if len(",".join(members)) > MAX_STATE_CHARACTERS:
        members = [member for member in members if len(member) <= LONG_MEMBER_CHARACTERS]
    while len(",".join(members)) > MAX_STATE_CHARACTERS:
        members.pop()
    return ",".join(members)


def of_correlation(correlation_id: str) -> TraceContext:
    """Return the trace of a correlation whose caller gave none: the same id always gives the same trace.

    Its span is nobody's: only its children are sent. It is not sampled, since nobody has asked for it.
    """
    if _HEX_TRACE.fullmatch(correlation_id) and correlation_id != _NO_TRACE:
        trace_id = correlation_id
    else:
        trace_id = hashlib.sha256(f"trace/{correlation_id}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return TraceContext(trace_id, _span_id(f"correlation/{trace_id}", "of itself"))


def start() -> TraceContext:
    """Return the beginning of a new trace."""
    return TraceContext(secrets.token_hex(16), _span_id("", ""))


def _span_id(text: str, seed: str) -> str:
    """Return 16 hex digits that are not all zero: from ``text`` where there is a seed, else random."""
    while True:
        span_id = hashlib.sha256(text.encode()).hexdigest()[:16] if seed else secrets.token_hex(8)
        if span_id != _NO_SPAN:
            return span_id
        text += "/"
