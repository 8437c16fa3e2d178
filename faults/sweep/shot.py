# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The workloads of the sweep from outside: what each is given, what it needs beforehand, what is expected of it."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from decimal import Decimal

from devtools import paths
from simulators.partner import files
from simulators.partner.documents import Line, Party, as_event, invoice
from simulators.sending import Event

from ..feed import Delivery, Feed
from ..hub import Hub
from .client import Agent, Result

UNKNOWN_TAX = "NOT-MAPPED"


@dataclass
class Stage:
    """One database with its Odoo process, and what is known of everything that was sent to it."""

    hub: Hub
    agent: Agent
    feed: Feed
    acknowledged: dict[tuple[int, str], str] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    versions: int = 1

    # -- what senders say ----------------------------------------------------------------------------

    def request(self, delivery: Delivery) -> dict:
        """One signed request, as the agent posts it."""
        address = getattr(self.hub, delivery.to)
        event = delivery.event
        return {
            "path": address.path,
            "headers": address.signer.headers(event, int(time.time())),
            "body": base64.b64encode(event.body).decode(),
            "keys": [[address.id, event.id, hashlib.sha256(event.body).hexdigest()]],
        }

    def lines(self, deliveries: list[Delivery]) -> dict:
        """One signed request that carries these events of the partner, a line each."""
        address = self.hub.partner
        lines = [
            json.dumps({"id": told.event.id, **json.loads(told.event.body)}).encode() for told in deliveries
        ]
        batch = Event(f"batch-{deliveries[0].event.id}", "", b"\n".join(lines))
        return {
            "path": f"{address.path}/batch",
            "headers": address.signer.headers(batch, int(time.time())),
            "body": base64.b64encode(batch.body).decode(),
            "content_type": "application/x-ndjson",
            "keys": [
                [address.id, told.event.id, hashlib.sha256(line).hexdigest()]
                for told, line in zip(deliveries, lines, strict=True)
            ],
        }

    def note(self, result: Result) -> None:
        """Remember what was acknowledged before a process ended."""
        for answer in result.answers():
            if answer["status"] == 200 and json.loads(answer["text"])["status"] != "conflict":
                for connection_id, event_id, digest in answer["keys"]:
                    self.acknowledged.setdefault((connection_id, event_id), digest)

    def store(self, deliveries: list[Delivery]) -> None:
        """Let the hub take these events, unharmed."""
        self.note(self.agent.run("ingest", {"requests": [self.request(told) for told in deliveries]}))

    # -- what they have to say -----------------------------------------------------------------------

    def customer(self) -> Delivery:
        """A newer version of the first customer."""
        self.versions += 2  # the one between is left for the event that is told late
        party = self.feed.parties[0]
        return self.feed.customer(party, self.versions, f"{party.name} v{self.versions}")

    def overtaken_customer(self) -> Delivery:
        """The version before the newest one, told late."""
        party = self.feed.parties[0]
        return self.feed.customer(party, self.versions - 1, f"{party.name} told late {self.versions - 1}")

    def bad_invoice(self) -> Delivery:
        """An invoice with a tax code that nobody has mapped: it stops."""
        number = f"BAD-{len(self.bad) + 1:05d}"
        now = self.feed.clock.advance(seconds=1)
        line = Line("Advice", Decimal(1), Decimal(100), ())
        document = invoice(number, self.feed.parties[0], [line], now, due_date=now.date())
        document["lines"][0] |= {
            "tax_codes": [UNKNOWN_TAX],
            "taxes": [{"code": UNKNOWN_TAX, "amount": "0.00"}],
        }
        event = as_event(self.feed.seed, "invoice.issued", document)
        self.bad.add(event.id)
        return Delivery("partner", event)

    def forged(self, genuine: Delivery, other: Delivery) -> Delivery:
        """The content of ``other`` under the id of ``genuine``: kept as a conflict for a person."""
        digest = hashlib.sha256(other.event.body).hexdigest()
        self.bad.add(f"{genuine.event.id}#{digest[:16]}")
        return Delivery("partner", Event(genuine.event.id, other.event.type, other.event.body))


