# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Requests to Shopify's GraphQL API and what their answers say. Nothing here sends anything.

Sources: https://shopify.dev/docs/api/admin-graphql, https://shopify.dev/docs/api/usage/limits (cost and throttle).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import AuthorizationError, ContractError, TransientError
from ...engine.instants import parse_instant
from ..base import Envelope, HttpAnswer, HttpRequest, PullPage
from ..reading import Wire, WireId, read_answer, read_as, schema_violation
from . import wire
from .const import (
    API_VERSION,
    BALANCE_TRANSACTION,
    OPTIONAL_TOPICS,
    PAGE_SIZE,
    SHOP_DOMAIN,
    WANTED_TOPICS,
)

TIMEOUT_SECONDS = 30
MAX_WAIT_SECONDS = 60

_BALANCE = """
query($first: Int!, $after: String) { shopifyPaymentsAccount { balanceTransactions(first: $first, after: $after) {
pageInfo { hasNextPage endCursor } nodes { id type test transactionDate amount { amount currencyCode }
fee { amount currencyCode } net { amount currencyCode } sourceType sourceId sourceOrderTransactionId adjustmentReason
associatedOrder { id name } associatedPayout { id } } } } }"""
_WEBHOOKS = """
query($first: Int!, $after: String) { webhookSubscriptions(first: $first, after: $after) {
pageInfo { hasNextPage endCursor } nodes { id topic
endpoint { __typename ... on WebhookHttpEndpoint { callbackUrl } } } } }"""
_SUBSCRIBE = """
mutation($topic: WebhookSubscriptionTopic!, $url: URL!) { webhookSubscriptionCreate(topic: $topic,
webhookSubscription: { callbackUrl: $url, format: JSON }) { webhookSubscription { id }
userErrors { field message } } }"""


def graphql(
    query: str, variables: Mapping[str, Any], settings: Mapping[str, Any], secret: str
) -> HttpRequest:
    """Return a POST of the pinned API version to the connection's shop; the token goes into its header.

    :raises ContractError: the connection names no shop.
    """
    base = str(settings.get("api_base_url") or "").rstrip("/")
    if not base:
        shop = str(settings.get("outside_account") or "")
        if not SHOP_DOMAIN.fullmatch(shop):
            raise schema_violation("settings.outside_account", "Expected the shop's name.myshopify.com")
        base = f"https://{shop}"
    headers = {
        "x-shopify-access-token": secret,
        "content-type": "application/json",
        "accept": "application/json",
    }
    body = canonical_bytes({"query": " ".join(query.split()), "variables": dict(variables)})
    return HttpRequest("POST", f"{base}/admin/api/{API_VERSION}/graphql.json", headers, body, TIMEOUT_SECONDS)


class _GraphError(Wire):
    extensions: dict[str, Any] | None = None


class _Answer(Wire):
    data: dict[str, Any] | None = None
    errors: Any = None
    extensions: dict[str, Any] | None = None


def read_data(answer: HttpAnswer) -> dict[str, Any]:
    """Return the data of an answer.

    :raises TransientError: ``source_rate_limited`` with the seconds after which the budget suffices again (Shopify
        answers 200 and says THROTTLED); by the status.
    :raises AuthorizationError: ``credential_refused`` (ACCESS_DENIED, or by the status).
    :raises ContractError: ``destination_garbage``: Shopify does not take the question.
    """
    told = read_as(read_answer(answer), _Answer)
    if told.errors:
        codes = _error_codes(told.errors)
        if "THROTTLED" in codes:
            raise TransientError(
                "source_rate_limited",
                "the budget of questions is spent",
                params={"status": answer.status},
                retry_after_seconds=_seconds_to_wait(told.extensions),
            )
        if "ACCESS_DENIED" in codes:
            raise AuthorizationError(
                "credential_refused", "a right is missing", params={"status": answer.status}
            )
        raise ContractError("destination_garbage", ", ".join(codes)[:200], params={"status": answer.status})
    if told.data is None:
        raise schema_violation("$.data", "Expected the data")
    return told.data


def _error_codes(errors: Any) -> list[str]:
    found = []
    for each in errors if isinstance(errors, list) else ():
        extensions = each.get("extensions") if isinstance(each, dict) else None
        code = extensions.get("code") if isinstance(extensions, dict) else None
        found.append(code if isinstance(code, str) else "unnamed")
    return found or ["unnamed"]


class _Throttle(Wire):
    currentlyAvailable: int  # noqa: N815 - the vendor's names
    restoreRate: int  # noqa: N815


class _Cost(Wire):
    requestedQueryCost: int  # noqa: N815
    throttleStatus: _Throttle  # noqa: N815


