# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Helps every connector read what it did not write: JSON bodies, HTTP answers, settings.

A connector describes the fields that it uses as a ``Wire`` struct and reads a body with ``read_as``:
a field that is missing or has another type becomes a ``ContractError`` that names its path and never its
value (a value can be a secret or a person's name).
"""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from ..engine.errors import AuthorizationError, ContractError, TransientError
from ..engine.instants import MAX_UNIX_SECONDS
from ..engine.json_guard import parse_json
from ..engine.retry import parse_retry_after
from .base import HttpAnswer

_END_OF_TIME = dt.datetime.max.replace(tzinfo=dt.timezone.utc)
_ERROR_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """Base of wire shapes: only the fields that the connector uses; all others are ignored."""


WireId = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
# Seconds since 1970; a larger number is no instant of business life but milliseconds taken for seconds.
UnixSeconds = Annotated[int, msgspec.Meta(ge=0, le=MAX_UNIX_SECONDS)]
# No single amount on any provider comes near 10**15 minor units; more is a broken message, not money.
MinorUnits = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15)]
WireCurrency = Annotated[str, msgspec.Meta(pattern="^[A-Za-z]{3}$")]

_Shape = TypeVar("_Shape")


def read_as(body: Any, shape: type[_Shape], where: str = "$") -> _Shape:
    """Return parsed JSON as ``shape``; numbers and texts are not converted into each other.

    :raises ContractError: ``schema_violation`` with the path of the field and what is wrong with it.
    """
    try:
        return msgspec.convert(body, shape, strict=True)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at ")
        inner = path.strip("`").removeprefix("$")
        raise schema_violation(f"{where}{inner}", problem) from None
    except RecursionError:
        raise schema_violation(where, "nested too deeply") from None


def schema_violation(path: str, problem: str) -> ContractError:
    """Return (not raise) the error for a field that is not as agreed. ``problem`` must not hold the value."""
    return ContractError(
        "schema_violation", f"{path}: {problem}", params={"path": path[:200], "problem": problem[:200]}
    )


def read_answer(answer: HttpAnswer) -> Any:
    """Return the JSON of a successful answer of a source.

    :raises AuthorizationError: ``credential_refused`` on 401 and 403.
    :raises TransientError: ``source_rate_limited`` on 429 (with the seconds of ``Retry-After``);
        ``source_unavailable`` on 5xx, 408, 409, 425, a redirect, or a body that is not JSON (an error page).
    :raises ContractError: ``destination_garbage`` on any other 4xx: the same request cannot succeed later.
    """
    status = answer.status
    if status in (401, 403):
        raise AuthorizationError(
            "credential_refused", f"the source answered {status}", params={"status": status}
        )
    if status == 429:
        raise _transient("source_rate_limited", answer)
    if 400 <= status < 500 and status not in (408, 409, 425):
        detail = f"the source answered {status}{_error_code(answer)}"
        raise ContractError("destination_garbage", detail, params={"status": status})
    if not 200 <= status < 300:
        raise _transient("source_unavailable", answer)
    try:
        return parse_json(answer.body)
    except ContractError as error:
        raise _transient("source_unavailable", answer, f" with an unreadable body ({error.code})") from None


def _transient(code: str, answer: HttpAnswer, suffix: str = "") -> TransientError:
    # Without the source's own clock a date cannot be turned into seconds: it then counts as "now".
    seconds = parse_retry_after(answer.headers.get("retry-after"), http_time(answer) or _END_OF_TIME)
    return TransientError(
        code,
        f"the source answered {answer.status}{suffix}",
        params={"status": answer.status},
        retry_after_seconds=seconds,
    )


def http_time(answer: HttpAnswer) -> dt.datetime | None:
    """Return the source's own clock (the ``Date`` header), UTC-aware, or None when it does not say."""
    try:
        moment = email.utils.parsedate_to_datetime(answer.headers.get("date", "")[:64])
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)
        return moment.astimezone(dt.timezone.utc)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _error_code(answer: HttpAnswer) -> str:
    """Return ``" (code)"`` when the body is the usual ``{"error": {"code": …}}``; never free text."""
    try:
        body = parse_json(answer.body)
    except ContractError:
        return ""
    error = body.get("error") if isinstance(body, Mapping) else None
    code = error.get("code") if isinstance(error, Mapping) else None
    return f" ({code})" if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""


def clip(text: str | None, length: int = 1000) -> str | None:
    """Return ``text`` without surrounding blanks, at most ``length`` characters; None when empty."""
    kept = (text or "").strip()[:length].strip()
    return kept or None
