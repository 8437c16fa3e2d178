# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Of which ledger lines each payout consists: the list of payouts, then the ledger lines of each of them.

Stripe tells the lines of automatic payouts only, once ``reconciliation_status`` is ``completed``; a payout that
somebody
started has none. The cursor carries the step, so the hub just loops: a page of payouts, then for each of them
its pages of
lines, then the next page of payouts.

Sources: https://docs.stripe.com/api/payouts/list, https://docs.stripe.com/api/payouts/object,
https://docs.stripe.com/api/balance_transactions/list (``payout``: "only returns transactions that were paid out on the
specified payout ID"; automatic payouts only), https://docs.stripe.com/payouts/reconciliation
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from ...engine.canonical import Settlement, SettlementLine
from ...engine.canonical_json import canonical_bytes, digest
from ...engine.instants import parse_instant
from ..base import Envelope, HttpAnswer, HttpRequest, PullPage
from ..reading import UnixSeconds, Wire, WireId, clip, read_answer, read_as, schema_violation
from . import wire
from .client import get, overlap_seconds, read_list
from .const import COMPOSITION_EVENT, PAGE_SIZE, PARTIAL_CAPTURE_REVERSAL
from .shared import Context, instant, money
from .transactions import movement_type

COMPLETED = "completed"
# Stripe itself makes such a payout; only of these it tells the lines.
NOT_APPLICABLE = "not_applicable"
# Statuses after which a payout that is not reconciled never will be.
OVER = ("failed", "canceled")
# Payouts that were told and may be listed again, because an older one is not ready.
MAX_REMEMBERED = 1000
PAYOUT_FIELDS = ("id", "amount", "currency", "created", "arrival_date", "automatic", "livemode")
LINE_FIELDS = (
    "id", "object", "type", "reporting_category", "amount", "fee", "net", "currency", "created", "description",
)  # fmt: skip

Part = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class ListedPayout(wire.Payout, kw_only=True):
    """https://docs.stripe.com/api/payouts/object, as the list has it."""

    object: str
    automatic: bool = False
    reconciliation_status: str | None = None
    trace_id: dict[str, Any] | None = None
    livemode: bool | None = None


class PayoutList(Wire):
    """https://docs.stripe.com/api/pagination"""

    object: str
    data: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=100)]
    has_more: bool


class QueuedPayout(Wire):
    """What is needed of a payout while its lines are read."""

    id: WireId
    created: UnixSeconds


class Waiting(msgspec.Struct, frozen=True, omit_defaults=True):
    """A payout whose lines are still to be read."""

    body: dict[str, Any]
    trace: str | None = None


class PayoutCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the pull of compositions stands.

    ``complete_until``  of every payout created before this Unix time the composition was told, or there is none.
    ``starting_after``  the last payout of the page of the list that is being worked off.
    ``newest``, ``unready``  inside a sweep: the newest creation seen, and the oldest of one that is not ready yet.
    ``queue``           payouts of this page whose lines are still to be read; ``line_after`` and ``part`` are
    where the
                        first of them stands.
    ``more_payouts``    the list goes on after this page.
    ``told``            payouts created since ``complete_until`` that have been told already.
    """

    step: Literal["payouts", "lines"] = "payouts"
    complete_until: UnixSeconds | None = None
    starting_after: WireId | None = None
    newest: UnixSeconds | None = None
    unready: UnixSeconds | None = None
    queue: tuple[Waiting, ...] = ()
    line_after: WireId | None = None
    part: Part = 1
    more_payouts: bool = False
    told: dict[str, UnixSeconds] = {}


class CompositionBody(Wire, kw_only=True):
    """The event that the hub stores for one page of a payout's lines; amounts in Stripe's minor units."""

    object: str
    payout: dict[str, Any]
    trace: str | None = None
    told: bool
    part: Part
    lines: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=PAGE_SIZE)]


def payouts_from(moment: dt.datetime) -> dict[str, Any]:
    """Return the cursor that tells the composition of every payout created from ``moment`` (UTC-aware) on once more."""
    return msgspec.to_builtins(PayoutCursor(complete_until=max(0, int(moment.timestamp()))))


def payouts_request(cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the request of the step in which the pull is.

    :raises ContractError: the cursor or a setting cannot be read.
    """
    state = _read_cursor(cursor)
    query = [("limit", str(PAGE_SIZE))]
    if state.step == "lines":
        query.append(("payout", state.queue[0].body["id"]))
        if state.line_after is not None:
            query.append(("starting_after", state.line_after))
        return get("/v1/balance_transactions", query, settings, secret)
    since = None
    if state.complete_until is not None:
        since = max(0, state.complete_until - overlap_seconds(settings))
    elif settings.get("pull_from"):
        since = int(parse_instant(settings["pull_from"]).timestamp())
    if since is not None:
        query.append(("created[gte]", str(since)))
    if state.starting_after is not None:
        query.append(("starting_after", state.starting_after))
    return get("/v1/payouts", query, settings, secret)


