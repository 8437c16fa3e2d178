# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Lists that close gaps of Billing: invoices, credit notes, and the events of the last thirty days.

The lists of invoices and credit notes run from new to old by *creation*; a draft can be finalised weeks later, so the
list of events tells what became of older ones. An event that was sent as well is stored a second time under an id of
its own: a list renders events in the account's own API version, the webhook in the endpoint's, so their contents may
differ although they say the same; what they say is recognised by the document.

Sources: https://docs.stripe.com/api/invoices/list, https://docs.stripe.com/api/credit_notes/list,
https://docs.stripe.com/api/events/list (thirty days, ``types``), https://docs.stripe.com/api/pagination
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import BusinessError
from ...engine.instants import parse_instant
from ..base import Envelope, HttpAnswer, HttpRequest, InboundEvent, PullPage
from ..reading import UnixSeconds, Wire, WireId, read_answer, read_as, schema_violation
from . import wire
from . import wire_billing as shapes
from .billing_lines import not_bookable
from .client import TransactionCursor, get, overlap_seconds
from .const import (
    BILLING_EVENTS_LISTED,
    BILLING_INVOICE_EVENT,
    BILLING_NOTE_EVENT,
    BILLING_PAYMENT_EVENT,
    PAGE_SIZE,
)
from .shared import instant

PULLS = ("invoices", "credit_notes", "billing_events")
PATHS = {"invoices": "/v1/invoices", "credit_notes": "/v1/credit_notes", "billing_events": "/v1/events"}
# https://docs.stripe.com/api/invoices/invoice_lines: one page of up to a hundred lines is asked for.
MAX_LINES_ASKED = 100


class Listed(Wire):
    """What every listed object has."""

    id: WireId
    object: str
    created: UnixSeconds
    livemode: bool | None = None


class Page(Wire):
    object: str
    data: list[dict[str, Any]]
    has_more: bool


def from_moment(moment: dt.datetime) -> dict[str, Any]:
    """Return the cursor that reads everything created from ``moment`` (UTC-aware) on once more."""
    return msgspec.to_builtins(TransactionCursor(complete_until=max(0, int(moment.timestamp()))))


def list_request(
    pull: str, cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str
) -> HttpRequest:
    """Return the request for the next page of one of PULLS.

    :raises ContractError: the cursor or a setting cannot be read.
    """
    state = read_as(dict(cursor), TransactionCursor, "cursor")
    query = [("limit", str(PAGE_SIZE))]
    if pull == "invoices":
        query.append(("expand[]", "data.payments"))
    if pull == "billing_events":
        query += [("types[]", name) for name in BILLING_EVENTS_LISTED]
    since = None
    if state.complete_until is not None:
        since = max(0, state.complete_until - overlap_seconds(settings))
    elif settings.get("pull_from"):
        since = int(parse_instant(settings["pull_from"]).timestamp())
    if since is not None:
        query.append(("created[gte]", str(since)))
    if state.starting_after is not None:
        query.append(("starting_after", state.starting_after))
    return get(PATHS[pull], query, settings, secret)


def list_page(
    pull: str, cursor: Mapping[str, Any], answer: HttpAnswer, settings: Mapping[str, Any]
) -> PullPage:
    """Read one page; the cursor moves on only when a sweep has reached its end.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    state = read_as(dict(cursor), TransactionCursor, "cursor")
    page = read_as(read_answer(answer), Page)
    if page.object != "list" or (page.has_more and not page.data):
        raise schema_violation("$", "Expected a list with at least one entry where more follow")
    listed = [read_as(body, Listed, f"$.data[{place}]") for place, body in enumerate(page.data)]
    account = settings.get("outside_account") or None
    events: list[tuple[Envelope, Any]] = []
    for one, body in zip(listed, page.data, strict=True):
        events += _EVENTS[pull](one, body, account)
    newest = max(
        [one.created for one in listed] + ([state.newest] if state.newest is not None else []), default=None
    )
    if page.has_more:
        state = msgspec.structs.replace(state, starting_after=listed[-1].id, newest=newest)
    else:
        until = max([moment for moment in (newest, state.complete_until) if moment is not None], default=None)
        state = TransactionCursor(complete_until=until)
    return PullPage(
        events=events, cursor=msgspec.to_builtins(state), more=page.has_more, order=state.complete_until
    )


def missing_request(event: InboundEvent, settings: Mapping[str, Any], secret: str) -> HttpRequest | None:
    """Return the question for what an event of an invoice or a credit note leaves out, one thing after the other.

    Those are the lines after the first ones, the taxes on shipping costs (told only where they are asked for), and of
    which grants the billing credits are that were used. None = nothing is missing, or it is about something else.
    """
    told = _object_of(event.body)
    lines = told.get("lines")
    if told.get("object") not in _PLACES or not isinstance(lines, dict):
        return None
    name = f"/v1/{_PLACES[told['object']]}/{urllib.parse.quote(str(told.get('id') or ''), safe='')}"
    if lines.get("has_more"):
        return get(f"{name}/lines", [("limit", str(MAX_LINES_ASKED))], settings, secret)
    if told.get("status") == "draft":
        return None
    if _lacks_shipping_taxes(told):
        return get(name, [("expand[]", "shipping_cost.taxes")], settings, secret)
    customer = wire.id_of(told.get("customer"))
    if customer and told["object"] == "invoice" and any(_unknown_uses(told)):
        query = [("customer", customer), ("limit", str(PAGE_SIZE)), ("expand[]", "data.credit_grant")]
        return get("/v1/billing/credit_balance_transactions", query, settings, secret)
    return None


def completed(event: InboundEvent, answer: HttpAnswer) -> tuple[Envelope, Any]:
    """Return the same event with what ``missing_request`` asked for, as an event of its own.

    :raises BusinessError: ``billing_lines_missing``: there are more lines than one answer holds;
        ``billing_not_bookable``: the source does not say the rest either.
    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    told = _object_of(event.body)
    if told["lines"].get("has_more"):
        whole = _with_lines(told, answer)
    elif _lacks_shipping_taxes(told):
        whole = _with_shipping_taxes(told, answer)
    else:
        whole = _with_grants(told, answer)
    data = event.body.get("data") if event.body.get("object") == "event" else None
    body = {**event.body, "data": {**data, "object": whole}} if data else whole
    event_id = f"{event.envelope.event_id[:200]}:{digest(canonical_bytes(body))[:32]}"
    return dataclasses.replace(event.envelope, event_id=event_id), body


