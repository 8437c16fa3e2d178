# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Signed requests of the simulated outside systems, ready to be sent."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timezone
from decimal import Decimal

from simulators.clock import SimulatedClock
from simulators.partner import documents, signing
from simulators.sending import Event
from simulators.stripe.state import StripeAccount
from simulators.stripe.webhook import StripeSigner, as_event

from . import http_load

START = datetime(2026, 3, 2, 15, 0, tzinfo=timezone.utc)
PARTNER_SECRET = signing.make_secret("benchmark")
CUSTOMERS = 20
LINES = 3


def signed(events: Iterable[Event], signer, path: str, port: int) -> list[bytes]:
    """Return one complete request per event, signed now."""
    timestamp = int(time.time())
    fixed = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "benchmark/1"}
    return [
        http_load.post(path, port, event.body, {**fixed, **signer.headers(event, timestamp)})
        for event in events
    ]


def stripe_charges(seed: str, count: int, secret: str) -> tuple[list[Event], StripeSigner]:
    """Return events of card payments by unknown people, and who signs them."""
    account = StripeAccount(seed, SimulatedClock(START))
    for number in range(count):
        account.charge(1000 + number % 977, "usd", description=f"Order {number}")
    return [as_event(told) for told in account.events], StripeSigner(secret)


def party(number: int) -> documents.Party:
    """Return one of the partner's customers."""
    return documents.Party(f"C-{number}", f"Customer {number}", f"c{number}@customers.example")


def lines_of(number: int) -> list[documents.Line]:
    """Return the lines of the invoice with this number: three, with 15 % tax."""
    return [
        documents.Line(
            f"Service {place}", Decimal(1 + (number + place) % 5), Decimal(1000 + number * 7 + place) / 100
        )
        for place in range(LINES)
    ]


def invoice_requests(seed: str, numbers: Iterable[int]) -> list[Event]:
    """Return requests for invoices that Odoo shall issue."""
    return [
        documents.as_event(
            seed,
            "invoice.requested",
            documents.invoice_request(f"{seed}-{number}", party(number % CUSTOMERS), lines_of(number), START),
        )
        for number in numbers
    ]


def customers(seed: str) -> list[Event]:
    """Return the partner's customers as events."""
    return [
        documents.as_event(seed, "customer.updated", documents.customer(party(number), START))
        for number in range(CUSTOMERS)
    ]
