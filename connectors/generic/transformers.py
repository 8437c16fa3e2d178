# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The generic wire form ⇄ canonical documents: an envelope of three fields around the document itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

from ...engine.canonical import Document, decode, latest_version
from ...engine.canonical.base import MAX_VERSION
from ...engine.canonical_json import canonical_bytes
from ...engine.errors import ContractError
from ...engine.instants import format_instant, parse_instant
from ..base import Envelope
from ..reading import Wire, read_as, schema_violation
from .const import ID_HEADER, INBOUND, OUTBOUND

_LINE_ID = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


class Event(Wire):
    """The body of every event, in and out."""

    type: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    timestamp: str
    data: dict[str, Any]
    # Inside a batch the event carries its id itself; alone, its id is the header's.
    id: str | None = None


def read_envelope(body: Any, headers: Mapping[str, str]) -> Envelope:
    """Return the envelope of a generic event; what is wrong inside ``data`` is found when it is transformed.

    :raises ContractError: type, timestamp, data or the id header is missing or has a wrong type.
    """
    event = read_as(body, Event)
    event_id = headers.get(ID_HEADER, "")
    if ID_HEADER not in headers and event.id is not None:
        if not _LINE_ID.fullmatch(event.id):
            raise schema_violation("id", "Expected 1 to 255 visible characters")
        event_id = event.id
    if not 0 < len(event_id) <= 255:
        raise schema_violation(f"header {ID_HEADER}", "Expected 1 to 255 characters")
    source = event.data.get("source")
    source = source if isinstance(source, dict) else {}
    kind, object_id, version = event.data.get("kind"), source.get("object_id"), source.get("version")
    if kind == "cancellation":  # one object with the document that it cancels
        kind = event.data.get("cancels")
    known = isinstance(kind, str) and isinstance(object_id, str) and object_id
    return Envelope(
        event_id=event_id,
        event_type=event.type,
        # Without an object it stands in a queue of its own: it fails alone and holds back nothing.
        object_key=f"{kind}:{object_id}"[:255] if known else event_id,
        version=version if type(version) is int and version >= 0 else None,
        occurred_at=parse_instant(event.timestamp),
        # In the signed body, not in a header: the signature covers no header of its own.
        sequence=_counter(source.get("sequence")),
        series=_series(source),
    )


def _counter(value: Any) -> int | None:
    """Return a whole number that a column can hold, or None; what is wrong is named when it is transformed."""
    return value if type(value) is int and 0 <= value <= MAX_VERSION else None


def _series(source: Mapping[str, Any]) -> str | None:
    name = source.get("series")
    known = _counter(source.get("sequence")) is not None and isinstance(name, str) and 0 < len(name) <= 64
    return name if known else None


def read_document(event_type: str, body: Any) -> Document:
    """Return the canonical document that an event of ``event_type`` carries.

    :raises ContractError: ``unknown_event_type``, ``unknown_kind``, ``schema_violation`` with the field's
        path, ``invalid_amount``; also when type and content contradict each other.
    """
    event = read_as(body, Event)
    if event_type not in INBOUND:
        raise ContractError("unknown_event_type", params={"event_type": event_type[:100]})
    kind, stated = INBOUND[event_type]
    fields = dict(event.data)
    if fields.pop("kind", None) != kind:
        raise schema_violation("data.kind", f"An event {event_type} carries the kind “{kind}”")
    version = fields.pop("schema_version", None)
    if not isinstance(version, str):
        raise schema_violation("data.schema_version", f"Expected a text such as “{latest_version(kind)}”")
    document = decode(kind, version, fields)
    for name, value in stated.items():
        if getattr(document, name) != value:
            raise schema_violation(f"data.{name}", f"An event {event_type} needs “{value}” here")
    return document


def write_event(
    event_type: str, occurred_at: datetime, document: Mapping[str, Any]
) -> tuple[bytes, Mapping[str, str]]:
    """Return body and headers of an event of ours; the same event always gives the same bytes.

    ``event_type`` is the canonical kind of the event (a key of ``OUTBOUND``) or its name on the wire.

    :raises ContractError: ``unknown_event_type``.
    """
    kinds = {**{wire: kind for kind, wire in OUTBOUND.items()}, **{kind: kind for kind in OUTBOUND}}
    kind = kinds.get(event_type)
    if kind is None:
        raise ContractError("unknown_event_type", params={"event_type": event_type[:100]})
    body = {
        "type": OUTBOUND[kind],
        "timestamp": format_instant(occurred_at),
        "data": {**document, "kind": kind, "schema_version": latest_version(kind)},
    }
    return canonical_bytes(body), {"content-type": "application/json"}
