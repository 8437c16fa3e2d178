# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The provider's closing balance of each finished day, computed from what the API offers.

Stripe tells the balance of this moment only. Two steps give every earlier midnight: read the balance, then
all ledger lines since the first day that is wanted; closing(day) = balance now − everything after the day.
The cursor carries the step and the sums per day, so the hub just loops.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from ...engine.canonical import LedgerLine, ProviderBalance
from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import TransientError
from ...engine.instants import parse_instant
from ..base import Envelope, HttpAnswer, HttpRequest, PullPage
from ..reading import (
    MinorUnits,
    UnixSeconds,
    Wire,
    WireCurrency,
    WireId,
    http_time,
    read_answer,
    read_as,
    schema_violation,
)
from . import wire
from .client import get, is_payments_line, list_query, present_totals, read_list
from .const import (
    DAILY_BALANCE_EVENT,
    MAX_BALANCE_DAYS,
    MAX_BALANCE_READINGS,
    MAX_NAMED_LINES,
    NAMED_DAYS,
)
from .shared import Context, instant, money

Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
Totals = dict[WireCurrency, MinorUnits]


class BalanceCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the pull of balances stands.

    ``next_day``    the first finished day that has not been told yet (default: the day of the setting
                    ``pull_from``, else yesterday).
    ``taken_at``    Stripe's clock when it told the balance; ``now_totals`` what it told, per currency.
    ``named``       id and net of the lines per day and currency, of the last NAMED_DAYS days; None = too many.
    ``after``       net of the lines of today, up to ``taken_at``; ``days`` count and net per finished day.
    ``readings``    how often the balance was read because it moved in the same second.
    """

    step: Literal["balance", "lines"] = "balance"
    next_day: dt.date | None = None
    taken_at: UnixSeconds | None = None
    live: bool | None = None
    now_totals: Totals = {}
    after: Totals = {}
    days: dict[dt.date, dict[WireCurrency, tuple[Count, MinorUnits]]] = {}
    named: dict[dt.date, dict[WireCurrency, list[tuple[WireId, MinorUnits]] | None]] = {}
    starting_after: WireId | None = None
    readings: Count = 0


class DailyBalance(Wire):
    """The event that the hub stores for one day and currency; amounts in Stripe's minor units."""

    object: str
    account: WireId
    date: dt.date
    time_zone: WireId
    day_end: UnixSeconds
    taken_at: UnixSeconds
    currency: WireCurrency
    opening: MinorUnits
    closing: MinorUnits
    movement_count: Count
    movement_total: MinorUnits
    lines: Annotated[list[tuple[WireId, MinorUnits]], msgspec.Meta(max_length=MAX_NAMED_LINES)] | None = None


def zone_of(settings: Mapping[str, Any]) -> zoneinfo.ZoneInfo:
    """Return the zone in which a day is a day.

    :raises ContractError: ``time_zone`` is missing or unknown; a wrong zone would move money between days.
    """
    try:
        return zoneinfo.ZoneInfo(settings.get("time_zone") or "")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise schema_violation("settings.time_zone", "Expected the name of a time zone") from None