class Ingest:
    """Requests at the inbound route: new events, a repetition, and another content under a known id."""

    def __init__(self, name: str):
        self.name = name

    def load(self, stage: Stage) -> dict:
        """Return the requests; their answers tell what was acknowledged before the end."""
        party = Party(f"F-{len(stage.acknowledged)}", "Forged", "forged@customer.example")
        first = stage.feed.invoice()
        forged = stage.forged(first, stage.feed.customer(party, 1))
        told = [stage.customer(), first, first, forged]
        return {"requests": [stage.request(delivery) for delivery in told]}


class Lines:
    """One signed request with many events, and the same request again."""

    name = "lines"

    def load(self, stage: Stage) -> dict:
        """Return the requests."""
        told = [stage.customer(), stage.feed.invoice(), stage.feed.invoice()]
        return {"requests": [stage.lines(told)] * 2}


class Drain:
    """A batch with a customer, one told late, an invoice, the money that pays it, and an invoice that stops."""

    name = "drain"

    def load(self, stage: Stage) -> dict:
        """Store the batch."""
        newest = stage.customer()
        told = [newest, stage.overtaken_customer(), stage.feed.invoice()]
        told += [*stage.feed.charge(f"P-{len(stage.feed.invoices):05d}"), stage.bad_invoice()]
        stage.store(told)
        return {}


class Deliver:
    """Two events in the outbox, for a receiver that takes them."""

    name = "delivery"

    def load(self, stage: Stage) -> dict:
        """Book two invoices: each is told."""
        stage.store([stage.feed.invoice(), stage.feed.invoice()])
        stage.agent.run("drain", {})
        return {"connection_id": stage.hub.partner.id}


class Fetch:
    """One page of the provider's list with a charge of which no event was sent."""

    name = "fetch"

    def load(self, stage: Stage) -> dict:
        """Let money move at the provider without a word."""
        stage.store([stage.feed.invoice()])
        stage.feed.charge(f"P-{len(stage.feed.invoices):05d}")
        return {"connection_id": stage.hub.stripe.id, "pull": "balance_transactions"}


class File:
    """A file of the partner: a customer and two invoices, read in portions, moved away and acknowledged."""

    name = "file"
    folder = "sweep"

    def __init__(self):
        self._count = 0

    def load(self, stage: Stage) -> dict:
        """Put a file with its control totals into the folder."""
        told = [stage.customer().event, stage.feed.invoice().event, stage.feed.invoice().event]
        documents = [(event.id, event.type, json.loads(event.body)["data"]) for event in told]
        gross = sum(
            (Decimal(document.get("total_gross", 0)) for _id, _type, document in documents), Decimal(0)
        )
        self._count += 1
        inbox = paths.DEV / "files" / f"{self.folder}-{stage.hub.database}"
        files.put(inbox, f"{self._count:05d}.ndjson", files.ndjson(documents, {"USD": gross}))
        drop = {
            "name": "Files of the partner",
            "connection_id": stage.hub.partner.id,
            "protocol": "local",
            "root": "demo",
            "folder": inbox.name,
            "name_pattern": "*.ndjson",
            "file_format": "ndjson",
            "stable_seconds": 0,
            "writes_receipts": True,
        }
        return {"drop": drop}


class Jobs:
    """The doorbell: the queue jobs that drain a lane and look after it, run by the route of the job runner."""

    name = "jobs"

    def load(self, stage: Stage) -> dict:
        """Store two events; storing them rings."""
        stage.store([stage.customer(), stage.feed.invoice()])
        return {}


class Seal:
    """Audit entries of an invoice and a customer, to be sealed and let out of the database."""

    name = "seal"

    def load(self, stage: Stage) -> dict:
        """Let entries be written."""
        stage.store([stage.customer(), stage.feed.invoice()])
        stage.agent.run("drain", {})
        return {}


_ALL = (Ingest("ingest"), Ingest("route"), Lines(), Drain(), Deliver(), Fetch(), File(), Jobs(), Seal())
WORKLOADS = {workload.name: workload for workload in _ALL}
