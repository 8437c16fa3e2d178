# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Requests to Stripe's API and what their answers say. Nothing here sends anything.

Sources: https://docs.stripe.com/api/balance_transactions/list, https://docs.stripe.com/api/balance,
https://docs.stripe.com/api/pagination, https://docs.stripe.com/api/errors
"""

from __future__ import annotations

import datetime as dt
import urllib.parse
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from ...engine.canonical import Amount
from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import ContractError
from ...engine.instants import parse_instant
from ..base import Envelope, HttpAnswer, HttpRequest, PullPage
from ..reading import UnixSeconds, WireId, read_answer, read_as, schema_violation
from . import wire
from .const import API_BASE_URL, API_VERSION, OVERLAP_SECONDS, PAGE_SIZE, PAYMENTS_BALANCE, TRANSACTION_EVENT
from .shared import instant, money

TIMEOUT_SECONDS = 30


class TransactionCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the pull of balance transactions stands.

    ``complete_until``  everything created before this Unix time has been read in a finished sweep.
    ``starting_after``  inside a sweep: the last transaction read (the list runs from new to old).
    ``newest``          inside a sweep: the newest creation time seen, the next ``complete_until``.
    """

    complete_until: UnixSeconds | None = None
    starting_after: WireId | None = None
    newest: UnixSeconds | None = None


