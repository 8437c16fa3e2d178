# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The list of orders that changed: what a webhook did not bring is fetched. Nothing here sends anything.

An order is fetched with all that belongs to it, and told apart into what the webhooks would have told: the order, its
fulfilments, refunds and transactions, in the shape of their topics. Told twice, each is known already.

A question may cost 1,000 points, and an order with everything in it can cost more than that. So the list names what
changed, and each order is asked for in parts: its lines and transactions, its fulfilments, its refunds – as far as it
has any.

Sources: https://shopify.dev/docs/api/admin-graphql/latest/queries/orders (filter, order of the list),
https://shopify.dev/docs/api/admin-graphql/latest/objects/Order, …/objects/Refund, …/objects/Fulfillment,
…/objects/OrderTransaction, https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits (cost)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec

from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import ContractError
from ...engine.instants import format_instant, parse_instant
from ..base import Envelope, HttpAnswer, HttpRequest, PullPage
from ..reading import UnixSeconds, Wire, WireId, read_as, schema_violation
from .client import graphql, read_connection, read_data
from .const import PULLED_ORDER, REFUND_TOPIC, TRANSACTION_TOPIC
from .order_shapes import (
    fulfilment_shape,
    listed,
    nodes_of,
    order_shape,
    plain_id,
    refund_shape,
    transaction_shape,
)

PAGE_ORDERS = 40
OVERLAP_SECONDS = 3600
MAX_OVERLAP_SECONDS = 31 * 86_400
MAX_LINES, MAX_FULFILMENTS, MAX_REFUNDS, MAX_TRANSACTIONS = 60, 20, 5, 20
# Lists that have no pages: they are always there as a whole.
_PLAIN_LISTS = frozenset({"taxLines", "discountAllocations", "duties", "paymentGatewayNames", "trackingInfo"})

_MONEY = "{ shopMoney { amount currencyCode } }"
_PAGE = "pageInfo { hasNextPage }"
_TAXES = f"taxLines {{ title rate channelLiable priceSet {_MONEY} }}"
_DISCOUNTS = f"discountAllocations {{ allocatedAmountSet {_MONEY} }}"
_LIST = """
query($first: Int!, $after: String, $query: String) {
orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) { pageInfo { hasNextPage endCursor }
nodes { id updatedAt fulfillments(first: 1) { id } refunds(first: 1) { id } } } }"""
_ORDER = f"""
query($id: ID!) {{ order(id: $id) {{ id name createdAt updatedAt processedAt cancelledAt displayFinancialStatus
displayFulfillmentStatus taxesIncluded test currencyCode email note sourceName paymentGatewayNames
customer {{ id firstName lastName defaultEmailAddress {{ emailAddress }} }} shippingAddress {{ countryCodeV2 company }}
billingAddress {{ countryCodeV2 company }} purchasingEntity {{ __typename }} totalPriceSet {_MONEY}
totalTipReceivedSet {_MONEY} totalCashRoundingAdjustment {{ paymentSet {_MONEY} }}
lineItems(first: {MAX_LINES}) {{ {_PAGE} nodes {{ id title sku quantity currentQuantity isGiftCard
originalUnitPriceSet {_MONEY} {_TAXES} {_DISCOUNTS} duties {{ id harmonizedSystemCode price {_MONEY} }} }} }}
shippingLines(first: 5) {{ {_PAGE} nodes {{ id title isRemoved originalPriceSet {_MONEY} {_TAXES} {_DISCOUNTS} }} }}
transactions(first: {MAX_TRANSACTIONS}) {{ id kind gateway status createdAt processedAt test authorizationCode
amountSet {_MONEY} parentTransaction {{ id }} }} }} }}"""
_FULFILMENTS = f"""
query($id: ID!) {{ order(id: $id) {{ id test updatedAt fulfillments(first: {MAX_FULFILMENTS}) {{ id name status
createdAt updatedAt trackingInfo {{ number }}
fulfillmentLineItems(first: 20) {{ {_PAGE} nodes {{ quantity lineItem {{ id }} }} }} }} }} }}"""
_REFUNDS = f"""
query($id: ID!) {{ order(id: $id) {{ id test updatedAt refunds(first: {MAX_REFUNDS}) {{ id createdAt note
refundLineItems(first: 20) {{ {_PAGE} nodes {{ id quantity restockType subtotalSet {_MONEY} totalTaxSet {_MONEY}
lineItem {{ id }} }} }}
refundShippingLines(first: 3) {{ {_PAGE} nodes {{ id subtotalAmountSet {_MONEY} taxAmountSet {_MONEY} }} }}
orderAdjustments(first: 3) {{ {_PAGE} nodes {{ id reason amountSet {_MONEY} taxAmountSet {_MONEY} }} }}
transactions(first: 5) {{ {_PAGE} nodes {{ id kind gateway status amountSet {_MONEY} }} }} }} }} }}"""
_PARTS = {"order": _ORDER, "fulfilments": _FULFILMENTS, "refunds": _REFUNDS}


