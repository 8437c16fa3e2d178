# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""S17: any system, by the Standard Webhooks convention, with canonical documents on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...engine.canonical import Document
from ..base import Connector, ConnectorSpec, Envelope, EventRule, InboundEvent
from .const import DOCUMENTATION_URL, INBOUND, OUTBOUND, SENSITIVE_KEYS
from .transformers import read_document, read_envelope, write_event

_RANKS = {"customer": 10, "invoice": 30, "movement": 50, "entry": 60, "provider_balance": 90}


class GenericConnector(Connector):
    """Canonical documents in, business events out; a partner needs no code of ours."""

    spec = ConnectorSpec(
        code="generic",
        name="Generic (Standard Webhooks)",
        summary="Any system: canonical documents in by signed webhook, business events out the same way.",
        documentation_url=DOCUMENTATION_URL,
        signature_schemes=("standard_webhooks_v1", "standard_webhooks_v1a"),
        events={name: EventRule(kind, rank=_RANKS[kind]) for name, (kind, _stated) in INBOUND.items()},
        sensitive_keys=SENSITIVE_KEYS,
        outbound_events=tuple(OUTBOUND),
        api_version="1",
        secret_hint="The shared secret whsec_…, or the sender's key whpk_….",  # noqa: S106
    )

    def read_envelope(self, body: Any, headers: Mapping[str, str]) -> Envelope:
        return read_envelope(body, headers)

    def transform(self, event: InboundEvent) -> list[Document]:
        return [read_document(event.envelope.event_type, event.body)]

    def render_event(
        self, event_type: str, event_id: str, occurred_at: datetime, document: Mapping[str, Any]
    ) -> tuple[bytes, Mapping[str, str]]:
        return write_event(event_type, occurred_at, document)


CONNECTOR = GenericConnector()
