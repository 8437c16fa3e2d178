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
# The accounts of a payroll system, and what kind of account in Odoo stands for each.
ENTRY_ACCOUNTS = {
    "6200": "expense",
    "6210": "expense",
    "4550": "liability_current",
    "4530": "liability_current",
}


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


def entry_lines(number: int) -> list[tuple[str, str, Decimal, str]]:
    """Return account, side, amount and label of the lines of the entry with this number."""
    wages, extra = Decimal(100_000 + number * 13) / 100, Decimal(20_000 + number * 7) / 100
    tax = (wages / 4).quantize(Decimal("0.01"))
    return [
        ("6200", "debit", wages, "Wages"),
        ("6210", "debit", extra, "Contributions"),
        ("4550", "credit", wages + extra - tax, "Net wages"),
        ("4530", "credit", tax, "Taxes"),
    ]


def entry_reports(seed: str, numbers: Iterable[int]) -> list[Event]:
    """Return journal entries that another system computed."""
    return [
        documents.as_event(seed, "entry.reported", _entry(f"{seed}-{number}", number)) for number in numbers
    ]


def _entry(reference: str, number: int) -> dict:
    lines = entry_lines(number)
    return {
        "kind": "entry",
        "schema_version": "1",
        "source": {"system": documents.SYSTEM, "object_id": reference, "version": 1},
        "occurred_at": START.isoformat(),
        "reference": reference,
        "date": START.date().isoformat(),
        "currency": "USD",
        "lines": [
            {"account": code, side: str(amount), "label": label} for code, side, amount, label in lines
        ],
        "total_debit": str(sum(amount for _code, side, amount, _label in lines if side == "debit")),
    }
