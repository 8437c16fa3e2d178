# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The outside world of the distributor: a shop, two Stripe accounts, a PayPal account, a partner; one clock for all.

Nothing here knows the hub. What happens is told as deliveries, in the order in which it happened; the same seed and
month give the same ids, amounts and bytes.
"""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from ..clock import SimulatedClock
from ..local_server import LocalServer, Reply, Request
from ..partner import documents
from ..paypal.api import PayPalApi
from ..paypal.signing import Authority
from ..paypal.state import PayPalAccount
from ..paypal.state import as_event as paypal_event
from ..sending import Event
from ..shopify.api import ShopifyApi
from ..shopify.state import ShopifyShop
from ..stripe.api import StripeApi
from ..stripe.state import StripeAccount
from ..stripe.webhook import as_event as stripe_event

SHOP, PAYPAL, EU_STRIPE, US_STRIPE, PARTNER = "shop", "paypal", "eu_stripe", "us_stripe", "partner"
SYSTEMS = (SHOP, PAYPAL, EU_STRIPE, US_STRIPE, PARTNER)
SHOP_NAME, MERCHANT = "nordhandel.myshopify.com", "MERCHNORD"
# At this hour it is the same day in Berlin and in New York.
HOUR = 14
MAX_DAYS = 28


@dataclasses.dataclass(frozen=True)
class Delivery:
    """One delivery: ``instead_of`` = it carries the signature of that event, as a forger would send it.

    ``late_days`` = it is delivered so many days after it happened; ``last`` = behind everything else of its day.
    ``forged`` = signed with a secret that is nobody's.
    """

    system: str
    event: Event
    day: int
    instead_of: Event | None = None
    late_days: int = 0
    last: bool = False
    forged: bool = False


@dataclasses.dataclass(frozen=True)
class Expected:
    """What an accident must come to: a code on the workbench of the connection of ``system``; '' = nothing, by itself.

    ``accident`` is the key of its row in simulators/README.md, ``thing`` names what it happened to.
    """

    accident: str
    system: str
    code: str
    thing: str = ""


class World:
    """Everything outside, and the notes of what must come of it. Day 1 is the month's first, 0 the day before."""

    def __init__(self, seed: object, month: date):
        self.seed = f"{seed}/{month.isoformat()}"
        self.month = month
        self.chance = random.Random(f"distributor/{self.seed}")
        begin = datetime.combine(month, time(HOUR), timezone.utc) - timedelta(days=1)
        self.clock = SimulatedClock(begin)
        self.shop = ShopifyShop(self.seed, self.clock, SHOP_NAME, currency="EUR")
        self.paypal = PayPalAccount(self.seed, self.clock, MERCHANT)
        self.stripes = {
            name: StripeAccount(f"{self.seed}/{name}", self.clock) for name in (EU_STRIPE, US_STRIPE)
        }
        self.authority = Authority()
        self.lock = threading.RLock()
        self.deliveries: list[Delivery] = []
        self.expected: list[Expected] = []
        # (system, payout's id, amount, currency, day on which the bank shows it)
        self.arrivals: list[tuple[str, str, Decimal, str, int]] = []
        self.on_the_way: set[str] = set()
        self._told = dict.fromkeys(SYSTEMS, 0)
        self._minutes = 0

    # -- time --------------------------------------------------------------------------------------------------

    @property
    def day(self) -> int:
        """Return today's number."""
        return (self.clock.now.date() - self.month).days + 1

    def morning_of(self, day: int) -> None:
        """Go on to the morning of a day."""
        wanted = datetime.combine(self.month, time(HOUR), timezone.utc) + timedelta(days=day - 1)
        self._minutes = 0
        if wanted > self.clock.now:
            self.clock.move_to(wanted)

    # -- what happens --------------------------------------------------------------------------------------------

    def happens(self, action: Callable[[], Any], **how: Any) -> Any:
        """Let something happen and note what it makes outside systems tell; ``how``: facts of the deliveries."""
        self.clock.advance(seconds=20)
        with self.lock:
            result = action()
            for system, events in self._new_events():
                for event in events:
                    self.deliveries.append(Delivery(system, event, self.day, **how))
        return result

    def _new_events(self):
        found = []
        for system, told, convert in (
            (SHOP, self.shop.events, lambda event: event),
            (PAYPAL, self.paypal.events, paypal_event),
            *((name, account.events, stripe_event) for name, account in self.stripes.items()),
        ):
            new = list(told)[self._told[system] :]
            self._told[system] += len(new)
            found.append((system, [convert(each) for each in new]))
        return found

    def tells(self, event_type: str, document: dict, **how: Any) -> Event:
        """Let the partner tell a document."""
        self.clock.advance(seconds=20)
        event = documents.as_event(self.seed, event_type, document)
        self.deliveries.append(Delivery(PARTNER, event, self.day, **how))
        return event

    def adds(self, system: str, event: Event, **how: Any) -> Delivery:
        """Add a delivery that no outside system would make by itself."""
        made = Delivery(system, event, self.day, **how)
        self.deliveries.append(made)
        return made

    def expects(self, accident: str, system: str, code: str, thing: str = "") -> None:
        """Note what an accident must come to."""
        self.expected.append(Expected(accident, system, code, thing))

    # -- the addresses at which the hub asks -------------------------------------------------------------------------

    def servers(self, tokens: dict[str, str]) -> dict[str, LocalServer]:
        """Return the servers of the systems that answer, ready to be run; ``tokens`` are let in."""
        shop = ShopifyApi(self.shop, tokens[SHOP], any_address=True)
        paypal = PayPalApi(self.paypal, tokens[PAYPAL], self.authority)
        answering = {
            SHOP: lambda ask: shop.handle(ask.method, ask.path, ask.headers, ask.body),
            PAYPAL: lambda ask: paypal.handle(ask.method, ask.path, ask.query, ask.headers),
        }
        for name, account in self.stripes.items():
            api = StripeApi(account, tokens[name])
            answering[name] = lambda ask, api=api: api.handle(
                ask.method, ask.path, ask.query, ask.headers, ask.body
            )
        return {name: LocalServer(self._locked(answer)) for name, answer in answering.items()}

    def _locked(self, answer: Callable[[Request], Any]) -> Callable[[Request], Reply]:
        def reply(ask: Request) -> Reply:
            with self.lock:
                return Reply(*answer(ask))

        return reply
