# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Requests to PayPal's API and what their answers say. Nothing here sends anything.

Sources: https://developer.paypal.com/docs/api/transaction-search/v1/, https://developer.paypal.com/docs/api/payments/v2/.
"""

from __future__ import annotations

import datetime as dt
import urllib.parse
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import ContractError
from ...engine.instants import format_instant, parse_instant
from ...engine.outgoing_access import authorization
from ..base import Envelope, HttpAnswer, HttpRequest, PullPage
from ..reading import http_time, read_answer, read_as, schema_violation
from . import wire
from .const import API_BASE_URL, MAX_DAYS, OVERLAP_SECONDS, PAGE_SIZE, REFUND, REVERSAL, TRANSACTION
from .ledger import read_line
from .transformers import REFETCHED

TIMEOUT_SECONDS = 30
REFETCH_TIMEOUT_SECONDS = 10
MAX_PAGES_PER_WINDOW = 100
FIRST_DAYS = 30


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the pull of transactions stands; instants RFC 3339 in UTC.

    ``complete_until``  everything up to this instant has been read.
    ``clock``           inside a run: PayPal's own time when it began; a run begins by asking for it.
    ``page``            inside a window: its next page.
    """

    complete_until: str | None = None
    clock: str | None = None
    page: int = 1


def get(
    path: str, query: Mapping[str, str], settings: Mapping[str, Any], secret: str, seconds: int
) -> HttpRequest:
    """Return a GET with the access token (OAuth 2.0, client credentials) in the header."""
    base = str(settings.get("api_base_url") or API_BASE_URL).rstrip("/")
    headers = {
        "authorization": authorization(str(settings.get("access_kind") or "oauth_client"), secret),
        "accept": "application/json",
    }
    suffix = f"?{urllib.parse.urlencode(query)}" if query else ""
    return HttpRequest("GET", f"{base}{path}{suffix}", headers, timeout_seconds=seconds)


# -- a resource that an event names ---------------------------------------------------------------------------


