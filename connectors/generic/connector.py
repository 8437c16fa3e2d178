# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""S17: any system, by the Standard Webhooks convention, with canonical documents on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO

from ...engine.canonical import Document
from ...engine.canonical_json import canonical_bytes
from ...engine.flow_life import FlowDefaults
from ...engine.formats.base import FileEvent, Limits, Trailer
from ..base import (
    NO_SETTINGS,
    Connector,
    ConnectorSpec,
    Envelope,
    EventRule,
    HttpAnswer,
    HttpRequest,
    InboundEvent,
    Receipt,
)
from .const import DOCUMENTATION_URL, FILE_FORMATS, INBOUND, NEEDS, OUTBOUND, QUERIES, SENSITIVE_KEYS
from .files import READERS, sums_of
from .receipts import question, read_receipt, read_status
from .transformers import read_document, read_envelope, write_event

FLOW_DEFAULTS = {
    "movement": FlowDefaults(criticality="high", latency_target_seconds=120),
    "invoice": FlowDefaults(criticality="high"),
    "customer": FlowDefaults(latency_target_seconds=900),
    "supplier": FlowDefaults(latency_target_seconds=900),
    "product": FlowDefaults(criticality="low", latency_target_seconds=3600),
    "provider_balance": FlowDefaults(criticality="low", latency_target_seconds=3600),
    "bank_line": FlowDefaults(criticality="high", latency_target_seconds=900),
    "bank_statement": FlowDefaults(criticality="low", latency_target_seconds=3600),
    "dimension": FlowDefaults(criticality="low", latency_target_seconds=3600),
    "reference_code": FlowDefaults(criticality="low", latency_target_seconds=3600),
}
_RANKS = {
    "dimension": 5,
    "reference_code": 5,
    "product": 8,
    "customer": 10,
    "supplier": 10,
    "invoice": 30,
    "movement": 50,
    "entry": 60,
    "bank_line": 55,
    "provider_balance": 90,
    "bank_statement": 90,
}
# A cancellation goes the way of what it cancels: through its flow, and in its place among other objects.
_FLOW_KINDS = {
    name: stated["cancels"] if kind == "cancellation" else kind for name, (kind, stated) in INBOUND.items()
}


class GenericConnector(Connector):
    """Canonical documents in, business events out; a partner needs no code of ours."""

    spec = ConnectorSpec(
        code="generic",
        name="Generic (Standard Webhooks)",
        summary="Any system: canonical documents in by signed webhook, business events out the same way.",
        documentation_url=DOCUMENTATION_URL,
        signature_schemes=("standard_webhooks_v1", "standard_webhooks_v1a"),
        events={name: EventRule(kind, rank=_RANKS[kind]) for name, kind in _FLOW_KINDS.items()},
        sensitive_keys=SENSITIVE_KEYS,
        outbound_events=tuple(OUTBOUND),
        file_formats=FILE_FORMATS,
        queries=QUERIES,
        accepts_batches=True,
        api_version="1",
        # Inside a batch the event carries its id itself, alone it has it in a header.
        volatile_keys=frozenset({"id"}),
        flow_defaults=FLOW_DEFAULTS,
        status_path=("data", "status"),
        needs=NEEDS,
        secret_hint="The shared secret whsec_…, or the sender's key whpk_….",  # noqa: S106
    )

    def read_envelope(self, body: Any, headers: Mapping[str, str]) -> Envelope:
        return read_envelope(body, headers)

    def transform(self, event: InboundEvent) -> list[Document]:
        return [read_document(event.envelope.event_type, event.body)]

    def canonical_part(self, event_type: str, body: Any) -> tuple[str, tuple[str, ...]] | None:
        known = event_type in INBOUND and isinstance(body, Mapping) and isinstance(body.get("data"), Mapping)
        return (INBOUND[event_type][0], ("data",)) if known else None

    def read_file(
        self,
        file_format: str,
        stream: BinaryIO,
        source: str,
        limits: Limits,
        settings: Mapping[str, Any] = NO_SETTINGS,
    ) -> Iterator[FileEvent | Trailer]:
        return READERS[file_format](stream, source, limits, settings)

    def render_receipt(self, facts: Mapping[str, Any]) -> bytes:
        return canonical_bytes({"type": "file.received", "schema_version": "1", **facts})

    def control_amounts(self, event_type: str, body: Any) -> Mapping[str, Decimal]:
        return sums_of(body["data"])

    def render_event(
        self, event_type: str, event_id: str, occurred_at: datetime, document: Mapping[str, Any]
    ) -> tuple[bytes, Mapping[str, str]]:
        return write_event(event_type, occurred_at, document)

    def read_acknowledgement(self, event_id: str, answer: HttpAnswer) -> Receipt:
        return read_receipt(event_id, answer)

    def status_request(self, event_id: str, delivery_url: str) -> HttpRequest | None:
        return question(event_id, delivery_url)

    def read_status(self, event_id: str, answer: HttpAnswer) -> Receipt:
        return read_status(event_id, answer)


CONNECTOR = GenericConnector()