def get(path: str, query: list[tuple[str, str]], settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return a GET of the pinned API version.

    Settings: ``api_base_url`` (default: Stripe's), ``connected_account`` (acct_…, for a platform).
    """
    base = str(settings.get("api_base_url") or API_BASE_URL).rstrip("/")
    headers = {
        "authorization": f"Bearer {secret}",
        "stripe-version": API_VERSION,
        "accept": "application/json",
    }
    if settings.get("connected_account"):
        headers["stripe-account"] = str(settings["connected_account"])
    suffix = f"?{urllib.parse.urlencode(query)}" if query else ""
    return HttpRequest("GET", f"{base}{path}{suffix}", headers, timeout_seconds=TIMEOUT_SECONDS)


def list_query(since: int | None, starting_after: str | None) -> list[tuple[str, str]]:
    """Return the query of one page of balance transactions created from ``since`` (Unix seconds) on."""
    query = [("limit", str(PAGE_SIZE)), ("expand[]", "data.source")]
    if since is not None:
        query.append(("created[gte]", str(since)))
    if starting_after is not None:
        query.append(("starting_after", starting_after))
    return query


def transactions_request(cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the request for the next page of balance transactions.

    Settings: ``pull_from`` (RFC 3339; the first sweep begins there, default: the beginning of the account),
    ``overlap_seconds`` (default an hour).

    :raises ContractError: the cursor or a setting cannot be read.
    """
    state = read_as(dict(cursor), TransactionCursor, "cursor")
    overlap = overlap_seconds(settings)
    since = None
    if state.complete_until is not None:
        since = max(0, state.complete_until - overlap)
    elif settings.get("pull_from"):
        since = int(parse_instant(settings["pull_from"]).timestamp())
    return get("/v1/balance_transactions", list_query(since, state.starting_after), settings, secret)


def overlap_seconds(settings: Mapping[str, Any]) -> int:
    """Return how far a sweep reaches back behind the last one.

    :raises ContractError: the setting ``overlap_seconds`` cannot be read.
    """
    overlap = settings.get("overlap_seconds", OVERLAP_SECONDS)
    if type(overlap) is not int or not 0 <= overlap <= 31 * 86_400:
        raise schema_violation("settings.overlap_seconds", "Expected 0 to 2678400")
    return overlap


def transactions_from(instant: dt.datetime) -> dict[str, Any]:
    """Return the cursor that reads every line created from ``instant`` (UTC-aware) on once more."""
    until = max(0, int(instant.timestamp()))
    return msgspec.to_builtins(TransactionCursor(complete_until=until))


def transactions_page(cursor: Mapping[str, Any], answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    """Read one page; the cursor's ``complete_until`` moves only when the sweep has reached its end.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    state = read_as(dict(cursor), TransactionCursor, "cursor")
    lines, more = read_list(answer)
    newest = max(
        [line.created for line, _body in lines] + ([state.newest] if state.newest is not None else []),
        default=None,
    )
    account = settings.get("outside_account") or None
    events = [(_envelope(line, body, account), body) for line, body in lines]
    if more:
        state = msgspec.structs.replace(state, starting_after=lines[-1][0].id, newest=newest)
    else:
        # An empty sweep must not forget how far the last one came.
        until = max([moment for moment in (newest, state.complete_until) if moment is not None], default=None)
        state = TransactionCursor(complete_until=until)
    return PullPage(
        events=events,
        cursor=msgspec.to_builtins(state),
        more=more,
        order=state.complete_until,
        sums=_sums(line for line, _body in lines),
    )


def _sums(lines: Iterable[wire.BalanceTransaction]) -> dict[str, Decimal] | None:
    """Return the net of the lines per currency; None where one of them has an amount that cannot be told."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        code = line.currency.upper()
        try:
            sums[code] = sums.get(code, Decimal(0)) + money(line.net, code).value
        except ContractError:  # that line fails alone when it is understood
            return None
    return sums


def read_list(answer: HttpAnswer) -> tuple[list[tuple[wire.BalanceTransaction, dict[str, Any]]], bool]:
    """Return the (transaction, its JSON) pairs of a page and whether older ones follow.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    page = read_as(read_answer(answer), wire.TransactionList)
    if page.object != "list":
        raise schema_violation("$.object", "Expected “list”")
    if page.has_more and not page.data:
        # Going on from nowhere would start over and never end.
        raise schema_violation("$.data", "Expected at least one entry where more follow")
    lines = [
        (read_as(body, wire.BalanceTransaction, f"$.data[{index}]"), body)
        for index, body in enumerate(page.data)
    ]
    return lines, page.has_more


def _envelope(line: wire.BalanceTransaction, body: dict[str, Any], account: str | None) -> Envelope:
    """Return the envelope of a pulled line.

    A line can be read again with news in it (its expanded charge was refunded since): the id then differs,
    the movement's identity does not, so it is a new event and no new booking.
    """
    source = line.source if isinstance(line.source, dict) else {}
    live = source.get("livemode")
    return Envelope(
        event_id=f"{line.id}:{digest(canonical_bytes(body))[:32]}",
        event_type=TRANSACTION_EVENT,
        object_key=wire.id_of(line.source) or line.id,
        occurred_at=instant(line.created),
        account=account,
        live=live if isinstance(live, bool) else None,
    )


def is_payments_line(line: wire.BalanceTransaction) -> bool:
    """Say whether a line belongs to the balance that ``available`` and ``pending`` add up to."""
    return line.balance_type in (None, PAYMENTS_BALANCE)


def present_totals(balance: wire.Balance) -> dict[str, int]:
    """Return available + pending per currency (upper case), in Stripe's minor units."""
    totals: dict[str, int] = {}
    for part in (*balance.available, *balance.pending):
        currency = part.currency.upper()
        totals[currency] = totals.get(currency, 0) + part.amount
    return totals


def closing_balance(
    balance_answer: Any, transactions_after: Iterable[Any], day_end: dt.datetime, currency: str
) -> Amount:
    """Return the balance at ``day_end`` (UTC-aware, exclusive): the balance now minus what moved since.

    ``balance_answer`` is the JSON of ``GET /v1/balance``; ``transactions_after`` the JSON of the balance
    transactions up to that moment (earlier ones and other currencies may be among them and do not count).

    :raises ContractError: a part is not as Stripe documents it.
    """
    code = currency.upper()
    total = present_totals(read_as(balance_answer, wire.Balance)).get(code, 0)
    for body in transactions_after:
        line = read_as(body, wire.BalanceTransaction)
        if line.currency.upper() == code and is_payments_line(line) and instant(line.created) >= day_end:
            total -= line.net
    return money(total, code)
