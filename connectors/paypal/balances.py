# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""PayPal's balance at the end of each finished day, per currency.

What is told is the available balance: money that PayPal holds back (codes T1110, T15nn, T21nn) is a line of the
ledger of
its own and stands on another account in the books. Holding it back makes the available balance smaller and the
withheld one
larger.

Before its balance the day's list of transactions is read, so that the balance names each line of the ledger: of a
difference is seen which one is missing. A list that is not complete, or too long, names none.

Sources: https://developer.paypal.com/docs/api/transaction-search/v1/#balances_get (``as_of_time``; ``total_balance`` =
``available_balance`` + ``withheld_balance``), …/#transactions_get (``last_refreshed_datetime``).
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from ...engine.canonical import Amount, ProviderBalance, Source
from ...engine.canonical.provider_balance import MAX_LEDGER_LINES, LedgerLine
from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import ContractError
from ...engine.instants import format_instant, parse_instant
from ...engine.money import parse_decimal, plain
from ..base import Envelope, HttpAnswer, HttpRequest, PullPage
from ..reading import Wire, WireCurrency, WireId, http_time, read_answer, read_as, schema_violation
from . import wire
from .client import MAX_PAGES_PER_WINDOW, TIMEOUT_SECONDS, get
from .const import BALANCE, LEDGER_LATE_SECONDS, MAX_BALANCE_DAYS, PAGE_SIZE, TRANSACTION
from .ledger import line_type, read_line
from .shared import Context


class BalanceCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the pull of balances stands.

    ``next_day``  the first day that has not been told (default: the day of ``pull_from``, else yesterday).
    ``clock``     inside a run: PayPal's own time when it began (RFC 3339, UTC).
    ``page``      inside a day: the next page of its list; 0 = the list is read, the balance follows.
    ``named``     what the list named so far: {currency: {id: net}}; None = not all of it can be named.
    """

    next_day: dt.date | None = None
    clock: str | None = None
    page: Annotated[int, msgspec.Meta(ge=0, le=MAX_PAGES_PER_WINDOW)] = 1
    named: dict[str, dict[str, str]] | None = {}


class Balances(Wire):
    """https://developer.paypal.com/docs/api/transaction-search/v1/#balances_get (response)"""

    balances: tuple[wire.Balance, ...] = ()


class DailyBalance(Wire):
    """The event that the hub stores for one day and currency; amounts as PayPal writes them."""

    object: str
    account: WireId
    date: dt.date
    time_zone: WireId
    day_end: WireId
    currency: WireCurrency
    available: wire.Money
    lines: Annotated[list[tuple[WireId, WireId]], msgspec.Meta(max_length=MAX_LEDGER_LINES)] | None = None


def zone_of(settings: Mapping[str, Any]) -> zoneinfo.ZoneInfo:
    """Return the zone in which a day is a day.

    :raises ContractError: ``time_zone`` is missing or unknown.
    """
    try:
        return zoneinfo.ZoneInfo(settings.get("time_zone") or "")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise schema_violation("settings.time_zone", "Expected the name of a time zone") from None


