# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What is being worked on now: one correlation id, and the caller's place in its trace.

Kept in a context variable, so that whatever happens in between (log lines, audit entries, calls to the outside) can
name it without being handed it.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import logging
import re
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import trace_context
from .trace_context import TraceContext

GIVEN = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
CORRELATION_HEADER = "X-Correlation-Id"
_NOT_SHOWN = re.compile(r"[^\x21-\x7e]")

_current: contextvars.ContextVar[Correlation | None] = contextvars.ContextVar(
    "integration_correlation", default=None
)


@dataclasses.dataclass(frozen=True)
class Correlation:
    """``trace`` is what the caller gave; None where nobody gave one."""

    correlation_id: str
    trace: TraceContext | None = None

    def headers(self, seed: str = "") -> dict[str, str]:
        """Return the headers of a call to the outside: the same correlation, a child span.

        :param seed: names the call, so that it can be found again; '' = a random span id.
        """
        trace = self.trace or trace_context.of_correlation(self.correlation_id)
        return {CORRELATION_HEADER: self.correlation_id, **trace.child(seed).headers()}


def current() -> Correlation | None:
    """Return what is being worked on, None outside of any."""
    return _current.get()


def read(headers: Mapping[str, str]) -> Correlation:
    """Return the caller's correlation: its own id, else the id of its trace, else a new one.

    :param headers: a mapping that knows a header's name in any case.
    """
    trace = None
    if parent := headers.get("traceparent"):
        trace = trace_context.parse(parent, headers.get("tracestate"))
    given = headers.get(CORRELATION_HEADER, "")
    if GIVEN.fullmatch(given):
        return Correlation(given, trace)
    return Correlation(trace.trace_id if trace else new_id(), trace)


def new_id() -> str:
    """Return a new id of 32 hex digits that begins with the time, as UUID version 7 does (RFC 9562, section 5.7).

    Ids of the same moment stand side by side in an index. Random ones touch another page of it with every event, and
    beside a million old events each of those pages is read, changed and written to the log for that event alone.
    """
    bits = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    bits = bits & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=bits & ~(0x3 << 62) | 0x2 << 62).hex


@contextlib.contextmanager
def scope(correlation: Correlation | None) -> Iterator[Correlation | None]:
    """Work on ``correlation`` (None = on nothing in particular) inside the block."""
    token = _current.set(correlation)
    try:
        yield correlation
    finally:
        _current.reset(token)


def bound(function: Callable[[], Any]) -> Callable[[], Any]:
    """Return ``function`` so that it runs later, after a commit, with what is being worked on now."""
    correlation = current()

    def run():
        with scope(correlation):
            return function()

    return run


def described(text: str) -> str:
    """Return ``text`` with the correlation id behind it, for the description of a job."""
    now = current()
    return f"{text} · {_printable(now.correlation_id)}" if now else text


def _printable(text: str) -> str:
    return _NOT_SHOWN.sub("?", text)[:128]


class CorrelationFilter(logging.Filter):
    """Gives each record ``correlation_id`` and ``trace_id``, and shows the former at the end of the line."""

    def filter(self, record: logging.LogRecord) -> bool:
        now = current()
        record.correlation_id = now.correlation_id if now else ""
        record.trace_id = now.trace.trace_id if now and now.trace else ""
        if now and not getattr(record, "correlation_shown", False):
            shown = _printable(now.correlation_id)
            # The text is a format when there are arguments.
            record.msg = f"{record.msg} [correlation {shown.replace('%', '%%') if record.args else shown}]"
            record.correlation_shown = True
        return True


def watch_loggers(prefix: str) -> int:
    """Give every logger at and below ``prefix`` the filter, once; returns how many got it now.

    A filter of a logger does not see the records of its children, so each needs its own.
    """
    count = 0
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if not isinstance(logger, logging.Logger) or not (name == prefix or name.startswith(f"{prefix}.")):
            continue
        if not any(isinstance(each, CorrelationFilter) for each in logger.filters):
            logger.addFilter(CorrelationFilter())
            count += 1
    return count