def _seconds_to_wait(extensions: dict[str, Any] | None) -> int:
    """Return after how many seconds the leaky bucket holds what the question costs."""
    try:
        cost = read_as((extensions or {}).get("cost"), _Cost)
    except ContractError:
        return 1
    missing = max(1, cost.requestedQueryCost - cost.throttleStatus.currentlyAvailable)
    return min(MAX_WAIT_SECONDS, max(1, -(-missing // max(1, cost.throttleStatus.restoreRate))))


class _PageInfo(Wire):
    hasNextPage: bool  # noqa: N815
    endCursor: Annotated[str, msgspec.Meta(max_length=1000)] | None = None  # noqa: N815


class _Connection(Wire):
    pageInfo: _PageInfo  # noqa: N815
    nodes: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=250)]


def read_connection(data: dict[str, Any], *names: str) -> _Connection:
    """Return the page of a list in an answer, by the names that lead to it.

    :raises ContractError: it is none, or it goes on and does not say where.
    """
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    found = read_as(data, _Connection, "$.data")
    if found.pageInfo.hasNextPage and not found.pageInfo.endCursor:
        raise schema_violation("$.data.pageInfo.endCursor", "Expected where to go on")
    return found


# -- the balance of Shopify Payments --------------------------------------------------------------------------


class BalanceCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the list stands: the place behind the last line that was read. The list grows at its end."""

    after: WireId | None = None


def balance_request(cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str) -> HttpRequest:
    state = read_as(dict(cursor), BalanceCursor, "cursor")
    return graphql(_BALANCE, {"first": PAGE_SIZE, "after": state.after}, settings, secret)


def balance_page(cursor: Mapping[str, Any], answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    state = read_as(dict(cursor), BalanceCursor, "cursor")
    data = read_data(answer)
    if data.get("shopifyPaymentsAccount", 0) is None:  # the shop takes its money through other gateways alone
        return PullPage([], dict(cursor), more=False)
    page = read_connection(data, "shopifyPaymentsAccount", "balanceTransactions")
    events, sums = [], {}
    for index, body in enumerate(page.nodes):
        line = read_as(body, wire.BalanceTransaction, f"$.data.nodes[{index}]")
        kept = {**body, "object": BALANCE_TRANSACTION}
        events.append((_line_envelope(line, kept, settings), kept))
        _add(sums, line)
    after = page.pageInfo.endCursor or state.after
    return PullPage(
        events,
        {"after": after} if after else {},
        more=page.pageInfo.hasNextPage and bool(page.nodes),
        sums=sums,
    )


def _line_envelope(line: wire.BalanceTransaction, body: Any, settings: Mapping[str, Any]) -> Envelope:
    return Envelope(
        event_id=f"{line.id[:180]}:{digest(canonical_bytes(body))[:32]}",
        event_type=BALANCE_TRANSACTION,
        object_key=line.id,
        occurred_at=parse_instant(line.transactionDate),
        account=settings.get("outside_account") or None,
        live=False if line.test else None,
    )


def _add(sums: dict[str, Decimal], line: wire.BalanceTransaction) -> None:
    try:
        net = wire.amount(line.net)
    except ContractError:
        return  # that line fails alone when it is understood
    sums[net.currency] = sums.get(net.currency, Decimal(0)) + net.value


# -- webhooks: looked after, and repaired ---------------------------------------------------------------------


class WebhookCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """A round over the subscriptions: the pages of the list, then one question per topic that is missing."""

    after: WireId | None = None
    seen: Annotated[tuple[str, ...], msgspec.Meta(max_length=1000)] = ()
    missing: Annotated[tuple[str, ...], msgspec.Meta(max_length=100)] = ()


def topic_name(topic: str) -> str:
    """Return a topic as the GraphQL API writes it: orders/create → ORDERS_CREATE."""
    return topic.replace("/", "_").upper()


def webhooks_request(cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str) -> HttpRequest:
    """Return the next question of the round: a page of subscriptions, or the creation of one that is missing."""
    state = read_as(dict(cursor), WebhookCursor, "cursor")
    if state.missing:
        variables = {"topic": state.missing[0], "url": _own_address(settings)}
        return graphql(_SUBSCRIBE, variables, settings, secret)
    return graphql(_WEBHOOKS, {"first": PAGE_SIZE, "after": state.after}, settings, secret)


def _own_address(settings: Mapping[str, Any]) -> str:
    return str(settings.get("endpoint_url") or "")


def webhooks_page(cursor: Mapping[str, Any], answer: HttpAnswer, settings: Mapping[str, Any]) -> PullPage:
    """Read the answer; Shopify removes a subscription after eight failures, the next round brings it back.

    :raises ContractError: ``destination_garbage``: Shopify does not take the address (it must be https and public).
    """
    state = read_as(dict(cursor), WebhookCursor, "cursor")
    if state.missing:
        if not _is_made(state.missing[0], answer):
            raise ContractError(
                "destination_garbage", "the subscription was refused", params={"status": answer.status}
            )
        return _round(WebhookCursor(missing=state.missing[1:]))
    data = read_data(answer)
    page = read_connection(data, "webhookSubscriptions")
    own = _own_address(settings)
    seen = {*state.seen, *(topic for node in page.nodes if (topic := _topic_of(node, own)))}
    if page.pageInfo.hasNextPage and page.nodes:
        return _round(WebhookCursor(after=page.pageInfo.endCursor, seen=tuple(sorted(seen))), more=True)
    wanted = map(topic_name, (*WANTED_TOPICS, *OPTIONAL_TOPICS))
    missing = tuple(name for name in wanted if name not in seen) if own else ()
    return _round(WebhookCursor(missing=missing))


def _is_made(topic: str, answer: HttpAnswer) -> bool:
    """Whether a subscription is made, or is one without which the shop does."""
    optional = topic in map(topic_name, OPTIONAL_TOPICS)
    try:
        made = read_data(answer).get("webhookSubscriptionCreate")
    except AuthorizationError:
        # Shopify answers 200 and ACCESS_DENIED where the app lacks the right on the topic alone.
        if optional and answer.status == 200:
            return True
        raise
    return optional or (isinstance(made, dict) and not made.get("userErrors"))


def _round(state: WebhookCursor, *, more: bool = False) -> PullPage:
    return PullPage([], msgspec.json.decode(msgspec.json.encode(state)), more=more or bool(state.missing))


def _topic_of(node: dict[str, Any], own: str) -> str | None:
    endpoint = node.get("endpoint")
    url = endpoint.get("callbackUrl") if isinstance(endpoint, dict) else None
    topic = node.get("topic")
    return topic if isinstance(topic, str) and url == own and len(topic) <= 100 else None
