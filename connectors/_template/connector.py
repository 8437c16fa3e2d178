# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The declaration of a connector: copy this folder, rename it, and follow the STEPs in its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...engine.canonical import Document
from ...engine.canonical.registry import validate
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
from .client import events_page, events_request
from .const import DOCUMENTATION_URL, NEEDS, SENSITIVE_KEYS
from .transformers import payment_documents, read_envelope, unknown


class ExampleConnector(Connector):
    """STEP 8. What the connector does, in one sentence."""

    spec = ConnectorSpec(
        # The folder's name; it never changes once connections exist.
        code="example",
        name="Example",
        summary="Payments of the example provider.",
        documentation_url=DOCUMENTATION_URL,
        # STEP 9. A scheme of engine/signatures; without one nothing that arrives could be trusted.
        signature_schemes=("standard_webhooks_v1",),
        # STEP 10. Every event type that the vendor sends. None = recorded, never booked: say why.
        events={
            "payment.captured": EventRule("movement", rank=40),
            "payment.refused": EventRule("movement", rank=40),
            "payment.authorised": EventRule(None, "Only reserved on the customer's card: no money moved."),
        },
        sensitive_keys=SENSITIVE_KEYS,
        pulls=("events",),
        api_version="1",
        # STEP 3. How the vendor lets programs call: the first is offered to the user.
        access_kinds=("api_key", "basic", "oauth_client"),
        # STEP 11. What a person needs at hand to connect it, and where it stands in the vendor's screens.
        needs=NEEDS,
        secret_hint="Where the user finds the secret at the vendor.",  # noqa: S106
    )

    def read_envelope(self, body: Any, headers: Mapping[str, str]) -> Envelope:
        return read_envelope(body, headers)

    def transform(self, event: InboundEvent) -> list[Document]:
        rule = self.spec.events.get(event.envelope.event_type)
        if rule is None:
            raise unknown(event.envelope.event_type)
        documents = payment_documents(event.settings, event.body) if rule.kind else []
        # What Python can build, a contract may still forbid: lengths, characters, missing time zones.
        return [validate(document) for document in documents]

    def pull_request(
        self, pull: str, cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        return events_request(cursor, settings, secret)

    def pull_page(
        self,
        pull: str,
        cursor: Mapping[str, Any],
        answer: HttpAnswer,
        settings: Mapping[str, Any] = NO_SETTINGS,
    ) -> PullPage:
        return events_page(cursor, answer)


CONNECTOR = ExampleConnector()