def balances_request(cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the next request: PayPal's clock first, then of one day after the other its list and its closing balance.

    :raises ContractError: the cursor or a setting cannot be read.
    """
    state = _cursor(cursor)
    if state.clock is not None and state.page:
        zone = zone_of(settings)
        query = {
            "start_date": _written(_first_second(state.next_day, zone)),
            "end_date": _written(_last_second(state.next_day, zone)),
            "fields": "transaction_info",
            "balance_affecting_records_only": "Y",
            "page_size": str(PAGE_SIZE),
            "page": str(state.page),
        }
        return get("/v1/reporting/transactions", query, settings, secret, TIMEOUT_SECONDS)
    query = {"currency_code": "ALL"}
    if state.clock is not None:
        query["as_of_time"] = _written(_last_second(state.next_day, zone_of(settings)))
    return get("/v1/reporting/balances", query, settings, secret, TIMEOUT_SECONDS)


def balances_page(cursor: Mapping[str, Any], answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    """Read one answer; a day is told once it is over and PayPal's ledger has caught up with it.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    state, zone = _cursor(cursor), zone_of(settings)
    body = read_answer(answer)
    if state.clock is None:
        clock = http_time(answer)
        if clock is None:
            raise schema_violation("$", "Expected the Date header of the answer")
        newest = _newest_finished(clock, zone)
        next_day = max(
            state.next_day or _first_day(settings, zone) or newest,
            newest - dt.timedelta(days=MAX_BALANCE_DAYS),
        )
        if next_day > newest:
            return _page([], BalanceCursor(next_day), more=False)
        return _page([], BalanceCursor(next_day, format_instant(clock)), more=True)
    if state.page:
        return _page([], _listed(state, read_as(body, wire.TransactionPage), zone), more=True)
    told = read_as(body, Balances)
    events = [_event(state, each, zone, settings) for each in told.balances]
    following = state.next_day + dt.timedelta(days=1)
    more = following <= _newest_finished(parse_instant(state.clock), zone)
    return _page(events, BalanceCursor(following, state.clock if more else None), more=more)


def _listed(state: BalanceCursor, page: wire.TransactionPage, zone: zoneinfo.ZoneInfo) -> BalanceCursor:
    """Return the state after a page of the day's list; after its last page the balance is next."""
    if page.page != state.page:
        raise schema_violation("$.page", "Expected one page after the other")
    named = _named(state.named, page, _last_second(state.next_day, zone))
    more = named is not None and page.page < page.total_pages <= MAX_PAGES_PER_WINDOW
    if page.total_pages > MAX_PAGES_PER_WINDOW:
        named = None
    return msgspec.structs.replace(state, page=state.page + 1 if more else 0, named=named)


def _named(
    named: dict[str, dict[str, str]] | None, page: wire.TransactionPage, end: dt.datetime
) -> dict[str, dict[str, str]] | None:
    """Return the lines with those of a page; None where not all can be named: one would seem to be missing."""
    refreshed = page.last_refreshed_datetime
    if named is None or (refreshed and wire.instant(refreshed, "$.last_refreshed_datetime") < end):
        return None
    found = {currency: dict(lines) for currency, lines in named.items()}
    for told in page.transaction_details:
        try:
            line = read_line({**told, "object": TRANSACTION})
            moves = line.status == "succeeded" and line_type(line) is not None
        except ContractError:
            return None
        if not moves:
            continue
        for currency, net in line.totals().items():
            lines = found.setdefault(currency, {})
            lines[line.id] = plain(Decimal(lines.get(line.id, "0")) + net)
    if any(len(lines) > MAX_LEDGER_LINES for lines in found.values()):
        return None
    return found


def _written(instant: dt.datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def balances_from(instant: dt.datetime) -> dict[str, Any]:
    """Return the cursor that tells every day again from the one (of UTC) of ``instant`` on."""
    return {"next_day": instant.astimezone(dt.timezone.utc).date().isoformat()}


def _cursor(cursor: Mapping[str, Any]) -> BalanceCursor:
    state = read_as(dict(cursor), BalanceCursor, "cursor")
    if state.clock is not None and state.next_day is None:
        raise schema_violation("cursor.next_day", "A run that has begun needs its day")
    return state


def _first_day(settings: Mapping[str, Any], zone: zoneinfo.ZoneInfo) -> dt.date | None:
    begin = settings.get("pull_from")
    return parse_instant(begin).astimezone(zone).date() if begin else None


def _newest_finished(clock: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.date:
    """Return the last day that is over, and so long ago that PayPal's ledger has all of it."""
    settled = clock - dt.timedelta(seconds=LEDGER_LATE_SECONDS)
    return settled.astimezone(zone).date() - dt.timedelta(days=1)


def _first_second(day: dt.date, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(dt.timezone.utc)


def _last_second(day: dt.date, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """Return the last second of a day, in UTC."""
    following = day + dt.timedelta(days=1)
    midnight = dt.datetime(following.year, following.month, following.day, tzinfo=zone)
    return midnight.astimezone(dt.timezone.utc) - dt.timedelta(seconds=1)


def _event(
    state: BalanceCursor, balance: wire.Balance, zone: zoneinfo.ZoneInfo, settings: Mapping[str, Any]
) -> tuple[Envelope, dict[str, Any]]:
    day = state.next_day
    account = str(settings.get("outside_account") or "self")
    available = balance.available_balance or balance.total_balance
    body = {
        "object": BALANCE,
        "account": account,
        "date": day.isoformat(),
        "time_zone": zone.key,
        "day_end": format_instant(_last_second(day, zone)),
        "currency": balance.currency.upper(),
        "available": {"currency_code": available.currency_code, "value": available.value},
    }
    if state.named is not None:
        body["lines"] = [list(each) for each in sorted(state.named.get(body["currency"], {}).items())]
    key = f"balance:{account}:{body['currency']}"
    envelope = Envelope(
        event_id=f"{key}:{body['date']}:{digest(canonical_bytes(body))[:32]}",
        event_type=BALANCE,
        object_key=key,
        occurred_at=_last_second(day, zone),
        account=None if account == "self" else account,
    )
    return envelope, body


def _page(events: list, state: BalanceCursor, *, more: bool) -> PullPage:
    return PullPage(events, msgspec.to_builtins(state, str_keys=True), more=more)


def balance_documents(context: Context, body: Any) -> list[ProviderBalance]:
    """Return the provider's balance of one day.

    :raises ContractError: it is not what ``balances_page`` writes.
    """
    daily = read_as(body, DailyBalance)
    if daily.object != BALANCE:
        raise schema_violation("$.object", f"Expected “{BALANCE}”")
    currency = daily.currency.upper()
    lines = daily.lines
    named = [(line_id, parse_decimal(net)) for line_id, net in lines or ()]
    return [
        ProviderBalance(
            source=Source(
                system=context.system,
                object_id=f"balance:{daily.account}:{currency}:{daily.date.isoformat()}"[:255],
            ),
            occurred_at=wire.instant(daily.day_end, "$.day_end"),
            account=daily.account,
            date=daily.date,
            time_zone=daily.time_zone,
            closing=Amount(value=wire.signed(daily.available), currency=currency),
            movement_count=None if lines is None else len(named),
            movement_total=None
            if lines is None
            else Amount(value=sum((net for _id, net in named), Decimal(0)), currency=currency),
            lines=None
            if lines is None
            else tuple(LedgerLine(ledger_id=line_id, net=net) for line_id, net in named),
        )
    ]