def payouts_page(cursor: Mapping[str, Any], answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    """Read the answer of the step in which the pull is.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    state = _read_cursor(cursor)
    if state.step == "lines":
        return _lines_read(state, answer, settings)
    return _payouts_read(state, answer, settings)


def _read_cursor(cursor: Mapping[str, Any]) -> PayoutCursor:
    state = read_as(dict(cursor), PayoutCursor, "cursor")
    if state.step == "lines":
        if not state.queue:
            raise schema_violation("cursor.queue", "The step “lines” needs a payout")
        read_as(state.queue[0].body, QueuedPayout, "cursor.queue[0].body")
    return state


def _payouts_read(state: PayoutCursor, answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    page = read_as(read_answer(answer), PayoutList)
    if page.object != "list" or (page.has_more and not page.data):
        raise schema_violation("$", "Expected a list with at least one entry where more follow")
    newest, unready, told = state.newest, state.unready, dict(state.told)
    events, queue = [], []
    listed = [read_as(body, ListedPayout, f"$.data[{place}]") for place, body in enumerate(page.data)]
    for payout, body in zip(listed, page.data, strict=True):
        newest = max(newest or 0, payout.created)
        if payout.id in told:
            continue
        waiting = Waiting(_shown(body, PAYOUT_FIELDS), _trace(payout))
        if payout.reconciliation_status == COMPLETED:
            queue.append(waiting)
        elif payout.automatic and payout.status not in OVER:
            unready = payout.created if unready is None else min(unready, payout.created)
        elif payout.reconciliation_status in (None, NOT_APPLICABLE):
            events.append(_event(waiting, [], 1, told=False, settings=settings))
            told[payout.id] = payout.created
    state = PayoutCursor(
        complete_until=state.complete_until,
        starting_after=listed[-1].id if page.has_more else None,
        newest=newest,
        unready=unready,
        queue=tuple(queue),
        more_payouts=page.has_more,
        told=told,
    )
    return _go_on(state, events)


def _lines_read(state: PayoutCursor, answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    lines, more = read_list(answer)
    waiting = state.queue[0]
    payout_id = waiting.body["id"]
    # The payout itself is one of its lines; it is the amount that the others have to make up.
    parts = [_shown(body, LINE_FIELDS) for line, body in lines if not _is_the_payout_itself(line, payout_id)]
    events = [_event(waiting, parts, state.part, told=True, settings=settings)] if parts else []
    if more:
        state = msgspec.structs.replace(state, line_after=lines[-1][0].id, part=state.part + 1)
        return _page(state, events, more=True)
    told = {**state.told, payout_id: waiting.body["created"]}
    state = msgspec.structs.replace(state, queue=state.queue[1:], line_after=None, part=1, told=told)
    return _go_on(state, events)


def _is_the_payout_itself(line: wire.BalanceTransaction, payout_id: str) -> bool:
    return line.type == "payout" and wire.id_of(line.source) == payout_id


def _go_on(state: PayoutCursor, events: list[tuple[Envelope, Any]]) -> PullPage:
    """Return the page with the next step: lines of the next payout, the next page of payouts, or the end."""
    if state.queue:
        return _page(msgspec.structs.replace(state, step="lines"), events, more=True)
    state = msgspec.structs.replace(state, step="payouts")
    if state.more_payouts:
        return _page(state, events, more=True)
    until = max([moment for moment in (state.newest, state.complete_until) if moment], default=None)
    if state.unready is not None:
        until = min(until, state.unready - 1)
    kept = sorted(state.told.items(), key=lambda item: item[1])[-MAX_REMEMBERED:]
    return _page(PayoutCursor(complete_until=until, told=dict(kept)), events, more=False)


def _page(state: PayoutCursor, events: list[tuple[Envelope, Any]], *, more: bool) -> PullPage:
    return PullPage(events=events, cursor=msgspec.to_builtins(state, str_keys=True), more=more)


def _shown(body: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what is needed of an object: a payout has thousands of lines, and they are kept."""
    return {name: body[name] for name in names if body.get(name) is not None}


def _trace(payout: ListedPayout) -> str | None:
    """Return the id that the bank repeats, where Stripe has it (https://docs.stripe.com/api/payouts/object)."""
    value = (payout.trace_id or {}).get("value")
    return clip(value, 255) if isinstance(value, str) else None


def _event(
    waiting: Waiting, lines: list[dict[str, Any]], part: int, *, told: bool, settings: Mapping[str, Any]
) -> tuple[Envelope, Any]:
    payout = waiting.body
    body = {"object": COMPOSITION_EVENT, "payout": payout, "told": told, "part": part, "lines": lines}
    if waiting.trace:
        body["trace"] = waiting.trace
    live = payout.get("livemode")
    envelope = Envelope(
        event_id=f"composition:{payout['id']}:{part}:{digest(canonical_bytes(body))[:32]}",
        event_type=COMPOSITION_EVENT,
        object_key=f"composition:{payout['id']}"[:255],
        occurred_at=instant(payout["created"]),
        account=settings.get("outside_account") or None,
        live=live if isinstance(live, bool) else None,
    )
    return envelope, body


def composition_documents(context: Context, body: Any) -> list[Settlement]:
    """Return the settlement of one page of lines.

    :raises ContractError: it is not what ``payouts_page`` writes, or a line is not as Stripe documents it.
    """
    told = read_as(body, CompositionBody)
    if told.object != COMPOSITION_EVENT:
        raise schema_violation("$.object", f"Expected “{COMPOSITION_EVENT}”")
    payout = read_as({"status": "paid", **told.payout}, wire.Payout, "$.payout")
    lines = [
        read_as(line, wire.BalanceTransaction, f"$.lines[{place}]") for place, line in enumerate(told.lines)
    ]
    currency = payout.currency.upper()
    for place, line in enumerate(lines):
        if line.currency.upper() != currency:
            raise schema_violation(f"$.lines[{place}].currency", f"Expected {currency} as the payout")
    arrival = payout.arrival_date
    return [
        Settlement(
            source=context.source(payout.id),
            occurred_at=instant(payout.created),
            payout=payout.id,
            amount=money(payout.amount, currency),
            currency=currency,
            told=told.told,
            # Stripe dates the arrival at midnight UTC of the day.
            arrival_date=instant(arrival).date() if arrival is not None else None,
            bank_reference=told.trace,
            part=told.part,
            lines=tuple(_line(line) for line in lines),
        )
    ]


def _line(line: wire.BalanceTransaction) -> SettlementLine:
    kind = movement_type(line)
    if line.reporting_category == PARTIAL_CAPTURE_REVERSAL:
        kind = "payment"  # takes back what was authorised and not captured
    gross = money(line.amount, line.currency)
    return SettlementLine(
        ledger_id=line.id,
        type="adjustment" if kind == "unknown" else kind,
        gross=gross.value,
        fee=money(line.fee, line.currency).value,
        net=money(line.net, line.currency).value,
        moved_at=instant(line.created),
        description=clip(line.description),
    )
