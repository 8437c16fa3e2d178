# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a connector is: a declaration (``ConnectorSpec``) and a few pure functions (``Connector``).

A connector never does I/O and never imports Odoo. It says how to recognise an event on the wire, how to
turn it into canonical documents, which requests to send and how to read their answers. The hub does the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, BinaryIO

from ..engine.batch import NO_TOTALS, ControlTotals
from ..engine.canonical import Document, decode, encode, kind_of
from ..engine.canonical_json import canonical_bytes
from ..engine.errors import ContractError
from ..engine.flow_life import FlowDefaults
from ..engine.formats.base import FileEvent, Limits, Trailer
from ..engine.outgoing_access import API_KEY
from ..engine.retry import RetryPolicy
from .actions import Actions

NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})


@dataclasses.dataclass(frozen=True)
class EventRule:
    """What one event type of the outside system means to the hub.

    ``kind``      canonical kind it becomes (a key of ``engine.canonical.KINDS``, such as 'invoice');
                  None = recorded, never booked, with ``reason`` saying why in an accountant's words.
    ``rank``      in a batch, lower ranks are applied first across objects (masters before documents).
    """

    kind: str | None
    reason: str = ""
    rank: int = 50


# What a person needs at hand to connect a system; the first three are purposes of secrets.
NEED_KINDS = ("inbound_signature", "outbound_signature", "api", "account", "address", "other")


@dataclasses.dataclass(frozen=True)
class Need:
    """One thing that a person needs from, or enters at, the outside system to connect it.

    ``kind``   one of NEED_KINDS; 'address' = our address, to be entered there.
    ``what``   its name as the outside system shows it.
    ``where``  the way to it through the outside system's screens, or whom to ask.
    """

    kind: str
    what: str
    where: str


@dataclasses.dataclass(frozen=True)
class ConnectorSpec:
    """The facts about an outside system that the hub needs before it reads a single event.

    ``code``               the folder's name; never changes once connections exist.
    ``signature_schemes``  codes of ``engine.signatures`` schemes that an endpoint may use, the default first.
    ``envelope_headers``   lower-case names of the headers that ``read_envelope`` reads; they are kept with the event.
    ``events``             every event type that is known, also those that book nothing (with their reason).
    ``sensitive_keys``     JSON keys whose values no view, log or exception may show.
    ``outbound_events``    canonical kinds of the events that ``render_event`` can write.
    ``queries``            canonical kinds of the questions that the system may ask and have answered at once.
    ``accepts_batches``    many events may come in one signed request, one per line. ``read_envelope`` then finds the
                           event's id in the body: the headers of the request belong to the batch.
    ``pulls``              names of the lists that ``pull_request`` and ``pull_page`` can read.
    ``file_formats``       code → name of the file formats that ``read_file`` can read.
    ``api_version``        the vendor's API version against which the connector was written.
    ``volatile_keys``      top-level keys that the sender changes from one delivery to the next; bodies that
                           differ in nothing else are the same event.
    ``access_kinds``       how the hub may prove who it is when it calls (``engine.outgoing_access``), the usual first.
                           The kind in use is the setting ``access_kind``, ``authorization(kind, secret)`` its header.
    ``flow_defaults``      per kind, what a new flow begins with; kinds that are not named get the common defaults.
    ``fetched_events``     event types that the connector makes of lists and files: nobody sends or chooses them.
    ``partial_events``     event types that may hold the beginning of something only: ``refetch_request`` asks for the
                           rest, whatever ``trust`` says.
    ``needs``              what a person needs at hand to connect it and where it stands, in the order of use.
    ``system_role``        one of ``engine.ownership.ROLES`` that such a system always plays, '' where it depends.
    """

    code: str
    name: str
    summary: str
    documentation_url: str
    signature_schemes: tuple[str, ...]
    events: Mapping[str, EventRule]
    sensitive_keys: frozenset[str]
    envelope_headers: tuple[str, ...] = ()
    outbound_events: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    accepts_batches: bool = False
    pulls: tuple[str, ...] = ()
    file_formats: Mapping[str, str] = dataclasses.field(default_factory=dict)
    api_version: str | None = None
    max_body_bytes: int = 1_000_000
    clock_tolerance_seconds: int = 300
    inbound_rate_per_second: int = 200
    outbound_rate_per_second: int = 20
    volatile_keys: frozenset[str] = frozenset()
    retry: RetryPolicy = dataclasses.field(default_factory=RetryPolicy)
    # 'signed' = the signature covers every byte that becomes money; 'refetch' = it does not, fetch first.
    trust: str = "signed"
    secret_hint: str = ""
    access_kinds: tuple[str, ...] = (API_KEY,)
    flow_defaults: Mapping[str, FlowDefaults] = dataclasses.field(default_factory=dict)
    system_role: str = ""
    needs: tuple[Need, ...] = ()
    fetched_events: frozenset[str] = frozenset()
    # Where a body carries the source's own word for a status, which may be mapped; empty = it has none.
    status_path: tuple[str, ...] = ()
    # Whether our address can be registered there by a button: the ``webhook_…`` methods.
    registers_webhook: bool = False
    # Whether refunds may be started here: the ``refund_…`` methods.
    sends_refunds: bool = False
    partial_events: frozenset[str] = frozenset()
    # Whether evidence for disputes may be handed in here: the ``evidence_…`` methods.
    takes_evidence: bool = False
    # Whether files belong to it, or texts alone.
    evidence_files: bool = True
    # Whether it is kept under an id of its own, which is asked for before it is handed in.
    evidence_apart: bool = False
    # Whether a dispute may be accepted from here: the ``dispute_…`` methods.
    accepts_disputes: bool = False
    # Whether customers of Odoo may be written there: the ``customer_…`` methods.
    writes_customers: bool = False
    # Kinds of records of Odoo that are written there (``engine.shop_writing``): the ``record_…`` methods.
    writes_records: tuple[str, ...] = ()
    # Whether it issues invoices of its own: a connection then says who issues them, this system or Odoo.
    bills: bool = False
    # Whether a connection must name its outside account before it is active: whose event it is, is not signed.
    needs_account: bool = False


