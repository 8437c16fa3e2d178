# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What the outside systems say in a run: invoices of the partner, money at Stripe; all of it follows from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from simulators.clock import SimulatedClock, instant
from simulators.partner import documents
from simulators.partner.documents import Line, Party
from simulators.sending import Event
from simulators.stripe.state import StripeAccount
from simulators.stripe.webhook import as_event

START = datetime(2026, 3, 2, 15, 0, tzinfo=timezone.utc)
PARTIES = 7
# The time zone of the connections, hence of the days on which money is booked.
ZONE = ZoneInfo("America/New_York")
# Every so many invoices the day goes on by some hours, so that what is told covers several days.
PAUSE_EVERY = 12
PAUSE_HOURS = 7


@dataclass(frozen=True)
class Delivery:
    """One event for one of the two connections ("partner" or "stripe")."""

    to: str
    event: Event


class Feed:
    """Makes events. What they say together is known: ``balance`` is what the cash account must show."""

    def __init__(self, seed: object):
        self.seed = str(seed)
        self.chance = random.Random(f"feed/{seed}")
        self.clock = SimulatedClock(START)
        self.account = StripeAccount(self.seed, self.clock)
        self.parties = [
            Party(f"C-{n}", f"Customer {n} Ltd", f"c{n}@customer{n}.example") for n in range(1, PARTIES + 1)
        ]
        self.invoices: dict[str, Decimal] = {}
        self._told = 0

    # -- the partner ---------------------------------------------------------------------------------

    def customer(self, party: Party, version: int, name: str | None = None) -> Delivery:
        """The partner tells version ``version`` of a customer."""
        told = Party(party.id, name or party.name, party.email)
        document = documents.customer(told, self.clock.now, version)
        return Delivery("partner", documents.as_event(self.seed, "customer.updated", document))

    def invoice(self) -> Delivery:
        """The partner issues the next invoice of its series."""
        number = f"P-{len(self.invoices) + 1:05d}"
        amount = Decimal(self.chance.randrange(1_00, 2_000_00)) / 100
        line = Line("Advice", Decimal(1), amount)
        pause_hours = 0 if len(self.invoices) % PAUSE_EVERY else PAUSE_HOURS
        now = self.clock.advance(hours=pause_hours, seconds=1)
        due = now.date() + timedelta(days=30)
        document = documents.invoice(number, self.chance.choice(self.parties), [line], now, due_date=due)
        self.invoices[number] = documents.totals([line]).gross
        return Delivery("partner", documents.as_event(self.seed, "invoice.issued", document))

    # -- the payment provider ------------------------------------------------------------------------

    def charge(self, number: str | None = None) -> list[Delivery]:
        """A customer pays an invoice by card; every seventh payment is given back in part."""
        number = number or self.chance.choice(sorted(self.invoices))
        cents = int(self.invoices[number] * 100)
        self.clock.advance(seconds=1)
        made = self.account.charge(cents, "usd", metadata={"invoice_number": number})
        self.account.settle(made["id"])
        if self.chance.randrange(7) == 0:
            self.account.refund(made["id"], max(cents // 3, 1))
        return self.told()

    def told(self) -> list[Delivery]:
        """The events that the account has told since the last call."""
        new = list(self.account.events)[self._told :]
        self._told += len(new)
        return [Delivery("stripe", as_event(event)) for event in new]

    @property
    def gross_by_day(self) -> dict[date, Decimal]:
        """What went in and out at the provider on each day of the books, to the cent; only its list tells fees."""
        return self._by_day(lambda line: line.amount)

    @property
    def net_by_day(self) -> dict[date, Decimal]:
        """What the provider's balance changed by on each day of the books, to the cent, fees taken off."""
        return self._by_day(lambda line: line.net)

    def _by_day(self, measure) -> dict[date, Decimal]:
        days: dict[date, Decimal] = {}
        for line in self.account.ledger:
            day = instant(line.created).astimezone(ZONE).date()
            days[day] = days.get(day, Decimal(0)) + Decimal(measure(line)) / 100
        return days

    # -- a mix ---------------------------------------------------------------------------------------

    def mix(self, count: int) -> list[Delivery]:
        """At least ``count`` deliveries: customers first, then invoices and the money that pays them."""
        return [self.customer(party, 1) for party in self.parties] + self.business(count - len(self.parties))

    def business(self, count: int) -> list[Delivery]:
        """At least ``count`` deliveries of invoices, and of the money that pays every second one."""
        made: list[Delivery] = []
        while len(made) < count:
            made.append(self.invoice())
            if self.chance.randrange(2):
                made += self.charge(f"P-{len(self.invoices):05d}")
        return made
