# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The shop's GraphQL API, as a function from request to answer.

Sources: https://shopify.dev/docs/api/admin-graphql (address, access token), https://shopify.dev/docs/api/usage/limits
(a budget that fills up by itself; a question that costs more is answered with 200 and THROTTLED),
https://shopify.dev/docs/api/usage/versioning (an old version is answered by the oldest that is supported).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from .. import wire
from ..clock import Clock
from ..stripe.faults import FaultPlan
from . import disputes, graph, objects
from .products import Changes
from .state import ShopifyShop

PATH = re.compile(r"/admin/api/(\d{4}-\d{2})/graphql\.json")
OLDEST = "2025-04"
BUDGET, RESTORE, MAX_COST = 2000, 100, 1000
# What a mutation costs: https://shopify.dev/docs/api/usage/limits.
MUTATION_COST = 10
SCOPES = frozenset({"write_products", "write_orders", disputes.SCOPE})


class Answer(NamedTuple):
    """What goes back over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class ShopifyApi:
    """Answers questions about one shop; ``faults`` decides which go wrong, ``budget`` is what is left of it.

    ``any_address``: webhooks go to addresses without TLS, too (a demo on one machine). ``scopes``: what may be written.
    ``time``: by which the budget fills up, the shop's own where nobody says another. ``plan``: how much it holds and
    how much of it comes back per second (https://shopify.dev/docs/api/usage/limits: by the shop's plan).
    """

    def __init__(
        self,
        shop: ShopifyShop,
        access_token: str,
        faults: FaultPlan | None = None,
        budget: int = BUDGET,
        any_address: bool = False,
        scopes: frozenset[str] = SCOPES,
        time: Clock | None = None,
        plan: tuple[int, int] = (BUDGET, RESTORE),
    ):
        self.shop = shop
        self.faults = faults or FaultPlan()
        self.budget = budget
        self.maximum, self.restore = plan
        self.asked: list[str] = []
        self.token = access_token
        self.scopes = scopes
        self._time = time or shop.clock
        self._filled = self._time.now
        self._begin = "http" if any_address else "https://"

    def roll(self, access_token: str) -> None:
        """Take another access token from now on."""
        self.token = access_token

    def handle(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Answer one request."""
        given = {name.lower(): value for name, value in (headers or {}).items()}
        if not hmac.compare_digest(given.get("x-shopify-access-token", ""), self.token):
            return self._answer(401, {"errors": "[API] Invalid API key or access token"})
        found = PATH.fullmatch(path)
        if not found or method != "POST":
            return self._answer(404, {"errors": "Not Found"})
        fault = self.faults.next()
        if fault and fault.status != 200:
            wait = fault.retry_after_seconds
            more = {} if wait is None else {"Retry-After": str(wait)}
            return self._answer(fault.status, {"errors": "try again"}, more)
        return self._graphql(max(found.group(1), OLDEST), wire.parse(body))

    def _graphql(self, version: str, asked: Any) -> Answer:
        self._fill()
        text, variables = asked.get("query") or "", asked.get("variables") or {}
        self.asked.append(text)
        try:
            kind, fields = graph.read(text, variables)
            price = graph.cost(fields) + (MUTATION_COST if kind == "mutation" else 0)
            if price > MAX_COST:
                raise graph.AskedWronglyError("MAX_COST_EXCEEDED", f"Query cost is {price}")
            if price > self.budget:
                return self._told({"errors": [_error("THROTTLED", "Throttled")]}, price, version)
            self.budget -= price
            thing = {"query": objects.root, "mutation": self._changes}[kind](self.shop)
            return self._told({"data": graph.answer(fields, thing)}, price, version)
        except graph.AskedWronglyError as error:
            return self._told({"errors": [_error(*error.args)]}, 0, version)

    def _changes(self, shop: ShopifyShop) -> dict[str, Any]:
        def subscribe(topic: str, webhookSubscription: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
            url = str(webhookSubscription.get("callbackUrl") or "")
            if not url.startswith(self._begin):
                wrong = [
                    {"field": ["webhookSubscription", "callbackUrl"], "message": "Address must be https"}
                ]
                return {"webhookSubscription": None, "userErrors": wrong}
            shop.subscriptions[topic] = url
            return {
                "webhookSubscription": {"id": objects.gid("WebhookSubscription", topic)},
                "userErrors": [],
            }

        return {
            "webhookSubscriptionCreate": subscribe,
            **Changes(shop, self.scopes).mutations(),
            **disputes.mutations(shop, self.scopes),
        }

    def _fill(self) -> None:
        now = self._time.now
        passed = int((now - self._filled).total_seconds())
        self.budget = min(self.maximum, self.budget + passed * self.restore)
        self._filled += timedelta(seconds=passed)

    def _told(self, told: dict[str, Any], price: int, version: str) -> Answer:
        status = {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": self.budget,
            "restoreRate": self.restore,
        }
        cost = {"requestedQueryCost": price, "actualQueryCost": price, "throttleStatus": status}
        return self._answer(200, {**told, "extensions": {"cost": cost}}, {"X-Shopify-API-Version": version})

    @staticmethod
    def _answer(status: int, body: dict[str, Any], more: Mapping[str, str] | None = None) -> Answer:
        return Answer(status, {"Content-Type": "application/json", **(more or {})}, wire.compact(body))


def _error(code: str, message: str) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code}}