class Wanted(Wire):
    """A part of an order that is still to be asked for."""

    id: WireId
    part: str


class OrderCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the list of changed orders stands.

    ``complete_until``  all that changed before this Unix time has been read in a finished sweep.
    ``after``           inside a sweep: the place behind the last page that was read; ``more`` = the list goes on there.
    ``newest``          inside a sweep: the newest change seen, the next ``complete_until``.
    ``pending``         parts of the orders of the last page that are still to be asked for.
    """

    complete_until: UnixSeconds | None = None
    after: WireId | None = None
    newest: UnixSeconds | None = None
    more: bool = False
    pending: Annotated[tuple[Wanted, ...], msgspec.Meta(max_length=PAGE_ORDERS * len(_PARTS))] = ()


def orders_request(cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the next question: a part of an order, or the next page of changed orders.

    Settings: ``pull_from`` (RFC 3339; where the first sweep begins), ``overlap_seconds`` (default an hour).

    :raises ContractError: the cursor or a setting cannot be read.
    """
    state = _read(cursor)
    if state.pending:
        wanted = state.pending[0]
        return graphql(_PARTS[wanted.part], {"id": wanted.id}, settings, secret)
    since = _since(state, settings)
    query = f"updated_at:>='{since}'" if since else None
    return graphql(_LIST, {"first": PAGE_ORDERS, "after": state.after, "query": query}, settings, secret)


def _read(cursor: Mapping[str, Any]) -> OrderCursor:
    state = read_as(dict(cursor), OrderCursor, "cursor")
    if any(wanted.part not in _PARTS for wanted in state.pending):
        raise schema_violation("cursor.pending", f"Expected parts {', '.join(_PARTS)}")
    return state


def _since(state: OrderCursor, settings: Mapping[str, Any]) -> str | None:
    overlap = settings.get("overlap_seconds", OVERLAP_SECONDS)
    if type(overlap) is not int or not 0 <= overlap <= MAX_OVERLAP_SECONDS:
        raise schema_violation("settings.overlap_seconds", f"Expected 0 to {MAX_OVERLAP_SECONDS}")
    if state.complete_until is not None:
        since = dt.datetime.fromtimestamp(max(0, state.complete_until - overlap), dt.timezone.utc)
        return format_instant(since)
    start = settings.get("pull_from")
    return format_instant(parse_instant(start)) if start else None


def orders_from(instant: dt.datetime) -> dict[str, Any]:
    """Return the cursor that reads every order that changed from ``instant`` (UTC-aware) on once more."""
    return msgspec.to_builtins(OrderCursor(complete_until=max(0, int(instant.timestamp()))))