def resource_request(event_type: str, body: Any, settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the question what PayPal itself says of the resource of an event of money.

    The address is made of the resource's id alone: what stands in the event's links is not signed either.

    :raises ContractError: the event names no resource.
    """
    folder, _object = REFETCHED[event_type]
    told = read_as(body, wire.Event).resource
    resource_id = told.get("id")
    if not isinstance(resource_id, str) or not 0 < len(resource_id) <= 255:
        raise schema_violation("$.resource.id", "Expected the id of the resource")
    path = f"/v2/payments/{folder}/{urllib.parse.quote(resource_id, safe='')}"
    return get(path, {}, settings, secret, REFETCH_TIMEOUT_SECONDS)


def resource_event(event_type: str, body: Any, answer: HttpAnswer) -> tuple[Envelope, dict[str, Any]]:
    """Return what PayPal said, as an event of its own; the same answer twice is the same event.

    :raises ContractError: ``refetch_unknown``: PayPal knows no such resource; or the answer is about another one.
    :raises TransientError, AuthorizationError: by what the answer says.
    """
    _folder, name = REFETCHED[event_type]
    event = read_as(body, wire.Event)
    if answer.status in (404, 410):
        raise ContractError("refetch_unknown", f"status {answer.status}", params={"event": event.id[:100]})
    resource = read_answer(answer)
    shape = wire.Refund if name in (REFUND, REVERSAL) else wire.Capture
    found = read_as(resource, shape)
    if found.id != event.resource.get("id"):
        raise schema_violation("$.id", "The answer is about another resource")
    kept = {"object": name, "event": event.id, "resource": resource}
    # Not the event's id: told twice, or by two events, one answer is one fact.
    marks = digest(canonical_bytes({"object": name, "resource": resource}))[:32]
    return (
        Envelope(
            event_id=f"{name}:{found.id[:150]}:{marks}",
            event_type=name,
            object_key=f"transaction:{found.id}"[:255],
            occurred_at=wire.instant(found.update_time or found.create_time, "$.create_time"),
        ),
        kept,
    )


# -- the list of transactions ---------------------------------------------------------------------------------


def transactions_request(cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the next request: PayPal's clock first (with its balances), then pages of transactions, oldest first.

    Settings: ``pull_from`` (RFC 3339; default: the last 30 days), ``overlap_seconds`` (at least four hours: the list is
    up to three hours late).

    :raises ContractError: the cursor or a setting cannot be read.
    """
    state = _cursor(cursor)
    if state.clock is None:
        return get("/v1/reporting/balances", {}, settings, secret, TIMEOUT_SECONDS)
    begin, end = _window(state, settings)
    query = {
        "start_date": _written(begin),
        "end_date": _written(end),
        "fields": "transaction_info,payer_info",
        "balance_affecting_records_only": "Y",
        "page_size": str(PAGE_SIZE),
        "page": str(state.page),
    }
    return get("/v1/reporting/transactions", query, settings, secret, TIMEOUT_SECONDS)


def _cursor(cursor: Mapping[str, Any]) -> Cursor:
    state = read_as(dict(cursor), Cursor, "cursor")
    if not 1 <= state.page <= MAX_PAGES_PER_WINDOW:
        raise schema_violation("cursor.page", f"Expected 1 to {MAX_PAGES_PER_WINDOW}")
    return state


def _window(state: Cursor, settings: Mapping[str, Any]) -> tuple[dt.datetime, dt.datetime]:
    """Return begin and end of the window that is read now."""
    overlap = settings.get("overlap_seconds", OVERLAP_SECONDS)
    if type(overlap) is not int or not 0 <= overlap <= 31 * 86_400:
        raise schema_violation("settings.overlap_seconds", "Expected 0 to 2678400")
    clock = parse_instant(state.clock)
    if state.complete_until is not None:
        begin = parse_instant(state.complete_until) - dt.timedelta(seconds=max(overlap, OVERLAP_SECONDS))
    elif settings.get("pull_from"):
        begin = parse_instant(settings["pull_from"])
    else:
        begin = clock - dt.timedelta(days=FIRST_DAYS)
    begin = min(begin, clock).replace(microsecond=0)
    return begin, min(begin + dt.timedelta(days=MAX_DAYS, seconds=-1), clock)


def _written(instant: dt.datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def transactions_page(cursor: Mapping[str, Any], answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    """Read one answer; ``complete_until`` moves only when all pages of a window were read.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    state = _cursor(cursor)
    if state.clock is None:
        read_answer(answer)
        clock = http_time(answer)
        if clock is None:
            raise schema_violation("$", "Expected the Date header of the answer")
        return _page([], Cursor(state.complete_until, format_instant(clock)), more=True)
    begin, end = _window(state, settings)
    page = read_as(read_answer(answer), wire.TransactionPage)
    if page.total_pages > MAX_PAGES_PER_WINDOW or page.page != state.page:
        raise schema_violation("$.page", f"Expected at most {MAX_PAGES_PER_WINDOW}, one after the other")
    events, sums = [], {}
    for index, told in enumerate(page.transaction_details):
        body = {**told, "object": TRANSACTION}
        info = read_as(body, wire.Transaction, f"$.transaction_details[{index}]").transaction_info
        events.append((_envelope(info, body, settings), body))
        _add(sums, body)
    if page.page < page.total_pages:
        following = Cursor(state.complete_until, state.clock, state.page + 1)
        return _page(events, following, more=True, order=_order(begin), sums=sums)
    # What PayPal has not written down yet is read by the next run, which begins before the end of this one.
    reached = max(begin, min(end, _refreshed(page, end)))
    more = reached == end and end < parse_instant(state.clock)
    following = Cursor(format_instant(reached), state.clock if more else None)
    return _page(events, following, more=more, order=_order(begin), sums=sums)


def _page(events: list[tuple[Envelope, Any]], state: Cursor, *, more: bool, **facts: Any) -> PullPage:
    return PullPage(events, msgspec.to_builtins(state), more=more, **facts)


def _refreshed(page: wire.TransactionPage, end: dt.datetime) -> dt.datetime:
    """Return up to when PayPal says that its list is complete."""
    text = page.last_refreshed_datetime
    return wire.instant(text, "$.last_refreshed_datetime").replace(microsecond=0) if text else end


def _order(begin: dt.datetime) -> int:
    return max(0, int(begin.timestamp()))


def _envelope(info: wire.TransactionInfo, body: dict[str, Any], settings: Mapping[str, Any]) -> Envelope:
    return Envelope(
        event_id=f"{info.transaction_id[:150]}:{digest(canonical_bytes(body))[:32]}",
        event_type=TRANSACTION,
        object_key=f"transaction:{info.transaction_id}"[:255],
        occurred_at=wire.instant(info.transaction_initiation_date, "$.transaction_initiation_date"),
        account=settings.get("outside_account") or None,
    )


def _add(sums: dict[str, Decimal], body: dict[str, Any]) -> None:
    try:
        for currency, amount in read_line(body).totals().items():
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    except ContractError:
        return  # that line fails alone when it is understood


def transactions_from(instant: dt.datetime) -> dict[str, Any]:
    """Return the cursor that reads everything since an instant (UTC-aware) once more."""
    since = instant.replace(microsecond=0) + dt.timedelta(seconds=OVERLAP_SECONDS)
    return msgspec.to_builtins(Cursor(format_instant(since)))