@dataclasses.dataclass(frozen=True)
class Envelope:
    """What must be known of an event before it is stored; everything else waits for the drain.

    ``event_id``     the sender's id under which repeated deliveries are recognised.
    ``event_type``   key into ``ConnectorSpec.events`` (an unknown one is stored and parked, never refused).
    ``object_key``   events of one object apply in order; each has its own queue inside the lane.
    ``version``      orders the versions of one object, larger = newer; None where the source has none.
    ``occurred_at``  UTC-aware instant at the source.
    ``account``      the outside account it belongs to, None where the wire does not say.
    ``live``         True production, False test/sandbox, None where the wire does not say.
    ``sequence``     the event's own number, where the source numbers its events without holes, so that a missing
                     one can be noticed. Not a version: a version orders one object, a sequence counts events.
    ``series``       what is numbered, where the source keeps several numberings (64 characters at most).
    """

    event_id: str
    event_type: str
    object_key: str
    version: int | None = None
    occurred_at: datetime | None = None
    account: str | None = None
    live: bool | None = None
    sequence: int | None = None
    series: str | None = None


@dataclasses.dataclass(frozen=True)
class InboundEvent:
    """A stored event on its way to canonical form. ``body`` is the parsed JSON (numbers exact)."""

    envelope: Envelope
    body: Any
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class HttpRequest:
    """A request to send. ``timeout_seconds`` covers connect and read.

    Headers carry the secret and are left out of ``repr``, so that no log or traceback can show them. ``certificate`` is
    the client certificate with its key (PEM) for mutual TLS; the hub sets it, connectors do not.
    """

    method: str
    url: str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    body: bytes = dataclasses.field(default=b"", repr=False)
    timeout_seconds: int = 20
    certificate: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True)
class HttpAnswer:
    """An answer as received; header names in lower case. ``cut_off`` = there was more than the hub reads."""

    status: int
    headers: Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)
    cut_off: bool = False


