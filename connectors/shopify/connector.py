# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""S3: Shopify."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...engine.canonical import Document
from ...engine.canonical.registry import validate
from ...engine.canonical_json import canonical_bytes, digest
from ...engine.errors import ContractError
from ...engine.flow_life import FlowDefaults
from ...engine.instants import parse_instant
from ...engine.shop_writing import ORDER, PRODUCT, Held, Wish, Write
from ..base import (
    NO_SETTINGS,
    Connector,
    ConnectorSpec,
    Envelope,
    EventRule,
    HttpAnswer,
    HttpRequest,
    InboundEvent,
    PullPage,
)
from ..reading import read_as, schema_violation
from . import wire
from .client import balance_page, balance_request, webhooks_page, webhooks_request
from .const import (
    API_VERSION,
    BALANCE_TRANSACTION,
    CUSTOMER_TOPICS,
    DELETED_PRODUCT_TOPIC,
    DISPUTE_TOPICS,
    DOCUMENTATION_URL,
    ENVELOPE_HEADERS,
    FULFILMENT_TOPICS,
    NEEDS,
    ORDER_TOPICS,
    PRODUCT_TOPICS,
    PULLED_ORDER,
    REFUND_TOPIC,
    SENSITIVE_KEYS,
    TRANSACTION_TOPIC,
    UNINSTALLED_TOPIC,
)
from .disputes import (
    dispute_documents,
    evidence_find_request,
    evidence_place,
    evidence_submit_request,
    evidence_submitted,
)
from .order_pull import check_pulled, orders_from, orders_page, orders_request, pulled_envelope
from .orders import (
    customer_documents,
    fulfilment_documents,
    header,
    order_documents,
    payment_documents,
    refund_documents,
)
from .payments import balance_documents
from .products import product_documents
from .records import find_request, read_held, read_written, write_request

_EDITED = "orders/edited"
EVENTS = {
    **dict.fromkeys((topic for topic in ORDER_TOPICS if topic != _EDITED), EventRule("order", rank=20)),
    _EDITED: EventRule(None, "Says what was changed; the order as it stands then is told by orders/updated."),
    **dict.fromkeys(FULFILMENT_TOPICS, EventRule("fulfilment", rank=30)),
    REFUND_TOPIC: EventRule("order_refund", rank=50),
    **dict.fromkeys(CUSTOMER_TOPICS, EventRule("customer", rank=10)),
    **dict.fromkeys(PRODUCT_TOPICS, EventRule("product", rank=8)),
    DELETED_PRODUCT_TOPIC: EventRule(
        None, "Names the product alone and not its variants: archive in Odoo what is not sold any more."
    ),
    TRANSACTION_TOPIC: EventRule("order_payment", rank=40),
    UNINSTALLED_TOPIC: EventRule(None, "The shop has removed the app: nothing more will come from it."),
    **dict.fromkeys(DISPUTE_TOPICS, EventRule("movement", rank=60)),
    BALANCE_TRANSACTION: EventRule("movement", rank=70),
}


