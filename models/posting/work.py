# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What travels through the drain with one message: what it says, what became of it, what a person must know."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from ...connectors.base import Envelope
from ...engine.errors import IntegrationError
from ...engine.ordering import Version


@dataclasses.dataclass
class Finding:
    """Something a person must decide about a message that *was* booked; its booking stands.

    ``cause``   equal for everything with the same cause.
    ``record``  the integration.movement whose application waits, if any.
    """

    code: str
    params: dict[str, Any]
    cause: str
    record: Any = None


@dataclasses.dataclass
class Effect:
    """A record that a message became; ``key`` happens once per connection."""

    key: str
    model: str
    record_id: int


@dataclasses.dataclass(frozen=True)
class Told:
    """Who says something: the connection, its event, the instant at which it came to be there, and by whom."""

    connection: Any
    at: datetime | None = None
    message_id: int | None = None
    actor: str | None = None


@dataclasses.dataclass
class Work:
    """One message in the drain."""

    row: dict[str, Any]
    connection: Any
    envelope: Envelope
    body: Any = None
    documents: list[Any] = dataclasses.field(default_factory=list)
    kind: str | None = None
    stage: str = "received"
    stages: list[dict[str, str]] = dataclasses.field(default_factory=list)
    plan: Any = None
    error: IntegrationError | None = None
    outcome: str = "done"
    note: str = ""
    # The version that the event tells; whether a newer one was applied, or another content under its number.
    told: Version | None = None
    older: bool = False
    contradicts: bool = False
    hold: dict[str, Any] | None = None
    # What stops it before it is applied, whatever it says.
    objection: IntegrationError | None = None
    effects: list[Effect] = dataclasses.field(default_factory=list)
    findings: list[Finding] = dataclasses.field(default_factory=list)
    # How it is treated instead of being booked: 'reference' = made known, 'shadow' = computed; '' = booked.
    treatment: str = ""
    # Why it stays unbooked for good, as integration.message.kept_as has it.
    kept_as: str | None = None
    # UTC-aware moment before which it must not be booked.
    not_before: datetime | None = None
    # Findings that do not come from applying and so outlive a repetition of it.
    remarks: list[Finding] = dataclasses.field(default_factory=list)
    # Ids of the versions of mappings that gave its codes a meaning.
    mapped: set[int] = dataclasses.field(default_factory=set)

    @property
    def message_id(self) -> int:
        return self.row["id"]

    @property
    def open(self) -> bool:
        """Whether this message still has to be applied."""
        return self.error is None and self.outcome == "done"

    @property
    def object_kind(self) -> str | None:
        """The kind of the outside object: a cancellation is another version of the document that it cancels."""
        return self.documents[0].cancels if self.kind == "cancellation" and self.documents else self.kind

    def reset(self) -> None:
        """Forget what an attempt to apply left behind, before the next one."""
        self.effects = []
        self.findings = []
