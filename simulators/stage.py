# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Where a month is played: a clock, an account, the partner's documents, and the notes taken."""

from __future__ import annotations

import dataclasses
import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any, Literal

from . import wire
from .clock import SimulatedClock
from .expectations import Expectations, ExpectedException, InvoiceExpectation
from .partner import documents
from .partner.documents import Line, Party
from .sending import Event
from .stripe.state import StripeAccount
from .stripe.webhook import as_event

# Charged in euros, paid out in dollars: 1 EUR = 1.0850 USD.
CONVERSIONS = {"eur": ("usd", Decimal("1.085"))}
# From this hour on for five hours it is the same calendar day from Honolulu to Tokyo.
FIRST_HOUR = 10
OPEN_MINUTES = 295


@dataclasses.dataclass(frozen=True)
class Step:
    """One delivery that the scenario asks for.

    ``title`` tells it in plain words; ``copies`` = how often it is delivered; ``forged`` = it is signed
    with a secret that is not the connection's, and must be refused.
    """

    system: Literal["partner", "stripe"]
    event: Event
    title: str
    occurred_at: datetime
    copies: int = 1
    forged: bool = False

    @property
    def content(self) -> dict[str, Any]:
        """Return the parsed body."""
        return wire.parse(self.event.body)


@dataclasses.dataclass
class Scenario:
    """A played month: the deliveries in the order in which they are sent, and what must come of them."""

    seed: object
    month: date
    account: StripeAccount
    parties: list[Party]
    steps: list[Step]
    expected: Expectations

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)