class ShopifyConnector(Connector):
    """Webhooks of one shop and their care, its orders as they change, the balance of Shopify Payments."""

    spec = ConnectorSpec(
        code="shopify",
        system_role="shop",
        name="Shopify",
        summary="Customers, products, orders, fulfilments and refunds of a shop, and the balance of Shopify Payments.",
        documentation_url=DOCUMENTATION_URL,
        signature_schemes=("shopify",),
        # The shop's name in the headers is not signed: an event counts for the shop whose secret signed it alone.
        needs_account=True,
        writes_records=(PRODUCT, ORDER),
        takes_evidence=True,
        evidence_files=False,
        evidence_apart=True,
        envelope_headers=ENVELOPE_HEADERS,
        events=EVENTS,
        sensitive_keys=SENSITIVE_KEYS,
        pulls=("balance_transactions", "webhooks", "orders"),
        api_version=API_VERSION,
        outbound_rate_per_second=2,
        flow_defaults={
            "movement": FlowDefaults(criticality="critical", latency_target_seconds=3600),
            "customer": FlowDefaults(latency_target_seconds=900),
            "product": FlowDefaults(criticality="low", latency_target_seconds=3600),
        },
        needs=NEEDS,
        fetched_events=frozenset({BALANCE_TRANSACTION}),
        secret_hint="The client secret of an app that is installed in this shop alone.",  # noqa: S106
    )

    def read_envelope(self, body: Any, headers: Mapping[str, str]) -> Envelope:
        """Return the envelope of a delivery.

        The id follows from topic and content: the ids in the headers are not signed, so a repeated delivery under
        another id is still the same event. The shop must be the connection's own account. ``version`` is the second of
        the object's last change.
        """
        if isinstance(body, Mapping) and body.get("object") == BALANCE_TRANSACTION:
            line = read_as(body, wire.BalanceTransaction)
            return Envelope(
                line.id, BALANCE_TRANSACTION, line.id, occurred_at=parse_instant(line.transactionDate)
            )
        if not isinstance(body, Mapping):
            raise schema_violation("$", "Expected an object")
        if body.get("object") == PULLED_ORDER:
            return pulled_envelope(body)
        topic = (header(headers, "topic") or "").lower()[:100]
        if not topic:
            raise schema_violation("header topic", "Expected the topic of the delivery")
        changed = body.get("updated_at")
        instant = parse_instant(changed) if isinstance(changed, str) else None
        # A dispute does not say when it changed, so it has no version; the day on which it began is signed.
        begun = body.get("initiated_at") if topic in DISPUTE_TOPICS else None
        told_at = begun if isinstance(begun, str) else header(headers, "triggered-at")
        return Envelope(
            event_id=f"{topic}:{digest(canonical_bytes(body))[:40]}",
            event_type=topic,
            object_key=_key(topic, body),
            version=max(0, int(instant.timestamp())) if instant else None,
            occurred_at=instant or (parse_instant(told_at) if told_at else None),
            account=header(headers, "shop-domain"),
            live=False if body.get("test") is True else None,
        )

    def transform(self, event: InboundEvent) -> list[Document]:
        topic, body = event.envelope.event_type, event.body
        system = str(event.settings.get("system") or "shopify")
        rule = self.spec.events.get(topic)
        if rule is None:
            raise ContractError("unknown_event_type", params={"event_type": topic[:100]})
        documents: list[Document] = []
        if isinstance(body, Mapping) and body.get("object") == PULLED_ORDER:
            check_pulled(body, event.settings)
        if rule.kind == "order":
            documents = order_documents(system, body)
        elif rule.kind == "fulfilment":
            documents = fulfilment_documents(system, body)
        elif rule.kind == "order_refund":
            documents = refund_documents(system, body)
        elif rule.kind == "order_payment":
            documents = payment_documents(system, body)
        elif rule.kind == "product":
            documents = product_documents(system, body)
        elif rule.kind == "customer":
            told = event.envelope.occurred_at
            at = told.isoformat() if told else None
            documents = customer_documents(system, body, at, gone=topic == "customers/delete")
        elif topic in DISPUTE_TOPICS:
            documents = dispute_documents(system, body)
        elif rule.kind == "movement":
            documents = list(balance_documents(system, body))
        return [validate(document) for document in documents]

    def pull_request(
        self, pull: str, cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        return self._pull(pull)[0](cursor, settings, secret)

    def pull_page(
        self,
        pull: str,
        cursor: Mapping[str, Any],
        answer: HttpAnswer,
        settings: Mapping[str, Any] = NO_SETTINGS,
    ) -> PullPage:
        return self._pull(pull)[1](cursor, answer, settings)

    def pull_cursor_from(self, pull: str, instant: datetime) -> Mapping[str, Any]:
        """Return the first cursor; lists that name no instants are read once more as a whole."""
        self._pull(pull)
        return orders_from(instant) if pull == "orders" else {}

    def record_find(self, wish: Wish, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        return find_request(wish, settings, secret)

    def record_held(self, answer: HttpAnswer, wish: Wish) -> Held | None:
        return read_held(answer, wish)

    def record_write(self, write: Write, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        return write_request(write, settings, secret)

    def record_written(self, answer: HttpAnswer, write: Write) -> tuple[str, str | None]:
        return read_written(answer, write)

    def evidence_find(self, dispute: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        return evidence_find_request(dispute, settings, secret)

    def evidence_place(self, answer: HttpAnswer, dispute: str) -> str:
        return evidence_place(answer)

    def evidence_submit(
        self,
        dispute: str,
        texts: Mapping[str, str],
        files: Mapping[str, str],
        key: str,
        settings: Mapping[str, Any],
        secret: str,
    ) -> HttpRequest:
        return evidence_submit_request(dispute, texts, files, key, settings, secret)

    def evidence_submitted(self, answer: HttpAnswer, key: str) -> bool:
        return evidence_submitted(answer, key)

    @staticmethod
    def _pull(pull: str):
        steps = {
            "balance_transactions": (balance_request, balance_page),
            "webhooks": (webhooks_request, webhooks_page),
            "orders": (orders_request, orders_page),
        }
        if pull not in steps:
            raise ValueError(f"Shopify has no pull {pull!r}")
        return steps[pull]


_OBJECTS = {
    "orders": "order",
    "fulfillments": "fulfilment",
    "refunds": "refund",
    "order_transactions": "order_payment",
    "customers": "customer",
    "products": "product",
    "disputes": "dispute",
}


def _key(topic: str, body: Mapping[str, Any]) -> str:
    """Return what must be applied one after the other. What belongs to an order waits for it by itself (its parent):
    behind one key a fulfilment that comes too early would hold back the order for which it waits."""
    return f"{_OBJECTS.get(topic.partition('/')[0], 'shop')}:{body.get('id')}"[:255]


CONNECTOR = ShopifyConnector()