@dataclasses.dataclass(frozen=True)
class WebhookFound:
    """What is registered at the outside system for our address.

    ``version`` is the API version in which it is told of events, ``version_fits`` whether that is ours; ``missing`` are
    the events that we need and that it does not send.
    """

    id: str
    enabled: bool
    version: str
    version_fits: bool
    missing: tuple[str, ...]


# What a receiver can say of one event.
RECEIVED, ACCEPTED, REFUSED, MISSING, UNSAID = "received", "accepted", "refused", "missing", "unsaid"


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What a receiver says of one event.

    ``verdict``  RECEIVED: it has it, finished. ACCEPTED: it took it over and says later what became of it.
                 REFUSED: it has it and will not take it. MISSING: it does not have it.
                 UNSAID: the answer does not say; as the answer to a question: it cannot be asked.
    ``reason``   in the receiver's words, bounded.
    """

    verdict: str
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class PullPage:
    """One page of a list. ``events`` are (envelope, body) pairs; ``cursor`` is where to go on next time.

    ``more`` says that another page follows now; ``cursor`` is opaque to the hub and JSON-serialisable.
    The hub stores the events and the cursor in one transaction, then loops while ``more``. The first cursor
    of a connection is ``{}``. A pull of several steps keeps the step in its cursor.

    ``order``     orders the cursors of this list where it can: it never becomes smaller from page to page, whatever
                  the source answers; None = cannot be told.
    ``sums``      what the events of the page sum up to, per currency.
    ``declared``  the source's own totals over the whole run, where it tells them (on any page; the last one counts).
    """

    events: Sequence[tuple[Envelope, Any]]
    cursor: Mapping[str, Any]
    more: bool
    order: int | None = None
    sums: Mapping[str, Decimal] | None = None
    declared: ControlTotals = NO_TOTALS


class Connector(Actions):
    """Base of all connectors: override what the outside system needs. All methods are pure."""

    spec: ConnectorSpec

    def read_envelope(self, body: Any, headers: Mapping[str, str]) -> Envelope:
        """Return the envelope of a verified, parsed body (header names in lower case).

        :raises ContractError: the body is not an event of this system.
        """
        raise NotImplementedError

    def transform(self, event: InboundEvent) -> list[Document]:
        """Return the canonical documents that the event says, in the order in which they must be applied.

        An empty list = understood, nothing to do.

        :raises ContractError: a field is missing, has a wrong type or contradicts another.
        """
        raise NotImplementedError

    def refetch_request(
        self, event: InboundEvent, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest | None:
        """Return the question what the source itself says of a signed event; None = what the event says is used.

        Asked of connectors with ``trust="refetch"``, and for ``partial_events``. Settings: those of the connection,
        with ``access_kind`` and ``trusted_amount`` (``{"value", "currency"}``: money up to it may be booked as the
        event says it).

        :raises ContractError: the event does not say what is to be asked for.
        """
        return None

    def refetched(self, event: InboundEvent, answer: HttpAnswer) -> tuple[Envelope, Any]:
        """Return what the source said, as an event that is kept and understood like a fetched one.

        The same answer gives the same event id, whatever asked for it.

        :raises TransientError, AuthorizationError, ContractError: by what the answer says; ``refetch_unknown`` where
            the source does not know what the event is about.
        """
        raise NotImplementedError(f"{self.spec.code} asks for nothing again")

    def canonical_part(self, event_type: str, body: Any) -> tuple[str, tuple[str, ...]] | None:
        """Return kind and place (keys from the outside in) of a canonical document that stands in the body as it is.

        None = the system has a form of its own. ``body`` may break the contract: nothing of it is trusted.
        """
        return None

    def pull_request(
        self, pull: str, cursor: Mapping[str, Any], settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        """Return the request for the next page of ``pull`` (one of ``spec.pulls``).

        ``secret`` is the API key or access token, for ``basic`` user and password in one text.

        :raises ContractError: the cursor or a setting cannot be read.
        """
        raise NotImplementedError(f"{self.spec.code} has nothing to pull")

    def pull_page(
        self,
        pull: str,
        cursor: Mapping[str, Any],
        answer: HttpAnswer,
        settings: Mapping[str, Any] = NO_SETTINGS,
    ) -> PullPage:
        """Read the answer to the ``pull_request`` that was made from the same cursor and settings.

        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError(f"{self.spec.code} has nothing to pull")

    def pull_cursor_from(self, pull: str, instant: datetime) -> Mapping[str, Any]:
        """Return the cursor from which ``pull`` reads everything from ``instant`` (UTC-aware) on.

        The default is the first cursor: everything is read once more, which costs time and books nothing twice.
        """
        return {}

    def read_file(
        self,
        file_format: str,
        stream: BinaryIO,
        source: str,
        limits: Limits,
        settings: Mapping[str, Any] = NO_SETTINGS,
    ) -> Iterator[FileEvent | Trailer]:
        """Yield the events of a file in one of ``spec.file_formats``, and its control totals where it has them.

        ``stream`` is unpacked and read once, from its beginning, in bounded memory; reading the same bytes again
        yields the same events under the same numbers. ``source`` names the file in errors. A record that cannot be
        read is yielded with its problem. Settings: those of the connection and ``encoding``.

        :raises ContractError: the file cannot be read on.
        """
        raise NotImplementedError(f"{self.spec.code} reads no files")

    def render_receipt(self, facts: Mapping[str, Any]) -> bytes:
        """Return the content of the file that tells the sender what became of its file.

        ``facts``: source, digest, state, declared, counted, new, known, unreadable, problem.
        """
        raise NotImplementedError(f"{self.spec.code} writes no receipts")

    def render_event(
        self, event_type: str, event_id: str, occurred_at: datetime, document: Mapping[str, Any]
    ) -> tuple[bytes, Mapping[str, str]]:
        """Return body and headers of an outbound event (without signature; the hub signs).

        ``event_type`` is one of ``spec.outbound_events``; ``event_id`` stays the same on each resend.
        ``document`` is the canonical document's wire form: amounts are decimal strings, instants RFC 3339.

        :raises ContractError: the connector does not know the event type.
        """
        raise NotImplementedError(f"{self.spec.code} takes no events")

    def control_amounts(self, event_type: str, body: Any) -> Mapping[str, Decimal]:
        """Return what one event of a batch adds to the control totals, per ISO 4217 code.

        Empty = it carries none that can be read. Asked for events whose envelope was read, when sums are stated.
        """
        return {}

    def read_query(self, body: Any, headers: Mapping[str, str]) -> Document:
        """Return the question of a verified, parsed body: one of ``spec.queries``, as a canonical document.

        :raises ContractError: ``unknown_question``, ``schema_violation`` and what else ``decode`` raises.
        """
        fields = dict(body) if isinstance(body, dict) else {}
        kind, version = fields.pop("kind", None), fields.pop("schema_version", "1")
        if kind not in self.spec.queries:
            raise ContractError("unknown_question", params={"question": str(kind)[:64]})
        return decode(kind, str(version), fields)

    def write_answer(self, answer: Document) -> bytes:
        """Return the body of an answer, without signature; the hub signs."""
        kind, version = kind_of(answer)
        return canonical_bytes({"kind": kind, "schema_version": version, **encode(answer)})

    def read_acknowledgement(self, event_id: str, answer: HttpAnswer) -> Receipt:
        """Return what a 2xx ``answer`` to a delivered event says of it; UNSAID = nothing but its status.

        Never raises: what cannot be read is UNSAID, and the connection decides whether the status suffices.
        """
        return Receipt(UNSAID)

    def status_request(self, event_id: str, delivery_url: str) -> HttpRequest | None:
        """Return the question whether the receiver has an event (the hub signs it); None = it cannot be asked.

        It must have no effect at the receiver. ``delivery_url`` is where events are sent to.
        """
        return None

    def read_status(self, event_id: str, answer: HttpAnswer) -> Receipt:
        """Return what the answer to ``status_request`` says; refused access and failures are judged by the hub.

        Never raises: what cannot be read is UNSAID.
        """
        return Receipt(UNSAID)