class Stage:
    """Where a month is played: a clock, the account, the partner's documents, and the notes taken."""

    def __init__(self, seed: object, month: date, zone: tzinfo = timezone.utc, livemode: bool = False):
        self.seed = f"{seed}/{month.isoformat()}"
        self.month = month
        self.zone = zone
        self.chance = random.Random(self.seed)
        self.clock = SimulatedClock(datetime.combine(month, time(FIRST_HOUR), timezone.utc))
        self.account = StripeAccount(self.seed, self.clock, livemode=livemode, conversions=CONVERSIONS)
        self.steps: list[Step] = []
        self.expected = Expectations()
        self.parties: list[Party] = []
        self._numbers: Counter[str] = Counter()
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._planned = 0

    # -- time --------------------------------------------------------------------------------------

    def moment(self, day: int, minute: int = 0) -> datetime:
        """Return an instant of the ``day``-th day (1 = first), ``minute`` minutes after the office opens."""
        return datetime.combine(self.month, time(FIRST_HOUR), timezone.utc) + timedelta(
            days=day - 1, minutes=minute
        )

    def plan(self, when: datetime, action: Callable[[], None]) -> None:
        """Do ``action`` at ``when``; what is planned for the same instant keeps its order."""
        self._planned += 1
        heapq.heappush(self._agenda, (when, self._planned, action))

    def later(self, action: Callable[[], None], **span: int) -> None:
        """Do ``action`` after ``timedelta(**span)``."""
        self.plan(self.clock.now + timedelta(**span), action)

    def play(self, until: datetime | None = None) -> None:
        """Do what is planned, in the order of time: everything, or all that happens up to ``until``."""
        while self._agenda and (until is None or self._agenda[0][0] <= until):
            when, _number, action = heapq.heappop(self._agenda)
            if when > self.clock.now:
                self.clock.move_to(when)
            action()

    def end_month(self) -> None:
        """Play what is left and go on to the morning after the month's last day."""
        self.play()
        following = (self.month + timedelta(days=32)).replace(day=1)
        morning = datetime.combine(following, time(FIRST_HOUR), timezone.utc) - timedelta(hours=1)
        self.clock.move_to(max(morning, self.clock.now))

    # -- the partner -------------------------------------------------------------------------------

    def next_number(self, series: str = "INV") -> str:
        """Return the partner's next document number of a series; a series has no gaps."""
        self._numbers[series] += 1
        return f"{series}-{self.month:%Y%m}-{self._numbers[series]:04d}"

    def send_customer(self, party: Party) -> None:
        """Let the partner send a customer."""
        document = documents.customer(party, self.clock.now)
        self.send("customer.updated", document, f"{party.name} becomes a customer")

    def send_invoice(self, number: str, party: Party, lines: list[Line], currency: str = "USD") -> None:
        """Let the partner send an invoice that it issued."""
        due = self.clock.now.date() + timedelta(days=30)
        document = documents.invoice(number, party, lines, self.clock.now, due_date=due, currency=currency)
        gross = documents.totals(lines).gross
        self.expected.invoices[number] = InvoiceExpectation(number, currency, gross)
        self.send("invoice.issued", document, f"invoice {number} to {party.name}, {gross} {currency}")

    def send_credit_note(self, of: str, party: Party, lines: list[Line], currency: str = "USD") -> None:
        """Let the partner take back an invoice, or a part of it."""
        number = self.next_number("CN")
        today = self.clock.now.date()
        document = documents.invoice(
            number, party, lines, self.clock.now, due_date=today, currency=currency, credit_of=of
        )
        gross = documents.totals(lines).gross
        self.expected.invoices[of].credited += gross
        self.send("credit_note.issued", document, f"credit note {number} for {of}, {gross} {currency}")

    def send_request(self, party: Party, lines: list[Line]) -> None:
        """Let the partner ask for an invoice that Odoo shall issue."""
        request_id = self.next_number("REQ")
        document = documents.invoice_request(request_id, party, lines, self.clock.now)
        self.expected.requested.append(request_id)
        self.send("invoice.requested", document, f"Odoo shall invoice {party.name} ({request_id})")

    def send(self, event_type: str, document: dict, title: str) -> None:
        """Note a delivery of the partner."""
        event = documents.as_event(self.seed, event_type, document)
        self.steps.append(Step("partner", event, title, self.clock.now))

    # -- Stripe ------------------------------------------------------------------------------------

    def expect_exception(self, reason: str, thing: dict, amount: Decimal, currency: str) -> None:
        """Note that a person must look at ``thing``."""
        self.expected.exceptions.append(ExpectedException(reason, thing["id"], amount, currency))

    def tell(self, title: str, action: Callable[[], dict]) -> dict:
        """Let something happen at Stripe, note the events that it causes, return the object."""
        before = self.account.events_told
        result = action()
        for place in range(before - self.account.events_told, 0):
            told = self.account.events[place]
            self.steps.append(Step("stripe", as_event(told), f"{title} ({told['type']})", self.clock.now))
        return result

    # -- disorder ----------------------------------------------------------------------------------

    def find(self, system: str, event_type: str, nth: int = 1) -> int:
        """Return the place of the ``nth`` step of a type (1 = first)."""
        places = [
            place
            for place, step in enumerate(self.steps)
            if step.system == system and step.event.type == event_type
        ]
        return places[nth - 1]

    def double(self, place: int) -> None:
        """Let the step at ``place`` be delivered twice."""
        self.steps[place] = dataclasses.replace(self.steps[place], copies=2)

    def move(self, place: int, to: int) -> None:
        """Let the step at ``place`` be delivered at place ``to``."""
        self.steps.insert(to, self.steps.pop(place))

    def finish(self) -> Scenario:
        """Count what was noted and return the scenario."""
        expected = self.expected
        expected.days = self.account.ledger.days(self.zone)
        genuine = [step for step in self.steps if not step.forged]
        expected.distinct_events = len({(step.system, step.event.id) for step in genuine})
        expected.duplicates = sum(step.copies for step in genuine) - expected.distinct_events
        expected.refused = sum(step.copies for step in self.steps if step.forged)
        return Scenario(self.seed, self.month, self.account, self.parties, self.steps, expected)