_PLACES = {"invoice": "invoices", "credit_note": "credit_notes"}


def _with_lines(told: dict[str, Any], answer: HttpAnswer) -> dict[str, Any]:
    page = read_as(read_answer(answer), Page)
    if page.has_more:
        number = str(told.get("number") or told.get("id"))
        raise BusinessError(
            "billing_lines_missing", number, params={"number": number, "count": len(page.data)}
        )
    return {**told, "lines": {**told["lines"], "data": page.data, "has_more": False}}


def _lacks_shipping_taxes(told: Mapping[str, Any]) -> bool:
    cost = told.get("shipping_cost")
    return isinstance(cost, dict) and bool(cost.get("amount_tax")) and cost.get("taxes") is None


def _with_shipping_taxes(told: dict[str, Any], answer: HttpAnswer) -> dict[str, Any]:
    said = read_as(read_answer(answer), shapes.Shipped)
    cost = said.shipping_cost or {}
    if said.id != told.get("id") or cost.get("taxes") is None:
        number = str(told.get("number") or told.get("id"))
        raise not_bookable(number, "it charges tax on shipping costs, and the source does not say which tax")
    return {**told, "shipping_cost": {**told["shipping_cost"], "taxes": cost["taxes"]}}


def _unknown_uses(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids of billing credits that were used, of which nothing but the id is known."""
    for line in told["lines"].get("data") or ():
        for part in (isinstance(line, dict) and line.get("pretax_credit_amounts")) or ():
            use = part.get("credit_balance_transaction") if isinstance(part, dict) else None
            if isinstance(use, str):
                yield use


def _with_grants(told: dict[str, Any], answer: HttpAnswer) -> dict[str, Any]:
    page = read_as(read_answer(answer), Page)
    uses = {one.get("id"): one for one in page.data}
    if not uses.keys() >= set(_unknown_uses(told)):
        number = str(told.get("number") or told.get("id"))
        raise not_bookable(number, "it uses billing credits, and the source does not say which")
    lines = []
    for line in told["lines"]["data"]:
        parts = [
            {**part, "credit_balance_transaction": uses[part["credit_balance_transaction"]]}
            if isinstance(part.get("credit_balance_transaction"), str)
            else part
            for part in line.get("pretax_credit_amounts") or ()
        ]
        lines.append({**line, "pretax_credit_amounts": parts})
    return {**told, "lines": {**told["lines"], "data": lines}}


def _object_of(body: Any) -> dict[str, Any]:
    """Return the object that an event is about, however it came in."""
    if not isinstance(body, dict):
        return {}
    if body.get("object") == "event":
        data = body.get("data")
        told = data.get("object") if isinstance(data, dict) else None
        return told if isinstance(told, dict) else {}
    return body


# -- what a listed object becomes -----------------------------------------------------------------------------


def _invoice_events(one: Listed, body: dict[str, Any], account: str | None) -> list[tuple[Envelope, Any]]:
    if body.get("status") in (None, "draft"):
        return []
    listed = read_as(body.get("payments") or {"data": []}, shapes.PaymentList, "$.payments")
    plain = {name: value for name, value in body.items() if name != "payments"}
    events = [(_envelope(BILLING_INVOICE_EVENT, one, plain, account), plain)]
    for place, payment in enumerate(listed.data):
        paid = read_as(payment, Listed, f"$.payments.data[{place}]")
        if payment.get("status") == "paid":
            events.append((_envelope(BILLING_PAYMENT_EVENT, paid, payment, account), payment))
    return events


def _note_events(one: Listed, body: dict[str, Any], account: str | None) -> list[tuple[Envelope, Any]]:
    return [(_envelope(BILLING_NOTE_EVENT, one, body, account), body)]


def _told_events(one: Listed, body: dict[str, Any], account: str | None) -> list[tuple[Envelope, Any]]:
    event = read_as(body, wire.Event)
    if event.type not in BILLING_EVENTS_LISTED:
        return []
    return [
        (
            Envelope(
                event_id=f"{event.id}:listed",
                event_type=event.type,
                object_key=wire.id_of(event.data.object) or event.id,
                occurred_at=instant(event.created),
                account=event.account or account,
                live=event.livemode,
            ),
            body,
        )
    ]


_EVENTS: dict[str, Callable[..., list[tuple[Envelope, Any]]]] = {
    "invoices": _invoice_events,
    "credit_notes": _note_events,
    "billing_events": _told_events,
}


def _envelope(event_type: str, one: Listed, body: dict[str, Any], account: str | None) -> Envelope:
    """Return the envelope of a listed object; read again with news in it, it is a new event of the same document."""
    return Envelope(
        event_id=f"{one.id}:{digest(canonical_bytes(body))[:32]}",
        event_type=event_type,
        object_key=one.id,
        occurred_at=instant(one.created),
        account=account,
        live=one.livemode,
    )