def orders_page(cursor: Mapping[str, Any], answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    """Read a page of the list, or a part of an order; ``complete_until`` moves when the sweep is at its end.

    :raises TransientError, AuthorizationError, ContractError: by what the answer says.
    """
    state = _read(cursor)
    data = read_data(answer)
    if state.pending:
        # An order that is gone meanwhile has nothing to say.
        node = None if data.get("order") is None else _node(data["order"], "$.data.order")
        events = [] if node is None else list(_events(node, state.pending[0].part, settings))
        return _page(msgspec.structs.replace(state, pending=state.pending[1:]), events)
    page = read_connection(data, "orders")
    pending: list[Wanted] = []
    newest = state.newest
    for index, raw in enumerate(page.nodes[:PAGE_ORDERS]):
        node = _node(raw, f"$.data.orders.nodes[{index}]")
        changed = int(parse_instant(node["updatedAt"]).timestamp())
        newest = changed if newest is None else max(newest, changed)
        parts = ["order"]
        parts += ["fulfilments"] if listed(node, "fulfillments") else []
        parts += ["refunds"] if listed(node, "refunds") else []
        pending += [Wanted(id=node["id"], part=part) for part in parts]
    more = page.pageInfo.hasNextPage and bool(page.nodes)
    after = page.pageInfo.endCursor if more else None
    state = msgspec.structs.replace(state, after=after, more=more, newest=newest, pending=tuple(pending))
    return _page(state, [])


def _page(state: OrderCursor, events: list) -> PullPage:
    more = state.more or bool(state.pending)
    if not more:
        # An empty sweep must not forget how far the last one came.
        known = [moment for moment in (state.newest, state.complete_until) if moment is not None]
        state = OrderCursor(complete_until=max(known, default=None))
    return PullPage(events, _kept(state), more=more, order=state.complete_until)


def _kept(state: OrderCursor) -> dict[str, Any]:
    """Return a position as JSON keeps it."""
    return msgspec.json.decode(msgspec.json.encode(state))


def _node(raw: Any, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise schema_violation(where, "Expected an order")
    for name in ("id", "updatedAt"):
        if not isinstance(raw.get(name), str):
            raise schema_violation(f"{where}.{name}", "Expected a text")
    return raw


def _is_cut(part: Any) -> bool:
    """Whether a list with pages in an order goes on behind what was asked for."""
    if isinstance(part, list):
        return any(_is_cut(each) for each in part)
    if not isinstance(part, dict):
        return False
    info = part.get("pageInfo")
    if isinstance(info, dict):
        return info.get("hasNextPage") is True or any(_is_cut(each) for each in nodes_of(part))
    return any(_is_cut(value) for name, value in part.items() if name not in _PLAIN_LISTS)


# -- what an order and its parts are ---------------------------------------------------------------------------------


def _events(
    node: dict[str, Any], part: str, settings: Mapping[str, Any]
) -> Iterator[tuple[Envelope, dict[str, Any]]]:
    """Yield the events that a part of an order is; what is cut off is told all the same, and refused."""
    account = settings.get("outside_account") or None
    order_id = plain_id(node["id"])
    told: list[tuple[str, dict[str, Any]]] = []
    full = False
    if part == "order":
        paid = listed(node, "transactions")
        full = len(paid) >= MAX_TRANSACTIONS
        told = [("orders/updated", order_shape(node))]
        told += [(TRANSACTION_TOPIC, transaction_shape(each, order_id)) for each in paid]
    elif part == "fulfilments":
        found = listed(node, "fulfillments")
        full = len(found) >= MAX_FULFILMENTS
        told = [("fulfillments/update", fulfilment_shape(each, order_id)) for each in found]
    else:
        found = listed(node, "refunds")
        full = len(found) >= MAX_REFUNDS
        told = [(REFUND_TOPIC, refund_shape(each, order_id)) for each in found]
    cut = _is_cut(node) or full
    for topic, body in told:
        kept = {**body, "object": PULLED_ORDER, "topic": topic, "test": bool(node.get("test"))}
        if cut:
            kept["cut_off"] = True
        yield pulled_envelope(kept, account), kept


def pulled_envelope(body: Mapping[str, Any], account: str | None = None) -> Envelope:
    """Return the envelope of an event that was fetched: by its content, like that of a delivery.

    :raises ContractError: it names no topic.
    """
    topic = body.get("topic")
    if not isinstance(topic, str):
        raise schema_violation("$.topic", "Expected the topic")
    changed = body.get("updated_at") or body.get("processed_at") or body.get("created_at")
    instant = parse_instant(changed) if isinstance(changed, str) else None
    kind = {"orders": "order", "fulfillments": "fulfilment", "refunds": "refund"}.get(topic.partition("/")[0])
    versioned = isinstance(body.get("updated_at"), str) and instant is not None
    return Envelope(
        event_id=f"{topic[:100]}:{digest(canonical_bytes(body))[:40]}",
        event_type=topic[:100],
        object_key=f"{kind or 'order_payment'}:{body.get('id')}"[:255],
        version=max(0, int(instant.timestamp())) if versioned else None,
        occurred_at=instant,
        account=account,
        live=False if body.get("test") is True else None,
    )


def check_pulled(body: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Refuse a fetched order of which not everything was told, and one that is a test among real ones.

    :raises ContractError: ``page_too_large``, ``wrong_environment``.
    """
    if body.get("test") is True and settings.get("environment") == "production":
        raise ContractError("wrong_environment", params={"stated": "test", "expected": "production"})
    if body.get("cut_off") is True:
        problem = f"an order of more than {MAX_LINES} lines, or with very many parts; its webhooks tell it"
        raise ContractError("page_too_large", params={"source": "Shopify", "problem": problem})