def day_start(day: dt.date, zone: zoneinfo.ZoneInfo) -> int:
    """Return the Unix second at which ``day`` begins in ``zone`` (days of 23 and 25 hours included)."""
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def balances_request(cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the request of the step in which the pull is.

    :raises ContractError: the cursor or a setting cannot be read.
    """
    state = read_cursor(cursor)
    if state.step == "balance":
        return get("/v1/balance", [], settings, secret)
    since = day_start(state.next_day, zone_of(settings))
    return get("/v1/balance_transactions", list_query(since, state.starting_after), settings, secret)


def balances_page(cursor: Mapping[str, Any], answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    """Read the answer of the step in which the pull is; the last page of lines gives the days' balances.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says; ``source_unavailable``
        also when the balance moved again at every one of MAX_BALANCE_READINGS readings.
    """
    state = read_cursor(cursor)
    if state.step == "balance":
        return _balance_read(state, answer, settings)
    return _lines_read(state, answer, settings)


def read_cursor(cursor: Mapping[str, Any]) -> BalanceCursor:
    """Return the cursor as the hub gives it back.

    :raises ContractError: it is not what ``balances_page`` wrote.
    """
    state = read_as(dict(cursor), BalanceCursor, "cursor")
    if state.step == "lines" and (state.next_day is None or state.taken_at is None):
        raise schema_violation("cursor", "The step “lines” needs next_day and taken_at")
    return state


def _balance_read(state: BalanceCursor, answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    balance = read_as(read_answer(answer), wire.Balance)
    clock = http_time(answer)
    if balance.object != "balance" or clock is None:
        raise schema_violation("$", "Expected a balance with the Date header of the answer")
    zone = zone_of(settings)
    today = clock.astimezone(zone).date()
    next_day = state.next_day or _first_day(settings, zone) or today - dt.timedelta(days=1)
    next_day = max(next_day, today - dt.timedelta(days=MAX_BALANCE_DAYS))
    if next_day >= today:
        return _page([], BalanceCursor(next_day=next_day), more=False)
    following = BalanceCursor(
        step="lines",
        next_day=next_day,
        taken_at=int(clock.timestamp()),
        live=balance.livemode,
        now_totals=present_totals(balance),
        readings=state.readings + 1,
    )
    return _page([], following, more=True)


def _first_day(settings: Mapping[str, Any], zone: zoneinfo.ZoneInfo) -> dt.date | None:
    """Return the day on which ``pull_from`` (RFC 3339) falls, None without that setting."""
    begin = settings.get("pull_from")
    return parse_instant(begin).astimezone(zone).date() if begin else None


def _lines_read(state: BalanceCursor, answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    zone = zone_of(settings)
    lines, more = read_list(answer)
    counted = [line for line, _body in lines if is_payments_line(line)]
    if any(state.taken_at - 1 <= line.created <= state.taken_at for line in counted):
        # Nobody can say whether the balance already held a line of the same second: read it again.
        if state.readings >= MAX_BALANCE_READINGS:
            raise TransientError("source_unavailable", "the balance moved at every reading")
        return _page([], BalanceCursor(next_day=state.next_day, readings=state.readings), more=True)
    state = _add(state, [line for line in counted if line.created <= state.taken_at], zone)
    if more:
        return _page([], msgspec.structs.replace(state, starting_after=lines[-1][0].id), more=True)
    today = instant(state.taken_at).astimezone(zone).date()
    return _page(_daily_events(state, zone, today, settings), BalanceCursor(next_day=today), more=False)


def _add(
    state: BalanceCursor, lines: list[wire.BalanceTransaction], zone: zoneinfo.ZoneInfo
) -> BalanceCursor:
    """Return the state with the lines added to their days."""
    today = instant(state.taken_at).astimezone(zone).date()
    after = dict(state.after)
    days = {day: dict(totals) for day, totals in state.days.items()}
    named = {day: dict(lines_of) for day, lines_of in state.named.items()}
    first_named = today - dt.timedelta(days=NAMED_DAYS)
    for line in lines:
        currency = line.currency.upper()
        day = instant(line.created).astimezone(zone).date()
        if day >= today:
            after[currency] = after.get(currency, 0) + line.net
        else:
            count, total = days.setdefault(day, {}).get(currency, (0, 0))
            days[day][currency] = (count + 1, total + line.net)
            if day >= first_named:
                found = named.setdefault(day, {}).get(currency, [])
                full = found is None or len(found) >= MAX_NAMED_LINES
                named[day][currency] = None if full else [*found, (line.id, line.net)]
    return msgspec.structs.replace(state, after=after, days=days, named=named)


def _daily_events(
    state: BalanceCursor, zone: zoneinfo.ZoneInfo, today: dt.date, settings: Mapping[str, Any]
) -> list[tuple[Envelope, Any]]:
    """Return one event per finished day and currency, oldest day first."""
    account = str(settings.get("outside_account") or "self")
    currencies = sorted(
        {*state.now_totals, *state.after, *(code for totals in state.days.values() for code in totals)}
    )
    events = []
    for currency in currencies:
        closing = state.now_totals.get(currency, 0) - state.after.get(currency, 0)
        day = today - dt.timedelta(days=1)
        while day >= state.next_day:
            count, total = state.days.get(day, {}).get(currency, (0, 0))
            body = {
                "object": DAILY_BALANCE_EVENT,
                "account": account,
                "date": day.isoformat(),
                "time_zone": zone.key,
                "day_end": day_start(day + dt.timedelta(days=1), zone),
                "taken_at": state.taken_at,
                "currency": currency,
                "opening": closing - total,
                "closing": closing,
                "movement_count": count,
                "movement_total": total,
            }
            lines = state.named.get(day, {}).get(currency)
            if lines is not None:
                body["lines"] = sorted([list(line) for line in lines])
            events.append((_envelope(body, account, state.live), body))
            closing -= total
            day -= dt.timedelta(days=1)
    return sorted(events, key=lambda event: event[0].occurred_at)


def _envelope(body: dict[str, Any], account: str, live: bool | None) -> Envelope:
    key = f"balance:{account}:{body['currency']}"
    return Envelope(
        event_id=f"{key}:{body['date']}:{digest(canonical_bytes(body))[:32]}",
        event_type=DAILY_BALANCE_EVENT,
        object_key=key,
        occurred_at=instant(body["day_end"] - 1),
        account=None if account == "self" else account,
        live=live,
    )


def _page(events: list[tuple[Envelope, Any]], state: BalanceCursor, *, more: bool) -> PullPage:
    return PullPage(events=events, cursor=msgspec.to_builtins(state, str_keys=True), more=more)


def daily_balance_documents(context: Context, body: Any) -> list[ProviderBalance]:
    """Return the provider's statement of one day.

    :raises ContractError: it is not what ``balances_page`` writes.
    """
    daily = read_as(body, DailyBalance)
    if daily.object != DAILY_BALANCE_EVENT:
        raise schema_violation("$.object", f"Expected “{DAILY_BALANCE_EVENT}”")
    return [
        ProviderBalance(
            source=context.source(f"balance:{daily.account}:{daily.currency}:{daily.date.isoformat()}"[:255]),
            # The last second of the day, so that the instant and the date agree in the day's own zone.
            occurred_at=instant(max(0, daily.day_end - 1)),
            account=daily.account,
            date=daily.date,
            time_zone=daily.time_zone,
            closing=money(daily.closing, daily.currency),
            opening=money(daily.opening, daily.currency),
            movement_count=daily.movement_count,
            movement_total=money(daily.movement_total, daily.currency),
            lines=None
            if daily.lines is None
            else tuple(
                LedgerLine(ledger_id=line_id, net=money(net, daily.currency).value)
                for line_id, net in daily.lines
            ),
        )
    ]
